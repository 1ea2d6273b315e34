#include "trace/change_kinds.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "trace/word_lists.h"

namespace stemma {
namespace {

constexpr auto kOrder = std::to_array<std::string_view>(
    {"number", "date", "negation", "name", "attribution", "quote", "hedge",
     "polarity", "del_sentence", "ins_sentence", "loaded", "other", "move",
     "style"});

// The tokens that are on one side only.
std::vector<const Token*> Without(const TokenRange& range,
                                  const TokenRange& other) {
  std::vector<const Token*> rest;
  for (const std::uint32_t at : range.tokens) {
    const Token& token = range.text->tokens[at];
    const bool shared = std::ranges::any_of(other.tokens, [&](std::uint32_t k) {
      return other.text->tokens[k].hash == token.hash;
    });
    if (!shared) rest.push_back(&token);
  }
  return rest;
}

bool IsName(const Token& token) {
  return token.capital && !token.opens_sentence &&
         !Words().known.contains(token.hash);
}

// "unsafe" for "safe": one word is the other behind a prefix that turns it.
bool TurnsAround(std::string_view a, std::string_view b) {
  if (a.size() < b.size()) std::swap(a, b);
  if (b.size() < 3 || !a.ends_with(b)) return false;
  const std::string_view prefix = a.substr(0, a.size() - b.size());
  static constexpr std::array<std::string_view, 10> kPrefixes = {
      "un", "in", "im", "il", "ir", "dis", "non", "mis", "de", "не"};
  return std::ranges::find(kPrefixes, prefix) != kPrefixes.end();
}

struct Found {
  bool number = false, date = false, negation = false, name = false,
       attribution = false, quote = false, hedge = false, loaded = false,
       polarity = false;
};

void Look(const std::vector<const Token*>& tokens, Found& found) {
  const WordLists& lists = Words();
  for (const Token* token : tokens) {
    const std::uint64_t hash = token->hash;
    const bool digit = token->kind == TokenKind::kNumber;
    found.number |= digit || lists.numbers.contains(hash);
    // "may" and "march" are months only as capitalised words.
    found.date |= lists.dates.contains(hash) &&
                  (token->capital || !lists.hedge.contains(hash));
    found.negation |= lists.negation.contains(hash);
    found.name |= IsName(*token);
    found.attribution |= lists.attribution.contains(hash);
    found.hedge |= lists.hedge.contains(hash) &&
                   !(token->capital && lists.dates.contains(hash));
    found.loaded |= lists.loaded.contains(hash);
    found.quote |= token->quoted;
  }
}

bool Antonyms(const TokenRange& reference, const TokenRange& suspect,
              const std::vector<const Token*>& left,
              const std::vector<const Token*>& right) {
  for (const Token* a : left) {
    const auto at = Words().polarity.find(a->hash);
    for (const Token* b : right) {
      if (at != Words().polarity.end() &&
          std::ranges::find(at->second, b->hash) != at->second.end()) {
        return true;
      }
      if (TurnsAround(reference.text->FormOf(*a), suspect.text->FormOf(*b))) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

std::vector<std::string> KindsOf(const TokenRange& reference,
                                 const TokenRange& suspect) {
  const std::vector<const Token*> left = Without(reference, suspect);
  const std::vector<const Token*> right = Without(suspect, reference);
  Found found;
  Look(left, found);
  Look(right, found);
  if (left.size() <= 8 && right.size() <= 8) {
    found.polarity = Antonyms(reference, suspect, left, right);
  }
  std::vector<std::string> kinds;
  const auto add = [&](bool is, const char* kind) {
    if (is) kinds.emplace_back(kind);
  };
  add(found.number, "number");
  add(found.date, "date");
  add(found.negation, "negation");
  add(found.name, "name");
  add(found.attribution, "attribution");
  add(found.quote, "quote");
  add(found.hedge, "hedge");
  add(found.polarity, "polarity");
  add(found.loaded, "loaded");
  if (!kinds.empty()) return kinds;
  // Words given and taken without a partner change what is said; one wording
  // for another is style. What is neither is unknown, and unknown is not minor.
  if (left.empty() && right.empty()) return {"other"};
  const bool swap = !left.empty() && !right.empty();
  const bool small = left.size() <= 4 && right.size() <= 4;
  return {swap && small ? "style" : "other"};
}

Severity SeverityOf(const std::vector<std::string>& kinds) {
  const bool minor = std::ranges::all_of(
      kinds, [](const std::string& kind) { return kind == "style"; });
  return minor ? Severity::kMinor : Severity::kCritical;
}

int RankOf(std::string_view kind) {
  const auto at = std::ranges::find(kOrder, kind);
  return static_cast<int>(at - kOrder.begin());
}

}  // namespace stemma

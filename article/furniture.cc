#include "article/furniture.h"

#include <algorithm>
#include <string>
#include <vector>

#include "article/furniture_words.h"
#include "article/phrases.h"

namespace stemma {
namespace {

using enum Furniture;

constexpr std::size_t kLongestFurniture = 300;  // bytes
constexpr std::size_t kLongestNotice = 1500;

// Phrases, and which of them a text may hold.
class PhraseTable {
 public:
  explicit PhraseTable(const std::vector<FurniturePhrase>& phrases)
      : phrases_(phrases) {
    for (std::size_t i = 0; i < phrases.size(); ++i) {
      index_.Add(phrases[i].words, static_cast<std::uint16_t>(i));
    }
  }

  Furniture KindOf(const std::string& lower) const {
    for (const std::uint16_t number : index_.In(lower)) {
      const FurniturePhrase& phrase = phrases_[number];
      if (IsIn(phrase, lower)) return phrase.kind;
    }
    return kNone;
  }

 private:
  static bool IsIn(const FurniturePhrase& phrase, const std::string& lower) {
    switch (phrase.match) {
      case PhraseMatch::kWhole:
        return lower == phrase.words;
      case PhraseMatch::kStart:
        return lower.starts_with(phrase.words);
      case PhraseMatch::kAnywhere:
        return lower.find(phrase.words) != std::string::npos;
    }
    return false;
  }

  const std::vector<FurniturePhrase>& phrases_;
  PhraseIndex index_;
};

}  // namespace

std::string_view NameOf(Furniture furniture) {
  switch (furniture) {
    case kNone:
      return "none";
    case kShare:
      return "share";
    case kRelated:
      return "related";
    case kNewsletter:
      return "newsletter";
    case kComments:
      return "comments";
    case kCookies:
      return "cookies";
    case kAdvert:
      return "advert";
    case kRights:
      return "rights";
    case kCredit:
      return "credit";
    case kAppeal:
      return "appeal";
    case kLoading:
      return "loading";
    case kNotice:
      return "notice";
  }
  return "none";
}

Furniture FurnitureOf(std::string_view text) {
  if (text.size() > kLongestNotice) return kNone;
  static const PhraseTable phrases(WordsOfFurniture().phrases);
  static const PhraseTable notices(WordsOfFurniture().notices);
  const std::string lower = LowerForPhrases(text);
  if (text.size() <= kLongestFurniture) {
    const Furniture kind = phrases.KindOf(lower);
    if (kind != kNone) return kind;
  }
  return notices.KindOf(lower);
}

bool NamesPictureOwner(std::string_view text) {
  if (text.size() > 600) return false;
  const std::string lower = LowerForPhrases(text);
  const FurnitureWords& words = WordsOfFurniture();
  for (const std::string& start : words.owner_starts) {
    if (lower.starts_with(start)) return true;
  }
  // The credit is the end of the caption.
  constexpr std::size_t kEnd = 89;
  const std::string_view end = std::string_view(lower).substr(
      lower.size() > kEnd ? lower.size() - kEnd : 0);
  return std::ranges::any_of(words.owner_ends, [end](const std::string& mark) {
    return end.find(mark) != std::string_view::npos;
  });
}

bool OpensComments(std::string_view text) {
  if (text.size() > 160) return false;
  std::string words;
  for (const char c : LowerForPhrases(text)) {
    const bool drop = (c >= '0' && c <= '9') || c == '(' || c == ')' ||
                      c == '[' || c == ']' || c == ':' || c == '.' ||
                      c == ',' || c == '#' || c == '!';
    if (drop) continue;
    if (c == ' ' && (words.empty() || words.back() == ' ')) continue;
    words += c;
  }
  while (!words.empty() && words.back() == ' ') words.pop_back();
  const FurnitureWords& known = WordsOfFurniture();
  return std::ranges::find(known.comment_headings, words) !=
             known.comment_headings.end() ||
         std::ranges::any_of(known.comment_starts,
                             [&words](const std::string& start) {
                               return words.starts_with(start);
                             });
}

}  // namespace stemma

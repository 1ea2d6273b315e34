#include "article/furniture_words.h"

#include <toml++/toml.h>

#include <string_view>
#include <utility>

namespace stemma {
namespace {

constexpr std::string_view kTable =
#include "furniture_words.inc"
    ;

std::vector<std::string> ListOf(const toml::node_view<const toml::node>& node) {
  std::vector<std::string> words;
  const toml::array* list = node.as_array();
  if (list == nullptr) return words;
  for (const toml::node& word : *list) words.push_back(word.value_or(""));
  return words;
}

void AddPhrases(const toml::table& table, Furniture kind,
                std::vector<FurniturePhrase>& phrases) {
  static constexpr std::pair<const char*, PhraseMatch> kKeys[] = {
      {"whole", PhraseMatch::kWhole},
      {"start", PhraseMatch::kStart},
      {"anywhere", PhraseMatch::kAnywhere}};
  const auto of_kind = table[NameOf(kind)];
  for (const auto& [key, match] : kKeys) {
    for (std::string& words : ListOf(of_kind[key])) {
      phrases.push_back({kind, match, std::move(words)});
    }
  }
}

FurnitureWords Read() {
  using enum Furniture;
  const toml::table table = toml::parse(kTable);
  FurnitureWords words;
  for (const Furniture kind :
       {kShare, kRelated, kNewsletter, kComments, kCookies, kAdvert, kRights,
        kCredit, kAppeal, kLoading}) {
    AddPhrases(table, kind, words.phrases);
  }
  AddPhrases(table, kNotice, words.notices);
  words.owner_starts = ListOf(table["picture-owner"]["start"]);
  words.owner_ends = ListOf(table["picture-owner"]["end"]);
  words.comment_headings = ListOf(table["comments-heading"]["whole"]);
  words.comment_starts = ListOf(table["comments-heading"]["start"]);
  return words;
}

}  // namespace

const FurnitureWords& WordsOfFurniture() {
  // The table is ours and tested; a broken one leaves the words empty.
  static const FurnitureWords words = [] {
    try {
      return Read();
    } catch (const toml::parse_error&) {
      return FurnitureWords();
    }
  }();
  return words;
}

}  // namespace stemma

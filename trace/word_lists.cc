#include "trace/word_lists.h"

#include <toml++/toml.h>

#include <string_view>
#include <utility>

#include "trace/normal_form.h"

namespace stemma {
namespace {

struct ListText {
  std::string_view language, toml;
};

constexpr ListText kLists[] = {
#include "word_list_data.inc"
};

// A list's word in compare form; several tokens are not a word.
std::uint64_t HashOf(std::string_view word) {
  std::vector<std::uint64_t> hashes;
  TokenHashes(word, hashes);
  return hashes.size() == 1 ? hashes[0] : 0;
}

void ReadSet(const toml::table& table, std::string_view key,
             WordLists::Set& set, WordLists::Set& known) {
  const toml::array* words = table[key].as_array();
  if (!words) return;
  for (const toml::node& word : *words) {
    const std::uint64_t hash = HashOf(word.value_or(std::string_view()));
    if (hash == 0) continue;
    set.insert(hash);
    known.insert(hash);
  }
}

void ReadPairs(const toml::table& table, WordLists& lists) {
  const toml::array* pairs = table["polarity"].as_array();
  if (!pairs) return;
  for (const toml::node& node : *pairs) {
    const toml::array* pair = node.as_array();
    if (!pair || pair->size() != 2) continue;
    const std::uint64_t a = HashOf((*pair)[0].value_or(std::string_view()));
    const std::uint64_t b = HashOf((*pair)[1].value_or(std::string_view()));
    if (a == 0 || b == 0) continue;
    lists.polarity[a].push_back(b);
    lists.polarity[b].push_back(a);
    lists.known.insert(a);
    lists.known.insert(b);
  }
}

WordLists Read() {
  WordLists lists;
  for (const ListText& text : kLists) {
    const toml::table table = toml::parse(text.toml);
    const std::pair<std::string_view, WordLists::Set*> sets[] = {
        {"negation", &lists.negation},
        {"hedge", &lists.hedge},
        {"attribution", &lists.attribution},
        {"loaded", &lists.loaded},
        {"numbers", &lists.numbers},
        {"dates", &lists.dates},
        {"function", &lists.function},
        {"lookalikes", &lists.lookalikes},
        {"furniture", &lists.furniture},
        {"abbreviations", &lists.abbreviations},
    };
    for (const auto& [key, set] : sets) {
      ReadSet(table, key, *set, lists.known);
    }
    ReadPairs(table, lists);
  }
  return lists;
}

}  // namespace

const WordLists& Words() {
  // The lists are compiled in and parsed in a test: they cannot fail here.
  static const WordLists lists = Read();
  return lists;
}

}  // namespace stemma

// The word lists of configs/words, by compare form: what kind of word a word
// is. Lists of all languages are one; a word in two languages may be named
// wrongly, but never overlooked.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace stemma {

struct WordLists {
  using Set = std::unordered_set<std::uint64_t>;  // of Token::hash
  Set negation, hedge, attribution, loaded, numbers, dates, function,
      abbreviations, furniture;
  // Words in use that a letter parts from one above: "ever" is no misread
  // "never", "ohne" no misread "ihnen".
  Set lookalikes;
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> polarity;
  // Every word of every list: a word we know is no garbled letter.
  Set known;
};

const WordLists& Words();

}  // namespace stemma

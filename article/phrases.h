// Texts folded for looking up phrases.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stemma {

// Lower case by simple mapping, every apostrophe "'", line feeds as blanks.
std::string LowerForPhrases(std::string_view text);

// The site an address belongs to, for telling "another site" from this one: the
// host without "www.", cut to its last two labels, or three when the second to
// last is a registry's ("example.co.uk"). "" for no http(s) address.
std::string SiteOf(std::string_view url);

// Which of many phrases a text holds anywhere, in one pass over the text: an
// answer to narrow down what a rule then looks at closely.
class PhraseIndex {
 public:
  // `words` in lower case; they outlive the index.
  void Add(std::string_view words, std::uint16_t number);

  // The numbers of the phrases in `lower`, ascending, each once; those of
  // phrases of one byte always.
  std::vector<std::uint16_t> In(std::string_view lower) const;

 private:
  std::vector<std::uint16_t> of_key_ = std::vector<std::uint16_t>(1 << 16);
  // By the first two bytes of the words; the first is of those that none has.
  std::vector<std::vector<std::pair<std::string_view, std::uint16_t>>> buckets_{
      1};
  std::vector<std::uint16_t> always_;
};

}  // namespace stemma

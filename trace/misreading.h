// Text that was read badly: scans, photographs of pages, retyped copies. Where
// an eighth and more of the words are no words, word-by-word comparison finds
// little that two texts share; first each unknown word is read as the word it
// was probably misread from.
//
// Never a word with a digit, and never a known one: a changed figure, a "not"
// and a name that is known stay what they are.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "trace/compare.h"
#include "trace/compared_side.h"
#include "trace/normal_form.h"

namespace stemma {

class SiteModels;

// From this share of unknown words a text is heavily misread. Of 1,500 texts
// of DEV one in a hundred has 0.08; with one letter in fifty misread 0.10, with
// one in twenty 0.22.
inline constexpr double kHeavilyMisread = 0.12;

// The words of `text` as the index should see them: TokenHashes, and in a
// heavily misread text each unknown word replaced by the commonest word of the
// archive that differs from it by one letter or one confusion of optical
// character recognition. Linear in the text; bounded for each word and text.
std::vector<std::uint64_t> WordsToIndex(std::string_view text,
                                        const SiteModels& sites);
// The same for some tokens of a text, whose hashes are in `words`.
void ReadThroughNoise(const NormalText& text,
                      std::span<const std::uint32_t> tokens,
                      const SiteModels& sites, std::span<std::uint64_t> words);

// Tells words in use from what misreading makes of them.
class KnownWords {
 public:
  // All three outlive it.
  KnownWords(const SiteModels* sites, const ComparedSide& a,
             const ComparedSide& b)
      : sites_(sites), a_(a), b_(b) {}

  // Common in the archive or on a word list; without an archive, made of
  // letters as other words of the two texts are.
  bool Knows(const ComparedSide& side, std::uint32_t i) const;

 private:
  bool LooksForeign(std::string_view form) const;
  void LearnTrigrams() const;

  const SiteModels* sites_;
  const ComparedSide& a_;
  const ComparedSide& b_;
  mutable std::unordered_map<std::uint32_t, std::uint32_t> trigrams_;
};

// Where `side` is heavily misread, gives its unknown words the hash of the word
// of `other` that they were probably misread from, and marks them `read_as`.
void ReadThroughNoise(const KnownWords& known, const ComparedSide& other,
                      ComparedSide& side);

}  // namespace stemma

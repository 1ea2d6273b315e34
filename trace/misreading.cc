#include "trace/misreading.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <numeric>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/ascii.h"
#include "core/utf8.h"
#include "trace/garble.h"
#include "trace/normal_form.h"
#include "trace/site_model.h"
#include "trace/word_lists.h"

namespace stemma {
namespace {

// A site model of fewer publications knows too few words.
constexpr std::uint32_t kVocabularyPublications = 500;
// A word on no more publications is one that nobody uses.
constexpr std::uint32_t kRare = 2;
constexpr std::size_t kLeastLetters = 4;  // shorter words become one another
constexpr std::size_t kMostLetters = 24;
constexpr std::size_t kMostCorrections = 4'000;  // in one text

bool HoldsDigit(std::string_view form) {
  return std::ranges::any_of(form, IsDigit);
}

// ---- for the index: against the archive's vocabulary ----

// The letters that may stand in a word of this script: small ones, as compare
// forms have them. Empty for scripts whose words are not misread letter by
// letter, or whose letters have too many forms.
std::u32string_view AlphabetOf(char32_t letter) {
  static constexpr std::u32string_view kLatin = U"abcdefghijklmnopqrstuvwxyz";
  static constexpr std::u32string_view kCyrillic =
      U"абвгдежзийклмнопрстуфхцчшщъыьэюя";
  static constexpr std::u32string_view kGreek = U"αβγδεζηθικλμνξοπρστυφχψως";
  for (const std::u32string_view alphabet : {kLatin, kCyrillic, kGreek}) {
    if (alphabet.contains(letter)) return alphabet;
  }
  return {};
}

class Corrector {
 public:
  explicit Corrector(const SiteModels& sites) : sites_(sites) {}

  // The commonest word one misreading away, or `hash` itself.
  std::uint64_t Meant(std::string_view form, std::uint64_t hash) {
    std::u32string letters;
    for (std::size_t at = 0; at < form.size();) {
      letters.push_back(NextCodePoint(form, &at));
    }
    best_ = hash;
    most_ = kRare * 2;
    if (letters.size() < kLeastLetters || letters.size() > kMostLetters) {
      return hash;
    }
    ForLookAlikes(form, [&](std::string_view other) { Consider(other); });
    TryEdits(letters);
    return best_;
  }

 private:
  void Consider(std::string_view form) {
    const std::uint64_t hash = HashOfForm(form);
    const std::uint32_t seen = sites_.PublicationsWith(hash);
    if (seen <= most_) return;
    most_ = seen;
    best_ = hash;
  }
  void Consider(const std::u32string& letters) {
    form_.clear();
    for (const char32_t letter : letters) AppendUtf8(letter, &form_);
    Consider(std::string_view(form_));
  }

  // One letter too many, two swapped, one replaced, one missing.
  void TryEdits(std::u32string& word) {
    const std::size_t size = word.size();
    for (std::size_t i = 0; i < size; ++i) {
      const char32_t here = word[i];
      word.erase(i, 1);
      Consider(word);
      word.insert(i, 1, here);
      if (i + 1 < size && word[i] != word[i + 1]) {
        std::swap(word[i], word[i + 1]);
        Consider(word);
        std::swap(word[i], word[i + 1]);
      }
    }
    std::u32string_view alphabet;
    for (std::size_t i = 0; alphabet.empty() && i < size; ++i) {
      alphabet = AlphabetOf(word[i]);
    }
    for (std::size_t i = 0; i <= size; ++i) {
      word.insert(i, 1, U' ');
      for (const char32_t letter : alphabet) {
        word[i] = letter;
        Consider(word);
      }
      word.erase(i, 1);
      if (i == size) break;
      const char32_t here = word[i];
      for (const char32_t letter : alphabet) {
        word[i] = letter;
        Consider(word);
      }
      word[i] = here;
    }
  }

  const SiteModels& sites_;
  std::string form_;
  std::uint64_t best_ = 0;
  std::uint32_t most_ = 0;
};

bool IsRare(std::uint64_t word, const SiteModels& sites) {
  return sites.PublicationsWith(word) <= kRare && !Words().known.contains(word);
}

bool IsHeavilyMisread(std::span<const std::uint64_t> words,
                      const SiteModels& sites) {
  if (sites.publications() < kVocabularyPublications) return false;
  const auto rare = std::ranges::count_if(
      words, [&](std::uint64_t word) { return IsRare(word, sites); });
  return static_cast<double>(rare) >
         kHeavilyMisread * static_cast<double>(words.size());
}

// ---- for a comparison: against the other text ----

// Levenshtein's distance, or `limit` + 1 when it is more.
std::size_t Distance(std::string_view a, std::string_view b,
                     std::size_t limit) {
  std::array<std::size_t, kMostLetters * 4 + 1> row{};
  if (b.size() >= row.size()) return limit + 1;
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    std::size_t least = row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;
  }
  return row[b.size()];
}

// Which letters a word holds: two words that hold many different ones are not
// one word.
std::uint32_t LettersOf(std::string_view form) {
  std::uint32_t letters = 0;
  for (const char c : form) {
    letters |= 1u << (static_cast<unsigned char>(c) & 31u);
  }
  return letters;
}

// The different words of a text that a misread one may have been.
class Meanings {
 public:
  explicit Meanings(const ComparedSide& side) {
    std::unordered_set<std::uint64_t> seen;
    for (std::uint32_t i = 0; i < side.size(); ++i) {
      const std::string_view form = side.text->FormOf(side.At(i));
      if (!seen.insert(side.word[i]).second || form.size() < 3 ||
          form.size() > kMostLetters * 4 || HoldsDigit(form)) {
        continue;
      }
      words_.push_back({form, side.word[i], LettersOf(form)});
    }
  }

  // The nearest word, or `hash` where none is near.
  std::uint64_t Nearest(std::string_view form, std::uint64_t hash) const {
    const std::uint32_t letters = LettersOf(form);
    const std::size_t limit = std::max<std::size_t>(1, form.size() / 4);
    std::size_t nearest = limit + 2;
    for (const Word& word : words_) {
      const auto sizes = static_cast<std::ptrdiff_t>(word.form.size()) -
                         static_cast<std::ptrdiff_t>(form.size());
      if (std::abs(sizes) > 2 || std::popcount(word.letters ^ letters) >
                                     static_cast<int>(2 * limit + 2)) {
        continue;
      }
      std::size_t distance = Distance(form, word.form, limit);
      if (distance > 1 && GarbleOf(form, word.form) != Garble::kNone) {
        distance = 1;
      }
      if (distance > limit || distance >= nearest) continue;
      nearest = distance;
      hash = word.hash;
    }
    return hash;
  }

 private:
  struct Word {
    std::string_view form;
    std::uint64_t hash = 0;
    std::uint32_t letters = 0;
  };
  std::vector<Word> words_;
};

template <class F>
void ForTrigrams(std::string_view form, const F& f) {
  std::uint32_t trigram = ' ';
  for (std::size_t i = 0; i <= form.size(); ++i) {
    const auto byte =
        static_cast<unsigned char>(i < form.size() ? form[i] : ' ');
    trigram = (trigram << 8 | byte) & 0xFFFFFFu;
    if (i > 0) f(trigram);
  }
}

}  // namespace

void ReadThroughNoise(const NormalText& text,
                      std::span<const std::uint32_t> tokens,
                      const SiteModels& sites, std::span<std::uint64_t> words) {
  if (!IsHeavilyMisread(words, sites)) return;
  Corrector corrector(sites);
  std::size_t left = kMostCorrections;
  for (std::size_t i = 0; i < words.size() && left > 0; ++i) {
    const std::string_view form = text.FormOf(text.tokens[tokens[i]]);
    if (HoldsDigit(form) || !IsRare(words[i], sites)) continue;
    words[i] = corrector.Meant(form, words[i]);
    --left;
  }
}

std::vector<std::uint64_t> WordsToIndex(std::string_view text,
                                        const SiteModels& sites) {
  std::vector<std::uint64_t> words;
  words.reserve(text.size() / 5);
  TokenHashes(text, words);
  if (!IsHeavilyMisread(words, sites)) return words;
  std::vector<std::uint32_t> tokens(words.size());
  std::iota(tokens.begin(), tokens.end(), 0u);
  ReadThroughNoise(Normalise(text), tokens, sites, words);
  return words;
}

bool KnownWords::Knows(const ComparedSide& side, std::uint32_t i) const {
  const std::uint64_t hash = side.text->tokens[side.token[i]].hash;
  if (Words().known.contains(hash)) return true;
  if (sites_ && sites_->publications() >= kVocabularyPublications) {
    const double common = std::max(8.0, sites_->publications() / 400.0);
    return sites_->PublicationsWith(hash) >= common;
  }
  return !LooksForeign(side.text->FormOf(side.At(i)));
}

// Holds three letters in a row that no other word of either text holds.
bool KnownWords::LooksForeign(std::string_view form) const {
  if (trigrams_.empty()) LearnTrigrams();
  bool foreign = false;
  ForTrigrams(form, [&](std::uint32_t trigram) {
    const auto at = trigrams_.find(trigram);
    foreign = foreign || at == trigrams_.end() || at->second < 2;
  });
  return foreign;
}

void KnownWords::LearnTrigrams() const {
  std::unordered_set<std::uint64_t> seen;
  for (const ComparedSide* side : {&a_, &b_}) {
    for (std::uint32_t i = 0; i < side->size(); ++i) {
      if (!seen.insert(side->word[i]).second) continue;
      ForTrigrams(side->text->FormOf(side->At(i)),
                  [&](std::uint32_t trigram) { ++trigrams_[trigram]; });
    }
  }
  trigrams_[0] = 1;
}

void ReadThroughNoise(const KnownWords& known, const ComparedSide& other,
                      ComparedSide& side) {
  const std::unordered_set<std::uint64_t> theirs(other.word.begin(),
                                                 other.word.end());
  std::vector<std::uint32_t> unknown;
  for (std::uint32_t i = 0; i < side.size(); ++i) {
    if (!theirs.contains(side.word[i]) && !known.Knows(side, i)) {
      unknown.push_back(i);
    }
  }
  if (static_cast<double>(unknown.size()) < kHeavilyMisread * side.size()) {
    return;
  }
  const Meanings meanings(other);
  std::unordered_map<std::uint64_t, std::uint64_t> meant;
  for (const std::uint32_t i : unknown) {
    const std::string_view form = side.text->FormOf(side.At(i));
    if (form.size() < 2 || form.size() > kMostLetters * 4 ||
        side.At(i).kind == TokenKind::kNumber || HoldsDigit(form) ||
        meant.size() >= kMostCorrections) {
      continue;
    }
    const std::uint64_t hash = side.word[i];
    const auto [at, added] = meant.emplace(hash, hash);
    if (added) at->second = meanings.Nearest(form, hash);
    side.word[i] = at->second;
    side.read_as[i] = at->second != hash;
  }
}

}  // namespace stemma

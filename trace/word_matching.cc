#include "trace/word_matching.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "trace/garble.h"
#include "trace/misreading.h"

namespace stemma {
namespace {

constexpr std::uint32_t kNone = ComparedSide::kNone;

class WordMatcher {
 public:
  WordMatcher(const CompareOptions& options, ComparedSide& a, ComparedSide& b)
      : options_(options), a_(a), b_(b), known_(options.sites, a, b) {}

  MatchCounts Run() {
    ReadThroughNoise(known_, a_, b_);
    ReadThroughNoise(known_, b_, a_);
    AlignWords();
    DropWeakBlocks();
    FindShortMoves();
    FinishMovedBlocks();
    SlideGaps();
    CountJoins();
    CountReadAs();
    ForgiveGarbles();
    return counts_;
  }

 private:
  void AlignWords() {
    Alignment alignment = Align(a_.word, b_.word);
    a_.partner = std::move(alignment.to_suspect);
    b_.partner = std::move(alignment.to_reference);
    a_.moved = std::move(alignment.moved_reference);
    b_.moved = std::move(alignment.moved_suspect);
  }

  void Unmatch(std::uint32_t i) {
    const std::uint32_t j = a_.partner[i];
    a_.partner[i] = kNone;
    b_.partner[j] = kNone;
    a_.moved[i] = b_.moved[j] = false;
  }
  void Match(std::uint32_t i, std::uint32_t j, bool moved) {
    a_.partner[i] = j;
    b_.partner[j] = i;
    a_.moved[i] = b_.moved[j] = moved;
  }

  // Unlike paragraphs that share a few words are not two versions of one: where
  // two blocks share little, only runs long enough to speak for themselves
  // stay matched, and none where there is no long one.
  void DropWeakBlocks() {
    const std::vector<std::uint32_t> size_a = BlockSizes(a_);
    const std::vector<std::uint32_t> size_b = BlockSizes(b_);
    struct Shared {
      std::uint32_t words = 0, longest = 0;
    };
    std::unordered_map<std::uint64_t, Shared> shared;
    const std::vector<MatchedRun> runs = RunsOf(a_, b_);
    for (const MatchedRun& run : runs) {
      Shared& here = shared[BlockPairOf(run, a_, b_)];
      here.words += run.size;
      here.longest = std::max(here.longest, run.size);
    }
    for (const MatchedRun& run : runs) {
      const Shared& here = shared[BlockPairOf(run, a_, b_)];
      const std::uint32_t smaller = std::min(
          size_a[a_.block[run.i]], size_b[b_.block[a_.partner[run.i]]]);
      if (here.words >= options_.pair_share * smaller) continue;
      if (here.longest >= kStrongRun && run.size >= kSpeakingRun) continue;
      for (std::uint32_t k = 0; k < run.size; ++k) Unmatch(run.i + k);
    }
  }

  // A block too short for an anchor that stands elsewhere on the other side.
  void FindShortMoves() {
    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> free;
    ForFreeBlocks(a_, [&](std::uint32_t i, std::uint32_t, std::uint64_t hash) {
      free[hash].push_back(i);
    });
    ForFreeBlocks(
        b_, [&](std::uint32_t j, std::uint32_t end, std::uint64_t hash) {
          const auto at = free.find(hash);
          if (at == free.end() || at->second.empty()) return;
          const std::uint32_t i = at->second.back();
          at->second.pop_back();
          for (std::uint32_t k = 0; j + k < end; ++k) {
            if (i + k >= a_.size() || a_.word[i + k] != b_.word[j + k]) return;
          }
          for (std::uint32_t k = 0; j + k < end; ++k) Match(i + k, j + k, true);
        });
  }
  // Calls f(first, end, hash) for each block of which no word is matched.
  template <class F>
  static void ForFreeBlocks(const ComparedSide& side, const F& f) {
    for (std::uint32_t i = 0; i < side.size();) {
      std::uint32_t end = i;
      std::uint64_t hash = 1;
      bool free = true;
      while (end < side.size() && side.block[end] == side.block[i]) {
        free = free && !side.Matched(end);
        hash = (hash ^ side.word[end]) * 0x9FB21C651E98DF25u;
        hash ^= hash >> 31;
        ++end;
      }
      if (free) f(i, end, hash ^ (end - i));
      i = end;
    }
  }

  // Words of a moved block that had no anchor of their own: those between and
  // around the moved runs, as far as the two blocks go.
  void FinishMovedBlocks() {
    for (std::uint32_t i = 0; i < a_.size(); ++i) {
      if (!a_.Matched(i) || !a_.moved[i]) continue;
      FinishAfter(i);
      FinishBefore(i);
    }
  }
  void FinishAfter(std::uint32_t i) {
    const std::uint32_t j = a_.partner[i];
    const std::uint32_t i1 = FreeUntil(a_, i + 1, a_.block[i]);
    const std::uint32_t j1 = FreeUntil(b_, j + 1, b_.block[j]);
    AlignInMove({i + 1, i1, j + 1, j1});
  }
  void FinishBefore(std::uint32_t i) {
    const std::uint32_t j = a_.partner[i];
    std::uint32_t i0 = i;
    std::uint32_t j0 = j;
    while (i0 > 0 && !a_.Matched(i0 - 1) && a_.block[i0 - 1] == a_.block[i]) {
      --i0;
    }
    while (j0 > 0 && !b_.Matched(j0 - 1) && b_.block[j0 - 1] == b_.block[j]) {
      --j0;
    }
    AlignInMove({i0, i, j0, j});
  }
  static std::uint32_t FreeUntil(const ComparedSide& side, std::uint32_t from,
                                 std::uint32_t block) {
    while (from < side.size() && !side.Matched(from) &&
           side.block[from] == block) {
      ++from;
    }
    return from;
  }
  void AlignInMove(const WordGap& gap) {
    if (gap.a0 >= gap.a1 || gap.b0 >= gap.b1) return;
    const Alignment inner =
        Align(Hashes(gap.a0, gap.a1, a_), Hashes(gap.b0, gap.b1, b_));
    for (std::uint32_t k = 0; k < inner.to_suspect.size(); ++k) {
      if (inner.to_suspect[k] != kNone) {
        Match(gap.a0 + k, gap.b0 + inner.to_suspect[k], true);
      }
    }
  }

  // Where one side runs two blocks of the other into one.
  void CountJoins() {
    for (std::uint32_t i = 0; i + 1 < a_.size(); ++i) {
      if (!a_.Matched(i) || a_.partner[i + 1] != a_.partner[i] + 1) continue;
      const std::uint32_t j = a_.partner[i];
      const bool parts_a = a_.block[i] != a_.block[i + 1];
      const bool parts_b = b_.block[j] != b_.block[j + 1];
      counts_.joins_a += parts_b && !parts_a;
      counts_.joins_b += parts_a && !parts_b;
    }
  }

  // A deleted "B. A" in "A. B. A. C" may be any of two windows; the one that
  // begins with a sentence is what happened.
  void SlideGaps() {
    Slide(a_, b_);
    Slide(b_, a_);
  }
  void Slide(ComparedSide& long_side, ComparedSide& other) {
    for (std::uint32_t i0 = 0; i0 < long_side.size();) {
      if (long_side.Matched(i0)) {
        ++i0;
        continue;
      }
      std::uint32_t i1 = i0;
      while (i1 < long_side.size() && !long_side.Matched(i1)) ++i1;
      SlideOne(long_side, other, i0, i1);
      i0 = i1;
    }
  }
  void SlideOne(ComparedSide& side, ComparedSide& other, std::uint32_t i0,
                std::uint32_t i1) {
    // Only where the other side has nothing in between.
    if (i0 > 0 && i1 < side.size() &&
        side.partner[i1] != side.partner[i0 - 1] + 1) {
      return;
    }
    const auto fits = [&](std::uint32_t from, std::uint32_t to) {
      return (side.OpensBlock(from) && side.OpensBlock(to) ? 3 : 0) +
             (side.Opens(from) ? 2 : 0) + (side.Opens(to) ? 1 : 0);
    };
    int best = fits(i0, i1);
    int shift = 0;
    for (std::uint32_t k = 1; k <= i0 && i1 < side.size() + 1; ++k) {
      if (!side.Matched(i0 - k) || side.word[i0 - k] != side.word[i1 - k] ||
          k > kMaxSlide) {
        break;
      }
      if (fits(i0 - k, i1 - k) > best) {
        best = fits(i0 - k, i1 - k);
        shift = -static_cast<int>(k);
      }
    }
    for (std::uint32_t k = 1; i1 + k <= side.size() && k <= kMaxSlide; ++k) {
      if (!side.Matched(i1 + k - 1) ||
          side.word[i1 + k - 1] != side.word[i0 + k - 1]) {
        break;
      }
      if (fits(i0 + k, i1 + k) > best) {
        best = fits(i0 + k, i1 + k);
        shift = static_cast<int>(k);
      }
    }
    for (; shift < 0; ++shift) Rematch(side, other, --i0, --i1);
    for (; shift > 0; --shift) Rematch(side, other, i1++, i0++);
  }
  // The partner of `from` becomes the partner of the equal word at `to`.
  static void Rematch(ComparedSide& side, ComparedSide& other,
                      std::uint32_t from, std::uint32_t to) {
    const std::uint32_t j = side.partner[from];
    side.partner[to] = j;
    side.moved[to] = side.moved[from];
    other.partner[j] = to;
    side.partner[from] = kNone;
    side.moved[from] = false;
  }

  // ---- letters misread ----

  static std::string Lower(std::string_view word) {
    std::string lower(word);
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return lower;
  }

  bool IsGarbled(std::uint32_t i, std::uint32_t j, bool mistyped) const {
    const Token& left = a_.At(i);
    const Token& right = b_.At(j);
    if (left.kind == TokenKind::kNumber || right.kind == TokenKind::kNumber) {
      return false;
    }
    Garble garble = GarbleOf(a_.text->FormOf(left), b_.text->FormOf(right));
    if (garble != Garble::kMisread) {
      // The spelling rules may have folded the sound word only.
      const Garble written =
          GarbleOf(Lower(a_.text->TextOf(left)), Lower(b_.text->TextOf(right)));
      if (written != Garble::kNone) garble = written;
    }
    if (garble == Garble::kNone || (garble == Garble::kMistyped && !mistyped)) {
      return false;
    }
    // A word in common use, on both sides of a change, is no misread letter.
    return !(known_.Knows(a_, i) && known_.Knows(b_, j));
  }

  // "co-operate" is "cooperate"; "dont" is "don't".
  bool SameLetters(const WordGap& gap) const {
    const auto letters = [](const ComparedSide& side, std::uint32_t from,
                            std::uint32_t to) {
      std::string all;
      for (std::uint32_t i = from; i < to; ++i) {
        for (const char c : side.text->FormOf(side.At(i))) {
          if (c != '\'') all.push_back(c);
        }
      }
      return all;
    };
    if (gap.a1 - gap.a0 > 6 || gap.b1 - gap.b0 > 6) return false;
    if (gap.a0 == gap.a1 || gap.b0 == gap.b1) return false;
    return letters(a_, gap.a0, gap.a1) == letters(b_, gap.b0, gap.b1);
  }

  void CountReadAs() {
    for (std::uint32_t i = 0; i < a_.size(); ++i) {
      if (!a_.Matched(i)) continue;
      counts_.misread += a_.read_as[i] || b_.read_as[a_.partner[i]];
    }
  }

  void ForgiveGarbles() {
    std::vector<WordGap> gaps;
    for (const WordGap& gap : GapsBetween(a_, b_)) {
      if (gap.a0 < gap.a1 && gap.b0 < gap.b1) gaps.push_back(gap);
    }
    for (const WordGap& gap : gaps) {
      if (SameLetters(gap)) {
        ++counts_.respelled;
        MatchAcross(gap);
      }
    }
    for (const bool mistyped : {false, true}) {
      // A lone typing error may be an edit; in a noisy text it is noise.
      if (mistyped && counts_.misread < kNoisyWords) break;
      for (const WordGap& gap : gaps) {
        if (gap.a1 - gap.a0 != gap.b1 - gap.b0) continue;
        for (std::uint32_t k = 0; k < gap.a1 - gap.a0; ++k) {
          if (a_.Matched(gap.a0 + k) || b_.Matched(gap.b0 + k)) continue;
          if (!IsGarbled(gap.a0 + k, gap.b0 + k, mistyped)) continue;
          ++counts_.misread;
          Match(gap.a0 + k, gap.b0 + k, InMove(gap));
        }
      }
    }
  }
  bool InMove(const WordGap& gap) const {
    return (gap.a0 > 0 && a_.moved[gap.a0 - 1]) ||
           (gap.a1 < a_.size() && a_.moved[gap.a1]);
  }
  // All words of a gap become partners, the surplus of the last one.
  void MatchAcross(const WordGap& gap) {
    const std::uint32_t pairs = std::min(gap.a1 - gap.a0, gap.b1 - gap.b0);
    for (std::uint32_t k = 0; k < pairs; ++k) {
      Match(gap.a0 + k, gap.b0 + k, InMove(gap));
    }
    for (std::uint32_t i = gap.a0 + pairs; i < gap.a1; ++i) {
      a_.partner[i] = gap.b1 - 1;
    }
    for (std::uint32_t j = gap.b0 + pairs; j < gap.b1; ++j) {
      b_.partner[j] = gap.a1 - 1;
    }
  }

  static constexpr std::uint32_t kStrongRun = 8;
  static constexpr std::uint32_t kSpeakingRun = 5;
  static constexpr std::uint32_t kMaxSlide = 200;
  static constexpr std::int64_t kNoisyWords = 3;

  const CompareOptions& options_;
  ComparedSide& a_;
  ComparedSide& b_;
  MatchCounts counts_;
  KnownWords known_;
};

}  // namespace

MatchCounts MatchWords(const CompareOptions& options, ComparedSide& a,
                       ComparedSide& b) {
  return WordMatcher(options, a, b).Run();
}

}  // namespace stemma

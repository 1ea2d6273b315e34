#include "trace/alignment.h"

#include <algorithm>
#include <array>
#include <compare>
#include <limits>

namespace stemma {
namespace {

using Words = std::span<const std::uint64_t>;

// A run of equal words: reference[i, i+size) == suspect[j, j+size).
struct Run {
  std::uint32_t i = 0, j = 0, size = 0;
};

// A rectangle still to be aligned, half open.
struct Gap {
  std::uint32_t i0 = 0, i1 = 0, j0 = 0, j1 = 0;
  bool empty() const { return i0 >= i1 || j0 >= j1; }
};

struct Place {
  std::uint64_t hash;
  std::uint32_t at;
  auto operator<=>(const Place&) const = default;
};

std::vector<Place> Shingles(Words words, std::uint32_t from, std::uint32_t to,
                            std::size_t length) {
  std::vector<Place> places;
  if (to - from < length) return places;
  places.reserve(to - from);
  for (std::uint32_t at = from; at + length <= to; ++at) {
    std::uint64_t hash = 0;
    for (std::size_t k = 0; k < length; ++k) {
      hash = (hash ^ words[at + k]) * 0x9FB21C651E98DF25u;
      hash ^= hash >> 29;
    }
    places.push_back({hash, at});
  }
  std::ranges::sort(places);
  return places;
}

// Runs through shingles that are unique on both sides, as long as they go.
std::vector<Run> UniqueRuns(Words a, Words b, const Gap& gap,
                            std::size_t length) {
  const std::vector<Place> left = Shingles(a, gap.i0, gap.i1, length);
  const std::vector<Place> right = Shingles(b, gap.j0, gap.j1, length);
  std::vector<Run> anchors;
  for (std::size_t p = 0, q = 0; p < left.size() && q < right.size();) {
    if (left[p].hash < right[q].hash) {
      ++p;
      continue;
    }
    if (right[q].hash < left[p].hash) {
      ++q;
      continue;
    }
    std::size_t p1 = p;
    std::size_t q1 = q;
    while (p1 < left.size() && left[p1].hash == left[p].hash) ++p1;
    while (q1 < right.size() && right[q1].hash == right[q].hash) ++q1;
    if (p1 - p == 1 && q1 - q == 1) {
      anchors.push_back({left[p].at, right[q].at, 0});
    }
    p = p1;
    q = q1;
  }
  std::ranges::sort(anchors, {}, [](const Run& run) {
    return std::pair(run.j - run.i, run.i);  // by diagonal
  });
  std::vector<Run> runs;
  for (const Run& anchor : anchors) {
    if (!runs.empty() && runs.back().j - runs.back().i == anchor.j - anchor.i &&
        anchor.i < runs.back().i + runs.back().size) {
      continue;
    }
    std::uint32_t i = anchor.i;
    std::uint32_t j = anchor.j;
    while (i > gap.i0 && j > gap.j0 && a[i - 1] == b[j - 1]) --i, --j;
    std::uint32_t size = 0;
    while (i + size < gap.i1 && j + size < gap.j1 && a[i + size] == b[j + size])
      ++size;
    if (size > 0) runs.push_back({i, j, size});
  }
  std::ranges::sort(runs, {}, &Run::i);
  return runs;
}

// The heaviest chain of runs that stand in the same order on both sides.
// `chosen` gets true for its members.
std::vector<Run> HeaviestChain(const std::vector<Run>& runs,
                               std::vector<bool>& chosen) {
  chosen.assign(runs.size(), false);
  if (runs.empty()) return {};
  // Order is by beginnings; where neighbours overlap, the later one is trimmed.
  // A Fenwick tree over the beginnings in the suspect answers "the heaviest
  // chain that begins its last run before j".
  std::vector<std::uint32_t> begins;
  for (const Run& run : runs) begins.push_back(run.j);
  std::ranges::sort(begins);
  begins.erase(std::unique(begins.begin(), begins.end()), begins.end());
  struct Best {
    std::uint64_t weight = 0;
    std::uint32_t run = Alignment::kNone;
  };
  std::vector<Best> tree(begins.size() + 1);
  std::vector<std::uint64_t> weight(runs.size());
  std::vector<std::uint32_t> before(runs.size(), Alignment::kNone);
  for (std::uint32_t k = 0; k < runs.size(); ++k) {
    const auto rank = static_cast<std::size_t>(
        std::ranges::lower_bound(begins, runs[k].j) - begins.begin());
    Best best;
    for (std::size_t t = rank; t > 0; t -= t & (~t + 1)) {
      if (tree[t].weight > best.weight) best = tree[t];
    }
    weight[k] = best.weight + runs[k].size;
    before[k] = best.run;
    for (std::size_t t = rank + 1; t < tree.size(); t += t & (~t + 1)) {
      if (tree[t].weight < weight[k]) tree[t] = {weight[k], k};
    }
  }
  std::uint32_t k = static_cast<std::uint32_t>(
      std::ranges::max_element(weight) - weight.begin());
  std::vector<Run> chain;
  for (; k != Alignment::kNone; k = before[k]) {
    chosen[k] = true;
    chain.push_back(runs[k]);
  }
  std::ranges::reverse(chain);
  return chain;
}

// Takes the words that two neighbours of a chain both claim from the later one.
void Trim(std::vector<Run>& chain) {
  std::uint32_t i = 0;
  std::uint32_t j = 0;
  std::vector<Run> trimmed;
  for (Run run : chain) {
    const std::uint32_t cut =
        std::max(i > run.i ? i - run.i : 0u, j > run.j ? j - run.j : 0u);
    if (cut >= run.size) continue;
    run = {run.i + cut, run.j + cut, run.size - cut};
    i = run.i + run.size;
    j = run.j + run.size;
    trimmed.push_back(run);
  }
  chain = std::move(trimmed);
}

class Aligner {
 public:
  Aligner(Words a, Words b, const AlignmentLimits& limits)
      : a_(a), b_(b), limits_(limits) {
    result_.to_suspect.assign(a.size(), Alignment::kNone);
    result_.to_reference.assign(b.size(), Alignment::kNone);
    result_.moved_reference.assign(a.size(), false);
    result_.moved_suspect.assign(b.size(), false);
  }

  Alignment Solve() {
    const Gap all{0, static_cast<std::uint32_t>(a_.size()), 0,
                  static_cast<std::uint32_t>(b_.size())};
    const std::vector<Run> runs = UniqueRuns(a_, b_, all, limits_.anchor_words);
    std::vector<bool> chosen;
    std::vector<Run> chain = HeaviestChain(runs, chosen);
    Trim(chain);
    FillGaps(all, chain, false);
    Moves(runs, chosen);
    return std::move(result_);
  }

 private:
  void Match(std::uint32_t i, std::uint32_t j, bool moved) {
    result_.to_suspect[i] = j;
    result_.to_reference[j] = i;
    if (moved) {
      result_.moved_reference[i] = true;
      result_.moved_suspect[j] = true;
    }
  }

  // Matches the chain's runs and what stands between them inside `gap`.
  void FillGaps(const Gap& gap, const std::vector<Run>& chain, bool inner) {
    std::uint32_t i = gap.i0;
    std::uint32_t j = gap.j0;
    for (const Run& run : chain) {
      Fill({i, run.i, j, run.j}, inner);
      for (std::uint32_t k = 0; k < run.size; ++k) {
        Match(run.i + k, run.j + k, false);
      }
      i = run.i + run.size;
      j = run.j + run.size;
    }
    Fill({i, gap.i1, j, gap.j1}, inner);
  }

  // One gap between two anchors: shorter anchors first, then word by word.
  void Fill(Gap gap, bool inner) {
    // Equal edges first: also what makes texts of one repeated word linear.
    while (!gap.empty() && a_[gap.i0] == b_[gap.j0]) {
      Match(gap.i0++, gap.j0++, false);
    }
    while (!gap.empty() && a_[gap.i1 - 1] == b_[gap.j1 - 1]) {
      Match(--gap.i1, --gap.j1, false);
    }
    if (gap.empty()) return;
    const std::uint64_t cells =
        std::uint64_t{gap.i1 - gap.i0} * (gap.j1 - gap.j0);
    if (!inner && cells > kSmall) {
      std::vector<bool> chosen;
      std::vector<Run> chain =
          HeaviestChain(UniqueRuns(a_, b_, gap, limits_.inner_words), chosen);
      Trim(chain);
      if (!chain.empty()) {
        FillGaps(gap, chain, true);
        return;
      }
    }
    if (cells <= limits_.max_cells) WordByWord(gap, false);
  }

  // Gotoh's alignment with affine gaps: a lone common word between two
  // differences costs more than it brings, so the crumbs that make a diff
  // unreadable do not arise.
  void WordByWord(const Gap& gap, bool moved) {
    const std::size_t rows = gap.i1 - gap.i0;
    const std::size_t columns = gap.j1 - gap.j0;
    // Scores in tenths. State 0: words matched; 1: word of the reference
    // without partner; 2: word of the suspect without partner.
    constexpr int kMatch = 10;
    constexpr int kOpen = -7;
    constexpr int kExtend = 0;
    constexpr int kLow = std::numeric_limits<int>::min() / 2;
    const std::size_t width = columns + 1;
    std::vector<std::array<int, 3>> above(width), here(width);
    from_.assign((rows + 1) * width, 0);
    for (std::size_t y = 0; y <= rows; ++y) {
      for (std::size_t x = 0; x <= columns; ++x) {
        std::array<int, 3>& cell = here[x];
        cell = {kLow, kLow, kLow};
        std::uint8_t from = 0;
        if (y == 0 && x == 0) {
          cell[0] = 0;
        }
        if (y > 0 && x > 0 && a_[gap.i0 + y - 1] == b_[gap.j0 + x - 1]) {
          const auto best = Best(above[x - 1]);
          cell[0] = above[x - 1][best] + kMatch;
          from = static_cast<std::uint8_t>(from | best);
        }
        if (y > 0) {
          const std::array<int, 3> score = {
              above[x][0] + kOpen, above[x][1] + kExtend, above[x][2] + kOpen};
          const auto best = Best(score);
          cell[1] = score[best];
          from = static_cast<std::uint8_t>(from | best << 2);
        }
        if (x > 0) {
          const std::array<int, 3> score = {here[x - 1][0] + kOpen,
                                            here[x - 1][1] + kOpen,
                                            here[x - 1][2] + kExtend};
          const auto best = Best(score);
          cell[2] = score[best];
          from = static_cast<std::uint8_t>(from | best << 4);
        }
        from_[y * width + x] = from;
      }
      std::swap(above, here);
    }
    std::size_t y = rows;
    std::size_t x = columns;
    std::size_t state = Best(above[columns]);
    while (y > 0 || x > 0) {
      const std::uint8_t from = from_[y * width + x];
      if (state == 0) {
        state = from & 3u;
        --y;
        --x;
        Match(gap.i0 + static_cast<std::uint32_t>(y),
              gap.j0 + static_cast<std::uint32_t>(x), moved);
      } else if (state == 1) {
        state = from >> 2 & 3u;
        --y;
      } else {
        state = from >> 4 & 3u;
        --x;
      }
    }
  }

  static std::size_t Best(const std::array<int, 3>& score) {
    std::size_t best = 0;
    if (score[1] > score[best]) best = 1;
    if (score[2] > score[best]) best = 2;
    return best;
  }

  bool Free(std::uint32_t i, std::uint32_t j) const {
    return result_.to_suspect[i] == Alignment::kNone &&
           result_.to_reference[j] == Alignment::kNone;
  }

  // Runs outside the chain whose words found no other partner.
  void Moves(const std::vector<Run>& runs, const std::vector<bool>& chosen) {
    std::vector<Run> moves;
    for (std::size_t k = 0; k < runs.size(); ++k) {
      if (chosen[k]) continue;
      Run rest;
      for (std::uint32_t t = 0; t < runs[k].size; ++t) {
        if (Free(runs[k].i + t, runs[k].j + t)) {
          if (rest.size == 0) rest = {runs[k].i + t, runs[k].j + t, 0};
          ++rest.size;
        } else {
          KeepMove(rest, moves);
          rest = {};
        }
      }
      KeepMove(rest, moves);
    }
    std::ranges::sort(moves, {}, &Run::i);
    for (std::size_t k = 1; k < moves.size(); ++k) {
      BridgeMoves(moves[k - 1], moves[k]);
    }
  }

  void KeepMove(const Run& run, std::vector<Run>& moves) {
    if (run.size < limits_.move_words) return;
    for (std::uint32_t t = 0; t < run.size; ++t) {
      Match(run.i + t, run.j + t, true);
    }
    moves.push_back(run);
  }

  // An edited word inside a moved paragraph parts its run in two.
  void BridgeMoves(const Run& left, const Run& right) {
    const Gap gap{left.i + left.size, right.i, left.j + left.size, right.j};
    if (left.i + left.size > right.i || left.j + left.size > right.j) return;
    if (gap.i1 - gap.i0 > kBridge || gap.j1 - gap.j0 > kBridge) return;
    for (std::uint32_t i = gap.i0; i < gap.i1; ++i) {
      if (result_.to_suspect[i] != Alignment::kNone) return;
    }
    for (std::uint32_t j = gap.j0; j < gap.j1; ++j) {
      if (result_.to_reference[j] != Alignment::kNone) return;
    }
    if (!gap.empty()) WordByWord(gap, true);
  }

  static constexpr std::uint64_t kSmall = 400;
  static constexpr std::uint32_t kBridge = 80;

  Words a_, b_;
  AlignmentLimits limits_;
  Alignment result_;
  std::vector<std::uint8_t> from_;
};

}  // namespace

Alignment Align(Words reference, Words suspect, const AlignmentLimits& limits) {
  return Aligner(reference, suspect, limits).Solve();
}

}  // namespace stemma

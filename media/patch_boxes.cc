#include "media/patch_boxes.h"

#include <algorithm>

#include "hash/fast_clones.h"

namespace stemma {
namespace {

constexpr int kSide = Patch::kSide;
constexpr int kPad = 4;  // columns of zeros on each side, at least the radius
constexpr int kWide = kSide + 2 * kPad;

using Rows = std::array<std::array<float, kWide>, kSide>;

template <int kRadius>
[[gnu::always_inline]] inline void SumDown(const Rows& in, Rows& out) {
  for (int y = 0; y < kSide; ++y) {
    std::array<float, kWide> sums{};
    const int end = std::min(kSide - 1, y + kRadius);
    for (int from = std::max(0, y - kRadius); from <= end; ++from) {
      for (int x = 0; x < kWide; ++x) sums[x] += in[from][x];
    }
    out[y] = sums;
  }
}

template <int kRadius>
[[gnu::always_inline]] inline void SumAcross(const Rows& in, float* out) {
  for (int y = 0; y < kSide; ++y) {
    const float* row = in[y].data() + kPad;
    for (int x = 0; x < kSide; ++x) {
      float sum = 0;
      for (int shift = -kRadius; shift <= kRadius; ++shift) {
        sum += row[x + shift];
      }
      out[y * kSide + x] = sum;
    }
  }
}

template <int kRadius>
[[gnu::always_inline]] inline void SumBoxes(const Rows& in, float* out) {
  Rows down;
  SumDown<kRadius>(in, down);
  SumAcross<kRadius>(down, out);
}

// The clones are of functions without parameters that a template would need.
STEMMA_FAST_CLONES
void SumBoxes1(const Rows& in, float* out) { SumBoxes<1>(in, out); }
STEMMA_FAST_CLONES
void SumBoxes2(const Rows& in, float* out) { SumBoxes<2>(in, out); }
STEMMA_FAST_CLONES
void SumBoxes3(const Rows& in, float* out) { SumBoxes<3>(in, out); }

// How many of the values lie within `radius` of each, at least 1.
std::array<float, kSide> CountNear(const std::array<bool, kSide>& inside,
                                   int radius) {
  std::array<float, kSide> counts{};
  for (int k = 0; k < kSide; ++k) {
    const int end = std::min(kSide - 1, k + radius);
    for (int from = std::max(0, k - radius); from <= end; ++from) {
      counts[k] += inside[from] ? 1.0f : 0.0f;
    }
    counts[k] = std::max(counts[k], 1.0f);
  }
  return counts;
}

}  // namespace

std::array<float, Patch::kPixels> BoxMeans(const Patch& patch, int radius) {
  Rows luma{};
  std::array<bool, kSide> columns{}, rows{};
  for (int y = 0; y < kSide; ++y) {
    const float* from = patch.luma.data() + y * kSide;
    std::copy(from, from + kSide, luma[y].begin() + kPad);
    for (int x = 0; x < kSide; ++x) {
      const bool inside = patch.inside[y * kSide + x] != 0;
      columns[x] |= inside;
      rows[y] |= inside;
    }
  }
  std::array<float, Patch::kPixels> means;
  switch (radius) {
    case 1:
      SumBoxes1(luma, means.data());
      break;
    case 2:
      SumBoxes2(luma, means.data());
      break;
    default:
      SumBoxes3(luma, means.data());
      break;
  }
  // What is inside is a rectangle: so are the pixels that a box takes in.
  const auto across = CountNear(columns, radius);
  const auto down = CountNear(rows, radius);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      means[y * kSide + x] /= across[x] * down[y];
    }
  }
  return means;
}

}  // namespace stemma

#include "media/view_match.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "hash/fast_clones.h"
#include "media/patch_boxes.h"

namespace stemma {
namespace {

constexpr int kSide = Patch::kSide;
constexpr int kPixels = Patch::kPixels;
constexpr int kTerms = 16;
constexpr int kRadius = 3;  // of the box that is taken out
constexpr int kTiles = 4;   // a side
constexpr float kTileCorrelation = 0.5f;
constexpr float kTileEnergy = 1.6f;   // grey levels: less is no detail
constexpr float kMostEnergy = 12.0f;  // more does not make a tile count more

double Width(const Region& r) { return r.right - r.left; }
double Height(const Region& r) { return r.bottom - r.top; }

// How much of `inner` lies inside `outer`, 0 to 1.
double Share(const Region& outer, const Region& inner) {
  const double w =
      std::min(outer.right, inner.right) - std::max(outer.left, inner.left);
  const double h =
      std::min(outer.bottom, inner.bottom) - std::max(outer.top, inner.top);
  if (w <= 0 || h <= 0) return 0;
  return w * h / (Width(inner) * Height(inner));
}

// The view that shows `region` most finely among those that hold most of it.
const FrameView* BestView(const FrameSample& sample, const Region& region) {
  const FrameView* best = nullptr;
  double best_value = 0;
  for (const FrameView& view : sample.views) {
    const double share = Share(view.region, region);
    const double area = Width(view.region) * Height(view.region);
    const double value = share >= 0.9 ? 1 + 1 / area : share;
    if (value > best_value) {
      best = &view;
      best_value = value;
    }
  }
  return best;
}

// Where a row or column of a patch lies between the pixels of a view.
struct Between {
  bool inside = false;
  int first = 0;     // of the two pixels
  float second = 0;  // the share of the other
};

Between PlaceOf(double at, double begin, double size) {
  const double u = (at - begin) / size * kSide - 0.5;
  if (u < -0.6 || u > kSide - 0.4) return {};
  const double c = std::clamp(u, 0.0, kSide - 1.0);
  const int first = std::min(static_cast<int>(c), kSide - 2);
  return {true, first, static_cast<float>(c - first)};
}

// Between this row of a view and the next one.
STEMMA_FAST_CLONES
std::array<float, kSide> MixRows(const std::uint8_t* row, float second) {
  std::array<float, kSide> mixed;
  for (int x = 0; x < kSide; ++x) {
    const auto above = static_cast<float>(row[x]);
    const auto below = static_cast<float>(row[x + kSide]);
    mixed[x] = above + second * (below - above);
  }
  return mixed;
}

}  // namespace

Patch PatchOf(const FrameSample& sample, const Region& region, bool mirrored) {
  Patch patch;
  const FrameView* view = BestView(sample, region);
  if (view == nullptr) return patch;
  const Region& shown = view->region;
  std::array<Between, kSide> columns, rows;
  int left = kSide, right = 0;  // the columns inside
  for (int k = 0; k < kSide; ++k) {
    const int column = mirrored ? kSide - 1 - k : k;
    columns[k] = PlaceOf(region.left + (column + 0.5) / kSide * Width(region),
                         shown.left, Width(shown));
    rows[k] = PlaceOf(region.top + (k + 0.5) / kSide * Height(region),
                      shown.top, Height(shown));
    if (!columns[k].inside) continue;
    left = std::min(left, k);
    right = k + 1;
  }
  for (int y = 0; y < kSide; ++y) {
    if (!rows[y].inside) continue;
    const std::array<float, kSide> mixed =
        MixRows(view->luma.data() + rows[y].first * kSide, rows[y].second);
    for (int x = left; x < right; ++x) {
      const Between& u = columns[x];
      const float first = mixed[u.first], second = mixed[u.first + 1];
      patch.luma[y * kSide + x] = first + u.second * (second - first);
      patch.inside[y * kSide + x] = 1;
    }
  }
  return patch;
}

Detail DetailOf(const Patch& patch) {
  const std::array<float, kPixels> means = BoxMeans(patch, kRadius);
  Detail detail;
  detail.inside = patch.inside;
  std::array<float, kSide> squares{}, counts{};
  for (int row = 0; row < kPixels; row += kSide) {
    for (int x = 0; x < kSide; ++x) {
      const int i = row + x;
      const float v = patch.inside[i] ? patch.luma[i] - means[i] : 0.0f;
      detail.value[i] = v;
      squares[x] += v * v;
      counts[x] += patch.inside[i];
    }
  }
  const float n = std::accumulate(counts.begin(), counts.end(), 0.0f);
  const float sum = std::accumulate(squares.begin(), squares.end(), 0.0f);
  detail.energy = n > 0 ? std::sqrt(sum / n) : 0;
  return detail;
}

namespace {

constexpr int kTileSide = kSide / kTiles;

struct TileSums {
  float ab = 0, aa = 0, bb = 0, n = 0;

  TileSums& operator+=(const TileSums& other) {
    ab += other.ab, aa += other.aa, bb += other.bb, n += other.n;
    return *this;
  }
};
using AllTiles = std::array<TileSums, std::size_t{kTiles} * kTiles>;

// Over the pixels that both have, column by column and then across each tile.
STEMMA_FAST_CLONES
void SumTiles(const Detail& a, const Detail& b, AllTiles& tiles) {
  for (int ty = 0; ty < kTiles; ++ty) {
    std::array<float, kSide> ab{}, aa{}, bb{}, n{};
    for (int y = ty * kTileSide; y < (ty + 1) * kTileSide; ++y) {
      const int row = y * kSide;
      for (int x = 0; x < kSide; ++x) {
        const float in_a = a.inside[row + x], in_b = b.inside[row + x];
        const float u = a.value[row + x] * in_b, v = b.value[row + x] * in_a;
        ab[x] += u * v;
        aa[x] += u * u;
        bb[x] += v * v;
        n[x] += in_a * in_b;
      }
    }
    for (int x = 0; x < kSide; ++x) {
      tiles[ty * kTiles + x / kTileSide] += {ab[x], aa[x], bb[x], n[x]};
    }
  }
}

float CorrelationOf(const TileSums& s) {
  return s.ab / (std::sqrt(s.aa * s.bb) + 1e-3f);
}

}  // namespace

double Agreement(const Detail& a, const Detail& b) {
  AllTiles tiles;
  SumTiles(a, b, tiles);
  float agree = 0, all = 0;
  for (const TileSums& s : tiles) {
    if (2 * s.n < kTileSide * kTileSide) continue;
    const float most = std::sqrt(std::max(s.aa, s.bb) / s.n);
    if (most < kTileEnergy) continue;
    const float weight = std::min(most, kMostEnergy);
    all += weight;
    if (CorrelationOf(s) > kTileCorrelation) agree += weight;
  }
  // Less than two tiles' worth of faint detail proves nothing.
  if (all < 2 * kTileEnergy) return -1;
  return agree / all;
}

double Correlation(const Detail& a, const Detail& b) {
  AllTiles tiles;
  SumTiles(a, b, tiles);
  TileSums sum;
  for (const TileSums& s : tiles) sum += s;
  return 4 * sum.n < kPixels ? 0 : CorrelationOf(sum);
}

namespace {

struct Cosines {
  Cosines() {
    for (int i = 0; i < kTerms; ++i) {
      for (int j = 0; j < kSide; ++j) {
        by_term[i][j] = by_pixel[j][i] = static_cast<float>(
            std::cos(std::numbers::pi / 2 / kSide * (i + 1) * (2 * j + 1)));
      }
    }
  }
  std::array<std::array<float, kSide>, kTerms> by_term;
  std::array<std::array<float, kTerms>, kSide> by_pixel;
};

// The lowest frequencies of `pixels`, the constant one left out.
STEMMA_FAST_CLONES
void Transform(const Cosines& cosines, const std::array<float, kPixels>& pixels,
               std::array<float, 256>& terms) {
  for (int i = 0; i < kTerms; ++i) {
    std::array<float, kSide> down{};
    for (int k = 0; k < kSide; ++k) {
      const float w = cosines.by_term[i][k];
      for (int j = 0; j < kSide; ++j) down[j] += w * pixels[k * kSide + j];
    }
    std::array<float, kTerms> across{};
    for (int k = 0; k < kSide; ++k) {
      const float w = down[k];
      for (int j = 0; j < kTerms; ++j) across[j] += w * cosines.by_pixel[k][j];
    }
    std::copy(across.begin(), across.end(), terms.begin() + i * kTerms);
  }
}

}  // namespace

FrameHash PatchHash(const Patch& patch) {
  static const Cosines kCosines;
  float mean = 0, n = 0;
  for (int i = 0; i < kPixels; ++i) {
    if (patch.inside[i]) {
      mean += patch.luma[i];
      n += 1;
    }
  }
  mean = n > 0 ? mean / n : 0;
  std::array<float, kPixels> pixels;
  for (int i = 0; i < kPixels; ++i) {
    pixels[i] = patch.inside[i] ? patch.luma[i] - mean : 0.0f;
  }
  std::array<float, 256> terms;
  Transform(kCosines, pixels, terms);
  std::array<float, 256> sorted = terms;
  std::nth_element(sorted.begin(), sorted.begin() + 127, sorted.end());
  FrameHash hash{};
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i] > sorted[127]) hash[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  return hash;
}

}  // namespace stemma

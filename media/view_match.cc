#include "media/view_match.h"

#include <algorithm>
#include <cmath>
#include <numbers>

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

// Sums over all boxes of a patch, for O(1) box means.
class Sums {
 public:
  template <class ValueFn>
  explicit Sums(ValueFn value) {
    for (int y = 0; y < kSide; ++y) {
      float row = 0;
      for (int x = 0; x < kSide; ++x) {
        row += value(y * kSide + x);
        At(x + 1, y + 1) = At(x + 1, y) + row;
      }
    }
  }
  float Box(int left, int top, int right, int bottom) const {
    return Get(right, bottom) - Get(left, bottom) - Get(right, top) +
           Get(left, top);
  }

 private:
  static constexpr int kStride = kSide + 1;
  float& At(int x, int y) { return sums_[y * kStride + x]; }
  float Get(int x, int y) const { return sums_[y * kStride + x]; }
  std::array<float, kStride * kStride> sums_{};
};

}  // namespace

Patch PatchOf(const FrameSample& sample, const Region& region, bool mirrored) {
  Patch patch;
  const FrameView* view = BestView(sample, region);
  if (view == nullptr) return patch;
  const Region& shown = view->region;
  std::array<Between, kSide> columns, rows;
  for (int k = 0; k < kSide; ++k) {
    const int column = mirrored ? kSide - 1 - k : k;
    columns[k] = PlaceOf(region.left + (column + 0.5) / kSide * Width(region),
                         shown.left, Width(shown));
    rows[k] = PlaceOf(region.top + (k + 0.5) / kSide * Height(region),
                      shown.top, Height(shown));
  }
  for (int y = 0; y < kSide; ++y) {
    const Between& v = rows[y];
    if (!v.inside) continue;
    const auto at = [&](int column, int row) {
      return static_cast<float>(view->luma[row * kSide + column]);
    };
    for (int x = 0; x < kSide; ++x) {
      const Between& u = columns[x];
      if (!u.inside) continue;
      const float fx = u.second, fy = v.second;
      const int i = u.first, j = v.first;
      patch.luma[y * kSide + x] =
          (1 - fy) * ((1 - fx) * at(i, j) + fx * at(i + 1, j)) +
          fy * ((1 - fx) * at(i, j + 1) + fx * at(i + 1, j + 1));
      patch.inside[y * kSide + x] = 1;
    }
  }
  return patch;
}

Detail DetailOf(const Patch& patch) {
  const Sums luma(
      [&](int i) { return patch.inside[i] ? patch.luma[i] : 0.0f; });
  const Sums count([&](int i) { return patch.inside[i] ? 1.0f : 0.0f; });
  Detail detail;
  detail.inside = patch.inside;
  float squares = 0, n = 0;
  for (int y = 0; y < kSide; ++y) {
    const int top = std::max(0, y - kRadius);
    const int bottom = std::min(kSide, y + kRadius + 1);
    for (int x = 0; x < kSide; ++x) {
      const int i = y * kSide + x;
      if (!patch.inside[i]) continue;
      const int left = std::max(0, x - kRadius);
      const int right = std::min(kSide, x + kRadius + 1);
      const float mean = luma.Box(left, top, right, bottom) /
                         count.Box(left, top, right, bottom);
      const float v = patch.luma[i] - mean;
      detail.value[i] = v;
      squares += v * v;
      n += 1;
    }
  }
  detail.energy = n > 0 ? std::sqrt(squares / n) : 0;
  return detail;
}

namespace {

struct TileSums {
  float ab = 0, aa = 0, bb = 0;
  int n = 0;
};

TileSums SumTile(const Detail& a, const Detail& b, int left, int top,
                 int width) {
  TileSums sums;
  for (int y = top; y < top + width; ++y) {
    for (int x = left; x < left + width; ++x) {
      const int i = y * kSide + x;
      if (!a.inside[i] || !b.inside[i]) continue;
      sums.ab += a.value[i] * b.value[i];
      sums.aa += a.value[i] * a.value[i];
      sums.bb += b.value[i] * b.value[i];
      ++sums.n;
    }
  }
  return sums;
}

}  // namespace

double Agreement(const Detail& a, const Detail& b) {
  constexpr int kWidth = kSide / kTiles;
  float agree = 0, all = 0;
  for (int ty = 0; ty < kTiles; ++ty) {
    for (int tx = 0; tx < kTiles; ++tx) {
      const TileSums s = SumTile(a, b, tx * kWidth, ty * kWidth, kWidth);
      if (s.n < kWidth * kWidth / 2) continue;
      const auto n = static_cast<float>(s.n);
      const float ea = std::sqrt(s.aa / n), eb = std::sqrt(s.bb / n);
      const float most = std::max(ea, eb);
      if (most < kTileEnergy) continue;
      const float weight = std::min(most, kMostEnergy);
      all += weight;
      const float ncc = s.ab / (std::sqrt(s.aa * s.bb) + 1e-3f);
      if (ncc > kTileCorrelation) agree += weight;
    }
  }
  // Less than two tiles' worth of faint detail proves nothing.
  if (all < 2 * kTileEnergy) return -1;
  return agree / all;
}

double Correlation(const Detail& a, const Detail& b) {
  const TileSums s = SumTile(a, b, 0, 0, kSide);
  return s.n < kPixels / 4 ? 0 : s.ab / (std::sqrt(s.aa * s.bb) + 1e-3f);
}

namespace {

// Blurs a patch: registration starts coarse.
Patch Smoothed(const Patch& patch, int radius) {
  if (radius == 0) return patch;
  const Sums luma(
      [&](int i) { return patch.inside[i] ? patch.luma[i] : 0.0f; });
  const Sums count([&](int i) { return patch.inside[i] ? 1.0f : 0.0f; });
  Patch out = patch;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const int left = std::max(0, x - radius), top = std::max(0, y - radius);
      const int right = std::min(kSide, x + radius + 1);
      const int bottom = std::min(kSide, y + radius + 1);
      const float n = count.Box(left, top, right, bottom);
      if (n > 0)
        out.luma[y * kSide + x] = luma.Box(left, top, right, bottom) / n;
    }
  }
  return out;
}

// Solves the n x n system in place by elimination; false if singular.
template <int N>
bool Solve(std::array<std::array<double, N + 1>, N>& m,
           std::array<double, N>& x) {
  for (int i = 0; i < N; ++i) {
    int pivot = i;
    for (int k = i + 1; k < N; ++k) {
      if (std::abs(m[k][i]) > std::abs(m[pivot][i])) pivot = k;
    }
    if (std::abs(m[pivot][i]) < 1e-9) return false;
    std::swap(m[i], m[pivot]);
    for (int k = i + 1; k < N; ++k) {
      const double f = m[k][i] / m[i][i];
      for (int j = i; j <= N; ++j) m[k][j] -= f * m[i][j];
    }
  }
  for (int i = N - 1; i >= 0; --i) {
    double sum = m[i][N];
    for (int j = i + 1; j < N; ++j) sum -= m[i][j] * x[j];
    x[i] = sum / m[i][i];
  }
  return true;
}

struct GainOffset {
  double gain = 1, offset = 0, scale = 1;  // scale: of the usual residual
};

// q = gain * r + offset over the pixels both have, by least squares with one
// round of dropping what fits badly.
GainOffset Fit(const Patch& q, const Patch& r) {
  GainOffset fit;
  double limit = 1e9;
  for (int round = 0; round < 3; ++round) {
    double n = 0, sq = 0, sr = 0, sqr = 0, srr = 0;
    for (int i = 0; i < kPixels; ++i) {
      if (!q.inside[i] || !r.inside[i]) continue;
      const double e = q.luma[i] - fit.gain * r.luma[i] - fit.offset;
      if (round > 0 && std::abs(e) > limit) continue;
      ++n;
      sq += q.luma[i];
      sr += r.luma[i];
      sqr += double(q.luma[i]) * r.luma[i];
      srr += double(r.luma[i]) * r.luma[i];
    }
    if (n < 64) return fit;
    const double var = srr - sr * sr / n;
    fit.gain = var > 1 ? std::clamp((sqr - sq * sr / n) / var, 0.3, 3.0) : 1;
    fit.offset = (sq - fit.gain * sr) / n;
    double sum = 0, count = 0;
    for (int i = 0; i < kPixels; ++i) {
      if (!q.inside[i] || !r.inside[i]) continue;
      sum += std::min(60.0,
                      std::abs(q.luma[i] - fit.gain * r.luma[i] - fit.offset));
      ++count;
    }
    fit.scale = std::max(2.0, sum / count);
    limit = 2.5 * fit.scale;
  }
  return fit;
}

// One Gauss-Newton step for all pairs; the mean residual, or -1.
double Step(std::span<const PatchPair> pairs, std::span<const Patch> q_patches,
            int radius, Region& r_region) {
  std::array<std::array<double, 5>, 4> normal{};
  double residual = 0, count = 0;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const Patch r = Smoothed(PatchOf(*pairs[k].r, r_region, false), radius);
    const Patch& q = q_patches[k];
    const GainOffset fit = Fit(q, r);
    for (int y = 1; y < kSide - 1; ++y) {
      for (int x = 1; x < kSide - 1; ++x) {
        const int i = y * kSide + x;
        if (!q.inside[i] || !r.inside[i - 1] || !r.inside[i + 1] ||
            !r.inside[i - kSide] || !r.inside[i + kSide] || !r.inside[i]) {
          continue;
        }
        const double e = q.luma[i] - fit.gain * r.luma[i] - fit.offset;
        const double t = e / (3 * fit.scale);
        if (std::abs(t) >= 1) continue;
        const double weight = (1 - t * t) * (1 - t * t);  // Tukey's
        const double gx = fit.gain * (r.luma[i + 1] - r.luma[i - 1]) / 2;
        const double gy =
            fit.gain * (r.luma[i + kSide] - r.luma[i - kSide]) / 2;
        const double u = (x + 0.5) / kSide - 0.5, v = (y + 0.5) / kSide - 0.5;
        // Shift and stretch along x, then along y, in patch pixels.
        const std::array<double, 4> j = {gx, gx * u, gy, gy * v};
        for (int a = 0; a < 4; ++a) {
          const double wj = weight * j[a];
          for (int b = a; b < 4; ++b) normal[a][b] += wj * j[b];
          normal[a][4] += wj * e;
        }
        residual += std::abs(e);
        ++count;
      }
    }
  }
  if (count < 256) return -1;
  for (int a = 0; a < 4; ++a) {
    for (int b = 0; b < a; ++b) normal[a][b] = normal[b][a];
    normal[a][a] *= 1.001;
  }
  std::array<double, 4> move{};
  if (!Solve<4>(normal, move)) return -1;
  for (double& m : move) m = std::clamp(m, -2.0, 2.0);
  const double w = Width(r_region), h = Height(r_region);
  const double cx = (r_region.left + r_region.right) / 2 + move[0] / kSide * w;
  const double cy = (r_region.top + r_region.bottom) / 2 + move[2] / kSide * h;
  const double nw = w * (1 + move[1] / kSide), nh = h * (1 + move[3] / kSide);
  r_region = {cx - nw / 2, cy - nh / 2, cx + nw / 2, cy + nh / 2};
  return residual / count;
}

}  // namespace

Region Register(std::span<const PatchPair> pairs, const Region& q_region,
                bool mirrored, const Region& start) {
  Region region = start;
  for (const auto& [radius, steps] : {std::pair{2, 6}, {1, 4}, {0, 4}}) {
    std::vector<Patch> q_patches;
    for (const PatchPair& pair : pairs) {
      q_patches.push_back(
          Smoothed(PatchOf(*pair.q, q_region, mirrored), radius));
    }
    for (int step = 0; step < steps; ++step) {
      Region moved = region;
      if (Step(pairs, q_patches, radius, moved) < 0) return start;
      region = moved;
    }
  }
  // A registration that ran away is worse than none.
  const double wide = Width(region) / Width(start);
  const double high = Height(region) / Height(start);
  if (wide < 0.7 || wide > 1.4 || high < 0.7 || high > 1.4 ||
      region.left < -0.3 || region.top < -0.3 || region.right > 1.3 ||
      region.bottom > 1.3) {
    return start;
  }
  return region;
}

FrameHash PatchHash(const Patch& patch) {
  static const auto kDct = [] {
    std::array<std::array<float, kSide>, kTerms> d{};
    for (int i = 0; i < kTerms; ++i) {
      for (int j = 0; j < kSide; ++j) {
        d[i][j] = static_cast<float>(
            std::cos(std::numbers::pi / 2 / kSide * (i + 1) * (2 * j + 1)));
      }
    }
    return d;
  }();
  float mean = 0, n = 0;
  for (int i = 0; i < kPixels; ++i) {
    if (patch.inside[i]) {
      mean += patch.luma[i];
      n += 1;
    }
  }
  mean = n > 0 ? mean / n : 0;
  std::array<std::array<float, kSide>, kTerms> half{};
  for (int i = 0; i < kTerms; ++i) {
    for (int k = 0; k < kSide; ++k) {
      const float w = kDct[i][k];
      for (int j = 0; j < kSide; ++j) {
        const int at = k * kSide + j;
        half[i][j] += w * (patch.inside[at] ? patch.luma[at] - mean : 0.0f);
      }
    }
  }
  std::array<float, 256> terms{};
  for (int i = 0; i < kTerms; ++i) {
    for (int j = 0; j < kTerms; ++j) {
      float sum = 0;
      for (int k = 0; k < kSide; ++k) sum += half[i][k] * kDct[j][k];
      terms[i * kTerms + j] = sum;
    }
  }
  std::array<float, 256> sorted = terms;
  std::nth_element(sorted.begin(), sorted.begin() + 127, sorted.end());
  FrameHash hash{};
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i] > sorted[127]) hash[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  return hash;
}

}  // namespace stemma

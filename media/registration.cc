#include "media/registration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "hash/fast_clones.h"
#include "media/patch_boxes.h"
#include "media/view_match.h"

namespace stemma {
namespace {

constexpr int kSide = Patch::kSide;
constexpr int kPixels = Patch::kPixels;
constexpr double kStill = 0.01;  // pixels: a step this small changes nothing
constexpr float kTukey = 3;      // residuals beyond so many usual ones are out
constexpr float kMiddle = 128;   // of the grey levels: keeps the sums small

double Width(const Region& r) { return r.right - r.left; }
double Height(const Region& r) { return r.bottom - r.top; }

// Sums with a lane for each column: compilers vectorise them, and the result
// is the same on every machine.
using Lanes = std::array<float, kSide>;

double Total(const Lanes& lanes) {
  return std::accumulate(lanes.begin(), lanes.end(), 0.0);
}

// A blurred patch, grey levels around 0; `inside` is 1 or 0.
struct Plane {
  std::array<float, kPixels> luma;
  std::array<float, kPixels> inside;
};

Plane PlaneOf(const FrameSample& sample, const Region& region, bool mirrored,
              int radius) {
  const Patch patch = PatchOf(sample, region, mirrored);
  Plane plane;
  if (radius > 0) {
    plane.luma = BoxMeans(patch, radius);
  } else {
    plane.luma = patch.luma;
  }
  for (int i = 0; i < kPixels; ++i) {
    plane.luma[i] -= kMiddle;
    plane.inside[i] = patch.inside[i];
  }
  return plane;
}

// q = gain * r + offset; `scale` is the usual residual.
struct GainOffset {
  float gain = 1, offset = 0, scale = 1;
};

struct FitSums {
  Lanes n{}, q{}, r{}, qr{}, rr{};
};

// Over the pixels that both have and whose residual is within `limit`.
STEMMA_FAST_CLONES
void SumForFit(const Plane& q, const Plane& r, const GainOffset& fit,
               float limit, FitSums& sums) {
  for (int row = 0; row < kPixels; row += kSide) {
    for (int x = 0; x < kSide; ++x) {
      const float a = q.luma[row + x], b = r.luma[row + x];
      const float e = std::abs(a - fit.gain * b - fit.offset);
      const float m = e <= limit ? q.inside[row + x] * r.inside[row + x] : 0.0f;
      sums.n[x] += m;
      sums.q[x] += m * a;
      sums.r[x] += m * b;
      sums.qr[x] += m * a * b;
      sums.rr[x] += m * b * b;
    }
  }
}

STEMMA_FAST_CLONES
void SumResiduals(const Plane& q, const Plane& r, const GainOffset& fit,
                  Lanes& residual, Lanes& count) {
  for (int row = 0; row < kPixels; row += kSide) {
    for (int x = 0; x < kSide; ++x) {
      const float m = q.inside[row + x] * r.inside[row + x];
      const float e =
          std::abs(q.luma[row + x] - fit.gain * r.luma[row + x] - fit.offset);
      residual[x] += m * std::min(60.0f, e);
      count[x] += m;
    }
  }
}

// By least squares, twice more without what fits badly.
GainOffset Fit(const Plane& q, const Plane& r) {
  GainOffset fit;
  float limit = 1e9f;
  for (int round = 0; round < 3; ++round) {
    FitSums sums;
    SumForFit(q, r, fit, limit, sums);
    const double n = Total(sums.n), sq = Total(sums.q), sr = Total(sums.r);
    if (n < 64) return fit;
    const double variance = Total(sums.rr) - sr * sr / n;
    const double both = Total(sums.qr) - sq * sr / n;
    const double gain =
        variance > 1 ? std::clamp(both / variance, 0.3, 3.0) : 1;
    fit.gain = static_cast<float>(gain);
    fit.offset = static_cast<float>((sq - gain * sr) / n);
    Lanes residual{}, count{};
    SumResiduals(q, r, fit, residual, count);
    fit.scale =
        static_cast<float>(std::max(2.0, Total(residual) / Total(count)));
    limit = 2.5f * fit.scale;
  }
  return fit;
}

// What the normal equations need, from all rows; `v` is a pixel's height in
// the patch, -0.5 to 0.5, and stands in the names as often as it is a factor.
struct StepSums {
  Lanes xx{}, xy{}, xyv{}, yy{}, yyv{}, yyvv{}, xe{}, ye{}, yev{};
  Lanes residual{}, count{};
};

STEMMA_FAST_CLONES
void SumForStep(const Plane& q, const Plane& r, const GainOffset& fit,
                StepSums& sums) {
  const float out = 1 / (kTukey * fit.scale);
  for (int y = 1; y < kSide - 1; ++y) {
    const float* ql = q.luma.data() + y * kSide;
    const float* qi = q.inside.data() + y * kSide;
    const float* rl = r.luma.data() + y * kSide;
    const float* ri = r.inside.data() + y * kSide;
    const float v =
        (static_cast<float>(y) + 0.5f) / static_cast<float>(kSide) - 0.5f;
    for (int x = 1; x < kSide - 1; ++x) {
      const float e = ql[x] - fit.gain * rl[x] - fit.offset;
      const float t = e * out;
      const float rest = std::max(0.0f, 1 - t * t);  // Tukey's weight
      const float inside =
          qi[x] * ri[x] * ri[x - 1] * ri[x + 1] * ri[x - kSide] * ri[x + kSide];
      const float weight = inside * rest * rest;
      const float gx = fit.gain * (rl[x + 1] - rl[x - 1]) / 2;
      const float gy = fit.gain * (rl[x + kSide] - rl[x - kSide]) / 2;
      const float wx = weight * gx, wy = weight * gy;
      sums.xx[x] += wx * gx;
      sums.xy[x] += wx * gy;
      sums.xyv[x] += wx * gy * v;
      sums.yy[x] += wy * gy;
      sums.yyv[x] += wy * gy * v;
      sums.yyvv[x] += wy * gy * v * v;
      sums.xe[x] += wx * e;
      sums.ye[x] += wy * e;
      sums.yev[x] += wy * e * v;
      const float used = rest > 0 ? inside : 0.0f;
      sums.residual[x] += used * std::abs(e);
      sums.count[x] += used;
    }
  }
}

// Normal equations of shift and stretch along x, then along y, in pixels of a
// patch; the last column is the right side.
using Normal = std::array<std::array<double, 5>, 4>;

void AddTo(Normal& normal, const StepSums& sums) {
  for (int x = 0; x < kSide; ++x) {
    const double u = (x + 0.5) / kSide - 0.5;
    const auto add = [&](int row, int column, double value) {
      normal[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)] +=
          value;
    };
    add(0, 0, sums.xx[x]);
    add(0, 1, sums.xx[x] * u);
    add(0, 2, sums.xy[x]);
    add(0, 3, sums.xyv[x]);
    add(0, 4, sums.xe[x]);
    add(1, 1, sums.xx[x] * u * u);
    add(1, 2, sums.xy[x] * u);
    add(1, 3, sums.xyv[x] * u);
    add(1, 4, sums.xe[x] * u);
    add(2, 2, sums.yy[x]);
    add(2, 3, sums.yyv[x]);
    add(2, 4, sums.ye[x]);
    add(3, 3, sums.yyvv[x]);
    add(3, 4, sums.yev[x]);
  }
}

// Solves the system in place by elimination; nothing if it is singular.
std::optional<std::array<double, 4>> Solve(Normal& m) {
  constexpr std::size_t kN = 4;
  for (std::size_t i = 0; i < kN; ++i) {
    std::size_t pivot = i;
    for (std::size_t k = i + 1; k < kN; ++k) {
      if (std::abs(m[k][i]) > std::abs(m[pivot][i])) pivot = k;
    }
    if (std::abs(m[pivot][i]) < 1e-9) return std::nullopt;
    std::swap(m[i], m[pivot]);
    for (std::size_t k = i + 1; k < kN; ++k) {
      const double f = m[k][i] / m[i][i];
      for (std::size_t j = i; j <= kN; ++j) m[k][j] -= f * m[i][j];
    }
  }
  std::array<double, kN> x{};
  for (std::size_t i = kN; i-- > 0;) {
    double sum = m[i][kN];
    for (std::size_t j = i + 1; j < kN; ++j) sum -= m[i][j] * x[j];
    x[i] = sum / m[i][i];
  }
  return x;
}

// One Gauss-Newton step for all pairs; moves `region` and returns by how many
// pixels of a patch at most, or nothing when it cannot be told where to.
std::optional<double> Step(std::span<const PatchPair> pairs,
                           std::span<const Plane> q_planes, int radius,
                           Region& region) {
  Normal normal{};
  double count = 0;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const Plane r = PlaneOf(*pairs[k].r, region, false, radius);
    StepSums sums;
    SumForStep(q_planes[k], r, Fit(q_planes[k], r), sums);
    AddTo(normal, sums);
    count += Total(sums.count);
  }
  if (count < 256) return std::nullopt;
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = 0; b < a; ++b) normal[a][b] = normal[b][a];
    normal[a][a] *= 1.001;
  }
  std::optional<std::array<double, 4>> move = Solve(normal);
  if (!move) return std::nullopt;
  double most = 0;
  for (double& m : *move) {
    m = std::clamp(m, -2.0, 2.0);
    most = std::max(most, std::abs(m));
  }
  const auto& [x, wider, y, higher] = *move;
  const double w = Width(region), h = Height(region);
  const double cx = (region.left + region.right) / 2 + x / kSide * w;
  const double cy = (region.top + region.bottom) / 2 + y / kSide * h;
  const double nw = w * (1 + wider / kSide), nh = h * (1 + higher / kSide);
  region = {cx - nw / 2, cy - nh / 2, cx + nw / 2, cy + nh / 2};
  return most;
}

// A registration that ran away is worse than none.
bool RanAway(const Region& start, const Region& region) {
  const double wide = Width(region) / Width(start);
  const double high = Height(region) / Height(start);
  return wide < 0.7 || wide > 1.4 || high < 0.7 || high > 1.4 ||
         region.left < -0.3 || region.top < -0.3 || region.right > 1.3 ||
         region.bottom > 1.3;
}

}  // namespace

Region Register(std::span<const PatchPair> pairs, const Region& q_region,
                bool mirrored, const Region& start) {
  Region region = start;
  // Coarse first: a blurred picture is found from further away.
  for (const auto& [radius, steps] : {std::pair{2, 6}, {1, 4}, {0, 4}}) {
    std::vector<Plane> q_planes;
    q_planes.reserve(pairs.size());
    for (const PatchPair& pair : pairs) {
      q_planes.push_back(PlaneOf(*pair.q, q_region, mirrored, radius));
    }
    for (int step = 0; step < steps; ++step) {
      const std::optional<double> moved = Step(pairs, q_planes, radius, region);
      if (!moved) return start;
      if (*moved < kStill) break;
    }
  }
  return RanAway(start, region) ? start : region;
}

}  // namespace stemma

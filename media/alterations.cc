#include "media/alterations.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "media/view_match.h"

namespace stemma {
namespace {

using Alteration = VideoComparison::Alteration;

constexpr double kLeastEvent = 0.6;  // seconds
constexpr double kEqual = 0.4;       // seconds that count as none

// ---- between the spans ----

void FromSpans(const VideoAlignment& alignment, std::vector<Alteration>& out) {
  const std::vector<AlignedSpan>& spans = alignment.spans;
  for (std::size_t i = 1; i < spans.size(); ++i) {
    const AlignedSpan& a = spans[i - 1];
    const AlignedSpan& b = spans[i];
    const double dq = b.q0 - a.q1, dr = b.r0 - a.r1;
    if (b.r0 < a.r0 - kEqual) {
      out.push_back({"reordered", a.q0, b.q1, 0});
    } else if (dq >= kLeastEvent && std::abs(dr) <= kEqual) {
      out.push_back({"inserted", a.q1, b.q0, 0});
    } else if (dq >= kLeastEvent) {
      out.push_back({"replaced", a.q1, b.q0, 0});
    } else if (dr >= kLeastEvent) {
      out.push_back({"removed", a.r1, b.r0, (a.q1 + b.q0) / 2});
    }
  }
  // Several neighbours out of order are one reordering.
  std::vector<Alteration> merged;
  for (Alteration& e : out) {
    if (!merged.empty() && merged.back().kind == "reordered" &&
        e.kind == "reordered" && e.start <= merged.back().end + kEqual) {
      merged.back().end = std::max(merged.back().end, e.end);
    } else {
      merged.push_back(std::move(e));
    }
  }
  out = std::move(merged);
}

// ---- inside the picture ----

constexpr int kTiles = FrameView::kTextureSide;
constexpr int kAll = kTiles * kTiles;
constexpr int kLeastTiles = 6;         // of 256: about 2.5 % of the picture
constexpr double kShortest = 0.6;      // seconds
constexpr double kLeastPainted = 1.1;  // seconds; less is an encoder's noise
constexpr float kLumaStep = 10;        // grey levels beyond what is usual
constexpr float kTextureStep = 5;      // 16 to the octave
constexpr float kNoises = 4;           // times the noise, at least
constexpr float kMisplaced = 0.25f;    // pixels of a patch, by registration

// One aligned pair of samples, compared tile by tile.
struct Compared {
  double q = 0;                        // seconds
  std::array<float, kAll> luma{};      // mean absolute difference
  std::array<float, kAll> motion{};    // what a small error in time explains
  std::array<float, kAll> texture{};   // reference less query, 16 to the octave
  std::array<float, kAll> unsteady{};  // what time and place explain of that
  std::array<float, kAll> texture_noise{};  // across the tiles alike in texture
  float luma_noise = 0;                     // across the tiles of this pair
  std::array<std::uint8_t, kAll> inside{};
};

// Texture of a region's tiles, from the view that holds it.
std::array<float, kAll> TextureOf(const FrameSample& sample,
                                  const Region& region, bool mirrored) {
  std::array<float, kAll> out;
  out.fill(-1);
  const FrameView* best = nullptr;
  double closest = 1e9;
  for (const FrameView& view : sample.views) {
    const Region& r = view.region;
    const double apart =
        std::abs(r.left - region.left) + std::abs(r.right - region.right) +
        std::abs(r.top - region.top) + std::abs(r.bottom - region.bottom);
    if (apart < closest) {
      closest = apart;
      best = &view;
    }
  }
  if (best == nullptr) return out;
  const Region& v = best->region;
  for (int y = 0; y < kTiles; ++y) {
    for (int x = 0; x < kTiles; ++x) {
      const int column = mirrored ? kTiles - 1 - x : x;
      const double fx =
          region.left + (column + 0.5) / kTiles * (region.right - region.left);
      const double fy =
          region.top + (y + 0.5) / kTiles * (region.bottom - region.top);
      const int i = static_cast<int>(
          std::floor((fx - v.left) / (v.right - v.left) * kTiles));
      const int j = static_cast<int>(
          std::floor((fy - v.top) / (v.bottom - v.top) * kTiles));
      if (i < 0 || j < 0 || i >= kTiles || j >= kTiles) continue;
      out[y * kTiles + x] = best->texture[j * kTiles + i];
    }
  }
  return out;
}

float MedianOf(std::vector<float>& values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  return values[values.size() / 2];
}

// 1.48 times the median distance from the median: the standard deviation of
// what is not exceptional.
float NoiseOf(std::vector<float> values, float median) {
  for (float& v : values) v = std::abs(v - median);
  return 1.48f * MedianOf(values);
}

// Fits query = gain * reference + offset on most pixels of the pair.
struct Tone {
  float gain = 1, offset = 0;
};
Tone FitTone(const Patch& q, const Patch& r) {
  Tone tone;
  float limit = 1e9f;
  std::vector<float> residuals;
  residuals.reserve(Patch::kPixels);
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round) {
    double n = 0, sq = 0, sr = 0, sqr = 0, srr = 0;
    residuals.clear();
    for (int i = 0; i < Patch::kPixels; ++i) {
      if (!q.inside[i] || !r.inside[i]) continue;
      const float e = std::abs(q.luma[i] - tone.gain * r.luma[i] - tone.offset);
      residuals.push_back(e);
      if (round > 0 && e > limit) continue;
      ++n;
      sq += q.luma[i];
      sr += r.luma[i];
      sqr += double(q.luma[i]) * r.luma[i];
      srr += double(r.luma[i]) * r.luma[i];
    }
    if (n < 64) return tone;
    const double var = srr - sr * sr / n;
    tone.gain = static_cast<float>(
        var > n ? std::clamp((sqr - sq * sr / n) / var, 0.4, 2.5) : 1);
    tone.offset = static_cast<float>((sq - tone.gain * sr) / n);
    if (round + 1 < kRounds) limit = std::max(4.0f, 3 * MedianOf(residuals));
  }
  return tone;
}

// A worse encoder costs the picture texture, and most where there is much: of
// each tile's loss only what sticks out counts, among the tiles of the pair
// that had about as much texture.
void TakeUsualLoss(const std::array<float, kAll>& had, Compared& pair) {
  constexpr int kAlike = kAll / 8;  // tiles on either side
  constexpr int kStep = 8;          // tiles that share an answer
  std::vector<int> order;
  for (int t = 0; t < kAll; ++t) {
    if (pair.inside[t]) order.push_back(t);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return had[a] < had[b]; });
  const std::array<float, kAll> loss = pair.texture;
  const int n = static_cast<int>(order.size());
  std::vector<float> alike;
  for (int i = 0; i < n; i += kStep) {
    alike.clear();
    const int first = std::clamp(i - kAlike, 0, std::max(0, n - 2 * kAlike));
    const int last = std::min(n, first + 2 * kAlike);
    for (int k = first; k < last; ++k) alike.push_back(loss[order[k]]);
    const float usual = MedianOf(alike);
    const float noise = NoiseOf(alike, usual);
    for (int k = i; k < std::min(n, i + kStep); ++k) {
      pair.texture[order[k]] -= usual;
      pair.texture_noise[order[k]] = noise;
    }
  }
}

// The values that pixel (x, y) has when the picture lies a little elsewhere.
struct Values {
  float low, high;
};
Values Nearby(const Patch& patch, int x, int y) {
  const int i = y * Patch::kSide + x;
  const float here = patch.luma[i];
  Values values = {here, here};
  const auto look = [&](bool exists, int at) {
    if (!exists || !patch.inside[at]) return;
    const float there = here + kMisplaced * (patch.luma[at] - here);
    values.low = std::min(values.low, there);
    values.high = std::max(values.high, there);
  };
  look(x > 0, i - 1);
  look(x + 1 < Patch::kSide, i + 1);
  look(y > 0, i - Patch::kSide);
  look(y + 1 < Patch::kSide, i + Patch::kSide);
  return values;
}

// How far `value` is from what the reference may show.
float Beyond(float value, const Values& values, const Tone& tone) {
  return std::max({0.0f, value - tone.gain * values.high - tone.offset,
                   tone.gain * values.low + tone.offset - value});
}

// By how much the texture of tile t rises when the picture lies a little
// elsewhere and its neighbours' edges come in.
float Leaked(const std::array<float, kAll>& texture, int t) {
  const auto mean = [&](int tile) { return std::exp2(texture[tile] / 16) - 1; };
  const float own = mean(t);
  float most = own;
  const int x = t % kTiles, y = t / kTiles;
  const auto look = [&](bool exists, int at) {
    if (exists && texture[at] >= 0) most = std::max(most, mean(at));
  };
  look(x > 0, t - 1);
  look(x + 1 < kTiles, t + 1);
  look(y > 0, t - kTiles);
  look(y + 1 < kTiles, t + kTiles);
  constexpr float kOfTile = kMisplaced * kTiles / Patch::kSide;
  return 16 * std::log2(1 + own + kOfTile * (most - own)) - texture[t];
}

Compared Compare(const FrameSample& q_sample, const VideoReport& reference,
                 const AlignedSample& aligned,
                 const VideoAlignment& alignment) {
  Compared out;
  out.q = q_sample.seconds;
  const int r_index = aligned.r;
  const auto r_at = [&](int i) -> const FrameSample& {
    return reference.samples[static_cast<std::size_t>(
        std::clamp<int>(i, 0, static_cast<int>(reference.samples.size()) - 1))];
  };
  const Patch q = PatchOf(q_sample, alignment.q_region, alignment.mirrored);
  const Patch r = PatchOf(r_at(r_index), alignment.r_region, false);
  const Patch before = PatchOf(r_at(r_index - 1), alignment.r_region, false);
  const Patch after = PatchOf(r_at(r_index + 1), alignment.r_region, false);
  const Tone tone = FitTone(q, r);
  // How far apart in time the two samples are, in steps between samples.
  const AlignmentLine& line =
      alignment.lines[static_cast<std::size_t>(std::max(aligned.line, 0))];
  const auto late = static_cast<float>(std::min(
      1.0, std::abs(line.At(q_sample.seconds) - r_at(r_index).seconds) / 0.25));
  const float moved = 0.15f + 0.85f * late;
  constexpr int kPer = Patch::kSide / kTiles;
  const auto q_texture =
      TextureOf(q_sample, alignment.q_region, alignment.mirrored);
  const auto r_texture = TextureOf(r_at(r_index), alignment.r_region, false);
  const auto t_before = TextureOf(r_at(r_index - 1), alignment.r_region, false);
  const auto t_after = TextureOf(r_at(r_index + 1), alignment.r_region, false);
  for (int ty = 0; ty < kTiles; ++ty) {
    for (int tx = 0; tx < kTiles; ++tx) {
      const int t = ty * kTiles + tx;
      float luma = 0, motion = 0;
      int n = 0;
      for (int y = ty * kPer; y < (ty + 1) * kPer; ++y) {
        for (int x = tx * kPer; x < (tx + 1) * kPer; ++x) {
          const int i = y * Patch::kSide + x;
          if (!q.inside[i] || !r.inside[i]) continue;
          luma += Beyond(q.luma[i], Nearby(r, x, y), tone);
          motion += tone.gain * std::max(std::abs(r.luma[i] - before.luma[i]),
                                         std::abs(r.luma[i] - after.luma[i]));
          ++n;
        }
      }
      if (n < kPer * kPer) continue;
      out.inside[t] = 1;
      out.luma[t] = luma / static_cast<float>(n);
      out.motion[t] = moved * motion / static_cast<float>(n);
      if (q_texture[t] >= 0 && r_texture[t] >= 0) {
        out.texture[t] = r_texture[t] - q_texture[t];
        out.unsteady[t] = moved * std::max(std::abs(r_texture[t] - t_before[t]),
                                           std::abs(r_texture[t] - t_after[t]));
        // What is lost here may be an edge that went to the next tile.
        if (out.texture[t] > 0) out.unsteady[t] += Leaked(q_texture, t);
      }
    }
  }
  TakeUsualLoss(r_texture, out);
  std::vector<float> luma;
  for (int t = 0; t < kAll; ++t) {
    if (out.inside[t]) luma.push_back(out.luma[t]);
  }
  const float usual_luma = MedianOf(luma);
  out.luma_noise = NoiseOf(luma, usual_luma);
  return out;
}

struct Stretch {
  int tile;
  std::size_t first, last;  // of the compared samples
  int by_luma = 0;          // how many of them differ in luma
};

// For each tile, the stretches in which it differs though it usually does not.
std::vector<Stretch> OddStretches(const std::vector<Compared>& compared) {
  std::vector<Stretch> stretches;
  std::vector<float> luma, texture;
  for (int t = 0; t < kAll; ++t) {
    luma.clear();
    texture.clear();
    for (const Compared& c : compared) {
      if (!c.inside[t]) continue;
      luma.push_back(c.luma[t]);
      texture.push_back(c.texture[t]);
    }
    if (luma.size() < compared.size() / 2) continue;
    const float usual_luma = MedianOf(luma);
    const float usual_texture = MedianOf(texture);
    const float luma_noise = NoiseOf(luma, usual_luma);
    const float texture_noise = NoiseOf(texture, usual_texture);
    std::optional<Stretch> open;
    std::size_t missed = 0;
    const auto close = [&] {
      if (open &&
          compared[open->last].q - compared[open->first].q >= kShortest - 0.2) {
        stretches.push_back(*open);
      }
      open.reset();
    };
    for (std::size_t k = 0; k < compared.size(); ++k) {
      const Compared& c = compared[k];
      const float luma_step =
          std::max(kLumaStep, kNoises * std::max(luma_noise, c.luma_noise));
      const float texture_step = std::max(
          kTextureStep, kNoises * std::max(texture_noise, c.texture_noise[t]));
      const bool by_luma = c.luma[t] > usual_luma + luma_step + c.motion[t];
      const bool by_texture =
          std::abs(c.texture[t] - usual_texture) > texture_step + c.unsteady[t];
      if (c.inside[t] && (by_luma || by_texture)) {
        if (!open) open = Stretch{t, k, k, 0};
        open->last = k;
        if (by_luma) ++open->by_luma;
        missed = 0;
      } else if (open && ++missed > 1) {
        close();
      }
    }
    close();
  }
  return stretches;
}

struct Group {
  std::vector<Stretch> members;
  int left = kTiles, right = -1, top = kTiles, bottom = -1;
};

bool Together(const Stretch& a, const Stretch& b) {
  const int dx = std::abs(a.tile % kTiles - b.tile % kTiles);
  const int dy = std::abs(a.tile / kTiles - b.tile / kTiles);
  if (dx > 1 || dy > 1) return false;
  const auto first = std::max(a.first, b.first),
             last = std::min(a.last, b.last);
  if (first > last) return false;
  const auto whole = std::max(a.last, b.last) - std::min(a.first, b.first) + 1;
  return 10 * (last - first + 1) >= 5 * whole;
}

std::vector<Group> GroupUp(std::vector<Stretch> stretches) {
  std::vector<Group> groups;
  std::vector<bool> used(stretches.size(), false);
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    if (used[i]) continue;
    Group group;
    std::vector<std::size_t> queue = {i};
    used[i] = true;
    while (!queue.empty()) {
      const Stretch& s = stretches[queue.back()];
      queue.pop_back();
      group.members.push_back(s);
      group.left = std::min(group.left, s.tile % kTiles);
      group.right = std::max(group.right, s.tile % kTiles);
      group.top = std::min(group.top, s.tile / kTiles);
      group.bottom = std::max(group.bottom, s.tile / kTiles);
      for (std::size_t j = 0; j < stretches.size(); ++j) {
        if (!used[j] && Together(s, stretches[j])) {
          used[j] = true;
          queue.push_back(j);
        }
      }
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

bool IsWithin(const std::vector<AlignedSpan>& spans, double seconds) {
  return std::any_of(spans.begin(), spans.end(), [&](const AlignedSpan& s) {
    return s.q0 <= seconds && seconds <= s.q1;
  });
}

void FromPictures(const VideoReport& query, const VideoReport& reference,
                  const VideoAlignment& alignment,
                  std::vector<Alteration>& out) {
  std::vector<Compared> compared;
  for (std::size_t k = 0; k < query.samples.size(); ++k) {
    const AlignedSample& at = alignment.samples[k];
    // Even pictures match anything, but what is painted on them shows.
    const bool even = at.kind == AlignedSample::Kind::kUnknown &&
                      IsWithin(alignment.spans, query.samples[k].seconds);
    if ((at.kind != AlignedSample::Kind::kMatch && !even) || at.r < 0) continue;
    compared.push_back(Compare(query.samples[k], reference, at, alignment));
  }
  if (compared.size() < 8) return;
  for (const Group& group : GroupUp(OddStretches(compared))) {
    const int tiles = static_cast<int>(group.members.size());
    const int box =
        (group.right - group.left + 1) * (group.bottom - group.top + 1);
    if (tiles < kLeastTiles || 2 * tiles < box) continue;
    // Half of the picture at once is a bad alignment, not a painted part.
    if (box > kAll / 3) continue;
    std::vector<float> starts, ends;
    int by_luma = 0;
    for (const Stretch& s : group.members) {
      if (2 * s.by_luma > static_cast<int>(s.last - s.first)) ++by_luma;
      starts.push_back(static_cast<float>(compared[s.first].q));
      ends.push_back(static_cast<float>(compared[s.last].q));
    }
    const double start = MedianOf(starts) - 0.125;
    const double end = MedianOf(ends) + 0.125;
    if (end - start < kLeastPainted) continue;
    const double whole = compared.back().q - compared.front().q;
    const bool always = end - start > 0.85 * whole;
    const bool edge = group.left == 0 || group.right == kTiles - 1 ||
                      group.top == 0 || group.bottom == kTiles - 1;
    const bool low = group.top >= kTiles * 7 / 10;
    // Texture that goes and comes with a shot is how that shot was encoded.
    const auto at_cut = [&](double t) {
      return std::any_of(query.shots.begin(), query.shots.end(),
                         [&](const Shot& shot) {
                           return std::abs(shot.start - t) < 0.2 ||
                                  std::abs(shot.end - t) < 0.2;
                         });
    };
    const bool by_texture = 2 * by_luma < tiles;
    if (by_texture && at_cut(start) && at_cut(end)) continue;
    // Texture in a line one tile wide is an edge that lies a little elsewhere.
    if (by_texture && (group.left == group.right || group.top == group.bottom))
      continue;
    const bool overlay = always || edge || low;
    out.push_back(
        {overlay ? "overlay" : "painted", std::max(0.0, start), end, 0});
  }
}

}  // namespace

std::vector<Alteration> FindAlterations(const VideoReport& query,
                                        const VideoReport& reference,
                                        const VideoAlignment& alignment) {
  std::vector<Alteration> found;
  FromSpans(alignment, found);
  FromPictures(query, reference, alignment, found);
  return found;
}

}  // namespace stemma

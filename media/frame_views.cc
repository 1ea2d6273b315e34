#include "media/frame_views.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "hash/fast_clones.h"

namespace stemma {
namespace {

constexpr int kSide = WorkImage::kSide;

STEMMA_FAST_CLONES
void AddRow(const std::uint8_t* row, int width, float* sums) {
  for (int x = 0; x < width; ++x) sums[x] += static_cast<float>(row[x]);
}
STEMMA_FAST_CLONES
void AddRow(const std::uint16_t* row, int width, float* sums) {
  for (int x = 0; x < width; ++x) sums[x] += static_cast<float>(row[x]);
}
STEMMA_FAST_CLONES
void AddRow(const float* row, int width, float* sums) {
  for (int x = 0; x < width; ++x) sums[x] += row[x];
}

// The source interval that output sample `i` of kSide covers, at least one.
std::pair<int, int> Covered(int i, int length) {
  const int first =
      static_cast<int>(static_cast<std::int64_t>(i) * length / kSide);
  const int last =
      static_cast<int>(static_cast<std::int64_t>(i + 1) * length / kSide);
  return {first, std::max(first + 1, last)};
}

template <class T>
void Average(const LumaPlane& plane, std::vector<std::uint8_t>& out) {
  std::vector<float> sums(static_cast<std::size_t>(plane.width));
  const char* base = static_cast<const char*>(plane.data);
  for (int i = 0; i < kSide; ++i) {
    const auto [top, bottom] = Covered(i, plane.height);
    std::fill(sums.begin(), sums.end(), 0.0f);
    for (int y = top; y < bottom; ++y) {
      AddRow(reinterpret_cast<const T*>(base + y * plane.stride), plane.width,
             sums.data());
    }
    for (int j = 0; j < kSide; ++j) {
      const auto [left, right] = Covered(j, plane.width);
      float sum = 0;
      for (int x = left; x < right; ++x) sum += sums[x];
      const float mean =
          sum / static_cast<float>((bottom - top) * (right - left));
      out[i * kSide + j] = static_cast<std::uint8_t>(
          std::clamp((mean - plane.black) * plane.scale + 0.5f, 0.0f, 255.0f));
    }
  }
}

void Turn(std::vector<std::uint8_t>& luma, int turn) {
  if (turn == 0) return;
  const std::vector<std::uint8_t> from = luma;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      int sx = x, sy = y;
      if (turn == 90) {
        sx = y;
        sy = kSide - 1 - x;
      } else if (turn == 180) {
        sx = kSide - 1 - x;
        sy = kSide - 1 - y;
      } else {
        sx = kSide - 1 - y;
        sy = x;
      }
      luma[y * kSide + x] = from[sy * kSide + sx];
    }
  }
}

int Laplacian(const WorkImage& image, int x, int y) {
  return 4 * image.At(x, y) - image.At(x - 1, y) - image.At(x + 1, y) -
         image.At(x, y - 1) - image.At(x, y + 1);
}

// ---- bars ----

struct LineStats {
  double mean = 0;
  int spread = 0;  // between the 3rd and 97th percentile
};

LineStats StatsOf(const WorkImage& image, int line, bool row) {
  std::array<int, 256> histogram{};
  int sum = 0;
  for (int k = 0; k < kSide; ++k) {
    const int v = row ? image.At(k, line) : image.At(line, k);
    ++histogram[v];
    sum += v;
  }
  constexpr int kCut = kSide * 3 / 100;
  int low = 0, high = 255;
  for (int seen = 0; (seen += histogram[low]) <= kCut;) ++low;
  for (int seen = 0; (seen += histogram[high]) <= kCut;) --high;
  return {static_cast<double>(sum) / kSide, high - low};
}

// Lines that are one grey across, and the same grey in all frames.
std::array<bool, kSide> BarLines(std::span<const WorkImage* const> run,
                                 bool rows) {
  std::array<bool, kSide> bar{};
  for (int line = 0; line < kSide; ++line) {
    double low = 255, high = 0;
    bool flat = true;
    for (const WorkImage* image : run) {
      const LineStats stats = StatsOf(*image, line, rows);
      if (stats.spread > 10) {
        flat = false;
        break;
      }
      low = std::min(low, stats.mean);
      high = std::max(high, stats.mean);
    }
    bar[line] = flat && high - low <= 4;
  }
  return bar;
}

// Frames without a picture do not vote: black, or one colour.
bool HasPicture(const WorkImage& image) {
  std::array<int, 256> histogram{};
  for (const std::uint8_t v : image.luma) ++histogram[v];
  int low = 0, high = 255;
  constexpr int kCut = kSide * kSide / 50;
  for (int seen = 0; (seen += histogram[low]) <= kCut;) ++low;
  for (int seen = 0; (seen += histogram[high]) <= kCut;) --high;
  return high - low >= 24;
}

// How far the bars reach from both ends; {0, kSide} when there are none.
std::pair<int, int> Inside(const std::array<bool, kSide>& bar) {
  int first = 0, last = kSide;
  while (first < kSide && bar[first]) ++first;
  while (last > first && bar[last - 1]) --last;
  // One line of a bar mixes with the picture at its edge.
  constexpr int kLeast = 4;
  if (first < kLeast) first = 0;
  if (kSide - last < kLeast) last = kSide;
  if (last - first < kSide / 6) return {0, kSide};
  return {first, last};
}

Region WithoutBars(std::span<const WorkImage* const> run) {
  const auto [top, bottom] = Inside(BarLines(run, true));
  const auto [left, right] = Inside(BarLines(run, false));
  return {double(left) / kSide, double(top) / kSide, double(right) / kSide,
          double(bottom) / kSide};
}

// ---- insets ----

// How strongly a straight line lies between sample k - 1 and k of each line,
// over all frames: the mean step there, less what is usual two samples away.
struct EdgeMap {
  // step[k * kSide + along], k from 1 to kSide - 1.
  std::vector<float> ridge;
  // Sums along the line, for O(1) sides: [k * (kSide + 1) + along].
  std::vector<float> sums;
  std::vector<float> hits;  // same, counting places with a clear ridge
};

EdgeMap MapEdges(std::span<const WorkImage* const> run, bool columns) {
  std::vector<float> step(kSide * kSide, 0.0f);
  for (const WorkImage* image : run) {
    for (int k = 1; k < kSide; ++k) {
      for (int along = 0; along < kSide; ++along) {
        const int a = columns ? image->At(k, along) : image->At(along, k);
        const int b =
            columns ? image->At(k - 1, along) : image->At(along, k - 1);
        step[k * kSide + along] +=
            static_cast<float>(std::min(std::abs(a - b), 40));
      }
    }
  }
  for (float& s : step) s /= static_cast<float>(run.size());

  EdgeMap map;
  map.ridge.assign(kSide * kSide, 0.0f);
  map.sums.assign(kSide * (kSide + 1), 0.0f);
  map.hits.assign(kSide * (kSide + 1), 0.0f);
  for (int k = 1; k < kSide; ++k) {
    for (int along = 0; along < kSide; ++along) {
      const auto at = [&](int n) {
        return step[std::clamp(n, 1, kSide - 1) * kSide + along];
      };
      // An edge between samples may be spread over two steps.
      const float here = at(k) + 0.5f * std::max(at(k - 1), at(k + 1));
      const float usual = 0.75f * (at(k - 3) + at(k + 3));
      const float ridge = std::clamp(here - usual, -6.0f, 14.0f);
      map.ridge[k * kSide + along] = ridge;
      const int base = k * (kSide + 1) + along;
      map.sums[base + 1] = map.sums[base] + ridge;
      map.hits[base + 1] = map.hits[base] + (ridge > 2.0f ? 1.0f : 0.0f);
    }
  }
  return map;
}

// Lines worth trying as a side: local maxima of their best stretch.
std::vector<int> Candidates(const EdgeMap& map) {
  std::vector<std::pair<float, int>> strength;
  std::array<float, kSide> total{};
  for (int k = 2; k < kSide - 1; ++k) {
    float best = 0, run = 0;
    for (int along = 0; along < kSide; ++along) {
      run = std::max(0.0f, run + map.ridge[k * kSide + along] - 1.0f);
      best = std::max(best, run);
    }
    total[k] = best;
  }
  for (int k = 2; k < kSide - 1; ++k) {
    if (total[k] >= total[k - 1] && total[k] > total[k + 1] && total[k] > 40) {
      strength.emplace_back(total[k], k);
    }
  }
  std::sort(strength.rbegin(), strength.rend());
  constexpr std::size_t kMost = 14;
  if (strength.size() > kMost) strength.resize(kMost);
  std::vector<int> lines;
  for (const auto& [s, k] : strength) lines.push_back(k);
  return lines;
}

struct Side {
  float mean = 0;       // ridge, grey levels
  float covered = 1;    // share of its length with a clear ridge
  bool border = false;  // lies on the frame's edge: counts for nothing
};

Side SideOf(const EdgeMap& map, int line, int from, int to) {
  if (line == 0 || line == kSide) return {0, 1, true};
  const int base = line * (kSide + 1);
  const auto length = static_cast<float>(to - from);
  return {(map.sums[base + to] - map.sums[base + from]) / length,
          (map.hits[base + to] - map.hits[base + from]) / length, false};
}

std::optional<Region> FindInset(std::span<const WorkImage* const> run,
                                const Region& picture) {
  if (run.size() < 4) return std::nullopt;
  const EdgeMap columns = MapEdges(run, true);
  const EdgeMap rows = MapEdges(run, false);
  std::vector<int> xs = Candidates(columns), ys = Candidates(rows);
  for (const int border : {0, kSide}) {
    xs.push_back(border);
    ys.push_back(border);
  }
  std::sort(xs.begin(), xs.end());
  std::sort(ys.begin(), ys.end());

  constexpr int kLeast = kSide / 5;
  float best = 0;
  std::optional<Region> found;
  for (const int x0 : xs) {
    for (const int x1 : xs) {
      if (x1 - x0 < kLeast) continue;
      for (const int y0 : ys) {
        for (const int y1 : ys) {
          if (y1 - y0 < kLeast) continue;
          const Side sides[] = {
              SideOf(columns, x0, y0, y1), SideOf(columns, x1, y0, y1),
              SideOf(rows, y0, x0, x1), SideOf(rows, y1, x0, x1)};
          float sum = 0, least = 99, covered = 1;
          int real = 0;
          for (const Side& side : sides) {
            if (side.border) continue;
            ++real;
            sum += side.mean;
            least = std::min(least, side.mean);
            covered = std::min(covered, side.covered);
          }
          if (real < 2 || least < 2.5f || covered < 0.6f) continue;
          // Four true sides say more than two; larger beats smaller.
          const float size = static_cast<float>((x1 - x0) + (y1 - y0)) / kSide;
          const float score = sum / static_cast<float>(real) *
                              (0.7f + 0.1f * static_cast<float>(real)) *
                              (0.6f + 0.2f * size);
          if (score <= best) continue;
          best = score;
          found = Region{double(x0) / kSide, double(y0) / kSide,
                         double(x1) / kSide, double(y1) / kSide};
        }
      }
    }
  }
  if (found && std::abs(found->left - picture.left) < 0.02 &&
      std::abs(found->right - picture.right) < 0.02 &&
      std::abs(found->top - picture.top) < 0.02 &&
      std::abs(found->bottom - picture.bottom) < 0.02) {
    return std::nullopt;  // the edge of the bars, found once more
  }
  return found;
}

// Mean of the samples under [left, right) x [top, bottom), in samples, with
// fractions of the samples at the border.
class BoxMeans {
 public:
  explicit BoxMeans(const WorkImage& image)
      : sums_((kSide + 1) * (kSide + 1), 0.0) {
    for (int y = 0; y < kSide; ++y) {
      double row = 0;
      for (int x = 0; x < kSide; ++x) {
        row += image.At(x, y);
        sums_[(y + 1) * (kSide + 1) + x + 1] =
            sums_[y * (kSide + 1) + x + 1] + row;
      }
    }
  }
  double Mean(double left, double top, double right, double bottom) const {
    const double area = (right - left) * (bottom - top);
    return (Sum(right, bottom) - Sum(left, bottom) - Sum(right, top) +
            Sum(left, top)) /
           area;
  }

 private:
  double Sum(double x, double y) const {
    const int xi = std::min(static_cast<int>(x), kSide - 1);
    const int yi = std::min(static_cast<int>(y), kSide - 1);
    const double fx = x - xi, fy = y - yi;
    const auto at = [&](int i, int j) { return sums_[j * (kSide + 1) + i]; };
    return (1 - fx) * (1 - fy) * at(xi, yi) + fx * (1 - fy) * at(xi + 1, yi) +
           (1 - fx) * fy * at(xi, yi + 1) + fx * fy * at(xi + 1, yi + 1);
  }
  std::vector<double> sums_;
};

}  // namespace

WorkImage MakeWorkImage(const LumaPlane& plane, int turn) {
  WorkImage image;
  image.luma.resize(kSide * kSide);
  switch (plane.bytes) {
    case 1:
      Average<std::uint8_t>(plane, image.luma);
      break;
    case 2:
      Average<std::uint16_t>(plane, image.luma);
      break;
    default:
      Average<float>(plane, image.luma);
      break;
  }
  Turn(image.luma, turn);
  return image;
}

double Sharpness(const WorkImage& image) {
  double sum = 0, squares = 0;
  int n = 0;
  for (int y = 1; y < kSide - 1; ++y) {
    for (int x = 1; x < kSide - 1; ++x) {
      const double v = Laplacian(image, x, y);
      sum += v;
      squares += v * v;
      ++n;
    }
  }
  const double mean = sum / n;
  return squares / n - mean * mean;
}

ShownRegions FindRegions(std::span<const WorkImage> run) {
  std::vector<const WorkImage*> voters;
  for (const WorkImage& image : run) {
    if (HasPicture(image)) voters.push_back(&image);
  }
  ShownRegions shown;
  if (voters.size() < 3) return shown;
  shown.picture = WithoutBars(voters);
  shown.inset = FindInset(voters, shown.picture);
  return shown;
}

FrameView MakeView(const WorkImage& image, FrameView::Kind kind,
                   const Region& region) {
  FrameView view;
  view.kind = kind;
  view.region = region;
  const double left = region.left * kSide, top = region.top * kSide;
  const double width = (region.right - region.left) * kSide;
  const double height = (region.bottom - region.top) * kSide;

  const BoxMeans means(image);
  constexpr int kOut = FrameView::kSide;
  for (int i = 0; i < kOut; ++i) {
    for (int j = 0; j < kOut; ++j) {
      view.luma[i * kOut + j] =
          static_cast<std::uint8_t>(std::lround(std::clamp(
              means.Mean(left + j * width / kOut, top + i * height / kOut,
                         left + (j + 1) * width / kOut,
                         top + (i + 1) * height / kOut),
              0.0, 255.0)));
    }
  }
  constexpr int kTiles = FrameView::kTextureSide;
  for (int i = 0; i < kTiles; ++i) {
    for (int j = 0; j < kTiles; ++j) {
      const int x0 = std::max(1, static_cast<int>(left + j * width / kTiles));
      const int y0 = std::max(1, static_cast<int>(top + i * height / kTiles));
      const int x1 = std::clamp(
          static_cast<int>(left + (j + 1) * width / kTiles), x0 + 1, kSide - 1);
      const int y1 = std::clamp(
          static_cast<int>(top + (i + 1) * height / kTiles), y0 + 1, kSide - 1);
      double sum = 0;
      int n = 0;
      for (int y = y0; y < y1; ++y) {
        for (int x = x0; x < x1; ++x) {
          if (x >= kSide - 1 || y >= kSide - 1) continue;
          sum += std::abs(Laplacian(image, x, y));
          ++n;
        }
      }
      const double mean = n == 0 ? 0 : sum / n;
      view.texture[i * kTiles + j] = static_cast<std::uint8_t>(
          std::clamp(16 * std::log2(1 + mean), 0.0, 255.0));
    }
  }
  return view;
}

}  // namespace stemma

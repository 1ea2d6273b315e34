#include "hash/pdq.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "hash/fast_clones.h"

namespace stemma {
namespace {

constexpr int kSide = 64;
constexpr int kTerms = 16;
constexpr int kSmallestSide = 5;
constexpr int kLongestStill = 512;

STEMMA_FAST_CLONES
void AddRow(float* line, const std::uint8_t* row, float weight, int n) {
  for (int x = 0; x < n; ++x) line[x] += weight * static_cast<float>(row[x]);
}
STEMMA_FAST_CLONES
void AddRow(float* line, const std::uint16_t* row, float weight, int n) {
  for (int x = 0; x < n; ++x) line[x] += weight * static_cast<float>(row[x]);
}
STEMMA_FAST_CLONES
void AddRow(float* line, const float* row, float weight, int n) {
  for (int x = 0; x < n; ++x) line[x] += weight * row[x];
}

struct Window {
  int left, right;  // both inside
  int size() const { return right - left + 1; }
};

// The inputs that Meta's box filter averages for output `i`: the window sits
// half a sample to the right when its width is even, and shrinks at the ends.
Window BoxAround(int i, int width, int length) {
  const int half = (width + 2) / 2;
  return {std::max(0, i + half - width), std::min(length - 1, i + half - 1)};
}

// D[i][j] = sqrt(2/64) cos(pi/2/64 (i+1)(2j+1)): frequencies 1 to 16.
using DctMatrix = std::array<std::array<float, kSide>, kTerms>;
const DctMatrix& Dct() {
  static const DctMatrix matrix = [] {
    DctMatrix d{};
    const float scale = std::sqrt(2.0f / kSide);
    for (int i = 0; i < kTerms; ++i) {
      for (int j = 0; j < kSide; ++j) {
        d[i][j] =
            static_cast<float>(scale * std::cos(std::numbers::pi / 2 / kSide *
                                                (i + 1) * (2 * j + 1)));
      }
    }
    return d;
  }();
  return matrix;
}

// The terms of one of the eight forms, from those of the picture as it is.
PdqTerms Turned(const PdqTerms& terms, int form) {
  PdqTerms turned;
  for (int i = 0; i < kTerms; ++i) {
    for (int j = 0; j < kTerms; ++j) {
      const float b = terms[i * kTerms + j];
      const bool odd_i = i & 1, odd_j = j & 1, odd_sum = (i + j) & 1;
      float& same = turned[i * kTerms + j];
      float& across = turned[j * kTerms + i];
      switch (form) {
        case 0:
          same = b;
          break;
        case 1:
          across = odd_j ? b : -b;
          break;
        case 2:
          same = odd_sum ? -b : b;
          break;
        case 3:
          across = odd_i ? b : -b;
          break;
        case 4:
          same = odd_i ? b : -b;
          break;
        case 5:
          same = odd_j ? b : -b;
          break;
        case 6:
          across = b;
          break;
        default:
          across = odd_sum ? -b : b;
          break;
      }
    }
  }
  return turned;
}

// One box pass as Meta's code runs it: a float sum that gains a sample on the
// right and loses one on the left. Its rounding decides bits of flat pictures,
// so stills keep it; `lines` runs `side_by_side` sums at once, which changes
// none of them.
void BoxPass(const float* in, float* out, int length, int width,
             std::ptrdiff_t step, int side_by_side) {
  const int half = (width + 2) / 2;
  std::vector<float> sums(static_cast<std::size_t>(side_by_side), 0.0f);
  int right = 0, left = 0, size = 0;
  const auto gain = [&] {
    const float* from = in + right++ * step;
    for (int x = 0; x < side_by_side; ++x) sums[x] += from[x];
  };
  const auto lose = [&] {
    const float* from = in + left++ * step;
    for (int x = 0; x < side_by_side; ++x) sums[x] -= from[x];
  };
  for (; size < half - 1; ++size) gain();
  for (int i = 0; i < length; ++i) {
    const bool grows = right < length;
    if (grows) gain();
    if (grows && size < width)
      ++size;
    else {
      lose();
      if (!grows) --size;
    }
    float* to = out + i * step;
    const auto divisor = static_cast<float>(size);
    for (int x = 0; x < side_by_side; ++x) to[x] = sums[x] / divisor;
  }
}

// The 64x64 samples of a still: two box passes over the whole picture.
PdqSamples FilteredSamples(std::vector<float> luma, int width, int height) {
  std::vector<float> other(luma.size());
  const int row_window = (width + 127) / 128;
  const int column_window = (height + 127) / 128;
  for (int pass = 0; pass < 2; ++pass) {
    for (int y = 0; y < height; ++y) {
      const std::size_t at = static_cast<std::size_t>(y) * width;
      BoxPass(&luma[at], &other[at], width, row_window, 1, 1);
    }
    BoxPass(other.data(), luma.data(), height, column_window, width, width);
  }
  PdqSamples samples;
  for (int i = 0; i < kSide; ++i) {
    const int y = static_cast<int>((i + 0.5) * height / kSide);
    for (int j = 0; j < kSide; ++j) {
      const int x = static_cast<int>((j + 0.5) * width / kSide);
      samples[i * kSide + j] = luma[static_cast<std::size_t>(y) * width + x];
    }
  }
  return samples;
}

// Nearest neighbour to 512x512, aspect ignored, and luma in float.
std::vector<float> LumaOfRgb(std::span<const std::uint8_t> rgb, int width,
                             int height, int out_width, int out_height) {
  std::vector<float> luma(static_cast<std::size_t>(out_width) * out_height);
  for (int y = 0; y < out_height; ++y) {
    const auto from_y = static_cast<std::size_t>(static_cast<std::int64_t>(y) *
                                                 height / out_height);
    for (int x = 0; x < out_width; ++x) {
      const auto from_x = static_cast<std::size_t>(
          static_cast<std::int64_t>(x) * width / out_width);
      const std::uint8_t* p = &rgb[3 * (from_y * width + from_x)];
      luma[static_cast<std::size_t>(y) * out_width + x] =
          0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
    }
  }
  return luma;
}

}  // namespace

LumaReducer::LumaReducer(int width, int height)
    : width_(width),
      height_(height),
      rows_(MakeAxis(height)),
      columns_(MakeAxis(width)),
      line_(static_cast<std::size_t>(width)) {}

LumaReducer::Axis LumaReducer::MakeAxis(int length) {
  Axis axis;
  const int width = (length + 127) / 128;
  std::vector<double> dense;
  for (int i = 0; i < kSide; ++i) {
    const int centre = static_cast<int>((i + 0.5) * length / kSide);
    const Window outer = BoxAround(centre, width, length);
    const int first = BoxAround(outer.left, width, length).left;
    const int last = BoxAround(outer.right, width, length).right;
    dense.assign(static_cast<std::size_t>(last - first + 1), 0.0);
    for (int k = outer.left; k <= outer.right; ++k) {
      const Window inner = BoxAround(k, width, length);
      const double weight = 1.0 / outer.size() / inner.size();
      for (int m = inner.left; m <= inner.right; ++m) {
        dense[static_cast<std::size_t>(m - first)] += weight;
      }
    }
    axis.taps[i] = {first, static_cast<int>(dense.size()), axis.weights.size()};
    for (const double w : dense) {
      axis.weights.push_back(static_cast<float>(w));
    }
  }
  return axis;
}

template <class T>
void LumaReducer::ReducePlane(const T* plane, std::ptrdiff_t stride,
                              float black, float scale, PdqSamples& out) {
  for (int i = 0; i < kSide; ++i) {
    const Taps& rows = rows_.taps[i];
    std::fill(line_.begin(), line_.end(), 0.0f);
    for (int k = 0; k < rows.count; ++k) {
      AddRow(line_.data(), plane + (rows.first + k) * stride,
             rows_.weights[rows.at + static_cast<std::size_t>(k)], width_);
    }
    for (int j = 0; j < kSide; ++j) {
      const Taps& columns = columns_.taps[j];
      const float* weights = &columns_.weights[columns.at];
      const float* values = &line_[static_cast<std::size_t>(columns.first)];
      float sum = 0;
      for (int k = 0; k < columns.count; ++k) sum += weights[k] * values[k];
      out[i * kSide + j] = (sum - black) * scale;
    }
  }
}

void LumaReducer::Reduce(const std::uint8_t* plane, std::ptrdiff_t stride,
                         float black, float scale, PdqSamples& out) {
  ReducePlane(plane, stride, black, scale, out);
}
void LumaReducer::Reduce(const std::uint16_t* plane, std::ptrdiff_t stride,
                         float black, float scale, PdqSamples& out) {
  ReducePlane(plane, stride, black, scale, out);
}
void LumaReducer::Reduce(const float* plane, std::ptrdiff_t stride, float black,
                         float scale, PdqSamples& out) {
  ReducePlane(plane, stride, black, scale, out);
}

PdqTerms PdqTransform(const PdqSamples& samples) {
  const DctMatrix& d = Dct();
  std::array<std::array<float, kSide>, kTerms> half{};
  for (int i = 0; i < kTerms; ++i) {
    // Each sum runs over k in order, 64 of them side by side.
    for (int k = 0; k < kSide; ++k) {
      const float weight = d[i][k];
      const float* row = &samples[k * kSide];
      for (int j = 0; j < kSide; ++j) half[i][j] += weight * row[j];
    }
  }
  PdqTerms terms;
  for (int i = 0; i < kTerms; ++i) {
    for (int j = 0; j < kTerms; ++j) {
      float sum = 0;
      for (int k = 0; k < kSide; ++k) sum += half[i][k] * d[j][k];
      terms[i * kTerms + j] = sum;
    }
  }
  return terms;
}

FrameHash PdqBits(const PdqTerms& terms) {
  PdqTerms sorted = terms;
  // The lower one of the middle pair, as Torben's algorithm returns.
  std::nth_element(sorted.begin(), sorted.begin() + 127, sorted.end());
  const float median = sorted[127];
  FrameHash hash{};
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i] > median) hash[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  return hash;
}

int PdqQuality(const PdqSamples& samples) {
  int sum = 0;
  for (int i = 0; i < kSide; ++i) {
    for (int j = 0; j < kSide; ++j) {
      const float u = samples[i * kSide + j];
      if (i + 1 < kSide) {
        const float v = samples[(i + 1) * kSide + j];
        sum += std::abs(static_cast<int>((u - v) * 100 / 255));
      }
      if (j + 1 < kSide) {
        const float v = samples[i * kSide + j + 1];
        sum += std::abs(static_cast<int>((u - v) * 100 / 255));
      }
    }
  }
  return std::min(100, sum / 90);
}

PdqHash PdqOf(const PdqSamples& samples) {
  return {PdqBits(PdqTransform(samples)), PdqQuality(samples)};
}

std::array<FrameHash, kDihedralForms> PdqDihedral(const PdqTerms& terms) {
  std::array<FrameHash, kDihedralForms> hashes;
  for (int form = 0; form < kDihedralForms; ++form) {
    hashes[form] = PdqBits(Turned(terms, form));
  }
  return hashes;
}

PdqImage PdqOfRgb(std::span<const std::uint8_t> rgb, int width, int height,
                  std::string_view rule) {
  PdqImage image;
  const bool shrink =
      rule == kPdqRule512 && (width > kLongestStill || height > kLongestStill);
  const int out_width = shrink ? kLongestStill : width;
  const int out_height = shrink ? kLongestStill : height;
  if (out_width < kSmallestSide || out_height < kSmallestSide) return image;

  const PdqSamples samples =
      FilteredSamples(LumaOfRgb(rgb, width, height, out_width, out_height),
                      out_width, out_height);
  const PdqTerms terms = PdqTransform(samples);
  image.hash = {PdqBits(terms), PdqQuality(samples)};
  image.dihedral = PdqDihedral(terms);
  return image;
}

std::string PdqHex(const FrameHash& hash) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(64);
  for (int word = 3; word >= 0; --word) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      text += kDigits[(hash[word] >> shift) & 0xF];
    }
  }
  return text;
}

std::optional<FrameHash> ParsePdqHex(std::string_view text) {
  if (text.size() != 64) return std::nullopt;
  FrameHash hash{};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::uint64_t digit = 0;
    if (c >= '0' && c <= '9')
      digit = static_cast<std::uint64_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = static_cast<std::uint64_t>(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F')
      digit = static_cast<std::uint64_t>(c - 'A') + 10;
    else
      return std::nullopt;
    std::uint64_t& word = hash[3 - i / 16];
    word = word << 4 | digit;
  }
  return hash;
}

int HammingDistance(const FrameHash& a, const FrameHash& b) {
  int distance = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    distance += std::popcount(a[i] ^ b[i]);
  }
  return distance;
}

}  // namespace stemma

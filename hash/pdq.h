// PDQ, Meta's 256-bit perceptual hash of a picture, to the bit.
//
// Source: facebook/ThreatExchange pdq/ (README and hashing.pdf): luma, two box
// passes ("Jarosz" filter) down to 64x64, the 16x16 lowest AC terms of a DCT,
// each compared with their median. The two filters are linear and separable,
// so we build them once per frame size as sparse weights (LumaReducer) and
// read every pixel about once, from the decoder's own luma plane.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/media.h"

namespace stemma {

struct PdqHash {
  FrameHash bits{};
  int quality = 0;  // 0 to 100; below 50 the picture is too flat to trust
};

// Which pixels were hashed. The two may differ by a few bits, so the name is
// stored with every hash.
//   "512"   still images: shrunk to 512x512 by nearest neighbour first when a
//           side is longer, as Meta's pdq-photo-hasher does
//   "full"  video frames: hashed at full size, as vPDQ does
inline constexpr std::string_view kPdqRule512 = "512";
inline constexpr std::string_view kPdqRuleFull = "full";

// The order of the eight turned and mirrored forms, as in Meta's tool:
// original, rotate 90, 180, 270, flip x, flip y, flip plus 1, flip minus 1.
inline constexpr int kDihedralForms = 8;
inline constexpr int kMirrored = 5;  // flip y: left and right exchanged

// The 64x64 samples PDQ stands on, row by row, on the scale 0 to 255.
using PdqSamples = std::array<float, 64 * 64>;
// The 16x16 DCT terms.
using PdqTerms = std::array<float, 16 * 16>;

// The sparse form of the two box passes for one frame size.
class LumaReducer {
 public:
  // Pictures smaller than 5 on a side have no hash; `width` and `height` may
  // be any value from 1 to 65535.
  LumaReducer(int width, int height);

  int width() const { return width_; }
  int height() const { return height_; }

  // Reads a plane of `height` rows, `stride` elements apart (it may be
  // negative), and writes (value - black) * scale for each of the 64x64.
  void Reduce(const std::uint8_t* plane, std::ptrdiff_t stride, float black,
              float scale, PdqSamples& out);
  void Reduce(const std::uint16_t* plane, std::ptrdiff_t stride, float black,
              float scale, PdqSamples& out);
  void Reduce(const float* plane, std::ptrdiff_t stride, float black,
              float scale, PdqSamples& out);

 private:
  // One output sample: weights for the inputs [first, first + count).
  struct Taps {
    int first = 0, count = 0;
    std::size_t at = 0;  // into the weights
  };
  struct Axis {
    std::array<Taps, 64> taps{};
    std::vector<float> weights;
  };
  static Axis MakeAxis(int length);
  template <class T>
  void ReducePlane(const T* plane, std::ptrdiff_t stride, float black,
                   float scale, PdqSamples& out);

  int width_, height_;
  Axis rows_, columns_;
  std::vector<float> line_;  // one accumulated output row, `width_` long
};

PdqTerms PdqTransform(const PdqSamples& samples);
FrameHash PdqBits(const PdqTerms& terms);
int PdqQuality(const PdqSamples& samples);
PdqHash PdqOf(const PdqSamples& samples);

// The eight forms from one DCT: what PDQ would say, nearly, of the turned or
// mirrored picture.
std::array<FrameHash, kDihedralForms> PdqDihedral(const PdqTerms& terms);

// 8-bit RGB (3 bytes a pixel, rows without padding) hashed by either rule.
struct PdqImage {
  PdqHash hash;
  std::array<FrameHash, kDihedralForms> dihedral{};
};
PdqImage PdqOfRgb(std::span<const std::uint8_t> rgb, int width, int height,
                  std::string_view rule);

// 64 lowercase hex digits, Meta's order: the most significant word first.
std::string PdqHex(const FrameHash& hash);
std::optional<FrameHash> ParsePdqHex(std::string_view text);

// How many of the 256 bits differ.
int HammingDistance(const FrameHash& a, const FrameHash& b);

}  // namespace stemma

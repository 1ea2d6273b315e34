// PNG and JPEG files become 8-bit RGB pixels, for hashing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace stemma {

struct ImageLimits {
  std::uint64_t max_pixels = 100'000'000;
};

// Rows without padding, 3 bytes a pixel. Transparency is ignored, as Meta's
// tool does; 16-bit samples lose their low byte; greys become three equal
// values.
struct RgbImage {
  int width = 0, height = 0;
  bool damaged = false;  // the end is missing or broken; the rest is there
  std::vector<std::uint8_t> rgb;
};

// Whether the bytes begin as a PNG or a JPEG file does.
bool LooksLikeImage(std::string_view bytes);

// kUnsupported for other formats, kMalformed when no picture comes out, kLimit
// for more pixels than allowed.
Result<RgbImage> DecodeImage(std::string_view bytes,
                             const ImageLimits& limits = {});

}  // namespace stemma

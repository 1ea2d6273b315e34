// From decoded luma to the small views that matching needs: a 256x256 working
// picture, the parts of it worth looking at (without bars or blurred fill, or
// one video inset in another), and their 32x32 copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/media.h"

namespace stemma {

// A frame as shown (turned, if its container says so), squeezed to a square.
struct WorkImage {
  static constexpr int kSide = 256;
  std::vector<std::uint8_t> luma;  // kSide * kSide, 0 to 255

  std::uint8_t At(int x, int y) const { return luma[y * kSide + x]; }
};

// A plane of luma: value v is shown as (v - black) * scale.
struct LumaPlane {
  const void* data = nullptr;
  std::ptrdiff_t stride = 0;  // in bytes
  int width = 0, height = 0;
  int bytes = 1;  // of a value: 1, 2, or 4 for float
  float black = 0, scale = 1;
};

// The area averages of `plane`; one pass over it. `turn` is 0, 90, 180 or 270
// degrees clockwise.
WorkImage MakeWorkImage(const LumaPlane& plane, int turn);

// Variance of the Laplacian: how sharp and detailed the picture is.
double Sharpness(const WorkImage& image);

// What a run of frames (some seconds of one video) shows.
struct ShownRegions {
  // The picture without constant bars around it; the whole frame if none.
  Region picture;
  // A rectangle inside it whose straight edges stay while pictures change:
  // a video on a blurred copy of itself, or in somebody else's frame.
  std::optional<Region> inset;
};
ShownRegions FindRegions(std::span<const WorkImage> run);

FrameView MakeView(const WorkImage& image, FrameView::Kind kind,
                   const Region& region);

}  // namespace stemma

// Are two small views the same picture, however it was cropped, re-encoded or
// written over? Patches are compared after a registration (registration.h) that
// is found once for a whole stretch of video.
#pragma once

#include <array>
#include <cstdint>

#include "core/media.h"

namespace stemma {

// A 32x32 luma patch. The pixels inside the picture, those with `inside` 1, are
// a rectangle; the others have luma 0.
struct Patch {
  static constexpr int kSide = FrameView::kSide;
  static constexpr int kPixels = kSide * kSide;
  std::array<float, kPixels> luma{};
  std::array<std::uint8_t, kPixels> inside{};
};

// The part `region` of the shown frame, from whichever view of the sample
// holds it best. `mirrored`: left and right exchanged.
Patch PatchOf(const FrameSample& sample, const Region& region, bool mirrored);

// A patch with its slow changes taken out, ready to be compared.
struct Detail {
  std::array<float, Patch::kPixels> value{};
  std::array<std::uint8_t, Patch::kPixels> inside{};
  float energy = 0;  // standard deviation of `value`, grey levels
};
Detail DetailOf(const Patch& patch);

// Below this energy a picture is flat and says nothing.
inline constexpr float kFlatEnergy = 2.0f;

// How much of the two pictures agrees, 0 to 1: the share of tiles whose detail
// correlates, so that a caption or a logo costs only its own tiles. -1 when
// there is too little detail to say.
double Agreement(const Detail& a, const Detail& b);

// Normalised correlation of the whole detail, -1 to 1.
double Correlation(const Detail& a, const Detail& b);

// 256 bits of a patch: PDQ's signs on a 32-point DCT.
FrameHash PatchHash(const Patch& patch);

}  // namespace stemma

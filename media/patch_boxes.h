// Means over small boxes of a patch, as sums of shifted rows: plain loops over
// columns, which compilers turn into vector code, with the same result on
// every machine.
#pragma once

#include "media/view_match.h"

namespace stemma {

// For each pixel of `patch` the mean of the pixels inside the picture that lie
// at most `radius` (1 to 3) away on each axis; 0 where there are none.
std::array<float, Patch::kPixels> BoxMeans(const Patch& patch, int radius);

}  // namespace stemma

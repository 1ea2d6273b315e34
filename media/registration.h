// Which part of one video's frames shows what a part of another's shows.
#pragma once

#include <span>

#include "core/media.h"

namespace stemma {

struct PatchPair {
  const FrameSample* q = nullptr;
  const FrameSample* r = nullptr;
};

// Which part of `r`'s frame shows what `q`'s region shows: refines `start`
// over all pairs by weighted least squares (Lucas and Kanade's, with gain and
// offset free for each pair, and outliers weighed down). `start` itself when
// that leads nowhere.
Region Register(std::span<const PatchPair> pairs, const Region& q_region,
                bool mirrored, const Region& start);

}  // namespace stemma

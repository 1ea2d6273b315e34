// From samples that match to spans of time that two videos share.
#pragma once

#include "core/media.h"
#include "media/alignment.h"
#include "media/keyframes.h"

namespace stemma {

// Two samples match when this share of their tiles agrees.
inline constexpr double kMatch = 0.5;

// Fills `alignment.spans` from its lines and samples. Ends are moved to cuts of
// the query and to ends of either video when these are near.
void MakeSpans(const VideoReport& query, const VideoReport& reference,
               VideoAlignment& alignment);

// Whether an alignment with spans is long and sure enough to be called one.
bool IsEnough(const VideoReport& query, const VideoReport& reference,
              const VideoAlignment& alignment);

}  // namespace stemma

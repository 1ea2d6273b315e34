// What was changed between two aligned videos.
#pragma once

#include <vector>

#include "core/media.h"
#include "media/alignment.h"
#include "media/keyframes.h"

namespace stemma {

// "removed", "inserted", "replaced", "reordered": from the spans. "painted":
// a part of the picture was written over for some time. "overlay": the same at
// an edge, in the lower third or all the time: a logo, a caption, subtitles.
// Times in the query's seconds; of "removed" in the reference's, with `at`.
std::vector<VideoComparison::Alteration> FindAlterations(
    const VideoReport& query, const VideoReport& reference,
    const VideoAlignment& alignment);

}  // namespace stemma

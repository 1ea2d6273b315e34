// Lines in (query time, reference time) that votes speak for.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/media.h"
#include "media/alignment.h"
#include "media/keyframes.h"
#include "media/registration.h"

namespace stemma {

// How many pairs of pictures a registration rests on.
inline constexpr std::size_t kPairs = 12;

// A line that votes speak for.
struct Line {
  AlignmentLine at;
  bool mirrored = false;
  Region q_region, r_region;  // see ChooseRegions
  double votes = 0;
};

// The likeliest lines, best first: the peaks of the votes over offset, for
// each speed and either side.
std::vector<Line> LinesOf(const VideoReport& query,
                          const VideoReport& reference,
                          std::span<const AlignmentVote> votes);

// Gives `line` the pair of regions that most of its votes name.
void ChooseRegions(const VideoReport& query, const VideoReport& reference,
                   std::span<const AlignmentVote> votes, Line& line);

// At most kPairs pairs along the line that have votes, evenly spread.
std::vector<PatchPair> PairsOn(const VideoReport& query,
                               const VideoReport& reference,
                               std::span<const AlignmentVote> votes,
                               const Line& line);

}  // namespace stemma

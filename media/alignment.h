// Where two videos show the same pictures: straight lines in (query time,
// reference time), found by votes and proved on the pictures.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/media.h"
#include "media/keyframes.h"

namespace stemma {

// "The view `q_region` of query sample q looks like `r_region` of reference
// sample r."
struct AlignmentVote {
  std::uint32_t q = 0, r = 0;  // sample numbers
  bool mirrored = false;
  Region q_region, r_region;
  double weight = 0;
};

// What sample q of the query shows, on the line it is assigned to.
struct AlignedSample {
  enum class Kind { kMatch, kMismatch, kUnknown };
  Kind kind = Kind::kUnknown;
  int line = -1;      // for kMatch
  int r = -1;         // nearest reference sample on the best line, -1: none
  double score = -1;  // Agreement
};

struct AlignmentLine {
  double speed = 1, offset = 0;  // reference time = speed * q time + offset
  double At(double q) const { return speed * q + offset; }
  bool operator==(const AlignmentLine&) const = default;
};

struct AlignedSpan {
  int line = 0;
  double q0 = 0, q1 = 0, r0 = 0, r1 = 0;
};

struct VideoAlignment {
  bool mirrored = false;
  Region q_region, r_region;  // the same picture in both
  std::vector<AlignmentLine> lines;
  std::vector<AlignedSample> samples;     // one for each of the query's
  std::vector<AlignedSpan> spans;         // in order of query time
  int matched = 0;                        // samples
  double agreement = 0, correlation = 0;  // means over these, see view_match.h
};

// The best alignment of query and reference that explains the votes; nothing
// when they have less than about 3 s in common (or, when one is shorter, most
// of it).
std::optional<VideoAlignment> Align(const VideoReport& query,
                                    const VideoReport& reference,
                                    std::span<const AlignmentVote> votes);

}  // namespace stemma

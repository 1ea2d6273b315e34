// What stands where two texts have no words in common: changes inside a block,
// or whole blocks that were left out or put in.
#pragma once

#include <cstdint>
#include <vector>

#include "core/comparison.h"
#include "trace/compare.h"
#include "trace/compared_side.h"
#include "trace/word_matching.h"

namespace stemma {

struct GapsExplained {
  std::vector<Change> changes;  // in order of the reference
  // Of whole blocks; a block cut off in its middle counts as one.
  std::int64_t lost_words = 0, lost_blocks = 0;
  std::int64_t gained_words = 0, gained_blocks = 0;
};

// The partners of both sides are known (trace/word_matching.h), and what
// matching them found is `matching`.
GapsExplained ExplainGaps(const ComparedSide& a, const ComparedSide& b,
                          const MatchCounts& matching,
                          const CompareOptions& options);

}  // namespace stemma

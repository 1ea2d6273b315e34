// How much of two texts is shared, and how much of that tells: formulas that
// many unrelated texts hold say nothing about who knew whom.
#pragma once

#include <cstdint>

#include "trace/compare.h"
#include "trace/compared_side.h"

namespace stemma {

struct SharedText {
  std::uint32_t words = 0;  // of the reference with a partner, in runs
  double coverage_reference = 0, coverage_suspect = 0;  // shares of all words
  std::uint32_t longest_run = 0;                        // words
  std::uint32_t longest_telling = 0;   // the same outside of formulas
  std::uint32_t longest_sentence = 0;  // standing (nearly) whole in both
  double telling_share = 0;  // the greater coverage, formulas left out
};

// The partners of both sides, prepared from these two texts, are known.
SharedText MeasureShared(const ComparedText& reference,
                         const ComparedText& suspect, const ComparedSide& a,
                         const ComparedSide& b, const CompareOptions& options);

}  // namespace stemma

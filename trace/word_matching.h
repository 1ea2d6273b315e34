// Which word of a suspect is which word of the reference: the first half of a
// comparison.
#pragma once

#include <cstdint>

#include "trace/compared_side.h"

namespace stemma {

// What was noticed on the way.
struct MatchCounts {
  std::int64_t misread = 0;    // words forgiven as misread or mistyped
  std::int64_t respelled = 0;  // the same letters, divided otherwise
  // Where one side runs two blocks of the other into one.
  std::int64_t joins_a = 0, joins_b = 0;
};

// Fills the partners and the moves of both sides: an alignment, put right where
// blocks share too little, stand elsewhere, or begin and end with a sentence.
MatchCounts MatchWords(const CompareOptions& options, ComparedSide& a,
                       ComparedSide& b);

}  // namespace stemma

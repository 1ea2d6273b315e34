// What kind of change a changed passage is: design republication.md 5.2. Rules
// and word lists, so that every answer can be explained.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/comparison.h"
#include "trace/normal_form.h"

namespace stemma {

// A half-open range of tokens of a text, and whether it is whole sentences.
struct TokenRange {
  const NormalText* text = nullptr;
  std::vector<std::uint32_t> tokens;  // in text order
};

// Kinds of replacing `reference` by `suspect` (one may be empty) in display
// order, never empty.
std::vector<std::string> KindsOf(const TokenRange& reference,
                                 const TokenRange& suspect);

Severity SeverityOf(const std::vector<std::string>& kinds);

// Place of a kind in the order of display; most serious first.
int RankOf(std::string_view kind);

}  // namespace stemma

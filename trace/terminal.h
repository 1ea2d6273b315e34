// What a verdict and a family look like in a terminal (design republication.md
// appendix D): the verdict line, one row per change with the most serious
// first, then what is missing or added; furniture and typography are counted,
// never shown. Texts are printed through `safe`.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/comparison.h"
#include "core/publication.h"
#include "trace/tree.h"

namespace stemma {

struct TerminalStyle {
  bool color = false;
  std::size_t max_changes = 50;                       // the rest are counted
  std::function<std::string(std::string_view)> safe;  // makes text harmless
};

std::string RenderVerdict(const Comparison& comparison,
                          const Publication& reference,
                          const Publication& suspect,
                          const TerminalStyle& style);

std::string RenderTree(const StemmaTree& tree,
                       std::span<const Publication> publications,
                       const TerminalStyle& style);

}  // namespace stemma

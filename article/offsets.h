// How offsets of a text lead back to what it was made from.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace stemma {

// Byte `to` of the text came from byte `from`; the bytes behind it go in step
// until the next entry. Ascending in both.
struct OffsetStep {
  std::uint32_t to = 0, from = 0;
};
using OffsetSteps = std::vector<OffsetStep>;

inline void AddStep(OffsetSteps& steps, std::size_t to, std::size_t from) {
  if (!steps.empty()) {
    const OffsetStep& last = steps.back();
    if (last.from + (to - last.to) == from) return;  // still in step
    if (last.to == to) steps.pop_back();
  } else if (to == 0 && from == 0) {
    return;
  }
  steps.push_back(
      {static_cast<std::uint32_t>(to), static_cast<std::uint32_t>(from)});
}

// Where byte `at` came from.
inline std::size_t SourceOf(const OffsetSteps& steps, std::size_t at) {
  const auto after = std::upper_bound(
      steps.begin(), steps.end(), at,
      [](std::size_t offset, const OffsetStep& s) { return offset < s.to; });
  if (after == steps.begin()) return at;
  const OffsetStep& step = *(after - 1);
  return step.from + (at - step.to);
}

// The steps of a text whose source is itself a text with steps.
inline OffsetSteps Through(const OffsetSteps& outer, const OffsetSteps& inner,
                           std::size_t size) {
  OffsetSteps steps;
  // A text begins with its source unless its first step says otherwise.
  const std::size_t lead = outer.empty() || outer.front().to > 0 ? 1 : 0;
  const std::size_t count = outer.size() + lead;
  for (std::size_t i = 0; i < count; ++i) {
    const OffsetStep step = i < lead ? OffsetStep{} : outer[i - lead];
    const std::size_t end = i + 1 < count ? outer[i + 1 - lead].to : size;
    AddStep(steps, step.to, SourceOf(inner, step.from));
    auto mark = std::upper_bound(
        inner.begin(), inner.end(), step.from,
        [](std::size_t offset, const OffsetStep& s) { return offset < s.to; });
    for (; mark != inner.end(); ++mark) {
      const std::size_t to = step.to + (mark->to - step.from);
      if (to >= end) break;
      AddStep(steps, to, mark->from);
    }
  }
  return steps;
}

}  // namespace stemma

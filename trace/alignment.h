// Which words of two texts are the same words: patience anchors (Cohen) on
// 5-word runs unique in both, the heaviest chain of them in order, then dynamic
// programming with affine gaps between; runs that are out of order are moves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace stemma {

struct AlignmentLimits {
  std::size_t anchor_words = 5;    // length of an anchor at first
  std::size_t inner_words = 3;     // and between anchors
  std::size_t max_cells = 60'000;  // of one dynamic programming table; larger
                                   // stretches without an anchor stay unmatched
  std::size_t move_words = 8;      // a shorter run out of order is no move
};

struct Alignment {
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;
  // For each word of one side its word on the other, or kNone.
  std::vector<std::uint32_t> to_suspect, to_reference;
  // Words of either side that are matched out of order.
  std::vector<bool> moved_reference, moved_suspect;
};

// O(n log n) plus max_cells for each gap. Pure.
Alignment Align(std::span<const std::uint64_t> reference,
                std::span<const std::uint64_t> suspect,
                const AlignmentLimits& limits = {});

}  // namespace stemma

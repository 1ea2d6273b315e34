// All hashes of an archive's videos, scanned linearly: 256-bit distances cost
// four XORs and popcounts, so a million hashes take some milliseconds, less
// than any tree at the distances that survive republication (up to 70 bits).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/media.h"

namespace stemma {

class FrameIndex {
 public:
  struct Hit {
    std::uint32_t query;  // which of the hashes asked for
    std::uint32_t entry;  // as numbered by Add
    int distance;
  };

  // Returns the number of the entry: 0, 1, 2, ...
  std::uint32_t Add(const FrameHash& hash) {
    hashes_.push_back(hash);
    return static_cast<std::uint32_t>(hashes_.size() - 1);
  }
  std::size_t size() const { return hashes_.size(); }

  // Every entry within `radius` bits of a query hash, by entry, then query.
  std::vector<Hit> Find(std::span<const FrameHash> queries, int radius) const;

 private:
  std::vector<FrameHash> hashes_;
};

}  // namespace stemma

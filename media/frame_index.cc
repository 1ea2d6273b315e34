#include "media/frame_index.h"

#include <bit>

namespace stemma {
namespace {

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define STEMMA_POPCNT_CLONES __attribute__((target_clones("popcnt", "default")))
#else
#define STEMMA_POPCNT_CLONES
#endif

// Distances from one entry to all queries; `out` has room for them.
STEMMA_POPCNT_CLONES
void Distances(const FrameHash* queries, std::size_t n, const FrameHash& entry,
               int* out) {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = __builtin_popcountll(queries[i][0] ^ entry[0]) +
             __builtin_popcountll(queries[i][1] ^ entry[1]) +
             __builtin_popcountll(queries[i][2] ^ entry[2]) +
             __builtin_popcountll(queries[i][3] ^ entry[3]);
  }
}

}  // namespace

std::vector<FrameIndex::Hit> FrameIndex::Find(
    std::span<const FrameHash> queries, int radius) const {
  std::vector<Hit> hits;
  std::vector<int> distances(queries.size());
  for (std::size_t e = 0; e < hashes_.size(); ++e) {
    Distances(queries.data(), queries.size(), hashes_[e], distances.data());
    for (std::size_t q = 0; q < queries.size(); ++q) {
      if (distances[q] <= radius) {
        hits.push_back({static_cast<std::uint32_t>(q),
                        static_cast<std::uint32_t>(e), distances[q]});
      }
    }
  }
  return hits;
}

}  // namespace stemma

// The hash tree of the log: RFC 9162 section 2.1 (the same hashing as RFC
// 6962), with proofs, and the tiles of C2SP tlog-tiles to keep it in files.
//
//   leaf = SHA-256(00 || data)   node = SHA-256(01 || left || right)
//   a tree of n > 1 leaves splits at the largest power of two below n
//   the root of no leaves is SHA-256("")
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"
#include "core/result.h"

namespace stemma {

Sha256 LeafHash(std::string_view data);
Sha256 NodeHash(const Sha256& left, const Sha256& right);

// Sizes from here on are refused everywhere.
inline constexpr std::uint64_t kMaxTreeSize = std::uint64_t{1} << 63;

// A CompactRange is what one must remember of a tree to go on appending: the
// roots of its complete subtrees, at most 63 hashes.
class CompactRange {
 public:
  void Append(const Sha256& leaf_hash);
  std::uint64_t size() const { return size_; }
  Sha256 Root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Sha256> peaks_;  // complete subtrees, largest first
};

// The root over these leaf hashes.
Sha256 RootOf(std::span<const Sha256> leaf_hashes);

// Where nodes of complete subtrees come from: (level, index) names the
// subtree over the leaves [index << level, (index + 1) << level).
using NodeSource =
    std::function<Result<Sha256>(int level, std::uint64_t index)>;
// A source over leaf hashes in memory, which must outlive it.
NodeSource NodesOf(std::span<const Sha256> leaf_hashes);

Result<Sha256> RootFrom(const NodeSource& nodes, std::uint64_t size);
// RFC 9162 2.1.3.1: the path from leaf `index` to the root over `size`
// leaves, leaf first. kInvalidArgument unless index < size.
Result<std::vector<Sha256>> InclusionProof(const NodeSource& nodes,
                                           std::uint64_t index,
                                           std::uint64_t size);
// RFC 9162 2.1.4.1: that the tree of `from` leaves begins the tree of `to`.
// kInvalidArgument unless 0 < from <= to.
Result<std::vector<Sha256>> ConsistencyProof(const NodeSource& nodes,
                                             std::uint64_t from,
                                             std::uint64_t to);

// RFC 9162 2.1.3.2 and 2.1.4.2. kMalformed says what does not fit: index not
// below size, a proof of any other length than the sizes demand, a root that
// does not come out. Consistency from size 0 is refused: it proves nothing.
Status VerifyInclusion(const Sha256& leaf_hash, std::uint64_t index,
                       std::uint64_t size, std::span<const Sha256> proof,
                       const Sha256& root);
Status VerifyConsistency(std::uint64_t from, std::uint64_t to,
                         const Sha256& from_root, const Sha256& to_root,
                         std::span<const Sha256> proof);

// C2SP tlog-tiles. Tile `index` of `level` holds up to 256 hashes, those of
// the subtrees of height 8 * level.
inline constexpr std::uint64_t kTileWidth = 256;

// "tile/0/x001/x234/067", or with ".p/WIDTH" when width < 256.
std::string TilePath(int level, std::uint64_t index,
                     std::uint64_t width = kTileWidth);

struct TileShape {
  int level = 0;
  std::uint64_t index = 0;
  std::uint64_t width = kTileWidth;  // 1 to 256
};
// All tiles of a tree of this size, level 0 first.
std::vector<TileShape> TilesOf(std::uint64_t size);

// A TileReader finds nodes in the tiles below a directory (the one that holds
// "tile/"), for a tree of `size` leaves. Keeps a few tiles in memory.
class TileReader {
 public:
  TileReader(std::filesystem::path directory, std::uint64_t size)
      : directory_(std::move(directory)), size_(size) {}
  // kNotFound for a missing tile, kCorrupt for one of a wrong length.
  Result<Sha256> Node(int level, std::uint64_t index);
  NodeSource Source();

 private:
  Result<const std::string*> Tile(int level, std::uint64_t index);

  std::filesystem::path directory_;
  std::uint64_t size_;
  std::map<std::pair<int, std::uint64_t>, std::string> cache_;
};

// Brings the tiles below `directory` from a tree of `old_size` leaves (0: none
// written yet) to one of `new_size`. `leaf_hash` gives the hash of a leaf at
// or after the last multiple of 256 that is not above old_size. Partial tiles
// that a wider one replaces are removed.
Status WriteTiles(const std::filesystem::path& directory,
                  std::uint64_t old_size, std::uint64_t new_size,
                  const std::function<Sha256(std::uint64_t)>& leaf_hash);

}  // namespace stemma

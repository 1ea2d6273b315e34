#include "archive/merkle.h"

#include <bit>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "archive/durable_file.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

// The largest power of two below `size`, for size > 1 (RFC 9162 2.1.1).
std::uint64_t SplitPoint(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

Error Malformed(std::string what) {
  return Error(ErrorCode::kMalformed, std::move(what));
}

// The root over leaves [begin, end), which starts a subtree of a tree split as
// RFC 9162 says, so that complete parts are nodes of the whole tree.
Result<Sha256> RangeRoot(const NodeSource& nodes, std::uint64_t begin,
                         std::uint64_t end) {
  const std::uint64_t size = end - begin;
  if (std::has_single_bit(size)) {
    const int level = std::countr_zero(size);
    return nodes(level, begin >> level);
  }
  const std::uint64_t middle = begin + SplitPoint(size);
  STEMMA_TRY(const Sha256 left, RangeRoot(nodes, begin, middle));
  STEMMA_TRY(const Sha256 right, RangeRoot(nodes, middle, end));
  return NodeHash(left, right);
}

// RFC 9162 2.1.4.1, SUBPROOF(m, D[begin:end], b).
Status AppendSubproof(const NodeSource& nodes, std::uint64_t from,
                      std::uint64_t begin, std::uint64_t end, bool known,
                      std::vector<Sha256>& proof) {
  if (from == end) {
    if (known) return {};
    STEMMA_TRY(const Sha256 root, RangeRoot(nodes, begin, end));
    proof.push_back(root);
    return {};
  }
  const std::uint64_t middle = begin + SplitPoint(end - begin);
  if (from <= middle) {
    STEMMA_CHECK_OK(AppendSubproof(nodes, from, begin, middle, known, proof));
    STEMMA_TRY(const Sha256 right, RangeRoot(nodes, middle, end));
    proof.push_back(right);
    return {};
  }
  STEMMA_CHECK_OK(AppendSubproof(nodes, from, middle, end, false, proof));
  STEMMA_TRY(const Sha256 left, RangeRoot(nodes, begin, middle));
  proof.push_back(left);
  return {};
}

}  // namespace

Sha256 LeafHash(std::string_view data) {
  return Sha256Of(std::string_view("\0", 1), data);
}

Sha256 NodeHash(const Sha256& left, const Sha256& right) {
  std::array<char, 65> bytes{};
  bytes[0] = 1;
  BytesOf(left).copy(bytes.data() + 1, 32);
  BytesOf(right).copy(bytes.data() + 33, 32);
  return Sha256Of({bytes.data(), bytes.size()});
}

void CompactRange::Append(const Sha256& leaf_hash) {
  // Like a binary counter: each carry joins two subtrees of equal size.
  Sha256 node = leaf_hash;
  for (std::uint64_t n = size_; (n & 1) == 1; n >>= 1) {
    node = NodeHash(peaks_.back(), node);
    peaks_.pop_back();
  }
  peaks_.push_back(node);
  ++size_;
}

Sha256 CompactRange::Root() const {
  if (peaks_.empty()) return Sha256Of({});
  Sha256 root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) {
    root = NodeHash(peaks_[i], root);
  }
  return root;
}

Sha256 RootOf(std::span<const Sha256> leaf_hashes) {
  CompactRange range;
  for (const Sha256& hash : leaf_hashes) range.Append(hash);
  return range.Root();
}

NodeSource NodesOf(std::span<const Sha256> leaf_hashes) {
  return [leaf_hashes](int level, std::uint64_t index) -> Result<Sha256> {
    const std::uint64_t width = std::uint64_t{1} << level;
    if (level >= 63 || (index + 1) * width > leaf_hashes.size()) {
      return Error(ErrorCode::kInvalidArgument, "no such node in the tree");
    }
    return RootOf(leaf_hashes.subspan(index * width, width));
  };
}

Result<Sha256> RootFrom(const NodeSource& nodes, std::uint64_t size) {
  if (size == 0) return Sha256Of({});
  return RangeRoot(nodes, 0, size);
}

Result<std::vector<Sha256>> InclusionProof(const NodeSource& nodes,
                                           std::uint64_t index,
                                           std::uint64_t size) {
  if (index >= size || size >= kMaxTreeSize) {
    return Error(ErrorCode::kInvalidArgument,
                 "no leaf " + std::to_string(index) + " in a tree of " +
                     std::to_string(size));
  }
  // Walks from the root down to the leaf, keeping the other side each time.
  std::vector<Sha256> path;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + SplitPoint(end - begin);
    const bool left = index < middle;
    STEMMA_TRY(const Sha256 other, left ? RangeRoot(nodes, middle, end)
                                        : RangeRoot(nodes, begin, middle));
    path.push_back(other);
    (left ? end : begin) = middle;
  }
  return std::vector<Sha256>(path.rbegin(), path.rend());
}

Result<std::vector<Sha256>> ConsistencyProof(const NodeSource& nodes,
                                             std::uint64_t from,
                                             std::uint64_t to) {
  if (from == 0 || from > to || to >= kMaxTreeSize) {
    return Error(ErrorCode::kInvalidArgument,
                 "no consistency proof from size " + std::to_string(from) +
                     " to " + std::to_string(to));
  }
  std::vector<Sha256> proof;
  STEMMA_CHECK_OK(AppendSubproof(nodes, from, 0, to, true, proof));
  return proof;
}

Status VerifyInclusion(const Sha256& leaf_hash, std::uint64_t index,
                       std::uint64_t size, std::span<const Sha256> proof,
                       const Sha256& root) {
  if (size >= kMaxTreeSize || index >= size) {
    return Malformed("leaf " + std::to_string(index) +
                     " is not in a tree of size " + std::to_string(size));
  }
  // RFC 9162 2.1.3.2.
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Sha256 r = leaf_hash;
  for (const Sha256& p : proof) {
    if (sn == 0) return Malformed("inclusion proof is too long");
    if ((fn & 1) == 1 || fn == sn) {
      r = NodeHash(p, r);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      r = NodeHash(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return Malformed("inclusion proof is too short");
  if (r != root) {
    return Malformed("inclusion proof gives root " + r.Hex() + ", not " +
                     root.Hex());
  }
  return {};
}

Status VerifyConsistency(std::uint64_t from, std::uint64_t to,
                         const Sha256& from_root, const Sha256& to_root,
                         std::span<const Sha256> proof) {
  if (from == 0) return Malformed("consistency from size 0 proves nothing");
  if (from > to || to >= kMaxTreeSize) {
    return Malformed("a tree cannot go from size " + std::to_string(from) +
                     " to " + std::to_string(to));
  }
  if (from == to) {
    if (!proof.empty()) return Malformed("consistency proof is too long");
    if (from_root != to_root) return Malformed("same size, different roots");
    return {};
  }
  if (proof.empty()) return Malformed("consistency proof is empty");

  // RFC 9162 2.1.4.2; a complete old tree stands for its own first node.
  const bool complete = std::has_single_bit(from);
  std::size_t next = 0;
  std::uint64_t fn = from - 1;
  std::uint64_t sn = to - 1;
  while ((fn & 1) == 1) {
    fn >>= 1;
    sn >>= 1;
  }
  const Sha256 first = complete ? from_root : proof[next++];
  Sha256 fr = first;
  Sha256 sr = first;
  for (; next < proof.size(); ++next) {
    const Sha256& c = proof[next];
    if (sn == 0) return Malformed("consistency proof is too long");
    if ((fn & 1) == 1 || fn == sn) {
      fr = NodeHash(c, fr);
      sr = NodeHash(c, sr);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = NodeHash(sr, c);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return Malformed("consistency proof is too short");
  if (fr != from_root) {
    return Malformed("consistency proof does not give the root of size " +
                     std::to_string(from));
  }
  if (sr != to_root) {
    return Malformed("consistency proof does not give the root of size " +
                     std::to_string(to));
  }
  return {};
}

// --- Tiles ----------------------------------------------------------------

std::string TilePath(int level, std::uint64_t index, std::uint64_t width) {
  const auto three = [](std::uint64_t n) {
    std::string digits = std::to_string(n);
    return std::string(3 - digits.size(), '0') + digits;
  };
  std::string number = three(index % 1000);
  for (std::uint64_t rest = index / 1000; rest > 0; rest /= 1000) {
    number = "x" + three(rest % 1000) + "/" + number;
  }
  std::string path = "tile/" + std::to_string(level) + "/" + number;
  if (width < kTileWidth) path += ".p/" + std::to_string(width);
  return path;
}

std::vector<TileShape> TilesOf(std::uint64_t size) {
  std::vector<TileShape> tiles;
  for (int level = 0; size > 0; ++level, size /= kTileWidth) {
    for (std::uint64_t i = 0; i < size / kTileWidth; ++i) {
      tiles.push_back({level, i, kTileWidth});
    }
    if (size % kTileWidth > 0) {
      tiles.push_back({level, size / kTileWidth, size % kTileWidth});
    }
  }
  return tiles;
}

namespace {

// How many hashes the tile has in a tree of `size` leaves; 0: no such tile.
std::uint64_t WidthOf(int level, std::uint64_t index, std::uint64_t size) {
  const std::uint64_t hashes = level < 8 ? size >> (8 * level) : 0;
  if (index * kTileWidth >= hashes) return 0;
  return std::min(kTileWidth, hashes - index * kTileWidth);
}

std::optional<std::string> ReadWhole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string bytes(kTileWidth * 32 + 1, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

Sha256 HashAt(const std::string& tile, std::uint64_t position) {
  Sha256 hash;
  tile.copy(reinterpret_cast<char*>(hash.bytes.data()), 32, position * 32);
  return hash;
}

// The root over `width` hashes of a tile, a power of two of them.
Sha256 RootInTile(const std::string& tile, std::uint64_t first,
                  std::uint64_t width) {
  CompactRange range;
  for (std::uint64_t i = 0; i < width; ++i) {
    range.Append(HashAt(tile, first + i));
  }
  return range.Root();
}

}  // namespace

Result<const std::string*> TileReader::Tile(int level, std::uint64_t index) {
  const std::pair key{level, index};
  if (const auto found = cache_.find(key); found != cache_.end()) {
    return &found->second;
  }
  const std::uint64_t width = WidthOf(level, index, size_);
  if (width == 0) {
    return Error(ErrorCode::kInvalidArgument, "no such tile in the tree");
  }
  const std::string name = TilePath(level, index, width);
  std::optional<std::string> bytes = ReadWhole(directory_ / name);
  // A tree that has grown since keeps the full tile only.
  if (!bytes) bytes = ReadWhole(directory_ / TilePath(level, index));
  if (!bytes) return Error(ErrorCode::kNotFound, name + ": missing");
  if (bytes->size() < width * 32 || bytes->size() > kTileWidth * 32) {
    return Error(ErrorCode::kCorrupt,
                 name + ": " + std::to_string(bytes->size()) +
                     " bytes instead of " + std::to_string(width * 32));
  }
  if (cache_.size() >= 64) cache_.clear();
  return &(cache_[key] = *std::move(bytes));
}

Result<Sha256> TileReader::Node(int level, std::uint64_t index) {
  // A node between two tile levels is the root of a part of the lower tile.
  const std::uint64_t width = std::uint64_t{1} << (level % 8);
  const std::uint64_t first = index * width;
  STEMMA_TRY(const std::string* tile, Tile(level / 8, first / kTileWidth));
  const std::uint64_t place = first % kTileWidth;
  if ((place + width) * 32 > tile->size()) {
    return Error(ErrorCode::kInvalidArgument, "no such node in the tree");
  }
  return RootInTile(*tile, place, width);
}

NodeSource TileReader::Source() {
  return [this](int level, std::uint64_t index) { return Node(level, index); };
}

namespace {

// The bytes of one tile, from leaves or from the tiles one level below.
Result<std::string> MakeTile(
    const std::filesystem::path& directory, const TileShape& tile,
    const std::function<Sha256(std::uint64_t)>& leaf_hash) {
  std::string bytes;
  for (std::uint64_t i = 0; i < tile.width; ++i) {
    const std::uint64_t place = tile.index * kTileWidth + i;
    if (tile.level == 0) {
      bytes += BytesOf(leaf_hash(place));
      continue;
    }
    const std::string name = TilePath(tile.level - 1, place);
    const std::optional<std::string> below = ReadWhole(directory / name);
    if (!below || below->size() != kTileWidth * 32) {
      return Error(ErrorCode::kCorrupt, name + ": missing or of wrong size");
    }
    bytes += BytesOf(RootInTile(*below, 0, kTileWidth));
  }
  return bytes;
}

void RemovePartials(const std::filesystem::path& directory,
                    const TileShape& tile) {
  const std::filesystem::path full =
      directory / TilePath(tile.level, tile.index);
  const std::filesystem::path folder = full.string() + ".p";
  std::error_code ignored;
  if (tile.width == kTileWidth) {
    std::filesystem::remove_all(folder, ignored);
    return;
  }
  for (const auto& entry :
       std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().filename() != std::to_string(tile.width)) {
      std::filesystem::remove(entry.path(), ignored);
    }
  }
}

}  // namespace

Status WriteTiles(const std::filesystem::path& directory,
                  std::uint64_t old_size, std::uint64_t new_size,
                  const std::function<Sha256(std::uint64_t)>& leaf_hash) {
  std::uint64_t before = old_size;
  std::uint64_t after = new_size;
  for (int level = 0; after > 0; ++level) {
    for (std::uint64_t i = before / kTileWidth; i * kTileWidth < after; ++i) {
      const TileShape tile{level, i,
                           std::min(kTileWidth, after - i * kTileWidth)};
      // Written already, when no hash was added to it.
      if (before == after) break;
      STEMMA_TRY(const std::string bytes, MakeTile(directory, tile, leaf_hash));
      const std::string name = TilePath(level, i, tile.width);
      if (Status done = WriteDurably(directory / name, bytes); !done) {
        return std::move(done).error().Context("tile " + name);
      }
      RemovePartials(directory, tile);
    }
    before /= kTileWidth;
    after /= kTileWidth;
  }
  return {};
}

}  // namespace stemma

#include "archive/evidence_tiles.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "archive/durable_file.h"
#include "archive/merkle.h"
#include "hash/sha256.h"

namespace stemma {

TileComparer::TileComparer(std::filesystem::path manifest, std::uint64_t size,
                           FindingList& findings)
    : manifest_(std::move(manifest)), size_(size), findings_(findings) {
  if (size_ == 0) return;
  CollectFiles();
  FollowFiles();
}

// Tiles are written before the checkpoint over them: when that never came, they
// reach further than any checkpoint, and the last one it covers has grown.
void TileComparer::FollowFiles() {
  std::uint64_t index = size_ / kTileWidth;
  const std::uint64_t width = size_ % kTileWidth;
  if (width == 0 || files_.contains(TilePath(0, index, width))) return;
  while (files_.contains(TilePath(0, index, kTileWidth))) ++index;
  for (std::uint64_t more = 1; more < kTileWidth; ++more) {
    const std::uint64_t reach = index * kTileWidth + more;
    if (reach > size_ && files_.contains(TilePath(0, index, more))) {
      size_ = reach;
      return;
    }
  }
  size_ = std::max(size_, index * kTileWidth);
}

void TileComparer::Finish(bool expected) {
  if (size_ == 0) return;
  if (files_.empty() && compared_ == missing_) {
    if (expected) {
      findings_.Add({"tile-missing", Weight::kIncomplete, "tile",
                     "the tiles of the log are gone", std::nullopt});
    }
    return;
  }
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    if (!levels_[level].hashes.empty()) Close(level);
  }
  for (const std::string& name : missing_names_) {
    findings_.Add({"tile-missing", Weight::kIncomplete, name,
                   "this tile of the log is gone", std::nullopt});
  }
  for (const std::string& name : files_) {
    findings_.Add({"unexpected-file", Weight::kWarning, name,
                   "no tile of this log has this name", std::nullopt});
  }
}

void TileComparer::CollectFiles() {
  std::error_code failed;
  const std::filesystem::path root = manifest_ / "tile";
  for (auto at = std::filesystem::recursive_directory_iterator(root, failed);
       !failed && at != std::filesystem::recursive_directory_iterator();
       at.increment(failed)) {
    if (at->is_directory(failed) && !at->is_symlink(failed)) continue;
    files_.insert(
        "tile/" +
        std::filesystem::relative(at->path(), root, failed).generic_string());
  }
}

void TileComparer::Add(std::size_t level, const Sha256& hash) {
  if (levels_.size() <= level) levels_.resize(level + 1);
  levels_[level].hashes.push_back(hash);
  if (levels_[level].hashes.size() < kTileWidth) return;
  const Sha256 root = RootOf(levels_[level].hashes);
  Close(level);
  levels_[level].hashes.clear();
  ++levels_[level].index;
  Add(level + 1, root);
}

void TileComparer::Close(std::size_t level) {
  const Level& tile = levels_[level];
  const std::string name =
      TilePath(static_cast<int>(level), tile.index, tile.hashes.size());
  ++compared_;
  if (files_.erase(name) == 0) {
    ++missing_;
    missing_names_.push_back(name);
    return;
  }
  const Result<std::string> bytes =
      ReadRegularFile(manifest_ / name, kTileWidth * 32);
  std::string expected;
  for (const Sha256& hash : tile.hashes) expected += BytesOf(hash);
  if (!bytes) {
    findings_.Add({"tile-mismatch", Weight::kAltered, name,
                   bytes.error().message(), std::nullopt});
  } else if (*bytes != expected) {
    const auto at = std::mismatch(bytes->begin(), bytes->end(),
                                  expected.begin(), expected.end());
    findings_.Add({"tile-mismatch", Weight::kAltered, name,
                   "differs from the log's hashes at byte " +
                       std::to_string(at.first - bytes->begin()),
                   std::nullopt});
  }
}

}  // namespace stemma

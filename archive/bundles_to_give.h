// The bundles of an archive as exports give them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "archive/archive_reader.h"
#include "core/blob.h"
#include "core/result.h"

namespace stemma {

// A bundle, and of one that is being written only what the log vouches for.
struct BundleToGive {
  std::filesystem::path path;
  std::string name;  // "NAME.warc.zst"
  bool open = false;
  std::set<std::uint64_t> committed;  // offsets of records
  std::uint64_t end = 0;              // of the last of them

  bool Gives(std::uint64_t offset) const {
    return !open || committed.contains(offset);
  }
  // Of a bundle sealed since it was listed, the sealed file.
  Result<Blob> File() const;
};

// In the order of their names.
Result<std::vector<BundleToGive>> BundlesToGive(ArchiveReader& reader);

}  // namespace stemma

// What sealing states about a bundle's records, gathered while they are being
// written, so that they need not be read and inflated again for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "archive/merkle.h"
#include "archive/records.h"
#include "archive/sorted_lines.h"
#include "core/digest.h"
#include "core/result.h"

namespace stemma {

class BundleTally {
 public:
  // `filename` is what the lines of the CDXJ name; lines that do not fit in
  // memory wait in `folder`.
  BundleTally(std::string filename, std::filesystem::path folder)
      : filename_(std::move(filename)), lines_(std::move(folder), kMemory) {}

  // The record that follows the one before, with its leaf hash.
  Status Add(const RecordInfo& info, const Sha256& leaf);

  std::uint64_t records() const { return range_.size(); }
  Sha256 Root() const { return range_.Root(); }
  // Of the CDXJ.
  SortedLines& lines() { return lines_; }

 private:
  static constexpr std::size_t kMemory = std::size_t{2} << 20;
  std::string filename_;
  CompactRange range_;
  SortedLines lines_;
};

}  // namespace stemma

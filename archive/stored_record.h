// Opens one record of a bundle by its place, without touching the rest of the
// file. A record streamed in many frames is read through its seek table, so a
// range of a large body inflates only the frames it lies in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/record_places.h"
#include "archive/zstd_frames.h"
#include "core/blob.h"
#include "core/result.h"

namespace stemma {

// A bundle ready for reading: the file and its dictionary.
class BundleView {
 public:
  // kNotFound if there is no such file. Accepts a bundle being written.
  static Result<std::shared_ptr<const BundleView>> Open(
      const std::filesystem::path& path);
  static Result<std::shared_ptr<const BundleView>> Over(Blob file);

  const Blob& file() const { return file_; }
  const std::shared_ptr<const ZstdDictionary>& dictionary() const {
    return dictionary_;
  }

 private:
  Blob file_;
  std::shared_ptr<const ZstdDictionary> dictionary_;
};

// The WARC bytes of the record at [offset, offset + length), inflated as read.
Result<Blob> RecordContent(std::shared_ptr<const BundleView> bundle,
                           std::uint64_t offset, std::uint64_t length);

// The record itself. kCorrupt when no record lies there.
Result<StoredRecord> OpenRecord(std::shared_ptr<const BundleView> bundle,
                                std::uint64_t offset, std::uint64_t length);

// The part [begin, begin + size) of a blob.
Blob SubBlob(Blob whole, std::uint64_t begin, std::uint64_t size);

// Bundles of one archive by the names events use, a few kept open.
class BundleShelf {
 public:
  explicit BundleShelf(std::filesystem::path dir) : dir_(std::move(dir)) {}
  // `name` is "bundles/NAME.warc.zst"; the file may still end in ".open".
  // kInvalidArgument for a name that leaves the archive.
  Result<std::shared_ptr<const BundleView>> Find(const std::string& name);
  // The record `where.id` of `where.bundle`: at its place, or, when the bundle
  // was packed anew since, wherever it lies now. kCorrupt when it is in
  // neither.
  Result<StoredRecord> Record(const RecordInfo& where);
  void Forget() { open_.clear(); }

 private:
  struct Open {
    std::string name;
    std::shared_ptr<const BundleView> view;
    std::shared_ptr<const RecordPlaces> places;  // once they were needed
  };
  std::filesystem::path dir_;
  std::vector<Open> open_;
};

// Whether `name` is "bundles/" and a file name of [A-Za-z0-9._-], no dot first.
bool IsBundleName(std::string_view name);

}  // namespace stemma

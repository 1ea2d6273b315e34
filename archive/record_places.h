// Where the records of a bundle lie, by their ids: from the frames alone, with
// no more inflated than the headers. Needed where the log's offsets are those
// of a file that was packed anew since.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/blob.h"
#include "core/result.h"

namespace stemma {

struct RecordPlaceInFile {
  std::uint64_t offset = 0, length = 0;
};

// Calls `visit` for each record, in order, with its id as in RecordInfo. Stops
// without an error where the file is damaged: `check` tells of that.
Status ForEachPlace(
    const Blob& file,
    const std::function<Status(std::string_view id, RecordPlaceInFile place)>&
        visit);

// The same to look up: 24 bytes a record.
class RecordPlaces {
 public:
  static Result<RecordPlaces> Of(const Blob& file);
  // Mostly one; an id may share its key with another, so compare what lies
  // there.
  std::vector<RecordPlaceInFile> Find(std::string_view id) const;

 private:
  struct Entry {
    std::uint64_t key = 0;
    RecordPlaceInFile place;
  };
  std::vector<Entry> entries_;
};

// A bundle that is packed anew is written beside the old one under this
// ending; the log says when it counts.
inline constexpr std::string_view kRepackEnding = ".repack";

// The file the log speaks of when it says that `path` has `bytes`: `path`, or
// the new one beside it if a repack was killed between its event and its
// rename. Empty when neither has that size.
std::filesystem::path FileOfSize(const std::filesystem::path& path,
                                 std::uint64_t bytes);

}  // namespace stemma

// An index against the records it lists: form, order, and that every line
// points at a record of that URL, date and status. Read in pieces, in bounded
// memory: of each listed record 40 bytes are kept.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/records.h"
#include "core/time.h"

namespace stemma {

// The records of one WARC file that an index lists.
class ListedRecords {
 public:
  struct Place {
    std::uint64_t offset = 0, length = 0;
    std::uint64_t url = 0;   // first 64 bits of its SHA-256
    std::uint64_t when = 0;  // YYYYMMDDhhmmss as a number
    std::uint32_t status = 0;
    bool hit = false;
  };

  // REQUIRES: called in the order of the file. Others than those that an index
  // lists are left out.
  void Add(const RecordInfo& record);
  // nullptr when no listed record begins there.
  Place* At(std::uint64_t offset);
  // Whether one of this URL and second is there.
  bool Has(std::string_view url, TimePoint when) const;
  const std::vector<Place>& all() const { return places_; }
  std::size_t hits() const { return hits_; }
  void Hit(Place& place) {
    hits_ += place.hit ? 0 : 1;
    place.hit = true;
  }

 private:
  std::vector<Place> places_;
  mutable std::vector<std::uint64_t> visits_;  // sorted, of url and when; lazy
  std::size_t hits_ = 0;
};

class CdxjCheck {
 public:
  // The records of the file a line names; nullptr when there is no such file.
  using FindFile = std::function<ListedRecords*(std::string_view filename)>;
  // `at` is the line's first byte in the index, uncompressed.
  using Report = std::function<void(std::string_view code, std::uint64_t at,
                                    std::string text)>;
  CdxjCheck(FindFile find, Report report)
      : find_(std::move(find)), report_(std::move(report)) {}

  // The next bytes of the index. "cdxj-form", "cdxj-unsorted", "cdxj-filename",
  // "cdxj-offset", "cdxj-date", "cdxj-status", "cdxj-key".
  void Feed(std::string_view bytes);
  void Finish();

 private:
  void TakeLine(std::string_view line);

  static constexpr std::size_t kMaxLine = 1 << 20;
  FindFile find_;
  Report report_;
  std::string carry_, last_;
  std::uint64_t at_ = 0;  // of the line being read
  bool too_long_ = false;
};

}  // namespace stemma

// An index against the records it lists: form, order, and that every line
// points at a record of that URL, date and status. Read in pieces, in bounded
// memory: of each listed record 56 bytes are kept.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/cdxj.h"
#include "archive/records.h"
#include "core/time.h"

namespace stemma {

// The records of one WARC file that an index lists.
class ListedRecords {
 public:
  struct Place {
    std::uint64_t offset = 0, length = 0;
    std::uint64_t url = 0;      // first 64 bits of its SHA-256
    std::uint64_t when = 0;     // YYYYMMDDhhmmss as a number
    std::uint64_t payload = 0;  // the same of its payload digest; 0: none
    std::uint64_t mime = 0;     // the same of what an index calls its type
    std::uint32_t status = 0;
    bool resource = false;
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
  // `ours`: lines must have the very form in which we write them.
  CdxjCheck(FindFile find, Report report, bool ours = false)
      : find_(std::move(find)), report_(std::move(report)), ours_(ours) {}

  // The next bytes of the index. "cdxj-form", "cdxj-unsorted", "cdxj-filename",
  // "cdxj-offset", "cdxj-date", "cdxj-status", "cdxj-digest", "cdxj-key".
  void Feed(std::string_view bytes);
  void Finish();

 private:
  void TakeLine(std::string_view line);
  void JudgeOurs(std::string_view line, const CdxjLine& parsed,
                 const ListedRecords::Place& place);

  static constexpr std::size_t kMaxLine = 1 << 20;
  FindFile find_;
  Report report_;
  bool ours_;
  std::string carry_, last_;
  std::uint64_t at_ = 0;  // of the line being read
  bool too_long_ = false;
};

}  // namespace stemma

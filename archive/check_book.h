// What a check gathers: its findings, and what must be known of all records to
// judge one against the others.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "archive/check.h"
#include "archive/record_judge.h"
#include "archive/records.h"

namespace stemma {

// The first 64 bits of a SHA-256 over both: enough to find; what is found is
// compared in full elsewhere.
std::uint64_t CheckKey(std::string_view a, std::string_view b = {});

// Adds findings to a report, up to a number; the first of each code always.
class CheckReporter {
 public:
  CheckReporter(CheckReport& report, std::size_t most)
      : report_(report), most_(most) {}
  void Add(std::string_view code, const std::string& file,
           std::optional<std::uint64_t> offset, const std::string& record,
           std::string text);

 private:
  CheckReport& report_;
  std::size_t most_;
  std::set<std::string> codes_;
};

// Keys of CheckKey, 8 bytes in a table at least half full: an archive may have
// many millions.
class KeySet {
 public:
  // False when it was there.
  bool Insert(std::uint64_t key);
  bool Contains(std::uint64_t key) const;

 private:
  std::size_t SlotOf(std::uint64_t key) const;
  void Grow();
  std::vector<std::uint64_t> slots_;  // 0: free
  std::size_t size_ = 0;
};

// What must be known of all records to judge one against the others.
class RecordBook {
 public:
  // Counts the record, reports what was found about it, and keeps what later
  // ones need.
  void Take(const JudgedRecord& record, const std::string& file,
            CheckReporter& reporter, CheckReport& report);
  // Reports revisits whose originals never came.
  void Resolve(CheckReporter& reporter) const;

 private:
  struct Revisit {
    std::string file;
    std::uint64_t offset;
    std::string id;
    std::uint64_t by_id, by_place;
  };
  KeySet ids_, originals_;
  std::vector<Revisit> revisits_;
};

}  // namespace stemma

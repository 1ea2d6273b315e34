// Retention: what a job wrote is erased when it is old enough, by a rule that
// two roles approved once, and nothing that others stand on goes with it.
//
// What is old is decided by bundle: one that was sealed before the cutoff. Of
// such a bundle every record goes, or every video and sound, but for
//   - captures that a republication rests on: both pages of a `compare` event
//     whose text or pictures have something in common, and their media;
//   - captures whose response a revisit that stays refers to;
//   - captures that the caller holds (an order not to destroy, say).
// A bundle of which nothing stays is tombstoned, of others records are redacted
// (archive/erase.h). What was derived into younger bundles goes with them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "archive/erase.h"
#include "core/result.h"
#include "core/time.h"

namespace stemma {

class ArchiveReader;
struct CaptureRow;

struct RetentionRules {
  TimePoint cutoff;         // bundles sealed before it
  std::string job;          // only what this job wrote
  bool media_only = false;  // videos and sound; what was made of them stays
  bool keep_copies = true;  // what a republication rests on
  std::function<bool(const CaptureRow&)> hold;  // may be empty
};

struct RetentionPlan {
  struct Bundle {
    std::string name;
    bool whole = false;
    std::vector<std::string> records;  // ids, in the order of the log
    std::uint64_t bytes = 0;           // stored bytes that go
  };
  std::vector<Bundle> bundles;
  // Captures in old bundles that stay, by the first reason that holds.
  std::uint64_t kept_for_copies = 0, kept_for_revisits = 0, held = 0;

  std::uint64_t Records() const;
  std::uint64_t Bytes() const;
};

// What would be erased now. Reads the log twice.
Result<RetentionPlan> PlanRetention(ArchiveReader& reader,
                                    const RetentionRules& rules);

// Erases it. Killed at any moment, a new plan has what is left to do.
Result<std::vector<ErasedFromBundle>> Retain(ArchiveWriter& writer,
                                             const RetentionPlan& plan,
                                             const Erasure& why);

}  // namespace stemma

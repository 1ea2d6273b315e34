// OpenTimestamps over the checkpoints of a log: asking calendars for promises,
// and later for the Bitcoin attestations that make stamps of them.
//
//   checkpoint.N.otsK.ots           what calendar K promised (pending)
//   checkpoint.N.otsK.upgraded.ots  the same with its attestation
//
// Each file is written once and anchored in the log by its digest.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/signing.h"
#include "core/result.h"

namespace stemma {

class ArchiveWriter;

struct OtsReport {
  int stamped = 0, upgraded = 0;
  std::vector<std::string> warnings;  // a calendar that did not answer
};

// Asks each calendar to stamp checkpoint.`size`. A calendar that fails is a
// warning; an error is ours.
Result<OtsReport> StampCheckpoint(ArchiveWriter& writer, std::uint64_t size,
                                  const std::vector<std::string>& calendars,
                                  const CalendarAsk& ask);

// Asks for what pending stamps still lack. Only the calendars given are asked,
// whatever address a stamp names.
Result<OtsReport> UpgradeStamps(ArchiveWriter& writer,
                                const std::vector<std::string>& calendars,
                                const CalendarAsk& ask);

}  // namespace stemma

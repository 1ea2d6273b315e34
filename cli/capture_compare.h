// Have we seen this before, and where? What a publication shares with those
// the archive knows, logged.
#pragma once

#include "cli/capture_url.h"
#include "core/result.h"

namespace stemma::cli {

// Compares the report's publication and videos with the memory, which learns
// them, and logs each relative; they are added to `report.relatives`.
Status CompareWithMemory(CaptureTools& tools, CaptureReport& report);

}  // namespace stemma::cli

// What a report says about other captures of the same story: the verdict the
// log has, and the words it stands for, compared again.
#pragma once

#include <nlohmann/json.hpp>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "core/result.h"

namespace stemma {

class SiteModels;

// [{with, verdict, changes, ...}] for each capture this one was compared with,
// newest comparison of each. `sites` may be null.
Result<nlohmann::json> ComparisonFacts(ArchiveReader& reader,
                                       const CaptureRow& capture,
                                       const SiteModels* sites);

}  // namespace stemma

// stemma check --deep: what was derived, derived again from the stored records
// and compared with what was kept. Articles by their whole JSON, videos by
// their frames: times, pictures' digests, hashes.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "archive/check.h"
#include "core/result.h"

namespace stemma {
class ArchiveReader;
}

namespace stemma::cli {

struct DeepReport {
  struct Counts {
    std::uint64_t same = 0, differ = 0, not_checked = 0;
  };
  Counts articles, videos;
  // "derived-differs" is altered. "derived-not-checked" cannot be checked: by
  // another method's label, its source not here or not readable.
  std::vector<CheckFinding> findings;
};

// kIo when the archive cannot be read; what cannot be derived is a finding.
Result<DeepReport> CheckDeep(ArchiveReader& reader);

nlohmann::json ToJson(const DeepReport& report);

}  // namespace stemma::cli

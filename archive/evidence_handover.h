// The proofs in a hand-over: events by tlog-proof, records against the root
// that the log states for their bundle.
#pragma once

#include <filesystem>
#include <map>

#include "archive/evidence.h"
#include "archive/evidence_log.h"

namespace stemma {

// `verified`: the checkpoints found good, by size.
void CheckHandover(const std::filesystem::path& folder, const LogFacts& log,
                   const std::map<std::uint64_t, Checkpoint>& verified,
                   EvidenceReport& report, FindingList& findings);

}  // namespace stemma

// The timestamps of a log: each token file judged, then held against the
// anchor events that name it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "archive/evidence.h"
#include "archive/evidence_log.h"

namespace stemma {

// One pair checkpoint.<size>.tsa<k>.tsq and .tsr, as bytes; empty: not there.
struct TokenFiles {
  std::uint64_t size = 0;
  std::string name;  // "checkpoint.10.tsa1", without ending
  std::string query, response;
  bool has_query = false, has_response = false;
};

// Judges the tokens; `checkpoints` are the bytes of checkpoint.<size>.
std::vector<JudgedToken> JudgeTokens(
    const std::vector<TokenFiles>& tokens,
    const std::map<std::uint64_t, std::string>& checkpoints,
    const EvidenceTrust& trust, EvidenceReport& report, FindingList& findings);

// What OpenTimestamps proofs over the checkpoints claim, by file name. A
// calendar's promise is no timestamp; a Bitcoin block's is not checked here,
// and the report says what to compare.
void CheckOtsProofs(const std::map<std::string, std::string>& proofs,
                    const std::map<std::uint64_t, std::string>& checkpoints,
                    EvidenceReport& report, FindingList& findings);

// Holds the anchors of the log against the files of the manifest, and gives
// the good timestamps, ascending by size.
std::vector<TimeProof> MatchAnchors(const LogFacts& log,
                                    const std::vector<JudgedToken>& tokens,
                                    const std::filesystem::path& manifest,
                                    FindingList& findings);

}  // namespace stemma

// The bundles a log speaks of, against the files: size, both digests, and when
// one differs, where and how; the records root; the CDXJ; files nobody logged.
#pragma once

#include <filesystem>

#include "archive/evidence.h"
#include "archive/evidence_log.h"

namespace stemma {

struct BundleCheck {
  std::filesystem::path root;      // the archive, or the evidence folder
  std::filesystem::path manifest;  // where events.jsonl is
  // Bundles the folder does not claim to hold (a hand-over of some records).
  bool handed_over_in_part = false;
};

void CheckBundles(const BundleCheck& check, const LogFacts& log,
                  EvidenceReport& report, FindingList& findings);

}  // namespace stemma

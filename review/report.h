// The report of captures ("stemma.report.v1"): all that the archive can say of
// them to people who were not there. Its JSON is the master; HTML, CSV, PROV
// and ClaimReview are views of it (review/report_*.h).
//
// Fields are those of design/provenance.md 5.1: who, when by which clock and
// between which outside times, from where, how, from whom, what, what differs
// from other captures, chain of custody, checks, limits, and commands to check
// it with openssl, sha256sum and zstd alone. What the archive does not know
// stays out, and the views say "not recorded".
//
// Numbers are integers, so that `jq -cS` gives the very bytes that the
// report's id is the digest of.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "archive/evidence.h"
#include "core/result.h"

namespace stemma {

class ArchiveReader;
class SiteModels;

struct ReportPicture {
  std::string mime, bytes;
};

struct ReportDocument {
  nlohmann::json facts;
  std::map<std::string, ReportPicture> pictures;  // keyframes, by record id
};

// What a person says of the matter, which no archive can know; each key is one
// of kStatedKeys. Shown as stated, never as found.
using StatedFacts = std::map<std::string, std::string>;
inline constexpr std::string_view kStatedKeys[] = {
    "operator", "role", "case", "basis", "requester", "vantage", "purpose"};

struct ReportOrder {
  std::vector<std::string> captures;  // ids, in the order of the report
  EvidenceTrust trust;                // `now` is when the report is made
  StatedFacts stated;
  std::string tool;                   // "stemma 0.1.0"
  const SiteModels* sites = nullptr;  // furniture, for comparisons
  bool pictures = true;
};

// kNotFound when the archive has no such capture. Records and bundles of the
// captures are read and their digests computed again; of the rest of the
// archive the log is checked, not the bundles.
Result<ReportDocument> GatherReport(ArchiveReader& reader,
                                    const ReportOrder& order);

// The canonical bytes of `facts`, with a line feed: what report.json holds.
std::string ReportJson(const ReportDocument& report);

}  // namespace stemma

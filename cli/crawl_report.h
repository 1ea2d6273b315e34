// What a run did, told: text, JSON, metrics.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/crawl_run.h"
#include "fetch/frontier.h"
#include "fetch/job.h"

namespace stemma::cli {

// The change report: what is new, changed, gone, failed, refused, and the
// copies found. Lists every address but the unchanged ones.
Result<nlohmann::json> ReportOf(const Job& job, const CrawlSummary& summary,
                                Frontier& frontier);
void PrintReport(const nlohmann::json& report, std::ostream& out);

// For node_exporter's textfile collector (Prometheus text format 0.0.4).
std::string MetricsOf(const Job& job, const CrawlSummary& summary,
                      std::uint64_t disk_free_bytes);

nlohmann::json ToJson(const FoundCopy& copy);

// The exit code of a run (contract).
int ExitCodeOf(const CrawlSummary& summary);

}  // namespace stemma::cli

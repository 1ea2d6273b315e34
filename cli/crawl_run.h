// One run of a scheduled job: from the frontier to the archive and back.
//
// Workers visit addresses with CaptureUrl, each with connections of its own;
// one lock guards what they share: the frontier, politeness and the counters.
// A capture is durable before it is acknowledged, and acknowledged before the
// frontier hears of it; what a killed run did not tell its frontier is read
// from the archive's log when the next one starts, so that nothing is lost and
// nothing is visited twice.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_writer.h"
#include "cli/capture_url.h"
#include "core/result.h"
#include "fetch/frontier.h"
#include "fetch/job.h"

namespace stemma::cli {

// A page that shares text or video with one the archive already had.
struct FoundCopy {
  std::string url, capture, other_url, other_id;
  std::string verdict, video;  // the contract's words
  bool other_is_earlier = true;
  bool altered = false;  // words or pictures differ
};

enum class CrawlEnd { kComplete, kStopped, kOutOfBudget, kFailed };

struct CrawlSummary {
  CrawlRun run;  // with its pages and bytes
  TimePoint finished;
  CrawlEnd end = CrawlEnd::kComplete;
  std::optional<Error> error;  // with kFailed
  std::string ended_why;       // "all that was due", "max_pages", ...
  std::map<VisitOutcome, std::uint64_t> outcomes;  // of this run, by address
  std::map<std::string, std::uint64_t> left_out;   // links, by reason
  std::vector<FoundCopy> copies;
  std::uint64_t videos = 0, truncated = 0, robots_refused = 0;
  FrontierCounts frontier;
  bool every_seed_refused = false;
};

// How a run does, from moment to moment.
struct CrawlProgress {
  std::uint64_t pages = 0, bytes = 0, copies = 0, failures = 0;
  int active = 0;
  std::vector<std::string> fetching;  // addresses under way
};

struct CrawlOptions {
  FetchPolicy policy;  // of the job and the command line
  FetchLimits limits;
  std::optional<std::uint64_t> max_filesize;  // --max-filesize
  Clock clock = SystemNow;
  // All may be empty; called under a lock of their own, one at a time.
  std::function<void(std::string_view url)> acknowledge;
  std::function<void(const Address&, const VisitRecord&)> visited;
  std::function<void(const FoundCopy&)> copy_found;
  std::function<void(std::string_view)> note;
  // Called some times a second.
  std::function<void(const CrawlProgress&)> progress;
  // Asked some times a second: the job file as it is now, when it was asked to
  // be read again. What is left out and the limits take effect at once.
  std::function<std::optional<Job>()> reload;
  // 0: go on; 1: stop taking work; 2: cut what is under way.
  std::function<int()> stop;
};

// Runs `job` until nothing is due, a limit is reached, or it is stopped. An
// error means that the run did not even start.
Result<CrawlSummary> RunCrawl(const Job& job, const CrawlOptions& options,
                              ArchiveWriter& archive, Memory* memory,
                              Frontier& frontier);

}  // namespace stemma::cli

// A Job is what a job file says: what to visit, how politely, what to keep.
// The file is TOML; its keys are those of docs/OPERATIONS.md, and a key we do
// not know is an error, since a mistyped limit is worse than none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/url.h"
#include "fetch/page_renderer.h"

namespace stemma {

enum class RobotsRule { kObey, kReport, kIgnore };
std::string_view NameOf(RobotsRule rule);

struct Job {
  // [job]
  std::string name;     // [A-Za-z0-9._-], at most 64
  std::string archive;  // empty: --archive and so on
  bool derive_later = false;

  // [seeds], all http or https
  std::vector<Url> urls, feeds, sitemaps;

  // [scope]
  std::vector<std::string> hosts;    // lower case; empty: those of the seeds
  std::vector<std::string> exclude;  // parts of path and query; '*' is any text
  int max_depth = 3;                 // links away from a seed
  std::uint64_t max_pages = 10'000;  // per run
  bool follow_original = true;

  // [media]
  bool media = true;
  std::uint64_t media_max_bytes = std::uint64_t{2} << 30;
  std::string keyframes = "scene";
  std::string extractor;  // a command; gets a player's address; empty: none

  // [politeness]
  std::chrono::milliseconds delay{1'000};  // between requests to one host
  int concurrency_per_host = 1;
  RobotsRule robots = RobotsRule::kObey;
  std::string user_agent = "stemma/0.1";

  // [revisit]
  std::chrono::milliseconds min_interval{std::chrono::hours(6)};

  // [limits], of one run
  std::optional<std::uint64_t> max_bytes;             // received
  std::optional<std::chrono::milliseconds> max_time;  // then exit 5, resumable
  std::uint64_t page_max_bytes = std::uint64_t{64} << 20;

  // [network]
  std::vector<std::string> allow_private, resolve;
  std::string cacert, proxy;
  int connections = 8;  // at once, over all hosts

  // [sign]
  std::string sign_key;                 // a file, or
  std::string sign_command, sign_vkey;  // a command that signs, and its key
  std::vector<std::string> timestamp;
  std::vector<std::string> calendar;  // of OpenTimestamps

  // [notify]: shell commands; a report is given on standard input
  std::string on_altered, on_finish, on_error, metrics, ping;

  // [render]: pages shown by a browser as well
  struct Rendering {
    std::string program;             // empty: none
    std::vector<std::string> hosts;  // lower case; empty: of every page
    RenderBudget budget;
  };
  Rendering rendering;

  // [retention]: what is erased at the end of a complete run
  struct Retention {
    std::optional<std::chrono::milliseconds> keep;  // absent: for ever
    bool media_only = false;        // videos and sound; pages stay
    bool keep_copies = true;        // what a republication rests on
    std::vector<std::string> hold;  // as `exclude`: these stay
    std::string basis;
    std::vector<std::string> approved_by;  // two different roles
  };
  Retention retention;

  // Whether `host` belongs to the job.
  bool InScope(const Url& url) const;
  // The exclude pattern that `url` matches, or empty.
  std::string_view ExcludedBy(const Url& url) const;
};

// The pattern of `patterns` that path and query of `url` match, or empty.
std::string_view MatchOf(const std::vector<std::string>& patterns,
                         const Url& url);

struct JobProblem {
  int line = 0, column = 0;  // 1-based; 0: the file as a whole
  std::string message;
};

struct JobReading {
  Job job;  // meaningful when there are no problems
  std::vector<JobProblem> problems;
};

// Reads a job file. Every problem is reported, not only the first.
JobReading ReadJob(std::string_view toml);

// The same as one Result: "FILE:LINE:COLUMN: message" lines in the error.
Result<Job> ParseJob(std::string_view toml, std::string_view file_name);

// "500ms", "1s", "15m", "6h", "30d"; 0 needs no unit.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
// "2GiB", "64MiB", "10KB" (1024-based), or plain bytes.
Result<std::uint64_t> ParseByteSize(std::string_view text);

}  // namespace stemma

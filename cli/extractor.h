// Films behind a player's page, fetched by a program of the operator's choice
// (yt-dlp, say). What it brings is no exchange of ours and is kept as what it
// is: resource records, bound to the page, with the command and what it said.
//
// The program talks to the network by itself: robots, politeness and the
// guard against private addresses do not hold for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/result.h"

namespace stemma::cli {

struct ExtractorLimits {
  std::uint64_t max_bytes = std::uint64_t{2} << 30;  // of each file
  std::size_t max_files = 20;
  std::chrono::milliseconds time = std::chrono::minutes(30);
};

struct Extracted {
  int exit_code = 0;  // -1: a signal ended it, or the time was over
  std::string said;   // both outputs, the last 64 KiB
  std::vector<std::filesystem::path> files;  // by name
};

// Runs `sh -c COMMAND URL` in the empty folder `dir`. `go_on` is asked some
// times a second; false ends the program. kIo: it could not be started.
Result<Extracted> RunExtractor(const std::string& command,
                               const std::string& url,
                               const std::filesystem::path& dir,
                               const ExtractorLimits& limits,
                               const std::function<bool()>& go_on);

}  // namespace stemma::cli

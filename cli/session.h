// A Session is what every command gets: the global options, where to write,
// and how to say things. Results go to `out`, everything else to `err`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace stemma::cli {

// The contract's exit codes.
enum ExitCode : int {
  kDone = 0,
  kBadAnswer = 1,
  kUsage = 2,
  kTrouble = 3,
  kRefusedByPolicy = 4,
  kOutOfSpace = 5,
  kInterruptedRun = 6,
  kLocked = 75,
};

// Network options, with curl's meaning.
struct NetworkOptions {
  std::vector<std::string> resolve;        // HOST:PORT:ADDR
  std::vector<std::string> allow_private;  // ADDR:PORT or "all"
  std::string cacert, proxy, user_agent;
  double max_time = 0;  // seconds, 0: the default
  std::optional<std::uint64_t> max_filesize;
  std::optional<std::uint64_t> limit_rate;  // bytes a second
};

struct Session {
  std::string archive;  // --archive, may be empty
  bool json = false, quiet = false, verbose = false;
  std::string color = "auto";
  NetworkOptions network;
  Clock clock = SystemNow;
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  int exit_code = kDone;

  // --archive beats `job_archive`, which beats $STEMMA_ARCHIVE, which beats
  // ./archive.
  std::filesystem::path ArchiveDir(std::string_view job_archive = {}) const;

  // Whether to colour `out`: --color, NO_COLOR, and whether it is a terminal.
  bool UseColor() const;

  // Prints "stemma: message" to `err` and returns the exit code for its kind.
  int Fail(const Error& error) const;
  // A note or a warning on `err`; not with --quiet.
  void Note(std::string_view text) const;
};

// The exit code that stands for this kind of error.
int ExitCodeFor(ErrorCode code);

// Reads "2GiB", "64MiB", "10k" (1024-based, as curl), or plain bytes.
Result<std::uint64_t> ParseSize(std::string_view text);

// What untrusted text becomes on a terminal: C0, C1, ESC and bidi controls are
// shown as \u{...}; LF stays.
std::string ForTerminal(std::string_view text);

}  // namespace stemma::cli

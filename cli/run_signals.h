// Signals of a long run. SIGTERM and SIGINT ask it to stop: once, and what is
// under way may end; twice, and it is cut. SIGUSR1 asks for a status line,
// SIGHUP to read the job file again.
#pragma once

namespace stemma::cli {

// While one lives, the signals are counted instead of killing the process.
class RunSignals {
 public:
  RunSignals();
  ~RunSignals();
  RunSignals(const RunSignals&) = delete;
  RunSignals& operator=(const RunSignals&) = delete;

  static int StopRequests();
  // Whether SIGUSR1 came since the last call.
  static bool TakeStatusRequest();
  // The same of SIGHUP.
  static bool TakeReloadRequest();
};

}  // namespace stemma::cli

// How much a video may cost. Decoding asks after each frame.
#pragma once

#include <cstdint>
#include <string>

#include "media/worker_protocol.h"

namespace stemma::worker {

// The most memory this process has had resident.
std::uint64_t PeakBytes();

class Budget {
 public:
  explicit Budget(const WorkerJob& job);

  // Counts a decoded frame.
  void Spend(std::uint64_t pixels) {
    ++frames_;
    pixels_ += pixels;
  }
  // Why decoding must stop; empty while it may go on.
  std::string Exhausted() const;
  // Many pixels have come out of few bytes: only sync frames from here on.
  bool MustThin(std::uint64_t bytes_read) const;
  // From then on, how many seconds a sync frame must lie behind the last one
  // to be decoded: 0 for a while, then doubling, so that hours cost little.
  double LeastSyncGap() const;
  void BeginThinning() { thinned_at_ = pixels_; }
  double CpuSpent() const;
  bool OutOfTime() const { return CpuSpent() > job_.cpu_seconds; }

 private:
  WorkerJob job_;
  double began_;
  std::int64_t frames_ = 0;
  std::uint64_t pixels_ = 0, thinned_at_ = 0;
};

}  // namespace stemma::worker

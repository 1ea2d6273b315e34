#include "media/worker/budget.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace stemma::worker {
namespace {

double CpuSeconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

std::uint64_t PeakBytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::uint64_t{1024} * static_cast<std::uint64_t>(usage.ru_maxrss);
}

Budget::Budget(const WorkerJob& job) : job_(job), began_(CpuSeconds()) {}

double Budget::CpuSpent() const { return CpuSeconds() - began_; }

std::string Budget::Exhausted() const {
  if (OutOfTime()) {
    return fmt::format("budget: {} s of CPU time are used up",
                       job_.cpu_seconds);
  }
  if (frames_ >= job_.max_frames) {
    return fmt::format("budget: {} frames are decoded", frames_);
  }
  if (pixels_ >= job_.max_pixels) {
    return fmt::format("budget: {} pixels are decoded", pixels_);
  }
  return {};
}

bool Budget::MustThin(std::uint64_t bytes_read) const {
  return job_.max_pixels_per_byte > 0 && pixels_ > job_.free_pixels &&
         (pixels_ - job_.free_pixels) / job_.max_pixels_per_byte > bytes_read;
}

double Budget::LeastSyncGap() const {
  const std::uint64_t step = std::max<std::uint64_t>(job_.free_pixels / 16, 1);
  const std::uint64_t steps = (pixels_ - thinned_at_) / step;
  if (steps == 0) return 0;
  return std::ldexp(1.0, static_cast<int>(std::min<std::uint64_t>(steps, 20)));
}

}  // namespace stemma::worker

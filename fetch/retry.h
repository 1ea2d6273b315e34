// When a failed exchange is worth another try, and how long to wait before it.
// Pure: the random number and the server's wish are arguments.
#pragma once

#include <chrono>
#include <optional>

#include "fetch/fetcher.h"

namespace stemma {

struct RetryPolicy {
  int max_attempts = 3;
  std::chrono::milliseconds first_wait{500};  // doubles with each attempt
  std::chrono::milliseconds max_wait{60'000};
  // A server that asks for longer than this is left for another run.
  std::chrono::milliseconds max_retry_after{24 * 3600 * 1000};
};

// What kind of trouble an outcome is, for retries and statistics.
enum class Trouble {
  kNone,        // a whole response, whatever its status
  kTransient,   // connection refused, reset, empty reply, DNS trouble, cut body
  kOverloaded,  // 429 or 503: the server asks us to wait
  kServerError,  // 500, 502, 504: one more try is polite enough
  kPermanent,    // refused by policy, bad certificate, not HTTP, a deadline
};
Trouble Classify(const FetchOutcome& outcome);

// The wait before attempt number `attempt` + 1 (the first attempt is 1), or
// nullopt when it is time to give up. `retry_after` is the server's own wish.
// `jitter` in [0, 1) spreads the wait over [half, whole] of the step; a
// server's wish is never shortened.
std::optional<std::chrono::milliseconds> NextTry(
    const RetryPolicy& policy, Trouble trouble, int attempt,
    std::optional<std::chrono::milliseconds> retry_after, double jitter);

}  // namespace stemma

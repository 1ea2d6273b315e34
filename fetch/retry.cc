#include "fetch/retry.h"

#include <algorithm>

namespace stemma {

Trouble Classify(const FetchOutcome& outcome) {
  if (outcome.failure) {
    // A certificate does not become good by asking again.
    const std::string& verify = outcome.exchange.connection.tls_verify;
    if (!verify.empty() && verify != "ok") return Trouble::kPermanent;
    // What took long to fail would take as long again.
    constexpr std::chrono::seconds kSlow(5);
    if (outcome.exchange.finished - outcome.exchange.started >= kSlow) {
      return Trouble::kPermanent;
    }
    return outcome.failure->code() == ErrorCode::kNetwork ? Trouble::kTransient
                                                          : Trouble::kPermanent;
  }
  switch (outcome.exchange.status) {
    case 429:
    case 503:
      return Trouble::kOverloaded;
    case 500:
    case 502:
    case 504:
      return Trouble::kServerError;
    default:
      break;
  }
  return outcome.exchange.truncated == Truncation::kDisconnect
             ? Trouble::kTransient
             : Trouble::kNone;
}

std::optional<std::chrono::milliseconds> NextTry(
    const RetryPolicy& policy, Trouble trouble, int attempt,
    std::optional<std::chrono::milliseconds> retry_after, double jitter) {
  if (trouble == Trouble::kNone || trouble == Trouble::kPermanent) {
    return std::nullopt;
  }
  const int allowed = trouble == Trouble::kServerError
                          ? std::min(2, policy.max_attempts)
                          : policy.max_attempts;
  if (attempt >= allowed) return std::nullopt;

  // 20 doublings of any step are beyond every cap; more would overflow.
  const int doublings = std::clamp(attempt - 1, 0, 20);
  const auto step = std::min<std::chrono::milliseconds>(
      policy.max_wait, policy.first_wait * (1LL << doublings));
  const double share = 0.5 + std::clamp(jitter, 0.0, 1.0) / 2;
  auto wait = std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(step.count()) * share));
  if (retry_after) {
    if (*retry_after > policy.max_retry_after) return std::nullopt;
    wait = std::max(wait, *retry_after);
  }
  return wait;
}

}  // namespace stemma

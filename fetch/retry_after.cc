#include "fetch/retry_after.h"

#include <algorithm>
#include <string>

#include "core/ascii.h"
#include "core/http_head.h"
#include "core/trim.h"
#include "fetch/http_date.h"

namespace stemma {
namespace {

constexpr std::chrono::seconds kTenYears{10L * 365 * 86'400};

}  // namespace

std::optional<RetryAfterValue> ParseRetryAfter(std::string_view value,
                                               TimePoint now) {
  value = TrimBlanks(value);
  const bool is_number = !value.empty() && std::ranges::all_of(value, IsDigit);
  if (is_number) {
    std::chrono::seconds delay{0};
    for (const char c : value) {
      delay = std::min(delay * 10 + std::chrono::seconds(c - '0'), kTenYears);
    }
    return RetryAfterValue{.delay = delay, .date = std::nullopt};
  }
  const std::optional<TimePoint> date = ParseHttpDate(value, now);
  if (!date) return std::nullopt;
  return RetryAfterValue{.delay = std::nullopt, .date = date};
}

std::optional<std::chrono::milliseconds> RetryAfter(
    std::string_view response_head, TimePoint now) {
  const Result<HttpHead> head = ParseHttpHead(response_head);
  if (!head) return std::nullopt;
  for (const std::string& value : head->FindAll("Retry-After")) {
    const auto parsed = ParseRetryAfter(value, now);
    if (!parsed) continue;
    if (parsed->delay) return *parsed->delay;
    return std::max(*parsed->date - now, TimePoint::duration::zero());
  }
  return std::nullopt;
}

}  // namespace stemma

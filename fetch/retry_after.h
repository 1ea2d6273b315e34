// The Retry-After field (RFC 9110 10.2.3): how long a server asks us to wait.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/time.h"

namespace stemma {

// A field value: either a number of seconds or a date.
struct RetryAfterValue {
  std::optional<std::chrono::seconds> delay;  // at most 10 years
  std::optional<TimePoint> date;
};
// nullopt for what is neither and must be ignored.
std::optional<RetryAfterValue> ParseRetryAfter(std::string_view value,
                                               TimePoint now);

// The wait the first readable Retry-After of a stored response head asks for;
// zero for a date in the past. Uncapped: policy is the caller's (24 h is wise).
std::optional<std::chrono::milliseconds> RetryAfter(
    std::string_view response_head, TimePoint now);

}  // namespace stemma

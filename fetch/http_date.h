// Dates of HTTP fields (RFC 9110 5.6.7): the preferred form and the two
// obsolete ones that recipients must read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace stemma {

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or
// "Sun Nov  6 08:49:37 1994". A wrong weekday is forgiven, an impossible date
// is not. A year of two digits that would lie more than 50 years after `now`
// is of the century before.
std::optional<TimePoint> ParseHttpDate(std::string_view text, TimePoint now);

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string FormatHttpDate(TimePoint time);

// The month (1-12) of "Jan", "january", ...; 0 for anything else. Any text
// that starts with the three letters counts.
unsigned MonthOfName(std::string_view name);

}  // namespace stemma

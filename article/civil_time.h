// Days and clocks as people count them, and the claims made of them.
#pragma once

#include <optional>
#include <string_view>

#include "core/time.h"

namespace stemma {

// A day, perhaps with a time on some clock; `hour` is -1 without one.
struct CivilTime {
  int year = 0, month = 0, day = 0;
  int hour = -1, minute = 0, second = 0;
  bool has_second = false;
  std::optional<int> offset;  // minutes east of UTC
};

// nullopt when the calendar has no such day. Without an offset the clock is
// taken for UTC's, and the claim says that it has no zone.
std::optional<DateClaim> ClaimOf(const CivilTime& civil, std::string_view raw);

// Minutes east of UTC: of a zone's letters in lower case ("cest"); of what may
// stand behind a time ("+0100", "+01:00", "-5", "Z", "UTC").
std::optional<int> ZoneNamed(std::string_view lower);
std::optional<int> OffsetOf(std::string_view text);

// All of `text` as a decimal number.
std::optional<int> NumberOf(std::string_view text);

// Without white space and controls at its ends.
std::string_view TrimAscii(std::string_view text);

}  // namespace stemma

// Dates that machines write for machines, and days in addresses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace stemma {

// RFC 3339 and its relatives ("2020-01-30 10:00 +0100", "20200130",
// "2020/01/30"), RFC 5322, the C library's ctime, seconds or milliseconds since
// 1970; and, as pages write them there, dates for people.
std::optional<DateClaim> ReadMachineDate(std::string_view text);

// ".../2020/01/30/..." or ".../2020-01-30-...", ".../20200130..."
std::optional<DateClaim> DateOfUrl(std::string_view url);

// The day as its publisher wrote it, in the publisher's own zone: "2020-01-30".
std::string DayAsWritten(const DateClaim& claim);

}  // namespace stemma

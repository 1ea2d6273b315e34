// Dates as publishers write them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace stemma {

struct DateReading {
  DateClaim claim;                 // source is empty
  std::size_t begin = 0, end = 0;  // bytes of the text it was read from
};

// A machine-made date: RFC 3339 and its relatives ("2020-01-30 10:00 +0100",
// "20200130", "2020/01/30"), RFC 5322, seconds or milliseconds since 1970.
std::optional<DateClaim> ReadMachineDate(std::string_view text);

// The first date with day, month and year in a text for people, in the
// languages named in docs/decisions/article-dates.md; day before month in
// "01/02/2020" unless `language` is "en-US" or the numbers say otherwise.
std::optional<DateReading> FindDate(std::string_view text,
                                    std::string_view language);

// ".../2020/01/30/..." or ".../2020-01-30-...", ".../20200130..."
std::optional<DateClaim> DateOfUrl(std::string_view url);

// The day as its publisher wrote it, in the publisher's own zone: "2020-01-30".
std::string DayAsWritten(const DateClaim& claim);

// The day a reader of the page takes for its date: of `published` as written;
// where that is in UTC, the day that another claim gives on the site's own
// clock; where only a later revision is shown, the day shown.
std::string DayShown(const DateClaim& published,
                     const std::vector<DateClaim>& claims);

}  // namespace stemma

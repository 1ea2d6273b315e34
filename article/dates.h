// Dates as publishers write them for people.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/time.h"

namespace stemma {

struct DateReading {
  DateClaim claim;                 // source is empty
  std::size_t begin = 0, end = 0;  // bytes of the text it was read from
};

// The first date with day, month and year in a text for people, in the
// languages named in docs/decisions/article-dates.md; day before month in
// "01/02/2020" unless `language` is "en-US" or the numbers say otherwise; year
// first in "20.01.30" in Japanese, Chinese and Korean.
std::optional<DateReading> FindDate(std::string_view text,
                                    std::string_view language);

}  // namespace stemma

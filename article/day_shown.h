// Which of a page's dates its readers take for its date.
#pragma once

#include <string>
#include <vector>

#include "core/time.h"

namespace stemma {

// The day a reader of the page takes for its date: of `published` as written;
// where that is in UTC, the day that another claim gives on the site's own
// clock; where only a later revision is shown, the day shown.
std::string DayShown(const DateClaim& published,
                     const std::vector<DateClaim>& claims);

}  // namespace stemma

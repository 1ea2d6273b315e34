// Names of months as publishers write them beside a day.
#pragma once

#include <string_view>

namespace stemma {

// 1 to 12 for a name or its short form in lower case, as it stands beside a day
// ("января", "janv"); 0 for any other word.
int MonthOf(std::string_view word);

}  // namespace stemma

// Dates as feeds write them: RFC 3339, W3C-DTF (also cut short), RFC 822 with
// named zones and two-digit years, asctime.
#pragma once

#include <optional>
#include <string_view>

#include "core/time.h"

namespace stemma {

// Without a zone UTC is assumed. nullopt for anything else.
std::optional<TimePoint> ParseFeedDate(std::string_view text);

}  // namespace stemma

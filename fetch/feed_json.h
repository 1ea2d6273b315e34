// JSON Feed 1.0 and 1.1 (jsonfeed.org); used by feed.cc only.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "fetch/feed.h"

namespace stemma {

// Fills `*feed` from a JSON document; kMalformed when it is no JSON Feed.
Status ReadJsonFeed(std::string_view text, const std::string& base,
                    const FeedLimits& limits, Feed* feed);

}  // namespace stemma

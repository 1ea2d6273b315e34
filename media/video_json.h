// VideoReport as JSON: what `stemma keyframes --json` prints, and what a bundle
// stores so that a video need not be decoded again.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "core/result.h"
#include "media/keyframes.h"

namespace stemma {

struct VideoJsonOptions {
  // The matching samples: about 7 KB for each second of video.
  bool samples = false;
  bool frames = true;
};

nlohmann::json ToJson(const VideoReport& report,
                      const VideoJsonOptions& options = {});

// Reads what ToJson wrote; images are not part of it. kMalformed when a field
// has the wrong shape or range.
Result<VideoReport> VideoReportFromJson(std::string_view json_text);

nlohmann::json ToJson(const VideoComparison& comparison);

}  // namespace stemma

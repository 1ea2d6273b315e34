// A still image as a report of one frame, so that images and videos are kept
// and searched in one way.
#pragma once

#include <string_view>

#include "core/result.h"
#include "media/keyframes.h"

namespace stemma {

// Reads a PNG or JPEG file (hash/image.h). Its one keyframe has PDQ by the rule
// "512"; facts.kind is "image". Errors as DecodeImage's.
Result<VideoReport> ReadPicture(std::string_view bytes);

}  // namespace stemma

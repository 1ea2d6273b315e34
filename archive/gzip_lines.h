// The lines of a text file, inflated if it is gzipped.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "core/result.h"

namespace stemma {

// Calls `take` with each line, without LF; the last may lack one. kLimit for a
// line beyond `max_line` bytes, kMalformed for damaged gzip.
Status ForEachLineOf(const std::filesystem::path& path,
                     const std::function<Status(std::string_view)>& take,
                     std::size_t max_line = 64 << 20);

}  // namespace stemma

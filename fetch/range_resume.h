// Going on with a body that broke off, without ever splicing two versions of
// a resource (RFC 9110 13.1.5 and 14).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/capture.h"
#include "core/result.h"

namespace stemma {

// The request fields that ask for the rest of `broken` from payload byte
// `offset` on: Range and If-Range. Empty when it may not be resumed: no strong
// ETag, a content coding that the range would cut, a status other than 200, or
// nothing received.
std::vector<std::pair<std::string, std::string>> ResumeHeaders(
    const Exchange& broken, std::uint64_t offset);

// What an answer to such a request is.
enum class ResumeAnswer {
  kContinues,  // 206, same strong ETag, Content-Range starts at the offset
  kReplaced,   // 200: the whole resource again; the part is only history
  kUseless,    // 206 for something else, 416, an error
};
ResumeAnswer JudgeResume(const Exchange& broken, std::uint64_t offset,
                         const Exchange& answer, std::string* why);

}  // namespace stemma

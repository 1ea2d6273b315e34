// Transfer codings and content codings undone, for readers. What is stored
// stays as it came; nothing here is for storage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/chunked.h"
#include "core/result.h"

namespace stemma {

// The payload of `body` under `head`: chunk framing removed when the head says
// chunked, else the body as it is. A body that breaks off gives what came.
// `head` is the stored response head.
std::string DecodeTransfer(std::string_view head, std::string body,
                           std::vector<std::string>* notes = nullptr);

struct DecodeLimits {
  std::uint64_t max_bytes = std::uint64_t{16} << 20;  // decoded
  // Decoded size beyond ratio x coded size + slack is a bomb.
  std::uint64_t max_ratio = 1'000;
  std::uint64_t slack_bytes = std::uint64_t{10} << 20;
  // What is given of a body beyond these limits: reading more of it is what a
  // bomb wants.
  std::uint64_t kept_beyond = std::uint64_t{2} << 20;
  int max_codings = 3;
  int max_window_log = 27;  // zstd
};

// The text behind the content codings of `head` (gzip, x-gzip, deflate, br,
// zstd, identity). `body` is the payload, transfer coding already removed.
//
// A body that breaks off gives what was decoded so far, one that grows beyond
// the limits its beginning, both with a note. One that is not coded as it says
// gives the body itself with a note, as browsers do not but archives must.
// kUnsupported for a coding we do not know, kLimit for more codings than
// allowed.
Result<std::string> DecodeContent(std::string_view head, std::string body,
                                  const DecodeLimits& limits = {},
                                  std::vector<std::string>* notes = nullptr);

}  // namespace stemma

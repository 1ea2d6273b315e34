// The host parser of the URL Standard (url.spec.whatwg.org 3.5).
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma {

// Parses the host of a special URL: "[IPv6]", IPv4 in any of its spellings, or
// a domain; the result is serialized ("[::1]", "127.0.0.1", "xn--...").
// `text` is valid UTF-8.
Result<std::string> ParseSpecialHost(std::string_view text);

// Parses the host of any other URL: "[IPv6]", or text that is kept.
Result<std::string> ParseOpaqueHost(std::string_view text);

}  // namespace stemma

// Canonical JSON (RFC 8785, "JCS") and the strict reader that goes with it
// (I-JSON, RFC 7493).
//
// Two JSON texts mean the same to us exactly when their canonical bytes are
// the same, so everything that is hashed or signed goes through here.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma {

struct JsonLimits {
  std::size_t max_bytes = std::size_t{16} << 20;
  int max_depth = 16;  // Objects and arrays inside each other.
};

// Reads one JSON document. Refused (kMalformed): a key twice in one object, a
// lone surrogate, bytes that are not UTF-8, a byte order mark, NaN and
// infinities, anything after the document, and what the limits forbid.
Result<nlohmann::json> ParseStrict(std::string_view text,
                                   JsonLimits limits = {});

// The RFC 8785 bytes of `value`: no white space, members ordered by the
// UTF-16 code units of their names, shortest escapes, numbers as ECMAScript
// writes them. Integers beyond 2^53 become the nearest double, as the RFC
// demands. An ill-formed UTF-8 sequence becomes U+FFFD, NaN and infinities
// become null: the result is always JSON.
std::string Jcs(const nlohmann::json& value);

// A finite double as ECMAScript's Number::toString writes it (ECMA-262
// 6.1.6.1.20); "null" for the others.
std::string EcmaScriptNumber(double number);

}  // namespace stemma

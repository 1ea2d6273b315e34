// Base64 (RFC 4648 section 4), strict: standard alphabet, padded, no white
// space, unused bits zero. Each byte string has exactly one text, so that a
// changed character is always a changed value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stemma {

std::string Base64Of(std::string_view bytes);
std::optional<std::string> BytesOfBase64(std::string_view text);

}  // namespace stemma

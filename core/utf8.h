// UTF-8, read as the Encoding Standard's decoder does: whatever is ill-formed
// becomes U+FFFD, one for each maximal subpart.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stemma {

// The code point at `*position`, which moves behind it.
// REQUIRES: *position < text.size()
char32_t NextCodePoint(std::string_view text, std::size_t* position);

// Appends `point`, a Unicode scalar value, to `*out`.
void AppendUtf8(char32_t point, std::string* out);

// `text` with everything ill-formed replaced.
std::string ValidUtf8(std::string_view text);

bool IsAscii(std::string_view text);

}  // namespace stemma

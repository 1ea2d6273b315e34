// Character references of HTML (html.spec.whatwg.org 13.2.5.72 to 80).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stemma {

// Reads the character reference at text[at] == '&'. Appends what it stands for
// to `out` and returns how many bytes it took; 0 when it is plain text. In an
// attribute, a name without semicolon before "=" or a letter is plain text.
std::size_t DecodeReference(std::string_view text, std::size_t at,
                            bool in_attribute, std::string& out);

// `text` with every reference decoded, once.
std::string DecodeReferences(std::string_view text, bool in_attribute);

}  // namespace stemma

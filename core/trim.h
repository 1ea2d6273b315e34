// Text without the white space around it, for the two sets that most formats
// mean. A format with a set of its own (robots.txt, data: URLs) keeps it.
#pragma once

#include <string_view>

namespace stemma {

inline std::string_view TrimOf(std::string_view text,
                               std::string_view characters) {
  const std::size_t begin = text.find_first_not_of(characters);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(characters) - begin + 1);
}

// What C calls space: blanks, line ends, form feed, vertical tab.
inline std::string_view Trim(std::string_view text) {
  return TrimOf(text, " \t\r\n\f\v");
}

// Blanks alone, the optional white space of header fields (RFC 9110, 5.6.3).
inline std::string_view TrimBlanks(std::string_view text) {
  return TrimOf(text, " \t");
}

}  // namespace stemma

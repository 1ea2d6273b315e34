// Names of authors as bylines give them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stemma {

// The names in a byline or a metadata value: "By Jane Doe and John Roe, AP"
// gives {"Jane Doe", "John Roe"}. Roles, addresses, handles, dates and "staff"
// go. Empty when nothing looks like a name.
std::vector<std::string> NamesOf(std::string_view text);

// Whether a text opens as a byline does ("By ", "Von ", "Por ", "Автор:").
bool OpensByline(std::string_view text);

}  // namespace stemma

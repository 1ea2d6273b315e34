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

// The names in a value that is nothing but names (schema.org, <meta>): roles
// stay, "Jane Doe, MD" stays one, lists are parted.
std::vector<std::string> NamesOfValue(std::string_view text);

// Whether a text reads like the name of one person: two to five words, each
// with a capital or in a script without them, no digits.
bool ReadsLikeName(std::string_view text);

// Whether a text can be the name of one person in Han, kana or hangul: two to
// six letters of these and none else. Many other words can be, too.
bool IsIdeographicName(std::string_view text);

// Whether a text introduces who wrote: a name, what the person is, and that it
// is a trade of writing ("Jane Doe is a freelance writer who ...").
bool IntroducesAuthor(std::string_view text);

// Whether a text opens as a byline does ("By ", "Von ", "Por ", "Автор:").
bool OpensByline(std::string_view text);

}  // namespace stemma

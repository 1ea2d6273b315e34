// Texts folded for looking up phrases.
#pragma once

#include <string>
#include <string_view>

namespace stemma {

// Lower case by simple mapping, every apostrophe "'", line feeds as blanks.
std::string LowerForPhrases(std::string_view text);

// The site an address belongs to, for telling "another site" from this one: the
// host without "www.", cut to its last two labels, or three when the second to
// last is a registry's ("example.co.uk"). "" for no http(s) address.
std::string SiteOf(std::string_view url);

}  // namespace stemma

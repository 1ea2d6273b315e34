// The domain somebody could register, by the Public Suffix List of libpsl:
// "www.bbc.co.uk" -> "bbc.co.uk". What belongs together for politeness, for
// cookies, and when asking whether two pages come from one site.
#pragma once

#include <string>
#include <string_view>

namespace stemma {

// Lower case, in the form given (punycode or UTF-8). Empty when there is none:
// `host` is a public suffix itself, an IP address, has an empty label, or is
// empty. A top-level domain the list does not know counts as a suffix.
std::string RegistrableDomain(std::string_view host);

// Whether `host` is a public suffix; cookies may not be set for one.
bool IsPublicSuffix(std::string_view host);

}  // namespace stemma

// The sort key of web-archive indexes (CDX, CDXJ): "com,example)/path?a=1&b".
//
// Follows the Python package `surt` with its default options (the canonicalizer
// of the Internet Archive), since that is what pywb, cdxj-indexer and py-wacz
// look up with; the CDXJ text alone is not enough to interoperate. The key is
// lossy on purpose: scheme, "www2.", case, default port, session ids, the order
// of query arguments, doubled slashes and one trailing slash do not count. Look
// up by key, then compare the URL itself.
#pragma once

#include <string>
#include <string_view>

namespace stemma {

// The key of `url`, any text; "-" when it is empty. Never fails: what is no
// URL gets a key, too, as in the reference. Idempotence is not promised.
std::string SurtKey(std::string_view url);

// The parts it is made of, for those who need them alone.

// "b=1&a" -> "a&b=1"; by name, a name without "=" first, then by value.
std::string SortedQuery(std::string_view query);
// "www12.example.org" -> "example.org".
std::string_view WithoutWwwLabel(std::string_view host);
// Undoes percent-encoding until nothing changes.
std::string PercentDecodeRepeatedly(std::string_view text);
// "/(a(24 letters))/x.aspx" -> "/x.aspx".
std::string WithoutPathSessionId(std::string_view path);
// Removes jsessionid, phpsessid, sid, ASPSESSIONID and cfid/cftoken arguments.
std::string WithoutQuerySessionId(std::string_view query);

}  // namespace stemma

// Crawler traps: addresses that a server makes without end. Pure rules over one
// address; what needs counting (variants of a path, duplicate payloads) is kept
// by the frontier and the crawl.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/time.h"
#include "core/url.h"

namespace stemma {

struct TrapRules {
  std::size_t max_url_bytes = 4'096;
  std::size_t max_segments = 24;
  int max_same_segment = 4;    // the same one, anywhere in the path
  int max_period_repeats = 3;  // a/b/a/b/a/b
  std::size_t max_query_fields = 16;
  int first_year = 1990;  // dates in addresses outside first_year and
  int years_ahead = 1;    // now + years_ahead are a calendar's
};

// Why `url` looks like a trap, or nothing. `now` is for calendars.
std::optional<std::string> TrapReason(const Url& url, TimePoint now,
                                      const TrapRules& rules = {});

// What two addresses of one page share: no fragment, no session id, no
// campaign tag, no empty query. Only for knowing an address again; what is
// fetched and stored is the address as found. Version of the rules: 1.
std::string AddressKey(const Url& url);

// What the members of a faceted listing share: host and path, whatever fields
// the query switches on. Empty with fewer than two fields: /?p=123 is a page.
std::string VariantShape(const Url& url);

}  // namespace stemma

// The addresses a feed or a sitemap names.
#pragma once

#include <string_view>

#include "cli/crawl_discovery.h"
#include "core/result.h"

namespace stemma::cli {

// `text` is the listing at `from`, content coding removed, fetched from `base`
// with this response head. kMalformed when it is no listing at all.
Result<Discovered> AddressesOfListing(const Job& job, const Address& from,
                                      const Url& base, std::string_view text,
                                      std::string_view response_head,
                                      TimePoint now);

}  // namespace stemma::cli

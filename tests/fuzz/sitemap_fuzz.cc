#include "core/utf8.h"
#include "fetch/sitemap.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

FUZZ_TARGET(sitemap) {
  constexpr SitemapLimits kLimits{
      .max_bytes = 1 << 20, .max_entries = 50, .max_links = 50};
  const auto sitemap = ParseSitemap(bytes, kLimits);
  if (!sitemap) return;
  Require(sitemap->entries.size() <= 50, "the limit of entries holds");
  for (const SitemapEntry& entry : sitemap->entries) {
    Require(!entry.url.empty(), "an entry has an address");
    Require(ValidUtf8(entry.url) == entry.url, "addresses are UTF-8");
  }
}

}  // namespace stemma::fuzz

// Sitemaps of crawler-commons' tests.

#include "fetch/sitemap.h"

#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

json RunSitemap(const json& input, const json&) {
  const Result<Sitemap> sitemap = ParseSitemap(Base64Member(input, "body_b64"));
  if (!sitemap) return {{"must", sitemap.error().message()}};
  json locs = json::array();
  for (const SitemapEntry& entry : sitemap->entries) locs.push_back(entry.url);
  const bool recovered = !sitemap->entries.empty() || !sitemap->links.empty();
  return {{"root", sitemap->root},
          {"locs", locs},
          {"links", sitemap->links},
          {"xml_well_formed", sitemap->well_formed},
          {"must", recovered ? "recover what can be recovered; text sitemaps: "
                               "one URL per line"
                             : "nothing recovered"}};
}

const bool registered = Register({{.name = "sitemaps_cc", .run = RunSitemap}});

}  // namespace
}  // namespace stemma::conform

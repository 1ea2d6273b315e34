// Sitemaps (sitemaps.org 0.9 with the news, video and image extensions), their
// indexes, and text files of one URL a line; plain or gzip.
//
// Whatever namespace the elements claim: half the sitemaps of the world have a
// wrong one. Broken XML gives what could be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace stemma {

struct SitemapLimits {
  // sitemaps.org: 50 MB uncompressed, 50,000 entries. What is beyond is cut.
  std::uint64_t max_bytes = std::uint64_t{50} << 20;
  std::size_t max_entries = 50'000;
  std::size_t max_url_bytes = 16 << 10;  // longer ones are left out
  // Videos, images and alternates together, over the whole file.
  std::size_t max_links = 200'000;
};

struct SitemapVideo {
  std::string content;  // video:content_loc, the file itself
  std::string player;   // video:player_loc
  std::string thumbnail;
  std::string title;
};

struct SitemapNews {
  std::string publication;
  std::string language;
  std::string date;  // as written
  std::string title;
};

struct SitemapEntry {
  std::string url;      // as written, trimmed; not checked to be a URL
  std::string lastmod;  // as written
  std::optional<TimePoint> modified;  // lastmod, when it can be read
  std::vector<SitemapVideo> videos;
  std::vector<std::string> images;
  std::vector<std::string> alternates;  // xhtml:link href
  std::optional<SitemapNews> news;
};

struct Sitemap {
  std::string root;  // "urlset", "sitemapindex", "rss", ...; "text"
  bool IsIndex() const { return root == "sitemapindex"; }
  // Pages, or for an index the sitemaps it names.
  std::vector<SitemapEntry> entries;
  // Addresses of <link> elements, alternates included: all there is in a feed
  // that was named as a sitemap.
  std::vector<std::string> links;
  bool well_formed = true;  // as XML
  bool cut = false;         // a limit was reached
  std::vector<std::string> notes;
};

// kMalformed when nothing in it looks like a sitemap.
Result<Sitemap> ParseSitemap(std::string_view bytes,
                             const SitemapLimits& limits = {});

}  // namespace stemma

#include "cli/crawl_listing.h"

#include <string>
#include <utility>

#include "article/discover.h"
#include "core/http_head.h"
#include "fetch/feed.h"
#include "fetch/sitemap.h"

namespace stemma::cli {
namespace {

// What a feed or sitemap names is as near as a seed's own links.
void ConsiderPage(const Job& job, const Address& from, const Url& base,
                  const std::string& text, std::string_view found_by,
                  TimePoint now, Discovered* out) {
  const Result<Url> url = Url::Parse(text, &base);
  if (!url) {
    ++out->left_out["not an address"];
    return;
  }
  NewAddress address;
  address.depth = from.depth + 1;
  address.priority = kPriorityArticle;
  address.via = from.url;
  address.found_by = found_by;
  Consider(job, *url, std::move(address), now, out);
}

void ConsiderMedium(const Job& job, const Address& from, const Url& base,
                    const std::string& text, std::string_view found_by,
                    Discovered* out) {
  const Result<Url> url = Url::Parse(text, &base);
  if (!job.media || !url || !url->IsHttp() || url->host().empty()) return;
  NewAddress address;
  address.url = *url;
  address.kind = AddressKind::kMedia;
  address.depth = from.depth + 1;
  address.priority = kPriorityMedia;
  address.via = from.url;
  address.found_by = found_by;
  out->addresses.push_back(std::move(address));
}

Result<Discovered> OfSitemap(const Job& job, const Address& from,
                             const Url& base, std::string_view text,
                             TimePoint now) {
  STEMMA_TRY(const Sitemap sitemap, ParseSitemap(text));
  Discovered out;
  for (const SitemapEntry& entry : sitemap.entries) {
    if (!sitemap.IsIndex()) {
      ConsiderPage(job, from, base, entry.url,
                   entry.news ? "news-sitemap" : "sitemap", now, &out);
      for (const SitemapVideo& video : entry.videos) {
        if (video.content.empty()) continue;
        ConsiderMedium(job, from, base, video.content, "sitemap-video", &out);
      }
      continue;
    }
    const Result<Url> url = Url::Parse(entry.url, &base);
    // An index that names itself, or another site's, leads nowhere.
    if (!url || !job.InScope(*url) || from.depth >= 3) {
      ++out.left_out["sitemap out of scope or too deep"];
      continue;
    }
    NewAddress next;
    next.url = *url;
    next.kind = AddressKind::kSitemap;
    next.depth = from.depth + 1;
    next.priority = kPrioritySitemap;
    next.via = from.url;
    next.found_by = "sitemap-index";
    out.addresses.push_back(std::move(next));
  }
  for (const std::string& link : sitemap.links) {
    ConsiderPage(job, from, base, link, "feed", now, &out);
  }
  if (sitemap.cut) ++out.left_out["beyond the limit of a sitemap"];
  return out;
}

bool IsVideo(std::string_view type, std::string_view medium,
             const std::string& url) {
  return type.starts_with("video/") || medium == "video" ||
         (type.empty() && medium.empty() && MediaKindOfPath(url).has_value());
}

void ConsiderItem(const Job& job, const Address& from, const Url& base,
                  const FeedItem& item, TimePoint now, Discovered* out) {
  if (!item.link.empty()) {
    ConsiderPage(job, from, base, item.link, "feed", now, out);
  } else if (item.id_is_link) {
    ConsiderPage(job, from, base, item.id, "feed", now, out);
  }
  for (const FeedLink& enclosure : item.enclosures) {
    if (IsVideo(enclosure.type, "", enclosure.href)) {
      ConsiderMedium(job, from, base, enclosure.href, "enclosure", out);
    }
  }
  for (const FeedMedia& media : item.media) {
    if (!media.url.empty() && IsVideo(media.type, media.medium, media.url)) {
      ConsiderMedium(job, from, base, media.url, "media-rss", out);
    }
  }
}

// Older entries lie on further pages of the feed (RFC 5005).
void ConsiderNextPage(const Job& job, const Address& from, const Url& base,
                      const Feed& feed, Discovered* out) {
  constexpr int kMostPages = 50;
  const std::string next = feed.LinkTo("next");
  const Result<Url> url = Url::Parse(next, &base);
  if (next.empty() || !url || !job.InScope(*url) || from.depth >= kMostPages) {
    return;
  }
  NewAddress address;
  address.url = *url;
  address.kind = AddressKind::kFeed;
  address.depth = from.depth + 1;
  address.priority = kPriorityFeed;
  address.via = from.url;
  address.found_by = "feed-next";
  out->addresses.push_back(std::move(address));
}

Result<Discovered> OfFeed(const Job& job, const Address& from, const Url& base,
                          std::string_view text, const std::string& charset,
                          TimePoint now) {
  STEMMA_TRY(const Feed feed, ParseFeed({text, charset, base.Href()}));
  // The pages of a feed are a seed's own links, whatever page of it they are
  // on.
  Address first = from;
  first.depth = 0;
  Discovered out;
  for (const FeedItem& item : feed.entries) {
    ConsiderItem(job, first, base, item, now, &out);
  }
  ConsiderNextPage(job, from, base, feed, &out);
  if (feed.cut) ++out.left_out["beyond the limit of a feed"];
  return out;
}

// "text/xml; charset=koi8-r" -> "koi8-r".
std::string CharsetOf(std::string_view content_type) {
  const std::size_t at = content_type.find("charset=");
  if (at == std::string_view::npos) return {};
  std::string_view value = content_type.substr(at + 8);
  value = value.substr(0, value.find(';'));
  while (value.starts_with('"') || value.starts_with(' ')) {
    value.remove_prefix(1);
  }
  while (value.ends_with('"') || value.ends_with(' ')) value.remove_suffix(1);
  return std::string(value);
}

}  // namespace

Result<Discovered> AddressesOfListing(const Job& job, const Address& from,
                                      const Url& base, std::string_view text,
                                      std::string_view response_head,
                                      TimePoint now) {
  if (from.kind == AddressKind::kSitemap) {
    return OfSitemap(job, from, base, text, now);
  }
  return OfFeed(job, from, base, text,
                CharsetOf(FieldOf(response_head, "content-type")), now);
}

}  // namespace stemma::cli

// What a page points at: links for a crawler, media for an archiver. Reads the
// whole page, head and body, article or not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "article/extract.h"
#include "core/article.h"
#include "core/result.h"

namespace stemma {

enum class LinkKind {
  kAnchor,     // <a>, <area>
  kCanonical,  // <link rel=canonical>
  kAmp,        // <link rel=amphtml>
  kNext,       // rel=next, on <link> or <a>
  kPrev,
  kFeed,       // <link rel=alternate> of a feed type
  kAlternate,  // <link rel=alternate hreflang>
  kShortlink,
  kFrame,    // <iframe>, <frame>
  kRefresh,  // <meta http-equiv=refresh>
};
std::string_view NameOf(LinkKind kind);

struct PageLink {
  LinkKind kind = LinkKind::kAnchor;
  std::string url;   // absolute, without fragment
  std::string text;  // anchor text, or the title of a feed; cut at 300 bytes
  std::string type;  // MIME type or hreflang, as written
  bool nofollow = false;
};

struct Discovery {
  std::string base_url;         // what relative addresses were resolved against
  std::vector<PageLink> links;  // page order, repeats of (kind, url) out
  std::vector<MediaLink> media;            // page order; after_block is -1
  bool noindex = false, nofollow = false;  // <meta name=robots>
  std::size_t links_left_out = 0;          // beyond HtmlLimits::max_links
  std::vector<std::string> notes;
};

// Same errors as ExtractArticle.
Result<Discovery> Discover(const PageInput& page,
                           const HtmlLimits& limits = {});

// The same without the words of the links (PageLink::text), which takes half
// the time: for crawlers.
Result<Discovery> DiscoverAddresses(const PageInput& page,
                                    const HtmlLimits& limits = {});

// From one reading of the page what ExtractArticle and DiscoverAddresses say.
struct PageReading {
  Article article;
  Discovery found;
};
// Same errors as ExtractArticle.
Result<PageReading> ReadPage(const PageInput& page,
                             const HtmlLimits& limits = {},
                             const SiteRules* rules = nullptr);

// Media a text names by a bare address: http(s)://....mp4 and its kin, at
// word boundaries, without trailing punctuation.
std::vector<std::string> BareMediaUrls(std::string_view text);

// What kind of media an address names by its path's extension; nullopt if none.
std::optional<MediaKind> MediaKindOfPath(std::string_view url);

// A hosted player: "youtube:dQw4w9WgXcQ" for an address of one of the known
// hosts (YouTube, Vimeo, Dailymotion, Rumble, BitChute, Odysee, Rutube, VK,
// Telegram, Facebook, X, TikTok, JW, Brightcove, ...); "" for others.
std::string HostedPlayerId(std::string_view url);

}  // namespace stemma

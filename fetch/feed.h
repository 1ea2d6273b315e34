// Feeds: RSS 0.9x to 2.x, RSS 1.0 (RDF), Atom 0.3 and 1.0 (RFC 4287), CDF and
// JSON Feed 1.x, with the Dublin Core, content, media RSS and iTunes modules.
//
// A feed is what a publisher says of its pages: where they are, when they
// appeared, and often the films no page links to. Broken feeds give what could
// be read; feed.well_formed tells.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "core/url.h"

namespace stemma {

struct FeedLimits {
  std::size_t max_bytes = 16 << 20;  // the rest is cut
  std::size_t max_entries = 10'000;
  std::size_t max_per_entry = 1'000;  // links, media, tags, people: each
};

// Text with its kind. Markup is HTML (or what XHTML becomes as HTML) whose
// addresses are resolved; scripts, styles and event handlers are removed.
struct FeedText {
  std::string value;
  std::string type;  // "text/plain", "text/html", "application/xhtml+xml"
  std::string base;  // what addresses were resolved against
  std::string language;
  std::string src;  // Atom content that lies elsewhere
};

struct FeedPerson {
  std::string name;
  std::string email;
  std::string url;
  // "Name (email)", or what there is of it.
  std::string Display() const;
};

struct FeedLink {
  std::string href;  // absolute, unless nothing was known to resolve it against
  std::string rel;   // "alternate", "self", "enclosure", "hub", ...
  std::string type;
  std::string title;
  std::string hreflang;
  std::string length;  // as written
};

struct FeedDate {
  std::string raw;  // as written; empty: not given
  std::optional<TimePoint> time;
};

struct FeedTag {
  std::string term;
  std::string scheme;
  std::string label;
};

// Media RSS: one film, sound or picture. Any address may be missing.
struct FeedMedia {
  std::string url;
  std::string type;    // MIME type as claimed
  std::string medium;  // "video", "image", ...
  std::string player;  // media:player url
  std::string title;
  // All attributes as written ("bitrate", "duration", "height", ...).
  std::map<std::string, std::string> attributes;
};

// A media RSS element that is no file: credit, rating, license, restriction.
struct FeedNote {
  std::string kind;  // "credit", ...
  std::string text;
  std::map<std::string, std::string> attributes;
};

// What a feed, an entry, or the feed an entry was taken from says of itself.
struct FeedItem {
  std::string id;           // guid, atom:id, rdf:about
  bool id_is_link = false;  // RSS guid isPermaLink, and no other link
  std::optional<FeedText> title;
  std::optional<FeedText> summary;  // description, subtitle, tagline
  std::optional<FeedText> rights;
  std::optional<FeedText> info;    // Atom 0.3
  std::vector<FeedText> contents;  // content, content:encoded, xhtml:body
  std::string link;                // the page: alternate, or a permalink guid
  std::vector<FeedLink> links;     // all but enclosures, in order
  std::vector<FeedLink> enclosures;
  std::vector<FeedMedia> media;  // media:content, in groups or not
  std::vector<FeedMedia> thumbnails;
  std::vector<FeedNote> media_notes;
  std::vector<FeedPerson> authors;
  std::vector<FeedPerson> contributors;
  std::optional<FeedPerson> publisher;
  FeedDate published, updated, created, expired;
  std::vector<FeedTag> tags;
  std::string generator, generator_url, generator_version;
  std::string icon, logo, comments, license, docs;
  std::unique_ptr<FeedItem> source;  // where a republished entry comes from
  std::unique_ptr<FeedItem> image;   // of a channel
  std::unique_ptr<FeedItem> text_input;
  // Other simple elements: "ttl", "wfw_commentrss", "itunes_duration", ...
  std::map<std::string, std::string> other;
  // Attributes of rss:cloud.
  std::map<std::string, std::string> cloud;
};

struct Feed {
  std::string version;  // "rss20", "rss10", "atom10", "cdf", "json1", ...
  FeedItem head;
  std::vector<FeedItem> entries;
  bool well_formed = true;
  bool cut = false;  // a limit was reached
  std::vector<std::string> notes;

  // The address of the head's link with this rel, or "": "hub", "next", ...
  std::string LinkTo(std::string_view rel) const;
};

struct FeedInput {
  std::string_view bytes;
  std::string charset;  // of the Content-Type field; may be empty
  std::string url;      // where it came from; base of relative addresses
};

// kMalformed when it is no feed of any kind.
Result<Feed> ParseFeed(const FeedInput& input, const FeedLimits& limits = {});

}  // namespace stemma

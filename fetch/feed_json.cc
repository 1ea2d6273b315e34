#include "fetch/feed_json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "fetch/feed_date.h"
#include "fetch/feed_html.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

// A member that is text, or a number, as text; "" otherwise.
std::string Text(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_number() ? found->dump() : std::string();
}

const Json& Array(const Json& object, const char* name) {
  static const Json none = Json::array();
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : none;
}

std::string Resolved(const Json& object, const char* name,
                     const std::string& base) {
  const std::string text = Text(object, name);
  return text.empty() ? text : ResolveFeedUrl(text, base);
}

std::optional<FeedText> PlainText(const Json& object, const char* name) {
  std::string value = Text(object, name);
  if (value.empty()) return std::nullopt;
  FeedText text;
  text.value = std::move(value);
  text.type = "text/plain";
  return text;
}

void ReadDate(const Json& object, const char* name, FeedDate* date) {
  date->raw = Text(object, name);
  date->time = ParseFeedDate(date->raw);
}

FeedPerson PersonOf(const Json& author, const std::string& base) {
  FeedPerson person;
  person.name = Text(author, "name");
  person.url = Resolved(author, "url", base);
  return person;
}

void ReadAuthors(const Json& object, const std::string& base, FeedItem* item) {
  for (const Json& author : Array(object, "authors")) {
    if (author.is_object()) item->authors.push_back(PersonOf(author, base));
  }
  // Version 1.0 knows one only.
  const auto single = object.find("author");
  if (item->authors.empty() && single != object.end() && single->is_object()) {
    item->authors.push_back(PersonOf(*single, base));
  }
}

void AddLink(std::string href, std::string_view rel, FeedItem* item) {
  if (href.empty()) return;
  FeedLink link;
  link.href = std::move(href);
  link.rel = rel;
  item->links.push_back(std::move(link));
}

void ReadAttachments(const Json& object, const std::string& base,
                     const FeedLimits& limits, FeedItem* item) {
  for (const Json& attachment : Array(object, "attachments")) {
    if (!attachment.is_object()) continue;
    if (item->enclosures.size() >= limits.max_per_entry) return;
    FeedLink link;
    link.href = Resolved(attachment, "url", base);
    link.rel = "enclosure";
    link.type = Text(attachment, "mime_type");
    link.title = Text(attachment, "title");
    link.length = Text(attachment, "size_in_bytes");
    if (!link.href.empty()) item->enclosures.push_back(std::move(link));
  }
}

FeedItem EntryOf(const Json& object, const std::string& base,
                 const FeedLimits& limits) {
  FeedItem entry;
  entry.id = Text(object, "id");
  entry.title = PlainText(object, "title");
  entry.summary = PlainText(object, "summary");
  entry.link = Resolved(object, "url", base);
  AddLink(entry.link, "alternate", &entry);
  AddLink(Resolved(object, "external_url", base), "related", &entry);
  if (std::string html = Text(object, "content_html"); !html.empty()) {
    FeedText text;
    text.value = CleanFeedHtml(html, base);
    text.type = "text/html";
    text.base = base;
    entry.contents.push_back(std::move(text));
  }
  if (auto text = PlainText(object, "content_text")) {
    entry.contents.push_back(*std::move(text));
  }
  for (const char* name : {"image", "banner_image"}) {
    FeedMedia picture;
    picture.url = Resolved(object, name, base);
    if (!picture.url.empty()) entry.thumbnails.push_back(std::move(picture));
  }
  ReadDate(object, "date_published", &entry.published);
  ReadDate(object, "date_modified", &entry.updated);
  ReadAuthors(object, base, &entry);
  for (const Json& tag : Array(object, "tags")) {
    if (tag.is_string() && entry.tags.size() < limits.max_per_entry) {
      entry.tags.push_back({tag.get<std::string>(), {}, {}});
    }
  }
  ReadAttachments(object, base, limits, &entry);
  return entry;
}

void ReadHubs(const Json& object, const std::string& base, FeedItem* head) {
  for (const Json& hub : Array(object, "hubs")) {
    if (hub.is_object()) AddLink(Resolved(hub, "url", base), "hub", head);
  }
}

// nlohmann's parser recurses with the depth of the text.
bool IsTooDeep(std::string_view text) {
  constexpr int kMaxDepth = 64;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Status ReadJsonFeed(std::string_view text, const std::string& base,
                    const FeedLimits& limits, Feed* feed) {
  if (IsTooDeep(text)) {
    return Error(ErrorCode::kMalformed, "JSON feed: nested too deep");
  }
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return Error(ErrorCode::kMalformed, "JSON feed: not a JSON object");
  }
  const bool named =
      Text(json, "version").find("jsonfeed.org/version/1") != std::string::npos;
  if (!named && Array(json, "items").empty()) {
    return Error(ErrorCode::kMalformed,
                 "JSON feed: neither a version nor items");
  }
  feed->version = "json1";
  FeedItem& head = feed->head;
  head.title = PlainText(json, "title");
  head.summary = PlainText(json, "description");
  head.link = Resolved(json, "home_page_url", base);
  AddLink(head.link, "alternate", &head);
  AddLink(Resolved(json, "feed_url", base), "self", &head);
  AddLink(Resolved(json, "next_url", base), "next", &head);
  head.icon = Resolved(json, "icon", base);
  ReadHubs(json, base, &head);
  ReadAuthors(json, base, &head);
  for (const Json& item : Array(json, "items")) {
    if (!item.is_object()) continue;
    if (feed->entries.size() >= limits.max_entries) {
      feed->cut = true;
      break;
    }
    feed->entries.push_back(EntryOf(item, base, limits));
  }
  return {};
}

}  // namespace stemma

// feedparser's tests of feeds. Our reading of a feed is shown under the names
// feedparser uses, old ones included.

#include "fetch/feed.h"

#include <chrono>
#include <sstream>

#include "tests/conform/conform.h"
#include "tests/conform/expression.h"

namespace stemma::conform {
namespace {

void Put(json& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

json Parsed(TimePoint time) {
  using namespace std::chrono;
  const auto day_point = floor<days>(time);
  const year_month_day date(day_point);
  const hh_mm_ss<seconds> clock(floor<seconds>(time - day_point));
  const int weekday_number =
      static_cast<int>(weekday(day_point).iso_encoding()) - 1;
  const auto year_day = (day_point - sys_days(date.year() / 1 / 1)).count() + 1;
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          clock.hours().count(),
          clock.minutes().count(),
          clock.seconds().count(),
          weekday_number,
          year_day,
          0};
}

void PutDate(json& object, const std::string& name, const FeedDate& date) {
  if (date.raw.empty()) return;
  object[name] = date.raw;
  if (date.time) object[name + "_parsed"] = Parsed(*date.time);
}

json Detail(const FeedText& text) {
  json detail = {
      {"value", text.value}, {"type", text.type}, {"base", text.base}};
  Put(detail, "language", text.language);
  Put(detail, "src", text.src);
  return detail;
}

void PutText(json& object, const std::optional<FeedText>& text,
             std::initializer_list<const char*> names) {
  if (!text) return;
  for (const std::string name : names) {
    object[name] = text->value;
    object[name + "_detail"] = Detail(*text);
  }
}

json Person(const FeedPerson& person, bool with_old_names) {
  json object = json::object();
  Put(object, "name", person.name);
  Put(object, "email", person.email);
  Put(object, "href", person.url);
  if (with_old_names) Put(object, "url", person.url);
  return object;
}

json Link(const FeedLink& link, bool with_rel) {
  json object = {{"href", link.href}};
  if (with_rel) Put(object, "rel", link.rel);
  Put(object, "type", link.type);
  Put(object, "title", link.title);
  Put(object, "hreflang", link.hreflang);
  Put(object, "length", link.length);
  return object;
}

json Strings(const std::map<std::string, std::string>& map) {
  json object = json::object();
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

// "80" -> 80, since feedparser makes numbers of sizes.
json NumberOf(const std::string& text) {
  const bool digits = !text.empty() && text.size() < 9 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  return digits ? json(std::stoi(text)) : json(text);
}

json MediaNote(const FeedNote& note) {
  json object = Strings(note.attributes);
  object["content"] = note.text;
  if (note.kind == "restriction") {
    json words = json::array();
    std::istringstream in(note.text);
    for (std::string word; in >> word;) words.push_back(word);
    object["content"] = words;
  }
  return object;
}

json Item(const FeedItem& item, bool with_old_names);

void PutPeople(json& object, const FeedItem& item, bool old_names) {
  if (!item.authors.empty()) {
    object["author"] = item.authors.back().Display();
    object["author_detail"] = Person(item.authors.back(), old_names);
    for (const auto& author : item.authors) {
      object["authors"].push_back(Person(author, old_names));
    }
  }
  for (const auto& contributor : item.contributors) {
    object["contributors"].push_back(Person(contributor, old_names));
  }
  if (item.publisher) {
    object["publisher"] = item.publisher->Display();
    object["publisher_detail"] = Person(*item.publisher, old_names);
  }
}

void PutLinks(json& object, const FeedItem& item) {
  Put(object, "link", item.link);
  Put(object, "id", item.id);
  Put(object, "guid", item.id);
  object["guidislink"] = item.id_is_link;
  for (const FeedLink& link : item.links) {
    object["links"].push_back(Link(link, true));
  }
  for (const FeedLink& link : item.enclosures) {
    object["links"].push_back(Link(link, true));
    object["enclosures"].push_back(Link(link, false));
  }
}

void PutMedia(json& object, const FeedItem& item) {
  for (const FeedMedia& media : item.thumbnails) {
    json thumbnail = Strings(media.attributes);
    thumbnail["url"] = media.url;
    object["media_thumbnail"].push_back(thumbnail);
  }
  for (const FeedMedia& media : item.media) {
    json content = Strings(media.attributes);
    if (media.url.empty()) continue;
    content["url"] = media.url;
    object["media_content"].push_back(content);
  }
  for (const FeedNote& note : item.media_notes) {
    const std::string name = "media_" + note.kind;
    if (note.kind == "credit") {
      object[name].push_back(MediaNote(note));
    } else {
      object[name] = MediaNote(note);
    }
  }
}

void PutDates(json& object, const FeedItem& item) {
  PutDate(object, "published", item.published);
  PutDate(object, "updated", item.updated);
  PutDate(object, "created", item.created);
  PutDate(object, "expired", item.expired);
  for (const char* name : {"validity_start", "validity_end"}) {
    const auto found = item.other.find(name);
    if (found == item.other.end()) continue;
    if (const auto time = ParseTime(found->second.substr(0, 16) + ":00" +
                                    found->second.substr(16))) {
      object[std::string(name) + "_parsed"] = Parsed(*time);
    }
  }
}

json Item(const FeedItem& item, bool old_names) {
  json object = json::object();
  for (const auto& [name, value] : item.other) object[name] = NumberOf(value);
  for (const char* text : {"ttl"}) {
    if (item.other.contains(text)) object[text] = item.other.at(text);
  }
  PutText(object, item.title, {"title"});
  PutText(object, item.summary,
          {"summary", "description", "subtitle", "tagline"});
  PutText(object, item.rights, {"rights", "copyright"});
  PutText(object, item.info, {"info"});
  for (const FeedText& content : item.contents) {
    object["content"].push_back(Detail(content));
  }
  // feedparser: an entry's description is its content when nothing else is.
  if (!item.summary && !item.contents.empty()) {
    PutText(object, item.contents.front(), {"summary", "description"});
  }
  PutLinks(object, item);
  PutPeople(object, item, old_names);
  PutDates(object, item);
  for (const FeedTag& tag : item.tags) {
    json shown = {{"term", tag.term}};
    Put(shown, "scheme", tag.scheme);
    Put(shown, "label", tag.label);
    object["tags"].push_back(shown);
  }
  if (!item.tags.empty()) object["category"] = item.tags.front().term;
  Put(object, "generator", item.generator);
  if (!item.generator.empty()) {
    json detail = {{"name", item.generator}};
    Put(detail, "href", item.generator_url);
    Put(detail, "url", item.generator_url);
    Put(detail, "version", item.generator_version);
    object["generator_detail"] = detail;
  }
  Put(object, "icon", item.icon);
  Put(object, "logo", item.logo);
  Put(object, "comments", item.comments);
  Put(object, "license", item.license);
  Put(object, "docs", item.docs);
  PutMedia(object, item);
  if (!item.cloud.empty()) object["cloud"] = Strings(item.cloud);
  if (item.source) object["source"] = Item(*item.source, old_names);
  if (item.image) object["image"] = Item(*item.image, old_names);
  if (item.text_input) object["textinput"] = Item(*item.text_input, old_names);
  return object;
}

// The fields with which the upstream test server sent a file: "Header:" lines
// of the comment at its top.
json HeadersOf(const std::string& bytes) {
  json headers = json::object();
  std::istringstream in(bytes.substr(0, bytes.find("-->")));
  for (std::string line; std::getline(in, line);) {
    const std::size_t key = line.find("Header:");
    if (key == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(' ', key + 7);
    const std::size_t colon = line.find(':', key + 7);
    if (begin == std::string::npos || colon == std::string::npos) continue;
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    std::string name = line.substr(begin, colon - begin);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    headers[name] = value == std::string::npos ? "" : line.substr(value);
  }
  return headers;
}

std::string BaseOf(const std::string& file, const json& headers) {
  // Only tests so named were served over HTTP; the others have no address.
  const bool served = file.find("/http_") != std::string::npos ||
                      file.find("/http/") != std::string::npos ||
                      !headers.empty();
  if (!served) return {};
  const std::string address = "http://127.0.0.1:8097/tests/" + file;
  const Result<Url> base = Url::Parse(address);
  const Result<Url> location = Url::Parse(headers.value("content-location", ""),
                                          base ? &*base : nullptr);
  return location && location->IsHttp() ? location->Href() : address;
}

// All names an upstream test may mention.
json Names(const json& input, bool old_names) {
  const std::string bytes = Base64Member(input, "body_b64");
  const json headers = HeadersOf(bytes);
  const std::string base = BaseOf(input.at("file"), headers);
  const Result<Feed> feed =
      ParseFeed({.bytes = bytes, .charset = {}, .url = base});
  json names = {{"headers", headers}};
  Put(names, "etag", headers.value("etag", ""));
  Put(names, "modified", headers.value("last-modified", ""));
  names["bozo"] = !feed || !feed->well_formed;
  if (!feed) return names;
  names["version"] = feed->version;
  names["feed"] = Item(feed->head, old_names);
  names["entries"] = json::array();
  for (const FeedItem& entry : feed->entries) {
    names["entries"].push_back(Item(entry, old_names));
  }
  return names;
}

json AnswerFeed(const json& input, const json& expect) {
  if (expect.contains("path")) {
    const json names = Names(input, true);
    const std::string path = expect.at("path");
    json value = ValueAt(path, names);
    if (value.is_discarded()) value = json();
    // "well_formed": false means that the upstream test does not ask.
    const bool asked = expect.value("well_formed", false);
    return {{"path", path},
            {"value", value},
            {"well_formed", asked && !names.at("bozo").get<bool>()}};
  }
  const std::string expression = expect.value("expr", "");
  // A literal comparison of whole people must not see the old names.
  const bool holds = Holds(expression, Names(input, true)) ||
                     Holds(expression, Names(input, false));
  return {{"expr", holds ? json(expression) : json(false)}};
}

const bool registered =
    Register({{.name = "feeds_feedparser", .answer = AnswerFeed}});

}  // namespace
}  // namespace stemma::conform

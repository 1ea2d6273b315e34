#include "archive/index_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/article_json.h"
#include "core/url.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

std::string Text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string();
}

std::uint64_t Number(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned()
             ? found->get<std::uint64_t>()
             : 0;
}

std::vector<std::string> Texts(const Json& json, const char* key) {
  std::vector<std::string> texts;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return texts;
  for (const Json& item : *found) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) {
    if (!joined.empty()) joined += ", ";
    joined += name;
  }
  return joined;
}

bool IsMediaType(std::string_view mime) {
  return mime.starts_with("video/") || mime.starts_with("audio/") ||
         mime.starts_with("image/") || mime == "application/ogg" ||
         mime == "application/mp4" || mime.ends_with("mpegurl") ||
         mime == "application/dash+xml";
}

bool IsRedirect(int status) { return status >= 300 && status < 400; }

// The record with the page: the final URL's response, else the last response
// of the first chain of redirects.
const RecordInfo* PageOf(const std::vector<RecordInfo>& records,
                         const std::string& final_url,
                         const std::string& named) {
  const auto answers = [](const RecordInfo& r) {
    return r.type == "response" || r.type == "revisit" || r.type == "resource";
  };
  const RecordInfo* page = nullptr;
  for (const RecordInfo& record : records) {
    if (!named.empty() && record.id == named) return &record;
  }
  for (const RecordInfo& record : records) {
    if (!answers(record) || record.uri.starts_with("urn:stemma:tls:")) continue;
    if (!final_url.empty() && record.uri == final_url) page = &record;
  }
  if (page != nullptr) return page;
  for (const RecordInfo& record : records) {
    if (!answers(record) || record.uri.starts_with("urn:stemma:tls:")) continue;
    page = &record;
    if (!IsRedirect(record.status) || record.status == 304) break;
  }
  return page;
}

CaptureRow CaptureOf(const Json& event,
                     const std::vector<RecordInfo>& records) {
  CaptureRow row;
  row.id = Text(event, "id");
  row.seq = Number(event, "seq");
  row.type = Text(event, "type");
  row.t = Text(event, "t");
  row.target = Text(event, "target");
  row.final_url = Text(event, "final");
  row.started = Text(event, "started");
  if (row.started.empty()) {
    row.started = records.empty() || records.front().date.empty()
                      ? row.t
                      : records.front().date;
  }
  row.status = static_cast<int>(Number(event, "status"));
  row.error = Text(event, "reason");
  if (const std::string message = Text(event, "message"); !message.empty()) {
    row.error += row.error.empty() ? message : ": " + message;
  }
  const RecordInfo* page = PageOf(records, row.final_url, Text(event, "page"));
  if (page != nullptr) {
    row.page_record = page->id;
    row.mime = page->mime;
    if (row.status == 0) row.status = page->status;
    if (row.final_url.empty()) row.final_url = page->uri;
  }
  if (row.final_url.empty()) row.final_url = row.target;
  return row;
}

void AddMedia(const Json& event, const std::vector<RecordInfo>& records,
              const std::string& page_record, EventRows& rows) {
  // Facts say which records are media even where the server's type lies.
  std::map<std::string, std::string> named;
  if (const auto media = event.find("media");
      media != event.end() && media->is_array()) {
    for (const Json& item : *media) {
      const std::string record = Text(item, "record");
      if (!record.empty()) named[record] = Text(item, "reference");
    }
  }
  // The segments of a stream are no media of their own: its playlist is.
  const bool stream = event.contains("stream");
  // Of what a browser asked for, pictures are parts of the page.
  const bool rendered = event.contains("rendered");
  // A capture made for a page's sake is its medium, whatever its type says.
  const std::string page = Text(event, "embedded_in");
  for (const RecordInfo& record : records) {
    if (record.type != "response" && record.type != "revisit" &&
        record.type != "resource") {
      continue;
    }
    if (stream && record.id != page_record) continue;
    if (rendered && !record.mime.starts_with("video/") &&
        !record.mime.starts_with("audio/")) {
      continue;
    }
    const auto name = named.find(record.id);
    const bool good = record.status == 0 || record.status == 200 ||
                      record.status == 206 || record.status == 304;
    const bool by_type = IsMediaType(record.mime) && good;
    const bool embedded = !page.empty() && good && record.id == page_record;
    if (name == named.end() && !by_type && !embedded) continue;
    MediaRow media;
    media.record_id = record.id;
    media.capture_id = record.capture_id;
    media.url = record.uri;
    media.mime = record.mime;
    media.bytes = record.payload_bytes;
    if (record.payload_sha256) {
      media.payload_sha256 = record.payload_sha256->Hex();
    } else if (record.type == "resource") {
      media.payload_sha256 = record.block_sha256.Hex();
    }
    if (name != named.end()) media.reference = name->second;
    media.page = page;
    rows.media.push_back(std::move(media));
  }
}

// What older events leave to the article's own record.
void TakeArticle(const Article& article, PublicationRow& row) {
  row.url = article.url;
  row.title = article.title;
  row.byline = Joined(article.authors);
  row.language = article.language;
  row.canonical = article.canonical_url;
  if (article.published)
    row.published_at = FormatSeconds(article.published->time);
  row.text_sha256 = Sha256Of(CanonicalText(article)).Hex();
  row.method = article.method;
}

// The object of an event that tells all of its article that a row needs, so
// that the article's record need not be read; null for older events.
const Json* PublicationIn(const Json& event) {
  const auto told = event.find("publication");
  return told != event.end() && told->is_object() ? &*told : nullptr;
}

void TakeEvent(const Json& event, const Json& told, PublicationRow& row) {
  row.url = Text(told, "url");
  row.title = Text(event, "title");
  row.byline = Text(told, "byline");
  row.language = Text(told, "language");
  row.canonical = Text(told, "canonical");
  row.published_at = Text(told, "published_at");
  row.text_sha256 = Text(event, "text_sha256");
  row.method = Text(event, "method");
}

// The row of the article in `block`, which may be empty where the event tells
// enough.
std::optional<PublicationRow> RowOfArticle(const Json& event,
                                           const std::string& block,
                                           const std::string& capture_id,
                                           Index& index) {
  PublicationRow row;
  row.id = capture_id;
  row.seq = Number(event, "seq");
  if (const Json* told = PublicationIn(event)) {
    TakeEvent(event, *told, row);
  } else {
    if (block.empty()) return std::nullopt;
    const Result<Article> article =
        ArticleFromJson(Json::parse(block, nullptr, false));
    if (!article) return std::nullopt;
    TakeArticle(*article, row);
  }
  const Result<std::optional<CaptureRow>> capture = index.Capture(capture_id);
  if (capture && *capture) {
    row.fetched_at = (*capture)->started;
    if (row.url.empty()) row.url = (*capture)->final_url;
  }
  row.site = Text(event, "site");
  if (row.site.empty()) row.site = SiteOfUrl(row.url);
  return row;
}

PublicationRow RowOfImport(const Json& row, const Json& event) {
  PublicationRow p;
  p.id = Text(row, "id");
  p.seq = Number(event, "seq");
  p.url = Text(row, "url");
  p.site = Text(row, "site");
  if (p.site.empty()) p.site = SiteOfUrl(p.url);
  p.title = Text(row, "title");
  p.byline = Text(row, "byline");
  p.language = Text(row, "lang");
  p.canonical = Text(row, "canonical");
  p.published_at = Text(row, "published_at");
  p.fetched_at = Text(row, "fetched_at");
  p.text_sha256 = Sha256Of(Text(row, "text")).Hex();
  p.method = "import";
  return p;
}

// `there`: the record could be read, so that what the event tells still counts.
void AddDerived(const Json& event, const Json& entry, const IndexedRecord& read,
                bool there, EventRows& rows, Index& index) {
  DerivedRow derived;
  derived.capture_id = Text(event, "of");
  derived.seq = rows.seq;
  derived.kind = Text(entry, "kind");
  if (derived.kind.empty()) derived.kind = Text(event, "kind");
  derived.method = Text(entry, "method");
  if (derived.method.empty()) derived.method = Text(event, "method");
  derived.record_id = read.info.id;
  derived.refers_to = read.info.refers_to;
  derived.of_sha256 = Text(entry, "of_sha256");
  if (derived.of_sha256.empty()) derived.of_sha256 = Text(event, "of_sha256");
  if (derived.of_sha256.empty() && !derived.refers_to.empty()) {
    const Result<std::optional<RecordInfo>> source =
        index.Record(derived.refers_to);
    if (source && *source && (*source)->payload_sha256) {
      derived.of_sha256 = (*source)->payload_sha256->Hex();
    }
  }
  derived.output_sha256 = read.info.block_sha256.Hex();
  derived.facts = entry.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (derived.kind == "article" && there) {
    if (auto row = RowOfArticle(event, read.block, derived.capture_id, index)) {
      row->record_id = derived.record_id;
      rows.publications.push_back(*std::move(row));
    }
  }
  rows.derived.push_back(std::move(derived));
}

}  // namespace

std::string SiteOfUrl(std::string_view url) {
  const Result<Url> parsed = Url::Parse(url);
  if (!parsed) return {};
  std::string host = parsed->host();
  if (host.starts_with("www.")) host.erase(0, 4);
  return host;
}

std::vector<RecordInfo> RecordsInEvent(const Json& event) {
  std::vector<RecordInfo> records;
  const auto list = event.find("records");
  if (list == event.end() || !list->is_array()) return records;
  const auto bundle = event.find("bundle");
  const std::string name = bundle != event.end() && bundle->is_object()
                               ? Text(*bundle, "name")
                               : std::string();
  const std::string type = Text(event, "type");
  const std::string owner =
      Text(event, type == "derive" || type == "capture.records" ? "of" : "id");
  for (const Json& entry : *list) {
    if (!entry.is_object()) continue;
    RecordInfo record;
    record.id = Text(entry, "id");
    record.capture_id = owner;
    record.bundle = Text(entry, "bundle");
    if (record.bundle.empty()) record.bundle = name;
    record.offset = Number(entry, "offset");
    record.length = Number(entry, "length");
    record.type = Text(entry, "type");
    record.uri = Text(entry, "uri");
    if (record.uri.empty()) record.uri = Text(event, "target");
    if (const auto block = Sha256::Parse(Text(entry, "block_sha256"))) {
      record.block_sha256 = *block;
    }
    record.payload_sha256 = Sha256::Parse(Text(entry, "payload_sha256"));
    if (!record.id.empty()) records.push_back(std::move(record));
  }
  return records;
}

EventRows RowsOfEvent(const Json& event, const RecordSource& source,
                      Index& index) {
  EventRows rows;
  rows.seq = Number(event, "seq");
  const std::string type = Text(event, "type");
  if (type == "compare") {
    ComparisonRow row;
    row.seq = rows.seq;
    row.a = Text(event, "a");
    row.b = Text(event, "b");
    row.verdict = Text(event, "verdict");
    const auto video = event.find("video");
    if (video != event.end()) {
      row.video_verdict = video->is_string()   ? video->get<std::string>()
                          : video->is_object() ? Text(*video, "verdict")
                                               : std::string();
    }
    rows.comparison = std::move(row);
    return rows;
  }
  const bool capture =
      type == "capture" || type == "capture.failed" || type == "import";
  const bool derive = type == "derive";
  if (!capture && !derive && type != "capture.records") return rows;

  for (const RecordInfo& place : RecordsInEvent(event)) {
    const Json& entry = event["records"][rows.records.size()];
    const std::string kind = Text(entry, "kind");
    const bool article =
        kind == "article" || (kind.empty() && Text(event, "kind") == "article");
    const bool want_block =
        kind == "row" || (derive && article && !PublicationIn(event));
    Result<IndexedRecord> read = source(place, want_block);
    const bool there = read && read->info.id == place.id;
    if (there) {
      read->info.capture_id = place.capture_id;
      read->info.bundle = place.bundle;
      read->info.offset = place.offset;
      read->info.length = place.length;
    } else {
      read = IndexedRecord{place, {}};
    }
    rows.records.push_back(read->info);
    if (derive) AddDerived(event, entry, *read, there, rows, index);
    if (kind == "row" && !read->block.empty()) {
      const Json row = Json::parse(read->block, nullptr, false);
      if (row.is_object()) {
        PublicationRow publication = RowOfImport(row, event);
        publication.record_id = place.id;
        if (!publication.id.empty()) {
          rows.publications.push_back(std::move(publication));
        }
      }
    }
  }
  if (capture && !Text(event, "id").empty()) {
    rows.capture = CaptureOf(event, rows.records);
    AddMedia(event, rows.records, rows.capture->page_record, rows);
  }
  return rows;
}

Result<Publication> PublicationFromBlock(const PublicationRow& row,
                                         std::string_view block) {
  const Json json = Json::parse(block, nullptr, false);
  if (!json.is_object()) {
    return Error(ErrorCode::kCorrupt,
                 fmt::format("publication {}: its record is no JSON", row.id));
  }
  Publication p;
  p.id = row.id;
  p.url = row.url;
  p.site = row.site;
  p.title = row.title;
  p.byline = row.byline;
  p.language = row.language;
  p.canonical = row.canonical;
  p.published_at = ParseTime(row.published_at);
  p.fetched_at = ParseTime(row.fetched_at);
  if (row.method == "import") {
    p.text = Text(json, "text");
    p.links = Texts(json, "links");
    if (row.published_at.size() == 10) {
      p.published_precision = Precision::kDay;
    }
  } else {
    Result<Article> article = ArticleFromJson(json);
    if (!article) {
      return std::move(article).error().Context("publication " + row.id);
    }
    p.text = CanonicalText(*article);
    p.links = article->links;
    p.claims = article->claims;
    if (article->published) {
      p.published_precision = article->published->precision;
    }
  }
  p.text_sha256 = Sha256Of(p.text);
  return p;
}

}  // namespace stemma

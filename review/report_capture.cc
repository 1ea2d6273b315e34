#include "review/report_capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "archive/certificates.h"
#include "archive/record_places.h"
#include "archive/record_scan.h"
#include "core/article_json.h"
#include "core/ascii.h"
#include "core/http_head.h"
#include "core/url.h"
#include "core/utf8.h"
#include "review/json_facts.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxFactsBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMaxFields = 200;

std::string WithoutBrackets(std::string_view id) {
  if (id.starts_with('<') && id.ends_with('>')) {
    id = id.substr(1, id.size() - 2);
  }
  return std::string(id);
}

// Secrets of a session stay in the archive: their record's digest commits to
// them.
bool IsSecret(std::string_view name) {
  static constexpr std::string_view kSecret[] = {
      "cookie", "set-cookie", "authorization", "proxy-authorization"};
  return std::ranges::find(kSecret, Lowered(name)) != std::end(kSecret);
}

Json FieldsOf(std::string_view head) {
  Json fields = Json::array();
  ForEachHttpField(head, [&](std::string_view name, std::string_view value) {
    if (fields.size() >= kMaxFields) return;
    fields.push_back({FieldToUtf8(name),
                      IsSecret(name)
                          ? fmt::format("(withheld, {} bytes)", value.size())
                          : FieldToUtf8(value)});
  });
  return fields;
}

std::string FirstLine(std::string_view head) {
  return FieldToUtf8(head.substr(0, head.find_first_of("\r\n")));
}

std::optional<StoredRecord> Find(ArchiveReader& reader, std::string_view id) {
  if (id.empty()) return std::nullopt;
  Result<StoredRecord> record = reader.RecordById(id);
  if (!record) return std::nullopt;
  return *std::move(record);
}

// The chain is stored once a bundle; a response says which record it is.
std::optional<StoredRecord> ChainOf(ArchiveReader& reader,
                                    const StoredRecord& response) {
  std::vector<std::string> beside;
  ForEachHttpField(response.header,
                   [&](std::string_view name, std::string_view value) {
                     if (name == "WARC-Concurrent-To") {
                       beside.push_back(WithoutBrackets(value));
                     }
                   });
  for (const std::string& id : beside) {
    auto record = Find(reader, id);
    if (record && record->info.uri.starts_with("urn:stemma:tls:")) {
      return record;
    }
  }
  return std::nullopt;
}

// The record that says how a bundle was made; the index has no captures' ids
// for it.
std::optional<StoredRecord> FirstRecordOf(ArchiveReader& reader,
                                          const std::string& bundle) {
  std::error_code failed;
  std::filesystem::path file = reader.dir() / bundle;
  if (!std::filesystem::exists(file, failed)) file += ".open";
  const Result<Blob> blob = BlobOfFile(file.string());
  if (!blob) return std::nullopt;
  RecordInfo where;
  where.bundle = bundle;
  // The first place is enough: an error ends the walk.
  const Status walked = ForEachPlace(
      *blob, [&](std::string_view id, RecordPlaceInFile place) -> Status {
        where.id = id;
        where.offset = place.offset;
        where.length = place.length;
        return Error(ErrorCode::kInterrupted, "found");
      });
  if (walked || where.id.empty()) return std::nullopt;
  Result<StoredRecord> record = reader.RecordAt(where);
  if (!record || record->info.type != "warcinfo") return std::nullopt;
  return *std::move(record);
}

// Facts too long for a line of the log lie in a record.
Json EventOf(ArchiveReader& reader, const CaptureRow& row) {
  Json event = Json::parse(row.event, nullptr, false);
  if (!event.is_object()) return Json::object();
  const auto record = Find(reader, TextIn(event, "facts_record"));
  if (!record) return event;
  const Result<std::string> text = record->payload.ReadAll(kMaxFactsBytes);
  Json facts = text ? Json::parse(*text, nullptr, false) : Json();
  if (!facts.is_object()) return event;
  facts.update(event);
  return facts;
}

bool NamesHost(const std::vector<std::string>& names, std::string_view host) {
  return std::ranges::any_of(names, [&](std::string_view name) {
    if (name == host) return true;
    const std::size_t dot = host.find('.');
    return name.starts_with("*.") && dot != std::string_view::npos &&
           host.substr(dot) == name.substr(1);
  });
}

Json CertificatesOf(const StoredRecord& record, std::string_view host,
                    Json& section) {
  Json list = Json::array();
  const Result<std::string> pem = record.payload.ReadAll(1 << 20);
  if (!pem) return list;
  const Result<std::vector<std::string>> chain = CertificatesOfPem(*pem);
  if (!chain) return list;
  for (const std::string& der : *chain) {
    const Result<CertificateFacts> facts = ReadCertificate(der);
    if (!facts) continue;
    Json one = {{"subject", ValidUtf8(facts->subject)},
                {"issuer", ValidUtf8(facts->issuer)},
                {"serial", facts->serial},
                {"sha256", facts->sha256}};
    if (facts->not_before)
      one["not_before"] = FormatSeconds(*facts->not_before);
    if (facts->not_after) one["not_after"] = FormatSeconds(*facts->not_after);
    if (!facts->dns_names.empty()) {
      Json names = Json::array();
      for (const std::string& name : facts->dns_names) {
        names.push_back(ValidUtf8(name));
      }
      one["dns_names"] = std::move(names);
    }
    if (list.empty()) section["names_host"] = NamesHost(facts->dns_names, host);
    list.push_back(std::move(one));
  }
  return list;
}

// Fields of the bundle's warcinfo: software, robots policy, operator, ...
Json Warcinfo(const CaptureRecords& capture) {
  Json fields = Json::object();
  if (!capture.warcinfo) return fields;
  const Result<std::string> text =
      capture.warcinfo->payload.ReadAll(std::uint64_t{1} << 16);
  if (!text) return fields;
  ForEachHttpField("x\n" + *text,
                   [&](std::string_view name, std::string_view value) {
                     fields[FieldToUtf8(name)] = FieldToUtf8(value);
                   });
  return fields;
}

Json WhereFrom(const Json& event) {
  Json section = Json::object();
  const Json& connection = MemberIn(event, "connection");
  SetText(section, "local_address", TextIn(connection, "local"));
  for (const char* key : {"proxy", "vantage", "network"}) {
    SetText(section, key, TextIn(connection, key));
    SetText(section, key, TextIn(event, key));
  }
  for (const char* key : {"resolver", "dns", "resolved"}) {
    for (const Json* from : {&connection, &event}) {
      if (const Json& found = MemberIn(*from, key); !found.is_null()) {
        section[key] = WithoutFractions(found);
      }
    }
  }
  return section;
}

Json RedirectsOf(const CaptureRecords& capture) {
  Json hops = Json::array();
  const Json& urls = MemberIn(capture.event, "redirects");
  if (!urls.is_array() || urls.empty()) return hops;
  for (const RecordInfo& record : capture.records) {
    if (record.type != "response" && record.type != "revisit") continue;
    hops.push_back({{"url", ValidUtf8(record.uri)}, {"status", record.status}});
  }
  return hops;
}

Json How(const CaptureRecords& capture) {
  Json section = {{"rendering", "none"}};
  if (capture.request) {
    section["request_line"] = FirstLine(capture.request->http_head);
    section["request_fields"] = FieldsOf(capture.request->http_head);
    section["request_sha256"] = capture.request->info.block_sha256.Hex();
  }
  SetText(section, "protocol",
          TextIn(MemberIn(capture.event, "connection"), "protocol"));
  section["redirects"] = RedirectsOf(capture);
  for (const char* key : {"robots", "job", "kind", "found_by", "via",
                          "embedded_in", "redirect_not_followed", "engine"}) {
    SetText(section, key, TextIn(capture.event, key));
  }
  for (const char* key : {"run", "depth"}) {
    if (MemberIn(capture.event, key).is_number_unsigned()) {
      section[key] = CountIn(capture.event, key);
    }
  }
  for (const char* key : {"notes", "config_sha256", "tls_unchecked"}) {
    if (const Json& found = MemberIn(capture.event, key); !found.is_null()) {
      section[key] = WithoutFractions(found);
    }
  }
  section["warcinfo"] = Warcinfo(capture);
  return section;
}

Json FromWhom(const CaptureRecords& capture) {
  Json section = Json::object();
  const Json& connection = MemberIn(capture.event, "connection");
  SetText(section, "address", TextIn(connection, "peer"));
  section["port"] = CountIn(connection, "port");
  const Result<Url> url =
      Url::Parse(capture.row.final_url.empty() ? capture.row.target
                                               : capture.row.final_url);
  const std::string host = url ? url->host() : std::string();
  SetText(section, "host", host);
  // All of what the connection says, under its own names.
  if (connection.is_object()) {
    for (const auto& [key, value] : connection.items()) {
      static constexpr std::string_view kElsewhere[] = {
          "peer",  "port",     "local", "protocol", "certificates",
          "proxy", "resolver", "dns",   "resolved"};
      if (std::ranges::find(kElsewhere, key) != std::end(kElsewhere)) continue;
      section[key] = WithoutFractions(value);
    }
  }
  if (capture.certificates) {
    section["certificates"] =
        CertificatesOf(*capture.certificates, host, section);
  } else if (const Json& digests = MemberIn(connection, "certificates");
             digests.is_array()) {
    section["certificates"] = Json::array();
    for (const Json& digest : digests) {
      section["certificates"].push_back({{"sha256", digest}});
    }
  }
  return section;
}

Json What(const CaptureRecords& capture) {
  Json section = {{"status", capture.row.status}};
  SetText(section, "failure", ValidUtf8(capture.row.error));
  SetText(section, "truncated", TextIn(capture.event, "truncated"));
  SetText(section, "media_type", ValidUtf8(capture.row.mime));
  if (const Json& joined = MemberIn(capture.event, "joined");
      joined.is_array()) {
    section["joined_from"] = joined;
  }
  if (!capture.response) return section;
  const StoredRecord& response = *capture.response;
  const RecordInfo& info = response.info;
  section["record"] = info.id;
  section["record_type"] = info.type;
  SetText(section, "refers_to", info.refers_to);
  section["status_line"] = FirstLine(response.http_head);
  section["fields"] = FieldsOf(response.http_head);
  section["bytes"] = info.payload_bytes;
  section["block_sha256"] = info.block_sha256.Hex();
  if (info.payload_sha256) section["body_sha256"] = info.payload_sha256->Hex();
  SetText(section, "content_encoding",
          FieldToUtf8(FieldOf(response.http_head, "content-encoding")));
  SetText(section, "server_date",
          FieldToUtf8(FieldOf(response.http_head, "date")));
  return section;
}

}  // namespace

Result<CaptureRecords> ReadCaptureRecords(ArchiveReader& reader,
                                          const std::string& id) {
  CaptureRecords capture;
  STEMMA_TRY(capture.row, reader.CaptureById(id));
  STEMMA_TRY(capture.records, reader.index().RecordsOf(capture.row.id));
  capture.event = EventOf(reader, capture.row);
  capture.response = Find(reader, capture.row.page_record);
  for (const RecordInfo& record : capture.records) {
    if (record.type == "request" &&
        (record.uri == capture.row.final_url || !capture.request)) {
      capture.request = Find(reader, record.id);
    }
  }
  if (!capture.response) return capture;
  capture.certificates = ChainOf(reader, *capture.response);
  capture.warcinfo = FirstRecordOf(reader, capture.response->info.bundle);
  return capture;
}

Json CaptureSections(const CaptureRecords& capture) {
  return {{"where_from", WhereFrom(capture.event)},
          {"how", How(capture)},
          {"from_whom", FromWhom(capture)},
          {"what", What(capture)}};
}

Result<Json> ArticleFacts(ArchiveReader& reader, const CaptureRow& capture) {
  STEMMA_TRY(const std::vector<DerivedRow> rows,
             reader.index().DerivedOf(capture.id, "article"));
  if (rows.empty()) return Json();
  const DerivedRow& row = rows.back();
  STEMMA_TRY(const StoredRecord record, reader.RecordById(row.record_id));
  STEMMA_TRY(const std::string text, record.payload.ReadAll(kMaxFactsBytes));
  STEMMA_TRY(const Article article,
             ArticleFromJson(Json::parse(text, nullptr, false)));
  Json facts = {{"is_article", article.is_article},
                {"method", row.method},
                {"record", row.record_id},
                {"record_sha256", row.output_sha256}};
  SetText(facts, "title", article.title);
  SetText(facts, "publisher", article.publisher);
  SetText(facts, "language", article.language);
  SetText(facts, "licence", article.licence);
  SetText(facts, "canonical", article.canonical_url);
  facts["authors"] = article.authors;
  facts["dates_claimed"] = Json::array();
  for (const DateClaim& claim : article.dates) {
    facts["dates_claimed"].push_back({{"time", FormatSeconds(claim.time)},
                                      {"zone_stated", claim.has_zone},
                                      {"as_written", claim.raw},
                                      {"where", claim.source}});
  }
  facts["sources_claimed"] = Json::array();
  for (const SourceClaim& claim : article.claims) {
    facts["sources_claimed"].push_back({{"kind", claim.kind},
                                        {"name", claim.name},
                                        {"url", claim.url},
                                        {"words", claim.quote}});
  }
  facts["text"] = CanonicalText(article);
  std::size_t dropped = 0;
  for (const Block& block : article.blocks) dropped += block.kept ? 0 : 1;
  facts["blocks_left_out"] = dropped;
  if (const auto publication = reader.PublicationById(capture.id)) {
    facts["text_sha256"] = publication->text_sha256.Hex();
    facts["text_method"] = "stemma-text/1";
  }
  return facts;
}

}  // namespace stemma

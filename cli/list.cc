// stemma list: what an archive holds, newest first.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "cli/commands.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

struct ListOptions {
  std::string url, prefix;
  bool media = false, failed = false, records = false, publications = false;
  std::size_t limit = 0;
};

// One JSON document, whatever bytes a server put into it.
std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ShortId(std::string_view id) {
  return std::string(id.starts_with("urn:uuid:") ? id.substr(9) : id);
}

void PrintCapture(const Session& session, const CaptureRow& c) {
  if (session.json) {
    Json json = {{"id", c.id},           {"seq", c.seq},
                 {"type", c.type},       {"t", c.t},
                 {"started", c.started}, {"target", c.target},
                 {"final", c.final_url}, {"status", c.status},
                 {"mime", c.mime}};
    if (!c.error.empty()) json["error"] = c.error;
    if (!c.page_record.empty()) json["record"] = c.page_record;
    *session.out << Line(json);
    return;
  }
  const std::string state = c.type == "capture.failed" ? "failed"
                            : c.status == 0            ? c.type
                                            : std::to_string(c.status);
  *session.out << fmt::format("{}  {:<6}  {:<24}  {}  {}\n", c.t.substr(0, 19),
                              state, ForTerminal(c.mime.substr(0, 24)),
                              ShortId(c.id), ForTerminal(c.target));
  if (!c.error.empty()) {
    *session.out << fmt::format("    {}\n", ForTerminal(c.error));
  }
}

void PrintMedium(const Session& session, const MediaRow& m) {
  if (session.json) {
    Json json = {{"capture", m.capture_id},
                 {"record", m.record_id},
                 {"url", m.url},
                 {"mime", m.mime},
                 {"bytes", m.bytes},
                 {"sha256", m.payload_sha256}};
    if (!m.reference.empty()) json["reference"] = m.reference;
    *session.out << Line(json);
    return;
  }
  *session.out << fmt::format("{:>12}  {:<16}  {}  {}  {}\n", m.bytes,
                              ForTerminal(m.mime.substr(0, 16)),
                              m.payload_sha256.substr(0, 16),
                              ShortId(m.record_id), ForTerminal(m.url));
}

void PrintRecord(const Session& session, const RecordInfo& r) {
  if (session.json) {
    Json json = {{"id", r.id},         {"type", r.type},
                 {"uri", r.uri},       {"date", r.date},
                 {"bundle", r.bundle}, {"offset", r.offset},
                 {"length", r.length}, {"block_sha256", r.block_sha256.Hex()},
                 {"mime", r.mime},     {"status", r.status}};
    if (r.payload_sha256) json["payload_sha256"] = r.payload_sha256->Hex();
    *session.out << Line(json);
    return;
  }
  *session.out << fmt::format("    {:<10}  {:>10}  {}  {}\n", r.type,
                              r.block_bytes, ShortId(r.id), ForTerminal(r.uri));
}

void PrintPublication(const Session& session, const PublicationRow& p) {
  if (session.json) {
    *session.out << Line({{"id", p.id},
                          {"url", p.url},
                          {"site", p.site},
                          {"title", p.title},
                          {"byline", p.byline},
                          {"lang", p.language},
                          {"published_at", p.published_at},
                          {"fetched_at", p.fetched_at},
                          {"text_sha256", p.text_sha256},
                          {"method", p.method},
                          {"record", p.record_id}});
    return;
  }
  *session.out << fmt::format("{:<20}  {}  {}  {}\n", p.published_at,
                              ForTerminal(ShortId(p.id)), ForTerminal(p.title),
                              ForTerminal(p.url));
}

Status List(const Session& session, const ListOptions& options) {
  STEMMA_TRY(const auto reader, ArchiveReader::Open(session.ArchiveDir()));
  Index& index = reader->index();
  if (options.publications) {
    return index.ForEachPublication(0, [&](const PublicationRow& p) -> Status {
      PrintPublication(session, p);
      return {};
    });
  }
  if (options.media) {
    return index.ForEachMedia([&](const MediaRow& m) -> Status {
      PrintMedium(session, m);
      return {};
    });
  }
  CaptureQuery query;
  query.url = options.url;
  query.url_prefix = options.prefix;
  if (options.failed) query.type = "capture.failed";
  // In pages: a large archive does not fit in memory.
  constexpr std::size_t kPage = 1000;
  for (query.offset = 0;; query.offset += kPage) {
    query.limit = kPage;
    if (options.limit != 0) {
      if (query.offset >= options.limit) return {};
      query.limit = std::min(kPage, options.limit - query.offset);
    }
    STEMMA_TRY(const std::vector<CaptureRow> rows, index.Captures(query));
    for (const CaptureRow& row : rows) {
      PrintCapture(session, row);
      if (!options.records) continue;
      STEMMA_TRY(const std::vector<RecordInfo> records,
                 index.RecordsOf(row.id));
      for (const RecordInfo& record : records) PrintRecord(session, record);
    }
    if (rows.size() < query.limit) return {};
  }
}

}  // namespace

void AddList(CLI::App& root, Session& session) {
  CLI::App* command =
      root.add_subcommand("list", "what is in the archive, newest first");
  auto options = std::make_shared<ListOptions>();
  command->add_option("URL", options->url, "only captures of this URL");
  command->add_option("--prefix", options->prefix, "URLs that begin so")
      ->type_name("URL");
  command->add_option("--limit", options->limit, "at most N captures")
      ->type_name("N");
  command->add_flag("--media", options->media, "videos, sound and pictures");
  command->add_flag("--publications", options->publications,
                    "articles, also imported ones");
  command->add_flag("--failed", options->failed, "only visits that failed");
  command->add_flag("--records", options->records, "with their records");
  command->footer(
      "examples:\n"
      "  stemma list --limit 20\n"
      "  stemma --json list --media");
  command->callback([&session, options] {
    const Status listed = List(session, *options);
    session.exit_code = listed ? kDone : session.Fail(listed.error());
  });
}

}  // namespace stemma::cli

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/event_log.h"
#include "archive/index_rows.h"
#include "archive/merkle.h"
#include "archive/record_places.h"
#include "archive/record_scan.h"
#include "archive/sqlite_index.h"
#include "archive/stored_record.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view kFormat = "stemma-index/1";

constexpr const char* kSchema = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE captures(
  seq INTEGER PRIMARY KEY, id TEXT UNIQUE, type TEXT, t TEXT, started TEXT,
  target TEXT, final_url TEXT, status INTEGER, mime TEXT, error TEXT,
  page_record TEXT, line_at INTEGER, line_size INTEGER);
CREATE INDEX captures_target ON captures(target);
CREATE INDEX captures_final ON captures(final_url);
CREATE TABLE bundles(number INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE records(
  id TEXT PRIMARY KEY, seq INTEGER, ord INTEGER, capture TEXT, bundle INTEGER,
  offset INTEGER, length INTEGER, type TEXT, uri TEXT, date TEXT,
  status INTEGER, mime TEXT, block_bytes INTEGER, payload_bytes INTEGER,
  block BLOB, payload BLOB, refers_to TEXT, refers_uri TEXT, refers_date TEXT,
  truncated TEXT) WITHOUT ROWID;
CREATE INDEX records_capture ON records(capture, seq, ord);
CREATE INDEX records_uri ON records(uri);
CREATE INDEX records_payload ON records(payload) WHERE payload IS NOT NULL;
CREATE TABLE publications(
  id TEXT PRIMARY KEY, seq INTEGER, ord INTEGER, url TEXT, site TEXT,
  title TEXT, byline TEXT, language TEXT, canonical TEXT, published_at TEXT,
  fetched_at TEXT, text_sha256 TEXT, method TEXT, record TEXT) WITHOUT ROWID;
CREATE INDEX publications_order ON publications(seq, ord);
CREATE INDEX publications_url ON publications(url);
CREATE TABLE media(
  record TEXT PRIMARY KEY, payload TEXT, capture TEXT, seq INTEGER,
  ord INTEGER, url TEXT, mime TEXT, bytes INTEGER, reference TEXT, page TEXT)
  WITHOUT ROWID;
CREATE INDEX media_capture ON media(capture);
CREATE INDEX media_page ON media(page) WHERE page != '';
CREATE INDEX media_payload ON media(payload);
CREATE INDEX media_order ON media(seq, ord);
CREATE TABLE derived(
  record TEXT PRIMARY KEY, seq INTEGER, ord INTEGER, capture TEXT, kind TEXT,
  method TEXT, refers_to TEXT, of_sha256 TEXT, output_sha256 TEXT, facts TEXT)
  WITHOUT ROWID;
CREATE INDEX derived_capture ON derived(capture, kind);
CREATE INDEX derived_of ON derived(of_sha256, kind);
CREATE INDEX derived_kind ON derived(kind, seq, ord);
CREATE TABLE comparisons(
  seq INTEGER PRIMARY KEY, a TEXT, b TEXT, verdict TEXT, video TEXT,
  line_at INTEGER, line_size INTEGER);
CREATE INDEX comparisons_a ON comparisons(a);
CREATE INDEX comparisons_b ON comparisons(b);
)";

}  // namespace

SqlStatement& SqliteIndex::Prepared(const char* sql) {
  auto& statement = prepared_[sql];
  if (!statement) statement = std::make_unique<SqlStatement>(db_.get(), sql);
  return statement->Reset();
}

Result<std::string> SqliteIndex::Meta(std::string_view key) {
  SqlStatement row(db_.get(), "SELECT value FROM meta WHERE key = ?");
  row.Bind(key);
  STEMMA_TRY(const bool found, row.Step());
  return found ? row.Text(0) : std::string();
}

Status SqliteIndex::SetMeta(std::string_view key, std::string_view value) {
  return Prepared("INSERT OR REPLACE INTO meta VALUES(?, ?)")
      .Bind(key)
      .Bind(value)
      .Run();
}

Status SqliteIndex::Clear() {
  prepared_.clear();
  STEMMA_CHECK_OK(Execute(db_.get(), "BEGIN IMMEDIATE"));
  std::vector<std::string> tables;
  {
    SqlStatement names(
        db_.get(),
        "SELECT name FROM sqlite_master WHERE type = 'table' AND "
        "name NOT LIKE 'sqlite_%'");
    while (true) {
      STEMMA_TRY(const bool row, names.Step());
      if (!row) break;
      tables.push_back(names.Text(0));
    }
  }
  for (const std::string& table : tables) {
    STEMMA_CHECK_OK(
        Execute(db_.get(), fmt::format("DROP TABLE \"{}\"", table).c_str()));
  }
  STEMMA_CHECK_OK(Execute(db_.get(), kSchema));
  STEMMA_CHECK_OK(SetMeta("format", kFormat));
  STEMMA_CHECK_OK(SetMeta("log_bytes", "0"));
  prepared_.clear();
  return Execute(db_.get(), "COMMIT");
}

// Whether the tables are of this version and belong to this log: the last line
// taken in must still stand where it stood.
Result<bool> SqliteIndex::IsOurs() {
  {
    SqlStatement there(
        db_.get(), "SELECT count(*) FROM sqlite_master WHERE name = 'meta'");
    STEMMA_TRY(const bool row, there.Step());
    if (!row || there.Number(0) == 0) return false;
  }
  STEMMA_TRY(const std::string format, Meta("format"));
  if (format != kFormat) return false;
  STEMMA_TRY(const std::string bytes, Meta("log_bytes"));
  if (bytes == "0") return true;
  STEMMA_TRY(const std::string size, Meta("last_size"));
  STEMMA_TRY(const std::string hash, Meta("last_hash"));
  const std::uint64_t end = std::strtoull(bytes.c_str(), nullptr, 10);
  const std::uint64_t length = std::strtoull(size.c_str(), nullptr, 10);
  if (end < length + 1) return false;
  const Result<std::string> line = LineAt(end - length - 1, length);
  return line && LeafHash(*line).Hex() == hash;
}

Status SqliteIndex::Prepare() {
  sqlite3_busy_timeout(db_.get(), 10'000);
  STEMMA_CHECK_OK(Execute(db_.get(),
                          "PRAGMA synchronous = NORMAL;"
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA cache_size = -16384;"));
  STEMMA_TRY(const bool ours, IsOurs());
  if (!ours) return Clear();
  return UseWal();
}

// Lets others read while one writes. As long as the index is small, the file
// mostly grows at its end: then a rollback journal writes each page once, a
// WAL twice.
Status SqliteIndex::UseWal() {
  constexpr std::uint64_t kSmallLog = 1 << 20;
  if (wal_) return {};
  STEMMA_TRY(const std::string bytes, Meta("log_bytes"));
  if (std::strtoull(bytes.c_str(), nullptr, 10) < kSmallLog) return {};
  wal_ = true;
  return Execute(db_.get(), "PRAGMA journal_mode = WAL");
}

Result<std::string> SqliteIndex::LineAt(std::uint64_t at, std::uint64_t size) {
  std::ifstream file(log_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  std::string line(std::min<std::uint64_t>(size, kMaxEventBytes), '\0');
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  if (static_cast<std::size_t>(file.gcount()) != line.size()) {
    return Error(ErrorCode::kIo,
                 fmt::format("reading {} at {}", log_.string(), at));
  }
  return line;
}

Result<bool> SqliteIndex::HasWholeLog() {
  STEMMA_TRY(const std::string bytes, Meta("log_bytes"));
  std::error_code failed;
  const std::uint64_t size = fs::file_size(log_, failed);
  return !failed && size == std::strtoull(bytes.c_str(), nullptr, 10);
}

Status SqliteIndex::CatchUp(const RecordSource& records) {
  if (!fs::exists(log_)) return {};
  // Mostly nothing is new: then nobody is locked out.
  STEMMA_TRY(const bool all, HasWholeLog());
  if (all) return {};
  bool more = true;
  while (more) {
    // Another process may be catching up, too; only one at a time does it.
    STEMMA_CHECK_OK(Execute(db_.get(), "BEGIN IMMEDIATE"));
    const auto take = [&]() -> Status {
      STEMMA_TRY(const std::string from, Meta("log_bytes"));
      std::uint64_t taken = 0;
      std::string last;
      std::uint64_t end = std::strtoull(from.c_str(), nullptr, 10);
      constexpr std::uint64_t kBatch = 20'000;
      more = false;
      bool stopped = false;
      // A batch that is full stops the walk with this code; it is no trouble.
      const Result<std::uint64_t> walked = ForEachLogLine(
          log_, end, [&](std::uint64_t at, std::string_view line) -> Status {
            if (taken == kBatch || at >= stop_at_) {
              more = taken == kBatch;
              stopped = true;
              return Error(ErrorCode::kLimit, "batch");
            }
            ++taken;
            STEMMA_CHECK_OK(Apply(at, line, records));
            last = std::string(line);
            end = at + line.size() + 1;
            return {};
          });
      if (!walked && !stopped) return walked.error();
      if (taken == 0) return {};
      STEMMA_CHECK_OK(SetMeta("log_bytes", std::to_string(end)));
      STEMMA_CHECK_OK(SetMeta("last_size", std::to_string(last.size())));
      return SetMeta("last_hash", LeafHash(last).Hex());
    };
    if (Status taken = take(); !taken) {
      const Status undone = Execute(db_.get(), "ROLLBACK");
      static_cast<void>(undone);
      return taken;
    }
    STEMMA_CHECK_OK(Execute(db_.get(), "COMMIT"));
  }
  return UseWal();
}

Result<bool> SqliteIndex::HasPayload(const Sha256& payload) {
  SqlStatement& row =
      Prepared("SELECT 1 FROM records WHERE payload = ? LIMIT 1")
          .BindBytes(BytesOf(payload));
  STEMMA_TRY(const bool found, row.Step());
  row.Reset();
  return found;
}

Status SqliteIndex::Apply(std::uint64_t at, std::string_view line,
                          const RecordSource& records) {
  const Json event = Json::parse(line, nullptr, false);
  if (!event.is_object()) return {};  // `check` reports it
  if (const auto type = event.find("type");
      type != event.end() && *type == "repack") {
    return Move(event);
  }
  EventRows rows = RowsOfEvent(event, records, *this);
  rows.line_at = at;
  rows.line_size = line.size();
  return Insert(rows);
}

// A bundle was packed anew: its records lie elsewhere in it now.
Status SqliteIndex::Move(const Json& repack) {
  const auto bundle = repack.find("bundle");
  if (bundle == repack.end() || !bundle->is_object()) return {};
  const auto name = bundle->find("name"), bytes = bundle->find("bytes");
  if (name == bundle->end() || !name->is_string() || bytes == bundle->end() ||
      !bytes->is_number_unsigned() || !IsBundleName(name->get<std::string>())) {
    return {};
  }
  // Packed again since, or damaged: then another event, or `check`, tells.
  const fs::path file =
      FileOfSize(log_.parent_path().parent_path() / name->get<std::string>(),
                 bytes->get<std::uint64_t>());
  if (file.empty()) return {};
  STEMMA_TRY(const Blob blob, BlobOfFile(file.string()));
  STEMMA_TRY(const std::uint64_t number,
             BundleNumber(name->get<std::string>()));
  return ForEachPlace(
      blob, [&](std::string_view id, RecordPlaceInFile place) -> Status {
        return Prepared(
                   "UPDATE records SET offset = ?, length = ? WHERE id = ? AND "
                   "bundle = ?")
            .Bind(place.offset)
            .Bind(place.length)
            .Bind(id)
            .Bind(number)
            .Run();
      });
}

Result<std::uint64_t> SqliteIndex::BundleNumber(const std::string& name) {
  STEMMA_CHECK_OK(Prepared("INSERT OR IGNORE INTO bundles(name) VALUES(?)")
                      .Bind(name)
                      .Run());
  SqlStatement& row =
      Prepared("SELECT number FROM bundles WHERE name = ?").Bind(name);
  STEMMA_TRY(const bool found, row.Step());
  const std::uint64_t number = found ? row.Number(0) : 0;
  row.Reset();
  return number;
}

Status SqliteIndex::Insert(const EventRows& rows) {
  if (rows.capture) {
    const CaptureRow& c = *rows.capture;
    STEMMA_CHECK_OK(
        Prepared("INSERT OR REPLACE INTO captures(id, seq, type, t, started, "
                 "target, final_url, status, mime, error, page_record, "
                 "line_at, line_size) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)")
            .Bind(c.id)
            .Bind(c.seq)
            .Bind(c.type)
            .Bind(c.t)
            .Bind(c.started)
            .Bind(c.target)
            .Bind(c.final_url)
            .Bind(static_cast<std::uint64_t>(c.status))
            .Bind(c.mime)
            .Bind(c.error)
            .Bind(c.page_record)
            .Bind(rows.line_at)
            .Bind(rows.line_size)
            .Run());
  }
  std::uint64_t ord = 0;
  for (const RecordInfo& r : rows.records) {
    STEMMA_TRY(const std::uint64_t bundle, BundleNumber(r.bundle));
    SqlStatement& insert = Prepared(
        "INSERT OR REPLACE INTO records VALUES"
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    insert.Bind(r.id)
        .Bind(rows.seq)
        .Bind(ord++)
        .Bind(r.capture_id)
        .Bind(bundle)
        .Bind(r.offset)
        .Bind(r.length)
        .Bind(r.type)
        .Bind(r.uri)
        .Bind(r.date)
        .Bind(static_cast<std::uint64_t>(r.status))
        .Bind(r.mime)
        .Bind(r.block_bytes)
        .Bind(r.payload_bytes)
        .BindBytes(BytesOf(r.block_sha256));
    if (r.payload_sha256) {
      insert.BindBytes(BytesOf(*r.payload_sha256));
    } else {
      insert.BindNull();
    }
    STEMMA_CHECK_OK(insert.Bind(r.refers_to)
                        .Bind(r.refers_to_uri)
                        .Bind(r.refers_to_date)
                        .Bind(r.truncated)
                        .Run());
  }
  ord = 0;
  for (const PublicationRow& p : rows.publications) {
    STEMMA_CHECK_OK(Prepared("INSERT OR REPLACE INTO publications VALUES"
                             "(?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
                        .Bind(p.id)
                        .Bind(p.seq)
                        .Bind(ord++)
                        .Bind(p.url)
                        .Bind(p.site)
                        .Bind(p.title)
                        .Bind(p.byline)
                        .Bind(p.language)
                        .Bind(p.canonical)
                        .Bind(p.published_at)
                        .Bind(p.fetched_at)
                        .Bind(p.text_sha256)
                        .Bind(p.method)
                        .Bind(p.record_id)
                        .Run());
  }
  ord = 0;
  for (const MediaRow& m : rows.media) {
    STEMMA_CHECK_OK(
        Prepared("INSERT OR REPLACE INTO media VALUES(?,?,?,?,?,?,?,?,?,?)")
            .Bind(m.record_id)
            .Bind(m.payload_sha256)
            .Bind(m.capture_id)
            .Bind(rows.seq)
            .Bind(ord++)
            .Bind(m.url)
            .Bind(m.mime)
            .Bind(m.bytes)
            .Bind(m.reference)
            .Bind(m.page)
            .Run());
  }
  ord = 0;
  for (const DerivedRow& d : rows.derived) {
    STEMMA_CHECK_OK(
        Prepared("INSERT OR REPLACE INTO derived VALUES(?,?,?,?,?,?,?,?,?,?)")
            .Bind(d.record_id)
            .Bind(d.seq)
            .Bind(ord++)
            .Bind(d.capture_id)
            .Bind(d.kind)
            .Bind(d.method)
            .Bind(d.refers_to)
            .Bind(d.of_sha256)
            .Bind(d.output_sha256)
            .Bind(d.facts)
            .Run());
  }
  if (rows.comparison) {
    const ComparisonRow& c = *rows.comparison;
    STEMMA_CHECK_OK(
        Prepared("INSERT OR REPLACE INTO comparisons VALUES(?,?,?,?,?,?,?)")
            .Bind(c.seq)
            .Bind(c.a)
            .Bind(c.b)
            .Bind(c.verdict)
            .Bind(c.video_verdict)
            .Bind(rows.line_at)
            .Bind(rows.line_size)
            .Run());
  }
  return {};
}

}  // namespace stemma

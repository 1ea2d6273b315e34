#include "archive/index_sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/event_log.h"
#include "archive/index_rows.h"
#include "archive/merkle.h"
#include "archive/record_places.h"
#include "archive/record_scan.h"
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

constexpr std::string_view kTables[] = {"captures",     "bundles", "records",
                                        "publications", "media",   "derived",
                                        "comparisons"};

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

// One prepared statement; binds by position, reads by column.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql) : db_(db) {
    sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()),
                       &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Reset() {
    sqlite3_reset(statement_);
    next_ = 0;
    return *this;
  }
  Statement& Bind(std::string_view text) {
    sqlite3_bind_text64(statement_, ++next_, text.data(), text.size(),
                        SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
  }
  Statement& Bind(std::uint64_t number) {
    sqlite3_bind_int64(statement_, ++next_, static_cast<sqlite3_int64>(number));
    return *this;
  }
  Statement& BindBytes(std::string_view bytes) {
    sqlite3_bind_blob64(statement_, ++next_, bytes.data(), bytes.size(),
                        SQLITE_TRANSIENT);
    return *this;
  }
  Statement& BindNull() {
    sqlite3_bind_null(statement_, ++next_);
    return *this;
  }
  // True while there is a row.
  Result<bool> Step() {
    const int outcome =
        statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_);
    if (outcome == SQLITE_ROW) return true;
    if (outcome == SQLITE_DONE) return false;
    return Error(outcome == SQLITE_FULL ? ErrorCode::kNoSpace : ErrorCode::kIo,
                 fmt::format("index: {}", sqlite3_errmsg(db_)));
  }
  Status Run() {
    STEMMA_TRY(const bool row, Step());
    static_cast<void>(row);
    sqlite3_reset(statement_);
    next_ = 0;
    return {};
  }
  std::string Text(int column) const {
    const auto* text =
        static_cast<const char*>(sqlite3_column_blob(statement_, column));
    const int size = sqlite3_column_bytes(statement_, column);
    return text == nullptr ? std::string()
                           : std::string(text, static_cast<std::size_t>(size));
  }
  std::uint64_t Number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
  }
  int Columns() const { return sqlite3_column_count(statement_); }
  bool IsNull(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  int next_ = 0;
};

Status Execute(sqlite3* db, const char* sql) {
  char* message = nullptr;
  const int outcome = sqlite3_exec(db, sql, nullptr, nullptr, &message);
  if (outcome == SQLITE_OK) return {};
  const std::string why = message == nullptr ? sqlite3_errmsg(db) : message;
  sqlite3_free(message);
  return Error(outcome == SQLITE_FULL ? ErrorCode::kNoSpace : ErrorCode::kIo,
               "index: " + why);
}

std::optional<Sha256> DigestOf(const Statement& row, int column) {
  const std::string bytes = row.Text(column);
  Sha256 digest;
  if (bytes.size() != digest.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(),
            reinterpret_cast<char*>(digest.bytes.data()));
  return digest;
}

class SqliteIndex : public Index, public IndexFeeder {
 public:
  SqliteIndex(Database db, fs::path dir)
      : db_(std::move(db)), log_(dir / "manifest" / "events.jsonl") {}

  Status Prepare();
  // Whether the tables are of this version and belong to this log.
  Result<bool> IsOurs();
  Result<std::string> Meta(std::string_view key);
  // Whether every row of both is the same.
  Result<bool> SaysTheSame(SqliteIndex& other);
  // Takes in no event from this byte of the log on.
  void StopAt(std::uint64_t log_bytes) { stop_at_ = log_bytes; }

  Index& index() override { return *this; }
  Status CatchUp(const RecordSource& records) override;
  Result<bool> HasPayload(const Sha256& payload) override;

  Result<std::optional<CaptureRow>> Capture(std::string_view id) override;
  Result<std::vector<CaptureRow>> Captures(const CaptureQuery& q) override;
  Result<std::optional<RecordInfo>> Record(std::string_view id) override;
  Result<std::vector<RecordInfo>> RecordsOf(std::string_view capture) override;
  Result<std::vector<RecordInfo>> RecordsWithPayload(
      const Sha256& payload) override;
  Result<std::vector<RecordInfo>> ResponsesOf(std::string_view uri,
                                              bool with_revisits,
                                              std::size_t limit) override;
  Result<std::optional<PublicationRow>> PublicationById(
      std::string_view id) override;
  Result<std::vector<PublicationRow>> PublicationsOf(
      std::string_view url) override;
  Status ForEachPublication(
      std::uint64_t from_seq,
      const std::function<Status(const PublicationRow&)>& visit) override;
  Result<std::vector<MediaRow>> MediaOf(std::string_view capture) override;
  Result<std::vector<MediaRow>> MediaWithPayload(std::string_view hex) override;
  Status ForEachMedia(
      const std::function<Status(const MediaRow&)>& visit) override;
  Result<std::vector<DerivedRow>> DerivedOf(std::string_view capture,
                                            std::string_view kind) override;
  Result<std::vector<DerivedRow>> DerivedFromPayload(
      std::string_view hex, std::string_view kind) override;
  Status ForEachDerived(
      std::string_view kind,
      const std::function<Status(const DerivedRow&)>& visit) override;
  Result<std::vector<ComparisonRow>> ComparisonsWith(
      std::string_view id) override;
  Status ForEachComparison(
      const std::function<Status(const ComparisonRow&)>& visit) override;
  Result<Totals> Count() override;
  Result<std::string> Dump() override;

 private:
  class Rows;
  Status Clear();
  Status UseWal();
  Status SetMeta(std::string_view key, std::string_view value);
  Result<std::string> LineAt(std::uint64_t at, std::uint64_t size);
  Status Apply(std::uint64_t at, std::string_view line,
               const RecordSource& records);
  Status Insert(const EventRows& rows);
  Status Move(const Json& repack);
  Result<std::uint64_t> BundleNumber(const std::string& name);
  Result<std::vector<RecordInfo>> ReadRecords(Statement& rows);
  Result<CaptureRow> ReadCapture(const Statement& row);
  static PublicationRow ReadPublication(const Statement& row);
  static MediaRow ReadMedia(const Statement& row);
  static DerivedRow ReadDerived(const Statement& row);
  Result<ComparisonRow> ReadComparison(const Statement& row);
  Statement& Prepared(const char* sql);

  Database db_;
  fs::path log_;
  bool wal_ = false;
  std::uint64_t stop_at_ = ~std::uint64_t{0};
  std::map<const char*, std::unique_ptr<Statement>> prepared_;
};

constexpr const char* kCaptureColumns =
    "id, seq, type, t, started, target, final_url, status, mime, error, "
    "page_record, line_at, line_size";
constexpr const char* kRecordColumns =
    "r.id, r.capture, b.name, r.offset, r.length, r.type, r.uri, r.date, "
    "r.status, r.mime, r.block_bytes, r.payload_bytes, r.block, r.payload, "
    "r.refers_to, r.refers_uri, r.refers_date, r.truncated";
constexpr const char* kPublicationColumns =
    "id, seq, url, site, title, byline, language, canonical, published_at, "
    "fetched_at, text_sha256, method, record";
constexpr const char* kMediaColumns =
    "payload, capture, record, url, mime, bytes, reference, page";
constexpr const char* kDerivedColumns =
    "capture, seq, kind, method, record, refers_to, of_sha256, output_sha256, "
    "facts";
constexpr const char* kComparisonColumns =
    "seq, a, b, verdict, video, line_at, line_size";

Statement& SqliteIndex::Prepared(const char* sql) {
  auto& statement = prepared_[sql];
  if (!statement) statement = std::make_unique<Statement>(db_.get(), sql);
  return statement->Reset();
}

Result<std::string> SqliteIndex::Meta(std::string_view key) {
  Statement row(db_.get(), "SELECT value FROM meta WHERE key = ?");
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
    Statement names(db_.get(),
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
    Statement there(db_.get(),
                    "SELECT count(*) FROM sqlite_master WHERE name = 'meta'");
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

Status SqliteIndex::CatchUp(const RecordSource& records) {
  if (!fs::exists(log_)) return {};
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
  Statement& row = Prepared("SELECT 1 FROM records WHERE payload = ? LIMIT 1")
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
  Statement& row =
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
    Statement& insert = Prepared(
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

Result<CaptureRow> SqliteIndex::ReadCapture(const Statement& row) {
  CaptureRow c;
  c.id = row.Text(0);
  c.seq = row.Number(1);
  c.type = row.Text(2);
  c.t = row.Text(3);
  c.started = row.Text(4);
  c.target = row.Text(5);
  c.final_url = row.Text(6);
  c.status = static_cast<int>(row.Number(7));
  c.mime = row.Text(8);
  c.error = row.Text(9);
  c.page_record = row.Text(10);
  STEMMA_TRY(c.event, LineAt(row.Number(11), row.Number(12)));
  return c;
}

Result<std::optional<CaptureRow>> SqliteIndex::Capture(std::string_view id) {
  Statement row(db_.get(), fmt::format("SELECT {} FROM captures WHERE id = ?",
                                       kCaptureColumns));
  row.Bind(id);
  STEMMA_TRY(const bool found, row.Step());
  if (!found) return std::optional<CaptureRow>();
  STEMMA_TRY(CaptureRow capture, ReadCapture(row));
  return std::optional<CaptureRow>(std::move(capture));
}

Result<std::vector<CaptureRow>> SqliteIndex::Captures(const CaptureQuery& q) {
  std::string sql =
      fmt::format("SELECT {} FROM captures WHERE 1", kCaptureColumns);
  if (!q.url.empty()) sql += " AND (target = ?1 OR final_url = ?1)";
  if (!q.url_prefix.empty()) {
    sql +=
        " AND (substr(target, 1, length(?2)) = ?2 OR "
        "substr(final_url, 1, length(?2)) = ?2)";
  }
  if (!q.type.empty()) sql += " AND type = ?3";
  sql += q.newest_first ? " ORDER BY seq DESC" : " ORDER BY seq";
  sql += fmt::format(" LIMIT {} OFFSET {}",
                     q.limit == 0 ? std::string("-1") : std::to_string(q.limit),
                     q.offset);
  Statement rows(db_.get(), sql);
  rows.Bind(q.url).Bind(q.url_prefix).Bind(q.type);
  std::vector<CaptureRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    STEMMA_TRY(CaptureRow capture, ReadCapture(rows));
    found.push_back(std::move(capture));
  }
}

Result<std::vector<RecordInfo>> SqliteIndex::ReadRecords(Statement& rows) {
  std::vector<RecordInfo> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    RecordInfo r;
    r.id = rows.Text(0);
    r.capture_id = rows.Text(1);
    r.bundle = rows.Text(2);
    r.offset = rows.Number(3);
    r.length = rows.Number(4);
    r.type = rows.Text(5);
    r.uri = rows.Text(6);
    r.date = rows.Text(7);
    r.status = static_cast<int>(rows.Number(8));
    r.mime = rows.Text(9);
    r.block_bytes = rows.Number(10);
    r.payload_bytes = rows.Number(11);
    r.block_sha256 = DigestOf(rows, 12).value_or(Sha256());
    r.payload_sha256 = DigestOf(rows, 13);
    r.refers_to = rows.Text(14);
    r.refers_to_uri = rows.Text(15);
    r.refers_to_date = rows.Text(16);
    r.truncated = rows.Text(17);
    found.push_back(std::move(r));
  }
}

Result<std::optional<RecordInfo>> SqliteIndex::Record(std::string_view id) {
  Statement rows(db_.get(),
                 fmt::format("SELECT {} FROM records r JOIN bundles b ON "
                             "b.number = r.bundle WHERE r.id = ?",
                             kRecordColumns));
  rows.Bind(id);
  STEMMA_TRY(std::vector<RecordInfo> found, ReadRecords(rows));
  if (found.empty()) return std::optional<RecordInfo>();
  return std::optional<RecordInfo>(std::move(found.front()));
}

Result<std::vector<RecordInfo>> SqliteIndex::RecordsOf(
    std::string_view capture) {
  Statement rows(db_.get(),
                 fmt::format("SELECT {} FROM records r JOIN bundles b ON "
                             "b.number = r.bundle WHERE r.capture = ? ORDER BY "
                             "r.seq, r.ord",
                             kRecordColumns));
  rows.Bind(capture);
  return ReadRecords(rows);
}

Result<std::vector<RecordInfo>> SqliteIndex::RecordsWithPayload(
    const Sha256& payload) {
  Statement rows(
      db_.get(),
      fmt::format("SELECT {} FROM records r JOIN bundles b ON b.number = "
                  "r.bundle WHERE r.payload = ? AND r.type IN ('response', "
                  "'resource') ORDER BY r.seq, r.ord",
                  kRecordColumns));
  rows.BindBytes(BytesOf(payload));
  return ReadRecords(rows);
}

Result<std::vector<RecordInfo>> SqliteIndex::ResponsesOf(std::string_view uri,
                                                         bool with_revisits,
                                                         std::size_t limit) {
  Statement rows(
      db_.get(),
      fmt::format("SELECT {} FROM records r JOIN bundles b ON b.number = "
                  "r.bundle WHERE r.uri = ? AND (r.type = 'response'{}) ORDER "
                  "BY r.seq DESC, r.ord DESC LIMIT {}",
                  kRecordColumns, with_revisits ? " OR r.type = 'revisit'" : "",
                  limit == 0 ? std::string("-1") : std::to_string(limit)));
  rows.Bind(uri);
  return ReadRecords(rows);
}

PublicationRow SqliteIndex::ReadPublication(const Statement& row) {
  PublicationRow p;
  p.id = row.Text(0);
  p.seq = row.Number(1);
  p.url = row.Text(2);
  p.site = row.Text(3);
  p.title = row.Text(4);
  p.byline = row.Text(5);
  p.language = row.Text(6);
  p.canonical = row.Text(7);
  p.published_at = row.Text(8);
  p.fetched_at = row.Text(9);
  p.text_sha256 = row.Text(10);
  p.method = row.Text(11);
  p.record_id = row.Text(12);
  return p;
}

Result<std::optional<PublicationRow>> SqliteIndex::PublicationById(
    std::string_view id) {
  Statement row(db_.get(),
                fmt::format("SELECT {} FROM publications WHERE id = ?",
                            kPublicationColumns));
  row.Bind(id);
  STEMMA_TRY(const bool found, row.Step());
  if (!found) return std::optional<PublicationRow>();
  return std::optional<PublicationRow>(ReadPublication(row));
}

Result<std::vector<PublicationRow>> SqliteIndex::PublicationsOf(
    std::string_view url) {
  Statement rows(db_.get(),
                 fmt::format("SELECT {} FROM publications WHERE url = ? ORDER "
                             "BY seq DESC, ord DESC",
                             kPublicationColumns));
  rows.Bind(url);
  std::vector<PublicationRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    found.push_back(ReadPublication(rows));
  }
}

Status SqliteIndex::ForEachPublication(
    std::uint64_t from_seq,
    const std::function<Status(const PublicationRow&)>& visit) {
  Statement rows(db_.get(),
                 fmt::format("SELECT {} FROM publications WHERE seq >= ? "
                             "ORDER BY seq, ord",
                             kPublicationColumns));
  rows.Bind(from_seq);
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return {};
    STEMMA_CHECK_OK(visit(ReadPublication(rows)));
  }
}

MediaRow SqliteIndex::ReadMedia(const Statement& row) {
  MediaRow m;
  m.payload_sha256 = row.Text(0);
  m.capture_id = row.Text(1);
  m.record_id = row.Text(2);
  m.url = row.Text(3);
  m.mime = row.Text(4);
  m.bytes = row.Number(5);
  m.reference = row.Text(6);
  m.page = row.Text(7);
  return m;
}

Result<std::vector<MediaRow>> SqliteIndex::MediaOf(std::string_view capture) {
  Statement rows(db_.get(),
                 fmt::format("SELECT {} FROM media WHERE capture = ?1 OR "
                             "(page = ?1 AND page != '') ORDER BY seq, ord",
                             kMediaColumns));
  rows.Bind(capture);
  std::vector<MediaRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    found.push_back(ReadMedia(rows));
  }
}

Result<std::vector<MediaRow>> SqliteIndex::MediaWithPayload(
    std::string_view hex) {
  Statement rows(db_.get(), fmt::format("SELECT {} FROM media WHERE payload = "
                                        "? ORDER BY seq, ord",
                                        kMediaColumns));
  rows.Bind(hex);
  std::vector<MediaRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    found.push_back(ReadMedia(rows));
  }
}

Status SqliteIndex::ForEachMedia(
    const std::function<Status(const MediaRow&)>& visit) {
  Statement rows(
      db_.get(),
      fmt::format("SELECT {} FROM media ORDER BY seq, ord", kMediaColumns));
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return {};
    STEMMA_CHECK_OK(visit(ReadMedia(rows)));
  }
}

DerivedRow SqliteIndex::ReadDerived(const Statement& row) {
  DerivedRow d;
  d.capture_id = row.Text(0);
  d.seq = row.Number(1);
  d.kind = row.Text(2);
  d.method = row.Text(3);
  d.record_id = row.Text(4);
  d.refers_to = row.Text(5);
  d.of_sha256 = row.Text(6);
  d.output_sha256 = row.Text(7);
  d.facts = row.Text(8);
  return d;
}

Result<std::vector<DerivedRow>> SqliteIndex::DerivedOf(std::string_view capture,
                                                       std::string_view kind) {
  Statement rows(db_.get(),
                 fmt::format("SELECT {} FROM derived WHERE capture = ?1 AND "
                             "(?2 = '' OR kind = ?2) ORDER BY seq, ord",
                             kDerivedColumns));
  rows.Bind(capture).Bind(kind);
  std::vector<DerivedRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    found.push_back(ReadDerived(rows));
  }
}

Result<std::vector<DerivedRow>> SqliteIndex::DerivedFromPayload(
    std::string_view hex, std::string_view kind) {
  Statement rows(db_.get(),
                 fmt::format("SELECT {} FROM derived WHERE of_sha256 = ?1 AND "
                             "(?2 = '' OR kind = ?2) ORDER BY seq, ord",
                             kDerivedColumns));
  rows.Bind(hex).Bind(kind);
  std::vector<DerivedRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    found.push_back(ReadDerived(rows));
  }
}

Status SqliteIndex::ForEachDerived(
    std::string_view kind,
    const std::function<Status(const DerivedRow&)>& visit) {
  Statement rows(db_.get(), fmt::format("SELECT {} FROM derived WHERE kind = ? "
                                        "ORDER BY seq, ord",
                                        kDerivedColumns));
  rows.Bind(kind);
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return {};
    STEMMA_CHECK_OK(visit(ReadDerived(rows)));
  }
}

Result<ComparisonRow> SqliteIndex::ReadComparison(const Statement& row) {
  ComparisonRow c;
  c.seq = row.Number(0);
  c.a = row.Text(1);
  c.b = row.Text(2);
  c.verdict = row.Text(3);
  c.video_verdict = row.Text(4);
  STEMMA_TRY(c.event, LineAt(row.Number(5), row.Number(6)));
  return c;
}

Result<std::vector<ComparisonRow>> SqliteIndex::ComparisonsWith(
    std::string_view id) {
  Statement rows(db_.get(),
                 fmt::format("SELECT {} FROM comparisons WHERE a = ?1 OR b = "
                             "?1 ORDER BY seq",
                             kComparisonColumns));
  rows.Bind(id);
  std::vector<ComparisonRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    STEMMA_TRY(ComparisonRow comparison, ReadComparison(rows));
    found.push_back(std::move(comparison));
  }
}

Status SqliteIndex::ForEachComparison(
    const std::function<Status(const ComparisonRow&)>& visit) {
  Statement rows(db_.get(), fmt::format("SELECT {} FROM comparisons ORDER BY "
                                        "seq",
                                        kComparisonColumns));
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return {};
    STEMMA_TRY(const ComparisonRow comparison, ReadComparison(rows));
    STEMMA_CHECK_OK(visit(comparison));
  }
}

Result<Index::Totals> SqliteIndex::Count() {
  Statement row(
      db_.get(),
      "SELECT (SELECT count(*) FROM captures WHERE type != 'capture.failed'), "
      "(SELECT count(*) FROM captures WHERE type = 'capture.failed'), "
      "(SELECT count(*) FROM records), (SELECT count(*) FROM publications), "
      "(SELECT count(*) FROM media), (SELECT count(*) FROM comparisons)");
  STEMMA_TRY(const bool found, row.Step());
  static_cast<void>(found);
  Totals totals;
  totals.captures = row.Number(0);
  totals.failed = row.Number(1);
  totals.records = row.Number(2);
  totals.publications = row.Number(3);
  totals.media = row.Number(4);
  totals.comparisons = row.Number(5);
  STEMMA_TRY(const std::uint64_t end,
             ForEachLogLine(
                 log_, 0, [&totals](std::uint64_t, std::string_view) -> Status {
                   ++totals.events;
                   return {};
                 }));
  static_cast<void>(end);
  return totals;
}

// The rows of all tables as text, one after the other, in one order.
class SqliteIndex::Rows {
 public:
  explicit Rows(SqliteIndex& index) : index_(index) {}
  // nullopt behind the last.
  Result<std::optional<std::string>> Next() {
    while (true) {
      if (!rows_) {
        if (table_ == std::size(kTables)) return std::optional<std::string>();
        // Numbers of bundles follow the log, too, so all columns count.
        rows_ = std::make_unique<Statement>(
            index_.db_.get(),
            fmt::format("SELECT * FROM {} ORDER BY 1", kTables[table_]));
      }
      STEMMA_TRY(const bool row, rows_->Step());
      if (row) return std::optional<std::string>(Row());
      rows_.reset();
      ++table_;
    }
  }

 private:
  std::string Row() const {
    const std::string_view table = kTables[table_];
    std::string text(table);
    for (int i = 0; i < rows_->Columns(); ++i) {
      const bool binary = table == "records" && (i == 14 || i == 15);
      text += '|';
      text += rows_->IsNull(i) ? "-"
              : binary         ? HexOf(rows_->Text(i))
                               : rows_->Text(i);
    }
    return text + "\n";
  }

  SqliteIndex& index_;
  std::size_t table_ = 0;
  std::unique_ptr<Statement> rows_;
};

Result<std::string> SqliteIndex::Dump() {
  std::string dump;
  Rows rows(*this);
  while (true) {
    STEMMA_TRY(const std::optional<std::string> row, rows.Next());
    if (!row) break;
    dump += *row;
  }
  STEMMA_TRY(const std::string bytes, Meta("log_bytes"));
  return dump + "log_bytes|" + bytes + "\n";
}

Result<bool> SqliteIndex::SaysTheSame(SqliteIndex& other) {
  Rows ours(*this), theirs(other);
  while (true) {
    STEMMA_TRY(const std::optional<std::string> a, ours.Next());
    STEMMA_TRY(const std::optional<std::string> b, theirs.Next());
    if (a != b) return false;
    if (!a) break;
  }
  STEMMA_TRY(const std::string a, Meta("log_bytes"));
  STEMMA_TRY(const std::string b, other.Meta("log_bytes"));
  return a == b;
}

}  // namespace

RecordSource RecordsOfBundles(const fs::path& dir) {
  auto shelf = std::make_shared<BundleShelf>(dir);
  return [shelf](const RecordInfo& place,
                 bool want_block) -> Result<IndexedRecord> {
    STEMMA_TRY(const StoredRecord stored, shelf->Record(place));
    IndexedRecord record{stored.info, {}};
    if (want_block) {
      STEMMA_TRY(record.block, stored.block.ReadAll(16 << 20));
    }
    return record;
  };
}

Result<std::unique_ptr<IndexFeeder>> OpenSqliteIndex(const fs::path& dir,
                                                     const std::string& file) {
  for (const bool again : {false, true}) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(
        file.c_str(), &raw,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
        nullptr);
    Database db(raw);
    if (opened != SQLITE_OK) {
      return Error(
          ErrorCode::kIo,
          fmt::format("opening {}: {}", file,
                      raw == nullptr ? "no memory" : sqlite3_errmsg(raw)));
    }
    auto index = std::make_unique<SqliteIndex>(std::move(db), dir);
    Status prepared = index->Prepare();
    if (prepared) return std::unique_ptr<IndexFeeder>(std::move(index));
    index.reset();
    // A damaged cache is made anew; a folder we may not write is not.
    if (again || file == ":memory:" || ::access(dir.c_str(), W_OK) != 0) {
      return std::move(prepared).error();
    }
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm"}) {
      fs::remove(file + suffix, ignored);
    }
  }
  return Error(ErrorCode::kIo, "opening " + file);
}

Result<std::unique_ptr<Index>> OpenIndex(const fs::path& dir) {
  if (!fs::exists(dir / "manifest" / "events.jsonl")) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("there is no archive in {}", dir.string()));
  }
  auto feeder = OpenSqliteIndex(dir, (dir / "index.sqlite").string());
  if (!feeder) feeder = OpenSqliteIndex(dir, ":memory:");
  if (!feeder) return std::move(feeder).error();
  Status caught = (*feeder)->CatchUp(RecordsOfBundles(dir));
  if (!caught) {
    // A cache that cannot be brought up to date must not stop the reader.
    STEMMA_TRY(feeder, OpenSqliteIndex(dir, ":memory:"));
    STEMMA_CHECK_OK((*feeder)->CatchUp(RecordsOfBundles(dir)));
  }
  // The feeder is the index; both faces belong to one object.
  auto* index = dynamic_cast<SqliteIndex*>(feeder->release());
  return std::unique_ptr<Index>(index);
}

namespace {

// A file of our own beside other temporary ones, gone with this object.
class TemporaryFile {
 public:
  static Result<std::unique_ptr<TemporaryFile>> Make() {
    std::error_code failed;
    const fs::path folder = fs::temp_directory_path(failed);
    std::string name = (folder / "stemma-index-XXXXXX").string();
    const int file = failed ? -1 : ::mkstemp(name.data());
    if (file < 0) return Error(ErrorCode::kIo, "making a temporary file");
    ::close(file);
    return std::unique_ptr<TemporaryFile>(new TemporaryFile(std::move(name)));
  }
  ~TemporaryFile() {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm"}) {
      fs::remove(name_ + suffix, ignored);
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& name() const { return name_; }

 private:
  explicit TemporaryFile(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

}  // namespace

// Both are read row by row: an index of millions of records is not held in
// memory, neither the stored one nor the fresh one.
Result<bool> IndexAgrees(const fs::path& dir) {
  const std::string file = (dir / "index.sqlite").string();
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(file.c_str(), &raw,
                      SQLITE_OPEN_READONLY | SQLITE_OPEN_FULLMUTEX, nullptr);
  SqliteIndex stored(Database(raw), dir);
  if (opened != SQLITE_OK) {
    return Error(ErrorCode::kIo, fmt::format("opening {}", file));
  }
  STEMMA_TRY(const bool ours, stored.IsOurs());
  if (!ours) return false;
  STEMMA_TRY(const std::string bytes, stored.Meta("log_bytes"));
  STEMMA_TRY(const auto room, TemporaryFile::Make());
  STEMMA_TRY(const auto fresh, OpenSqliteIndex(dir, room->name()));
  auto& anew = dynamic_cast<SqliteIndex&>(fresh->index());
  anew.StopAt(std::strtoull(bytes.c_str(), nullptr, 10));
  STEMMA_CHECK_OK(fresh->CatchUp(RecordsOfBundles(dir)));
  return stored.SaysTheSame(anew);
}

Result<Index::Totals> Reindex(const fs::path& dir) {
  if (!fs::exists(dir / "manifest" / "events.jsonl")) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("there is no archive in {}", dir.string()));
  }
  const fs::path fresh = dir / "index.sqlite.new";
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    fs::remove(fresh.string() + suffix, ignored);
  }
  Index::Totals totals;
  {
    STEMMA_TRY(const auto feeder, OpenSqliteIndex(dir, fresh.string()));
    STEMMA_CHECK_OK(feeder->CatchUp(RecordsOfBundles(dir)));
    STEMMA_TRY(totals, feeder->index().Count());
  }
  for (const char* suffix : {"-wal", "-shm"}) {
    fs::remove((dir / "index.sqlite").string() + suffix, ignored);
  }
  std::error_code failed;
  fs::rename(fresh, dir / "index.sqlite", failed);
  if (failed) {
    return Error(ErrorCode::kIo, fmt::format("renaming {}: {}", fresh.string(),
                                             failed.message()));
  }
  return totals;
}

}  // namespace stemma

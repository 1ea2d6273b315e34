#include "fetch/frontier.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <utility>

#include "fetch/trap.h"
#include "hash/sha256.h"

namespace stemma {

std::string_view NameOf(AddressKind kind) {
  switch (kind) {
    case AddressKind::kPage:
      return "page";
    case AddressKind::kFeed:
      return "feed";
    case AddressKind::kSitemap:
      return "sitemap";
    case AddressKind::kMedia:
      return "media";
  }
  return "page";
}

std::string_view NameOf(VisitOutcome outcome) {
  switch (outcome) {
    case VisitOutcome::kNew:
      return "new";
    case VisitOutcome::kChanged:
      return "changed";
    case VisitOutcome::kUnchanged:
      return "unchanged";
    case VisitOutcome::kGone:
      return "gone";
    case VisitOutcome::kFailed:
      return "failed";
    case VisitOutcome::kRefused:
      return "refused";
    case VisitOutcome::kSkipped:
      return "skipped";
  }
  return "failed";
}

namespace {

// "STFR", so that another program's file is not taken for a frontier.
constexpr int kApplicationId = 0x53544652;
constexpr int kSchemaVersion = 1;

// Faceted listings are cut off here: this many variants of one path.
constexpr std::int64_t kMaxVariants = 500;

constexpr const char* kSchema = R"sql(
CREATE TABLE hosts (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  rest_until INTEGER
) STRICT;
CREATE TABLE addresses (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,       -- first half of SHA-256 of the address key
  url TEXT NOT NULL,
  host INTEGER NOT NULL REFERENCES hosts(id),
  kind INTEGER NOT NULL,
  state INTEGER NOT NULL,         -- 0 ready, 1 leased, 2 waiting, 3 finished
  priority INTEGER NOT NULL,
  depth INTEGER NOT NULL,
  via TEXT NOT NULL,
  found_by TEXT NOT NULL,
  first_seen INTEGER NOT NULL,
  due INTEGER,                    -- of a waiting one
  lease_until INTEGER,            -- of a leased one
  attempts INTEGER NOT NULL DEFAULT 0,
  visits INTEGER NOT NULL DEFAULT 0,
  ladder INTEGER NOT NULL DEFAULT 0,
  compared INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0,
  watched INTEGER NOT NULL DEFAULT 0,
  last_visit INTEGER,
  last_status INTEGER NOT NULL DEFAULT 0,
  last_run INTEGER,
  last_outcome INTEGER,
  last_event TEXT,                -- id of the newest capture event
  reason TEXT,
  etag TEXT, last_modified TEXT, payload TEXT, text TEXT, capture TEXT
) STRICT;
CREATE INDEX ready ON addresses(host, priority, id) WHERE state = 0;
CREATE INDEX leased ON addresses(lease_until) WHERE state = 1;
CREATE INDEX waiting ON addresses(due) WHERE state = 2;
CREATE INDEX of_run ON addresses(last_run) WHERE last_run IS NOT NULL;
CREATE TABLE variants (
  shape BLOB PRIMARY KEY, members INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE payloads (
  host INTEGER NOT NULL, payload TEXT NOT NULL, members INTEGER NOT NULL,
  PRIMARY KEY (host, payload)
) STRICT, WITHOUT ROWID;
CREATE TABLE robots (
  origin TEXT PRIMARY KEY, status INTEGER NOT NULL, body BLOB NOT NULL,
  fetched INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
  number INTEGER PRIMARY KEY, started INTEGER NOT NULL, finished INTEGER,
  pages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
)sql";

std::int64_t Ms(TimePoint time) { return time.time_since_epoch().count(); }
TimePoint AtMs(std::int64_t ms) {
  return TimePoint(std::chrono::milliseconds(ms));
}

// One prepared statement while it is being used.
class Query {
 public:
  Query(sqlite3_stmt* statement, sqlite3* db) : s_(statement), db_(db) {}
  ~Query() {
    sqlite3_reset(s_);
    sqlite3_clear_bindings(s_);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& Int(std::int64_t value) {
    sqlite3_bind_int64(s_, ++at_, value);
    return *this;
  }
  Query& Text(std::string_view value) {
    sqlite3_bind_text64(s_, ++at_, value.data(), value.size(), SQLITE_TRANSIENT,
                        SQLITE_UTF8);
    return *this;
  }
  Query& Bytes(std::string_view value) {
    sqlite3_bind_blob64(s_, ++at_, value.data(), value.size(),
                        SQLITE_TRANSIENT);
    return *this;
  }
  Query& Null() {
    ++at_;
    return *this;
  }
  Query& Time(std::optional<TimePoint> time) {
    return time ? Int(Ms(*time)) : Null();
  }

  // True: a row is there.
  Result<bool> Step() {
    const int code = sqlite3_step(s_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    const ErrorCode kind = code == SQLITE_FULL      ? ErrorCode::kNoSpace
                           : code == SQLITE_CORRUPT ? ErrorCode::kCorrupt
                                                    : ErrorCode::kIo;
    return Error(kind, fmt::format("frontier: {}", sqlite3_errmsg(db_)));
  }
  // Runs a statement whose rows are of no interest.
  Status Run() {
    for (;;) {
      STEMMA_TRY(const bool row, Step());
      if (!row) return {};
    }
  }

  std::int64_t IntAt(int column) const {
    return sqlite3_column_int64(s_, column);
  }
  std::string TextAt(int column) const {
    const auto* text =
        static_cast<const char*>(sqlite3_column_blob(s_, column));
    const int size = sqlite3_column_bytes(s_, column);
    return text == nullptr ? std::string()
                           : std::string(text, static_cast<std::size_t>(size));
  }
  bool IsNull(int column) const {
    return sqlite3_column_type(s_, column) == SQLITE_NULL;
  }
  std::optional<TimePoint> TimeAt(int column) const {
    if (IsNull(column)) return std::nullopt;
    return AtMs(IntAt(column));
  }

 private:
  sqlite3_stmt* s_;
  sqlite3* db_;
  int at_ = 0;
};

// Half a SHA-256 is as good as unique, and half as long.
std::string ShortKey(std::string_view text) {
  return std::string(BytesOf(Sha256Of(text)).substr(0, 16));
}

std::string KeyOf(const Url& url) { return ShortKey(AddressKey(url)); }

}  // namespace

struct Frontier::Impl {
  sqlite3* db = nullptr;
  std::map<const char*, sqlite3_stmt*> statements;
  bool in_transaction = false;
  std::int64_t run = 0;
  std::map<std::string, std::int64_t, std::less<>> host_ids;

  ~Impl() {
    for (auto& [sql, statement] : statements) sqlite3_finalize(statement);
    if (in_transaction) sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
    sqlite3_close(db);
  }

  Status Exec(const char* sql) {
    char* message = nullptr;
    if (sqlite3_exec(db, sql, nullptr, nullptr, &message) == SQLITE_OK) {
      return {};
    }
    Error error(ErrorCode::kIo,
                fmt::format("frontier: {}", message ? message : "failed"));
    sqlite3_free(message);
    return error;
  }
  // `sql` must be a literal: its address is the cache's key.
  Query Prepare(const char* sql) {
    sqlite3_stmt*& statement = statements[sql];
    if (statement == nullptr) {
      sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr);
    }
    return Query(statement, db);
  }
  // Opens the transaction that the next Commit ends.
  Status Begin() {
    if (in_transaction) return {};
    STEMMA_CHECK_OK(Exec("BEGIN IMMEDIATE"));
    in_transaction = true;
    return {};
  }
  Result<std::int64_t> HostId(std::string_view name);
  Result<std::int64_t> Meta(std::string_view name);
  Status SetMeta(std::string_view name, std::int64_t value);
  Result<bool> TooManyVariants(const Url& url);
  Result<Added> Add(const NewAddress& address, TimePoint now, bool ready,
                    std::optional<TimePoint> unless_since);
};

Frontier::Frontier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Frontier::~Frontier() = default;

Result<std::unique_ptr<Frontier>> Frontier::Open(
    const std::filesystem::path& file) {
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  auto impl = std::make_unique<Impl>();
  const auto failed = [&](ErrorCode code) {
    return Error(code, fmt::format("frontier {}: {}", file.string(),
                                   sqlite3_errmsg(impl->db)));
  };
  if (sqlite3_open_v2(
          file.c_str(), &impl->db,
          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
          nullptr) != SQLITE_OK) {
    return failed(ErrorCode::kIo);
  }
  sqlite3_busy_timeout(impl->db, 5'000);
  // WAL survives kill -9 as it is, a power cut up to its last checkpoint; the
  // log makes up for the rest.
  if (Status ready = impl->Exec("PRAGMA journal_mode=WAL;"
                                "PRAGMA synchronous=NORMAL;"
                                "PRAGMA temp_store=MEMORY;"
                                "PRAGMA cache_size=-16384;");
      !ready) {
    return failed(sqlite3_errcode(impl->db) == SQLITE_NOTADB
                      ? ErrorCode::kCorrupt
                      : ErrorCode::kIo);
  }
  std::int64_t application = 0, version = 0;
  {
    Query id = impl->Prepare("PRAGMA application_id");
    STEMMA_CHECK_OK(id.Step());
    application = id.IntAt(0);
    Query schema = impl->Prepare("PRAGMA user_version");
    STEMMA_CHECK_OK(schema.Step());
    version = schema.IntAt(0);
  }
  if (application == 0 && version == 0) {
    STEMMA_CHECK_OK(impl->Exec("BEGIN IMMEDIATE"));
    STEMMA_CHECK_OK(impl->Exec(kSchema));
    STEMMA_CHECK_OK(impl->Exec(
        fmt::format("PRAGMA application_id={}; PRAGMA user_version={}; COMMIT",
                    kApplicationId, kSchemaVersion)
            .c_str()));
  } else if (application != kApplicationId) {
    return Error(ErrorCode::kCorrupt,
                 fmt::format("{} is no frontier of ours", file.string()));
  } else if (version != kSchemaVersion) {
    return Error(
        ErrorCode::kUnsupported,
        fmt::format("frontier {} has version {}, this program reads {}",
                    file.string(), version, kSchemaVersion));
  }
  return std::unique_ptr<Frontier>(new Frontier(std::move(impl)));
}

Result<std::unique_ptr<Frontier>> Frontier::OpenToRead(
    const std::filesystem::path& file) {
  auto impl = std::make_unique<Impl>();
  if (sqlite3_open_v2(file.c_str(), &impl->db,
                      SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                      nullptr) != SQLITE_OK) {
    return Error(ErrorCode::kIo, fmt::format("frontier {}: {}", file.string(),
                                             sqlite3_errmsg(impl->db)));
  }
  sqlite3_busy_timeout(impl->db, 5'000);
  {
    Query id = impl->Prepare("PRAGMA application_id");
    STEMMA_TRY(const bool row, id.Step());
    if (!row || id.IntAt(0) != kApplicationId) {
      return Error(ErrorCode::kCorrupt,
                   fmt::format("{} is no frontier of ours", file.string()));
    }
  }
  return std::unique_ptr<Frontier>(new Frontier(std::move(impl)));
}

// ---- small things

Result<std::int64_t> Frontier::Impl::HostId(std::string_view name) {
  if (const auto known = host_ids.find(name); known != host_ids.end()) {
    return known->second;
  }
  STEMMA_CHECK_OK(
      Prepare("INSERT INTO hosts(name) VALUES(?) ON CONFLICT DO NOTHING")
          .Text(name)
          .Run());
  Query find = Prepare("SELECT id FROM hosts WHERE name = ?");
  find.Text(name);
  STEMMA_TRY(const bool row, find.Step());
  if (!row) return Error(ErrorCode::kIo, "frontier: a host did not stay");
  const std::int64_t id = find.IntAt(0);
  if (host_ids.size() < 100'000) host_ids.emplace(name, id);
  return id;
}

Result<std::int64_t> Frontier::Impl::Meta(std::string_view name) {
  Query find = Prepare("SELECT value FROM meta WHERE name = ?");
  find.Text(name);
  STEMMA_TRY(const bool row, find.Step());
  return row ? find.IntAt(0) : 0;
}

Status Frontier::Impl::SetMeta(std::string_view name, std::int64_t value) {
  STEMMA_CHECK_OK(Begin());
  return Prepare(
             "INSERT INTO meta(name, value) VALUES(?1, ?2) "
             "ON CONFLICT(name) DO UPDATE SET value = ?2")
      .Text(name)
      .Int(value)
      .Run();
}

Status Frontier::Commit() {
  if (!impl_->in_transaction) return {};
  STEMMA_CHECK_OK(impl_->Exec("COMMIT"));
  impl_->in_transaction = false;
  return {};
}

// ---- runs

Result<std::optional<CrawlRun>> Frontier::LastRun() {
  Query last = impl_->Prepare(
      "SELECT number, started, finished IS NULL, pages, bytes FROM runs "
      "ORDER BY number DESC LIMIT 1");
  STEMMA_TRY(const bool row, last.Step());
  if (!row) return std::optional<CrawlRun>();
  CrawlRun run;
  run.number = last.IntAt(0);
  run.started = AtMs(last.IntAt(1));
  run.resumed = last.IntAt(2) != 0;
  run.pages = static_cast<std::uint64_t>(last.IntAt(3));
  run.bytes = static_cast<std::uint64_t>(last.IntAt(4));
  return std::optional<CrawlRun>(run);
}

Result<CrawlRun> Frontier::BeginRun(TimePoint now) {
  STEMMA_CHECK_OK(impl_->Begin());
  // The archive's lock says that nobody else runs this job: every lease is of
  // a process that is gone.
  STEMMA_CHECK_OK(
      impl_
          ->Prepare("UPDATE addresses SET state = 0, lease_until = NULL "
                    "WHERE state = 1")
          .Run());
  STEMMA_TRY(const std::optional<CrawlRun> last, LastRun());
  if (last && last->resumed) {
    impl_->run = last->number;
    // Waits that a retry asked for, within the run.
    STEMMA_CHECK_OK(impl_
                        ->Prepare("UPDATE addresses SET state = 0, due = NULL "
                                  "WHERE state = 2 AND due <= ?")
                        .Int(Ms(last->started))
                        .Run());
    return *last;
  }
  STEMMA_CHECK_OK(impl_
                      ->Prepare("UPDATE addresses SET state = 0, "
                                "due = NULL, attempts = 0 "
                                "WHERE state = 2 AND due <= ?")
                      .Int(Ms(now))
                      .Run());
  STEMMA_CHECK_OK(impl_->Prepare("DELETE FROM payloads").Run());
  CrawlRun run;
  run.number = last ? last->number + 1 : 1;
  run.started = now;
  STEMMA_CHECK_OK(
      impl_->Prepare("INSERT INTO runs(number, started) VALUES(?, ?)")
          .Int(run.number)
          .Int(Ms(now))
          .Run());
  impl_->run = run.number;
  return run;
}

Status Frontier::EndRun(TimePoint now) {
  STEMMA_CHECK_OK(impl_->Begin());
  STEMMA_CHECK_OK(
      impl_->Prepare("UPDATE runs SET finished = ? WHERE number = ?")
          .Int(Ms(now))
          .Int(impl_->run)
          .Run());
  return Commit();
}

Status Frontier::ForEachOfRun(
    std::int64_t run, const std::function<Status(const RunLine&)>& visit) {
  Query lines = impl_->Prepare(
      "SELECT last_outcome, kind, url, last_event, reason, last_status "
      "FROM addresses WHERE last_run = ? ORDER BY id");
  lines.Int(run);
  for (;;) {
    STEMMA_TRY(const bool row, lines.Step());
    if (!row) return {};
    RunLine line;
    line.outcome = static_cast<VisitOutcome>(lines.IntAt(0));
    line.kind = static_cast<AddressKind>(lines.IntAt(1));
    line.url = lines.TextAt(2);
    line.capture = lines.TextAt(3);
    line.reason = lines.TextAt(4);
    line.status = static_cast<int>(lines.IntAt(5));
    STEMMA_CHECK_OK(visit(line));
  }
}

// ---- adding

Result<bool> Frontier::Impl::TooManyVariants(const Url& url) {
  const std::string shape = VariantShape(url);
  if (shape.empty()) return false;
  const std::string key = ShortKey(shape);
  Query count = Prepare(
      "INSERT INTO variants(shape, members) VALUES(?, 1) "
      "ON CONFLICT(shape) DO UPDATE SET members = members + 1 "
      "RETURNING members");
  count.Bytes(key);
  STEMMA_TRY(const bool row, count.Step());
  const bool too_many = row && count.IntAt(0) > kMaxVariants;
  STEMMA_CHECK_OK(count.Run());
  return too_many;
}

Result<Frontier::Added> Frontier::Impl::Add(
    const NewAddress& address, TimePoint now, bool ready,
    std::optional<TimePoint> unless_since) {
  const std::string key = KeyOf(address.url);
  STEMMA_CHECK_OK(Begin());
  {
    Query known = Prepare(
        "UPDATE addresses SET depth = min(depth, ?2), "
        "priority = min(priority, ?3) WHERE key = ?1 "
        "RETURNING id, state, last_visit");
    known.Bytes(key).Int(address.depth).Int(address.priority);
    STEMMA_TRY(const bool row, known.Step());
    if (row) {
      const std::int64_t id = known.IntAt(0);
      const std::int64_t state = known.IntAt(1);
      const auto visited = known.TimeAt(2);
      STEMMA_CHECK_OK(known.Run());
      const bool rested = !visited || !unless_since || *visited < *unless_since;
      if (!ready || state <= 1 || !rested) return Added::kKnown;
      STEMMA_CHECK_OK(
          Prepare("UPDATE addresses SET state = 0, due = NULL WHERE id = ?")
              .Int(id)
              .Run());
      return Added::kNew;
    }
  }
  STEMMA_TRY(const bool too_many, TooManyVariants(address.url));
  if (too_many) return Added::kTooManyVariants;
  STEMMA_TRY(const std::int64_t host, HostId(address.url.host()));
  STEMMA_CHECK_OK(Prepare("INSERT INTO addresses(key, url, host, kind, state, "
                          "priority, depth, via, found_by, first_seen) "
                          "VALUES(?, ?, ?, ?, 0, ?, ?, ?, ?, ?)")
                      .Bytes(key)
                      .Text(address.url.HrefWithoutFragment())
                      .Int(host)
                      .Int(static_cast<int>(address.kind))
                      .Int(address.priority)
                      .Int(address.depth)
                      .Text(address.via)
                      .Text(address.found_by)
                      .Int(Ms(now))
                      .Run());
  return Added::kNew;
}

Result<Frontier::Added> Frontier::Add(const NewAddress& address,
                                      TimePoint now) {
  return impl_->Add(address, now, false, std::nullopt);
}

Result<Frontier::Added> Frontier::AddNow(const NewAddress& address,
                                         TimePoint now,
                                         TimePoint unless_since) {
  return impl_->Add(address, now, true, unless_since);
}

namespace {

#define STEMMA_ADDRESS_COLUMNS                                               \
  "id, url, (SELECT name FROM hosts WHERE hosts.id = addresses.host), via, " \
  "found_by, kind, depth, priority, attempts, visits, ladder, compared, "    \
  "unchanged, watched, last_visit, last_status, etag, last_modified, "       \
  "payload, text, capture"

Address AddressAt(const Query& q) {
  Address a;
  a.id = q.IntAt(0);
  a.url = q.TextAt(1);
  a.host = q.TextAt(2);
  a.via = q.TextAt(3);
  a.found_by = q.TextAt(4);
  a.kind = static_cast<AddressKind>(q.IntAt(5));
  a.depth = static_cast<int>(q.IntAt(6));
  a.priority = static_cast<int>(q.IntAt(7));
  a.attempts = static_cast<int>(q.IntAt(8));
  a.visits = q.IntAt(9);
  a.history.ladder = static_cast<int>(q.IntAt(10));
  a.history.visits = static_cast<int>(q.IntAt(11));
  a.history.unchanged = static_cast<int>(q.IntAt(12));
  a.history.watched = std::chrono::milliseconds(q.IntAt(13));
  a.last_visit = q.TimeAt(14);
  a.last_status = static_cast<int>(q.IntAt(15));
  a.etag = q.TextAt(16);
  a.last_modified = q.TextAt(17);
  a.payload_sha256 = q.TextAt(18);
  a.text_sha256 = q.TextAt(19);
  a.last_capture = q.TextAt(20);
  return a;
}

}  // namespace

Result<std::optional<Address>> Frontier::Find(const Url& url) {
  Query find = impl_->Prepare("SELECT " STEMMA_ADDRESS_COLUMNS
                              " FROM addresses WHERE key = ?");
  const std::string key = KeyOf(url);
  find.Bytes(key);
  STEMMA_TRY(const bool row, find.Step());
  if (!row) return std::optional<Address>();
  return std::optional<Address>(AddressAt(find));
}

// ---- claiming

Result<std::vector<Frontier::HostWork>> Frontier::HostsWithWork() {
  // A loose scan of the index: one step per host, however many addresses.
  Query hosts = impl_->Prepare(
      "WITH RECURSIVE with_work(host) AS ("
      "  SELECT min(host) FROM addresses WHERE state = 0"
      "  UNION ALL"
      "  SELECT (SELECT min(host) FROM addresses"
      "          WHERE state = 0 AND addresses.host > with_work.host)"
      "  FROM with_work WHERE with_work.host IS NOT NULL)"
      "SELECT (SELECT name FROM hosts WHERE id = with_work.host),"
      "  (SELECT min(priority) FROM addresses"
      "   WHERE state = 0 AND addresses.host = with_work.host) "
      "FROM with_work WHERE host IS NOT NULL");
  std::vector<HostWork> work;
  for (;;) {
    STEMMA_TRY(const bool row, hosts.Step());
    if (!row) break;
    work.push_back({hosts.TextAt(0), static_cast<int>(hosts.IntAt(1))});
  }
  std::ranges::stable_sort(work, {}, &HostWork::priority);
  return work;
}

Result<std::vector<Address>> Frontier::Claim(std::string_view host, int limit,
                                             TimePoint lease_until) {
  STEMMA_CHECK_OK(impl_->Begin());
  STEMMA_TRY(const std::int64_t host_id, impl_->HostId(host));
  Query claim = impl_->Prepare(
      "UPDATE addresses SET state = 1, lease_until = ?1, "
      "attempts = attempts + 1 WHERE id IN ("
      "  SELECT id FROM addresses WHERE state = 0 AND host = ?2"
      "  ORDER BY priority, id LIMIT ?3) "
      "RETURNING " STEMMA_ADDRESS_COLUMNS);
  claim.Int(Ms(lease_until)).Int(host_id).Int(limit);
  std::vector<Address> claimed;
  for (;;) {
    STEMMA_TRY(const bool row, claim.Step());
    if (!row) break;
    claimed.push_back(AddressAt(claim));
  }
  std::ranges::sort(claimed, {}, [](const Address& a) {
    return std::pair(a.priority, a.id);
  });
  return claimed;
}

Result<std::uint64_t> Frontier::ReturnExpired(TimePoint now) {
  STEMMA_CHECK_OK(impl_->Begin());
  STEMMA_CHECK_OK(
      impl_
          ->Prepare("UPDATE addresses SET state = 0, lease_until = NULL "
                    "WHERE state = 1 AND lease_until < ?")
          .Int(Ms(now))
          .Run());
  return static_cast<std::uint64_t>(sqlite3_changes64(impl_->db));
}

Status Frontier::Release(std::int64_t id) {
  STEMMA_CHECK_OK(impl_->Begin());
  return impl_
      ->Prepare(
          "UPDATE addresses SET state = 0, lease_until = NULL, "
          "attempts = max(0, attempts - 1) WHERE id = ? AND state = 1")
      .Int(id)
      .Run();
}

Status Frontier::Complete(std::int64_t id, const VisitRecord& visit,
                          TimePoint now) {
  STEMMA_CHECK_OK(impl_->Begin());
  STEMMA_CHECK_OK(
      impl_
          ->Prepare(
              "UPDATE addresses SET state = ?2, due = ?3, lease_until = NULL, "
              "attempts = CASE WHEN ?10 THEN 0 ELSE attempts END, "
              "last_visit = ?4, last_status = ?5, last_run = ?6, "
              "last_outcome = ?7, last_event = ?8, reason = ?9, "
              "visits = visits + (?5 > 0) WHERE id = ?1")
          .Int(id)
          .Int(visit.due ? 2 : 3)
          .Time(visit.due)
          .Int(Ms(now))
          .Int(visit.status)
          .Int(impl_->run)
          .Int(static_cast<int>(visit.outcome))
          .Text(visit.capture)
          .Text(visit.reason)
          .Int(visit.good ? 1 : 0)
          .Run());
  if (visit.good) {
    STEMMA_CHECK_OK(
        impl_
            ->Prepare("UPDATE addresses SET etag = ?2, last_modified = ?3, "
                      "payload = ?4, text = ?5, capture = ?6, ladder = ?7, "
                      "compared = ?8, unchanged = ?9, watched = ?10 "
                      "WHERE id = ?1")
            .Int(id)
            .Text(visit.etag)
            .Text(visit.last_modified)
            .Text(visit.payload_sha256)
            .Text(visit.text_sha256)
            .Text(visit.capture)
            .Int(visit.history.ladder)
            .Int(visit.history.visits)
            .Int(visit.history.unchanged)
            .Int(visit.history.watched.count())
            .Run());
    STEMMA_CHECK_OK(
        impl_
            ->Prepare("INSERT INTO payloads(host, payload, members) "
                      "SELECT host, ?2, 1 FROM addresses WHERE id = ?1 "
                      "AND ?2 <> '' ON CONFLICT DO UPDATE "
                      "SET members = members + 1")
            .Int(id)
            .Text(visit.payload_sha256)
            .Run());
  }
  return impl_
      ->Prepare(
          "UPDATE runs SET pages = pages + ?2, bytes = bytes + ?3 "
          "WHERE number = ?1")
      .Int(impl_->run)
      .Int(visit.status > 0 ? 1 : 0)
      .Int(static_cast<std::int64_t>(visit.bytes))
      .Run();
}

Status Frontier::Postpone(std::int64_t id, TimePoint due,
                          std::string_view reason) {
  STEMMA_CHECK_OK(impl_->Begin());
  return impl_
      ->Prepare(
          "UPDATE addresses SET state = 2, due = ?2, lease_until = NULL, "
          "attempts = max(1, attempts - 1), reason = ?3 WHERE id = ?1")
      .Int(id)
      .Int(Ms(due))
      .Text(reason)
      .Run();
}

Result<std::optional<TimePoint>> Frontier::WakePostponed(TimePoint now) {
  STEMMA_CHECK_OK(impl_->Begin());
  STEMMA_CHECK_OK(impl_
                      ->Prepare("UPDATE addresses SET state = 0, due = NULL "
                                "WHERE state = 2 AND attempts > 0 AND due <= ?")
                      .Int(Ms(now))
                      .Run());
  Query next = impl_->Prepare(
      "SELECT min(due) FROM addresses WHERE state = 2 AND attempts > 0");
  STEMMA_CHECK_OK(next.Step());
  return next.TimeAt(0);
}

// ---- the log, robots, rest

Result<std::uint64_t> Frontier::SyncedSeq() {
  STEMMA_TRY(const std::int64_t seq, impl_->Meta("synced_seq"));
  return static_cast<std::uint64_t>(seq);
}

Status Frontier::SetSyncedSeq(std::uint64_t seq) {
  return impl_->SetMeta("synced_seq", static_cast<std::int64_t>(seq));
}

Result<std::optional<RobotsRow>> Frontier::Robots(
    std::string_view origin, TimePoint now, std::chrono::milliseconds max_age) {
  Query find = impl_->Prepare(
      "SELECT status, body, fetched FROM robots WHERE origin = ?");
  find.Text(origin);
  STEMMA_TRY(const bool row, find.Step());
  if (!row) return std::optional<RobotsRow>();
  RobotsRow answer{static_cast<int>(find.IntAt(0)), find.TextAt(1),
                   AtMs(find.IntAt(2))};
  // A clock that went back must not keep an answer for ever.
  if (answer.fetched > now || now - answer.fetched > max_age) {
    return std::optional<RobotsRow>();
  }
  return std::optional<RobotsRow>(std::move(answer));
}

Status Frontier::KeepRobots(std::string_view origin, const RobotsRow& row) {
  STEMMA_CHECK_OK(impl_->Begin());
  return impl_
      ->Prepare(
          "INSERT INTO robots(origin, status, body, fetched) "
          "VALUES(?1, ?2, ?3, ?4) ON CONFLICT(origin) DO UPDATE SET "
          "status = ?2, body = ?3, fetched = ?4")
      .Text(origin)
      .Int(row.status)
      .Bytes(row.body)
      .Int(Ms(row.fetched))
      .Run();
}

Status Frontier::KeepRest(std::string_view host, TimePoint until) {
  STEMMA_CHECK_OK(impl_->Begin());
  STEMMA_TRY(const std::int64_t id, impl_->HostId(host));
  return impl_->Prepare("UPDATE hosts SET rest_until = ?2 WHERE id = ?1")
      .Int(id)
      .Int(Ms(until))
      .Run();
}

Status Frontier::ForEachRest(
    const std::function<void(std::string_view, TimePoint)>& visit) {
  Query rests = impl_->Prepare(
      "SELECT name, rest_until FROM hosts WHERE rest_until IS NOT NULL");
  for (;;) {
    STEMMA_TRY(const bool row, rests.Step());
    if (!row) return {};
    visit(rests.TextAt(0), AtMs(rests.IntAt(1)));
  }
}

Result<FrontierCounts> Frontier::Count() {
  FrontierCounts counts;
  const auto number = [&](const char* sql, std::uint64_t* out) -> Status {
    Query q = impl_->Prepare(sql);
    STEMMA_CHECK_OK(q.Step());
    *out = static_cast<std::uint64_t>(q.IntAt(0));
    return {};
  };
  STEMMA_CHECK_OK(number("SELECT count(*) FROM addresses", &counts.known));
  STEMMA_CHECK_OK(
      number("SELECT count(*) FROM addresses WHERE state = 0", &counts.ready));
  STEMMA_CHECK_OK(
      number("SELECT count(*) FROM addresses WHERE state = 1", &counts.leased));
  STEMMA_CHECK_OK(number("SELECT count(*) FROM addresses WHERE state = 2",
                         &counts.waiting));
  counts.finished =
      counts.known - counts.ready - counts.leased - counts.waiting;
  STEMMA_TRY(const auto hosts, HostsWithWork());
  counts.hosts_ready = hosts.size();
  Query due = impl_->Prepare("SELECT min(due) FROM addresses WHERE state = 2");
  STEMMA_CHECK_OK(due.Step());
  counts.oldest_due = due.TimeAt(0);
  return counts;
}

Result<std::uint64_t> Frontier::SamePayload(std::string_view host,
                                            std::string_view payload_sha256) {
  STEMMA_TRY(const std::int64_t id, impl_->HostId(host));
  Query count = impl_->Prepare(
      "SELECT members FROM payloads WHERE host = ? AND payload = ?");
  count.Int(id).Text(payload_sha256);
  STEMMA_TRY(const bool row, count.Step());
  return row ? static_cast<std::uint64_t>(count.IntAt(0)) : 0;
}

}  // namespace stemma

#include "archive/index_sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>
#include <utility>

#include "archive/sqlite_index.h"
#include "archive/stored_record.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTables[] = {"captures",     "bundles", "records",
                                        "publications", "media",   "derived",
                                        "comparisons"};

}  // namespace

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
        rows_ = std::make_unique<SqlStatement>(
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
  std::unique_ptr<SqlStatement> rows_;
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
                 fmt::format("there is no archive in {}; name one with "
                             "--archive, or make one with stemma capture or "
                             "stemma import",
                             dir.string()));
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

// The index in SQLite: how its tables are filled from the log (sqlite_feed.cc),
// asked (sqlite_lookup.cc) and compared (index_sqlite.cc). Not for other rooms.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/index.h"
#include "archive/index_sqlite.h"
#include "archive/sqlite_statement.h"

namespace stemma {

struct EventRows;

class SqliteIndex : public Index, public IndexFeeder {
 public:
  SqliteIndex(Database db, std::filesystem::path dir)
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
  // Whether the log ends where it was last read to.
  Result<bool> HasWholeLog();
  Status SetMeta(std::string_view key, std::string_view value);
  Result<std::string> LineAt(std::uint64_t at, std::uint64_t size);
  Status Apply(std::uint64_t at, std::string_view line,
               const RecordSource& records);
  Status Insert(const EventRows& rows);
  Status Move(const nlohmann::json& repack);
  Result<std::uint64_t> BundleNumber(const std::string& name);
  Result<std::vector<RecordInfo>> ReadRecords(SqlStatement& rows);
  Result<CaptureRow> ReadCapture(const SqlStatement& row);
  static PublicationRow ReadPublication(const SqlStatement& row);
  static MediaRow ReadMedia(const SqlStatement& row);
  static DerivedRow ReadDerived(const SqlStatement& row);
  Result<ComparisonRow> ReadComparison(const SqlStatement& row);
  SqlStatement& Prepared(const char* sql);

  Database db_;
  std::filesystem::path log_;
  bool wal_ = false;
  std::uint64_t stop_at_ = ~std::uint64_t{0};
  std::map<const char*, std::unique_ptr<SqlStatement>> prepared_;
};

}  // namespace stemma

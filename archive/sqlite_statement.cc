#include "archive/sqlite_statement.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

namespace stemma {

void CloseDatabase::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

SqlStatement::SqlStatement(sqlite3* db, std::string_view sql) : db_(db) {
  sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement_,
                     nullptr);
}
SqlStatement::~SqlStatement() { sqlite3_finalize(statement_); }

SqlStatement& SqlStatement::Reset() {
  sqlite3_reset(statement_);
  next_ = 0;
  return *this;
}

SqlStatement& SqlStatement::Bind(std::string_view text) {
  sqlite3_bind_text64(statement_, ++next_, text.data(), text.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

SqlStatement& SqlStatement::Bind(std::uint64_t number) {
  sqlite3_bind_int64(statement_, ++next_, static_cast<sqlite3_int64>(number));
  return *this;
}

SqlStatement& SqlStatement::BindBytes(std::string_view bytes) {
  sqlite3_bind_blob64(statement_, ++next_, bytes.data(), bytes.size(),
                      SQLITE_TRANSIENT);
  return *this;
}

SqlStatement& SqlStatement::BindNull() {
  sqlite3_bind_null(statement_, ++next_);
  return *this;
}

Result<bool> SqlStatement::Step() {
  const int outcome =
      statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_);
  if (outcome == SQLITE_ROW) return true;
  if (outcome == SQLITE_DONE) return false;
  return Error(outcome == SQLITE_FULL ? ErrorCode::kNoSpace : ErrorCode::kIo,
               fmt::format("index: {}", sqlite3_errmsg(db_)));
}

Status SqlStatement::Run() {
  STEMMA_TRY(const bool row, Step());
  static_cast<void>(row);
  Reset();
  return {};
}

std::string SqlStatement::Text(int column) const {
  const auto* text =
      static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<std::size_t>(size));
}

std::uint64_t SqlStatement::Number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
}

std::optional<Sha256> SqlStatement::Digest(int column) const {
  const std::string bytes = Text(column);
  Sha256 digest;
  if (bytes.size() != digest.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(),
            reinterpret_cast<char*>(digest.bytes.data()));
  return digest;
}

int SqlStatement::Columns() const { return sqlite3_column_count(statement_); }

bool SqlStatement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Status Execute(sqlite3* db, const char* sql) {
  char* message = nullptr;
  const int outcome = sqlite3_exec(db, sql, nullptr, nullptr, &message);
  if (outcome == SQLITE_OK) return {};
  const std::string why = message == nullptr ? sqlite3_errmsg(db) : message;
  sqlite3_free(message);
  return Error(outcome == SQLITE_FULL ? ErrorCode::kNoSpace : ErrorCode::kIo,
               "index: " + why);
}

}  // namespace stemma

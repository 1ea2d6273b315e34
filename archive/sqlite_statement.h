// One prepared statement of SQLite and what it reads and binds, with errors as
// Results. Not for other rooms.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/digest.h"
#include "core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace stemma {

struct CloseDatabase {
  void operator()(sqlite3* db) const;
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

// Binds by position, from the first on; reads by column, from 0 on. A statement
// that could not be prepared fails at its first Step.
class SqlStatement {
 public:
  SqlStatement(sqlite3* db, std::string_view sql);
  ~SqlStatement();
  SqlStatement(const SqlStatement&) = delete;
  SqlStatement& operator=(const SqlStatement&) = delete;

  SqlStatement& Reset();
  SqlStatement& Bind(std::string_view text);
  SqlStatement& Bind(std::uint64_t number);
  SqlStatement& BindBytes(std::string_view bytes);
  SqlStatement& BindNull();
  // True while there is a row.
  Result<bool> Step();
  // To the end, and ready to be bound again.
  Status Run();

  std::string Text(int column) const;
  std::uint64_t Number(int column) const;
  std::optional<Sha256> Digest(int column) const;  // of its 32 bytes
  int Columns() const;
  bool IsNull(int column) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  int next_ = 0;
};

// Statements without results.
Status Execute(sqlite3* db, const char* sql);

}  // namespace stemma

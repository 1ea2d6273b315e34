// The SQLite index (archive/index.h) and how it is fed from the log.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "archive/index.h"
#include "archive/records.h"
#include "core/result.h"

namespace stemma {

// A record as the index needs it: facts, and the block where it is an article
// or an imported row.
struct IndexedRecord {
  RecordInfo info;
  std::string block;
};
// Loads the record an event names. `want_block` asks for the block, too.
using RecordSource = std::function<Result<IndexedRecord>(
    const RecordInfo& place, bool want_block)>;

// Reads records from the archive's bundles.
RecordSource RecordsOfBundles(const std::filesystem::path& dir);

class IndexFeeder {
 public:
  virtual ~IndexFeeder() = default;
  virtual Index& index() = 0;
  // Takes in every event the log has beyond what is indexed.
  virtual Status CatchUp(const RecordSource& records) = 0;
  // Whether some record has this payload. For whoever catches up, between two
  // times: faster than asking the index.
  virtual Result<bool> HasPayload(const Sha256& payload) = 0;
};

// Opens `file` (":memory:" for none on disk) as the index of the archive in
// `dir`; not caught up yet. One that is damaged, of another version or of
// another log is emptied. kIo if the file cannot be written.
Result<std::unique_ptr<IndexFeeder>> OpenSqliteIndex(
    const std::filesystem::path& dir, const std::string& file);

}  // namespace stemma

// Taking things out of an archive by decision: what is gone, why and by whom is
// in the log for ever, and what stays can still be proved. Two different roles
// must approve (an archivist and an editor, say); one alone is refused.
//
// RedactRecords takes out records and keeps the bundle (archive/redaction.h).
// TombstoneBundle takes out a whole bundle: `tombstone` is logged, then the
// files go. archive/retention.h does either to what is old.
//
// What the log itself says (addresses, times, digests) cannot be taken back.
// Caches must be built again afterwards (Reindex and the matching memory), or
// they go on telling what was erased.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"

namespace stemma {

class ArchiveWriter;

struct Erasure {
  std::string basis;                     // law, policy, request: in words
  std::vector<std::string> approved_by;  // roles; two different ones
};

// kRefused without a basis and two different roles.
Status CheckApproval(const Erasure& why);

struct ErasedFromBundle {
  std::string bundle;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;      // stored bytes that are gone
  bool whole = false;           // the bundle is gone
  bool has_dictionary = false;  // made of pages: pieces may be in there
};

// `record_ids` are ids of records in sealed bundles. kNotFound for one that the
// log does not know, kRefused for one in a bundle still being written or
// without two roles. Nothing is erased then. Killed at any moment, each bundle
// is the old or the new one, and the log says which.
Result<std::vector<ErasedFromBundle>> RedactRecords(
    ArchiveWriter& writer, const std::vector<std::string>& record_ids,
    const Erasure& why);

// Ids of all records of a capture, those derived from it included.
Result<std::vector<std::string>> RecordsToRedact(ArchiveWriter& writer,
                                                 const std::string& capture_id);

// Logs a tombstone for the bundle and removes it with its index. Killed in
// between, the file is still there and `check` says so; call it again.
Result<ErasedFromBundle> TombstoneBundle(ArchiveWriter& writer,
                                         const std::string& bundle,
                                         const Erasure& why);

}  // namespace stemma

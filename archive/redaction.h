// Records that were taken out of a bundle by a logged decision. The bundle goes
// on to prove the rest: the leaf hash of what is gone stays in the `redact`
// event, so the root over all its records can still be made and is the one that
// was sealed and signed.
//
// In the file, the place of a redacted record is a skippable frame of zeros of
// the same length, so that every other record lies where the log says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "archive/merkle.h"
#include "core/digest.h"
#include "core/result.h"

namespace stemma {

// Leaf hashes of what is gone, by their place among the bundle's records.
using Redactions = std::map<std::uint64_t, Sha256>;

// Reads `redacted` of a redact event into `redactions`, and the records' ids
// into `ids` if wanted. False when it is not of the form.
bool TakeRedactions(const nlohmann::json& event, Redactions& redactions,
                    std::vector<std::string>* ids = nullptr);

// Builds the root over a bundle's records from those that are there, in order,
// with the redacted ones in their places.
class RedactedRange {
 public:
  explicit RedactedRange(const Redactions& redactions)
      : redactions_(&redactions) {}
  // Gives the record's place among all.
  std::uint64_t Append(const Sha256& leaf);
  // No record follows.
  void Finish();
  std::uint64_t size() const { return range_.size(); }
  Sha256 Root() const { return range_.Root(); }

 private:
  const Redactions* redactions_;
  CompactRange range_;
};

struct RecordToRedact {
  std::string id;
  std::uint64_t offset = 0, length = 0;  // its frames in the file
};

struct RedactedFile {
  Redactions leaves;                   // those before and the new ones
  std::vector<std::uint64_t> indices;  // of the new ones, as they were given
};

// Copies the bundle `from` to the new file `to`, synced, without the bytes of
// `records`. kNotFound when one of them is not where it is said to be.
Result<RedactedFile> WriteRedacted(const std::filesystem::path& from,
                                   const std::filesystem::path& to,
                                   const Redactions& before,
                                   std::span<const RecordToRedact> records);

}  // namespace stemma

// The recipe of a report: commands to copy and paste that check its facts with
// openssl, sha256sum, zstd and coreutils alone, in the folder of the archive
// or of its evidence (`stemma export --proof`). Each says "ok" or "DIFFERS".
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/checkpoint.h"
#include "archive/evidence.h"
#include "core/digest.h"
#include "review/report_capture.h"

namespace stemma {

// What a step needs to know of the log.
struct RecipeLog {
  std::filesystem::path archive;
  std::optional<Checkpoint> newest;
  std::string vkey;              // of the log, empty when unsigned
  std::vector<TimeProof> times;  // those to check
};

// [{"says","run"}], in order: the checkpoint, the timestamps, the bundles,
// then each capture's event and records.
class Recipe {
 public:
  explicit Recipe(const RecipeLog& log);
  void AddBundle(const nlohmann::json& bundle);
  // `hashes`: the path from the event's leaf to the newest checkpoint's root,
  // empty when none covers it.
  void AddEvent(std::uint64_t seq, const Sha256& leaf,
                const std::vector<Sha256>& hashes);
  // Those of a bundle that lies as it was sealed.
  void AddRecords(const CaptureRecords& capture);
  nlohmann::json Take();

 private:
  void Add(std::string says, std::string run);
  void AddCheckpoint();
  void AddTimestamps();
  const RecipeLog& log_;
  nlohmann::json steps_;
};

}  // namespace stemma

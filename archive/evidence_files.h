// The files of a log beside it, found and sorted by what their names say:
// checkpoints, copies, timestamps, keys. Nothing about them is believed yet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "archive/evidence_log.h"
#include "archive/evidence_time.h"
#include "core/result.h"

namespace stemma {

struct ManifestFiles {
  std::filesystem::path root, manifest;
  bool archive = false;  // has manifest/: tiles and the copy are expected
  std::map<std::uint64_t, std::string> checkpoints;  // checkpoint.<size>
  std::map<std::uint64_t, std::string> cosigned;
  std::optional<std::string> copy;                 // `checkpoint`
  std::map<std::string, std::string> other_notes;  // checkpoint.*
  std::vector<TokenFiles> tokens;
  std::map<std::string, std::string> ots;  // OpenTimestamps proofs by name
  std::vector<std::string> key_files;      // *.vkey, contents
};

// Whether `dir` is an archive (with manifest/) or an evidence folder; nothing
// is read yet. kNotFound when it is neither.
Result<ManifestFiles> LocateManifest(const std::filesystem::path& dir);

// Reads what lies in files.manifest; what does not belong there is a finding.
void CollectFiles(ManifestFiles& files, FindingList& findings);

}  // namespace stemma

// The audit: what an archive or a WARC file says of itself against what is
// there. Frames, record grammar, block and payload digests, the log's chain,
// bundles against the log, CDXJ and index against the records, revisits against
// their originals. Signatures and timestamps are archive/evidence.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "archive/cdxj_check.h"
#include "archive/evidence.h"
#include "core/blob.h"
#include "core/result.h"

namespace stemma {

struct CheckFinding {
  std::string code;  // stable, kebab-case
  Weight weight = Weight::kWarning;
  std::string file;  // relative to the archive, or as given
  std::optional<std::uint64_t> offset;
  std::string record;  // id, if it is about one
  std::string text;
};

struct CheckReport {
  std::vector<CheckFinding> findings;  // at most max_findings of them
  std::uint64_t findings_left_out = 0;
  std::uint64_t events = 0, bundles = 0, records = 0;
  std::uint64_t bytes = 0;        // stored
  std::uint64_t block_bytes = 0;  // uncompressed blocks
  bool weak = false;              // every digest is SHA-1 or MD5

  // The worst weight; kNote when nothing was found.
  Weight Worst() const;
  std::vector<std::string> Codes() const;  // sorted, each once
  // "intact", "warning", "cannot-check", "incomplete", "altered".
  std::string Verdict() const;
};

struct CheckOptions {
  int threads = 0;  // 0: one per core
  bool index = true;
  std::size_t max_findings = 1000;
};

// Digests of a whole file, lower-case hex; both are made at once.
struct FileDigests {
  std::string sha256, sha512;
};
Result<FileDigests> DigestsOfFile(const std::filesystem::path& path);

// Checks an archive folder. kNotFound when it is none, kIo when it cannot be
// read at all.
Result<CheckReport> CheckArchive(const std::filesystem::path& dir,
                                 const CheckOptions& options = {});

// Checks a WARC file of any dress, ours or not.
Result<CheckReport> CheckWarcFile(const std::filesystem::path& file,
                                  const CheckOptions& options = {});
// The same over bytes; `name` is what findings call it. `listed` gets the
// records an index of the file has to list.
Result<CheckReport> CheckWarcBlob(const Blob& file, const std::string& name,
                                  const CheckOptions& options = {},
                                  ListedRecords* listed = nullptr);

// What a report on a WARC file comes to, in the words of the vectors:
// "accept", "accept-weak", "flag", "flag-known-variant", "reject".
std::string WarcFileVerdict(const CheckReport& report);

// {"verdict","codes","findings":[{"code","severity","file","offset","record",
// "text"}],"records",...}
nlohmann::json ToJson(const CheckReport& report);

// How much a finding with this code weighs.
Weight WeightOf(std::string_view code);

}  // namespace stemma

// Packs a sealed bundle anew: the same records, byte for byte and in the same
// order, in frames that are smaller because the bundle's own pages are in the
// dictionary. Nothing here touches the bundle: a new file is written and proved
// to hold the same. ArchiveWriter::Repack puts it in the old one's place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/bundle_seal.h"
#include "archive/page_dictionary.h"
#include "core/digest.h"
#include "core/result.h"

namespace stemma {

struct RepackOptions {
  int level = 3;  // zstd level of text records, 1 to 19
  std::size_t dictionary_bytes = 1 << 20;
  // A bundle stays as it is unless its file becomes smaller by this part and
  // by this many bytes.
  double least_gain = 0.10;
  std::uint64_t least_bytes = 4 << 10;
  // Called now and then with stored bytes done and in all; false stops.
  std::function<bool(std::uint64_t done, std::uint64_t all)> progress;
};

// What the log says of a sealed bundle.
struct SealedBundle {
  std::string name;  // "bundles/NAME.warc.zst"
  std::uint64_t bytes = 0;
  std::string sha256, sha512, records_root, cdxj_sha256;
  std::optional<std::uint64_t> records;
  bool redacted = false;  // not packed anew: it would move what is proved
};

// Those the log has digests of (its newest seal or repack) and no tombstone.
Result<std::vector<SealedBundle>> SealedBundles(
    const std::filesystem::path& archive);

struct Repacked {
  enum class Outcome {
    kDone,        // smaller now
    kWouldPay,    // dry run
    kDoesNotPay,  // left as it is
    kRefused,     // it does not verify; left as it is
  } outcome = Outcome::kDoesNotPay;
  std::string name, reason;
  std::uint64_t before = 0;
  std::uint64_t after = 0;  // expected, in a dry run
};
std::string_view NameOf(Repacked::Outcome outcome);

struct RepackPlan {
  // None: the old one stays, whatever it is.
  std::shared_ptr<const ZstdDictionary> dictionary;
  std::uint64_t expected = 0;  // bytes of the new file, roughly
  bool pays = false;
};

// Measures what a new dictionary would do to the bundle in `path`.
Result<RepackPlan> PlanRepack(const std::filesystem::path& path,
                              const RepackOptions& options);

// What Repack would do, without a writer: measured, and read whole if it pays.
struct JudgedRepack {
  Repacked would;
  RepackPlan plan;  // where it would pay
};
Result<JudgedRepack> JudgeRepack(const std::filesystem::path& archive,
                                 const SealedBundle& bundle,
                                 const RepackOptions& options);

// Reads the whole bundle and holds it against the log and against itself:
// file digests, frames, record grammar, block and payload digests, root. The
// first thing that is wrong, or nothing. kIo when it cannot be read.
Result<std::optional<std::string>> WrongWith(const std::filesystem::path& path,
                                             const SealedBundle& sealed);

// Writes the records of `from` to the new file `to`, synced, and reads it back;
// fails unless the records' root is that of `sealed`. kInterrupted when
// `progress` says so. `to` is removed on failure. `cdxj` gets the new lines.
Result<BundleFacts> WriteRepacked(const std::filesystem::path& from,
                                  const std::filesystem::path& to,
                                  const SealedBundle& sealed,
                                  const RepackPlan& plan,
                                  const RepackOptions& options,
                                  SortedLines& cdxj);

}  // namespace stemma

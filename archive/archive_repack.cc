// The part of the writer that puts a bundle packed anew in the old one's
// place. At every moment one file is the bundle, and the log says which:
//
//   NAME.warc.zst.repack and NAME.cdxj.repack are written, proved, synced;
//   the `repack` event is synced            from here on the new ones count;
//   both are renamed over the old ones      the old bytes are gone.
//
// Killed before the event, the next start removes the copies: nobody was told
// of them. Killed after it, the next start renames them.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/archive_core.h"
#include "archive/bundle_name.h"
#include "archive/cdxj.h"
#include "archive/durable_file.h"
#include "archive/record_places.h"
#include "archive/repack.h"
#include "archive/stored_record.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string Text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string();
}

std::optional<std::uint64_t> Number(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

fs::path Fresh(fs::path path) {
  path += kRepackEnding;
  return path;
}

// Whether there is room for `bytes` more and something to spare.
Status RoomFor(const fs::path& folder, std::uint64_t bytes) {
  struct statvfs facts{};
  if (::statvfs(folder.c_str(), &facts) != 0) return {};
  const std::uint64_t free = std::uint64_t{facts.f_bavail} * facts.f_frsize;
  constexpr std::uint64_t kToSpare = 16 << 20;
  if (free >= bytes + kToSpare) return {};
  return Error(ErrorCode::kNoSpace,
               fmt::format("packing anew needs {} MiB beside the old bundle, "
                           "{} MiB are free",
                           (bytes >> 20) + 1, free >> 20));
}

}  // namespace

Result<std::vector<SealedBundle>> SealedBundles(const fs::path& archive) {
  std::map<std::string, SealedBundle> bundles;
  const auto learn = [&](std::uint64_t, std::string_view line) -> Status {
    const bool tombstone =
        line.find("\"type\":\"tombstone\"") != std::string_view::npos;
    if (!tombstone && line.find("\"sha512\":\"") == std::string_view::npos) {
      return {};
    }
    const Json event = Json::parse(line, nullptr, false);
    if (!event.is_object()) return {};
    if (tombstone) bundles.erase(Text(event, "of"));
    const auto bundle = event.find("bundle");
    if (bundle == event.end() || !bundle->is_object()) return {};
    SealedBundle sealed;
    sealed.name = Text(*bundle, "name");
    sealed.sha256 = Text(*bundle, "sha256");
    sealed.records_root = Text(*bundle, "records_root");
    if (sealed.sha256.empty() || sealed.records_root.empty() ||
        !IsBundleName(sealed.name) || !sealed.name.ends_with(kBundleSuffix)) {
      return {};
    }
    sealed.sha512 = Text(*bundle, "sha512");
    sealed.bytes = Number(*bundle, "bytes").value_or(0);
    sealed.records = Number(*bundle, "records");
    const auto known = bundles.find(sealed.name);
    sealed.redacted = Text(event, "type") == "redact" ||
                      (known != bundles.end() && known->second.redacted);
    sealed.cdxj_sha256 = Text(event, "cdxj_sha256");
    bundles[sealed.name] = std::move(sealed);
    return {};
  };
  STEMMA_TRY(const std::uint64_t end,
             ForEachLogLine(archive / "manifest" / "events.jsonl", 0, learn));
  static_cast<void>(end);
  std::vector<SealedBundle> all;
  for (auto& [name, sealed] : bundles) all.push_back(std::move(sealed));
  return all;
}

Result<Repacked> ArchiveCore::Repack(const SealedBundle& bundle,
                                     const RepackOptions& options) {
  const fs::path path = dir_ / bundle.name;
  const fs::path fresh = Fresh(path);
  STEMMA_TRY(const JudgedRepack judged, JudgeRepack(dir_, bundle, options));
  if (judged.would.outcome != Repacked::Outcome::kWouldPay) {
    return judged.would;
  }
  Repacked done = judged.would;
  done.outcome = Repacked::Outcome::kDoesNotPay;
  done.after = bundle.bytes;
  STEMMA_CHECK_OK(RoomFor(dir_, bundle.bytes));
  SortedLines lines(dir_ / "bundles");
  STEMMA_TRY(const BundleFacts facts,
             WriteRepacked(path, fresh, bundle, judged.plan, options, lines));
  const auto most =
      static_cast<double>(bundle.bytes) * (1 - options.least_gain) -
      static_cast<double>(options.least_bytes);
  // Of the same size it could not be told from the old one.
  if (static_cast<double>(facts.bytes) > most || facts.bytes == bundle.bytes) {
    std::error_code ignored;
    fs::remove(fresh, ignored);
    return done;
  }
  STEMMA_CHECK_OK(
      CommitRepack("repack", bundle, facts, lines, fresh, Json::object()));
  done.outcome = Repacked::Outcome::kDone;
  done.after = facts.bytes;
  return done;
}

Result<std::vector<Repacked>> ArchiveCore::RepackFirstBundles(
    std::uint64_t most_bytes) {
  std::vector<Repacked> all;
  const std::vector<std::string> names = std::exchange(sealed_plain_, {});
  if (names.empty()) return all;
  RepackOptions how;
  how.level = options_.level;
  how.dictionary_bytes = options_.dictionary_bytes;
  how.least_gain = 0.2;
  STEMMA_TRY(const std::vector<SealedBundle> bundles, SealedBundles(dir_));
  for (const SealedBundle& bundle : bundles) {
    if (std::find(names.begin(), names.end(), bundle.name) == names.end() ||
        bundle.bytes > most_bytes) {
      continue;
    }
    most_bytes -= bundle.bytes;
    STEMMA_TRY(Repacked done, Repack(bundle, how));
    all.push_back(std::move(done));
  }
  return all;
}

Status ArchiveCore::Redact(const std::string& name, const Redactions& before,
                           std::span<const RecordToRedact> records,
                           const Json& more) {
  STEMMA_TRY(const std::vector<SealedBundle> all, SealedBundles(dir_));
  const auto bundle =
      std::find_if(all.begin(), all.end(),
                   [&name](const SealedBundle& b) { return b.name == name; });
  if (bundle == all.end()) {
    return Error(ErrorCode::kNotFound, "no sealed bundle is called " + name);
  }
  const fs::path path = dir_ / name;
  const fs::path fresh = Fresh(path);
  STEMMA_CHECK_OK(RoomFor(dir_, bundle->bytes));
  STEMMA_TRY(const RedactedFile made,
             WriteRedacted(path, fresh, before, records));
  STEMMA_TRY(const Blob written, BlobOfFile(fresh.string()));
  SortedLines lines(dir_ / "bundles");
  STEMMA_TRY(
      const BundleFacts facts,
      ReadBundleFacts(written, path.filename().string(), lines, made.leaves));
  if (!facts.problems.empty() ||
      facts.records_root.Hex() != bundle->records_root) {
    std::error_code ignored;
    fs::remove(fresh, ignored);
    return Error(ErrorCode::kCorrupt,
                 name + ": what would remain does not prove what was sealed" +
                     (facts.problems.empty() ? "" : ": " + facts.problems[0]));
  }
  Json event = more;
  event["redacted"] = Json::array();
  for (std::size_t i = 0; i < records.size(); ++i) {
    event["redacted"].push_back(
        {{"id", records[i].id},
         {"index", made.indices[i]},
         {"leaf_sha256", made.leaves.at(made.indices[i]).Hex()},
         {"length", records[i].length},
         {"offset", records[i].offset}});
  }
  return CommitRepack("redact", *bundle, facts, lines, fresh, std::move(event));
}

Status ArchiveCore::CommitRepack(std::string_view type,
                                 const SealedBundle& bundle,
                                 const BundleFacts& facts, SortedLines& lines,
                                 const fs::path& fresh, Json event) {
  std::unique_lock lock(mutex);
  STEMMA_CHECK_OK(CheckUsable());
  const fs::path path = dir_ / bundle.name;
  const fs::path cdxj = CdxjBeside(path);
  if (::chmod(fresh.c_str(), 0444) != 0) {
    return Error(ErrorCode::kIo, "making read-only " + fresh.string());
  }
  STEMMA_TRY(DurableFile index, DurableFile::Begin(Fresh(cdxj), 0444));
  STEMMA_TRY(const CdxjFacts written, WriteCdxj(lines, index));
  STEMMA_CHECK_OK(index.Commit());
  STEMMA_CHECK_OK(SyncFolder(dir_ / "bundles"));

  event["bundle"] = {
      {"name", bundle.name},      {"bytes", facts.bytes},
      {"sha256", facts.sha256},   {"sha512", facts.sha512},
      {"records", facts.records}, {"records_root", facts.records_root.Hex()}};
  event["cdxj_sha256"] = written.sha256.Hex();
  event["old_bytes"] = bundle.bytes;
  event["old_sha256"] = bundle.sha256;
  STEMMA_CHECK_OK(Stage(type, std::move(event), {}));
  STEMMA_CHECK_OK(SyncWith(lock));

  std::error_code failed;
  fs::rename(fresh, path, failed);
  if (!failed) fs::rename(Fresh(cdxj), cdxj, failed);
  if (failed) {
    return Fail(Error(ErrorCode::kIo,
                      fmt::format("renaming {}: {}; the next start does it",
                                  fresh.string(), failed.message())));
  }
  return SyncFolder(dir_ / "bundles");
}

// Finishes or drops what a killed repack left.
Status ArchiveCore::RecoverRepacks() {
  std::vector<fs::path> left;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(dir_ / "bundles", failed)) {
    if (entry.path().string().ends_with(kRepackEnding)) {
      left.push_back(entry.path());
    }
  }
  if (left.empty()) return {};
  STEMMA_TRY(const std::vector<SealedBundle> bundles, SealedBundles(dir_));
  for (const fs::path& fresh : left) {
    fs::path path = fresh;
    path.replace_extension();  // ".repack"
    std::string wanted;
    for (const SealedBundle& b : bundles) {
      if (dir_ / b.name == path) wanted = b.sha256;
      if (CdxjBeside(dir_ / b.name) == path) wanted = b.cdxj_sha256;
    }
    STEMMA_TRY(const Blob file, BlobOfFile(fresh.string()));
    STEMMA_TRY(const Sha256 digest, Sha256OfPrefix(file, file.size()));
    const bool counts = digest.Hex() == wanted;
    if (counts)
      fs::rename(fresh, path, failed);
    else
      fs::remove(fresh, failed);
    if (failed) {
      return Error(
          ErrorCode::kIo,
          fmt::format("recovering {}: {}", fresh.string(), failed.message()));
    }
    STEMMA_CHECK_OK(SyncFolder(dir_ / "bundles"));
    const std::string message =
        fresh.filename().string() +
        (counts ? " takes the place of the file it was packed from"
                : " was not finished: removed, the bundle it copies is there");
    notes_.push_back(message);
    STEMMA_TRY(const std::string line,
               Log("note", {{"kind", "recovery"},
                            {"file", "bundles/" + path.filename().string()},
                            {"message", message}}));
    static_cast<void>(line);
  }
  return log_->Sync();
}

}  // namespace stemma

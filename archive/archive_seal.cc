#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/archive_core.h"
#include "archive/bundle_name.h"
#include "archive/bundle_seal.h"
#include "archive/bundle_tally.h"
#include "archive/cdxj.h"
#include "archive/durable_file.h"
#include "archive/sorted_lines.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

}  // namespace

void ArchiveCore::MaybeRetire(Lane& lane) {
  if (lane.retiring || lane.leased) return;
  const bool full = lane.file.size() >= options_.rotate_bytes;
  const bool old = options_.clock() - lane.opened >= options_.rotate_age;
  if ((full || old) && lane.records > 0) lane.retiring = true;
}

Result<ArchiveCore::SealFacts> ArchiveCore::SealFile(const fs::path& open_path,
                                                     BundleTally* tally) const {
  const std::string base = BundleBase(open_path);
  const fs::path sealed = dir_ / "bundles" / base;
  STEMMA_TRY(BundleFacts facts, AppendFooter(open_path));
  std::error_code failed;
  fs::permissions(
      open_path,
      fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read,
      failed);
  if (failed) {
    return Error(ErrorCode::kIo,
                 fmt::format("making {} read-only: {}", open_path.string(),
                             failed.message()));
  }
  // No name is ever given twice; renaming over a bundle would lose it.
  if (fs::exists(sealed, failed)) {
    return Error(ErrorCode::kCorrupt,
                 fmt::format("sealing {}: a bundle of this name exists", base));
  }
  fs::rename(open_path, sealed, failed);
  if (failed) {
    return Error(
        ErrorCode::kIo,
        fmt::format("renaming {}: {}", open_path.string(), failed.message()));
  }
  STEMMA_CHECK_OK(SyncFolder(dir_ / "bundles"));
  if (tally == nullptr) return FactsOfSealed(sealed);
  facts.records = tally->records();
  facts.records_root = tally->Root();
  return StateSeal(base, facts, tally->lines());
}

Result<ArchiveCore::SealFacts> ArchiveCore::FactsOfSealed(
    const fs::path& sealed) const {
  const std::string base = BundleBase(sealed);
  STEMMA_TRY(const Blob file, BlobOfFile(sealed.string()));
  SortedLines lines(dir_ / "bundles");
  auto facts = ReadBundleFacts(file, base, lines);
  if (!facts) return std::move(facts).error().Context("sealing " + base);
  return StateSeal(base, *facts, lines);
}

Result<ArchiveCore::SealFacts> ArchiveCore::StateSeal(
    const std::string& base, const BundleFacts& facts,
    SortedLines& lines) const {
  STEMMA_TRY(DurableFile beside,
             DurableFile::Begin(CdxjBeside(dir_ / "bundles" / base), 0444));
  STEMMA_TRY(const CdxjFacts cdxj, WriteCdxj(lines, beside));
  STEMMA_CHECK_OK(beside.Commit());
  SealFacts sealing;
  sealing.event = {{"bundle",
                    {{"name", "bundles/" + base},
                     {"bytes", facts.bytes},
                     {"sha256", facts.sha256},
                     {"sha512", facts.sha512},
                     {"records", facts.records},
                     {"records_root", facts.records_root.Hex()}}},
                   {"cdxj_sha256", cdxj.sha256.Hex()}};
  if (!facts.problems.empty()) {
    sealing.note = fmt::format("bundle {}: {}", base, facts.problems[0]);
    sealing.event["problems"] = facts.problems.size();
  }
  return sealing;
}

Status ArchiveCore::StageSeal(const SealFacts& facts) {
  if (!facts.note.empty()) notes_.push_back(facts.note);
  STEMMA_TRY(const std::string line, Log("seal", facts.event));
  static_cast<void>(line);
  return {};
}

// While nothing else is staged.
Status ArchiveCore::LogSeal(const SealFacts& facts) {
  STEMMA_CHECK_OK(StageSeal(facts));
  STEMMA_CHECK_OK(log_->Sync());
  durable_seq_ = log_->next_seq();
  ++unindexed_;
  return {};
}

Status ArchiveCore::SealRetired(std::unique_lock<std::mutex>& lock) {
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
    if (!lane->retiring || lane->leased || lane->uncommitted != 0) {
      ++lane;
      continue;
    }
    if (main_ == &*lane) main_ = nullptr;
    if (Status sealed = SealLane(*lane, lock); !sealed) {
      return Fail(std::move(sealed).error());
    }
    lane = lanes_.erase(lane);
  }
  return {};
}

// Nobody writes to the lane any more, so that its file needs no lock.
Status ArchiveCore::SealLane(Lane& lane, std::unique_lock<std::mutex>& lock) {
  const fs::path path = lane.file.path();
  if (lane.records == 0) {
    // Only a warcinfo, and no event names it.
    std::error_code ignored;
    fs::remove(path, ignored);
    return {};
  }
  lock.unlock();
  Result<SealFacts> facts = SealFacts();
  if (Status synced = lane.file.Sync(); !synced) {
    facts = std::move(synced).error();
  } else {
    facts = SealFile(path, lane.tally ? &*lane.tally : nullptr);
  }
  lock.lock();
  STEMMA_CHECK_OK(facts);
  STEMMA_CHECK_OK(CheckUsable());
  if (!lane.dictionary && lane.page_bytes > 0) {
    sealed_plain_.push_back(lane.name);
  }
  // The seal goes into the log with what others staged meanwhile, their frames
  // first.
  while (syncing_) synced_.wait(lock);
  syncing_ = true;
  Status logged = CheckUsable();
  if (logged) logged = StageSeal(*facts);
  if (logged) logged = SyncStaged(lock);
  syncing_ = false;
  synced_.notify_all();
  return logged;
}

Status ArchiveCore::Seal() {
  std::unique_lock lock(mutex);
  STEMMA_CHECK_OK(SyncWith(lock));
  while (sealing_ || considering_) synced_.wait(lock);
  sealing_ = true;
  for (Lane& lane : lanes_) lane.retiring = true;
  Status done = SealRetired(lock);
  if (done) done = CatchUpIndex();
  sealing_ = false;
  synced_.notify_all();
  return done;
}

}  // namespace stemma

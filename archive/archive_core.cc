#include "archive/archive_core.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "archive/durable_file.h"
#include "archive/stored_record.h"
#include "core/ascii.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// The index follows the log in steps: one transaction for so many events. Its
// keys are random, so that each step touches most of its pages: the fewer
// steps, the less is written twice.
constexpr std::uint64_t kIndexEvery = 8192;
// Blocks that wait in memory for it; others it reads from the bundle.
constexpr std::size_t kFreshBytes = 4 << 20;

Error SystemError(std::string_view doing, const fs::path& path) {
  const int code = errno;
  return Error(
      code == ENOSPC || code == EDQUOT ? ErrorCode::kNoSpace : ErrorCode::kIo,
      fmt::format("{} {}: {}", doing, path.string(),
                  std::generic_category().message(code)));
}

}  // namespace

ArchiveCore::~ArchiveCore() {
  // Closing what went well; a failed writer leaves all to the next start.
  if (!failed_ && log_) {
    const Status sealed = Seal();
    static_cast<void>(sealed);
  }
  lanes_.clear();
  index_.reset();
  if (lock_ >= 0) ::close(lock_);
}

void ArchiveCore::FillRandom(std::span<std::uint8_t> out) const {
  if (options_.random) return options_.random(out);
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::getrandom(out.data() + done, out.size() - done, 0);
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

std::string ArchiveCore::NewId() {
  std::uint8_t b[16];
  FillRandom(b);
  // RFC 9562 version 4.
  b[6] = static_cast<std::uint8_t>((b[6] & 0x0F) | 0x40);
  b[8] = static_cast<std::uint8_t>((b[8] & 0x3F) | 0x80);
  std::string id = "urn:uuid:";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += fmt::format("{:02x}", b[i]);
  }
  return id;
}

Status ArchiveCore::Lock() {
  const fs::path path = dir_ / "lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) return SystemError("opening", path);
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno == EWOULDBLOCK) {
    return Error(ErrorCode::kBusy,
                 fmt::format("archive {} is being written by another process; "
                             "wait for it or stop it",
                             dir_.string()));
  }
  return SystemError("locking", path);
}

Status ArchiveCore::Open() {
  Status begun = Begin();
  // What could not be begun must not be sealed.
  if (!begun && log_) return Fail(std::move(begun).error());
  return begun;
}

Status ArchiveCore::Begin() {
  const bool good_job =
      !options_.job.empty() && options_.job.size() <= 60 &&
      options_.job.front() != '.' &&
      std::all_of(options_.job.begin(), options_.job.end(), [](char c) {
        return IsAlnum(c) || c == '.' || c == '_' || c == '-';
      });
  if (!good_job) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("job name '{}': use letters, digits, '.', '_' "
                             "and '-', at most 60",
                             options_.job));
  }
  options_.frame_bytes =
      std::clamp<std::size_t>(options_.frame_bytes, 64 << 10, kLargestFrame);
  options_.buffer_bytes =
      std::min<std::size_t>(options_.buffer_bytes, kLargestFrame / 2);

  STEMMA_CHECK_OK(MakeFolderDurably(dir_));
  STEMMA_CHECK_OK(Lock());
  STEMMA_CHECK_OK(MakeFolderDurably(dir_ / "manifest"));
  STEMMA_CHECK_OK(MakeFolderDurably(dir_ / "bundles"));
  STEMMA_TRY(EventLog log,
             EventLog::Open(dir_ / "manifest", dir_ / "quarantine"));
  log_.emplace(std::move(log));
  if (log_->next_seq() == 0) {
    const std::string origin = "stemma.archive/" + NewId().substr(9);
    STEMMA_CHECK_OK(Log("log.init", {{"hash", {"sha256", "sha512"}},
                                     {"origin", origin},
                                     {"tool", options_.software}}));
    STEMMA_CHECK_OK(log_->Sync());
  }
  const std::vector<std::string> log_notes = log_->notes();
  for (const std::string& note : log_notes) {
    notes_.push_back(note);
    STEMMA_CHECK_OK(Log("note", {{"kind", "recovery"}, {"message", note}}));
  }
  STEMMA_CHECK_OK(log_->Sync());
  STEMMA_CHECK_OK(RecoverRepacks());
  STEMMA_CHECK_OK(RecoverBundles());
  durable_seq_ = log_->next_seq();
  bundle_records_ = RecordsOfBundles(dir_);
  if (options_.index) {
    auto index = OpenSqliteIndex(dir_, (dir_ / "index.sqlite").string());
    if (index) {
      index_ = *std::move(index);
      STEMMA_CHECK_OK(CatchUpIndex());
    } else {
      notes_.push_back("no index: " + index.error().message());
    }
  }
  return {};
}

Result<std::string> ArchiveCore::Log(std::string_view type,
                                     const Json& fields) {
  return log_->Add(type, fields, options_.clock());
}

Status ArchiveCore::CatchUpIndex() {
  if (!index_ || (caught_up_ && unindexed_ == 0)) return {};
  const auto source = [this](const RecordInfo& place,
                             bool want_block) -> Result<IndexedRecord> {
    const auto found = fresh_.find(place.id);
    if (found != fresh_.end() &&
        (!want_block || !found->second.block.empty())) {
      return found->second;
    }
    return bundle_records_(place, want_block);
  };
  Status caught = index_->CatchUp(source);
  for (const std::string& id : std::exchange(indexable_, {})) {
    const auto found = fresh_.find(id);
    if (found == fresh_.end()) continue;
    fresh_bytes_ -= found->second.block.size();
    fresh_.erase(found);
  }
  unindexed_ = 0;
  caught_up_ = true;
  recent_.clear();
  recent_of_.clear();
  for (const RecordInfo& record : staged_) NoteRecent(record);
  if (!caught) {
    // The index is a cache; the capture is safe without it.
    notes_.push_back("index: " + caught.error().message());
    index_.reset();
  }
  return {};
}

Error ArchiveCore::Fail(Error error) {
  if (!failed_) {
    failed_ = error;
    log_->DropPending();
    staged_.clear();
    staged_bytes_ = 0;
  }
  return error;
}

Status ArchiveCore::CheckUsable() const {
  if (!failed_) return {};
  return Error(failed_->code(),
               "the archive stopped writing: " + failed_->message());
}

Status ArchiveCore::CheckSpace() const {
  struct statvfs facts{};
  if (::statvfs(dir_.c_str(), &facts) != 0) return {};
  const std::uint64_t available =
      std::uint64_t{facts.f_bavail} * facts.f_frsize;
  const std::uint64_t floor =
      options_.free_space_floor.value_or(std::min<std::uint64_t>(
          std::uint64_t{1} << 30,
          std::uint64_t{facts.f_blocks} * facts.f_frsize / 20));
  if (available >= floor) return {};
  return Error(ErrorCode::kNoSpace,
               fmt::format("archive {}: {} MiB free, the floor is {} MiB; free "
                           "some space and run again",
                           dir_.string(), available >> 20, floor >> 20));
}

void ArchiveCore::Remember(const RecordInfo& info, std::string_view block) {
  constexpr std::size_t kMostRecords = 20'000;
  if (!index_ || fresh_.size() >= kMostRecords) return;
  if (fresh_bytes_ + block.size() > kFreshBytes) block = {};
  fresh_[info.id] = IndexedRecord{info, std::string(block)};
  fresh_bytes_ += block.size();
}

bool StandsFor304(const RecordInfo& info) {
  return info.type == "response" && info.status >= 200 && info.status < 300 &&
         info.truncated.empty();
}

// A later record may refer to this one: its event comes first in the log.
void ArchiveCore::NoteRecent(const RecordInfo& info) {
  if (index_ && StandsFor304(info)) recent_of_[info.uri] = info;
  if (!index_ || info.type != "response" || !info.payload_sha256 ||
      !info.truncated.empty()) {
    return;
  }
  recent_.try_emplace(std::string(BytesOf(*info.payload_sha256)), info);
}

bool ArchiveCore::IndexHas(const Sha256& payload) {
  if (!index_) return false;
  const Result<bool> has = index_->HasPayload(payload);
  return has && *has;
}

std::optional<RecordInfo> ArchiveCore::RecentOf(std::string_view url) const {
  const auto found = recent_of_.find(url);
  if (found == recent_of_.end()) return std::nullopt;
  return found->second;
}

std::optional<RecordInfo> ArchiveCore::Recent(const Sha256& payload) const {
  const auto found = recent_.find(BytesOf(payload));
  if (found == recent_.end()) return std::nullopt;
  return found->second;
}

Status ArchiveCore::Stage(std::string_view type, Json event,
                          std::span<const RecordInfo> records) {
  STEMMA_CHECK_OK(CheckUsable());
  STEMMA_TRY(const std::string line, Log(type, event));
  static_cast<void>(line);
  for (const RecordInfo& record : records) {
    NoteRecent(record);
    staged_bytes_ += record.length;
  }
  staged_.insert(staged_.end(), records.begin(), records.end());
  return {};
}

Status ArchiveCore::Sync() {
  std::unique_lock lock(mutex);
  return SyncWith(lock);
}

Status ArchiveCore::SyncWith(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t wanted = log_->next_seq();
  while (durable_seq_ < wanted) {
    STEMMA_CHECK_OK(CheckUsable());
    if (syncing_) {
      synced_.wait(lock);
      continue;
    }
    syncing_ = true;
    Status done = SyncStaged(lock);
    if (done && unindexed_ >= kIndexEvery) done = CatchUpIndex();
    syncing_ = false;
    synced_.notify_all();
    STEMMA_CHECK_OK(done);
  }
  return Tend(lock);
}

Status ArchiveCore::SyncIfMuch() {
  // Each sync writes the last page of two files again, which the next one
  // writes once more.
  constexpr std::uint64_t kMuch = 512 << 10;
  std::unique_lock lock(mutex);
  STEMMA_CHECK_OK(CheckUsable());
  if (staged_bytes_ >= kMuch && !syncing_) return SyncWith(lock);
  return Tend(lock);
}

// Ends bundles that are full, old, or would do better with another dictionary,
// and seals what was ended. The lock is given up for all that takes time; one
// thread thinks of dictionaries and one seals, while the others go on.
Status ArchiveCore::Tend(std::unique_lock<std::mutex>& lock) {
  while (main_ != nullptr && main_->page_bytes > wait_beyond_) {
    synced_.wait(lock);
  }
  for (Lane& lane : lanes_) MaybeRetire(lane);
  if (!considering_ && main_ != nullptr) {
    considering_ = true;
    ConsiderDictionary(lock);
    considering_ = false;
    synced_.notify_all();
  }
  if (!sealing_) {
    sealing_ = true;
    const Status sealed = SealRetired(lock);
    sealing_ = false;
    synced_.notify_all();
    STEMMA_CHECK_OK(sealed);
  }
  return CheckUsable();
}

// One sync of all that is staged: bundles, then the log. The lock is given up
// while the disk works. `syncing_` is set by the caller.
Status ArchiveCore::SyncStaged(std::unique_lock<std::mutex>& lock) {
  if (!log_->pending()) return {};
  const std::vector<RecordInfo> records = std::exchange(staged_, {});
  staged_bytes_ = 0;
  const EventLog::Batch batch = log_->TakePending();
  // Lanes with records of ours stay until these are forgotten.
  std::vector<std::pair<Lane*, AppendFile::SyncMark>> lanes;
  for (Lane& lane : lanes_) {
    const bool named = std::any_of(
        records.begin(), records.end(),
        [&lane](const RecordInfo& r) { return r.bundle == lane.name; });
    if (named && lane.file.dirty()) {
      lanes.emplace_back(&lane, lane.file.BeginSync());
    }
  }
  lock.unlock();
  for (auto& [lane, mark] : lanes) lane->file.RunSync(mark);
  const bool bundles_safe = std::ranges::all_of(
      lanes, [](const auto& synced) { return synced.second.error == 0; });
  const Status logged = bundles_safe ? log_->Write(batch) : Status();
  lock.lock();
  for (auto& [lane, mark] : lanes) {
    if (Status synced = lane->file.EndSync(mark); !synced) {
      return Fail(std::move(synced).error());
    }
  }
  if (!logged) return Fail(logged.error());
  // Somebody's write failed meanwhile: what is on disk is, but he has
  // forgotten what was staged with it.
  log_->Settle(batch);
  unindexed_ += batch.next_seq - durable_seq_;
  durable_seq_ = batch.next_seq;
  for (const RecordInfo& record : records) indexable_.push_back(record.id);
  Forget(records);
  return {};
}

void ArchiveCore::Forget(std::span<const RecordInfo> records) {
  for (const RecordInfo& record : records) {
    if (Lane* lane = Find(record.bundle)) --lane->uncommitted;
  }
}

}  // namespace stemma

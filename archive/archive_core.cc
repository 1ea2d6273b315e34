#include "archive/archive_core.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "archive/bundle_seal.h"
#include "archive/cdxj.h"
#include "archive/durable_file.h"
#include "archive/http_block.h"
#include "archive/index_rows.h"
#include "archive/page_samples.h"
#include "archive/stored_record.h"
#include "core/base64.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view kSuffix = ".warc.zst";
// The index follows the log in steps: one transaction for so many events. Its
// keys are random, so that each step touches most of its pages: the fewer
// steps, the less is written twice.
constexpr std::uint64_t kIndexEvery = 8192;
// Blocks that wait in memory for it; others it reads from the bundle.
constexpr std::size_t kFreshBytes = 4 << 20;

void SystemRandom(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::getrandom(out.data() + done, out.size() - done, 0);
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

Error SystemError(std::string_view doing, const fs::path& path) {
  const int code = errno;
  return Error(
      code == ENOSPC || code == EDQUOT ? ErrorCode::kNoSpace : ErrorCode::kIo,
      fmt::format("{} {}: {}", doing, path.string(),
                  std::generic_category().message(code)));
}

// The bundle's file name without folder and without ".open".
std::string BaseOf(const fs::path& path) {
  std::string name = path.filename().string();
  if (name.ends_with(".open")) name.resize(name.size() - 5);
  return name;
}

std::string NameForEvents(const fs::path& path) {
  return "bundles/" + BaseOf(path);
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

std::string ArchiveCore::NewId() {
  std::uint8_t b[16];
  if (options_.random)
    options_.random(b);
  else
    SystemRandom(b);
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
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
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

Status ArchiveCore::RecoverBundles() {
  std::map<std::string, std::vector<std::pair<std::uint64_t, std::uint64_t>>>
      open;
  std::set<std::string> closed;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(dir_ / "bundles", failed)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".warc.zst.open")) open[NameForEvents(entry.path())];
    if (name.ends_with(kSuffix)) closed.insert("bundles/" + name);
  }
  if (failed) {
    return Error(ErrorCode::kIo, "listing bundles: " + failed.message());
  }
  if (open.empty() && closed.empty()) return {};
  const auto learn = [&](std::uint64_t, std::string_view line) -> Status {
    const bool seals = line.find("\"sha512\":\"") != std::string_view::npos;
    const bool writes =
        !open.empty() && line.find("\"offset\":") != std::string_view::npos;
    if (!seals && !writes) return {};
    const Json event = Json::parse(line, nullptr, false);
    if (!event.is_object()) return {};
    if (const auto bundle = event.find("bundle"); bundle != event.end() &&
                                                  bundle->is_object() &&
                                                  bundle->contains("sha256")) {
      closed.erase(bundle->value("name", ""));
    }
    for (const RecordInfo& record : RecordsInEvent(event)) {
      const auto found = open.find(record.bundle);
      if (found == open.end()) continue;
      found->second.emplace_back(record.offset, record.length);
    }
    return {};
  };
  STEMMA_TRY(const std::uint64_t end, ForEachLogLine(log_->path(), 0, learn));
  static_cast<void>(end);
  for (auto& [name, ranges] : open) {
    STEMMA_CHECK_OK(
        RecoverOpenBundle(dir_ / (name + ".open"), std::move(ranges)));
  }
  // Renamed, and killed before the event: say now what it is.
  for (const std::string& name : closed) {
    STEMMA_TRY(const SealFacts facts, FactsOfSealed(dir_ / name));
    STEMMA_CHECK_OK(LogSeal(facts));
  }
  return {};
}

// Puts aside every frame that no durable event vouches for: the tail by
// cutting it off, frames in the middle by turning them into an extension
// frame. Then the bundle is sealed as it stands.
Status ArchiveCore::RecoverOpenBundle(
    const fs::path& path,
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges) {
  const fs::path quarantine = dir_ / "quarantine";
  const std::string base = BaseOf(path);
  const auto note = [&](std::string message, std::uint64_t bytes) -> Status {
    notes_.push_back(message);
    STEMMA_CHECK_OK(Log("note", {{"kind", "recovery"},
                                 {"file", "bundles/" + base},
                                 {"bytes", bytes},
                                 {"message", message}}));
    return log_->Sync();
  };
  const auto free_name = [&](std::string_view what) {
    std::string name = fmt::format("{}.{}", base, what);
    std::error_code ignored;
    for (int n = 1; fs::exists(quarantine / name, ignored); ++n) {
      name = fmt::format("{}.{}.{}", base, what, n);
    }
    return name;
  };
  STEMMA_CHECK_OK(MakeFolderDurably(quarantine));
  std::sort(ranges.begin(), ranges.end());
  if (ranges.empty()) {
    const std::string name = free_name("open");
    std::error_code failed;
    const std::uint64_t size = fs::file_size(path, failed);
    fs::rename(path, quarantine / name, failed);
    if (failed) {
      return Error(ErrorCode::kIo, fmt::format("moving {} to quarantine: {}",
                                               base, failed.message()));
    }
    STEMMA_CHECK_OK(SyncFolder(dir_ / "bundles"));
    STEMMA_CHECK_OK(SyncFolder(quarantine));
    return note(fmt::format("bundle {} holds nothing that was committed; "
                            "moved to quarantine/{}",
                            base, name),
                size);
  }
  STEMMA_TRY(AppendFile file, AppendFile::OpenExisting(path));
  std::uint64_t end = 0;
  for (const auto& [offset, length] : ranges) {
    end = std::max(end, offset + length);
  }
  const auto copy_out = [&](std::uint64_t from, std::uint64_t size,
                            const std::string& name) -> Status {
    STEMMA_TRY(AppendFile copy, AppendFile::Create(quarantine / name));
    for (std::uint64_t at = 0; at < size;) {
      STEMMA_TRY(
          const std::string piece,
          file.ReadAt(from + at, std::min<std::uint64_t>(size - at, 4 << 20)));
      if (piece.empty()) break;
      STEMMA_TRY(const std::uint64_t put, copy.Append(piece));
      static_cast<void>(put);
      at += piece.size();
    }
    STEMMA_CHECK_OK(copy.Sync());
    return SyncFolder(quarantine);
  };
  if (file.size() < end) {
    // Ours, acknowledged, and gone: `check` will name the records.
    STEMMA_CHECK_OK(note(fmt::format("bundle {} ends at {}, its events reach "
                                     "to {}",
                                     base, file.size(), end),
                         0));
  } else if (file.size() > end) {
    const std::uint64_t tail = file.size() - end;
    const std::string name = free_name("tail");
    STEMMA_CHECK_OK(copy_out(end, tail, name));
    STEMMA_CHECK_OK(file.Truncate(end));
    STEMMA_CHECK_OK(file.Sync());
    STEMMA_CHECK_OK(note(fmt::format("tail of bundle {}, {} bytes, moved to "
                                     "quarantine/{}",
                                     base, tail, name),
                         tail));
  }

  STEMMA_TRY(const Blob whole, BlobOfFile(path.string()));
  FrameWalker walker(whole);
  bool seen_warcinfo = false;
  std::uint64_t void_from = 0, void_size = 0;
  const auto flush = [&]() -> Status {
    if (void_size == 0) return {};
    const std::string name = free_name(fmt::format("at-{}", void_from));
    STEMMA_CHECK_OK(copy_out(void_from, void_size, name));
    STEMMA_CHECK_OK(
        file.Overwrite(void_from, VoidFrame(void_size).substr(0, 8)));
    STEMMA_CHECK_OK(file.Sync());
    STEMMA_CHECK_OK(note(fmt::format("records at {} of bundle {}, {} bytes, "
                                     "were never committed; copied to "
                                     "quarantine/{} and voided",
                                     void_from, base, void_size, name),
                         void_size));
    void_size = 0;
    return {};
  };
  while (true) {
    const Result<std::optional<FrameInfo>> frame = walker.Next();
    if (!frame || !*frame) break;  // damage is for `check` to tell
    const FrameInfo& f = **frame;
    auto range = std::upper_bound(
        ranges.begin(), ranges.end(), f.offset,
        [](std::uint64_t at, const auto& r) { return at < r.first; });
    const bool vouched =
        range != ranges.begin() &&
        f.offset < std::prev(range)->first + std::prev(range)->second;
    if (vouched || f.kind != FrameInfo::Kind::kData || !seen_warcinfo) {
      if (f.kind == FrameInfo::Kind::kData) seen_warcinfo = true;
      if (f.kind != FrameInfo::Kind::kExtension || vouched) {
        STEMMA_CHECK_OK(flush());
      }
      continue;
    }
    if (void_size != 0 && void_from + void_size == f.offset &&
        void_size + f.size < 0xFFFFFFF0U) {
      void_size += f.size;
      continue;
    }
    STEMMA_CHECK_OK(flush());
    void_from = f.offset;
    void_size = f.size;
  }
  STEMMA_CHECK_OK(flush());
  STEMMA_TRY(const SealFacts facts, SealFile(path, nullptr));
  return LogSeal(facts);
}

Result<ArchiveCore::SealFacts> ArchiveCore::SealFile(const fs::path& open_path,
                                                     BundleTally* tally) const {
  const std::string base = BaseOf(open_path);
  const fs::path sealed = dir_ / "bundles" / base;
  STEMMA_TRY(BundleFacts facts, AppendFooter(open_path));
  if (::chmod(open_path.c_str(), 0444) != 0) {
    return SystemError("making read-only", open_path);
  }
  // No name is ever given twice; renaming over a bundle would lose it.
  std::error_code failed;
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
  const std::string base = BaseOf(sealed);
  STEMMA_TRY(const Blob file, BlobOfFile(sealed.string()));
  SortedLines lines(dir_ / "bundles");
  auto facts = ReadBundleFacts(file, base, lines);
  if (!facts) return std::move(facts).error().Context("sealing " + base);
  return StateSeal(base, *facts, lines);
}

Result<ArchiveCore::SealFacts> ArchiveCore::StateSeal(
    const std::string& base, const BundleFacts& facts,
    SortedLines& lines) const {
  const std::string stem = base.substr(0, base.size() - kSuffix.size());
  STEMMA_TRY(DurableFile beside,
             DurableFile::Begin(dir_ / "bundles" / (stem + ".cdxj"), 0444));
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

Lane* ArchiveCore::Find(std::string_view name) {
  for (Lane& lane : lanes_) {
    if (lane.name == name) return &lane;
  }
  return nullptr;
}

Result<Lane*> ArchiveCore::NewLane(
    std::string_view suffix, std::shared_ptr<const ZstdDictionary> dictionary) {
  const TimePoint now = options_.clock();
  const std::string stem = fmt::format("{}-{}", options_.job, Format14(now));
  // The log goes on naming a bundle that was erased: within its second, no
  // other may get its name.
  using std::chrono::seconds;
  if (lane_number_ == 0 && log_->next_seq() > 1 &&
      std::chrono::floor<seconds>(now) <=
          std::chrono::floor<seconds>(log_->last_time())) {
    lane_number_ = static_cast<int>(log_->next_seq() % 10'000);
  }
  std::string base;
  std::error_code ignored;
  const fs::path bundles = dir_ / "bundles";
  do {
    base = fmt::format("{}-{:04}{}{}", stem, lane_number_++, suffix, kSuffix);
  } while (fs::exists(bundles / base, ignored) ||
           fs::exists(bundles / (base + ".open"), ignored));
  auto file = AppendFile::Create(bundles / (base + ".open"));
  if (!file) return Fail(std::move(file).error());
  auto press = std::make_shared<RecordPress>(NewId(), options_.level,
                                             dictionary, options_.frame_bytes);
  lanes_.emplace_back("bundles/" + base, *std::move(file),
                      std::move(dictionary), std::move(press));
  Lane& lane = lanes_.back();
  lane.opened = now;
  if (suffix.empty()) lane.tally.emplace(base, bundles);
  if (lane.dictionary) {
    auto put = lane.file.Append(lane.dictionary->Frame());
    if (!put) return Fail(std::move(put).error());
  }
  STEMMA_CHECK_OK(WriteWarcinfo(lane));
  if (Status synced = SyncFolder(bundles); !synced) {
    return Fail(std::move(synced).error());
  }
  return &lane;
}

Status ArchiveCore::WriteWarcinfo(Lane& lane) {
  std::string block;
  const auto add = [&block](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    block += fmt::format("{}: ", name);
    for (const char c : value) {
      block += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    block += "\r\n";
  };
  add("software", options_.software);
  add("format", "WARC File Format 1.1");
  add("conformsTo",
      "http://iipc.github.io/warc-specifications/specifications/warc-format/"
      "warc-1.1/");
  add("isPartOf", options_.job);
  add("robots", options_.robots);
  add("http-header-user-agent", options_.user_agent);
  add("operator", options_.operator_name);
  RecordDraft record;
  record.header.Add("WARC-Type", "warcinfo");
  record.header.Add("WARC-Record-ID", "<" + lane.press->warcinfo_id() + ">");
  record.header.Add("WARC-Date", FormatSeconds(lane.opened));
  record.header.Add("WARC-Filename", BaseOf(lane.file.path()));
  record.header.Add("Content-Type", "application/warc-fields");
  record.body = block;
  STEMMA_TRY(const RecordInfo info, Write(lane, record));
  static_cast<void>(info);
  lane.records = 0;
  lane.uncommitted = 0;
  return {};
}

Result<Lane*> ArchiveCore::MainLane() {
  STEMMA_CHECK_OK(CheckUsable());
  if (main_ != nullptr && !main_->retiring) return main_;
  LearnFromLastRun();
  STEMMA_TRY(main_, NewLane("", next_dictionary_.dictionary));
  main_->look_at = main_->dictionary ? 4 * options_.dictionary_after
                                     : options_.dictionary_after;
  main_->look_at_strange = options_.dictionary_after / 2;
  samples_.ForgetTraffic();
  return main_;
}

Result<Lane*> ArchiveCore::LeaseLane() {
  STEMMA_CHECK_OK(CheckUsable());
  for (Lane& lane : lanes_) {
    if (&lane != main_ && !lane.leased && !lane.retiring) {
      lane.leased = true;
      lane.tally.reset();  // a streamed body is no record until its end
      return &lane;
    }
  }
  STEMMA_TRY(Lane* const lane, NewLane("-media", nullptr));
  lane->leased = true;
  return lane;
}

void ArchiveCore::Release(Lane& lane) { lane.leased = false; }

Result<RecordInfo> ArchiveCore::Write(Lane& lane, const RecordDraft& record) {
  STEMMA_CHECK_OK(CheckUsable());
  Result<PressedRecord> pressed = lane.press->Press(record);
  if (!pressed) return Fail(std::move(pressed).error());
  return Put(lane, record, *std::move(pressed));
}

Result<std::vector<RecordInfo>> ArchiveCore::WriteToMain(
    std::unique_lock<std::mutex>& lock, const DraftsFor& drafts) {
  for (;;) {
    STEMMA_TRY(Lane* const lane, MainLane());
    const std::shared_ptr<RecordPress> press = lane->press;
    STEMMA_TRY(const std::vector<RecordDraft> todo, drafts(*lane));
    std::vector<PressedRecord> pressed;
    std::optional<Error> error;
    lock.unlock();
    for (const RecordDraft& draft : todo) {
      Result<PressedRecord> record = press->Press(draft);
      if (!record) {
        error = std::move(record).error();
        break;
      }
      pressed.push_back(*std::move(record));
    }
    lock.lock();
    if (error) return Fail(*std::move(error));
    STEMMA_TRY(Lane* const now, MainLane());
    if (now->press != press) continue;
    std::vector<RecordInfo> written;
    for (std::size_t i = 0; i < todo.size(); ++i) {
      STEMMA_TRY(RecordInfo info, Put(*now, todo[i], std::move(pressed[i])));
      written.push_back(std::move(info));
    }
    return written;
  }
}

// The record's place is the end of the lane.
Result<RecordInfo> ArchiveCore::Put(Lane& lane, const RecordDraft& draft,
                                    PressedRecord record) {
  auto offset = lane.file.Append(record.frames);
  if (!offset) return Fail(std::move(offset).error());
  RecordInfo info = std::move(record.info);
  info.bundle = lane.name;
  info.offset = *offset;
  info.length = record.frames.size();
  if (lane.tally) {
    if (Status told = lane.tally->Add(info, record.leaf); !told) {
      return Fail(std::move(told).error());
    }
  }
  ++lane.records;
  ++lane.uncommitted;
  const bool read_soon =
      info.mime == "application/json" && draft.body.size() <= (1 << 20);
  Remember(info, read_soon ? draft.body : std::string_view());
  if (!draft.incompressible) NoteSample(lane, draft, info, record.content);
  return info;
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

void ArchiveCore::NoteSample(Lane& lane, const RecordDraft& record,
                             const RecordInfo& info, std::string_view content) {
  if (&lane != main_ || options_.dictionary_after == 0) return;
  switch (SampleKindOf(info, record.head)) {
    case SampleKind::kNone:
      return;
    case SampleKind::kDerived:
      if (samples_.AddDerived(info.mime, info.refers_to, content)) {
        lane.page_bytes += content.size();
        return;
      }
      [[fallthrough]];
    case SampleKind::kSmall:
      samples_.AddSmall(info.type + " " + info.mime, content);
      return;
    case SampleKind::kPage:
      break;
  }
  lane.page_bytes += content.size();
  const std::string& place = samples_.AddPage(info.uri, info.id, content);
  if (!next_dictionary_.places.contains(place)) {
    lane.strange_bytes += content.size();
  }
}

Result<std::string> ArchiveCore::ChainRecord(Lane& lane,
                                             const Connection& connection,
                                             std::string_view host,
                                             const std::string& date,
                                             RecordInfo* written) {
  if (connection.certificates.empty()) return std::string();
  std::string key;
  for (const std::string& der : connection.certificates) {
    key += Sha256Of(der).Hex();
  }
  const auto known = lane.chains.find(key);
  if (known != lane.chains.end()) return known->second;
  std::string pem;
  for (const std::string& der : connection.certificates) {
    const std::string text = Base64Of(der);
    pem += "-----BEGIN CERTIFICATE-----\n";
    for (std::size_t i = 0; i < text.size(); i += 64) {
      pem += text.substr(i, 64) + "\n";
    }
    pem += "-----END CERTIFICATE-----\n";
  }
  RecordDraft record;
  const std::string id = NewId();
  record.header.Add("WARC-Type", "resource");
  record.header.Add("WARC-Record-ID", "<" + id + ">");
  record.header.Add("WARC-Date", date);
  record.header.Add(
      "WARC-Target-URI",
      UriForHeader(fmt::format("urn:stemma:tls:{}:{}", host,
                               Sha256Of(connection.certificates[0]).Hex())));
  record.header.Add("Content-Type", "application/pem-certificate-chain");
  record.body = pem;
  STEMMA_TRY(*written, Write(lane, record));
  lane.chains[key] = id;
  return id;
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

void ArchiveCore::MaybeRetire(Lane& lane) {
  if (lane.retiring || lane.leased) return;
  const bool full = lane.file.size() >= options_.rotate_bytes;
  const bool old = options_.clock() - lane.opened >= options_.rotate_age;
  if ((full || old) && lane.records > 0) lane.retiring = true;
}

DictionaryOptions ArchiveCore::HowToBuild() {
  std::uint8_t id[4];
  if (options_.random)
    options_.random(id);
  else
    SystemRandom(id);
  DictionaryOptions how;
  how.max_bytes =
      std::min<std::size_t>(options_.dictionary_bytes, std::size_t{8} << 20);
  how.level = how.instead_level = options_.level;
  how.id = std::uint32_t{id[0]} | std::uint32_t{id[1]} << 8 |
           std::uint32_t{id[2]} << 16 | std::uint32_t{id[3]} << 24;
  return how;
}

// A run begins with a dictionary of the pages of the run before, if as many
// pages again would pay for it: the last run is the best guess at this one.
void ArchiveCore::LearnFromLastRun() {
  if (learned_ || options_.dictionary_after == 0) return;
  learned_ = true;
  const std::vector<fs::path> bundles =
      BundlesOfLastRun(dir_ / "bundles", options_.job);
  const double part = TakeSamples(bundles, samples_);
  if (part == 0) return;
  DictionaryOptions how = HowToBuild();
  how.expect = 1 / part;
  auto built = BuildPageDictionary(samples_, how);
  if (!built ||
      built->saved * how.expect < static_cast<double>(built->cost) * 1.5) {
    return;
  }
  next_dictionary_ = *std::move(built);
}

// A bundle is ended once a better dictionary would already have saved on its
// pages what the next one costs: whatever is still to come, that is at most
// twice what knowing the future would have cost. No capture ever waits.
void ArchiveCore::ConsiderDictionary(std::unique_lock<std::mutex>& lock) {
  const Lane& lane = *main_;
  if (options_.dictionary_after == 0 || lane.retiring) return;
  if (lane.page_bytes < lane.look_at &&
      lane.strange_bytes < lane.look_at_strange) {
    return;
  }
  const bool strangers = lane.strange_bytes >= lane.look_at_strange;
  const std::uint64_t about = strangers ? lane.strange_bytes : lane.page_bytes;
  const auto pages = static_cast<double>(lane.page_bytes);
  const auto strange = static_cast<double>(lane.strange_bytes);
  DictionaryOptions how = HowToBuild();
  const std::string name = lane.name;
  const std::shared_ptr<const ZstdDictionary> instead = lane.dictionary;
  how.instead = instead.get();
  how.expect = 16;                       // runs go on
  const PageSamples samples = samples_;  // shares their bytes
  wait_beyond_ = lane.page_bytes + options_.dictionary_after / 2;
  lock.unlock();
  auto built = BuildPageDictionary(samples, how);
  constexpr double kOfANewBundle = 16 << 10;  // its facts, its name
  // About a twentieth of what the pages in question take: less is not worth
  // the time.
  const double least = static_cast<double>(about) / 100;
  const double price =
      built ? std::max(static_cast<double>(built->cost) + kOfANewBundle, least)
            : 0;
  const bool pays = built && built->saved >= price;
  if (pays) built->dictionary->Frame();  // packs it
  lock.lock();
  wait_beyond_ = ~std::uint64_t{0};
  Lane* const still = Find(name);  // others may have sealed it
  if (still == nullptr) return;
  if (pays) {
    next_dictionary_ = *std::move(built);
    still->retiring = true;
    return;
  }
  // Asked again when it would pay if things go on like this. More pages of
  // places that are in it hardly ever change the answer.
  const double missing = built && built->saved > 0 ? price / built->saved : 3;
  const auto later = [](double bytes) {
    return static_cast<std::uint64_t>(bytes);
  };
  still->look_at =
      std::max(still->look_at, later(pages * std::clamp(missing, 2.0, 3.0)));
  still->look_at_strange = std::max(
      still->look_at_strange, later(strange * std::clamp(missing, 1.25, 2.0)));
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

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "archive/archive_core.h"
#include "archive/bundle_name.h"
#include "archive/durable_file.h"
#include "archive/stored_record.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

}  // namespace

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
    base = fmt::format("{}-{:04}{}{}", stem, lane_number_++, suffix,
                       kBundleSuffix);
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
  record.header.Add("WARC-Filename", BundleBase(lane.file.path()));
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

}  // namespace stemma

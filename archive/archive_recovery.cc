#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "archive/append_file.h"
#include "archive/archive_core.h"
#include "archive/bundle_name.h"
#include "archive/durable_file.h"
#include "archive/event_log.h"
#include "archive/index_rows.h"
#include "archive/zstd_frames.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string NameForEvents(const fs::path& path) {
  return "bundles/" + BundleBase(path);
}

}  // namespace

Status ArchiveCore::RecoverBundles() {
  std::map<std::string, std::vector<std::pair<std::uint64_t, std::uint64_t>>>
      open;
  std::set<std::string> closed;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(dir_ / "bundles", failed)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".warc.zst.open")) open[NameForEvents(entry.path())];
    if (name.ends_with(kBundleSuffix)) closed.insert("bundles/" + name);
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
  const std::string base = BundleBase(path);
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

}  // namespace stemma

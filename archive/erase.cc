#include "archive/erase.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "archive/archive_writer.h"
#include "archive/durable_file.h"
#include "archive/event_log.h"
#include "archive/index_rows.h"
#include "archive/record_places.h"
#include "archive/redaction.h"
#include "archive/stored_record.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// An event has at most 64 KiB; an entry some 230 bytes.
constexpr std::size_t kRecordsOfEvent = 200;

std::string TextOf(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string();
}

Json JsonOf(const Erasure& why) {
  return {{"basis", why.basis}, {"approved_by", why.approved_by}};
}

// What the log tells of one bundle.
struct BundleStory {
  bool tombstoned = false;
  std::string sealed_at;  // t of its first seal
  Redactions redactions;
};

struct Story {
  std::map<std::string, BundleStory> bundles;
  std::map<std::string, RecordInfo> wanted;  // by id
};

// Reads the whole log once; of the records only those in `ids` are kept, and
// those of `capture` and derived from it.
Result<Story> ReadStory(const fs::path& archive,
                        const std::set<std::string>& ids,
                        const std::string& capture) {
  Story story;
  const auto learn = [&](std::uint64_t, std::string_view line) -> Status {
    const Json event = Json::parse(line, nullptr, false);
    if (!event.is_object()) return {};
    const std::string type = TextOf(event, "type");
    if (type == "tombstone") {
      story.bundles[TextOf(event, "of")].tombstoned = true;
    }
    if (const auto bundle = event.find("bundle");
        bundle != event.end() && bundle->is_object()) {
      BundleStory& about = story.bundles[TextOf(*bundle, "name")];
      if (type == "seal" && about.sealed_at.empty()) {
        about.sealed_at = TextOf(event, "t");
      }
      if (type == "redact") TakeRedactions(event, about.redactions);
    }
    for (RecordInfo& record : RecordsInEvent(event)) {
      const bool of_capture = !capture.empty() && record.capture_id == capture;
      if (!of_capture && !ids.contains(record.id)) continue;
      std::string id = record.id;
      story.wanted.emplace(std::move(id), std::move(record));
    }
    return {};
  };
  STEMMA_TRY(const std::uint64_t end,
             ForEachLogLine(archive / "manifest" / "events.jsonl", 0, learn));
  static_cast<void>(end);
  return story;
}

// Where the records lie now: where the log says, or elsewhere after a repack.
Result<std::vector<RecordToRedact>> PlacesOf(
    const fs::path& bundle, const std::vector<std::string>& ids) {
  std::map<std::string, RecordPlaceInFile, std::less<>> places;
  STEMMA_TRY(const Blob file, BlobOfFile(bundle.string()));
  STEMMA_CHECK_OK(ForEachPlace(
      file, [&](std::string_view id, RecordPlaceInFile place) -> Status {
        places.emplace(id, place);
        return {};
      }));
  std::vector<RecordToRedact> records;
  for (const std::string& id : ids) {
    const auto at = places.find(id);
    if (at == places.end()) {
      return Error(ErrorCode::kNotFound,
                   fmt::format("{} is not in {} any more", id,
                               bundle.filename().string()));
    }
    records.push_back({id, at->second.offset, at->second.length});
  }
  return records;
}

}  // namespace

Status CheckApproval(const Erasure& why) {
  const std::set<std::string> roles(why.approved_by.begin(),
                                    why.approved_by.end());
  if (roles.size() >= 2 && !roles.contains("") && !why.basis.empty()) return {};
  return Error(ErrorCode::kRefused,
               "erasing needs a basis and two different roles that approve");
}

Result<std::vector<std::string>> RecordsToRedact(
    ArchiveWriter& writer, const std::string& capture_id) {
  STEMMA_TRY(const Story story, ReadStory(writer.dir(), {}, capture_id));
  std::vector<std::string> ids;
  for (const auto& [id, record] : story.wanted) {
    const auto bundle = story.bundles.find(record.bundle);
    if (bundle != story.bundles.end() && bundle->second.tombstoned) continue;
    ids.push_back(id);
  }
  if (ids.empty()) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("no records of {} are in the log", capture_id));
  }
  return ids;
}

Result<std::vector<ErasedFromBundle>> RedactRecords(
    ArchiveWriter& writer, const std::vector<std::string>& record_ids,
    const Erasure& why) {
  STEMMA_CHECK_OK(CheckApproval(why));
  const std::set<std::string> ids(record_ids.begin(), record_ids.end());
  STEMMA_TRY(Story story, ReadStory(writer.dir(), ids, ""));
  std::map<std::string, std::vector<std::string>> by_bundle;
  for (const std::string& id : ids) {
    const auto record = story.wanted.find(id);
    if (record == story.wanted.end()) {
      return Error(ErrorCode::kNotFound, "no record has the id " + id);
    }
    const std::string& bundle = record->second.bundle;
    if (story.bundles[bundle].sealed_at.empty()) {
      return Error(ErrorCode::kRefused, bundle + " is still being written");
    }
    by_bundle[bundle].push_back(id);
  }
  std::vector<ErasedFromBundle> erased;
  for (const auto& [bundle, of_it] : by_bundle) {
    ErasedFromBundle done;
    done.bundle = bundle;
    STEMMA_TRY(const auto view, BundleView::Open(writer.dir() / bundle));
    done.has_dictionary = view->dictionary() != nullptr;
    for (std::size_t i = 0; i < of_it.size(); i += kRecordsOfEvent) {
      const std::vector<std::string> part(
          of_it.begin() + static_cast<std::ptrdiff_t>(i),
          of_it.begin() + static_cast<std::ptrdiff_t>(
                              std::min(of_it.size(), i + kRecordsOfEvent)));
      STEMMA_TRY(const std::vector<RecordToRedact> records,
                 PlacesOf(writer.dir() / bundle, part));
      STEMMA_CHECK_OK(writer.Redact(bundle, story.bundles[bundle].redactions,
                                    records, JsonOf(why)));
      for (const RecordToRedact& record : records) done.bytes += record.length;
      STEMMA_TRY(story, ReadStory(writer.dir(), ids, ""));
    }
    done.records = of_it.size();
    erased.push_back(std::move(done));
  }
  return erased;
}

Result<ErasedFromBundle> TombstoneBundle(ArchiveWriter& writer,
                                         const std::string& bundle,
                                         const Erasure& why) {
  STEMMA_CHECK_OK(CheckApproval(why));
  STEMMA_TRY(Story story, ReadStory(writer.dir(), {}, ""));
  const auto about = story.bundles.find(bundle);
  if (!IsBundleName(bundle) || about == story.bundles.end()) {
    return Error(ErrorCode::kNotFound, "no bundle is called " + bundle);
  }
  if (about->second.sealed_at.empty()) {
    return Error(ErrorCode::kRefused, bundle + " is still being written");
  }
  ErasedFromBundle done;
  done.bundle = bundle;
  done.whole = true;
  const fs::path path = writer.dir() / bundle;
  std::error_code failed;
  const std::uint64_t bytes = fs::file_size(path, failed);
  if (!failed) done.bytes = bytes;
  if (!about->second.tombstoned) {
    STEMMA_TRY(const std::vector<SealedBundle> sealed, writer.SealedBundles());
    Json event = JsonOf(why);
    event["of"] = bundle;
    for (const SealedBundle& one : sealed) {
      if (one.name == bundle) event["sha256"] = one.sha256;
      if (one.name == bundle) done.records = one.records.value_or(0);
    }
    STEMMA_TRY(const std::uint64_t seq, writer.AppendEvent("tombstone", event));
    static_cast<void>(seq);
  }
  std::string cdxj = path.string();
  cdxj.replace(cdxj.size() - std::string_view(".warc.zst").size(),
               std::string::npos, ".cdxj");
  for (const fs::path& file : {path, fs::path(cdxj)}) {
    fs::remove(file, failed);
    if (failed) {
      return Error(ErrorCode::kIo, fmt::format("removing {}: {}", file.string(),
                                               failed.message()));
    }
  }
  STEMMA_CHECK_OK(SyncFolder(path.parent_path()));
  return done;
}

}  // namespace stemma

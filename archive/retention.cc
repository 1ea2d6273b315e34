#include "archive/retention.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "archive/index_rows.h"
#include "archive/records.h"
#include "core/ascii.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string TextOf(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string();
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsDigit);
}

// bundles/JOB-20261125095440-0000.warc.zst: what stands behind the job's name
// begins with a time, so that "news" is not taken for "news-sport".
bool IsOfJob(std::string_view bundle, std::string_view job) {
  constexpr std::string_view kFolder = "bundles/";
  if (!bundle.starts_with(kFolder)) return false;
  bundle.remove_prefix(kFolder.size());
  return bundle.size() > job.size() + 16 && bundle.starts_with(job) &&
         bundle[job.size()] == '-' &&
         AllDigits(bundle.substr(job.size() + 1, 14)) &&
         bundle[job.size() + 15] == '-';
}

// Whether the two of a `compare` event have something in common.
bool IsRepublication(const Json& compare) {
  const std::string text = TextOf(compare, "verdict");
  if (!text.empty() && text != "unrelated") return true;
  const auto video = compare.find("video");
  if (video == compare.end()) return false;
  const std::string pictures = video->is_object()   ? TextOf(*video, "verdict")
                               : video->is_string() ? video->get<std::string>()
                                                    : std::string();
  return !pictures.empty() && pictures != "different" &&
         pictures != "not-compared";
}

bool IsMovingOrSound(std::string_view mime) {
  return !mime.starts_with("image/");
}

enum class Reason { kCopy, kRevisit, kHeld };

class Planner {
 public:
  Planner(ArchiveReader& reader, const RetentionRules& rules)
      : reader_(reader), rules_(rules) {}

  Result<RetentionPlan> Plan() {
    STEMMA_CHECK_OK(LearnBundles());
    if (old_.empty()) return RetentionPlan();
    STEMMA_CHECK_OK(LearnRecords());
    if (rules_.media_only) STEMMA_CHECK_OK(LearnMedia());
    KeepCopies();
    STEMMA_CHECK_OK(KeepHeld());
    STEMMA_CHECK_OK(KeepOriginals());
    return Conclude();
  }

 private:
  struct Entry {
    std::string id, capture, type;
    std::uint64_t length = 0;
    bool certificates = false;
  };

  Status LearnBundles();
  Status LearnRecords();
  Status LearnMedia();
  void KeepCopies();
  Status KeepHeld();
  Status KeepOriginals();
  RetentionPlan Conclude() const;

  // With what was captured for its sake: media, what a browser showed.
  void Keep(const std::string& capture, Reason why) {
    if (in_old_.contains(capture)) kept_.try_emplace(capture, why);
    const auto bound = bound_.find(capture);
    if (bound == bound_.end()) return;
    for (const std::string& one : bound->second) kept_.try_emplace(one, why);
  }
  bool Stays(const Entry& entry) const {
    if (kept_.contains(entry.capture)) return true;
    return rules_.media_only && !IsMedium(entry);
  }
  bool IsMedium(const Entry& entry) const {
    return media_.contains(entry.id) ||
           (entry.type == "response" && streams_.contains(entry.capture));
  }

  ArchiveReader& reader_;
  const RetentionRules& rules_;
  std::set<std::string, std::less<>> old_, gone_;      // bundles
  std::set<std::string> unfinished_;                   // tombstoned, file there
  std::set<std::string, std::less<>> redacted_;        // records
  std::map<std::string, std::vector<Entry>> entries_;  // by old bundle
  std::vector<std::pair<Entry, bool>> revisits_;       // and: in an old bundle
  std::set<std::string, std::less<>> in_old_;          // captures
  std::set<std::string, std::less<>> streams_;         // captures
  std::set<std::string, std::less<>> compared_;        // captures
  // By page: the captures made for its sake, in old bundles.
  std::map<std::string, std::set<std::string>, std::less<>> bound_;
  std::set<std::string, std::less<>> media_;         // records
  std::map<std::string, Reason, std::less<>> kept_;  // captures
};

Status Planner::LearnBundles() {
  std::map<std::string, std::string> sealed;
  STEMMA_CHECK_OK(reader_.ForEachEvent([&](std::string_view,
                                           const Json& event) -> Status {
    const std::string type = TextOf(event, "type");
    if (type == "tombstone") gone_.insert(TextOf(event, "of"));
    if (type == "seal" && event.contains("bundle")) {
      sealed.try_emplace(TextOf(event["bundle"], "name"), TextOf(event, "t"));
    }
    if (type != "redact" || !event.contains("redacted")) return {};
    for (const Json& entry : event["redacted"]) {
      redacted_.insert(TextOf(entry, "id"));
    }
    return {};
  }));
  for (const auto& [name, when] : sealed) {
    const auto time = ParseTime(when);
    if (!IsOfJob(name, rules_.job)) continue;
    if (gone_.contains(name)) {
      // Killed between the decision and the deed.
      std::error_code failed;
      if (fs::exists(reader_.dir() / name, failed)) unfinished_.insert(name);
    } else if (time && *time < rules_.cutoff) {
      old_.insert(name);
    }
  }
  old_.insert(unfinished_.begin(), unfinished_.end());
  return {};
}

Status Planner::LearnRecords() {
  return reader_.ForEachEvent(
      [&](std::string_view, const Json& event) -> Status {
        if (TextOf(event, "type") == "compare" && IsRepublication(event)) {
          compared_.insert(TextOf(event, "a"));
          compared_.insert(TextOf(event, "b"));
        }
        const std::string page = TextOf(event, "embedded_in");
        for (const RecordInfo& record : RecordsInEvent(event)) {
          if (redacted_.contains(record.id)) continue;
          const bool old = old_.contains(record.bundle);
          Entry entry{record.id, record.capture_id, record.type, record.length,
                      record.uri.starts_with("urn:stemma:tls:")};
          if (record.type == "revisit" && !gone_.contains(record.bundle)) {
            revisits_.emplace_back(entry, old);
          }
          if (!old) continue;
          in_old_.insert(record.capture_id);
          if (event.contains("stream")) streams_.insert(record.capture_id);
          if (!page.empty()) bound_[page].insert(record.capture_id);
          entries_[record.bundle].push_back(std::move(entry));
        }
        return {};
      });
}

Status Planner::LearnMedia() {
  return reader_.index().ForEachMedia([&](const MediaRow& medium) -> Status {
    if (in_old_.contains(medium.capture_id) && IsMovingOrSound(medium.mime)) {
      media_.insert(medium.record_id);
    }
    return {};
  });
}

void Planner::KeepCopies() {
  if (!rules_.keep_copies) return;
  for (const std::string& capture : compared_) Keep(capture, Reason::kCopy);
}

Status Planner::KeepHeld() {
  if (!rules_.hold) return {};
  for (const std::string& id : in_old_) {
    STEMMA_TRY(const std::optional<CaptureRow> row,
               reader_.index().Capture(id));
    if (row && rules_.hold(*row)) Keep(id, Reason::kHeld);
  }
  return {};
}

// A capture that is kept for one revisit may hold a revisit itself, so it goes
// on until nothing more is kept.
Status Planner::KeepOriginals() {
  std::vector<std::pair<Entry, bool>> open = std::move(revisits_);
  for (bool more = true; more;) {
    more = false;
    std::vector<std::pair<Entry, bool>> waiting;
    for (auto& [entry, old] : open) {
      if (old && !Stays(entry)) {
        waiting.emplace_back(std::move(entry), old);
        continue;
      }
      STEMMA_TRY(const auto revisit, reader_.index().Record(entry.id));
      if (!revisit || revisit->refers_to.empty()) continue;
      STEMMA_TRY(const auto original,
                 reader_.index().Record(revisit->refers_to));
      if (!original) continue;
      Keep(original->capture_id, Reason::kRevisit);
      more = true;
    }
    open = std::move(waiting);
  }
  return {};
}

RetentionPlan Planner::Conclude() const {
  RetentionPlan plan;
  for (const auto& [capture, why] : kept_) {
    ++(why == Reason::kCopy      ? plan.kept_for_copies
       : why == Reason::kRevisit ? plan.kept_for_revisits
                                 : plan.held);
  }
  for (const auto& [name, entries] : entries_) {
    RetentionPlan::Bundle bundle{name, false, {}, 0};
    bundle.whole = unfinished_.contains(name) ||
                   std::ranges::none_of(entries, [this](const Entry& entry) {
                     return Stays(entry);
                   });
    for (const Entry& entry : entries) {
      // What proves the connections of those that stay, stays.
      if (!bundle.whole && (Stays(entry) || entry.certificates)) continue;
      bundle.records.push_back(entry.id);
      bundle.bytes += entry.length;
    }
    if (!bundle.records.empty()) plan.bundles.push_back(std::move(bundle));
  }
  return plan;
}

}  // namespace

std::uint64_t RetentionPlan::Records() const {
  std::uint64_t records = 0;
  for (const Bundle& bundle : bundles) records += bundle.records.size();
  return records;
}

std::uint64_t RetentionPlan::Bytes() const {
  std::uint64_t bytes = 0;
  for (const Bundle& bundle : bundles) bytes += bundle.bytes;
  return bytes;
}

Result<RetentionPlan> PlanRetention(ArchiveReader& reader,
                                    const RetentionRules& rules) {
  return Planner(reader, rules).Plan();
}

Result<std::vector<ErasedFromBundle>> Retain(ArchiveWriter& writer,
                                             const RetentionPlan& plan,
                                             const Erasure& why) {
  std::vector<ErasedFromBundle> erased;
  for (const RetentionPlan::Bundle& bundle : plan.bundles) {
    if (bundle.whole) {
      STEMMA_TRY(ErasedFromBundle done,
                 TombstoneBundle(writer, bundle.name, why));
      erased.push_back(std::move(done));
      continue;
    }
    STEMMA_TRY(std::vector<ErasedFromBundle> done,
               RedactRecords(writer, bundle.records, why));
    std::ranges::move(done, std::back_inserter(erased));
  }
  return erased;
}

}  // namespace stemma

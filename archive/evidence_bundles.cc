#include "archive/evidence_bundles.h"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "archive/bundle_seal.h"
#include "archive/durable_file.h"
#include "archive/event_line.h"
#include "archive/index_rows.h"
#include "archive/jcs.h"
#include "archive/log_file.h"
#include "archive/record_places.h"
#include "archive/record_scan.h"
#include "core/ascii.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxCdxj = std::size_t{4} << 30;

// "bundles/" and a name of [A-Za-z0-9._-], at most 120 of them.
bool IsBundleName(std::string_view name) {
  constexpr std::string_view kFolder = "bundles/";
  if (!name.starts_with(kFolder)) return false;
  name.remove_prefix(kFolder.size());
  if (name.empty() || name.size() > 120 || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return IsAlnum(c) || c == '.' || c == '_' || c == '-';
  });
}

std::string CdxjNameOf(const std::string& bundle) {
  constexpr std::string_view kEnding = ".warc.zst";
  std::string name = bundle;
  if (name.ends_with(kEnding)) name.resize(name.size() - kEnding.size());
  return name + ".cdxj";
}

// Damage, not what other writers merely leave out of their frames.
std::vector<std::string> DamageIn(const BundleFacts& facts) {
  std::vector<std::string> damage;
  for (const std::string& problem : facts.problems) {
    if (!problem.starts_with("no-")) damage.push_back(problem);
  }
  return damage;
}

// The block digest of every record of a file, by its place.
class RecordComparer : public RecordSink {
 public:
  void OnRecord(std::uint64_t offset, const WarcHeader&, std::string_view,
                const std::vector<std::string>&) override {
    offset_ = offset;
  }
  void OnBlock(std::string_view bytes) override { hasher_.Update(bytes); }
  void OnEnd(std::uint64_t, bool whole) override {
    const Sha256 digest = hasher_.Finish();
    if (whole) records_[offset_] = digest;
  }
  void OnProblem(std::uint64_t offset, std::string_view code,
                 std::string text) override {
    if (code.starts_with("no-")) return;
    if (damage_.size() < 20) {
      damage_.push_back("at " + std::to_string(offset) + ": " +
                        std::string(code) + ": " + text);
    }
  }

  std::optional<Sha256> At(std::uint64_t offset) const {
    const auto found = records_.find(offset);
    if (found == records_.end()) return std::nullopt;
    return found->second;
  }
  const std::vector<std::string>& damage() const { return damage_; }

 private:
  std::uint64_t offset_ = 0;
  Sha256Hasher hasher_;
  std::map<std::uint64_t, Sha256> records_;
  std::vector<std::string> damage_;
};

class BundleChecker {
 public:
  BundleChecker(const BundleCheck& check, EvidenceReport& report,
                FindingList& findings)
      : check_(check), report_(report), findings_(findings) {}

  void Check(const std::string& name, const LoggedBundle& bundle) {
    if (!IsBundleName(name)) {
      Report("unsafe-name", Weight::kAltered, "events.jsonl",
             "event " + std::to_string(bundle.seq) +
                 " names a bundle that is no plain name in bundles/",
             bundle.seq);
      return;
    }
    if (!bundle.has_digests) {
      CheckUnsealed(name, bundle);
      return;
    }
    fs::path path = check_.root / name;
    // Between the event of a repack and its rename the new file counts already.
    if (const fs::path counts = FileOfSize(path, bundle.bytes);
        !counts.empty()) {
      path = counts;
    }
    std::error_code failed;
    const fs::file_status status = fs::symlink_status(path, failed);
    if (!fs::exists(status)) return Missing(name, bundle);
    if (!fs::is_regular_file(status)) {
      Report("not-regular-file", Weight::kAltered, name,
             "a bundle is a regular file, and this is not", bundle.seq);
      return;
    }
    if (bundle.tombstone_seq) {
      Report("tombstone-not-executed", Weight::kWarning, name,
             "event " + std::to_string(*bundle.tombstone_seq) +
                 " says it was erased, and the file is still here",
             bundle.tombstone_seq);
    }
    Compare(name, path, bundle);
    CheckCdxj(name, bundle);
  }

 private:
  void Report(std::string code, Weight weight, std::string where,
              std::string what, std::optional<std::uint64_t> seq) {
    findings_.Add(
        {std::move(code), weight, std::move(where), std::move(what), seq});
  }

  void Missing(const std::string& name, const LoggedBundle& bundle) {
    if (bundle.tombstone_seq) {
      Report("tombstoned", Weight::kNote, name,
             "erased by decision (event " +
                 std::to_string(*bundle.tombstone_seq) +
                 "); its digest stays in the log",
             bundle.tombstone_seq);
      return;
    }
    if (check_.handed_over_in_part) {
      report_.not_checked.push_back(name + ": not part of this hand-over");
      return;
    }
    Report("bundle-missing", Weight::kIncomplete, name,
           "event " + std::to_string(bundle.seq) +
               " names it, the file is gone, and no tombstone says why",
           bundle.seq);
  }

  void Compare(const std::string& name, const fs::path& path,
               const LoggedBundle& bundle) {
    const Result<Blob> file = BlobOfFile(path.string());
    if (!file) {
      Report("bundle-unreadable", Weight::kCannotCheck, name,
             file.error().message(), bundle.seq);
      return;
    }
    const Result<BundleFacts> facts = ReadBundleFacts(*file, bundle.redacted);
    if (!facts) {
      // No WARC at all any more; its digests cannot fit either.
      const bool shorter = file->size() < bundle.bytes;
      Report(shorter ? "bundle-truncated" : "bundle-digest-mismatch",
             Weight::kAltered, name, facts.error().message(), bundle.seq);
      return;
    }
    ++report_.bundles_checked;
    report_.bytes_checked += facts->bytes;
    const bool same = facts->bytes == bundle.bytes &&
                      facts->sha256 == bundle.sha256 &&
                      (bundle.sha512.empty() || facts->sha512 == bundle.sha512);
    if (!same) return Differs(name, bundle, *facts);
    if (!bundle.redacted.empty()) {
      Report("redacted", Weight::kNote, name,
             std::to_string(bundle.redacted.size()) +
                 " records were taken out by decision (event " +
                 std::to_string(*bundle.redact_seq) +
                 "); their leaf hashes prove the rest",
             bundle.redact_seq);
    }
    CheckStatements(name, bundle, *facts);
  }

  // The file is not what was logged: say as exactly as we can how.
  void Differs(const std::string& name, const LoggedBundle& bundle,
               const BundleFacts& facts) {
    const std::vector<std::string> damage = DamageIn(facts);
    const std::string first =
        damage.empty() ? "" : "; first damage: " + damage[0];
    if (facts.bytes < bundle.bytes &&
        facts.records < bundle.records.value_or(0)) {
      Report("bundle-truncated", Weight::kAltered, name,
             std::to_string(facts.bytes) + " of " +
                 std::to_string(bundle.bytes) + " bytes are there, " +
                 std::to_string(facts.records) + " whole records" + first,
             bundle.seq);
      return;
    }
    if (damage.empty() && bundle.records_root == facts.records_root.Hex()) {
      Report("bundle-repackaged", Weight::kAltered, name,
             "the file was packed again without a repack event; every record "
             "in it is unchanged (same records root)",
             bundle.seq);
      return;
    }
    std::string what = "SHA-256 ";
    what += facts.sha256 == bundle.sha256
                ? "fits, SHA-512 does not"
                : "is " + facts.sha256.substr(0, 16) + "..., logged as " +
                      bundle.sha256.substr(0, 16) + "...";
    Report("bundle-digest-mismatch", Weight::kAltered, name, what + first,
           bundle.seq);
  }

  // The bytes are those logged; do they hold what the log says they hold?
  void CheckStatements(const std::string& name, const LoggedBundle& bundle,
                       const BundleFacts& facts) {
    if (bundle.records && *bundle.records != facts.records) {
      Report("records-mismatch", Weight::kAltered, name,
             std::to_string(facts.records) + " records, logged as " +
                 std::to_string(*bundle.records),
             bundle.seq);
    } else if (bundle.records_root &&
               *bundle.records_root != facts.records_root.Hex()) {
      Report("records-mismatch", Weight::kAltered, name,
             "the root over its records is not the logged one", bundle.seq);
    }
    if (const std::vector<std::string> damage = DamageIn(facts);
        !damage.empty()) {
      Report("bundle-damaged-when-sealed", Weight::kWarning, name,
             damage[0] + "; the file is as it was logged", bundle.seq);
    }
  }

  void CheckCdxj(const std::string& name, const LoggedBundle& bundle) {
    if (bundle.cdxj_sha256.empty()) return;
    const std::string cdxj = CdxjNameOf(name);
    Result<std::string> bytes = ReadRegularFile(check_.root / cdxj, kMaxCdxj);
    if (bytes && Sha256Of(*bytes).Hex() != bundle.cdxj_sha256) {
      const Result<std::string> fresh = ReadRegularFile(
          check_.root / (cdxj + std::string(kRepackEnding)), kMaxCdxj);
      if (fresh && Sha256Of(*fresh).Hex() == bundle.cdxj_sha256) bytes = fresh;
    }
    if (!bytes && bytes.error().code() == ErrorCode::kNotFound) {
      if (check_.handed_over_in_part) return;
      Report("cdxj-missing", Weight::kIncomplete, cdxj,
             "event " + std::to_string(bundle.seq) + " names its digest",
             bundle.seq);
    } else if (!bytes) {
      Report("not-regular-file", Weight::kAltered, cdxj,
             bytes.error().message(), bundle.seq);
    } else if (Sha256Of(*bytes).Hex() != bundle.cdxj_sha256) {
      Report("cdxj-mismatch", Weight::kAltered, cdxj,
             "its digest is not the logged one", bundle.seq);
    }
  }

  // Captures are logged before their bundle is sealed: what is written so far
  // is held record by record against the events.
  void CheckUnsealed(const std::string& name, const LoggedBundle& bundle) {
    std::error_code failed;
    fs::path path = check_.root / (name + ".open");
    if (!fs::exists(fs::symlink_status(path, failed))) {
      path = check_.root / name;
    }
    const fs::file_status status = fs::symlink_status(path, failed);
    if (!fs::exists(status)) return Missing(name, bundle);
    if (!fs::is_regular_file(status)) {
      Report("not-regular-file", Weight::kAltered, name,
             "a bundle is a regular file, and this is not", bundle.seq);
      return;
    }
    report_.not_checked.push_back(
        name +
        ": being written, so no digest of the whole file is logged; its "
        "records were compared");
    Report("bundle-open", Weight::kWarning, name,
           "not sealed yet: its records were compared, not the file",
           bundle.seq);
    const Result<Blob> file = BlobOfFile(path.string());
    RecordComparer comparer;
    const Status scanned = file ? ScanWarc(*file, comparer) : Status();
    if (!file || !scanned) {
      Report("bundle-unreadable", Weight::kCannotCheck, name,
             file ? scanned.error().message() : file.error().message(),
             bundle.seq);
      return;
    }
    ++report_.bundles_checked;
    report_.bytes_checked += file->size();
    CompareRecords(name, comparer);
  }

  void CompareRecords(const std::string& name, RecordComparer& found) {
    for (const std::string& damage : found.damage()) {
      Report("bundle-damaged", Weight::kAltered, name, damage, std::nullopt);
    }
    const Status read =
        ForEachRecordOf(name, [&](std::uint64_t seq, const RecordInfo& record) {
          const std::optional<Sha256> digest = found.At(record.offset);
          if (!digest) {
            Report("bundle-truncated", Weight::kAltered, name,
                   "no record at " + std::to_string(record.offset), seq);
          } else if (*digest != record.block_sha256) {
            Report("record-digest-mismatch", Weight::kAltered, name,
                   "the record at " + std::to_string(record.offset) +
                       " is not the one logged",
                   seq);
          }
        });
    if (!read) {
      Report("log-unreadable", Weight::kCannotCheck, "events.jsonl",
             read.error().message(), std::nullopt);
    }
  }

  Status ForEachRecordOf(
      const std::string& name,
      const std::function<void(std::uint64_t, const RecordInfo&)>& visit) {
    STEMMA_TRY(LogFile log, LogFile::Open(check_.manifest / "events.jsonl"));
    return log.ForEachFrom(
        0, [&](std::uint64_t seq, std::string_view line) -> Status {
          if (line.find(name) == std::string_view::npos ||
              line.find("\"offset\":") == std::string_view::npos) {
            return {};
          }
          const Result<nlohmann::json> event = ParseStrict(line);
          if (!event) return {};
          for (const RecordInfo& record : RecordsInEvent(*event)) {
            if (record.bundle == name) visit(seq, record);
          }
          return {};
        });
  }

  const BundleCheck& check_;
  EvidenceReport& report_;
  FindingList& findings_;
};

// Files in bundles/ that no event knows.
void FindOrphans(const BundleCheck& check, const LogFacts& log,
                 FindingList& findings) {
  std::set<std::string> known;
  for (const auto& [name, bundle] : log.bundles) {
    known.insert(name);
    if (!bundle.has_digests) known.insert(name + ".open");
    known.insert(CdxjNameOf(name));
  }
  std::error_code failed;
  std::vector<std::string> found;
  for (const auto& entry :
       fs::directory_iterator(check.root / "bundles", failed)) {
    const std::string name = "bundles/" + entry.path().filename().string();
    if (!known.contains(name)) found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  for (const std::string& name : found) {
    findings.Add({"orphan", Weight::kWarning, name,
                  "no event speaks of this file", std::nullopt});
  }
}

}  // namespace

void CheckBundles(const BundleCheck& check, const LogFacts& log,
                  EvidenceReport& report, FindingList& findings) {
  BundleChecker checker(check, report, findings);
  for (const auto& [name, bundle] : log.bundles) checker.Check(name, bundle);
  FindOrphans(check, log, findings);
}

}  // namespace stemma

#include "archive/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "archive/bundle_name.h"
#include "archive/bundle_seal.h"
#include "archive/cdxj_check.h"
#include "archive/check_book.h"
#include "archive/event_line.h"
#include "archive/event_log.h"
#include "archive/index.h"
#include "archive/index_rows.h"
#include "archive/merkle.h"
#include "archive/record_judge.h"
#include "archive/record_places.h"
#include "archive/redaction.h"
#include "archive/stored_record.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// ---------------------------------------------------------------- archives

struct RecordPlace {
  std::uint64_t offset = 0, length = 0;
  std::uint64_t id = 0;  // Key of the id
  Sha256 block;
  bool seen = false;
};

struct BundleClaim {
  std::optional<std::uint64_t> bytes, records;
  std::string sha256, sha512, records_root, cdxj_sha256;
  bool tombstoned = false;
  bool moved = false;   // packed anew: the places of older events are not its
  std::string changed;  // what a repack event changes that it must not
  Redactions redacted;  // by decision; their places are no claims any more
  std::vector<RecordPlace> places;
};

using Claims = std::map<std::string, BundleClaim>;

std::string TextOf(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string();
}

void TakeRedactedOut(const Json& event, BundleClaim& claim) {
  std::vector<std::string> ids;
  if (!TakeRedactions(event, claim.redacted, &ids)) {
    claim.changed = "what was redacted is not told in the form of such events";
  }
  std::set<std::uint64_t> keys;
  for (const std::string& id : ids) keys.insert(CheckKey(id));
  std::erase_if(claim.places, [&keys](const RecordPlace& place) {
    return keys.contains(place.id);
  });
}

void TakeClaims(const Json& event, Claims& claims) {
  const std::string type = TextOf(event, "type");
  if (const auto bundle = event.find("bundle");
      bundle != event.end() && bundle->is_object()) {
    BundleClaim& claim = claims[TextOf(*bundle, "name")];
    if (bundle->contains("sha256")) {
      if (type == "repack" || type == "redact") {
        claim.moved = claim.moved || type == "repack";
        if (TextOf(event, "old_sha256") != claim.sha256) {
          claim.changed = "it names another file as the one it replaces";
        } else if (TextOf(*bundle, "records_root") != claim.records_root) {
          claim.changed = "the records are not those of before";
        }
      }
      if (type == "redact") TakeRedactedOut(event, claim);
      claim.sha256 = TextOf(*bundle, "sha256");
      claim.sha512 = TextOf(*bundle, "sha512");
      claim.records_root = TextOf(*bundle, "records_root");
      claim.cdxj_sha256 = TextOf(event, "cdxj_sha256");
      const auto number = [&bundle](const char* key) {
        const auto found = bundle->find(key);
        return found != bundle->end() && found->is_number_unsigned()
                   ? std::optional(found->get<std::uint64_t>())
                   : std::nullopt;
      };
      claim.bytes = number("bytes");
      claim.records = number("records");
    }
  }
  if (type == "tombstone") claims[TextOf(event, "of")].tombstoned = true;
  for (const RecordInfo& record : RecordsInEvent(event)) {
    if (record.length == 0) continue;
    claims[record.bundle].places.push_back({record.offset, record.length,
                                            CheckKey(record.id),
                                            record.block_sha256, false});
  }
}

// The log line by line; what it claims of bundles goes to `claims`.
Status CheckLog(const fs::path& path, Claims& claims, CheckReporter& reporter,
                CheckReport& report) {
  const std::string file = "manifest/events.jsonl";
  std::string prev(64, '0'), last_t;
  std::uint64_t seq = 0;
  STEMMA_TRY(
      const std::uint64_t end,
      ForEachLogLine(
          path, 0, [&](std::uint64_t at, std::string_view line) -> Status {
            const auto bad = [&](std::string_view code, std::string text) {
              reporter.Add(code, file, at, "",
                           fmt::format("line {}: {}", seq + 1, text));
            };
            const std::string leaf = LeafHash(line).Hex();
            const Result<Json> event = ParseEventLine(line);
            if (!event) {
              const std::string& message = event.error().message();
              const std::size_t colon = message.find(": ");
              bad(message.substr(0, colon), message.substr(colon + 2));
            } else {
              const LineFault fault = ExplainLine(line);
              if (!fault.code.empty()) bad(fault.code, fault.why);
              if ((*event)["seq"] != seq) {
                bad("seq-gap", fmt::format("seq is {}, expected {}",
                                           (*event)["seq"].dump(), seq));
              }
              if ((*event)["prev"] != prev) {
                bad("prev-mismatch", "prev is not the hash of the line before");
              }
              std::string t = TextOf(*event, "t");
              if (t < last_t)
                bad("time-order", "earlier than the event before");
              last_t = std::move(t);
              TakeClaims(*event, claims);
            }
            prev = leaf;
            ++seq;
            return {};
          }));
  report.events = seq;
  std::error_code failed;
  const std::uint64_t size = fs::file_size(path, failed);
  if (!failed && size > end) {
    reporter.Add("torn-tail", file, end, "",
                 fmt::format("{} bytes after the last whole event; the next "
                             "writer moves them aside",
                             size - end));
  }
  claims.erase("");
  return {};
}

// "" when it cannot be read.
std::string DigestOfIndex(const fs::path& path) {
  const Result<Blob> file = BlobOfFile(path.string());
  if (!file) return {};
  const Result<Sha256> digest = Sha256OfBlob(*file);
  return digest ? digest->Hex() : std::string();
}

class ArchiveCheck {
 public:
  ArchiveCheck(const fs::path& dir, const CheckOptions& options)
      : dir_(dir),
        options_(options),
        reporter_(report_, options.max_findings) {}
  Result<CheckReport> Run();

 private:
  Status CheckBundle(const std::string& name, BundleClaim& claim);
  Status JudgeBundle(const fs::path& path, const std::string& name,
                     BundleClaim& claim, bool open);
  void CheckSeal(const std::string& name, const BundleClaim& claim,
                 std::uint64_t size, const Result<FileDigests>& digests,
                 std::uint64_t records, const Sha256& root);
  Status CheckUnsealed(const std::string& name, const Blob& file);
  void CheckCdxj(const std::string& name, const BundleClaim& claim);
  void CheckIndex();
  void FindOrphans();

  const fs::path& dir_;
  const CheckOptions& options_;
  CheckReport report_;
  CheckReporter reporter_;
  RecordBook book_;
  Claims claims_;
  std::unique_ptr<Index> index_;
  ListedRecords listed_;  // of the bundle being checked
};

Result<CheckReport> ArchiveCheck::Run() {
  const fs::path log = dir_ / "manifest" / "events.jsonl";
  if (!fs::exists(log)) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("there is no archive in {}", dir_.string()));
  }
  STEMMA_CHECK_OK(CheckLog(log, claims_, reporter_, report_));
  FindOrphans();
  for (auto& [name, claim] : claims_) STEMMA_CHECK_OK(CheckBundle(name, claim));
  book_.Resolve(reporter_);
  // With records missing, an index that differs says nothing new.
  if (options_.index && report_.Worst() < Weight::kIncomplete) CheckIndex();
  return std::move(report_);
}

// Bundles nobody logged are listed; a killed writer leaves none.
void ArchiveCheck::FindOrphans() {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(dir_ / "bundles", failed)) {
    std::string name = "bundles/" + entry.path().filename().string();
    if (name.ends_with(".cdxj") || name.ends_with(".tmp")) continue;
    if (name.ends_with(kRepackEnding)) {
      reporter_.Add("repack-unfinished", name, std::nullopt, "",
                    "left by a killed repack; the next writer finishes or "
                    "removes it");
      continue;
    }
    const bool open = name.ends_with(".open");
    if (open) name.resize(name.size() - 5);
    if (claims_.contains(name)) continue;
    reporter_.Add(open ? "bundle-open" : "bundle-orphan", name, std::nullopt,
                  "", "no event names this bundle");
    if (IsBundleName(name) && !open) claims_[name];
  }
}

Status ArchiveCheck::CheckBundle(const std::string& name, BundleClaim& claim) {
  if (!IsBundleName(name)) {
    reporter_.Add("unsafe-name", "manifest/events.jsonl", std::nullopt, "",
                  fmt::format("an event names a bundle '{}'", name));
    return {};
  }
  fs::path path = dir_ / name;
  bool open = false;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    open = true;
    path += ".open";
  }
  if (!fs::exists(path, ignored)) {
    reporter_.Add(claim.tombstoned ? "bundle-tombstoned" : "bundle-missing",
                  name, std::nullopt, "",
                  claim.tombstoned ? "deleted by a logged decision"
                                   : "the log names it and it is not there");
    return {};
  }
  ++report_.bundles;
  if (!claim.changed.empty()) {
    reporter_.Add("repack-changed", name, std::nullopt, "",
                  "a repack or redact event: " + claim.changed);
  }
  // Between the event of a repack and its rename the new file counts already.
  const bool replaced = claim.moved || !claim.redacted.empty();
  if (replaced && claim.bytes) {
    if (const fs::path counts = FileOfSize(path, *claim.bytes);
        !counts.empty()) {
      path = counts;
    }
  }
  return JudgeBundle(path, name, claim, open);
}

Status ArchiveCheck::JudgeBundle(const fs::path& path, const std::string& name,
                                 BundleClaim& claim, bool open) {
  STEMMA_TRY(const Blob file, BlobOfFile(path.string()));
  report_.bytes += file.size();
  auto digests = std::async(std::launch::async, [&path, &claim] {
    return claim.sha256.empty() ? Result<FileDigests>(FileDigests())
                                : DigestsOfFile(path);
  });
  const auto key_of = [&claim](const RecordPlace& p) {
    return claim.moved ? p.id : p.offset;
  };
  std::sort(claim.places.begin(), claim.places.end(),
            [&key_of](const RecordPlace& a, const RecordPlace& b) {
              return key_of(a) < key_of(b);
            });
  listed_ = ListedRecords();
  RedactedRange range(claim.redacted);
  std::uint64_t records = 0;
  std::size_t broken = 0;
  std::uint64_t named_end = 0;
  for (const RecordPlace& place : claim.places) {
    named_end = std::max(named_end, place.offset + place.length);
  }
  JudgeVisitor visitor;
  visitor.problem = [&](std::uint64_t offset, std::string_view code,
                        std::string text) {
    ++broken;
    // Behind the last record that is named a writer may be at work.
    if (open && offset >= named_end) {
      code = "torn-tail";
      text += "; the next writer moves it aside";
    }
    reporter_.Add(code, name, offset, "", std::move(text));
  };
  visitor.record = [&](JudgedRecord record) {
    book_.Take(record, name, reporter_, report_);
    if (!record.whole) return;
    ++records;
    range.Append(record.leaf);
    const RecordInfo& info = record.info;
    listed_.Add(info);
    const std::uint64_t key = claim.moved ? CheckKey(info.id) : info.offset;
    auto place =
        std::lower_bound(claim.places.begin(), claim.places.end(), key,
                         [&key_of](const RecordPlace& p, std::uint64_t k) {
                           return key_of(p) < k;
                         });
    if (place == claim.places.end() || key_of(*place) != key) {
      if (info.type != "warcinfo" && !claim.places.empty()) {
        reporter_.Add("record-orphan", name, info.offset, info.id,
                      "no event names this record");
      }
      return;
    }
    place->seen = true;
    if (place->id != CheckKey(info.id) ||
        (!claim.moved && place->length != info.length)) {
      reporter_.Add("record-differs", name, info.offset, info.id,
                    "not the record the log has here");
    } else if (place->block != record.found_block) {
      reporter_.Add("block-digest-mismatch", name, info.offset, info.id,
                    fmt::format("the log says {}, the block is {}",
                                place->block.Hex(), record.found_block.Hex()));
    }
  };
  JudgeOptions options;
  options.threads = options_.threads;
  options.leaves = true;
  const Status judged = JudgeWarc(file, options, visitor);
  range.Finish();
  if (!claim.redacted.empty()) {
    reporter_.Add("record-redacted", name, std::nullopt, "",
                  fmt::format("{} records were taken out by a logged decision",
                              claim.redacted.size()));
  }
  const Result<FileDigests> found = digests.get();
  if (!judged) {
    reporter_.Add(judged.error().code() == ErrorCode::kIo ? "cannot-read"
                                                          : "frame-damaged",
                  name, 0, "", judged.error().message());
  }
  for (const RecordPlace& place : claim.places) {
    if (place.seen) continue;
    // The places of a bundle packed anew are those of the file before.
    reporter_.Add("record-missing", name,
                  claim.moved ? std::nullopt : std::optional(place.offset), "",
                  claim.moved ? "the log names a record that is not readable"
                              : "the log names a record here and none is "
                                "readable");
  }
  if (!claim.sha256.empty()) {
    CheckSeal(name, claim, file.size(), found, records, range.Root());
  } else if (!open) {
    STEMMA_CHECK_OK(CheckUnsealed(name, file));
  }
  if (open && broken == 0) {
    reporter_.Add("bundle-open", name, std::nullopt, "",
                  "still being written, or left by a killed process: no "
                  "digest in the log yet");
  }
  CheckCdxj(name, claim);
  return {};
}

void ArchiveCheck::CheckSeal(const std::string& name, const BundleClaim& claim,
                             std::uint64_t size,
                             const Result<FileDigests>& digests,
                             std::uint64_t records, const Sha256& root) {
  if (!digests) {
    reporter_.Add("cannot-read", name, std::nullopt, "",
                  digests.error().message());
    return;
  }
  if (claim.bytes && size < *claim.bytes) {
    reporter_.Add("bundle-truncated", name, size, "",
                  fmt::format("{} bytes, the log says {}", size, *claim.bytes));
  } else if (digests->sha256 != claim.sha256 ||
             (!claim.sha512.empty() && digests->sha512 != claim.sha512)) {
    reporter_.Add("bundle-digest-mismatch", name, std::nullopt, "",
                  fmt::format("the log says sha256 {}, the file is {}",
                              claim.sha256, digests->sha256));
  }
  if (!claim.records_root.empty() && root.Hex() != claim.records_root) {
    reporter_.Add("records-root-mismatch", name, std::nullopt, "",
                  fmt::format("{} records come to {}, the log says {}", records,
                              root.Hex(), claim.records_root));
  }
}

// Closed, and no event has its digest: between the rename and the event of a
// sealing that was killed. Its footer is all there is to hold it against.
Status ArchiveCheck::CheckUnsealed(const std::string& name, const Blob& file) {
  STEMMA_TRY(const FooterState footer, CheckFooter(file));
  if (footer == FooterState::kMismatch) {
    reporter_.Add("bundle-digest-mismatch", name, std::nullopt, "",
                  "the digest at its end is not that of the bytes before");
  }
  reporter_.Add("seal-missing", name, std::nullopt, "",
                "closed, and no event has its digest");
  return {};
}

void ArchiveCheck::CheckCdxj(const std::string& name,
                             const BundleClaim& claim) {
  const std::string file = CdxjBeside(name).string();
  fs::path path = dir_ / file;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    if (!claim.cdxj_sha256.empty()) {
      reporter_.Add("cdxj-missing", file, std::nullopt, "",
                    "the seal names it; 'stemma check --repair' makes it anew");
    }
    return;
  }
  // Until the rename of a killed repack is done, the new one lies beside.
  const fs::path fresh = path.string() + std::string(kRepackEnding);
  const bool replaced = claim.moved || !claim.redacted.empty();
  if (replaced && fs::exists(fresh, ignored) &&
      DigestOfIndex(path) != claim.cdxj_sha256 &&
      DigestOfIndex(fresh) == claim.cdxj_sha256) {
    path = fresh;
  }
  const Result<Blob> index = BlobOfFile(path.string());
  if (!index) {
    reporter_.Add("cannot-read", file, std::nullopt, "",
                  index.error().message());
    return;
  }
  const std::string filename = fs::path(name).filename().string();
  CdxjCheck check(
      [&](std::string_view of) { return of == filename ? &listed_ : nullptr; },
      [&](std::string_view code, std::uint64_t at, std::string text) {
        reporter_.Add(code, file, at, "", std::move(text));
      },
      true);
  Sha256Hasher hasher;
  const Status read = index->ForEachPiece([&](std::string_view bytes) {
    hasher.Update(bytes);
    check.Feed(bytes);
    return Status();
  });
  if (!read) {
    reporter_.Add("cannot-read", file, std::nullopt, "",
                  read.error().message());
    return;
  }
  check.Finish();
  if (!claim.cdxj_sha256.empty() &&
      hasher.Finish().Hex() != claim.cdxj_sha256) {
    reporter_.Add("cdxj-digest-mismatch", file, std::nullopt, "",
                  "not the index that was sealed");
  }
  if (listed_.hits() != listed_.all().size()) {
    reporter_.Add("cdxj-incomplete", file, std::nullopt, "",
                  fmt::format("{} of {} records are in it", listed_.hits(),
                              listed_.all().size()));
  }
}

// The index is a cache: it must say what a fresh one says.
void ArchiveCheck::CheckIndex() {
  const fs::path path = dir_ / "index.sqlite";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    reporter_.Add("index-missing", "index.sqlite", std::nullopt, "",
                  "no index; 'stemma reindex' makes it");
    return;
  }
  const Result<bool> same = IndexAgrees(dir_);
  std::error_code none;
  const bool journal =
      fs::file_size(dir_ / "index.sqlite-journal", none) > 0 && !none;
  if (!same && journal) {
    // Looking must not write, and only who writes may roll it back.
    reporter_.Add("index-unfinished", "index.sqlite", std::nullopt, "",
                  "a killed process left a change half made; the next writer "
                  "takes it back");
  } else if (!same) {
    reporter_.Add("index-damaged", "index.sqlite", std::nullopt, "",
                  same.error().message());
  } else if (!*same) {
    reporter_.Add("index-differs", "index.sqlite", std::nullopt, "",
                  "it does not say what log and bundles say; 'stemma reindex' "
                  "makes it anew");
  }
}

}  // namespace

Result<FileDigests> DigestsOfFile(const fs::path& path) {
  const auto digest =
      [&path](DigestAlgorithm algorithm) -> Result<std::string> {
    STEMMA_TRY(const Blob file, BlobOfFile(path.string()));
    DigestHasher hasher(algorithm);
    STEMMA_CHECK_OK(file.ForEachPiece([&hasher](std::string_view piece) {
      hasher.Update(piece);
      return Status();
    }));
    return hasher.Finish().Hex();
  };
  auto longer =
      std::async(std::launch::async, digest, DigestAlgorithm::kSha512);
  FileDigests digests;
  STEMMA_TRY(digests.sha256, digest(DigestAlgorithm::kSha256));
  STEMMA_TRY(digests.sha512, longer.get());
  return digests;
}

Weight CheckReport::Worst() const {
  Weight worst = Weight::kNote;
  for (const CheckFinding& finding : findings) {
    worst = std::max(worst, finding.weight);
  }
  return worst;
}

std::vector<std::string> CheckReport::Codes() const {
  std::set<std::string> codes;
  for (const CheckFinding& finding : findings) codes.insert(finding.code);
  return {codes.begin(), codes.end()};
}

std::string CheckReport::Verdict() const {
  const Weight worst = Worst();
  return worst == Weight::kNote ? "intact" : std::string(NameOf(worst));
}

Result<CheckReport> CheckArchive(const fs::path& dir,
                                 const CheckOptions& options) {
  return ArchiveCheck(dir, options).Run();
}

Json ToJson(const CheckReport& report) {
  static constexpr std::string_view kSeverities[] = {
      "note", "warning", "cannot-check", "incomplete", "altered"};
  Json findings = Json::array();
  for (const CheckFinding& finding : report.findings) {
    Json item = {{"code", finding.code},
                 {"severity", kSeverities[static_cast<int>(finding.weight)]},
                 {"file", finding.file},
                 {"text", finding.text}};
    if (finding.offset) item["offset"] = *finding.offset;
    if (!finding.record.empty()) item["record"] = finding.record;
    findings.push_back(std::move(item));
  }
  Json json = {
      {"verdict", report.Verdict()},    {"codes", report.Codes()},
      {"bundles", report.bundles},      {"records", report.records},
      {"bytes", report.bytes},          {"block_bytes", report.block_bytes},
      {"findings", std::move(findings)}};
  if (report.events != 0) json["events"] = report.events;
  if (report.findings_left_out != 0) {
    json["findings_left_out"] = report.findings_left_out;
  }
  return json;
}

}  // namespace stemma

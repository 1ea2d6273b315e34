#include "archive/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

#include "archive/arc_scan.h"
#include "archive/gzip_lines.h"
#include "archive/http_block.h"
#include "archive/index.h"
#include "archive/jcs.h"
#include "archive/record_scan.h"
#include "archive/wacz_auth.h"
#include "archive/zip_reader.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Fields that we state ourselves.
constexpr std::string_view kOurs[] = {
    "WARC-Block-Digest", "WARC-Payload-Digest", "WARC-Warcinfo-ID",
    "Content-Length",    "WARC-Target-URI",     "WARC-Filename"};

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) {
                      return std::tolower(x) == std::tolower(y);
                    });
}

// WARC asks for a URI, and all writers of today give "urn:uuid:"; ids are kept
// as they were written and compared byte by byte.
bool IsUuid(std::string_view id) {
  if (!id.starts_with("urn:uuid:") || id.size() != 45) return false;
  return std::all_of(id.begin() + 9, id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
           (c >= 'A' && c <= 'F') || c == '-';
  });
}

// Codes of headers that are no record's: what they began is kept out.
bool KeepsOut(std::string_view code) {
  constexpr std::string_view kCodes[] = {"header-too-large", "nul-in-header",
                                         "bare-line-end",    "folded-line",
                                         "bad-field",        "too-many-fields",
                                         "duplicate-field",  "content-length",
                                         "no-type",          "no-id",
                                         "no-record"};
  return std::find(std::begin(kCodes), std::end(kCodes), code) !=
         std::end(kCodes);
}

bool IsStrong(DigestAlgorithm algorithm) {
  return algorithm != DigestAlgorithm::kSha1 &&
         algorithm != DigestAlgorithm::kMd5;
}

bool IsMain(std::string_view type) {
  return type == "response" || type == "resource" || type == "revisit" ||
         type == "conversion";
}

// Feeds one foreign file's records into the archive.
class Importer : public RecordSink {
 public:
  Importer(ArchiveWriter& writer, const ImportOptions& options,
           ImportReport& report, std::string file, Json source)
      : writer_(writer),
        options_(options),
        report_(report),
        file_(std::move(file)),
        source_(std::move(source)) {
    writer_.index();  // from here on it is known what it may not know
  }

  void OnRecord(std::uint64_t offset, const WarcHeader& header,
                std::string_view text,
                const std::vector<std::string>& oddities) override;
  void OnBlock(std::string_view bytes) override;
  void OnEnd(std::uint64_t length, bool whole) override;
  void OnProblem(std::uint64_t offset, std::string_view code,
                 std::string text) override;

  // Logs what is open. The first error of the writer, if any.
  Status Finish();
  const std::optional<Error>& failed() const { return failed_; }

 private:
  struct Check {
    std::optional<LabelledDigest> expected;
    std::optional<DigestHasher> hasher;
    bool there = false;
    void Begin(const std::string* field);
    void Update(std::string_view bytes) {
      if (hasher) hasher->Update(bytes);
    }
    // True when it fits or was not there.
    std::optional<bool> Fits();
  };
  void Found(std::string_view code, std::uint64_t offset,
             const std::string& record, std::string text);
  void Fail(Error error) {
    if (!failed_) failed_ = std::move(error);
  }
  Result<std::optional<RecordInfo>> Known(const std::string& id);
  Result<std::optional<RecordInfo>> OriginalOf(const WarcHeader& revisit);
  void JudgeKnown();
  void JudgeRevisit(std::string& state);
  Status ReportLostRevisits();
  Status OpenDraftFor(const WarcHeader& header);
  Status CloseDraft();
  Status SyncStaged();
  void TakePayload(std::string_view bytes);
  WarcHeader OurHeader() const;
  Status Keep(bool block_checked);

  ArchiveWriter& writer_;
  const ImportOptions& options_;
  ImportReport& report_;
  std::string file_;
  Json source_;
  std::optional<Error> failed_;

  std::optional<CaptureDraft> draft_;
  std::string draft_uri_, draft_main_;  // URI and id of its main record
  Json draft_facts_;
  std::vector<std::string> staged_;  // URIs to acknowledge
  std::size_t unsynced_ = 0;
  // What the index may not know yet, by id, and the ids by URI. It is brought
  // up to date seldom: each time writes much of it anew.
  static constexpr std::size_t kMostFresh = 8192;
  std::unordered_map<std::string, RecordInfo> fresh_;
  std::unordered_multimap<std::string, std::string> fresh_of_;
  struct LostRevisit {
    WarcHeader header;
    std::uint64_t offset = 0;
  };
  std::vector<LostRevisit> lost_;  // originals may still come

  WarcHeader header_;
  std::uint64_t offset_ = 0;
  std::vector<std::string> flags_;
  std::optional<BodyWriter> body_;
  std::optional<RecordInfo> known_;    // the archive's record of this id
  std::optional<std::uint64_t> told_;  // a problem was told of this offset
  bool after_refused_ = false;
  Check block_, payload_, raw_payload_;
  Sha256Hasher own_payload_, own_block_;
  bool http_ = false, head_done_ = false, chunked_ = false;
  std::string head_;
  ChunkStripper stripper_;
  std::uint64_t payload_bytes_ = 0;
};

void Importer::Check::Begin(const std::string* field) {
  there = field != nullptr;
  expected = there ? ParseLabelledDigest(*field) : std::nullopt;
  hasher.reset();
  if (expected) hasher.emplace(expected->algorithm);
}

std::optional<bool> Importer::Check::Fits() {
  if (!hasher) return std::nullopt;
  return hasher->Finish() == *expected;
}

void Importer::Found(std::string_view code, std::uint64_t offset,
                     const std::string& record, std::string text) {
  if (report_.findings.size() >= options_.max_findings) return;
  report_.findings.push_back({std::string(code), WeightOf(code), file_, offset,
                              record, std::move(text)});
}

void Importer::OnProblem(std::uint64_t offset, std::string_view code,
                         std::string text) {
  told_ = offset;
  if (KeepsOut(code)) {
    ++report_.refused;
    text += "; kept out";
  }
  Found(code, offset, "", std::move(text));
}

Result<std::optional<RecordInfo>> Importer::Known(const std::string& id) {
  const auto fresh = fresh_.find(id);
  if (fresh != fresh_.end()) return std::optional(fresh->second);
  Index* const index = writer_.IndexAsItIs();
  if (index == nullptr) return std::optional<RecordInfo>();
  return index->Record(id);
}

// By id, else by URI and exact date, as replayers look it up.
Result<std::optional<RecordInfo>> Importer::OriginalOf(
    const WarcHeader& revisit) {
  const RecordInfo info = InfoFromHeader(revisit, "");
  const auto stands = [](const RecordInfo& r) {
    return r.type == "response" || r.type == "resource";
  };
  if (!info.refers_to.empty()) {
    STEMMA_TRY(std::optional<RecordInfo> known, Known(info.refers_to));
    if (known && stands(*known)) return known;
  }
  if (info.refers_to_uri.empty()) return std::optional<RecordInfo>();
  const auto named = [&](const RecordInfo& r) {
    return stands(r) && r.uri == info.refers_to_uri &&
           r.date == info.refers_to_date;
  };
  const auto [from, to] = fresh_of_.equal_range(info.refers_to_uri);
  for (auto it = from; it != to; ++it) {
    const RecordInfo& record = fresh_.at(it->second);
    if (named(record)) return std::optional(record);
  }
  if (Index* const index = writer_.IndexAsItIs()) {
    STEMMA_TRY(const std::vector<RecordInfo> same,
               index->ResponsesOf(info.refers_to_uri, false, 1000));
    for (const RecordInfo& record : same) {
      if (named(record)) return std::optional(record);
    }
  }
  return std::optional<RecordInfo>();
}

Status Importer::OpenDraftFor(const WarcHeader& header) {
  const std::string type = header.type();
  const std::string uri = header.target_uri();
  if (draft_) {
    // A request belongs to the response it names or that names it; anything
    // else about the same URI stays with it, too.
    const bool same =
        !IsMain(type) && (draft_main_.empty() || uri == draft_uri_);
    const bool first_main = IsMain(type) && draft_main_.empty() &&
                            (draft_uri_.empty() || draft_uri_ == uri);
    if (same || first_main) {
      if (IsMain(type)) draft_main_ = header.id();
      if (draft_uri_.empty()) draft_uri_ = uri;
      return {};
    }
    STEMMA_CHECK_OK(CloseDraft());
  }
  const TimePoint date =
      ParseTime(header.Get("WARC-Date")).value_or(TimePoint());
  auto draft =
      writer_.BeginImport(uri.empty() ? "urn:stemma:import" : uri, date);
  if (!draft) return std::move(draft).error();
  draft_.emplace(*std::move(draft));
  draft_uri_ = uri;
  draft_main_ = IsMain(type) ? header.id() : std::string();
  draft_facts_ = {{"source", source_}};
  return {};
}

Status Importer::CloseDraft() {
  if (!draft_) return {};
  std::optional<CaptureDraft> draft = std::move(draft_);
  draft_.reset();
  if (draft->records().empty()) return {};
  auto info = draft->Stage(draft_facts_);
  if (!info) return std::move(info).error();
  ++report_.captures;
  if (!draft_main_.empty()) staged_.push_back(draft_uri_);
  ++unsynced_;
  return unsynced_ >= 64 ? SyncStaged() : Status();
}

Status Importer::SyncStaged() {
  if (unsynced_ == 0) return {};
  STEMMA_CHECK_OK(writer_.Sync());
  unsynced_ = 0;
  if (fresh_.size() >= kMostFresh && writer_.index() != nullptr) {
    fresh_.clear();
    fresh_of_.clear();
  }
  if (options_.on_durable) {
    for (const std::string& uri : staged_) options_.on_durable(uri);
  }
  staged_.clear();
  return {};
}

Status Importer::Finish() {
  if (failed_) return *failed_;
  STEMMA_CHECK_OK(CloseDraft());
  STEMMA_CHECK_OK(SyncStaged());
  return ReportLostRevisits();
}

Status Importer::ReportLostRevisits() {
  for (const LostRevisit& revisit : lost_) {
    STEMMA_TRY(const std::optional<RecordInfo> original,
               OriginalOf(revisit.header));
    if (original) continue;
    Found("revisit-unresolved", revisit.offset, revisit.header.id(),
          "the record it repeats is not here; its payload is not verified");
  }
  lost_.clear();
  return {};
}

void Importer::OnRecord(std::uint64_t offset, const WarcHeader& header,
                        std::string_view, const std::vector<std::string>& odd) {
  header_ = header;
  offset_ = offset;
  flags_.clear();
  body_.reset();
  if (failed_) return;
  std::vector<std::string> breaks = WarcRuleBreaks(header);
  breaks.insert(breaks.end(), odd.begin(), odd.end());
  for (const std::string& broken : breaks) {
    const std::size_t colon = broken.find(": ");
    flags_.push_back(broken.substr(0, colon));
    Found(broken.substr(0, colon), offset, header.id(),
          broken.substr(colon + 2));
  }
  known_.reset();
  block_.Begin(header.Find("WARC-Block-Digest"));
  own_block_.Finish();
  if (header.type() == "warcinfo") return;  // of another file, not of ours
  Result<std::optional<RecordInfo>> known = Known(header.id());
  if (!known) {
    Fail(std::move(known).error());
    return;
  }
  known_ = *std::move(known);
  if (known_) return;
  // In a plain file a record whose end is wrong may have let this one in.
  if (std::exchange(after_refused_, false)) flags_.push_back("after-refused");
  if (!IsUuid(header.id())) flags_.push_back("record-id-form");
  if (Status opened = OpenDraftFor(header); !opened) {
    Fail(std::move(opened).error());
    return;
  }
  auto body = draft_->BeginRecord(header);
  if (!body) {
    Fail(std::move(body).error());
    return;
  }
  body_.emplace(*std::move(body));
  payload_.Begin(header.type() == "revisit"
                     ? nullptr
                     : header.Find("WARC-Payload-Digest"));
  raw_payload_.Begin(nullptr);
  own_payload_.Finish();
  http_ = HoldsHttp(header);
  head_done_ = !http_;
  chunked_ = false;
  head_.clear();
  stripper_ = ChunkStripper();
  payload_bytes_ = 0;
}

void Importer::OnBlock(std::string_view bytes) {
  if (known_) own_block_.Update(bytes);
  if (!body_ || failed_) return;
  if (Status put = body_->Append(bytes); !put) {
    Fail(std::move(put).error());
    return;
  }
  block_.Update(bytes);
  if (head_done_) {
    TakePayload(bytes);
    return;
  }
  const std::size_t before = head_.size();
  head_ +=
      bytes.substr(0, (256 << 10) - std::min<std::size_t>(before, 256 << 10));
  const std::size_t from = before < 3 ? 0 : before - 3;
  const std::size_t end = HttpHeadEnd(std::string_view(head_).substr(from));
  if (end == std::string_view::npos && head_.size() < (256 << 10)) return;
  if (end != std::string_view::npos) head_.resize(from + end);
  head_done_ = true;
  chunked_ = ReadHttpHead(head_).chunked;
  // Tell the commonest mistake, the digest of the body with its chunk sizes,
  // from damage.
  if (chunked_ && payload_.expected) {
    raw_payload_.Begin(header_.Find("WARC-Payload-Digest"));
  }
  TakePayload(bytes.substr(std::min(bytes.size(), head_.size() - before)));
}

void Importer::TakePayload(std::string_view bytes) {
  const auto take = [this](std::string_view p) {
    payload_bytes_ += p.size();
    payload_.Update(p);
    own_payload_.Update(p);
  };
  if (chunked_) {
    raw_payload_.Update(bytes);
    stripper_.Feed(bytes, take);
  } else {
    take(bytes);
  }
}

WarcHeader Importer::OurHeader() const {
  WarcHeader ours;
  std::vector<std::pair<std::string, std::string>> originals;
  for (const auto& [name, value] : header_.fields) {
    const bool replaced =
        std::any_of(std::begin(kOurs), std::end(kOurs),
                    [&n = name](std::string_view o) { return SameName(o, n); });
    if (SameName(name, "WARC-Target-URI")) {
      ours.Add("WARC-Target-URI", UriForHeader(header_.target_uri()));
    }
    if (SameName(name, "WARC-Date") && ParseTime(value)) {
      const std::string utc = FormatSeconds(*ParseTime(value));
      const bool good = value.ends_with('Z');
      ours.Add("WARC-Date", good ? value : utc);
      if (!good) originals.emplace_back(name, value);
      continue;
    }
    if (replaced) {
      if (!SameName(name, "Content-Length") &&
          !SameName(name, "WARC-Target-URI") && !value.starts_with("sha256:")) {
        originals.emplace_back(name, value);
      }
      continue;
    }
    ours.Add(name, value);
  }
  // A revisit states the payload digest of another record: keep it.
  if (header_.type() == "revisit") {
    if (const std::string* digest = header_.Find("WARC-Payload-Digest")) {
      ours.Add("WARC-Payload-Digest", *digest);
    }
  }
  for (const auto& [name, value] : originals) {
    ours.Add("X-Stemma-Original-" + name, value);
  }
  return ours;
}

// An id of the archive comes again: the same block is no news, another one
// must not take its place. Its bytes decide, not what its header says.
void Importer::JudgeKnown() {
  if (own_block_.Finish() == known_->block_sha256) {
    ++report_.already;
    return;
  }
  ++report_.refused;
  Found("duplicate-record-id", offset_, header_.id(),
        "kept out: the archive has another record of this id");
}

void Importer::OnEnd(std::uint64_t, bool whole) {
  if (failed_) return;
  if (known_) {
    if (whole) JudgeKnown();
    known_.reset();
    return;
  }
  if (!body_) return;
  const std::optional<bool> block = block_.Fits();
  if (!whole || (block && !*block)) {
    ++report_.refused;
    after_refused_ = true;
    // Why a record is cut has been told already.
    if (whole || told_ != offset_) {
      Found(whole ? "block-digest-mismatch" : "record-cut", offset_,
            header_.id(), "kept out: its bytes are not what its header says");
    }
    body_.reset();
    return;
  }
  if (Status kept = Keep(block.has_value()); !kept) {
    Fail(std::move(kept).error());
  }
  body_.reset();
}

// A revisit has no payload of its own: what it states is held against the
// record it repeats.
void Importer::JudgeRevisit(std::string& state) {
  const Result<std::optional<RecordInfo>> original = OriginalOf(header_);
  if (!original || !*original) {
    state = "not_checked";
    flags_.push_back("revisit-unresolved");
    if (lost_.size() < options_.max_findings)
      lost_.push_back({header_, offset_});
    return;
  }
  const std::string* stated = header_.Find("WARC-Payload-Digest");
  const std::optional<LabelledDigest> digest =
      stated == nullptr ? std::nullopt : ParseLabelledDigest(*stated);
  if (!digest || digest->algorithm != DigestAlgorithm::kSha256 ||
      !(*original)->payload_sha256) {
    state = "not_checked";
    return;
  }
  if (digest->bytes == BytesOf(*(*original)->payload_sha256)) return;
  state = "mismatch";
  flags_.push_back("revisit-digest");
  Found("revisit-digest", offset_, header_.id(),
        "the record it repeats has another payload");
}

Status Importer::Keep(bool block_checked) {
  const std::string type = header_.type();
  const std::optional<bool> payload = payload_.Fits();
  const bool digest = type == "response" || type == "resource";
  std::optional<Sha256> own;
  const Sha256 found = own_payload_.Finish();
  if (digest && payload_bytes_ > 0) own = found;
  STEMMA_TRY(const RecordInfo info, body_->FinishRecord(OurHeader(), own));
  ++report_.records;
  fresh_of_.emplace(info.uri, info.id);
  fresh_[info.id] = info;
  std::string state = block_checked || payload ? "match" : "not_checked";
  if (payload && !*payload) {
    state = "mismatch";
    const bool chunks = raw_payload_.Fits().value_or(false);
    const std::string code =
        chunks ? "payload-digest-chunked" : "payload-digest-mismatch";
    flags_.push_back(code);
    Found(code, offset_, header_.id(),
          chunks ? "taken in with its true digest; the one in its header is "
                   "that of the body with its chunk sizes, a common mistake"
                 : "taken in with its true digest; the one in its header lies");
  }
  if (type == "response" && http_ && info.status == 0) {
    flags_.push_back("response-not-http");
    Found("response-not-http", offset_, header_.id(),
          "the block of a response is no HTTP response");
  }
  if (type == "revisit") JudgeRevisit(state);
  const auto& by = block_.expected ? block_.expected : payload_.expected;
  const bool strong =
      (block_.expected && IsStrong(block_.expected->algorithm)) ||
      (payload_.expected && IsStrong(payload_.expected->algorithm));
  if (state == "match") ++report_.match;
  if (state == "mismatch") ++report_.mismatch;
  if (state == "not_checked") ++report_.not_checked;
  if (state == "match" && !strong) ++report_.weak;
  Json more = {{"verified", state}, {"source_offset", offset_}};
  if (!flags_.empty()) more["flags"] = flags_;
  if (by) more["verified_by"] = NameOf(by->algorithm);
  return draft_->Note(info.id, more);
}

Result<Json> SourceOf(const fs::path& path) {
  STEMMA_TRY(const Blob file, BlobOfFile(path.string()));
  STEMMA_TRY(const Sha256 digest, Sha256OfBlob(file));
  return Json{{"name", path.filename().string()},
              {"bytes", file.size()},
              {"sha256", digest.Hex()}};
}

Status ImportBlob(ArchiveWriter& writer, const Blob& file,
                  const std::string& name, const Json& source,
                  const ImportOptions& options, ImportReport& report) {
  Importer importer(writer, options, report, name, source);
  // The scan ends where a read fails, so that nothing is read in vain.
  const Blob watched(
      file.size(),
      [&](std::uint64_t at, std::span<char> out) -> Result<std::size_t> {
        if (importer.failed()) return *importer.failed();
        if (options.stopped && options.stopped()) {
          return Error(ErrorCode::kInterrupted, "stopped on the way");
        }
        return file.ReadAt(at, out);
      });
  Status scanned = ScanWarc(watched, importer);
  STEMMA_CHECK_OK(importer.Finish());
  return scanned;
}

}  // namespace

bool ImportReport::Clean() const {
  return refused == 0 && mismatch == 0 &&
         std::none_of(findings.begin(), findings.end(),
                      [](const CheckFinding& f) {
                        return f.weight >= Weight::kIncomplete;
                      });
}

Result<ImportReport> ImportFile(ArchiveWriter& writer, const fs::path& path,
                                const ImportOptions& options) {
  ImportReport report;
  STEMMA_TRY(const Blob file, BlobOfFile(path.string()));
  STEMMA_TRY(const std::string first, file.ReadPrefix(8));
  STEMMA_TRY(const Json source, SourceOf(path));
  if (options.reference) {
    Json facts = {{"source", source}, {"reference", true}};
    facts["source"]["path"] = fs::absolute(path).lexically_normal().string();
    STEMMA_TRY(const std::uint64_t seq, writer.AppendEvent("import", facts));
    static_cast<void>(seq);
    return report;
  }
  if (!first.starts_with("PK")) {
    Json from = source;
    STEMMA_TRY(const bool arc, IsArc(file));
    if (arc) from["format"] = "arc";
    STEMMA_CHECK_OK(ImportBlob(writer, file, path.filename().string(), from,
                               options, report));
    return report;
  }
  STEMMA_TRY(const WaczVerdict verdict,
             VerifyWacz(path, WaczTrust(), writer.Now()));
  // Without anchors a signature cannot be judged; its own digests can.
  const bool trust_only =
      verdict.code == "untrusted-root" || verdict.code.starts_with("untrusted");
  if (verdict.state == "reject" && !trust_only) {
    // Some writers of WACZ state a wrong digest of their own WARC.
    const std::string_view hint =
        verdict.code == "member-hash"
            ? "; to take the records in all the same, unpack the package and "
              "import what is in archive/"
            : "";
    return Error(ErrorCode::kMalformed,
                 fmt::format("{}: {}: {}{}", path.filename().string(),
                             verdict.code, verdict.why, hint));
  }
  STEMMA_TRY(ZipReader zip, ZipReader::Open(path));
  for (const ZipMember& member : zip.members()) {
    const std::string& name = member.name;
    if (!name.starts_with("archive/") ||
        name.find(".warc") == std::string::npos) {
      continue;
    }
    Json from = source;
    from["member"] = name;
    STEMMA_CHECK_OK(
        ImportBlob(writer, zip.BlobOf(member), name, from, options, report));
  }
  return report;
}

Result<ImportReport> ImportArticles(ArchiveWriter& writer, const fs::path& path,
                                    const ImportOptions& options) {
  ImportReport report;
  STEMMA_TRY(const Json source, SourceOf(path));
  std::vector<DerivedRecord> batch;
  std::vector<std::string> uris;
  const auto flush = [&]() -> Status {
    if (batch.empty()) return {};
    STEMMA_TRY(const CaptureInfo info,
               writer.StageRows({{"source", source}}, batch));
    static_cast<void>(info);
    STEMMA_CHECK_OK(writer.Sync());
    report.rows += batch.size();
    if (options.on_durable) {
      for (const std::string& uri : uris) options.on_durable(uri);
    }
    batch.clear();
    uris.clear();
    return {};
  };
  std::uint64_t line_number = 0;
  STEMMA_CHECK_OK(ForEachLineOf(path, [&](std::string_view line) -> Status {
    ++line_number;
    if (options.stopped && options.stopped()) {
      const Status flushed = flush();
      return flushed ? Error(ErrorCode::kInterrupted, "stopped on the way")
                     : flushed.error();
    }
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    const auto refuse = [&](std::string_view code, std::string text) {
      ++report.refused;
      if (report.findings.size() < options.max_findings) {
        report.findings.push_back(
            {std::string(code), WeightOf(code), path.filename().string(),
             std::nullopt, "", fmt::format("line {}: {}", line_number, text)});
      }
      return Status();
    };
    const Json row = Json::parse(line, nullptr, false);
    if (!row.is_object()) return refuse("bad-json", "no JSON object");
    const auto text = [&row](const char* key) {
      const auto found = row.find(key);
      return found != row.end() && found->is_string()
                 ? found->get<std::string>()
                 : std::string();
    };
    const std::string id = text("id");
    if (id.empty() || !row.contains("text") || !row["text"].is_string()) {
      return refuse("bad-row", "a row needs an \"id\" and a \"text\"");
    }
    DerivedRecord record;
    record.kind = "row";
    record.content_type = "application/json";
    record.bytes = std::string(line);
    record.uri = "urn:stemma:import:sha256:" + Sha256Of(line).Hex();
    if (Index* index = writer.index()) {
      const auto known = index->PublicationById(id);
      if (known && *known) {
        const auto stored = index->Record((*known)->record_id);
        if (stored && *stored && (*stored)->uri == record.uri) {
          ++report.already;
          return {};
        }
      }
    }
    uris.push_back(text("url").empty() ? record.uri : text("url"));
    batch.push_back(std::move(record));
    return batch.size() >= 150 ? flush() : Status();
  }));
  STEMMA_CHECK_OK(flush());
  return report;
}

}  // namespace stemma

#include "archive/proof_export.h"

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "archive/certificates.h"
#include "archive/checkpoint.h"
#include "archive/durable_file.h"
#include "archive/evidence_log.h"
#include "archive/index.h"
#include "archive/jcs.h"
#include "archive/keys.h"
#include "archive/log_file.h"
#include "archive/merkle.h"
#include "archive/proof_certificates.h"
#include "archive/proof_script.h"
#include "archive/record_scan.h"
#include "archive/redaction.h"
#include "archive/signing.h"
#include "archive/tsa.h"
#include "archive/zstd_frames.h"
#include "core/base64.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMaxManifestFile = std::size_t{4} << 20;

// Writes chosen records of a bundle to files while it collects the leaves of
// all of them.
class RecordExtractor : public RecordSink {
 public:
  // `wanted`: where a record begins, and the file it goes to.
  explicit RecordExtractor(std::map<std::uint64_t, fs::path> wanted)
      : wanted_(std::move(wanted)) {}

  void OnRecord(std::uint64_t offset, const WarcHeader&, std::string_view text,
                const std::vector<std::string>&) override {
    leaf_.Update(std::string_view("\0", 1));
    offset_ = offset;
    const auto file = wanted_.find(offset);
    if (file != wanted_.end()) {
      out_.open(file->second, std::ios::binary | std::ios::trunc);
    }
    Take(text);
  }
  void OnBlock(std::string_view bytes) override { Take(bytes); }
  void OnEnd(std::uint64_t, bool whole) override {
    Take("\r\n\r\n");
    const Sha256 leaf = leaf_.Finish();
    failed_ = failed_ || out_.fail();
    out_.close();
    out_.clear();
    if (!whole) return;
    if (wanted_.contains(offset_)) found_[offset_] = leaves_.size();
    leaves_.push_back(leaf);
  }
  void OnProblem(std::uint64_t, std::string_view, std::string) override {}

  // All leaves of the bundle, the redacted ones in their places; call once.
  std::vector<Sha256> Leaves(const Redactions& redacted) {
    std::vector<Sha256> all;
    std::vector<std::uint64_t> moved;
    const auto fill = [&] {
      for (auto gone = redacted.find(all.size()); gone != redacted.end();
           gone = redacted.find(all.size())) {
        all.push_back(gone->second);
      }
    };
    for (const Sha256& leaf : leaves_) {
      fill();
      moved.push_back(all.size());
      all.push_back(leaf);
    }
    fill();
    for (auto& [offset, index] : found_) index = moved.at(index);
    return all;
  }
  const std::map<std::uint64_t, std::uint64_t>& found() const { return found_; }
  bool failed() const { return failed_; }

 private:
  void Take(std::string_view bytes) {
    leaf_.Update(bytes);
    if (out_.is_open()) {
      out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
  }

  std::map<std::uint64_t, fs::path> wanted_;
  std::map<std::uint64_t, std::uint64_t> found_;  // offset -> index
  std::vector<Sha256> leaves_;
  Sha256Hasher leaf_;
  std::ofstream out_;
  std::uint64_t offset_ = 0;
  bool failed_ = false;
};

class EvidenceExport {
 public:
  EvidenceExport(ArchiveReader& reader, fs::path folder,
                 const ProofExportOptions& options)
      : reader_(reader),
        folder_(std::move(folder)),
        options_(options),
        manifest_(reader.dir() / "manifest") {}

  Result<ProofExportReport> Run() {
    STEMMA_CHECK_OK(MakeFolder());
    STEMMA_CHECK_OK(CopyManifest());
    STEMMA_CHECK_OK(ReadLog());
    STEMMA_CHECK_OK(WriteKeys());
    STEMMA_TRY(const std::vector<CaptureRow> captures, Captures());
    for (const CaptureRow& capture : captures) {
      STEMMA_CHECK_OK(WriteCapture(capture));
    }
    STEMMA_CHECK_OK(WriteConnections(captures));
    if (options_.captures.empty()) {
      STEMMA_CHECK_OK(CopyBundles());
    } else {
      STEMMA_CHECK_OK(WriteRecords(captures));
      STEMMA_CHECK_OK(WriteHandover(captures));
    }
    STEMMA_CHECK_OK(WriteDurably(folder_ / "README.txt", EvidenceReadme()));
    STEMMA_CHECK_OK(WriteDurably(folder_ / "verify.sh", VerifyScript(), 0755));
    report_.captures = captures.size();
    return report_;
  }

 private:
  Status MakeFolder() {
    std::error_code failed;
    if (fs::exists(folder_, failed) && !fs::is_empty(folder_, failed)) {
      return Error(ErrorCode::kRefused,
                   folder_.string() + ": exists and is not empty");
    }
    fs::create_directories(folder_, failed);
    if (failed) {
      return Error(ErrorCode::kIo, "making folder " + folder_.string() + ": " +
                                       failed.message());
    }
    return {};
  }

  Status Copy(const fs::path& from, const fs::path& to) {
    std::error_code failed;
    fs::create_directories(to.parent_path(), failed);
    fs::copy_file(from, to, failed);
    if (failed) {
      return Error(ErrorCode::kIo,
                   "copying " + from.string() + ": " + failed.message());
    }
    return {};
  }

  Status CopyManifest() {
    std::error_code failed;
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(manifest_, failed)) {
      const std::string name = entry.path().filename().string();
      // The copy `checkpoint` would only say twice what a number says.
      if (name == "events.jsonl" || name.starts_with("checkpoint.")) {
        paths.push_back(entry.path());
      }
    }
    for (const fs::path& path : paths) {
      STEMMA_CHECK_OK(Copy(path, folder_ / path.filename()));
    }
    return {};
  }

  Status ReadLog() {
    LogScan scan;
    scan.manifest = folder_;
    FindingList ignored;
    STEMMA_TRY(log_, ScanLog(scan, ignored));
    STEMMA_TRY(newest_, NewestCheckpoint(folder_));
    return {};
  }

  // Every key the log names, and the certificates inside the tokens.
  Status WriteKeys() {
    std::vector<std::string> vkeys;
    if (!log_.vkey.empty()) vkeys.push_back(log_.vkey);
    for (const LoggedKeyChange& change : log_.key_changes) {
      if (!change.new_key.empty()) vkeys.push_back(change.new_key);
    }
    int number = 0;
    for (const std::string& text : vkeys) {
      const Result<VerifierKey> key = ParseVerifierKey(text);
      if (!key) continue;
      const std::string name =
          number == 0 ? "log" : "log-" + std::to_string(number);
      ++number;
      STEMMA_CHECK_OK(WriteDurably(folder_ / (name + ".vkey"), text + "\n"));
      STEMMA_CHECK_OK(
          WriteDurably(folder_ / (name + ".pub.pem"), PublicKeyPem(*key)));
    }
    return WriteTokenCertificates();
  }

  Status WriteTokenCertificates() {
    std::set<std::string> pems;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder_, failed)) {
      if (!entry.path().string().ends_with(".tsr")) continue;
      STEMMA_TRY(const std::string bytes,
                 ReadRegularFile(entry.path(), kMaxManifestFile));
      for (std::string& pem : TokenCertificates(bytes)) {
        pems.insert(std::move(pem));
      }
    }
    if (pems.empty()) return {};
    std::string all;
    for (const std::string& pem : pems) all += pem;
    return WriteDurably(folder_ / "tsa-certificates.pem", all);
  }

  Result<std::vector<CaptureRow>> Captures() {
    std::vector<CaptureRow> rows;
    for (const std::string& id : options_.captures) {
      STEMMA_TRY(CaptureRow row, reader_.CaptureById(id));
      rows.push_back(std::move(row));
    }
    return rows;
  }

  // The event line and its proof in the newest checkpoint.
  Status WriteCapture(const CaptureRow& capture) {
    const std::string stem = "capture-" + std::to_string(capture.seq);
    STEMMA_TRY(LogFile log, LogFile::Open(folder_ / "events.jsonl"));
    STEMMA_TRY(const std::string line, log.Line(capture.seq));
    STEMMA_CHECK_OK(WriteDurably(folder_ / (stem + ".event.json"), line));
    if (!newest_ || newest_->size <= capture.seq) {
      report_.warnings.push_back("event " + std::to_string(capture.seq) +
                                 " is not covered by a checkpoint yet: sign "
                                 "first (stemma key sign)");
      return {};
    }
    TlogProof proof;
    proof.index = capture.seq;
    TileReader tiles(manifest_, newest_->size);
    auto hashes = InclusionProof(tiles.Source(), capture.seq, newest_->size);
    if (!hashes) {
      // Tiles are a convenience; the log itself always suffices.
      STEMMA_TRY(const std::vector<Sha256> leaves, Leaves(log));
      hashes = InclusionProof(NodesOf(leaves), capture.seq, newest_->size);
    }
    if (!hashes) return hashes.error();
    proof.hashes = *std::move(hashes);
    STEMMA_TRY(proof.checkpoint,
               ReadRegularFile(
                   folder_ / ("checkpoint." + std::to_string(newest_->size)),
                   kMaxManifestFile));
    return WriteDurably(folder_ / (stem + ".tlog-proof"),
                        FormatTlogProof(proof));
  }

  // What their servers showed of themselves, or with everything all of it.
  Status WriteConnections(const std::vector<CaptureRow>& captures) {
    std::vector<std::string> events;
    for (const CaptureRow& capture : captures) events.push_back(capture.event);
    STEMMA_TRY(not_given_, WriteCertificates(reader_, folder_, events,
                                             options_.captures.empty()));
    for (const std::string& digest : not_given_) {
      report_.warnings.push_back("certificate or OCSP response " + digest +
                                 " is in no record any more");
    }
    return {};
  }

  Result<std::vector<Sha256>> Leaves(LogFile& log) {
    std::vector<Sha256> leaves;
    STEMMA_CHECK_OK(
        log.ForEachFrom(0, [&](std::uint64_t, std::string_view line) -> Status {
          leaves.push_back(LeafHash(line));
          return {};
        }));
    return leaves;
  }

  Status CopyBundles() {
    std::error_code failed;
    for (const auto& entry :
         fs::directory_iterator(reader_.dir() / "bundles", failed)) {
      if (!entry.is_regular_file()) continue;
      STEMMA_CHECK_OK(
          Copy(entry.path(), folder_ / "bundles" / entry.path().filename()));
      if (entry.path().string().ends_with(".warc.zst")) ++report_.bundles;
    }
    return {};
  }

  // The captures' records, each with its place under the bundle's root.
  Status WriteRecords(const std::vector<CaptureRow>& captures) {
    std::map<std::string, std::map<std::uint64_t, fs::path>> wanted;
    std::error_code failed;
    fs::create_directories(folder_ / "records", failed);
    for (const CaptureRow& capture : captures) {
      STEMMA_TRY(const std::vector<RecordInfo> records,
                 reader_.index().RecordsOf(capture.id));
      int number = 0;
      for (const RecordInfo& record : records) {
        wanted[record.bundle][record.offset] =
            folder_ / "records" /
            (std::to_string(capture.seq) + "-" + std::to_string(number++) +
             ".warc");
      }
    }
    for (auto& [bundle, files] : wanted) {
      STEMMA_CHECK_OK(DropRedacted(bundle, files));
      STEMMA_CHECK_OK(ExtractFrom(bundle, files));
    }
    return {};
  }

  // What was taken out by decision cannot be given.
  Status DropRedacted(const std::string& bundle,
                      std::map<std::uint64_t, fs::path>& files) {
    const auto logged = log_.bundles.find(bundle);
    if (logged == log_.bundles.end() || logged->second.redacted.empty()) {
      return {};
    }
    STEMMA_TRY(const Blob file, BlobOfFile((reader_.dir() / bundle).string()));
    std::erase_if(files, [&](const auto& item) {
      std::string magic(4, '\0');
      const auto n = file.ReadAt(item.first, magic);
      const bool gone = n && magic == VoidFrame(8).substr(0, 4);
      if (gone) {
        report_.warnings.push_back(item.second.filename().string() +
                                   " was redacted and is not given");
      }
      return gone;
    });
    return {};
  }

  Status ExtractFrom(const std::string& bundle,
                     const std::map<std::uint64_t, fs::path>& files) {
    std::error_code failed;
    fs::path path = reader_.dir() / bundle;
    if (!fs::exists(path, failed)) path += ".open";
    STEMMA_TRY(const Blob file, BlobOfFile(path.string()));
    RecordExtractor extractor(files);
    STEMMA_CHECK_OK(ScanWarc(file, extractor));
    if (extractor.failed()) {
      return Error(ErrorCode::kIo, "writing records of " + bundle);
    }
    const auto logged = log_.bundles.find(bundle);
    const bool sealed =
        logged != log_.bundles.end() && logged->second.records_root;
    const std::vector<Sha256> leaves =
        extractor.Leaves(sealed ? logged->second.redacted : Redactions());
    for (const auto& [offset, target] : files) {
      const auto index = extractor.found().find(offset);
      if (index == extractor.found().end()) {
        return Error(ErrorCode::kCorrupt,
                     bundle + ": no record at " + std::to_string(offset));
      }
      ++report_.records;
      if (!sealed) continue;
      STEMMA_CHECK_OK(WriteRecordProof(bundle, leaves, index->second, target));
    }
    if (!sealed) {
      report_.warnings.push_back(bundle +
                                 " is not sealed: its records have no proof");
    }
    return {};
  }

  Status WriteRecordProof(const std::string& bundle,
                          const std::vector<Sha256>& leaves,
                          std::uint64_t index, const fs::path& record) {
    RecordProof proof;
    proof.bundle = bundle;
    proof.index = index;
    proof.records = leaves.size();
    proof.leaf = leaves.at(index);
    proof.root = RootOf(leaves);
    STEMMA_TRY(proof.hashes,
               InclusionProof(NodesOf(leaves), index, leaves.size()));
    fs::path path = record;
    path.replace_extension(".proof.json");
    return WriteDurably(path, FormatRecordProof(proof));
  }

  Status WriteHandover(const std::vector<CaptureRow>& captures) {
    Json list = Json::array();
    for (const CaptureRow& capture : captures) {
      list.push_back({{"id", capture.id},
                      {"seq", capture.seq},
                      {"target", capture.target}});
    }
    const Json handover = {
        {"about",
         "some captures of a log: bundles that are not here were not handed "
         "over"},
        {"captures", list},
        {"certificates_not_given", not_given_},
        {"made", FormatSeconds(options_.now)},
        {"software", options_.software}};
    return WriteDurably(folder_ / "handover.json", Jcs(handover) + "\n");
  }

  ArchiveReader& reader_;
  fs::path folder_;
  const ProofExportOptions& options_;
  fs::path manifest_;
  LogFacts log_;
  std::optional<Checkpoint> newest_;
  std::set<std::string> not_given_;  // digests of connections' files
  ProofExportReport report_;
};

std::optional<Sha256> HashOfBase64(const Json& text) {
  if (!text.is_string()) return std::nullopt;
  const auto bytes = BytesOfBase64(text.get_ref<const std::string&>());
  if (!bytes || bytes->size() != 32) return std::nullopt;
  return Sha256::Parse(HexOf(*bytes));
}

}  // namespace

std::string FormatRecordProof(const RecordProof& proof) {
  Json hashes = Json::array();
  for (const Sha256& hash : proof.hashes) {
    hashes.push_back(Base64Of(BytesOf(hash)));
  }
  return Json{{"bundle", proof.bundle},   {"index", proof.index},
              {"records", proof.records}, {"leaf_sha256", proof.leaf.Hex()},
              {"proof_b64", hashes},      {"records_root", proof.root.Hex()}}
             .dump(1) +
         "\n";
}

Result<RecordProof> ParseRecordProof(std::string_view text) {
  const Error wrong(ErrorCode::kMalformed, "not a proof of a record");
  const Result<Json> json = ParseStrict(text, {.max_bytes = 1 << 20});
  if (!json || !json->is_object()) return wrong;
  RecordProof proof;
  const auto text_of = [&](const char* key) {
    const auto at = json->find(key);
    return at != json->end() && at->is_string() ? at->get<std::string>()
                                                : std::string();
  };
  proof.bundle = text_of("bundle");
  const auto leaf = Sha256::Parse(text_of("leaf_sha256"));
  const auto root = Sha256::Parse(text_of("records_root"));
  const auto index = json->find("index");
  const auto records = json->find("records");
  const auto hashes = json->find("proof_b64");
  if (!leaf || !root || index == json->end() || records == json->end() ||
      !index->is_number_unsigned() || !records->is_number_unsigned() ||
      hashes == json->end() || !hashes->is_array()) {
    return wrong;
  }
  proof.leaf = *leaf;
  proof.root = *root;
  proof.index = index->get<std::uint64_t>();
  proof.records = records->get<std::uint64_t>();
  for (const Json& item : *hashes) {
    const std::optional<Sha256> hash = HashOfBase64(item);
    if (!hash) return wrong;
    proof.hashes.push_back(*hash);
  }
  return proof;
}

Result<ProofExportReport> ExportEvidence(ArchiveReader& reader,
                                         const fs::path& folder,
                                         const ProofExportOptions& options) {
  return EvidenceExport(reader, folder, options).Run();
}

}  // namespace stemma

#include "archive/evidence_handover.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <system_error>
#include <utility>

#include "archive/durable_file.h"
#include "archive/proof_export.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxProof = std::size_t{1} << 20;

// Names in `folder` with this ending, sorted.
std::vector<std::string> NamesWith(const fs::path& folder,
                                   std::string_view ending) {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(ending)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string WithEnding(const std::string& name, std::string_view from,
                       std::string_view to) {
  return name.substr(0, name.size() - from.size()) + std::string(to);
}

// The leaf hash of a file, however large.
std::optional<Sha256> LeafOfFile(const fs::path& path) {
  std::error_code failed;
  if (!fs::is_regular_file(fs::symlink_status(path, failed))) {
    return std::nullopt;
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  Sha256Hasher hasher;
  hasher.Update(std::string_view("\0", 1));
  std::array<char, 64 << 10> buffer{};
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    hasher.Update({buffer.data(), static_cast<std::size_t>(in.gcount())});
  }
  return hasher.Finish();
}

class HandoverChecker {
 public:
  HandoverChecker(const fs::path& folder, const LogFacts& log,
                  const std::map<std::uint64_t, Checkpoint>& verified,
                  EvidenceReport& report, FindingList& findings)
      : folder_(folder),
        log_(log),
        verified_(verified),
        report_(report),
        findings_(findings) {}

  void Run() {
    constexpr std::string_view kEvent = ".tlog-proof";
    for (const std::string& name : NamesWith(folder_, kEvent)) {
      CheckEvent(name, WithEnding(name, kEvent, ".event.json"));
    }
    constexpr std::string_view kRecord = ".proof.json";
    for (const std::string& name : NamesWith(folder_ / "records", kRecord)) {
      CheckRecord("records/" + name,
                  "records/" + WithEnding(name, kRecord, ".warc"));
    }
    for (const std::string& name : NamesWith(folder_ / "records", ".warc")) {
      std::error_code failed;
      if (fs::exists(folder_ / "records" / WithEnding(name, ".warc", kRecord),
                     failed)) {
        continue;
      }
      report_.not_checked.push_back("records/" + name + ": has no proof");
    }
  }

 private:
  void Report(std::string code, Weight weight, const std::string& where,
              std::string what) {
    findings_.Add(
        {std::move(code), weight, where, std::move(what), std::nullopt});
  }

  void CheckEvent(const std::string& name, const std::string& event) {
    const Result<std::string> bytes =
        ReadRegularFile(folder_ / name, kMaxProof);
    const Result<TlogProof> proof =
        bytes ? ParseTlogProof(*bytes) : Result<TlogProof>(bytes.error());
    if (!proof) {
      Report("proof-invalid", Weight::kAltered, name, proof.error().message());
      return;
    }
    const Result<Note> note = ParseNote(proof->checkpoint);
    const Result<Checkpoint> checkpoint =
        note ? ParseCheckpointText(note->text)
             : Result<Checkpoint>(note.error());
    const auto ours =
        checkpoint ? verified_.find(checkpoint->size) : verified_.end();
    if (ours == verified_.end() || ours->second.root != checkpoint->root ||
        !CarriesOurs(*proof, checkpoint->size)) {
      Report("proof-invalid", Weight::kAltered, name,
             "it leads to a checkpoint that was not verified");
      return;
    }
    const std::string file = fs::exists(folder_ / event)
                                 ? event
                                 : WithEnding(event, ".event.json", ".json");
    const std::optional<Sha256> leaf = LeafOfFile(folder_ / file);
    if (!leaf) {
      Report("event-missing", Weight::kIncomplete, event,
             name + " is its proof");
      return;
    }
    const Status good = VerifyInclusion(*leaf, proof->index, ours->second.size,
                                        proof->hashes, ours->second.root);
    if (!good) {
      Report("proof-invalid", Weight::kAltered, name, good.error().message());
    }
  }

  // The note inside a proof is the one verified beside it, byte for byte.
  bool CarriesOurs(const TlogProof& proof, std::uint64_t size) const {
    const std::string name = "checkpoint." + std::to_string(size);
    for (const std::string& file : {name, name + ".cosigned"}) {
      const Result<std::string> bytes =
          ReadRegularFile(folder_ / file, kMaxProof);
      if (bytes && *bytes == proof.checkpoint) return true;
    }
    return false;
  }

  void CheckRecord(const std::string& name, const std::string& record) {
    const Result<std::string> bytes =
        ReadRegularFile(folder_ / name, kMaxProof);
    const Result<RecordProof> proof =
        bytes ? ParseRecordProof(*bytes) : Result<RecordProof>(bytes.error());
    if (!proof) {
      Report("proof-invalid", Weight::kAltered, name, proof.error().message());
      return;
    }
    // What counts is what the signed log says of the bundle.
    const auto bundle = log_.bundles.find(proof->bundle);
    if (bundle == log_.bundles.end() || !bundle->second.records_root ||
        *bundle->second.records_root != proof->root.Hex() ||
        bundle->second.records != proof->records) {
      Report(
          "proof-invalid", Weight::kAltered, name,
          "the log states another root over the records of " + proof->bundle);
      return;
    }
    const std::optional<Sha256> leaf = LeafOfFile(folder_ / record);
    if (!leaf) {
      Report("record-missing", Weight::kIncomplete, record,
             name + " is its proof");
    } else if (*leaf != proof->leaf) {
      Report("record-digest-mismatch", Weight::kAltered, record,
             "not the record that " + name + " proves");
    } else if (const Status good =
                   VerifyInclusion(*leaf, proof->index, proof->records,
                                   proof->hashes, proof->root);
               !good) {
      Report("proof-invalid", Weight::kAltered, name, good.error().message());
    }
  }

  const fs::path& folder_;
  const LogFacts& log_;
  const std::map<std::uint64_t, Checkpoint>& verified_;
  EvidenceReport& report_;
  FindingList& findings_;
};

}  // namespace

void CheckHandover(const fs::path& folder, const LogFacts& log,
                   const std::map<std::uint64_t, Checkpoint>& verified,
                   EvidenceReport& report, FindingList& findings) {
  HandoverChecker(folder, log, verified, report, findings).Run();
}

}  // namespace stemma

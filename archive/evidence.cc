#include "archive/evidence.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/durable_file.h"
#include "archive/event_line.h"
#include "archive/evidence_bundles.h"
#include "archive/evidence_files.h"
#include "archive/evidence_handover.h"
#include "archive/evidence_keys.h"
#include "archive/evidence_log.h"
#include "archive/evidence_time.h"
#include "archive/proof_certificates.h"
#include "archive/signing.h"
#include "core/base64.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

// The size a checkpoint states, before anything about it is believed.
std::optional<Checkpoint> Claimed(const std::string& bytes) {
  const Result<Note> note = ParseNote(bytes);
  if (!note) return std::nullopt;
  const Result<Checkpoint> checkpoint = ParseCheckpointText(note->text);
  if (!checkpoint) return std::nullopt;
  return *checkpoint;
}

std::optional<VerifierKey> KeyOf(const std::string& vkey) {
  Result<VerifierKey> key = ParseVerifierKey(vkey);
  if (!key) return std::nullopt;
  return *std::move(key);
}

}  // namespace

// --- The check ---------------------------------------------------------------

namespace {

class EvidenceChecker {
 public:
  EvidenceChecker(ManifestFiles files, const EvidenceTrust& trust,
                  const EvidenceOptions& options)
      : files_(std::move(files)), trust_(trust), options_(options) {}

  Result<EvidenceReport> Run() {
    CollectFiles(files_, findings_);
    std::vector<JudgedToken> tokens = JudgeTokens(
        files_.tokens, files_.checkpoints, trust_, report_, findings_);
    STEMMA_CHECK_OK(ReadLog(tokens));
    ChooseKeys();
    FollowRotations();
    for (const auto& [size, bytes] : files_.checkpoints) {
      CheckCheckpoint(size, bytes);
    }
    CheckCosigned();
    CheckOtherNotes();
    CheckNewest();
    CheckLastSeen();
    CheckOrphanTokens(tokens);
    CheckOtsProofs(files_.ots, files_.checkpoints, report_, findings_);
    report_.times = MatchAnchors(log_, tokens, files_.manifest, findings_);
    // A time proves nothing about events its checkpoint does not fit.
    std::erase_if(report_.times, [&](const TimeProof& proof) {
      return !verified_.contains(proof.size);
    });
    if (options_.bundles) {
      CheckBundles({files_.root, files_.manifest, HandedOverInPart()}, log_,
                   report_, findings_);
    } else {
      report_.not_checked.push_back("the bundles");
    }
    if (!files_.archive) {
      CheckHandover(files_.root, log_, verified_, report_, findings_);
      CheckCertificates(files_.root, trust_, report_, findings_);
    }
    report_.not_checked.push_back(
        "that the servers sent the same to other visitors (TLS leaves no "
        "signature on content)");
    Conclude();
    return std::move(report_);
  }

 private:
  void Report(std::string code, Weight weight, std::string where,
              std::string what,
              std::optional<std::uint64_t> seq = std::nullopt) {
    findings_.Add(
        {std::move(code), weight, std::move(where), std::move(what), seq});
  }

  Status ReadLog(const std::vector<JudgedToken>& tokens) {
    LogScan scan;
    scan.manifest = files_.manifest;
    scan.tokens = &tokens;
    scan.progress = options_.progress;
    scan.tiles_expected = files_.archive;
    const auto want = [&](const std::string& bytes) {
      if (const auto claimed = Claimed(bytes)) scan.sizes.insert(claimed->size);
    };
    for (const auto& [size, bytes] : files_.checkpoints) {
      want(bytes);
      scan.tile_size = std::max(scan.tile_size, size);
    }
    for (const auto& [name, bytes] : files_.other_notes) want(bytes);
    if (files_.copy) want(*files_.copy);
    if (!trust_.last_checkpoint.empty()) want(trust_.last_checkpoint);
    std::error_code failed;
    const fs::path path = files_.manifest / "events.jsonl";
    const fs::file_status status = fs::symlink_status(path, failed);
    if (!fs::exists(status)) {
      Report("log-missing", Weight::kIncomplete, "events.jsonl",
             "the log itself is gone");
      return {};
    }
    if (!fs::is_regular_file(status)) return {};  // said already
    STEMMA_TRY(log_, ScanLog(scan, findings_));
    report_.events = log_.lines;
    report_.bytes_checked += log_.bytes;
    return {};
  }

  void ChooseKeys() {
    for (const VerifierKey& key : trust_.keys) {
      ring_.Trust(key);
      if (key.kind == KeyKind::kLog && report_.origin.empty()) {
        report_.origin = key.name;
        report_.key_pinned = true;
      }
    }
    if (report_.key_pinned && !log_.origin.empty() &&
        log_.origin != report_.origin) {
      Report("wrong-origin", Weight::kAltered, "events.jsonl",
             "the log calls itself \"" + log_.origin +
                 "\", the pinned key is "
                 "of \"" +
                 report_.origin + "\"");
    }
    if (report_.key_pinned) return;
    report_.origin = log_.origin;
    if (const auto announced = KeyOf(log_.vkey)) {
      ring_.Trust(*announced);
      Report("key-not-pinned", Weight::kWarning, "",
             "trust on first use: the key is the one the log itself announces; "
             "pin it with --vkey " +
                 announced->Text());
      if (report_.origin.empty()) report_.origin = announced->name;
    }
    report_.not_checked.push_back(
        "whose key it is: no key was pinned, the log's own word was taken");
  }

  // A pinned key of a time before or after a rotation stands for the other.
  void FollowRotations() {
    for (bool more = true; more;) {
      more = false;
      for (const LoggedKeyChange& change : log_.key_changes) {
        if (change.revoke) continue;
        const auto old_key = KeyOf(change.old_key);
        const auto new_key = KeyOf(change.new_key);
        if (!old_key || !new_key || !VouchedFor(change.seq)) continue;
        if (ring_.Has(*old_key) && !ring_.Has(*new_key)) {
          ring_.TrustFrom(*new_key, change.seq);
          more = true;
        } else if (ring_.Has(*new_key) && !ring_.Has(*old_key)) {
          ring_.Trust(*old_key);
          more = true;
        }
      }
    }
    for (const LoggedKeyChange& change : log_.key_changes) {
      if (change.revoke) ApplyRevocation(change);
    }
    // Witnesses a hand-over brings along are verified, though not pinned.
    for (const std::string& text : files_.key_files) {
      const auto key = KeyOf(text);
      if (key && key->kind == KeyKind::kWitness && !ring_.Has(*key)) {
        unpinned_witnesses_.push_back(*key);
      }
    }
  }

  // Whether a checkpoint over more than `seq` events, with the root we
  // computed, is signed by a key trusted so far.
  bool VouchedFor(std::uint64_t seq) const {
    for (const auto& [size, bytes] : files_.checkpoints) {
      if (size <= seq) continue;
      CheckpointFault fault;
      const auto opened =
          OpenCheckpoint(bytes, report_.origin, ring_.For(size), fault);
      if (!opened || opened->checkpoint.size != size) continue;
      const auto root = log_.roots.find(size);
      if (root != log_.roots.end() && root->second == opened->checkpoint.root) {
        return true;
      }
    }
    return false;
  }

  void ApplyRevocation(const LoggedKeyChange& change) {
    const auto revoked = KeyOf(change.old_key);
    const auto by = KeyOf(change.by);
    const auto recovery = KeyOf(log_.recovery_vkey);
    const auto signature = BytesOfBase64(change.signature);
    const bool allowed =
        by && (ring_.Has(*by) || (recovery && *recovery == *by));
    if (!revoked || !allowed || !signature ||
        !VerifyEd25519(by->public_key,
                       RevocationText(report_.origin, *revoked, change.reason),
                       *signature)) {
      Report("revocation-invalid", Weight::kWarning,
             "event " + std::to_string(change.seq),
             "a key.revoke that no key entitled to it signed; ignored",
             change.seq);
      return;
    }
    ring_.Revoke(*revoked, change.seq);
    Report("key-revoked", Weight::kNote, "event " + std::to_string(change.seq),
           "from here on " + revoked->Text() + " counts no more", change.seq);
  }

  std::vector<VerifierKey> KeysFor(std::uint64_t size) const {
    std::vector<VerifierKey> keys = ring_.For(size);
    keys.insert(keys.end(), unpinned_witnesses_.begin(),
                unpinned_witnesses_.end());
    return keys;
  }

  // Signature, origin, size and root of one checkpoint.
  std::optional<SignedCheckpoint> CheckNote(const std::string& where,
                                            const std::string& bytes) {
    const auto claimed = Claimed(bytes);
    const std::uint64_t size = claimed ? claimed->size : 0;
    CheckpointFault fault;
    auto opened = OpenCheckpoint(bytes, report_.origin, KeysFor(size), fault);
    if (!opened) {
      const bool no_key = ring_.All().empty();
      Report(
          no_key ? "key-unknown" : fault.code,
          no_key ? Weight::kCannotCheck : Weight::kAltered, where,
          no_key ? "no key to check it with: give one with --vkey" : fault.why);
      return std::nullopt;
    }
    return opened;
  }

  void CheckCheckpoint(std::uint64_t size, const std::string& bytes) {
    const std::string where = "checkpoint." + std::to_string(size);
    const auto opened = CheckNote(where, bytes);
    if (!opened) return;
    const Checkpoint& checkpoint = opened->checkpoint;
    if (checkpoint.size != size) {
      Report(
          checkpoint.size < size ? "rollback" : "checkpoint-malformed",
          Weight::kAltered, where,
          "it holds a checkpoint of size " + std::to_string(checkpoint.size));
      return;
    }
    if (!CheckRoot(where, checkpoint)) return;
    verified_[size] = checkpoint;
    report_.newest = checkpoint;
    report_.signers.clear();
    for (const VerifiedBy& by : opened->verified) {
      report_.signers.push_back(by.key.Text());
    }
  }

  // Does the log begin with what the checkpoint covers?
  bool CheckRoot(const std::string& where, const Checkpoint& checkpoint) {
    if (checkpoint.size > log_.lines) {
      Report("log-shorter-than-checkpoint", Weight::kAltered, where,
             "it covers " + std::to_string(checkpoint.size) +
                 " events, the log has " + std::to_string(log_.lines) +
                 (log_.torn ? " and a torn line" : ""));
      return false;
    }
    const auto root = log_.roots.find(checkpoint.size);
    if (root == log_.roots.end() || root->second != checkpoint.root) {
      Report("root-mismatch", Weight::kAltered, where,
             "the first " + std::to_string(checkpoint.size) +
                 " events are not those that were signed");
      return false;
    }
    return true;
  }

  void CheckCosigned() {
    for (const auto& [size, bytes] : files_.cosigned) {
      const std::string where =
          "checkpoint." + std::to_string(size) + ".cosigned";
      const auto opened = CheckNote(where, bytes);
      if (!opened) continue;
      const auto plain = files_.checkpoints.find(size);
      if (plain == files_.checkpoints.end()) {
        Report("checkpoint-missing", Weight::kIncomplete,
               "checkpoint." + std::to_string(size),
               "only its cosigned copy is there");
        MissingOrRollback(size, where);
        continue;
      }
      const Result<Note> note = ParseNote(plain->second);
      if (!note || note->text != opened->note.text) {
        Report("equivocation", Weight::kAltered, where,
               "witnesses signed another checkpoint of this size");
        continue;
      }
      ReportWitnesses(*opened, where);
    }
  }

  void ReportWitnesses(const SignedCheckpoint& opened,
                       const std::string& where) {
    for (const NoteSignature& signature : opened.note.signatures) {
      const auto by =
          std::find_if(opened.verified.begin(), opened.verified.end(),
                       [&](const VerifiedBy& v) {
                         return v.key.name == signature.name &&
                                v.key.Id() == signature.key_id;
                       });
      if (by == opened.verified.end()) {
        report_.not_checked.push_back(where + ": the signature of " +
                                      signature.name + ", an unknown key");
      } else if (by->key.kind == KeyKind::kWitness && !ring_.Has(by->key)) {
        report_.not_checked.push_back(where + ": who the witness " +
                                      signature.name +
                                      " is (its key came with the folder)");
      }
    }
  }

  // Notes by other names: two signed checkpoints of one size with different
  // roots prove that the log showed two faces.
  void CheckOtherNotes() {
    for (const auto& [name, bytes] : files_.other_notes) {
      const auto claimed = Claimed(bytes);
      CheckpointFault fault;
      const auto opened = claimed
                              ? OpenCheckpoint(bytes, report_.origin,
                                               KeysFor(claimed->size), fault)
                              : std::nullopt;
      if (!opened) {
        Report("unexpected-file", Weight::kWarning, name,
               "no checkpoint, timestamp or tile has this name");
        continue;
      }
      const auto same = files_.checkpoints.find(opened->checkpoint.size);
      const auto ours = same == files_.checkpoints.end()
                            ? std::nullopt
                            : Claimed(same->second);
      if (ours && ours->root != opened->checkpoint.root) {
        Report("equivocation", Weight::kAltered, name,
               "signed like checkpoint." +
                   std::to_string(opened->checkpoint.size) +
                   ", with another root: two faces of one log");
      } else {
        CheckRoot(name, opened->checkpoint);
      }
    }
  }

  // `checkpoint` is a copy of the newest; what lies beyond it is unsigned.
  void CheckNewest() {
    if (files_.checkpoints.empty()) {
      if (files_.copy) {
        Report("checkpoint-missing", Weight::kIncomplete, "manifest",
               "only the copy of the newest checkpoint is there");
        if (const auto opened = CheckNote("checkpoint", *files_.copy)) {
          CheckRoot("checkpoint", opened->checkpoint);
        }
      } else {
        Report("log-unsigned", Weight::kCannotCheck, "manifest",
               "the log has no checkpoint: nothing vouches for it");
      }
    } else {
      CheckCopy();
    }
    if (log_.torn) {
      Report("torn-last-line", Weight::kWarning, "events.jsonl",
             "the last line has no line end: a write that did not finish");
    }
    if (report_.newest && log_.lines > report_.newest->size) {
      Report("ok-unsigned-tail", Weight::kWarning, "events.jsonl",
             std::to_string(log_.lines - report_.newest->size) +
                 " events since the newest checkpoint are not signed yet",
             report_.newest->size);
    }
  }

  void CheckCopy() {
    const auto& [size, newest] = *files_.checkpoints.rbegin();
    const std::string name = "checkpoint." + std::to_string(size);
    if (!files_.copy) {
      if (files_.archive) {
        Report("checkpoint-missing", Weight::kIncomplete, "checkpoint",
               "the copy of " + name + " is gone");
      }
      return;
    }
    if (*files_.copy == newest) return;
    const auto claimed = Claimed(*files_.copy);
    if (claimed && claimed->size > size) {
      Report("checkpoint-missing", Weight::kIncomplete,
             "checkpoint." + std::to_string(claimed->size),
             "the copy `checkpoint` is newer than the newest numbered one");
      if (const auto opened = CheckNote("checkpoint", *files_.copy)) {
        CheckRoot("checkpoint", opened->checkpoint);
      }
      return;
    }
    Report("checkpoint-mismatch", Weight::kAltered, "checkpoint",
           "not the same bytes as " + name);
  }

  void CheckLastSeen() {
    if (trust_.last_checkpoint.empty()) {
      report_.not_checked.push_back(
          "whether a newer state of this log was ever shown (no "
          "--last-checkpoint)");
      return;
    }
    const std::string where = "the last checkpoint seen";
    const auto claimed = Claimed(trust_.last_checkpoint);
    CheckpointFault fault;
    const auto opened =
        OpenCheckpoint(trust_.last_checkpoint, report_.origin,
                       KeysFor(claimed ? claimed->size : 0), fault);
    if (!opened) {
      Report("last-checkpoint-invalid", Weight::kCannotCheck, where, fault.why);
      return;
    }
    const Checkpoint& seen = opened->checkpoint;
    if (seen.size > log_.lines) {
      Report("rollback", Weight::kAltered, "events.jsonl",
             where + " covers " + std::to_string(seen.size) +
                 " events, the log has " + std::to_string(log_.lines));
      return;
    }
    const auto same = verified_.find(seen.size);
    if (same != verified_.end() && same->second.root != seen.root) {
      Report("equivocation", Weight::kAltered, where,
             "signed like checkpoint." + std::to_string(seen.size) +
                 ", with another root: two faces of one log");
      return;
    }
    if (!CheckRoot(where, seen)) return;
    if (!report_.newest || report_.newest->size < seen.size) {
      Report("rollback", Weight::kAltered, "manifest",
             "the newest checkpoint is older than " + where);
    }
  }

  // A token over a checkpoint that is not there: the authority has seen more
  // of this log than we are shown.
  void CheckOrphanTokens(const std::vector<JudgedToken>& tokens) {
    for (const JudgedToken& token : tokens) {
      if (!files_.checkpoints.contains(token.size)) {
        MissingOrRollback(token.size, token.file);
      }
    }
  }

  void MissingOrRollback(std::uint64_t size, const std::string& where) {
    if (size > log_.lines) {
      Report("rollback", Weight::kAltered, where,
             "it is over " + std::to_string(size) + " events, the log has " +
                 std::to_string(log_.lines));
    } else {
      Report("checkpoint-missing", Weight::kIncomplete,
             "checkpoint." + std::to_string(size), where + " is over it");
    }
  }

  // A hand-over says itself which bundles it leaves out; whoever edits that
  // only widens the list of what was not checked.
  bool HandedOverInPart() const {
    std::error_code failed;
    return !files_.archive && fs::exists(files_.root / "handover.json", failed);
  }

  void Conclude() {
    report_.findings = findings_.Take();
    Weight worst = Weight::kNote;
    for (const Finding& finding : report_.findings) {
      worst = std::max(worst, finding.weight);
    }
    switch (worst) {
      case Weight::kNote:
        report_.verdict = EvidenceVerdict::kIntact;
        break;
      case Weight::kWarning:
        report_.verdict = EvidenceVerdict::kIntactWithWarnings;
        break;
      case Weight::kCannotCheck:
        report_.verdict = EvidenceVerdict::kCannotCheck;
        break;
      case Weight::kIncomplete:
        report_.verdict = EvidenceVerdict::kIncomplete;
        break;
      case Weight::kAltered:
        report_.verdict = EvidenceVerdict::kAltered;
        break;
    }
  }

  ManifestFiles files_;
  const EvidenceTrust& trust_;
  const EvidenceOptions& options_;
  FindingList findings_;
  EvidenceReport report_;
  LogFacts log_;
  KeyRing ring_;
  std::vector<VerifierKey> unpinned_witnesses_;
  std::map<std::uint64_t, Checkpoint> verified_;
};

}  // namespace

Result<EvidenceReport> CheckEvidence(const fs::path& dir,
                                     const EvidenceTrust& trust,
                                     const EvidenceOptions& options) {
  STEMMA_TRY(ManifestFiles files, LocateManifest(dir));
  return EvidenceChecker(std::move(files), trust, options).Run();
}

}  // namespace stemma

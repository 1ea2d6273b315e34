#include "archive/signing.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/archive_writer.h"
#include "archive/durable_file.h"
#include "archive/event_line.h"
#include "archive/log_file.h"
#include "archive/merkle.h"
#include "archive/ots_signing.h"
#include "core/base64.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMaxManifestFile = std::size_t{4} << 20;

std::string CheckpointName(std::uint64_t size) {
  return "checkpoint." + std::to_string(size);
}

Error Refuse(std::string why) {
  return Error(ErrorCode::kCorrupt,
               "not signing: " + std::move(why) +
                   "; restore the log from a copy, or find out who changed it "
                   "(stemma check --evidence)");
}

// All sizes for which there is a checkpoint.<size>, ascending.
std::vector<std::uint64_t> NumberedCheckpoints(const fs::path& manifest) {
  constexpr std::string_view kPrefix = "checkpoint.";
  std::vector<std::uint64_t> sizes;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(manifest, failed)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    std::uint64_t size = 0;
    const char* last = name.data() + name.size();
    const auto [end, error] =
        std::from_chars(name.data() + kPrefix.size(), last, size);
    if (error == std::errc() && end == last) sizes.push_back(size);
  }
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

Result<Checkpoint> ReadCheckpoint(const fs::path& path) {
  STEMMA_TRY(const std::string bytes, ReadRegularFile(path, kMaxManifestFile));
  const Result<Note> note = ParseNote(bytes);
  if (!note) return Error(note.error()).Context(path.string());
  Result<Checkpoint> checkpoint = ParseCheckpointText(note->text);
  if (!checkpoint) return Error(checkpoint.error()).Context(path.string());
  return checkpoint;
}

// The tree so far: the old checkpoint's part from tiles, the rest hashed.
class TreeUpdate {
 public:
  TreeUpdate(const fs::path& manifest, LogFile& log)
      : manifest_(manifest), log_(log) {}

  // Brings the tiles up to all lines of the log; gives the root.
  Result<Sha256> Run(const std::optional<Checkpoint>& before) {
    const std::uint64_t old_size = before ? before->size : 0;
    if (before && old_size > log_.lines()) {
      return Refuse("the log has " + std::to_string(log_.lines()) +
                    " events, its newest checkpoint covers " +
                    std::to_string(old_size));
    }
    if (before && TilesFit(*before)) {
      STEMMA_CHECK_OK(Extend(old_size));
    } else {
      STEMMA_CHECK_OK(Extend(0));
      if (before) STEMMA_CHECK_OK(CheckPrefix(*before));
    }
    TileReader tiles(manifest_, log_.lines());
    return RootFrom(tiles.Source(), log_.lines());
  }

 private:
  // Do the tiles give the root that was signed, and does the log still end
  // that part with the leaf they hold?
  bool TilesFit(const Checkpoint& before) {
    if (before.size == 0) return true;
    TileReader tiles(manifest_, before.size);
    const Result<Sha256> root = RootFrom(tiles.Source(), before.size);
    if (!root || *root != before.root) return false;
    const Result<Sha256> last = tiles.Node(0, before.size - 1);
    const Result<std::string> line = log_.Line(before.size - 1);
    return last && line && *last == LeafHash(*line);
  }

  Status Extend(std::uint64_t old_size) {
    const std::uint64_t from = old_size / kTileWidth * kTileWidth;
    std::vector<Sha256> leaves;
    STEMMA_CHECK_OK(log_.ForEachFrom(
        from, [&](std::uint64_t, std::string_view line) -> Status {
          leaves.push_back(LeafHash(line));
          return {};
        }));
    return WriteTiles(manifest_, old_size, from + leaves.size(),
                      [&](std::uint64_t i) { return leaves.at(i - from); });
  }

  Status CheckPrefix(const Checkpoint& before) {
    TileReader tiles(manifest_, log_.lines());
    const Result<Sha256> root = RootFrom(tiles.Source(), before.size);
    if (root && *root == before.root) return {};
    return Refuse("the first " + std::to_string(before.size) +
                  " events are not those its newest checkpoint covers");
  }

  const fs::path& manifest_;
  LogFile& log_;
};

}  // namespace

Result<std::string> RandomNonce() {
  std::string bytes(8, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                 static_cast<int>(bytes.size())) != 1) {
    return Error(ErrorCode::kIo, "no random bytes for a nonce");
  }
  return bytes;
}

bool RenewalDue(const fs::path& manifest, TimePoint now) {
  std::optional<TimePoint> newest, lasts;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(manifest, failed)) {
    if (entry.path().extension() != ".tsr") continue;
    const auto bytes = ReadRegularFile(entry.path(), kMaxManifestFile);
    const auto facts = bytes ? ReadTimestamp(*bytes) : std::nullopt;
    if (!facts) continue;
    newest = std::max(newest.value_or(facts->gen_time), facts->gen_time);
    if (facts->unit_not_after) {
      lasts =
          std::max(lasts.value_or(TimePoint::min()), *facts->unit_not_after);
    }
  }
  if (!newest || now < *newest + std::chrono::days(1)) return false;
  return lasts && *lasts < now + kRenewalMargin;
}

Result<std::optional<Checkpoint>> NewestCheckpoint(const fs::path& manifest) {
  std::optional<Checkpoint> newest;
  const std::vector<std::uint64_t> sizes = NumberedCheckpoints(manifest);
  if (!sizes.empty()) {
    STEMMA_TRY(newest, ReadCheckpoint(manifest / CheckpointName(sizes.back())));
  }
  std::error_code failed;
  if (fs::exists(manifest / "checkpoint", failed)) {
    STEMMA_TRY(const Checkpoint copy, ReadCheckpoint(manifest / "checkpoint"));
    // A crash between the two leaves the copy behind; a copy that is ahead
    // means the numbered file was taken away.
    if (!newest || copy.size > newest->size) newest = copy;
  }
  return newest;
}

Result<Checkpoint> WriteCheckpoint(const fs::path& manifest,
                                   std::span<const SigningKey> keys) {
  if (keys.empty()) {
    return Error(ErrorCode::kInvalidArgument, "no key to sign with");
  }
  STEMMA_TRY(const std::optional<Checkpoint> before,
             NewestCheckpoint(manifest));
  if (before && before->origin != keys[0].verifier.name) {
    return Error(ErrorCode::kInvalidArgument, "the log is \"" + before->origin +
                                                  "\", the key is for \"" +
                                                  keys[0].verifier.name + "\"");
  }
  STEMMA_TRY(LogFile log, LogFile::Open(manifest / "events.jsonl"));
  STEMMA_TRY(const Sha256 root, TreeUpdate(manifest, log).Run(before));
  Checkpoint checkpoint{keys[0].verifier.name, log.lines(), root, {}};
  if (before && before->size == checkpoint.size && before->root == root) {
    return checkpoint;  // signed already; such a file is never rewritten
  }
  Note note{checkpoint.Text(), {}};
  for (const SigningKey& key : keys) {
    STEMMA_TRY(NoteSignature signature,
               SignNote(note.text, key.verifier, key.sign));
    note.signatures.push_back(std::move(signature));
  }
  const std::string bytes = FormatNote(note);
  STEMMA_CHECK_OK(
      WriteDurably(manifest / CheckpointName(checkpoint.size), bytes));
  STEMMA_CHECK_OK(WriteDurably(manifest / "checkpoint", bytes));
  return checkpoint;
}

namespace {

// One run of SignArchive.
class Signing {
 public:
  Signing(ArchiveWriter& writer, const SigningOptions& options)
      : writer_(writer),
        options_(options),
        manifest_(writer.dir() / "manifest") {}

  Result<SigningReport> Run() {
    STEMMA_CHECK_OK(writer_.Sync());
    const bool renew = options_.post && !options_.timestamp_urls.empty() &&
                       RenewalDue(manifest_, options_.clock());
    STEMMA_CHECK_OK(AskForUpgrades());
    STEMMA_TRY(const bool anything, AnythingNew());
    if (!anything && !renew) return report_;
    STEMMA_CHECK_OK(Announce());
    STEMMA_CHECK_OK(LogClock());
    STEMMA_CHECK_OK(AnchorLastCheckpoint());
    STEMMA_TRY(report_.checkpoint, WriteCheckpoint(manifest_, options_.keys));
    STEMMA_CHECK_OK(AskAuthorities(report_.checkpoint->size));
    STEMMA_CHECK_OK(AskCalendars(report_.checkpoint->size));
    if (report_.tokens + report_.promised > 0) {
      // The newest checkpoint shall cover the anchors of the tokens.
      STEMMA_CHECK_OK(AnchorLastCheckpoint());
      STEMMA_TRY(report_.checkpoint, WriteCheckpoint(manifest_, options_.keys));
      report_.renewed = renew && report_.tokens > 0;
    }
    return report_;
  }

 private:
  Result<bool> AnythingNew() {
    STEMMA_TRY(const std::optional<Checkpoint> newest,
               NewestCheckpoint(manifest_));
    STEMMA_TRY(LogFile log, LogFile::Open(manifest_ / "events.jsonl"));
    if (!newest) return log.lines() > 0 || !options_.keys.empty();
    return log.lines() != newest->size;
  }

  // The first signed log.init names the key, so that a stranger who has
  // nothing else can at least trust on first use.
  Status Announce() {
    STEMMA_TRY(LogFile log, LogFile::Open(manifest_ / "events.jsonl"));
    if (log.lines() > 0) {
      STEMMA_TRY(const std::string first, log.Line(0));
      EventView view;
      if (view.Read(first) && view.Text("type") == "log.init" &&
          view.Text("vkey")) {
        return {};
      }
    }
    STEMMA_TRY(const std::optional<Checkpoint> newest,
               NewestCheckpoint(manifest_));
    if (newest) return {};
    Json fields = {{"hash", {"sha256", "sha512"}},
                   {"origin", options_.keys.at(0).verifier.name},
                   {"vkey", options_.keys.at(0).verifier.Text()}};
    if (!options_.recovery_vkey.empty()) {
      fields["recovery"] = options_.recovery_vkey;
    }
    STEMMA_TRY(const std::uint64_t seq,
               writer_.AppendEvent("log.init", fields));
    static_cast<void>(seq);
    return {};
  }

  Status LogClock() {
    if (!options_.clock_state) return {};
    STEMMA_TRY(const std::uint64_t seq,
               writer_.AppendEvent("clock.check", options_.clock_state()));
    static_cast<void>(seq);
    return {};
  }

  Status AnchorLastCheckpoint() {
    const std::vector<std::uint64_t> sizes = NumberedCheckpoints(manifest_);
    if (sizes.empty()) return {};
    const std::string name = CheckpointName(sizes.back());
    STEMMA_TRY(const std::string bytes,
               ReadRegularFile(manifest_ / name, kMaxManifestFile));
    STEMMA_TRY(
        const std::uint64_t seq,
        writer_.AppendEvent("anchor", {{"kind", "checkpoint"},
                                       {"file", name},
                                       {"size", sizes.back()},
                                       {"sha256", Sha256Of(bytes).Hex()}}));
    static_cast<void>(seq);
    return {};
  }

  void Take(const OtsReport& report) {
    report_.promised += report.stamped;
    report_.upgraded += report.upgraded;
    report_.warnings.insert(report_.warnings.end(), report.warnings.begin(),
                            report.warnings.end());
  }

  Status AskForUpgrades() {
    if (!options_.ask || options_.calendar_urls.empty()) return {};
    STEMMA_TRY(const OtsReport report,
               UpgradeStamps(writer_, options_.calendar_urls, options_.ask));
    Take(report);
    return {};
  }

  Status AskCalendars(std::uint64_t size) {
    if (!options_.ask || options_.calendar_urls.empty()) return {};
    STEMMA_TRY(
        const OtsReport report,
        StampCheckpoint(writer_, size, options_.calendar_urls, options_.ask));
    Take(report);
    return {};
  }

  Status AskAuthorities(std::uint64_t size) {
    if (!options_.post) return {};
    int number = 0;
    for (const std::string& url : options_.timestamp_urls) {
      // The first gets SHA-256, a second SHA-512: one hash may fall.
      const DigestAlgorithm algorithm =
          number % 2 == 0 ? DigestAlgorithm::kSha256 : DigestAlgorithm::kSha512;
      ++number;
      const Status asked = AskOne(url, algorithm, size, number);
      if (asked) {
        ++report_.tokens;
        continue;
      }
      const ErrorCode code = asked.error().code();
      if (code == ErrorCode::kIo || code == ErrorCode::kNoSpace) {
        return asked.error();
      }
      report_.warnings.push_back("no timestamp from " + url + ": " +
                                 asked.error().message());
    }
    return {};
  }

  Status AskOne(const std::string& url, DigestAlgorithm algorithm,
                std::uint64_t size, int number) {
    const std::string name = CheckpointName(size);
    STEMMA_TRY(const std::string checkpoint,
               ReadRegularFile(manifest_ / name, kMaxManifestFile));
    STEMMA_TRY(const std::string nonce, RandomNonce());
    STEMMA_TRY(const std::string query,
               MakeTimestampQuery(checkpoint, algorithm, nonce));
    STEMMA_TRY(const std::string response, options_.post(url, query));
    TimestampTrust trust = options_.trust;
    trust.own_chain = trust.ca_pem.empty();
    const TimestampVerdict verdict = VerifyTimestamp(
        {.response = response, .query = query, .data = checkpoint}, trust,
        options_.clock());
    if (!verdict.ok()) {
      return Error(ErrorCode::kMalformed, verdict.code + ": " + verdict.why);
    }
    const std::string token = name + ".tsa" + std::to_string(number);
    STEMMA_CHECK_OK(WriteDurably(manifest_ / (token + ".tsq"), query));
    STEMMA_CHECK_OK(WriteDurably(manifest_ / (token + ".tsr"), response));
    STEMMA_TRY(const std::uint64_t seq,
               writer_.AppendEvent(
                   "anchor",
                   {{"kind", "rfc3161"},
                    {"file", token + ".tsr"},
                    {"size", size},
                    {"sha256", Sha256Of(response).Hex()},
                    {"query_sha256", Sha256Of(query).Hex()},
                    {"gen_time", FormatSeconds(verdict.facts->gen_time)},
                    {"chain", trust.own_chain ? "not checked" : "checked"}}));
    static_cast<void>(seq);
    return {};
  }

  ArchiveWriter& writer_;
  const SigningOptions& options_;
  fs::path manifest_;
  SigningReport report_;
};

std::string OriginOf(const fs::path& manifest, const SigningKey& key) {
  const auto newest = NewestCheckpoint(manifest);
  return newest && *newest ? (*newest)->origin : key.verifier.name;
}

}  // namespace

Result<SigningReport> SignArchive(ArchiveWriter& writer,
                                  const SigningOptions& options) {
  if (options.keys.empty()) {
    return Error(ErrorCode::kInvalidArgument, "no key to sign with");
  }
  return Signing(writer, options).Run();
}

Result<Checkpoint> RotateKey(ArchiveWriter& writer, const SigningKey& old,
                             const SigningKey& next, std::string_view reason) {
  if (old.verifier.name != next.verifier.name) {
    return Error(ErrorCode::kInvalidArgument,
                 "the next key must bear the log's name, " + old.verifier.name);
  }
  const fs::path manifest = writer.dir() / "manifest";
  STEMMA_TRY(const std::uint64_t rotated,
             writer.AppendEvent("key.rotate", {{"old", old.verifier.Text()},
                                               {"new", next.verifier.Text()},
                                               {"reason", reason}}));
  const SigningKey first[] = {old};
  STEMMA_TRY(const Checkpoint announced, WriteCheckpoint(manifest, first));
  // One more event, so that there is something new for both to sign.
  STEMMA_TRY(const std::uint64_t noted,
             writer.AppendEvent("note",
                                {{"text", "from here on the log is signed by " +
                                              next.verifier.Text()}}));
  static_cast<void>(rotated);
  static_cast<void>(noted);
  const SigningKey both[] = {old, next};
  return WriteCheckpoint(manifest, both);
}

std::string RevocationText(std::string_view origin, const VerifierKey& revoked,
                           std::string_view reason) {
  return "stemma key revocation/v1\n" + std::string(origin) + "\n" +
         revoked.Text() + "\n" + std::string(reason) + "\n";
}

Status RevokeKey(ArchiveWriter& writer, const VerifierKey& revoked,
                 const SigningKey& by, std::string_view reason) {
  const std::string origin = OriginOf(writer.dir() / "manifest", by);
  STEMMA_TRY(const std::string signature,
             by.sign(RevocationText(origin, revoked, reason)));
  STEMMA_TRY(
      const std::uint64_t seq,
      writer.AppendEvent("key.revoke", {{"revoked", revoked.Text()},
                                        {"by", by.verifier.Text()},
                                        {"reason", reason},
                                        {"signature", Base64Of(signature)}}));
  static_cast<void>(seq);
  return {};
}

}  // namespace stemma

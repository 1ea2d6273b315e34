// The only writer of an archive. It holds the lock, recovers what a killed
// process left behind, and makes captures durable in the contract's order:
// record frames synced, then the event synced, then the index.
//
//   auto writer = ArchiveWriter::Open(dir, options);
//   CaptureDraft draft = (*writer)->BeginCapture(url, started);
//   BodyWriter body = *draft.BeginExchange(exchange);   // the head is in
//   body.Append(piece); ...                             // as it arrives
//   RecordInfo response = *body.Finish(exchange);
//   CaptureInfo capture = *draft.Commit({{"status", 200}});  // durable
//
// Bodies up to ArchiveOptions::buffer_bytes wait in memory and become one
// frame of the main bundle. A longer one moves into a bundle of its own lane
// as it arrives, so that several may stream at once; lanes are reused. Nothing
// is written twice. After any failed write or sync the writer refuses all
// further work (kIo or kNoSpace): what was acknowledged is safe, the rest is
// put aside by the next Open.
//
// Thread-safe: drafts and bodies of one writer may live in several threads;
// one draft or body is used by one thread at a time. Drafts and bodies must
// not outlive their writer.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/records.h"
#include "archive/redaction.h"
#include "archive/repack.h"
#include "core/blob.h"
#include "core/capture.h"
#include "core/result.h"
#include "core/time.h"

namespace stemma {

class Index;
struct WarcHeader;

struct ArchiveOptions {
  std::string job = "capture";      // start of bundle names; [A-Za-z0-9._-]
  std::string software = "stemma";  // for warcinfo and events: "stemma/0.1.0"
  std::string user_agent, robots, operator_name;  // for warcinfo, may be empty
  Clock clock = SystemNow;
  // Fills a span with random bytes; the system's by default.
  std::function<void(std::span<std::uint8_t>)> random;

  std::uint64_t rotate_bytes = std::uint64_t{1} << 30;  // seal beyond this
  std::chrono::milliseconds rotate_age = std::chrono::hours(24);
  std::size_t buffer_bytes = 4 << 20;  // longer bodies are streamed
  std::size_t frame_bytes = 4 << 20;   // of a streamed body, 4 to 8 MiB
  int level = 3;                       // zstd level of text records

  // Refuse new captures (kNoSpace) when the disk has less than this left;
  // nullopt: the smaller of 1 GiB and 5 % of the file system.
  std::optional<std::uint64_t> free_space_floor;

  // Page dictionaries. A run begins with one made of the pages of the job's
  // run before, if as many pages again would pay for it. Later, when a bundle
  // holds this many bytes of pages, and again and again as it grows, it is
  // asked whether a new dictionary would have saved more than it costs; then
  // the bundle is sealed and the next one begins with it. 0: never.
  std::uint64_t dictionary_after = 1 << 20;
  std::size_t dictionary_bytes = 1 << 20;  // upper bound, at most 8 MiB

  bool index = true;  // keep index.sqlite up to date
};

// What a visit was about to repeat: the record it would repeat.
struct RevisitOf {
  std::string record_id;          // of a response, never of another revisit
  std::string uri, date;          // WARC-Target-URI, WARC-Date as written
  std::optional<Sha256> payload;  // required for an identical payload
};
enum class RevisitProfile { kIdenticalPayload, kServerNotModified };

// Something made from a capture: an article, a keyframe, a fingerprint.
struct DerivedRecord {
  std::string kind;          // "article", "fingerprint", "keyframe", ...
  std::string uri;           // its WARC-Target-URI; a urn: or the page's URL
  std::string content_type;  // "application/json", "image/png"
  std::string bytes;
  std::string refers_to;  // id of the record it was made from
  std::string facts;      // more keys for its entry in the event: a JSON object
};

class ArchiveCore;  // the writer's inside

// A response body on its way into a bundle. Destroying it unfinished leaves
// bytes that no event names; they are put aside.
class BodyWriter {
 public:
  struct State;
  explicit BodyWriter(std::unique_ptr<State> state);
  BodyWriter(BodyWriter&&) noexcept;
  BodyWriter& operator=(BodyWriter&&) noexcept;
  ~BodyWriter();

  // Adds bytes as received: still content-coded, and still chunked exactly if
  // the response head says so.
  Status Append(std::string_view bytes);
  std::uint64_t size() const;

  // Completes the exchange: request record, response record, and the
  // certificate chain if it is new to the bundle. `exchange.response_head` may
  // differ from the one given first. Returns the response's record.
  Result<RecordInfo> Finish(const Exchange& exchange);
  // Instead of Finish: the body is one the archive holds already. Its bytes
  // are dropped and a revisit record written. kInvalidArgument, and the body
  // may still be finished, for one that would not replay: without URI and date
  // of the original, of another revisit, of an empty payload, or "not
  // modified" where the server said something else.
  Result<RecordInfo> FinishAsRevisit(const Exchange& exchange,
                                     const RevisitOf& original,
                                     RevisitProfile profile);
  // For what others captured: the bytes given are the block of a record with
  // this header; digests, length and warcinfo are ours to state. `payload` is
  // the digest of its payload, if it has one.
  Result<RecordInfo> FinishRecord(const WarcHeader& header,
                                  std::optional<Sha256> payload);

  // The SHA-256 of the whole payload (transfer coding removed): compare with
  // the index before deciding between the two. Ends the body: no Append after.
  Sha256 PayloadDigest();

  // The body as it was received, moved out of a writer that is finished;
  // nullopt for one that was too long to wait in memory.
  std::optional<std::string> TakeBody();

 private:
  friend class CaptureDraft;
  std::unique_ptr<State> state_;
};

class CaptureDraft {
 public:
  struct State;
  explicit CaptureDraft(std::unique_ptr<State> state);
  CaptureDraft(CaptureDraft&&) noexcept;
  CaptureDraft& operator=(CaptureDraft&&) noexcept;
  ~CaptureDraft();

  const std::string& id() const;
  std::span<const RecordInfo> records() const;

  // Starts an exchange of this capture: a hop, the page, a medium. Its records
  // bear the date `head.started`.
  Result<BodyWriter> BeginExchange(const Exchange& head);
  // The whole of it at once.
  Result<RecordInfo> AddExchange(const Exchange& exchange,
                                 std::string_view body);
  // A 304, or a body known to be the same before it was read.
  Result<RecordInfo> AddRevisit(const Exchange& exchange,
                                const RevisitOf& original,
                                RevisitProfile profile);

  // Records beside the exchanges. `refers_to` may be empty where WARC lets it.
  Result<RecordInfo> AddResource(std::string_view uri,
                                 std::string_view content_type,
                                 std::string_view bytes);
  Result<RecordInfo> AddConversion(std::string_view uri,
                                   std::string_view content_type,
                                   std::string_view bytes,
                                   std::string_view refers_to);
  Result<RecordInfo> AddMetadata(std::string_view uri,
                                 std::string_view content_type,
                                 std::string_view bytes,
                                 std::string_view refers_to);

  // More keys for a record's entry in the event.
  Status Note(std::string_view record_id, const nlohmann::json& more);

  // Starts a record of somebody else's; end it with FinishRecord. Its header
  // there may be about 4 KiB longer than `header`.
  Result<BodyWriter> BeginRecord(const WarcHeader& header);

  // Logs the capture; `facts` are more keys for the event (keys [a-z0-9_]+,
  // integers only). Durable on return: acknowledge it then.
  Result<CaptureInfo> Commit(const nlohmann::json& facts);
  // Logs a visit that failed, with what was received up to then.
  Result<CaptureInfo> CommitFailed(const Error& error,
                                   const nlohmann::json& facts);
  // Group commit: like Commit and CommitFailed, but durable only after the
  // next ArchiveWriter::Sync. Do not acknowledge before that.
  Result<CaptureInfo> Stage(const nlohmann::json& facts);
  Result<CaptureInfo> StageFailed(const Error& error,
                                  const nlohmann::json& facts);

 private:
  friend class ArchiveWriter;
  std::unique_ptr<State> state_;
};

class ArchiveWriter {
 public:
  // Opens or creates the archive in `dir`. kBusy: another process writes it.
  // kIo: not writable. kCorrupt: the log is damaged before its last line.
  static Result<std::unique_ptr<ArchiveWriter>> Open(
      const std::filesystem::path& dir, ArchiveOptions options);
  // Seals what is open, if all went well.
  ~ArchiveWriter();

  const std::filesystem::path& dir() const;
  TimePoint Now() const;  // by the archive's clock

  // A visit to `url` that began at `started`. kNoSpace below the floor.
  Result<CaptureDraft> BeginCapture(std::string_view url, TimePoint started);

  // "urn:uuid:...": for a header given to CaptureDraft::BeginRecord.
  std::string NewRecordId();

  // The same for what others captured: its event is `import`.
  Result<CaptureDraft> BeginImport(std::string_view url, TimePoint started);

  // Makes everything staged durable.
  Status Sync();
  // The same once half a MiB or more is staged. For those who stage much and
  // acknowledge seldom, after each capture.
  Status SyncIfMuch();

  // Appends one event, durable on return; gives its seq. `fields` are the keys
  // beside v, seq, prev, type and t.
  Result<std::uint64_t> AppendEvent(std::string_view type,
                                    const nlohmann::json& fields);

  // The same within a group commit: durable after the next Sync.
  Result<std::uint64_t> StageEvent(std::string_view type,
                                   const nlohmann::json& fields);

  // Keeps what was derived from `capture_id` and logs a `derive` event
  // {of, records:[{kind, id, offset, length, block_sha256, ...}], ...facts},
  // durable on return.
  Result<CaptureInfo> AppendDerived(std::string_view capture_id,
                                    const nlohmann::json& facts,
                                    std::span<const DerivedRecord> records);

  // The same within a group commit: durable after the next Sync.
  Result<CaptureInfo> StageDerived(std::string_view capture_id,
                                   const nlohmann::json& facts,
                                   std::span<const DerivedRecord> records);

  // Keeps imported rows (kind "row": JSON objects with an "id") and logs an
  // `import` event for them; durable after the next Sync.
  Result<CaptureInfo> StageRows(const nlohmann::json& facts,
                                std::span<const DerivedRecord> records);

  // Reads back a record of this archive, also one not yet committed.
  Result<Blob> Payload(const RecordInfo& record);

  // The index; up to date with what was made of this payload, if not with the
  // rest: bringing it there writes much of it anew.
  Index* IndexFor(const Sha256& payload);

  // The newest whole response of exactly this URL with status 2xx, durable or
  // staged: what a 304 stands for. None when there is none. Cheap: does not
  // bring the index up to date.
  std::optional<RecordInfo> ResponseOf(std::string_view url);

  // The index, caught up with the log; null if options.index is off.
  Index* index();
  // The index as it is: of what came since index() it may know nothing.
  Index* IndexAsItIs();
  // The whole response that first had this payload, if the archive holds one.
  // Cheaper than asking the index, which need not be caught up for it.
  std::optional<RecordInfo> ResponseWith(const Sha256& payload);

  // Seals every open bundle: digests and records root into a `seal` event,
  // CDXJ beside it. The writer stays usable.
  Status Seal();

  // Sealed bundles by the log, in order of their names.
  Result<std::vector<SealedBundle>> SealedBundles() const;
  // Packs one of them anew, if that pays (archive/repack.h). The new file is
  // written and proved beside the old one; a `repack` event then says that it
  // counts; then it takes the old one's name. Killed at any moment, the next
  // Open finishes that or drops the copy. kInterrupted when told to stop.
  Result<Repacked> Repack(const SealedBundle& bundle,
                          const RepackOptions& options);

  // Takes records out of a sealed bundle (archive/erase.h judges who may):
  // written and proved beside it, logged as `redact` with the keys of `more`,
  // then put in its place; killed at any moment as with Repack. `before` are
  // the bundle's redactions by the log.
  Status Redact(const std::string& bundle, const Redactions& before,
                std::span<const RecordToRedact> records,
                const nlohmann::json& more);

  // Packs anew what this writer sealed before it had a dictionary, where a file
  // shrinks by a fifth or more; `most_bytes` in all. For the end of a run: such
  // bundles are small, so little is written twice.
  Result<std::vector<Repacked>> RepackFirstBundles(
      std::uint64_t most_bytes = 16 << 20);

  // What Open put aside or noticed, one line each, for the operator.
  const std::vector<std::string>& recovery_notes() const;

 private:
  Result<CaptureInfo> StageMade(std::string_view type,
                                std::string_view capture_id,
                                const nlohmann::json& facts,
                                std::span<const DerivedRecord> records);
  explicit ArchiveWriter(std::unique_ptr<ArchiveCore> core);
  std::unique_ptr<ArchiveCore> core_;
};

}  // namespace stemma

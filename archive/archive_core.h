// The inside of ArchiveWriter: lanes (bundles being written), the order of
// writes, recovery. Not for other rooms. Its members live with what they are
// about:
//   archive_core.cc          opening, the order of log, syncs and index
//   archive_lanes.cc         bundles being written, and records into them
//   archive_seal.cc          their end
//   archive_dictionaries.cc  what the next one is compressed with
//   archive_recovery.cc      what a killed process left
//   archive_repack.cc        sealed ones, packed anew or redacted
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/append_file.h"
#include "archive/archive_writer.h"
#include "archive/bundle_seal.h"
#include "archive/bundle_tally.h"
#include "archive/event_log.h"
#include "archive/index_sqlite.h"
#include "archive/page_dictionary.h"
#include "archive/record_press.h"
#include "archive/warc_record.h"
#include "archive/zstd_frames.h"

namespace stemma {

// One bundle being written. Records go to its end in whole frames; a streamed
// body has the lane to itself (`leased`) until it is finished.
struct Lane {
  Lane(std::string bundle_name, AppendFile bundle_file,
       std::shared_ptr<const ZstdDictionary> with,
       std::shared_ptr<RecordPress> presses)
      : name(std::move(bundle_name)),
        file(std::move(bundle_file)),
        dictionary(std::move(with)),
        press(std::move(presses)) {}

  std::string name;  // "bundles/NAME.warc.zst"
  AppendFile file;   // the same with ".open"
  std::shared_ptr<const ZstdDictionary> dictionary;
  std::shared_ptr<RecordPress> press;  // outlives the lane while in use
  // Of every record, in order; none when something was streamed into it.
  std::optional<BundleTally> tally;
  // Certificate chains and what came with them, by digest -> record id.
  std::map<std::string, std::string> tls_records;
  TimePoint opened{};
  int uncommitted = 0;  // records whose event is not durable yet
  bool leased = false;
  bool retiring = false;  // takes no new records; sealed when committed
  std::uint64_t records = 0;
  // Of pages, uncompressed: all, and those of places that had no part in the
  // dictionary; and how many must be there before it is judged again.
  std::uint64_t page_bytes = 0, strange_bytes = 0;
  std::uint64_t look_at = 0, look_at_strange = 0;
};

// Whether a 304 for its URL may repeat this record: a whole good answer, not an
// error page that came later.
bool StandsFor304(const RecordInfo& info);

class ArchiveCore {
 public:
  ArchiveCore(std::filesystem::path dir, ArchiveOptions options)
      : dir_(std::move(dir)), options_(std::move(options)) {}
  ~ArchiveCore();

  Status Open();
  Status Seal();
  Status Sync();

  // All below are called with `mutex` held.
  std::string NewId();
  void FillRandom(std::span<std::uint8_t> out) const;
  Result<Lane*> MainLane();
  Result<Lane*> LeaseLane();
  void Release(Lane& lane);
  Result<RecordInfo> Write(Lane& lane, const RecordDraft& record);
  // Writes the records that `drafts` gives into the main lane, one behind the
  // other. The lock is given up while they are pressed; if the lane ended
  // meanwhile, all is done again, `drafts` with the new one.
  using DraftsFor = std::function<Result<std::vector<RecordDraft>>(Lane&)>;
  Result<std::vector<RecordInfo>> WriteToMain(
      std::unique_lock<std::mutex>& lock, const DraftsFor& drafts);
  // The record id of the connection's certificate chain in this lane; empty
  // without TLS. What is new of chain, OCSP staple and timestamps is written
  // first (connection_records.cc).
  Result<std::string> ChainRecords(Lane& lane, const Connection& connection,
                                   std::string_view host,
                                   const std::string& date,
                                   std::vector<RecordInfo>* written);
  // The same when nothing is new, else nullopt.
  std::optional<std::string> KnownChain(const Lane& lane,
                                        const Connection& connection) const;
  Status Stage(std::string_view type, nlohmann::json event,
               std::span<const RecordInfo> records);
  // Makes all that was staged before the call durable. Many may wait for it
  // at once: one syncs for all, while the others go on staging.
  Status SyncWith(std::unique_lock<std::mutex>& lock);
  // The same once much is staged; else only what has to be done beside it.
  Status SyncIfMuch();
  Error Fail(Error error);
  Status CheckUsable() const;
  Status CheckSpace() const;
  void Forget(std::span<const RecordInfo> records);
  // Keeps what the index will ask for soon.
  void Remember(const RecordInfo& info, std::string_view block = {});
  void NoteRecent(const RecordInfo& info);
  void NoteSample(Lane& lane, const RecordDraft& record, const RecordInfo& info,
                  std::string_view content);

  std::mutex mutex;
  const ArchiveOptions& options() const { return options_; }
  const std::filesystem::path& dir() const { return dir_; }
  const std::vector<std::string>& notes() const { return notes_; }
  // The index, behind the log by some events; CatchUpIndex brings it there.
  Index* index() { return index_ ? &index_->index() : nullptr; }
  Status CatchUpIndex();
  // Whether the index, as far as it is, has a record with this payload.
  bool IndexHas(const Sha256& payload);
  // A response with this payload that the index does not know of yet.
  std::optional<RecordInfo> Recent(const Sha256& payload) const;
  // The newest response of this URL that it does not know of yet.
  std::optional<RecordInfo> RecentOf(std::string_view url) const;
  std::uint64_t next_seq() const { return log_->next_seq(); }
  Result<std::string> Log(std::string_view type, const nlohmann::json& fields);
  // Takes the mutex itself, for the moment of the change only.
  Result<Repacked> Repack(const SealedBundle& bundle,
                          const RepackOptions& options);
  Result<std::vector<Repacked>> RepackFirstBundles(std::uint64_t most_bytes);
  Status Redact(const std::string& bundle, const Redactions& before,
                std::span<const RecordToRedact> records,
                const nlohmann::json& more);
  Lane* Find(std::string_view name);

 private:
  Status Begin();
  Status Lock();
  Status RecoverBundles();
  Status RecoverRepacks();
  // `event` has the keys that only this type has.
  Status CommitRepack(std::string_view type, const SealedBundle& bundle,
                      const BundleFacts& facts, SortedLines& lines,
                      const std::filesystem::path& fresh, nlohmann::json event);
  Status RecoverOpenBundle(
      const std::filesystem::path& path,
      std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges);
  struct SealFacts {
    nlohmann::json event;
    std::string note;  // for the operator, mostly empty
  };
  // These work on files that nobody else touches, without the lock.
  // `tally` is of all its records, or null: then they are read.
  Result<SealFacts> SealFile(const std::filesystem::path& open_path,
                             BundleTally* tally) const;
  Result<SealFacts> FactsOfSealed(const std::filesystem::path& sealed) const;
  // Writes the CDXJ of `lines` beside the bundle.
  Result<SealFacts> StateSeal(const std::string& base, const BundleFacts& facts,
                              SortedLines& lines) const;
  Status StageSeal(const SealFacts& facts);
  Status LogSeal(const SealFacts& facts);
  Status SealLane(Lane& lane, std::unique_lock<std::mutex>& lock);
  Status SealRetired(std::unique_lock<std::mutex>& lock);
  Result<Lane*> NewLane(std::string_view suffix,
                        std::shared_ptr<const ZstdDictionary> dictionary);
  Status WriteWarcinfo(Lane& lane);
  Result<RecordInfo> Put(Lane& lane, const RecordDraft& draft,
                         PressedRecord record);
  void MaybeRetire(Lane& lane);
  void ConsiderDictionary(std::unique_lock<std::mutex>& lock);
  Status SyncStaged(std::unique_lock<std::mutex>& lock);
  Status Tend(std::unique_lock<std::mutex>& lock);
  void LearnFromLastRun();
  DictionaryOptions HowToBuild();

  std::filesystem::path dir_;
  ArchiveOptions options_;
  int lock_ = -1;
  std::optional<EventLog> log_;
  std::unique_ptr<IndexFeeder> index_;
  RecordSource bundle_records_;
  std::map<std::string, IndexedRecord> fresh_;  // written, not indexed yet
  std::size_t fresh_bytes_ = 0;                 // of their blocks
  std::vector<std::string> indexable_;          // of these: with durable events
  std::uint64_t unindexed_ = 0;                 // events
  bool caught_up_ = false;                      // once, since the start
  std::map<std::string, RecordInfo, std::less<>> recent_;     // by payload
  std::map<std::string, RecordInfo, std::less<>> recent_of_;  // by URL
  std::list<Lane> lanes_;
  Lane* main_ = nullptr;
  std::vector<RecordInfo> staged_;  // records of staged events
  std::uint64_t staged_bytes_ = 0;  // of these
  bool syncing_ = false;            // somebody is, without the lock
  bool sealing_ = false;            // the same, of what was retired
  bool considering_ = false;        // the same, of a dictionary
  // While a dictionary is being made: who has staged a capture waits once the
  // bundle holds so many bytes of pages.
  std::uint64_t wait_beyond_ = ~std::uint64_t{0};
  std::condition_variable synced_;
  std::uint64_t durable_seq_ = 0;  // all before it is durable
  std::optional<Error> failed_;
  std::vector<std::string> notes_;
  PageSamples samples_;
  PageDictionary next_dictionary_;
  std::vector<std::string> sealed_plain_;  // bundles of pages, no dictionary
  bool learned_ = false;                   // from the bundles of the run before
  int lane_number_ = 0;

  friend class ArchiveWriter;
  friend class CaptureDraft;
};

}  // namespace stemma

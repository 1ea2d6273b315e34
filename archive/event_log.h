// manifest/events.jsonl: the append-only log of what an archive holds and
// found out. One event a line, canonical JSON (archive/jcs.h) and LF. Every
// event has v (1), seq (its number from 0), prev (hex of the leaf hash of the
// line before, 64 zeros for the first), type and t (UTC, milliseconds).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/append_file.h"
#include "core/digest.h"
#include "core/result.h"
#include "core/time.h"

namespace stemma {

// A tlog-tiles entry holds at most this.
inline constexpr std::size_t kMaxEventBytes = 65'535;

// Checks `fields` against the rules of event lines: keys [a-z0-9_]+, integers
// only, at most 2^53-1, depth at most 16. kInvalidArgument says where.
Status CheckEventFields(const nlohmann::json& fields);

// Reads one line (without LF). kMalformed: "bad-json", "not-canonical" or
// "bad-event" and the reason, in this order.
Result<nlohmann::json> ParseEventLine(std::string_view line);

// Calls `visit` for every whole line of a log from byte `from` on. A last
// line without LF is not visited; returns where the whole lines end.
Result<std::uint64_t> ForEachLogLine(
    const std::filesystem::path& path, std::uint64_t from,
    const std::function<Status(std::uint64_t offset, std::string_view line)>&
        visit);

class EventLog {
 public:
  // Opens or creates the log in `manifest`. A torn or foreign tail is moved to
  // `quarantine`; what was done is in notes(). kCorrupt when damage lies
  // before a later event, or when the log is shorter than its newest
  // checkpoint says: then nothing is touched.
  static Result<EventLog> Open(const std::filesystem::path& manifest,
                               const std::filesystem::path& quarantine);

  // Adds an event; it is durable after the next Sync. Returns its line.
  // kInvalidArgument for fields that break the rules, kLimit when the line
  // would be too long.
  Result<std::string> Add(std::string_view type, const nlohmann::json& fields,
                          TimePoint now);
  // Writes what was added in one piece and syncs it.
  Status Sync();
  // The same in three steps, so that events may be added meanwhile: Take and
  // Settle want the lock that guards the log, Write is called without it, by
  // one thread at a time.
  struct Batch {
    std::string lines;
    std::uint64_t next_seq = 0;  // after it
    std::string prev;
  };
  Batch TakePending();
  Status Write(const Batch& batch);
  void Settle(const Batch& batch);
  bool pending() const { return !pending_.empty(); }
  // Forgets what was added and not yet synced.
  void DropPending();

  std::uint64_t next_seq() const { return next_seq_; }
  TimePoint last_time() const { return last_time_; }  // of the newest event
  std::uint64_t bytes() const { return file_.size(); }
  const std::filesystem::path& path() const { return file_.path(); }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  explicit EventLog(AppendFile file) : file_(std::move(file)) {}
  Status Recover(const std::filesystem::path& quarantine);

  AppendFile file_;
  std::uint64_t next_seq_ = 0, synced_seq_ = 0;
  std::string prev_, synced_prev_;
  TimePoint last_time_{};
  std::string pending_;
  std::vector<std::string> notes_;
};

}  // namespace stemma

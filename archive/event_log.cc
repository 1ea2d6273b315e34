#include "archive/event_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "archive/durable_file.h"
#include "archive/jcs.h"
#include "archive/merkle.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::int64_t kMaxInteger = (std::int64_t{1} << 53) - 1;
const std::string kNoPrev(64, '0');

bool IsKey(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Status CheckValue(const Json& value, const std::string& where, int depth) {
  const auto bad = [&where](std::string_view why) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("event field {}: {}", where, why));
  };
  if (depth > 16) return bad("more than 16 levels deep");
  if (value.is_number_float()) return bad("a number that is no integer");
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > std::uint64_t{kMaxInteger}) {
    return bad("an integer beyond 2^53-1");
  }
  if (value.is_number_integer() && !value.is_number_unsigned() &&
      std::abs(value.get<std::int64_t>()) > kMaxInteger) {
    return bad("an integer beyond 2^53-1");
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (!IsKey(key))
        return bad(fmt::format("key '{}' not of [a-z0-9_]+", key));
      STEMMA_CHECK_OK(CheckValue(member, where + "." + key, depth + 1));
    }
  } else if (value.is_array()) {
    for (const Json& member : value) {
      STEMMA_CHECK_OK(CheckValue(member, where + "[]", depth + 1));
    }
  }
  return {};
}

// The newest checkpoint's tree size: the second line of manifest/checkpoint.
std::optional<std::uint64_t> CheckpointSize(const fs::path& manifest) {
  const Result<std::string> text =
      ReadRegularFile(manifest / "checkpoint", 64 << 10);
  if (!text) return std::nullopt;
  const std::size_t first = text->find('\n');
  if (first == std::string::npos) return std::nullopt;
  const char* begin = text->data() + first + 1;
  std::uint64_t size = 0;
  const auto [end, errc] =
      std::from_chars(begin, text->data() + text->size(), size);
  if (errc != std::errc()) return std::nullopt;
  return size;
}

}  // namespace

Status CheckEventFields(const Json& fields) {
  if (!fields.is_object()) {
    return Error(ErrorCode::kInvalidArgument, "event fields are no object");
  }
  for (const std::string_view key : {"v", "seq", "prev", "type", "t"}) {
    if (fields.contains(key)) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("event field '{}' belongs to the log", key));
    }
  }
  return CheckValue(fields, "", 1);
}

Result<Json> ParseEventLine(std::string_view line) {
  if (line.size() > kMaxEventBytes) {
    return Error(ErrorCode::kMalformed, "bad-event: the line is too long");
  }
  Result<Json> event = ParseStrict(line);
  if (!event) return std::move(event).error().Context("bad-json");
  if (Jcs(*event) != line) {
    const bool crlf = line.ends_with('\r');
    return Error(ErrorCode::kMalformed,
                 crlf ? "not-canonical: line ends changed to CR LF"
                      : "not-canonical: not the canonical bytes of its JSON");
  }
  const auto text = [&event](const char* key) {
    const auto found = event->find(key);
    return found != event->end() && found->is_string();
  };
  if (!event->is_object() || !event->contains("v") || !event->contains("seq") ||
      !(*event)["seq"].is_number_unsigned() || !text("prev") || !text("type") ||
      !text("t")) {
    return Error(ErrorCode::kMalformed,
                 "bad-event: v, seq, prev, type or t is missing");
  }
  return event;
}

Result<std::uint64_t> ForEachLogLine(
    const fs::path& path, std::uint64_t from,
    const std::function<Status(std::uint64_t, std::string_view)>& visit) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Error(fs::exists(path) ? ErrorCode::kIo : ErrorCode::kNotFound,
                 "opening " + path.string());
  }
  file.seekg(static_cast<std::streamoff>(from));
  std::string buffer, piece(1 << 20, '\0');
  std::uint64_t at = from;  // of buffer[0]
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto got = static_cast<std::size_t>(file.gcount());
    if (got == 0) break;
    buffer.append(piece, 0, got);
    std::size_t begin = 0;
    for (std::size_t end; (end = buffer.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      STEMMA_CHECK_OK(visit(
          at + begin, std::string_view(buffer).substr(begin, end - begin)));
    }
    at += begin;
    buffer.erase(0, begin);
    // A log whose line never ends is no log; do not gather it in memory.
    if (buffer.size() > (16 << 20)) break;
  }
  if (file.bad()) return Error(ErrorCode::kIo, "reading " + path.string());
  return at;
}

Result<EventLog> EventLog::Open(const fs::path& manifest,
                                const fs::path& quarantine) {
  const fs::path path = manifest / "events.jsonl";
  std::error_code ignored;
  const bool there = fs::exists(path, ignored);
  Result<AppendFile> file =
      there ? AppendFile::OpenExisting(path) : AppendFile::Create(path);
  if (!file) return std::move(file).error().Context("opening the manifest");
  EventLog log(*std::move(file));
  log.prev_ = log.synced_prev_ = kNoPrev;
  if (!there) {
    STEMMA_CHECK_OK(SyncFolder(manifest));
    STEMMA_CHECK_OK(SyncFolder(manifest.parent_path()));
  }
  STEMMA_CHECK_OK(log.Recover(quarantine));
  const std::optional<std::uint64_t> signed_size = CheckpointSize(manifest);
  if (signed_size && *signed_size > log.next_seq_) {
    return Error(ErrorCode::kCorrupt,
                 fmt::format("log-shorter-than-checkpoint: {} holds {} events, "
                             "its checkpoint signs {}; restore it from a copy",
                             path.string(), log.next_seq_, *signed_size));
  }
  return log;
}

// Finds the last event that chains to the one before it; what lies behind is a
// tail that no sync vouched for, unless it holds an event itself.
Status EventLog::Recover(const fs::path& quarantine) {
  struct Line {
    std::uint64_t offset = 0;
    std::string text;
  };
  // A tail of junk may hold line ends; a few thousand lines are looked at.
  constexpr std::size_t kTailLines = 4096;
  std::vector<Line> last;
  STEMMA_TRY(
      const std::uint64_t whole,
      ForEachLogLine(
          file_.path(), 0,
          [&last](std::uint64_t offset, std::string_view line) -> Status {
            if (last.size() == kTailLines) {
              last.erase(last.begin(), last.begin() + kTailLines / 2);
            }
            last.push_back({offset, std::string(line)});
            return {};
          }));
  std::uint64_t end = 0;
  for (std::size_t i = last.size(); i-- > 0;) {
    const Result<Json> event = ParseEventLine(last[i].text);
    if (!event) {
      // A line that says seq and prev was an event once: that is damage, no
      // tail, and not ours to cut.
      const bool was_event =
          last[i].text.starts_with("{") &&
          last[i].text.find("\"prev\":\"") != std::string::npos &&
          last[i].text.ends_with("}");
      if (was_event) {
        return Error(ErrorCode::kCorrupt,
                     fmt::format("{}: line at {}: {}", file_.path().string(),
                                 last[i].offset, event.error().message()));
      }
      continue;
    }
    const std::string prev = (*event)["prev"].get<std::string>();
    const bool first = last[i].offset == 0;
    const bool chained =
        first ? prev == kNoPrev
              : i == 0 || LeafHash(last[i - 1].text).Hex() == prev;
    if (!chained) {
      return Error(ErrorCode::kCorrupt,
                   fmt::format("{}: line at {} does not follow the line before",
                               file_.path().string(), last[i].offset));
    }
    next_seq_ = synced_seq_ = (*event)["seq"].get<std::uint64_t>() + 1;
    prev_ = synced_prev_ = LeafHash(last[i].text).Hex();
    if (const auto t = ParseTime((*event)["t"].get<std::string>())) {
      last_time_ = *t;
    }
    end = last[i].offset + last[i].text.size() + 1;
    break;
  }
  if (end == 0 && whole > 0) {
    return Error(ErrorCode::kCorrupt, fmt::format("{}: no event is readable",
                                                  file_.path().string()));
  }
  if (end == file_.size()) return {};

  const std::uint64_t tail = file_.size() - end;
  STEMMA_TRY(const std::string bytes,
             file_.ReadAt(end, std::min<std::uint64_t>(tail, 64 << 20)));
  std::string name = fmt::format("events.jsonl.{}.tail", end);
  std::error_code ignored;
  for (int n = 1; fs::exists(quarantine / name, ignored); ++n) {
    name = fmt::format("events.jsonl.{}.tail.{}", end, n);
  }
  STEMMA_CHECK_OK(WriteDurably(quarantine / name, bytes));
  STEMMA_CHECK_OK(file_.Truncate(end));
  STEMMA_CHECK_OK(file_.Sync());
  notes_.push_back(
      fmt::format("torn tail of the log, {} bytes, moved to "
                  "quarantine/{}",
                  tail, name));
  return {};
}

Result<std::string> EventLog::Add(std::string_view type, const Json& fields,
                                  TimePoint now) {
  STEMMA_CHECK_OK(CheckEventFields(fields));
  // Our clock may be set back; the order of the log may not.
  const TimePoint t = std::max(now, last_time_);
  Json event = fields;
  event["v"] = 1;
  event["seq"] = next_seq_;
  event["prev"] = prev_;
  event["type"] = type;
  event["t"] = FormatMillis(t);
  std::string line = Jcs(event);
  if (line.size() > kMaxEventBytes) {
    return Error(ErrorCode::kLimit,
                 fmt::format("a {} event of {} bytes; the log takes {}", type,
                             line.size(), kMaxEventBytes));
  }
  pending_ += line;
  pending_ += '\n';
  prev_ = LeafHash(line).Hex();
  ++next_seq_;
  last_time_ = t;
  return line;
}

Status EventLog::Sync() {
  if (pending_.empty()) return {};
  const Batch batch = TakePending();
  STEMMA_CHECK_OK(Write(batch));
  Settle(batch);
  return {};
}

EventLog::Batch EventLog::TakePending() {
  return {std::exchange(pending_, {}), next_seq_, prev_};
}

Status EventLog::Write(const Batch& batch) {
  STEMMA_TRY(const std::uint64_t at, file_.Append(batch.lines));
  static_cast<void>(at);
  return file_.Sync();
}

void EventLog::Settle(const Batch& batch) {
  synced_seq_ = batch.next_seq;
  synced_prev_ = batch.prev;
}

void EventLog::DropPending() {
  pending_.clear();
  next_seq_ = synced_seq_;
  prev_ = synced_prev_;
}

}  // namespace stemma

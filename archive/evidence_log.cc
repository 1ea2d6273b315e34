#include "archive/evidence_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/durable_file.h"
#include "archive/event_line.h"
#include "archive/evidence_tiles.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

// The clocks of the archive and of an authority may differ by this much
// before a local time counts as outside its bracket.
constexpr auto kClockSlack = std::chrono::minutes(5);
constexpr std::size_t kChunk = std::size_t{1} << 20;
// A line no memory should be spent on; the leaf after it cannot be known.
constexpr std::size_t kAbsurdLine = std::size_t{16} << 20;

using HexHash = std::array<char, 64>;

HexHash ToHex(const Sha256& hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  HexHash hex;
  for (std::size_t i = 0; i < 32; ++i) {
    hex[2 * i] = kDigits[hash.bytes[i] >> 4];
    hex[2 * i + 1] = kDigits[hash.bytes[i] & 15];
  }
  return hex;
}

std::string_view Text(const HexHash& hex) { return {hex.data(), hex.size()}; }

// Fast for what is right; IsEventTime decides what looks odd.
bool LooksLikeEventTime(std::string_view t) {
  static constexpr std::string_view kShape = "0000-00-00T00:00:00.000Z";
  if (t.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = t[i] >= '0' && t[i] <= '9';
    if (kShape[i] == '0' ? !digit : t[i] != kShape[i]) return false;
  }
  const auto two = [&](std::size_t i) {
    return (t[i] - '0') * 10 + (t[i + 1] - '0');
  };
  const int day = two(8);
  return two(5) >= 1 && two(5) <= 12 && day >= 1 && day <= 28 && two(11) < 24 &&
         two(14) < 60 && two(17) < 60;
}

// --- One event ---------------------------------------------------------------

// The members every event has, and views to the rest.
struct EventHead {
  std::optional<std::uint64_t> seq, version;
  std::optional<std::string_view> prev, type, time;
};

EventHead HeadOf(const EventView& view) {
  EventHead head;
  for (const EventView::Member& member : view.members()) {
    const auto text = [&]() -> std::optional<std::string_view> {
      const std::string_view raw = member.value;
      if (raw.size() < 2 || raw.front() != '"') return std::nullopt;
      const std::string_view inner = raw.substr(1, raw.size() - 2);
      if (inner.find('\\') != std::string_view::npos) return std::nullopt;
      return inner;
    };
    if (member.key == "seq")
      head.seq = view.Number("seq");
    else if (member.key == "v")
      head.version = view.Number("v");
    else if (member.key == "prev")
      head.prev = text();
    else if (member.key == "type")
      head.type = text();
    else if (member.key == "t")
      head.time = text();
  }
  return head;
}

std::string StringOf(const EventView& view, std::string_view key) {
  const auto text = view.Text(key);
  return text ? std::string(*text) : std::string();
}

class LogScanner {
 public:
  LogScanner(const LogScan& scan, FindingList& findings)
      : scan_(scan),
        findings_(findings),
        tiles_(scan.manifest, scan.tile_size, findings) {
    NoteRoot();
    if (scan.tokens != nullptr) PrepareBounds(*scan.tokens);
  }

  void Line(std::string_view line) {
    const bool readable = view_.Read(line);
    if (!readable) {
      Fault(line);
    } else {
      Event();
    }
    const Sha256 leaf = LeafHash(line);
    prev_ = ToHex(leaf);
    tiles_.Leaf(facts_.lines, leaf);
    range_.Append(leaf);
    ++facts_.lines;
    NoteRoot();
  }

  LogFacts Finish() {
    tiles_.Finish(scan_.tiles_expected);
    return std::move(facts_);
  }

  LogFacts& facts() { return facts_; }

 private:
  std::string Where() const {
    return "events.jsonl line " + std::to_string(facts_.lines + 1);
  }

  void Report(std::string code, Weight weight, std::string what) {
    findings_.Add(
        {std::move(code), weight, Where(), std::move(what), facts_.lines});
  }

  void NoteRoot() {
    if (scan_.sizes.contains(facts_.lines)) {
      facts_.roots[facts_.lines] = range_.Root();
    }
  }

  void Fault(std::string_view line) {
    LineFault fault = ExplainLine(line);
    Report(std::move(fault.code), Weight::kAltered, std::move(fault.why));
    // What follows is judged by its own seq again.
    ++expected_seq_;
  }

  void Event() {
    const EventHead head = HeadOf(view_);
    CheckChain(head);
    CheckTime(head);
    if (head.version != 1U) {
      Report("unsupported-version", Weight::kWarning,
             "an event of a version we do not know; only its place was "
             "checked");
      return;
    }
    if (!head.type) {
      Report("bad-event", Weight::kAltered, "the event has no type");
      return;
    }
    Remember(*head.type);
  }

  void CheckChain(const EventHead& head) {
    if (head.seq != expected_seq_) {
      const std::string expected = std::to_string(expected_seq_);
      if (!head.seq) {
        Report("seq-mismatch", Weight::kAltered,
               "no seq where " + expected + " is due");
      } else if (*head.seq > expected_seq_) {
        Report("seq-mismatch", Weight::kAltered,
               "seq " + std::to_string(*head.seq) + " where " + expected +
                   " is due: events are missing before it");
      } else {
        Report("seq-mismatch", Weight::kAltered,
               "seq " + std::to_string(*head.seq) + " where " + expected +
                   " is due");
      }
    }
    // One break is one finding, not one for each line after it.
    expected_seq_ = head.seq.value_or(expected_seq_) + 1;
    if (head.prev != Text(prev_)) {
      Report("prev-mismatch", Weight::kAltered,
             "prev is not the hash of the line before");
    }
  }

  void CheckTime(const EventHead& head) {
    if (!head.time ||
        (!LooksLikeEventTime(*head.time) && !IsEventTime(*head.time))) {
      Report("bad-event", Weight::kAltered, "t is no time of the event form");
      return;
    }
    const std::string_view t = *head.time;
    if (!earliest_.empty() && t < earliest_) {
      Report("time-bracket", Weight::kAltered,
             "t is " + std::string(t) + ", but the log had committed to " +
                 earliest_by_ + " before this event");
    }
    while (next_bound_ < bounds_.size() &&
           bounds_[next_bound_].first <= facts_.lines) {
      ++next_bound_;
    }
    if (next_bound_ < bounds_.size() && t > bounds_[next_bound_].second) {
      Report("time-bracket", Weight::kAltered,
             "t is " + std::string(t) +
                 ", later than the timestamp over a checkpoint that holds this "
                 "event");
    }
    if (!last_time_.empty() && t < last_time_) {
      findings_.Add({"time-order", Weight::kNote, Where(),
                     "t lies before that of the event before it",
                     facts_.lines});
    }
    last_time_ = t;
  }

  // Upper bounds by size, each the earliest over it and all larger sizes.
  void PrepareBounds(const std::vector<JudgedToken>& tokens) {
    std::map<std::uint64_t, TimePoint> earliest;
    for (const JudgedToken& token : tokens) {
      if (!token.good) continue;
      const auto [at, added] = earliest.emplace(token.size, token.gen_time);
      if (!added) at->second = std::min(at->second, token.gen_time);
    }
    TimePoint least = TimePoint::max();
    for (auto at = earliest.rbegin(); at != earliest.rend(); ++at) {
      least = std::min(least, at->second);
      bounds_.emplace_back(at->first, FormatMillis(least + kClockSlack));
    }
    std::reverse(bounds_.begin(), bounds_.end());
  }

  // --- What other checks need to know.

  void Remember(std::string_view type) {
    if (type == "capture" || type == "capture.failed" ||
        type == "capture.records" || type == "derive" || type == "import") {
      RememberCapture();
    } else if (type == "seal" || type == "repack") {
      RememberDigests(view_);
    } else if (type == "redact") {
      RememberDigests(view_);
      RememberRedaction();
    } else if (type == "anchor") {
      RememberAnchor();
    } else if (type == "tombstone") {
      RememberTombstone();
    } else if (type == "log.init") {
      RememberInit();
    } else if (type == "key.rotate" || type == "key.revoke") {
      RememberKeys(type == "key.revoke");
    }
  }

  void RememberCapture() {
    const std::string_view raw = view_.Raw("bundle");
    if (raw.starts_with('{') && inner_.Read(raw)) {
      const auto name = inner_.Text("name");
      if (name && inner_.Text("sha256")) {
        RememberDigests(view_);
      } else if (name) {
        ++LastBundle(*name)->captures;
      }
    }
    // A record that lies elsewhere than its event's first one says where.
    constexpr std::string_view kKey = "\"bundle\":\"";
    std::string_view records = view_.Raw("records");
    for (std::size_t at = records.find(kKey); at != std::string_view::npos;
         at = records.find(kKey)) {
      records.remove_prefix(at + kKey.size());
      ++LastBundle(records.substr(0, records.find('"')))->captures;
    }
  }

  // Most events name the bundle of the event before them.
  LoggedBundle* LastBundle(std::string_view name) {
    if (last_bundle_ == nullptr || last_bundle_name_ != name) {
      last_bundle_name_ = name;
      last_bundle_ = &facts_.bundles[last_bundle_name_];
    }
    return last_bundle_;
  }

  void RememberDigests(const EventView& view) {
    if (!inner_.Read(view.Raw("bundle"))) return;
    const auto name = inner_.Text("name");
    if (!name) return;
    LoggedBundle& bundle = facts_.bundles[std::string(*name)];
    const auto type = view.Text("type");
    if (bundle.has_digests && (type == "repack" || type == "redact") &&
        (StringOf(view, "old_sha256") != bundle.sha256 ||
         StringOf(inner_, "records_root") !=
             bundle.records_root.value_or(""))) {
      Report("records-mismatch", Weight::kAltered,
             "a repack or redact event does not carry over the records of " +
                 std::string(*name));
    }
    bundle.seq = facts_.lines;
    bundle.has_digests = true;
    bundle.bytes = inner_.Number("bytes").value_or(0);
    bundle.sha256 = StringOf(inner_, "sha256");
    bundle.sha512 = StringOf(inner_, "sha512");
    bundle.records = inner_.Number("records");
    if (inner_.Text("records_root")) {
      bundle.records_root = StringOf(inner_, "records_root");
    }
    bundle.cdxj_sha256 = StringOf(view, "cdxj_sha256");
  }

  void RememberTombstone() {
    const std::string of = StringOf(view_, "of");
    if (!of.empty()) facts_.bundles[of].tombstone_seq = facts_.lines;
    CheckRoles("tombstone");
  }

  void RememberRedaction() {
    if (!inner_.Read(view_.Raw("bundle"))) return;
    const auto name = inner_.Text("name");
    if (!name) return;
    LoggedBundle& bundle = facts_.bundles[std::string(*name)];
    bundle.redact_seq = facts_.lines;
    const nlohmann::json event = {
        {"redacted",
         nlohmann::json::parse(view_.Raw("redacted"), nullptr, false)}};
    if (!TakeRedactions(event, bundle.redacted)) {
      Report("bad-event", Weight::kAltered,
             "a redact event does not say which records are gone");
    }
    CheckRoles("redact");
  }

  // Two roles have to agree; the array is canonical JSON text here.
  void CheckRoles(const std::string& type) {
    const std::string_view roles = view_.Raw("approved_by");
    const auto comma = roles.find("\",\"");
    if (comma == std::string_view::npos ||
        roles.substr(2, comma - 2) ==
            roles.substr(comma + 3, roles.find('"', comma + 3) - comma - 3)) {
      Report(type + "-one-role", Weight::kWarning,
             "an erasure that two different roles did not approve");
    }
  }

  void RememberAnchor() {
    LoggedAnchor anchor;
    anchor.seq = facts_.lines;
    anchor.size = view_.Number("size").value_or(0);
    anchor.kind = StringOf(view_, "kind");
    anchor.file = StringOf(view_, "file");
    anchor.sha256 = StringOf(view_, "sha256");
    anchor.query_sha256 = StringOf(view_, "query_sha256");
    anchor.gen_time = StringOf(view_, "gen_time");
    UseAnchor(anchor);
    facts_.anchors.push_back(std::move(anchor));
  }

  // From here on the log has committed to the token's time.
  void UseAnchor(const LoggedAnchor& anchor) {
    if (scan_.tokens == nullptr || anchor.kind != "rfc3161") return;
    for (const JudgedToken& token : *scan_.tokens) {
      if (!token.good || token.file != anchor.file ||
          token.sha256 != anchor.sha256) {
        continue;
      }
      const std::string bound = FormatMillis(token.gen_time - kClockSlack);
      if (bound > earliest_) {
        earliest_ = bound;
        earliest_by_ = FormatSeconds(token.gen_time) + " (" + token.file + ")";
      }
    }
  }

  // A log has a name from its first event on, and a key when it is first
  // signed: the first log.init with a key counts, before it any.
  void RememberInit() {
    if (!facts_.vkey.empty()) {
      Report("log-init-twice", Weight::kWarning,
             "a second log.init with a key; the first one counts");
      return;
    }
    facts_.origin = StringOf(view_, "origin");
    facts_.vkey = StringOf(view_, "vkey");
    facts_.recovery_vkey = StringOf(view_, "recovery");
  }

  void RememberKeys(bool revoke) {
    LoggedKeyChange change;
    change.seq = facts_.lines;
    change.revoke = revoke;
    change.old_key = StringOf(view_, revoke ? "revoked" : "old");
    change.new_key = StringOf(view_, "new");
    change.by = StringOf(view_, "by");
    change.signature = StringOf(view_, "signature");
    change.reason = StringOf(view_, "reason");
    facts_.key_changes.push_back(std::move(change));
  }

  const LogScan& scan_;
  FindingList& findings_;
  TileComparer tiles_;
  LogFacts facts_;
  EventView view_, inner_;
  CompactRange range_;
  HexHash prev_ = [] {
    HexHash zeros;
    zeros.fill('0');
    return zeros;
  }();
  std::uint64_t expected_seq_ = 0;
  std::string last_time_, earliest_, earliest_by_;
  std::vector<std::pair<std::uint64_t, std::string>> bounds_;
  std::size_t next_bound_ = 0;
  std::string last_bundle_name_;
  LoggedBundle* last_bundle_ = nullptr;
};

// Hands out whole lines of a growing buffer.
class LineReader {
 public:
  explicit LineReader(LogScanner& scanner) : scanner_(scanner) {}

  // Returns false when a line is absurdly long.
  bool Feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const void* found = std::memchr(bytes.data(), '\n', bytes.size());
      if (found == nullptr) {
        carry_ += bytes;
        return carry_.size() < kAbsurdLine;
      }
      const auto end = static_cast<std::size_t>(
          static_cast<const char*>(found) - bytes.data());
      if (carry_.empty()) {
        scanner_.Line(bytes.substr(0, end));
      } else {
        carry_ += bytes.substr(0, end);
        scanner_.Line(carry_);
        carry_.clear();
      }
      bytes.remove_prefix(end + 1);
    }
    return true;
  }

  bool torn() const { return !carry_.empty(); }

 private:
  LogScanner& scanner_;
  std::string carry_;
};

}  // namespace

void FindingList::Add(Finding finding) {
  if (++counts_[finding.code] <= kListed) {
    findings_.push_back(std::move(finding));
  }
}

std::vector<Finding> FindingList::Take() {
  for (const auto& [code, count] : counts_) {
    if (count <= kListed) continue;
    findings_.push_back({code, Weight::kNote, "",
                         std::to_string(count - kListed) + " more of these",
                         std::nullopt});
  }
  counts_.clear();
  return std::move(findings_);
}

Result<LogFacts> ScanLog(const LogScan& scan, FindingList& findings) {
  const std::filesystem::path path = scan.manifest / "events.jsonl";
  const int file =
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    return Error(ErrorCode::kIo, "opening " + path.string() + ": " +
                                     std::generic_category().message(errno));
  }
  LogScanner scanner(scan, findings);
  LineReader lines(scanner);
  std::string buffer(kChunk, '\0');
  std::uint64_t bytes = 0;
  std::optional<Error> failure;
  while (true) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      failure =
          Error(ErrorCode::kIo, "reading " + path.string() + ": " +
                                    std::generic_category().message(errno));
      break;
    }
    if (got == 0) break;
    bytes += static_cast<std::uint64_t>(got);
    if (!lines.Feed({buffer.data(), static_cast<std::size_t>(got)})) {
      findings.Add(
          {"line-too-long", Weight::kAltered,
           "events.jsonl line " + std::to_string(scanner.facts().lines + 1),
           "a line of many megabytes; nothing after it was read",
           scanner.facts().lines});
      break;
    }
    if (scan.progress) scan.progress(bytes);
  }
  ::close(file);
  if (failure) return *failure;
  scanner.facts().torn = lines.torn();
  scanner.facts().bytes = bytes;
  return scanner.Finish();
}

}  // namespace stemma

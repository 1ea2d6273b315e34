// One line of the log: an event as canonical JSON, stricter than RFC 8785 so
// that sed, sha256sum and any JSON reader agree about it.
//
//   {"prev":"<64 hex>","seq":7,"t":"2026-03-03T03:00:00.000Z","type":"fixity",
//    "v":1, ...}
//
// Keys are [a-z0-9_]+ in ascending order and appear once; numbers are integers
// of magnitude up to 2^53 - 1; strings are UTF-8 with the escapes of RFC 8785;
// at most 65,535 bytes (the entry limit of C2SP tlog-tiles), at most 16 levels
// deep. The reader is one pass over the bytes and builds nothing: a log of
// millions of events is checked at the pace of its hashing.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace stemma {

inline constexpr std::size_t kMaxLineBytes = 65'535;
inline constexpr int kMaxLineDepth = 16;
inline constexpr std::uint64_t kMaxExactInteger = (std::uint64_t{1} << 53) - 1;

// The members of one canonical object, as views into its text: the values are
// JSON text as it stands there.
class EventView {
 public:
  // True when `text` is exactly one canonical object by the rules above. Then
  // members() are its own members, in order.
  bool Read(std::string_view text);

  struct Member {
    std::string_view key, value;
  };
  const std::vector<Member>& members() const { return members_; }

  // The text of a member; empty when there is none.
  std::string_view Raw(std::string_view key) const;
  // A member that is a string without escapes; nullopt otherwise.
  std::optional<std::string_view> Text(std::string_view key) const;
  // A member that is an integer of 0 or more; nullopt otherwise.
  std::optional<std::uint64_t> Number(std::string_view key) const;

 private:
  std::vector<Member> members_;
};

// Why a line is no event, by the names the conformance vectors use: "bad-json"
// (no strict JSON object), "not-canonical" (JSON, but other bytes),
// "line-too-long", "bad-event" (canonical, but a key or number we do not
// allow). Empty when the line is fine. `why` says it in words.
struct LineFault {
  std::string code, why;
};
LineFault ExplainLine(std::string_view line);

// The canonical line of `event`, without LF. kInvalidArgument says which rule
// it breaks.
Result<std::string> EventLine(const nlohmann::json& event);

// Whether `text` is "YYYY-MM-DDThh:mm:ss.mmmZ" and a date that exists.
bool IsEventTime(std::string_view text);

}  // namespace stemma

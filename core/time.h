// Points in time, UTC, millisecond resolution, and their written forms.
// The clock is an argument wherever "now" matters, so that tests need no
// sleeps.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace stemma {

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;
using Clock = std::function<TimePoint()>;

// The machine's clock.
TimePoint SystemNow();

// "2026-03-01T11:58:00.123Z": event times.
std::string FormatMillis(TimePoint time);
// "2026-03-01T11:58:00Z": WARC-Date and everything people read (RFC 3339).
std::string FormatSeconds(TimePoint time);
// "20260301115800": CDXJ and Memento, 14 digits.
std::string Format14(TimePoint time);

// Reads RFC 3339 (any fraction, any offset, "Z"), a bare date, or a date and
// time without zone (taken as UTC). nullopt for anything else, also for
// impossible dates and for years outside 0001-9999.
std::optional<TimePoint> ParseTime(std::string_view text);
// Reads exactly 14 digits.
std::optional<TimePoint> Parse14(std::string_view digits);

// How exact a date somebody claims is.
enum class Precision { kDay, kMinute, kSecond };

// A date found in a page or a feed: a claim of its publisher, not a fact.
struct DateClaim {
  TimePoint time;
  Precision precision = Precision::kDay;
  bool has_zone = false;  // false: the claim named no zone, UTC was assumed
  std::string raw;        // as written
  std::string source;     // where: "json-ld:datePublished", "byline", ...
};

}  // namespace stemma

#include "core/time.h"

#include <fmt/format.h>

namespace stemma {
namespace {

using namespace std::chrono;

struct Parts {
  year_month_day date;
  hh_mm_ss<milliseconds> clock;
};

Parts Split(TimePoint time) {
  const auto day = floor<days>(time);
  return {year_month_day(day), hh_mm_ss<milliseconds>(time - day)};
}

// A cursor over the text; every Take* moves it only on success.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool Done() const { return rest_.empty(); }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeAny(std::string_view set) {
    if (rest_.empty() || set.find(rest_.front()) == set.npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<int> TakeNumber(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  // The digits after the point, as milliseconds; more digits are cut off.
  int TakeFraction() {
    int value = 0;
    int seen = 0;
    while (const std::optional<int> digit = TakeNumber(1)) {
      if (seen < 3) value = value * 10 + *digit;
      ++seen;
    }
    for (; seen < 3; ++seen) value *= 10;
    return value;
  }

 private:
  std::string_view rest_;
};

std::optional<TimePoint> Combine(int y, int mo, int d, int h, int mi, int s,
                                 int ms) {
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)),
                            day(static_cast<unsigned>(d))};
  // A leap second (60) is read as the last second of its minute.
  if (y < 1 || !date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  if (s == 60) s = 59;
  return sys_days(date) + hours(h) + minutes(mi) + seconds(s) +
         milliseconds(ms);
}

}  // namespace

TimePoint SystemNow() { return floor<milliseconds>(system_clock::now()); }

std::string FormatSeconds(TimePoint time) {
  const Parts p = Split(time);
  return fmt::format(
      "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(p.date.year()),
      static_cast<unsigned>(p.date.month()),
      static_cast<unsigned>(p.date.day()), p.clock.hours().count(),
      p.clock.minutes().count(), p.clock.seconds().count());
}

std::string FormatMillis(TimePoint time) {
  std::string text = FormatSeconds(time);
  text.pop_back();
  return fmt::format("{}.{:03}Z", text, Split(time).clock.subseconds().count());
}

std::string Format14(TimePoint time) {
  std::string digits;
  for (const char c : FormatSeconds(time)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return digits;
}

std::optional<TimePoint> ParseTime(std::string_view text) {
  Reader in(text);
  const auto y = in.TakeNumber(4);
  if (!y || !in.Take('-')) return std::nullopt;
  const auto mo = in.TakeNumber(2);
  if (!mo || !in.Take('-')) return std::nullopt;
  const auto d = in.TakeNumber(2);
  if (!d) return std::nullopt;
  if (in.Done()) return Combine(*y, *mo, *d, 0, 0, 0, 0);
  if (!in.TakeAny("Tt ")) return std::nullopt;
  const auto h = in.TakeNumber(2);
  if (!h || !in.Take(':')) return std::nullopt;
  const auto mi = in.TakeNumber(2);
  if (!mi) return std::nullopt;
  int s = 0;
  int ms = 0;
  if (in.Take(':')) {
    const auto seconds = in.TakeNumber(2);
    if (!seconds) return std::nullopt;
    s = *seconds;
    if (in.TakeAny(".,")) ms = in.TakeFraction();
  }
  const auto time = Combine(*y, *mo, *d, *h, *mi, s, ms);
  if (!time || in.Done()) return time;
  if (in.TakeAny("Zz")) return in.Done() ? time : std::nullopt;
  const bool east = in.Take('+');
  if (!east && !in.Take('-')) return std::nullopt;
  const auto zone_h = in.TakeNumber(2);
  if (!zone_h) return std::nullopt;
  (void)in.Take(':');
  const auto zone_m = in.Done() ? std::optional<int>(0) : in.TakeNumber(2);
  if (!zone_m || *zone_h > 23 || *zone_m > 59 || !in.Done()) {
    return std::nullopt;
  }
  const auto offset = hours(*zone_h) + minutes(*zone_m);
  return east ? *time - offset : *time + offset;
}

std::optional<TimePoint> Parse14(std::string_view digits) {
  Reader in(digits);
  const auto y = in.TakeNumber(4);
  const auto mo = in.TakeNumber(2);
  const auto d = in.TakeNumber(2);
  const auto h = in.TakeNumber(2);
  const auto mi = in.TakeNumber(2);
  const auto s = in.TakeNumber(2);
  if (!y || !mo || !d || !h || !mi || !s || !in.Done()) return std::nullopt;
  return Combine(*y, *mo, *d, *h, *mi, *s, 0);
}

}  // namespace stemma

#include "article/civil_time.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace stemma {
namespace {

using std::chrono::day;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::month;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

struct Zone {
  std::string_view name;
  int minutes;
};
constexpr Zone kZones[] = {
    {"utc", 0},    {"gmt", 0},    {"z", 0},      {"est", -300}, {"edt", -240},
    {"cst", -360}, {"cdt", -300}, {"mst", -420}, {"mdt", -360}, {"pst", -480},
    {"pdt", -420}, {"bst", 60},   {"cet", 60},   {"cest", 120}, {"eet", 120},
    {"eest", 180}, {"msk", 180},  {"jst", 540},  {"aest", 600}, {"aedt", 660},
    {"mez", 60},   {"mesz", 120}};

std::optional<TimePoint> TimeOf(const CivilTime& c) {
  const year_month_day date{year{c.year}, month{static_cast<unsigned>(c.month)},
                            day{static_cast<unsigned>(c.day)}};
  if (!date.ok()) return std::nullopt;
  TimePoint time = sys_days{date};
  if (c.hour >= 0) {
    time += hours{c.hour} + minutes{c.minute} + seconds{c.second};
  }
  if (c.offset) time -= minutes{*c.offset};
  return time;
}

}  // namespace

std::optional<DateClaim> ClaimOf(const CivilTime& c, std::string_view raw) {
  const std::optional<TimePoint> time = TimeOf(c);
  if (!time) return std::nullopt;
  DateClaim claim;
  claim.time = *time;
  claim.precision = c.hour < 0     ? Precision::kDay
                    : c.has_second ? Precision::kSecond
                                   : Precision::kMinute;
  claim.has_zone = c.offset.has_value();
  claim.raw = std::string(raw);
  return claim;
}

std::optional<int> ZoneNamed(std::string_view lower) {
  for (const Zone& zone : kZones) {
    if (lower == zone.name) return zone.minutes;
  }
  return std::nullopt;
}

std::optional<int> OffsetOf(std::string_view text) {
  text = TrimAscii(text);
  if (text.empty()) return std::nullopt;
  if (text == "Z" || text == "z") return 0;
  if (text.front() == '+' || text.front() == '-') {
    const int sign = text.front() == '-' ? -1 : 1;
    std::string digits;
    for (const char c : text.substr(1)) {
      if (c >= '0' && c <= '9')
        digits += c;
      else if (c != ':')
        break;
    }
    if (digits.size() > 4 || digits.empty()) return std::nullopt;
    if (digits.size() <= 2) digits += "00";
    if (digits.size() == 3) digits.insert(0, "0");
    const int hour = *NumberOf(digits.substr(0, 2));
    const int minute = *NumberOf(digits.substr(2));
    if (hour > 15 || minute > 59) return std::nullopt;
    return sign * (hour * 60 + minute);
  }
  std::string lower(text.substr(0, std::min<std::size_t>(5, text.find(' '))));
  for (char& c : lower) c = static_cast<char>(c | 32);
  return ZoneNamed(lower);
}

std::optional<int> NumberOf(std::string_view text) {
  int value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::string_view TrimAscii(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace stemma

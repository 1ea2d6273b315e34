#include "fetch/feed_date.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "core/ascii.h"
#include "core/trim.h"
#include "fetch/date_words.h"
#include "fetch/http_date.h"

namespace stemma {
namespace {

using namespace std::chrono;

std::optional<int> Number(std::string_view text) {
  int value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || !IsDigit(text[0]) || error != std::errc() ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

// "+0100", "+01:00", "GMT", "EST", "Z"; nullopt for what is no zone.
std::optional<minutes> Zone(std::string_view text) {
  constexpr std::pair<std::string_view, int> kNamed[] = {
      {"GMT", 0},  {"UT", 0},   {"UTC", 0},  {"Z", 0},    {"EST", -5},
      {"EDT", -4}, {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6},
      {"PST", -8}, {"PDT", -7}, {"CET", 1},  {"CEST", 2}, {"BST", 1},
      {"MSK", 3},  {"JST", 9},  {"AEST", 10}};
  for (const auto& [name, hour] : kNamed) {
    if (text == name) return hours(hour);
  }
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) {
    return std::nullopt;
  }
  std::string digits(text.substr(1));
  std::erase(digits, ':');
  const auto value = Number(digits);
  if (!value || digits.size() > 4) return std::nullopt;
  const int total =
      digits.size() <= 2 ? *value * 60 : *value / 100 * 60 + *value % 100;
  if (total > 18 * 60) return std::nullopt;
  return minutes(text[0] == '-' ? -total : total);
}

std::optional<TimePoint> Combine(int year_number, int month_number,
                                 int day_number, int h, int m, int s) {
  const year_month_day date{year(year_number),
                            month(static_cast<unsigned>(month_number)),
                            day(static_cast<unsigned>(day_number))};
  if (!date.ok() || year_number < 1 || h > 24 || m > 59 || s > 60) {
    return std::nullopt;
  }
  return sys_days(date) + hours(h) + minutes(m) + seconds(std::min(s, 59));
}

// "19:48:21" or "19:48".
bool TakeClock(std::string_view word, int clock[3]) {
  const std::vector<std::string_view> parts = DateWords(word, ":");
  if (parts.size() < 2 || parts.size() > 3) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto value = Number(parts[i].substr(0, parts[i].find('.')));
    if (!value) return false;
    clock[i] = *value;
  }
  return true;
}

// RFC 822 and everything like it: a day, a month by name, a year, a clock and
// a zone, in whatever order; a weekday is passed over.
std::optional<TimePoint> ParseNamedMonth(std::string_view text) {
  std::optional<int> day_number, year_number;
  unsigned month_number = 0;
  int clock[3] = {0, 0, 0};
  minutes zone{0};
  for (const std::string_view word : DateWords(text, " ,\t\r\n")) {
    std::vector<std::string_view> pieces{word};
    if (IsDigit(word[0]) && word.find('-') != std::string_view::npos) {
      pieces = DateWords(word, "-");
    }
    for (const std::string_view piece : pieces) {
      const std::optional<int> number = Number(piece);
      if (number && !day_number && *number <= 31 && piece.size() <= 2) {
        day_number = number;
      } else if (number && !year_number) {
        year_number = piece.size() <= 2 ? *number + (*number < 69 ? 2000 : 1900)
                                        : *number;
      } else if (const auto found = Zone(piece)) {
        zone = *found;
      } else if (month_number == 0 && MonthOfName(piece) != 0) {
        month_number = MonthOfName(piece);
      } else if (piece.find(':') != std::string_view::npos &&
                 !TakeClock(piece, clock)) {
        return std::nullopt;
      }
    }
  }
  if (!day_number || !year_number || month_number == 0) return std::nullopt;
  const auto local = Combine(*year_number, static_cast<int>(month_number),
                             *day_number, clock[0], clock[1], clock[2]);
  if (!local) return std::nullopt;
  return *local - zone;
}

// W3C-DTF without all its parts: "2003", "2003-12", "20031231",
// "2003-12-31T10:14Z".
std::optional<TimePoint> ParseShortened(std::string_view text) {
  std::string_view rest;
  const std::size_t t = text.find_first_of("Tt ");
  const std::string_view date = text.substr(0, t);
  if (t != std::string_view::npos) rest = text.substr(t + 1);
  std::string digits(date);
  std::erase(digits, '-');
  if (digits.empty() || !std::ranges::all_of(digits, IsDigit)) {
    return std::nullopt;
  }
  if (digits.size() != 4 && digits.size() != 6 && digits.size() != 8) {
    return std::nullopt;
  }
  int clock[3] = {0, 0, 0};
  minutes zone{0};
  if (!rest.empty()) {
    const std::size_t zone_at =
        std::min(rest.find_first_of("Zz+-"), rest.size());
    if (!TakeClock(rest.substr(0, zone_at), clock)) return std::nullopt;
    std::string name(rest.substr(zone_at));
    if (name == "z") name = "Z";
    const auto found = name.empty() ? std::optional(zone) : Zone(name);
    if (!found) return std::nullopt;
    zone = *found;
  }
  const int year_number = *Number(digits.substr(0, 4));
  const int month_number =
      digits.size() >= 6 ? *Number(digits.substr(4, 2)) : 1;
  const int day_number = digits.size() == 8 ? *Number(digits.substr(6, 2)) : 1;
  const auto local = Combine(year_number, month_number, day_number, clock[0],
                             clock[1], clock[2]);
  if (!local) return std::nullopt;
  return *local - zone;
}

}  // namespace

std::optional<TimePoint> ParseFeedDate(std::string_view text) {
  constexpr std::size_t kLongest = 100;
  text = TrimOf(text, " \t\r\n");
  if (text.empty() || text.size() > kLongest) return std::nullopt;
  if (auto time = ParseTime(text)) return time;
  if (auto time = ParseShortened(text)) return time;
  return ParseNamedMonth(text);
}

}  // namespace stemma

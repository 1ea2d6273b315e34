#include "fetch/http_date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/ascii.h"
#include "fetch/date_words.h"

namespace stemma {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> kMonths = {
    "jan", "feb", "mar", "apr", "may", "jun",
    "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                   "Thu", "Fri", "Sat"};

// The number `text` is, of `min` to `max` digits.
std::optional<int> Number(std::string_view text, std::size_t min,
                          std::size_t max) {
  if (text.size() < min || text.size() > max ||
      !std::ranges::all_of(text, IsDigit)) {
    return std::nullopt;
  }
  int value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value;
}

std::optional<milliseconds> TimeOfDay(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') {
    return std::nullopt;
  }
  const auto hour = Number(text.substr(0, 2), 2, 2);
  const auto minute = Number(text.substr(3, 2), 2, 2);
  auto second = Number(text.substr(6, 2), 2, 2);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 ||
      *second > 60) {
    return std::nullopt;
  }
  if (second == 60) second = 59;  // a leap second
  return hours(*hour) + minutes(*minute) + seconds(*second);
}

std::optional<TimePoint> Combine(std::string_view day, std::string_view month,
                                 int year_number, std::string_view time) {
  const auto day_number = Number(day, 1, 2);
  const unsigned month_number = month.size() == 3 ? MonthOfName(month) : 0;
  const auto time_of_day = TimeOfDay(time);
  if (!day_number || month_number == 0 || !time_of_day) return std::nullopt;
  const year_month_day date{
      year(year_number), std::chrono::month(month_number),
      std::chrono::day(static_cast<unsigned>(*day_number))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date) + *time_of_day;
}

int WithCentury(int two_digits, TimePoint now) {
  const int this_year =
      static_cast<int>(year_month_day(floor<days>(now)).year());
  const int guess = this_year / 100 * 100 + two_digits;
  return guess > this_year + 50 ? guess - 100 : guess;
}

}  // namespace

unsigned MonthOfName(std::string_view name) {
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (name.size() >= 3 &&
        std::ranges::equal(name.substr(0, 3), kMonths[i], {}, Lower)) {
      return i + 1;
    }
  }
  return 0;
}

std::optional<TimePoint> ParseHttpDate(std::string_view text, TimePoint now) {
  const std::vector<std::string_view> words = DateWords(text, " \t");
  // asctime: "Sun Nov  6 08:49:37 1994"
  if (words.size() == 5 && !words[0].ends_with(',')) {
    const auto year_number = Number(words[4], 4, 4);
    if (!year_number) return std::nullopt;
    return Combine(words[2], words[1], *year_number, words[3]);
  }
  if (words.size() < 4 || words.back() != "GMT" || !words[0].ends_with(',')) {
    return std::nullopt;
  }
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  if (words.size() == 6) {
    const auto year_number = Number(words[3], 4, 4);
    if (!year_number) return std::nullopt;
    return Combine(words[1], words[2], *year_number, words[4]);
  }
  // "Sunday, 06-Nov-94 08:49:37 GMT"
  const std::vector<std::string_view> date = DateWords(words[1], "-");
  if (words.size() != 4 || date.size() != 3) return std::nullopt;
  const auto year_number = Number(date[2], 2, 4);
  if (!year_number || date[2].size() == 3) return std::nullopt;
  return Combine(
      date[0], date[1],
      date[2].size() == 2 ? WithCentury(*year_number, now) : *year_number,
      words[2]);
}

std::string FormatHttpDate(TimePoint time) {
  const auto day_point = floor<days>(time);
  const year_month_day date(day_point);
  const hh_mm_ss<seconds> clock(floor<seconds>(time - day_point));
  std::string month(kMonths[static_cast<unsigned>(date.month()) - 1]);
  month[0] = static_cast<char>(month[0] - ('a' - 'A'));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[weekday(day_point).c_encoding()],
                     static_cast<unsigned>(date.day()), month,
                     static_cast<int>(date.year()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

}  // namespace stemma

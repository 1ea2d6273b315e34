#include "fetch/trap.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "core/ascii.h"

namespace stemma {
namespace {

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t at = text.find(separator);
    const std::string_view part = text.substr(0, at);
    if (!part.empty()) parts.push_back(part);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 1);
  }
  return parts;
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsDigit);
}

// Whether the same `period` segments stand somewhere `repeats` times in a row.
bool Repeats(const std::vector<std::string_view>& segments, std::size_t period,
             std::size_t repeats) {
  const std::size_t span = period * repeats;
  for (std::size_t start = 0; start + span <= segments.size(); ++start) {
    bool same = true;
    for (std::size_t i = start + period; same && i < start + span; ++i) {
      same = segments[i] == segments[i - period];
    }
    if (same) return true;
  }
  return false;
}

// A year in "2031-07", "2031/07" or "?month=2031-07", if there is one.
std::optional<int> CalendarYear(std::string_view target) {
  for (std::size_t i = 0; i + 7 <= target.size(); ++i) {
    if (i > 0 && IsDigit(target[i - 1])) continue;
    const std::string_view year = target.substr(i, 4);
    const char mark = target[i + 4];
    const std::string_view month = target.substr(i + 5, 2);
    if (!AllDigits(year) || (mark != '-' && mark != '/') || !AllDigits(month)) {
      continue;
    }
    if (i + 7 < target.size() && IsDigit(target[i + 7])) continue;
    const int m = (month[0] - '0') * 10 + (month[1] - '0');
    if (m < 1 || m > 12) continue;
    const int y = (year[0] - '0') * 1000 + (year[1] - '0') * 100 +
                  (year[2] - '0') * 10 + (year[3] - '0');
    // A calendar is walked month by month; a number far away is another's.
    if (y >= 1500 && y < 2500) return y;
  }
  return std::nullopt;
}

int YearOf(TimePoint now) {
  const std::chrono::year_month_day day(
      std::chrono::floor<std::chrono::days>(now));
  return static_cast<int>(day.year());
}

bool IsSessionName(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "phpsessid", "jsessionid", "sessionid", "session_id", "sessid", "sid",
      "zenid",     "oscsid",     "cfid",      "cftoken",    "s_id"};
  return std::ranges::find(kNames, name) != kNames.end() ||
         name.starts_with("aspsessionid");
}

bool IsCampaignName(std::string_view name) {
  static constexpr std::array<std::string_view, 14> kNames = {
      "fbclid",   "gclid",
      "dclid",    "yclid",
      "msclkid",  "mc_cid",
      "mc_eid",   "igshid",
      "_ga",      "_openstat",
      "wickedid", "twclid",
      "ref_src",  "__twitter_impression"};
  return name.starts_with("utm_") ||
         std::ranges::find(kNames, name) != kNames.end();
}

std::string_view NameOfField(std::string_view field) {
  return field.substr(0, field.find('='));
}

// "/a;jsessionid=1F/b" -> "/a/b".
std::string PathWithoutSession(const std::string& path) {
  const std::string lower = Lowered(path);
  std::string kept;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t mark = lower.find(";jsessionid=", at);
    kept += path.substr(at, mark == std::string::npos ? mark : mark - at);
    if (mark == std::string::npos) break;
    at = path.find('/', mark);
    if (at == std::string::npos) break;
  }
  return kept;
}

}  // namespace

std::optional<std::string> TrapReason(const Url& url, TimePoint now,
                                      const TrapRules& rules) {
  const std::string href = url.HrefWithoutFragment();
  if (href.size() > rules.max_url_bytes) {
    return fmt::format("longer than {} bytes", rules.max_url_bytes);
  }
  const auto segments = Split(url.path(), '/');
  if (segments.size() > rules.max_segments) {
    return fmt::format("more than {} path segments", rules.max_segments);
  }
  std::map<std::string_view, int> count;
  for (const std::string_view segment : segments) {
    if (++count[segment] >= rules.max_same_segment) {
      return "the same path segment again and again";
    }
  }
  for (std::size_t period = 1; period <= segments.size() / 2; ++period) {
    if (Repeats(segments, period,
                static_cast<std::size_t>(rules.max_period_repeats))) {
      return "a path that repeats itself";
    }
  }
  if (Split(url.query(), '&').size() > rules.max_query_fields) {
    return fmt::format("more than {} query fields", rules.max_query_fields);
  }
  std::string target = url.path();
  if (url.has_query()) target += "?" + url.query();
  if (const auto year = CalendarYear(target);
      year &&
      (*year < rules.first_year || *year > YearOf(now) + rules.years_ahead)) {
    return fmt::format("a calendar page of the year {}", *year);
  }
  return std::nullopt;
}

std::string AddressKey(const Url& url) {
  std::string key = url.Origin() + PathWithoutSession(url.path());
  char separator = '?';
  for (const std::string_view field : Split(url.query(), '&')) {
    const std::string name = Lowered(NameOfField(field));
    if (IsSessionName(name) || IsCampaignName(name)) continue;
    key += separator;
    key += field;
    separator = '&';
  }
  return key;
}

std::string VariantShape(const Url& url) {
  std::set<std::string> names;
  for (const std::string_view field : Split(url.query(), '&')) {
    names.insert(Lowered(NameOfField(field)));
  }
  if (names.size() < 2) return {};
  // The names are left out on purpose: facets switch them on and off.
  return url.Origin() + url.path() + "?";
}

}  // namespace stemma

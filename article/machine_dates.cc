#include "article/machine_dates.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "article/civil_time.h"
#include "article/dates.h"
#include "article/month_names.h"

namespace stemma {
namespace {

std::optional<DateClaim> ReadEpoch(std::string_view text) {
  if (text.size() != 10 && text.size() != 13) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) {
    return std::nullopt;
  }
  DateClaim claim;
  if (text.size() == 10) value *= 1000;
  claim.time = TimePoint{std::chrono::milliseconds{value}};
  claim.precision = Precision::kSecond;
  claim.has_zone = true;
  claim.raw = std::string(text);
  return claim;
}

// YYYY-MM-DD with any of -/. or none between, then perhaps a time and a zone.
std::optional<DateClaim> ReadIso(std::string_view text) {
  CivilTime c;
  std::size_t at = 0;
  const auto two = [&](std::size_t from) -> std::optional<int> {
    if (from + 2 > text.size()) return std::nullopt;
    return NumberOf(text.substr(from, 2));
  };
  if (text.size() < 8) return std::nullopt;
  const auto y = NumberOf(text.substr(0, 4));
  if (!y || *y < 1900 || *y > 2100) return std::nullopt;
  c.year = *y;
  const char sep = text[4];
  if (sep == '-' || sep == '/' || sep == '.') {
    std::size_t m_end = text.find(sep, 5);
    if (m_end == std::string_view::npos || m_end > 7) return std::nullopt;
    const auto m = NumberOf(text.substr(5, m_end - 5));
    std::size_t d_end = m_end + 1;
    while (d_end < text.size() && d_end < m_end + 3 && text[d_end] >= '0' &&
           text[d_end] <= '9') {
      ++d_end;
    }
    const auto d = NumberOf(text.substr(m_end + 1, d_end - m_end - 1));
    if (!m || !d) return std::nullopt;
    c.month = *m;
    c.day = *d;
    at = d_end;
  } else {
    const auto m = two(4), d = two(6);
    if (!m || !d) return std::nullopt;
    c.month = *m;
    c.day = *d;
    at = 8;
  }
  const std::size_t date_end = at;
  while (at < text.size() && (text[at] == ' ' || text[at] == 'T' ||
                              text[at] == 't' || text[at] == ',')) {
    ++at;
  }
  if (at > date_end || (sep >= '0' && sep <= '9')) {
    const auto h = two(at);
    std::size_t m_at = at + 2;
    if (m_at < text.size() && text[m_at] == ':') ++m_at;
    const auto m = two(m_at);
    if (h && m && *h < 24 && *m < 60) {
      c.hour = *h;
      c.minute = *m;
      at = m_at + 2;
      std::size_t s_at = at;
      if (s_at < text.size() && text[s_at] == ':') ++s_at;
      const auto s = two(s_at);
      if (s && *s < 61 &&
          (s_at > at || (text.size() > s_at + 1 && text[s_at] >= '0' &&
                         text[s_at] <= '9'))) {
        c.second = std::min(*s, 59);
        c.has_second = true;
        at = s_at + 2;
        if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
          ++at;
          while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        }
      }
      if (at < text.size()) c.offset = OffsetOf(text.substr(at));
    }
  }
  return ClaimOf(c, text);
}

// The C library's "Mon Aug 03 12:45:00 EDT 2015"; the zone's letters are
// ambiguous and so unread.
std::optional<DateClaim> ReadCtime(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  while (begin < text.size() && words.size() < 7) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (words.size() < 5 || words.size() > 6) return std::nullopt;
  if (words[3].size() < 5 || words[3].find(':') == std::string_view::npos ||
      words.back().size() != 4 || MonthOf(words[1]) == 0) {
    return std::nullopt;
  }
  const std::string ordered =
      fmt::format("{} {} {} {}", words[2], words[1], words.back(), words[3]);
  auto reading = FindDate(ordered, "");
  if (!reading) return std::nullopt;
  reading->claim.raw = std::string(text);
  return std::move(reading->claim);
}

}  // namespace

std::optional<DateClaim> ReadMachineDate(std::string_view text) {
  text = TrimAscii(text);
  if (text.empty() || text.size() > 80) return std::nullopt;
  if (auto claim = ReadEpoch(text)) return claim;
  if (auto claim = ReadIso(text)) return claim;
  if (auto claim = ReadCtime(text)) return claim;
  auto reading = FindDate(text, "");
  if (!reading) return std::nullopt;
  DateClaim claim = std::move(reading->claim);
  if (!claim.has_zone) {
    // RFC 5322: the zone follows the time.
    const std::string_view tail = text.substr(reading->end);
    if (const auto offset = OffsetOf(tail);
        offset && claim.precision != Precision::kDay) {
      claim.time -= std::chrono::minutes{*offset};
      claim.has_zone = true;
    }
  }
  claim.raw = std::string(text);
  return claim;
}

std::optional<DateClaim> DateOfUrl(std::string_view url) {
  const std::size_t host = url.find("://");
  const std::size_t path =
      host == std::string_view::npos ? 0 : url.find('/', host + 3);
  if (path == std::string_view::npos) return std::nullopt;
  const std::string_view p =
      url.substr(path, url.find_first_of("?#", path) - path);
  for (std::size_t i = 0; i + 9 < p.size() + 1; ++i) {
    const bool edge = i > 0 && (p[i - 1] == '/' || p[i - 1] == '-' ||
                                p[i - 1] == '_' || p[i - 1] == '.');
    if (!edge || i + 8 > p.size()) continue;
    const auto y = NumberOf(p.substr(i, 4));
    if (!y || *y < 1990 || *y > 2100) continue;
    CivilTime c;
    c.year = *y;
    const char sep = p[i + 4];
    std::size_t end = 0;
    if (sep == '/' || sep == '-' || sep == '_') {
      std::size_t m_end = i + 5;
      while (m_end < p.size() && p[m_end] >= '0' && p[m_end] <= '9') ++m_end;
      const auto m = NumberOf(p.substr(i + 5, m_end - i - 5));
      if (!m || m_end - i - 5 > 2) continue;
      c.month = *m;
      if (m_end >= p.size() || p[m_end] != sep) continue;
      end = m_end + 1;
      while (end < p.size() && p[end] >= '0' && p[end] <= '9') ++end;
      const auto d = NumberOf(p.substr(m_end + 1, end - m_end - 1));
      if (!d || end - m_end - 1 > 2) continue;
      c.day = *d;
    } else {
      const auto m = NumberOf(p.substr(i + 4, 2));
      const auto d = NumberOf(p.substr(i + 6, 2));
      end = i + 8;
      if (!m || !d || (end < p.size() && p[end] >= '0' && p[end] <= '9')) {
        continue;
      }
      c.month = *m;
      c.day = *d;
    }
    if (auto claim = ClaimOf(c, p.substr(i, end - i))) return claim;
  }
  return std::nullopt;
}

std::string DayAsWritten(const DateClaim& claim) {
  if (!claim.has_zone) return FormatSeconds(claim.time).substr(0, 10);
  // The offset is not kept apart, but the raw text says the day.
  if (const auto iso = ReadIso(TrimAscii(claim.raw));
      iso && !ReadEpoch(claim.raw)) {
    // Read again without the zone: the day on the publisher's own clock.
    std::string_view raw = TrimAscii(claim.raw);
    std::size_t end = 4;
    while (end < raw.size() && raw[end] != 'T' && raw[end] != 't' &&
           raw[end] != ' ') {
      ++end;
    }
    if (const auto day_only = ReadIso(raw.substr(0, end))) {
      return FormatSeconds(day_only->time).substr(0, 10);
    }
  }
  if (const auto text = FindDate(claim.raw, ""); text) {
    DateClaim without = text->claim;
    if (without.precision == Precision::kDay || !without.has_zone) {
      return FormatSeconds(without.time).substr(0, 10);
    }
  }
  return FormatSeconds(claim.time).substr(0, 10);
}

}  // namespace stemma

#include "fetch/cookies.h"

#include <algorithm>
#include <charconv>

#include "core/ascii.h"
#include "core/percent_encoding.h"
#include "core/trim.h"
#include "core/url_host.h"
#include "fetch/http_date.h"
#include "fetch/public_suffix.h"

namespace stemma {
namespace {

using namespace std::chrono;

constexpr std::size_t kMaxCookieBytes = 4096;
constexpr std::size_t kMaxAttributeBytes = 1024;
// RFC 6265bis 5.5: no cookie outlives 400 days.
constexpr auto kMaxAge = days(400);
constexpr milliseconds kImpossibleTime{-1};

// RFC 6265 5.1.1: delimiters are everything but digits, letters, ":" and
// non-ASCII.
bool IsDateDelimiter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x09 || (byte >= 0x20 && byte <= 0x2f) ||
         (byte >= 0x3b && byte <= 0x40) || (byte >= 0x5b && byte <= 0x60) ||
         (byte >= 0x7b && byte <= 0x7e);
}

// The number of `min` to `max` digits at the front, which no digit follows.
std::optional<int> LeadingNumber(std::string_view text, std::size_t min,
                                 std::size_t max) {
  const auto end = std::ranges::find_if_not(text, IsDigit);
  const auto digits = static_cast<std::size_t>(end - text.begin());
  if (digits < min || digits > max) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) value = value * 10 + (c - '0');
  return value;
}

// "h:m:s" with one or two digits each, whatever they say (the first such token
// counts, even if it is impossible); anything may follow a non-digit.
std::optional<milliseconds> LeadingTime(std::string_view text) {
  int parts[3] = {};
  for (int i = 0; i < 3; ++i) {
    const auto part = LeadingNumber(text, 1, 2);
    if (!part) return std::nullopt;
    parts[i] = *part;
    text.remove_prefix(static_cast<std::size_t>(
        std::ranges::find_if_not(text, IsDigit) - text.begin()));
    if (i == 2) break;
    if (!text.starts_with(':')) return std::nullopt;
    text.remove_prefix(1);
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return kImpossibleTime;
  return hours(parts[0]) + minutes(parts[1]) + seconds(parts[2]);
}

struct DateParts {
  std::optional<milliseconds> time;
  std::optional<int> day;
  unsigned month = 0;
  std::optional<int> year;

  void Take(std::string_view token) {
    if (!time && token.find(':') != std::string_view::npos) {
      if (auto found = LeadingTime(token)) {
        time = found;
        return;
      }
    }
    if (!day) {
      if (auto found = LeadingNumber(token, 1, 2)) {
        day = found;
        return;
      }
    }
    if (month == 0 && (month = MonthOfName(token)) != 0) return;
    if (!year) year = LeadingNumber(token, 2, 4);
  }
};

// RFC 6265 5.1.4.
std::string DefaultPath(const Url& url) {
  const std::string& path = url.path();
  const std::size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0) return "/";
  return path.substr(0, slash);
}

bool PathMatches(std::string_view request, std::string_view cookie) {
  if (!request.starts_with(cookie)) return false;
  return request.size() == cookie.size() || cookie.ends_with('/') ||
         request[cookie.size()] == '/';
}

bool IsAddress(std::string_view host) {
  return host.starts_with('[') ||
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool DomainMatches(std::string_view host, std::string_view domain) {
  if (host == domain) return true;
  return host.size() > domain.size() && host.ends_with(domain) &&
         host[host.size() - domain.size() - 1] == '.' && !IsAddress(host);
}

bool HasForbiddenControl(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

struct Attributes {
  std::optional<TimePoint> expires;
  std::optional<TimePoint> max_age;
  std::string domain;
  std::string path;
  bool secure = false;
  bool http_only = false;
};

// A number of seconds from `now`; anything but an optional "-" and digits is
// ignored.
std::optional<TimePoint> ParseMaxAge(std::string_view text, TimePoint now) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || !std::ranges::all_of(digits, IsDigit)) {
    return std::nullopt;
  }
  if (negative) return TimePoint();
  long value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec !=
      std::errc()) {
    return now + kMaxAge;
  }
  if (value == 0) return TimePoint();
  return now +
         std::min<milliseconds>(seconds(std::min(value, 1L << 40)), kMaxAge);
}

void TakeAttribute(std::string_view name, std::string_view value, TimePoint now,
                   Attributes* attributes) {
  if (value.size() > kMaxAttributeBytes) return;
  const std::string key = Lowered(name);
  if (key == "expires") {
    if (auto date = ParseCookieDate(value)) {
      attributes->expires = std::min<TimePoint>(*date, now + kMaxAge);
    }
  } else if (key == "max-age") {
    if (auto date = ParseMaxAge(value, now)) attributes->max_age = date;
  } else if (key == "domain") {
    if (value.starts_with('.')) value.remove_prefix(1);
    if (!value.empty()) attributes->domain = Lowered(value);
  } else if (key == "path") {
    attributes->path = value.starts_with('/') ? std::string(value) : "";
  } else if (key == "secure") {
    attributes->secure = true;
  } else if (key == "httponly") {
    attributes->http_only = true;
  }
}

Attributes TakeAttributes(std::string_view rest, TimePoint now) {
  Attributes attributes;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(pair.size());
    const std::size_t equals = std::min(pair.find('='), pair.size());
    TakeAttribute(TrimBlanks(pair.substr(0, equals)),
                  TrimBlanks(pair.substr(std::min(equals + 1, pair.size()))),
                  now, &attributes);
  }
  return attributes;
}

// Sets the domain; false when the host may not set cookies for it.
bool ApplyDomain(std::string_view attribute, const Url& url, Cookie* cookie) {
  cookie->domain = url.host();
  if (attribute.empty()) return true;
  const Result<std::string> domain = ParseSpecialHost(attribute);
  if (!domain) return false;
  if (IsPublicSuffix(*domain)) return *domain == url.host();
  if (!DomainMatches(url.host(), *domain)) return false;
  cookie->host_only = false;
  cookie->domain = *domain;
  return true;
}

// RFC 6265bis 4.1.3.
bool KeepsPrefixPromise(const Cookie& cookie) {
  const std::string name = Lowered(cookie.name);
  if (name.starts_with("__secure-")) return cookie.secure;
  if (name.starts_with("__host-")) {
    return cookie.secure && cookie.host_only && cookie.path == "/";
  }
  return true;
}

bool IsSecure(const Url& url) {
  return url.scheme() == "https" || url.scheme() == "wss";
}

bool IsSameCookie(const Cookie& a, const Cookie& b) {
  return a.name == b.name && a.domain == b.domain && a.path == b.path &&
         a.host_only == b.host_only;
}

bool Applies(const Cookie& cookie, const Url& url, TimePoint now) {
  if (cookie.expires && *cookie.expires <= now) return false;
  if (cookie.secure && !IsSecure(url)) return false;
  const bool host_matches = cookie.host_only
                                ? url.host() == cookie.domain
                                : DomainMatches(url.host(), cookie.domain);
  return host_matches &&
         (PathMatches(url.path(), cookie.path) ||
          PathMatches(PercentDecodeUnreserved(url.path()), cookie.path));
}

}  // namespace

std::optional<TimePoint> ParseCookieDate(std::string_view text) {
  DateParts parts;
  while (true) {
    const auto begin = std::ranges::find_if_not(text, IsDateDelimiter);
    text.remove_prefix(static_cast<std::size_t>(begin - text.begin()));
    if (text.empty()) break;
    const auto end = std::ranges::find_if(text, IsDateDelimiter);
    parts.Take({text.begin(), end});
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  }
  if (!parts.time || *parts.time == kImpossibleTime || !parts.day ||
      parts.month == 0 || !parts.year) {
    return std::nullopt;
  }
  int number = *parts.year;
  if (number >= 70 && number <= 99) number += 1900;
  if (number >= 0 && number <= 69) number += 2000;
  const year_month_day date{year(number), month(parts.month),
                            day(static_cast<unsigned>(*parts.day))};
  if (number < 1601 || !date.ok()) return std::nullopt;
  return sys_days(date) + *parts.time;
}

std::optional<Cookie> ParseSetCookie(std::string_view value, const Url& url,
                                     TimePoint now) {
  // What browsers did before RFC 6265bis, and what some sites rely on.
  value = value.substr(0, value.find_first_of(std::string_view("\0\r\n", 3)));
  if (HasForbiddenControl(value)) return std::nullopt;
  const std::string_view pair = value.substr(0, value.find(';'));
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  Cookie cookie;
  cookie.name = TrimBlanks(pair.substr(0, equals));
  cookie.value = TrimBlanks(pair.substr(equals + 1));
  if (cookie.name.empty() ||
      cookie.name.size() + cookie.value.size() > kMaxCookieBytes) {
    return std::nullopt;
  }
  const Attributes attributes = TakeAttributes(value.substr(pair.size()), now);
  cookie.expires = attributes.max_age ? attributes.max_age : attributes.expires;
  cookie.path = attributes.path.empty() ? DefaultPath(url) : attributes.path;
  cookie.secure = attributes.secure;
  cookie.http_only = attributes.http_only;
  if (!ApplyDomain(attributes.domain, url, &cookie)) return std::nullopt;
  if (!KeepsPrefixPromise(cookie)) return std::nullopt;
  return cookie;
}

void CookieJar::Set(std::string_view set_cookie, const Url& url,
                    TimePoint now) {
  const std::optional<Cookie> cookie = ParseSetCookie(set_cookie, url, now);
  if (!cookie) return;
  const auto old = std::ranges::find_if(cookies_, [&](const Cookie& other) {
    return IsSameCookie(other, *cookie);
  });
  const bool expired = cookie->expires && *cookie->expires <= now;
  if (expired) {
    if (old != cookies_.end()) cookies_.erase(old);
  } else if (old != cookies_.end()) {
    *old = *cookie;  // keeps its place: the time of creation stays
  } else {
    MakeRoom(cookie->domain);
    cookies_.push_back(*cookie);
  }
}

void CookieJar::MakeRoom(std::string_view domain) {
  const auto count = static_cast<std::size_t>(
      std::ranges::count(cookies_, domain, &Cookie::domain));
  if (count >= limits_.per_domain) {
    cookies_.erase(std::ranges::find(cookies_, domain, &Cookie::domain));
  } else if (cookies_.size() >= limits_.total && !cookies_.empty()) {
    cookies_.erase(cookies_.begin());
  }
}

std::vector<Cookie> CookieJar::For(const Url& url, TimePoint now) const {
  std::vector<Cookie> cookies;
  std::ranges::copy_if(
      cookies_, std::back_inserter(cookies),
      [&](const Cookie& cookie) { return Applies(cookie, url, now); });
  std::ranges::stable_sort(cookies, [](const Cookie& a, const Cookie& b) {
    return a.path.size() > b.path.size();
  });
  return cookies;
}

std::string CookieJar::HeaderFor(const Url& url, TimePoint now) const {
  std::string header;
  for (const Cookie& cookie : For(url, now)) {
    if (!header.empty()) header += "; ";
    header += cookie.name + "=" + cookie.value;
  }
  return header;
}

}  // namespace stemma

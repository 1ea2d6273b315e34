// Cookies (RFC 6265, with the limits and prefixes of RFC 6265bis). A crawl has
// a jar of its own that starts empty and dies with it; most crawls need none,
// but some sites answer nothing without.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "core/url.h"

namespace stemma {

struct Cookie {
  std::string name;
  std::string value;
  std::string domain;  // canonical host, no leading dot
  bool host_only = true;
  std::string path = "/";
  std::optional<TimePoint> expires;  // nullopt: as long as the jar
  bool secure = false;
  bool http_only = false;
};

// The date of an Expires attribute (RFC 6265 5.1.1): nearly anything.
std::optional<TimePoint> ParseCookieDate(std::string_view text);

// The cookie a Set-Cookie value of a response from `url` sets; nullopt when it
// must be ignored: no name, control characters, beyond 4,096 bytes, a domain
// that is not the host's or a public suffix, a broken "__Secure-" promise.
std::optional<Cookie> ParseSetCookie(std::string_view value, const Url& url,
                                     TimePoint now);

class CookieJar {
 public:
  struct Limits {
    std::size_t per_domain = 50;
    std::size_t total = 3'000;  // the oldest go first
  };
  CookieJar() : CookieJar(Limits()) {}
  explicit CookieJar(Limits limits) : limits_(limits) {}

  // Stores, replaces or (by a date in the past) removes a cookie.
  void Set(std::string_view set_cookie, const Url& url, TimePoint now);
  // The cookies a request for `url` carries: longer paths first, then older.
  std::vector<Cookie> For(const Url& url, TimePoint now) const;
  // The Cookie field for them; empty when there are none.
  std::string HeaderFor(const Url& url, TimePoint now) const;
  std::size_t size() const { return cookies_.size(); }

 private:
  void MakeRoom(std::string_view domain);
  Limits limits_;
  std::vector<Cookie> cookies_;  // in order of creation
};

}  // namespace stemma

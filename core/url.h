// Url: the WHATWG URL Standard's parser and serializer (url.spec.whatwg.org,
// 2026 text), with host names by UTS 46 (ICU). Tested on the WPT data.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma {

class Url {
 public:
  // An empty URL: valid() is false, Href() is "".
  Url() = default;

  // Parses `text`, relative to `base` when given. kMalformed says why not.
  // `query_charset` is the WHATWG name of the encoding of the page the link
  // was found in; it matters for the query only.
  static Result<Url> Parse(std::string_view text, const Url* base = nullptr,
                           std::string_view query_charset = "UTF-8");

  bool valid() const { return !scheme_.empty(); }
  // "https", without colon, lower case.
  const std::string& scheme() const { return scheme_; }
  const std::string& username() const { return username_; }
  const std::string& password() const { return password_; }
  // Serialized: punycode, dotted IPv4, IPv6 in brackets. May be empty.
  const std::string& host() const { return host_; }
  bool has_host() const { return has_host_; }
  // The written port; nullopt when absent or the scheme's default.
  std::optional<int> port() const { return port_; }
  // The port a connection would use; 0 for schemes without a default.
  int EffectivePort() const;
  // "/a/b", or the opaque path of "mailto:a@b".
  const std::string& path() const { return path_; }
  bool has_opaque_path() const { return opaque_path_; }
  // Without "?"; has_query() tells "?" alone from nothing.
  const std::string& query() const { return query_; }
  bool has_query() const { return has_query_; }
  const std::string& fragment() const { return fragment_; }
  bool has_fragment() const { return has_fragment_; }

  bool IsHttp() const { return scheme_ == "http" || scheme_ == "https"; }
  // http, https, ws, wss, ftp or file.
  bool IsSpecial() const;
  // scheme://host[:port] of special URLs but file:, and of blob: URLs of such;
  // "null" otherwise.
  std::string Origin() const;
  std::string Href() const;
  std::string HrefWithoutFragment() const;
  // The same URL without user name and password.
  Url WithoutCredentials() const;

  bool operator==(const Url& other) const { return Href() == other.Href(); }

 private:
  friend class UrlParser;
  std::string scheme_, username_, password_, host_, path_, query_, fragment_;
  std::optional<int> port_;
  bool has_host_ = false, has_query_ = false, has_fragment_ = false;
  bool opaque_path_ = false;
};

// Host name to ASCII by UTS 46 as the URL Standard asks; kMalformed if refused.
// Unless strict, an ASCII name is only lower-cased and checked for forbidden
// characters.
Result<std::string> DomainToAscii(std::string_view domain, bool be_strict);

}  // namespace stemma

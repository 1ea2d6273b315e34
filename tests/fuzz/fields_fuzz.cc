// The small parsers of fields and attributes, all on the same bytes.
#include "core/meta_refresh.h"
#include "core/mime_type.h"
#include "core/srcset.h"
#include "core/surt.h"
#include "core/utf8.h"
#include "fetch/content_disposition.h"
#include "fetch/cookies.h"
#include "fetch/data_url.h"
#include "fetch/feed_date.h"
#include "fetch/http_date.h"
#include "fetch/mime_sniff.h"
#include "fetch/public_suffix.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {
namespace {

void RequireMime(std::string_view bytes) {
  if (const auto mime = ParseMimeType(bytes); mime) {
    const auto again = ParseMimeType(mime->Serialize());
    Require(again && again->Serialize() == mime->Serialize(),
            "a MIME type is read as it was written");
  }
  Require(!SniffMimeType({.body = bytes, .content_type = {}}).type.empty(),
          "every body is of some type");
}

void RequireCookies(std::string_view bytes, TimePoint now) {
  const Url url = Url::Parse("https://www.a.example/b/c").value();
  CookieJar jar;
  jar.Set(bytes, url, now);
  Require(jar.size() <= 1, "one field sets one cookie at most");
  Require(jar.HeaderFor(url, now).find_first_of("\r\n") == std::string::npos,
          "a cookie never ends a line");
}

void RequireDates(std::string_view bytes, TimePoint now) {
  if (const auto date = ParseHttpDate(bytes, now); date) {
    Require(ParseHttpDate(FormatHttpDate(*date), now) == date,
            "a date is read as it was written");
  }
  (void)ParseFeedDate(bytes);
  (void)ParseCookieDate(bytes);
}

}  // namespace

FUZZ_TARGET(fields) {
  const TimePoint now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 1);
  RequireMime(bytes);
  RequireCookies(bytes, now);
  RequireDates(bytes, now);
  for (const ImageCandidate& candidate : ParseSrcset(bytes)) {
    Require(!candidate.url.empty(), "a candidate has an address");
  }
  if (const auto refresh = ParseMetaRefresh(bytes); refresh) {
    Require(refresh->seconds >= 0, "time goes forward");
  }
  const std::string name = ParseContentDisposition(ValidUtf8(bytes)).FileName();
  Require(name.find_first_of("/\\") == std::string::npos,
          "a file name is no path");
  if (const auto plain = ForgivingBase64Decode(bytes); plain) {
    Require(plain->size() <= bytes.size(), "base64 never grows");
  }
  if (const auto url = Url::Parse(bytes); url) (void)ReadDataUrl(*url);
  Require(!SurtKey(bytes).empty(), "everything has a key");
  const std::string domain = RegistrableDomain(bytes);
  if (!domain.empty()) {
    Require(RegistrableDomain(domain) == domain, "a domain is its own");
  }
}

}  // namespace stemma::fuzz

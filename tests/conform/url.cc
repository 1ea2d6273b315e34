// Suites of the URL Standard's own test data (web-platform-tests url/).

#include "core/url.h"

#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

std::string WithPrefix(std::string_view prefix, const std::string& text) {
  return text.empty() ? text : std::string(prefix) + text;
}

json Members(const Url& url) {
  const std::string port = url.port() ? std::to_string(*url.port()) : "";
  return {{"href", url.Href()},
          {"origin", url.Origin()},
          {"protocol", url.scheme() + ":"},
          {"username", url.username()},
          {"password", url.password()},
          {"host", url.host() + WithPrefix(":", port)},
          {"hostname", url.host()},
          {"port", port},
          {"pathname", url.path()},
          {"search", WithPrefix("?", url.query())},
          {"hash", WithPrefix("#", url.fragment())}};
}

Result<Url> ParseWithBase(const std::string& text, const json& base) {
  if (!base.is_string()) return Url::Parse(text);
  STEMMA_TRY(const Url base_url, Url::Parse(base.get<std::string>()));
  return Url::Parse(text, &base_url);
}

json RunUrl(const json& input, const json&) {
  const Result<Url> url =
      ParseWithBase(input.at("input"), input.value("base", json()));
  if (!url) return {{"failure", true}};
  return Members(*url);
}

json RunToAscii(const json& input, const json&) {
  // As the upstream test does: the name as the host of an https: URL.
  const std::string domain = input.at("domain");
  const Result<Url> url = Url::Parse("https://" + domain + "/x");
  return {{"ascii", url ? json(url->host()) : json()}};
}

constexpr std::string_view kCharsets[] = {
    "big5",        "euc-kr",    "euc-jp",   "gb18030",     "gbk",
    "iso-2022-jp", "shift_jis", "utf-8",    "iso-8859-2",  "windows-1252",
    "koi8-r",      "utf-16le",  "utf-16be", "windows-1251"};

json RunPercentEncoding(const json& input, const json&) {
  json got = json::object();
  for (const std::string_view charset : kCharsets) {
    const Result<Url> url =
        Url::Parse("https://doesnotmatter.invalid/?" +
                       input.at("input").get<std::string>() + "#x",
                   nullptr, charset);
    got[std::string(charset)] = url ? json(url->query()) : json();
  }
  return got;
}

json RunResolve(const json& input, const json&) {
  const Result<Url> url = ParseWithBase(input.at("ref"), input.at("base"));
  return {{"resolved", url ? json(url->Href()) : json()}};
}

// crawler-commons normalizes more than the URL Standard does; what is shown is
// how far the Standard alone goes.
json RunNormalize(const json& input, const json&) {
  const Result<Url> url = Url::Parse(input.at("url").get<std::string>());
  return {{"normalized", url ? json(url->HrefWithoutFragment()) : json()}};
}

const bool registered = Register({
    {.name = "url_normalize_cc", .run = RunNormalize},
    {.name = "url_wpt", .run = RunUrl, .remarks = {"searchParams", "comment"}},
    {.name = "url_toascii_wpt", .run = RunToAscii},
    {.name = "url_idna_v2", .run = RunToAscii},
    {.name = "url_percent_encoding_wpt", .run = RunPercentEncoding},
    {.name = "url_resolve_cc", .run = RunResolve},
});

}  // namespace
}  // namespace stemma::conform

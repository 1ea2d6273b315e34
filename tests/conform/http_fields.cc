// Suites of fields and of data: URLs: Content-Disposition, cookies, base64.

#include "fetch/content_disposition.h"
#include "fetch/cookies.h"
#include "fetch/data_url.h"
#include "fetch/http_date.h"
#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

// The suite merges "name*" into "name" unless told not to.
json RunDisposition(const json& input, const json& meta) {
  const ContentDisposition disposition =
      ParseContentDisposition(input.at("header").get<std::string>());
  const bool merge =
      meta.value("test", "").find("\"extended\" option is false") ==
      std::string::npos;
  json parameters = json::object();
  for (const auto& parameter : disposition.parameters) {
    parameters[parameter.name] = parameter.value;
    if (!merge) continue;
    std::string name = parameter.name;
    if (name.ends_with('*')) name.pop_back();
    const std::string value = disposition.Value(name);
    if (!value.empty()) parameters[name] = value;
  }
  return {{"type", disposition.type}, {"parameters", parameters}};
}

json RunCookieDate(const json& input, const json&) {
  const auto date = ParseCookieDate(input.at("date").get<std::string>());
  return {{"rfc1123", date ? json(FormatHttpDate(*date)) : json()}};
}

json RunCookies(const json& input, const json&) {
  const TimePoint now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 1);
  const Url url =
      Url::Parse(input.at("request_url").get<std::string>()).value_or(Url());
  CookieJar jar;
  for (const json& value : input.at("set_cookie")) {
    jar.Set(value.get<std::string>(), url, now);
  }
  const Url next =
      Url::Parse(input.at("next_url").get<std::string>(), &url).value_or(Url());
  json sent = json::array();
  for (const Cookie& cookie : jar.For(next, now)) {
    sent.push_back({{"name", cookie.name}, {"value", cookie.value}});
  }
  return {{"cookies_sent", sent}};
}

json RunDataUrl(const json& input, const json&) {
  const Result<Url> url = Url::Parse(input.at("url").get<std::string>());
  if (!url) return {{"failure", true}};
  const Result<DataUrl> data = ReadDataUrl(*url);
  if (!data) return {{"failure", true}};
  return {{"mime", data->mime.Serialize()}, {"body_b64", Base64(data->body)}};
}

json RunBase64(const json& input, const json&) {
  const auto bytes =
      ForgivingBase64Decode(input.at("input").get<std::string>());
  if (!bytes) return {{"failure", true}};
  return {{"bytes_b64", Base64(*bytes)}};
}

const bool registered = Register({
    {.name = "content_disposition", .run = RunDisposition},
    {.name = "cookie_dates", .run = RunCookieDate},
    {.name = "cookies_httpstate", .run = RunCookies},
    {.name = "data_urls_wpt", .run = RunDataUrl},
    {.name = "forgiving_base64_wpt", .run = RunBase64},
});

}  // namespace
}  // namespace stemma::conform

// Redirects, Retry-After: tables after RFC 9110.

#include "fetch/redirect.h"

#include "fetch/retry_after.h"
#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

json RunRedirect(const json& input, const json&) {
  Exchange exchange;
  exchange.status = input.at("status");
  exchange.response_head =
      "HTTP/1.1 " + std::to_string(exchange.status) + " Moved\r\n";
  if (input.value("location", json()).is_string()) {
    exchange.response_head +=
        "Location: " + input.at("location").get<std::string>() + "\r\n";
  }
  exchange.response_head += "\r\n";
  const Result<Url> base = Url::Parse(input.at("base").get<std::string>());
  const Redirect redirect =
      JudgeRedirect(input.at("method").get<std::string>(), exchange,
                    base.value_or(Url()), AddressPolicy());
  if (!redirect.url) {
    return {{"follow", false}, {"method", nullptr}, {"url", nullptr}};
  }
  return {{"follow", true},
          {"method", redirect.method},
          {"url", redirect.url->Href()}};
}

json RunRetryAfter(const json& input, const json&) {
  // The day these tables were made; only two-digit years depend on it.
  const TimePoint now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 1);
  const auto value = ParseRetryAfter(input.at("value").get<std::string>(), now);
  if (!value) return {{"seconds", nullptr}, {"kind", "ignore"}};
  if (value->date) return {{"seconds", nullptr}, {"kind", "date"}};
  return {{"seconds", value->delay->count()}, {"kind", "delta"}};
}

const bool registered = Register({
    {.name = "redirects", .run = RunRedirect, .remarks = {"reason", "note"}},
    {.name = "retry_after", .run = RunRetryAfter},
});

}  // namespace
}  // namespace stemma::conform

// Suites of attributes that hold links: srcset, meta refresh.

#include "core/meta_refresh.h"
#include "core/srcset.h"
#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

json RunSrcset(const json& input, const json&) {
  const auto candidates = ParseSrcset(input.at("srcset").get<std::string>());
  return {{"first_candidate_url",
           candidates.empty() ? std::string() : candidates.front().url}};
}

json RunRefresh(const json& input, const json&) {
  const auto refresh = ParseMetaRefresh(input.at("content").get<std::string>());
  if (!refresh) return {{"refresh", nullptr}};
  // The URL parser drops these; the vectors show what it saw.
  std::string url = refresh->url.empty() ? "<self>" : refresh->url;
  std::erase_if(url,
                [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return {{"refresh", {{"seconds", refresh->seconds}, {"url", url}}}};
}

const bool registered = Register({
    {.name = "srcset_wpt", .run = RunSrcset},
    {.name = "meta_refresh_wpt", .run = RunRefresh},
});

}  // namespace
}  // namespace stemma::conform

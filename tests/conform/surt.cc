// Suites of canonical URLs: IIPC's urlcanon (as far as it concerns the SURT
// key, the URL Standard and our own canonical form).

#include "core/surt.h"

#include "core/url.h"
#include "core/url_host.h"
#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

json Href(const Result<Url>& url) { return url ? json(url->Href()) : json(); }

json PathOf(const std::string& path, const json& scheme_kind) {
  const std::string prefix =
      scheme_kind == "nonspecial" ? "foo://host" : "http://host";
  const Result<Url> url = Url::Parse(prefix + path);
  return url ? json(url->path()) : json();
}

json Idempotence(const std::string& text) {
  const Result<Url> once = Url::Parse(text);
  if (!once) return {{"must", "not a URL: " + once.error().message()}};
  const Result<Url> twice = Url::Parse(once->Href());
  const bool same = twice && twice->Href() == once->Href();
  return {{"must", same ? "serialize(parse(x))==x and canon(canon(x))==canon(x)"
                        : "differs"}};
}

json RunUrlcanon(const json& input, const json&) {
  const std::string function = input.at("fn");
  const std::string text = input.at("arg");
  if (function == "surt.json/defaultIASurt") return {{"result", SurtKey(text)}};
  if (function == "surt.json/unescapeRepeatedly") {
    return {{"result", PercentDecodeRepeatedly(text)}};
  }
  if (function == "surt.json/alphaRorderQuery") {
    return {{"result", SortedQuery(text)}};
  }
  if (function == "surt.json/massageHost") {
    return {{"result", WithoutWwwLabel(text)}};
  }
  if (function == "surt.json/stripPathSessionId") {
    return {{"result", WithoutPathSessionId(text)}};
  }
  if (function == "surt.json/stripQuerySessionId") {
    return {{"result", WithoutQuerySessionId(text)}};
  }
  if (function == "funky_ipv4") {
    const Result<std::string> host = ParseSpecialHost(text);
    const bool dotted =
        host && host->find_first_not_of("0123456789.") == std::string::npos;
    return {{"result", dotted ? json(*host) : json()}};
  }
  if (function == "supplemental_whatwg" || function == "semantic_precise") {
    return {{"result", Href(Url::Parse(text))}};
  }
  if (function == "path_dots") {
    return {{"result", PathOf(text, input.value("scheme_kind", json()))}};
  }
  if (function == "idempotence") return Idempotence(text);
  return {{"result", "out of scope"}};
}

const bool registered =
    Register({{.name = "urlcanon_iipc", .run = RunUrlcanon}});

}  // namespace
}  // namespace stemma::conform

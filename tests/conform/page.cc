// Suites of what a page says of itself: its encoding, its base address.

#include "article/charset.h"
#include "article/discover.h"
#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

json RunLabel(const json& input, const json&) {
  const auto encoding = EncodingForLabel(input.at("label").get<std::string>());
  return {{"encoding", encoding ? json(*encoding) : json()}};
}

json RunSniff(const json& input, const json&) {
  const std::string bytes = Base64Member(input, "html_b64");
  return {{"encoding", SniffEncoding(bytes, "").encoding}};
}

// html5lib writes labels in any case.
bool SameEncoding(const json& got, const json& expect) {
  const auto name = EncodingForLabel(expect.at("encoding").get<std::string>());
  return name && got.at("encoding") == *name;
}

json RunBase(const json& input, const json&) {
  const std::string html = input.at("html");
  const Result<Discovery> page =
      Discover({.bytes = html,
                .content_type = "text/html; charset=utf-8",
                .url = input.at("document_url")});
  if (page) {
    for (const PageLink& link : page->links) {
      if (link.kind == LinkKind::kAnchor) {
        return {{"first_a_resolved", link.url}};
      }
    }
  }
  return {{"first_a_resolved", nullptr}};
}

const bool registered = Register({
    {.name = "encoding_labels", .run = RunLabel},
    {.name = "html_encoding_html5lib", .run = RunSniff, .passes = SameEncoding},
    {.name = "base_href", .run = RunBase},
});

}  // namespace
}  // namespace stemma::conform

// The base address of a page.

#include "article/discover.h"
#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

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

const bool registered = Register({{.name = "base_href", .run = RunBase}});

}  // namespace
}  // namespace stemma::conform

// ExtractArticle: a page's bytes become a canonical Article, by the stages
// charset, prescan, tree, segment, metadata, body, markers, media. A pure
// function: the same bytes give the same Article in any order, on any thread,
// under any locale. Distrusts its input: every limit that fires is a note in
// Article::notes, because what a limit hides could hide an alteration.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/article.h"
#include "core/result.h"

namespace stemma {

class SiteRules;  // article/site_rules.h

struct HtmlLimits {
  std::size_t max_bytes = 16 << 20;   // larger pages are cut, and noted
  int max_depth = 512;                // deeper tags go, their text stays; noted
  std::size_t max_nodes = 1 << 18;    // later elements go, their text stays
  std::size_t max_attributes = 1000;  // per tag; the rest go, noted
  std::size_t max_attribute_bytes = 1 << 20;  // per value; cut, noted
  std::size_t max_links = 20'000;  // the rest are counted, not listed
  std::size_t max_media = 2'000;
  std::size_t max_blocks = 50'000;  // later ones are lines of the last; noted
  std::size_t max_json_bytes = 4 << 20;  // JSON-LD read, all scripts together
};

struct PageInput {
  std::string_view bytes;    // the body, content coding removed
  std::string content_type;  // as the server said it, may be empty
  std::string url;           // absolute address of the page, may be empty
};

// The article of a page. A page that holds none is an Article with
// is_article == false and its blocks all dropped, each with the rule.
// kInvalidArgument: no bytes at all. kMalformed: bytes that are no HTML or
// text (NUL-ridden binary).
Result<Article> ExtractArticle(const PageInput& page,
                               const HtmlLimits& limits = {},
                               const SiteRules* rules = nullptr);

}  // namespace stemma

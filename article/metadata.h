// What a page says about itself: title, authors, dates, addresses. Every source
// is read; a fixed order of trust picks; disagreement stays on record.
#pragma once

#include <string>
#include <vector>

#include "article/json_ld.h"
#include "article/segment.h"
#include "core/article.h"

namespace stemma {

struct Body;  // article/body.h

// The <meta>, <link> and JSON-LD statements, before the text is judged.
struct HeadFacts {
  std::string base_url;  // of <base>, resolved; else the page's address
  std::vector<std::pair<std::string, std::string>> meta;  // lower-case name
  std::string title_tag;
  std::string canonical, amp, html_lang;
  LdFacts ld;
  int main_article = -1;  // index into ld.articles, -1 for none

  std::string Meta(std::string_view name) const;
  const LdArticle* Main() const {
    return main_article < 0
               ? nullptr
               : &ld.articles[static_cast<std::size_t>(main_article)];
  }
};

HeadFacts ReadHead(const PageTree& tree, std::string_view page_url,
                   std::size_t max_json_bytes);

// Titles by trust, as the head states them; repeats out.
std::vector<std::string> TitleCandidates(const HeadFacts& head);

// The page's language as it says: <html lang>, schema.org, og:locale; "" when
// it doesn't.
std::string LanguageOf(const HeadFacts& head);

// Fills everything of `article` but blocks, media, claims, links.
void FillMetadata(const PageTree& tree, const std::vector<PageBlock>& blocks,
                  const HeadFacts& head, const Body& body, Article& article);

// `href` made absolute; "" when it is no http(s) address.
std::string Resolve(std::string_view href, const std::string& base);

}  // namespace stemma

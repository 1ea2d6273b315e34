// Which blocks of a page are the article. Local rules over structure and text,
// each with a name that goes on record with the block it kept or dropped; no
// class or id is asked, so a renamed template gives the same article.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "article/markers.h"
#include "article/segment.h"

namespace stemma {

struct BodyHints {
  std::vector<std::string> titles;  // what the head says the title is
  std::string article_body;         // schema.org's copy of the text, if any
  std::string description;
  std::string language;              // lower case, "en-us"; may be empty
  std::vector<std::string> authors;  // as the head names them
  bool list_page = false;            // the page says it is a list
};

struct BodyVerdict {
  bool kept = false;
  std::string rule;
  BlockKind kind = BlockKind::kParagraph;
};

struct Body {
  std::vector<BodyVerdict> verdicts;  // one for each block
  bool is_article = false;
  double confidence = 0;
  int title_block = -1;  // the headline on the page, or -1
  std::vector<std::string> notes;
};

// The first kept block behind the headline and its standfirst: what stands
// before it may say who wrote and when. The number of blocks when none is kept.
std::size_t TextBegin(const Body& body);

Body FindBody(const PageTree& tree, const std::vector<PageBlock>& blocks,
              const std::vector<std::vector<MarkerHit>>& markers,
              const BodyHints& hints);

// Letters and digits only, case folded, ASCII punctuation and white space out:
// for asking whether two texts are the same words.
std::string FoldForMatch(std::string_view text);

}  // namespace stemma

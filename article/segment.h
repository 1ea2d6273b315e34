// The tree becomes lines of text in page order, each with what is around it:
// the raw material that the body rules judge.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "article/offsets.h"
#include "article/page_tree.h"
#include "article/text_layers.h"
#include "core/article.h"

namespace stemma {

// What a block stands in, of any ancestor. Names of classes and ids are not
// looked at: a template may rename them without changing the article.
enum Context : std::uint32_t {
  kInNav = 1U << 0,
  kInAside = 1U << 1,
  kInFooter = 1U << 2,
  kInHeader = 1U << 3,
  kInForm = 1U << 4,
  kInButton = 1U << 5,
  kInFigure = 1U << 6,
  kInFigcaption = 1U << 7,
  kInTable = 1U << 8,
  kInQuote = 1U << 9,
  kInListItem = 1U << 10,
  kInArticle = 1U << 11,
  kInMain = 1U << 12,
  kInArticleBody = 1U << 13,  // itemprop=articleBody and its kin
  kInHidden = 1U << 14,
  kInDialog = 1U << 15,
  kInComment = 1U << 16,  // itemtype .../Comment, itemprop=comment
  kInAddress = 1U << 17,
  kInPre = 1U << 18,
  kInDetails = 1U << 19,
  kInLabel = 1U << 20,
  kInHeading = 1U << 21,
  kInBreadcrumb = 1U << 22,
  kInAuthor = 1U << 23,  // itemprop=author, rel=author, <address>
};

struct PageBlock {
  BlockKind kind = BlockKind::kParagraph;
  std::string text;                    // L1
  std::int32_t node = -1;              // the nearest block element
  std::int32_t first = -1, last = -1;  // the first and last text node
  std::uint32_t context = 0;
  int heading = 0;                  // 1 to 6
  Tag tag = Tag::kOther;            // of `node`
  std::uint32_t weight = 0;         // letters and digits; an ideograph counts 3
  std::uint32_t link_weight = 0;    // of it, inside <a href>
  std::uint32_t strong_weight = 0;  // of it, bold or emphasized
  std::uint32_t words = 0;          // white-space parted
  std::uint32_t sentences = 0;      // sentence ends
  bool ends_sentence = false;
  bool split = false;  // ended or begun by <br><br>
  std::uint32_t source_begin = 0, source_end = 0;
  std::vector<std::uint32_t> links;  // element numbers of <a href>

  double LinkDensity() const {
    return weight == 0 ? 0.0 : static_cast<double>(link_weight) / weight;
  }
};

// Where a block's text came from in the page as decoded, and what L1 dropped.
struct BlockSource {
  OffsetSteps steps;
  std::vector<TextFinding> invisible;  // offsets are of the L1 text
};

// At most `max_blocks`: what comes after them is one more, of many lines.
// `sources`, if given, gets one entry for each block.
std::vector<PageBlock> SegmentPage(const PageTree& tree, std::size_t max_blocks,
                                   std::vector<BlockSource>* sources = nullptr);

}  // namespace stemma

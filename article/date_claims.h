// What a page says about when it was published and changed.
#pragma once

#include <vector>

#include "article/metadata.h"
#include "article/segment.h"
#include "core/article.h"

namespace stemma {

// Fills `dates` of `article` with every claim and its source, and of them
// `published` and `modified` in the order of trust of
// docs/decisions/article-dates.md.
void FillDates(const PageTree& tree, const std::vector<PageBlock>& blocks,
               const HeadFacts& head, const Body& body, Article& article);

}  // namespace stemma

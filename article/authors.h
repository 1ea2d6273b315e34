// Who wrote a page, as it says. What machines are told goes before what readers
// are shown, a person before an organization, a statement before a guess.
#pragma once

#include <string>
#include <vector>

#include "article/metadata.h"
#include "article/segment.h"
#include "core/article.h"

namespace stemma {

// `article` must have its url, site name and publisher.
std::vector<std::string> ReadAuthors(const PageTree& tree,
                                     const std::vector<PageBlock>& blocks,
                                     const HeadFacts& head, const Body& body,
                                     const Article& article);

}  // namespace stemma

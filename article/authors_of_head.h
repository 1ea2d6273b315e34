// Whom a page names to machines as its authors: JSON-LD, <meta>, scripts.
#pragma once

#include <string>
#include <vector>

#include "article/author_list.h"
#include "article/metadata.h"
#include "article/page_tree.h"

namespace stemma {

// From JSON-LD, else from labelled <meta>, else from other <meta>.
void AuthorsOfHead(const HeadFacts& head, AuthorList& authors);

// "author":"Jane Doe" in a script that feeds the page's statistics.
void AuthorsOfScripts(const PageTree& tree, AuthorList& authors);

// Whom the head names as authors, before the page itself is read.
std::vector<std::string> NamedAuthors(const HeadFacts& head);

}  // namespace stemma

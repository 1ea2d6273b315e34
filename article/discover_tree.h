// Discovery in a page that has been opened already. Not for other rooms.
#pragma once

#include <string>
#include <vector>

#include "article/discover.h"
#include "article/metadata.h"
#include "article/page_tree.h"
#include "article/segment.h"

namespace stemma {

// `notes` are those of decoding. `blocks` are looked at for addresses that
// stand in the text; none need be given where the text names none
// (NamesAddresses). `words`: with PageLink::text.
Discovery DiscoverIn(const PageTree& tree, const std::vector<PageBlock>& blocks,
                     const HeadFacts& head, std::vector<std::string> notes,
                     const HtmlLimits& limits, bool words);

bool NamesAddresses(const Prescan& scan);

}  // namespace stemma

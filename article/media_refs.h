// Every media reference of a page, with its place in the source.
#pragma once

#include <cstdint>
#include <vector>

#include "article/metadata.h"
#include "article/segment.h"
#include "core/article.h"

namespace stemma {

struct PlacedMedia {
  MediaLink link;
  bool placed = false;       // false: the head says so, not the text
  std::uint32_t source = 0;  // where in the page, if placed
};

// In page order, those of the head last; one entry for an address, the placed
// one when there are several. Images are those with a place in the page.
std::vector<PlacedMedia> FindMedia(const PageTree& tree,
                                   const std::vector<PageBlock>& blocks,
                                   const HeadFacts& head,
                                   std::size_t max_media);

// Whether a text is one media address and nothing else.
bool IsBareMediaUrl(std::string_view text);

}  // namespace stemma

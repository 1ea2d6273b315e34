// The marker catalogue: phrases by which a page says where its text comes from
// and where it ends. Data in configs/markers.toml, compiled in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "article/metadata.h"
#include "article/segment.h"
#include "core/article.h"

namespace stemma {

struct Marker {
  std::string id, kind, language, match, name, needs;
  std::vector<std::string> words, also;
  int confidence = 1;  // 1 to 3
  bool drop = false, cut = false;
};

struct Agency {
  std::string name;
  std::vector<std::string> signs;
};

struct MarkerCatalogue {
  std::vector<Marker> markers;
  std::vector<Agency> agencies;
};

// The catalogue that is part of the program; empty only if it could not be
// read, which a test rules out.
const MarkerCatalogue& Markers();

// A marker found in a line of a block. Whether it counts (Marker::needs) is
// decided when the extent of the text is known.
struct MarkerHit {
  const Marker* marker = nullptr;
  std::string line;           // the line it was found in, L1
  std::size_t name_at = 0;    // byte of `line` behind the phrase
  bool foreign_link = false;  // the block links to another site
};

// For each block its hits; most have none.
std::vector<std::vector<MarkerHit>> FindMarkers(
    const PageTree& tree, const std::vector<PageBlock>& blocks,
    const HeadFacts& head, std::string_view page_url);

// The claims of a page, when its blocks are judged: marker lines, the line of
// publisher and date under the headline, bylines, datelines, what head and
// counters say. Also fills publisher, licence, copyright, keywords and the
// original's date of `article`, and moves "NAME, DATE" lines out of the text.
void FillClaims(const PageTree& tree, const std::vector<PageBlock>& blocks,
                const HeadFacts& head,
                const std::vector<std::vector<MarkerHit>>& hits,
                int title_block, Article& article);

}  // namespace stemma

#include "article/source_map.h"

#include <fmt/format.h>

#include "article/charset.h"
#include "article/page_tree.h"
#include "article/segment.h"

namespace stemma {

Result<SourceMap> SourceMap::Of(const PageInput& page,
                                const HtmlLimits& limits) {
  if (page.bytes.empty()) {
    return Error(ErrorCode::kInvalidArgument, "source map: the page is empty");
  }
  if (const std::string_view kind = BinaryKind(page.bytes); !kind.empty()) {
    return Error(ErrorCode::kMalformed,
                 fmt::format("source map: not a page but {}", kind));
  }
  SourceMap map;
  const DecodedText decoded =
      DecodePage(page.bytes, page.content_type, limits.max_bytes, &map.raw_);
  STEMMA_TRY(const PageTree tree, BuildTree(decoded.utf8, limits));
  std::vector<BlockSource> sources;
  const std::vector<PageBlock> blocks =
      SegmentPage(tree, limits.max_blocks, &sources);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    map.sizes_.push_back(blocks[i].text.size());
    map.ends_.push_back(blocks[i].source_end);
    map.blocks_.push_back(std::move(sources[i].steps));
    for (TextFinding& finding : sources[i].invisible) {
      finding.block = static_cast<int>(i);
      map.invisible_.push_back(std::move(finding));
    }
  }
  return map;
}

std::size_t SourceMap::Decoded(std::size_t block, std::size_t offset) const {
  if (block >= blocks_.size()) return 0;
  if (offset >= sizes_[block]) return ends_[block];
  return SourceOf(blocks_[block], offset);
}

std::size_t SourceMap::Raw(std::size_t block, std::size_t offset) const {
  return SourceOf(raw_, Decoded(block, offset));
}

}  // namespace stemma

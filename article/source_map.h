// Exact places: for each byte of a block's canonical text (L1) the byte of the
// page it came from, and what L1 leaves out because nobody sees it. Made by
// reading the page again, so that articles need not carry it.
#pragma once

#include <cstddef>
#include <vector>

#include "article/extract.h"
#include "article/offsets.h"
#include "article/text_layers.h"
#include "core/result.h"

namespace stemma {

class SourceMap {
 public:
  // The same page and limits as ExtractArticle had; the same errors.
  static Result<SourceMap> Of(const PageInput& page,
                              const HtmlLimits& limits = {});

  // Byte `offset` of block `block` (as in Article::blocks), counted in the page
  // as decoded to UTF-8, or in its bytes as they came. `offset` may be the
  // length of the text: the place behind its last character.
  std::size_t Decoded(std::size_t block, std::size_t offset) const;
  std::size_t Raw(std::size_t block, std::size_t offset) const;

  std::size_t blocks() const { return blocks_.size(); }

  // Characters that L1 drops: zero-width ones, soft hyphens. `offset` is the
  // byte of the block's L1 text before which they stood. Bidi controls and
  // look-alike letters stay in L1 and are in TextLayers::findings.
  const std::vector<TextFinding>& invisible() const { return invisible_; }

 private:
  std::vector<OffsetSteps> blocks_;  // L1 to decoded
  std::vector<std::size_t> sizes_, ends_;
  OffsetSteps raw_;  // decoded to bytes
  std::vector<TextFinding> invisible_;
};

}  // namespace stemma

// The layers of a page's text. L0 is the bytes (SHA-256, hash/). L1 is the
// canonical text, "stemma-text/1": NFC; every Zs, tab, line and paragraph
// separator and run of them one U+0020; C0, C1, U+00AD, U+200B, U+2060, U+FEFF
// out; nothing else touched: quotes, dashes, case, ligatures, ZWJ and ZWNJ
// stay. L2, the match text, is trace/normal_form.h's. A digest is compared only
// with one of the same label and Unicode version.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "article/offsets.h"
#include "core/article.h"
#include "core/digest.h"

namespace stemma {

// "stemma-text/1; Unicode 15.0; ICU 72.1": goes with every digest.
std::string TextLayerLabel();

// L1 of one block. `text` is UTF-8 (malformed sequences become U+FFFD). A line
// feed stays a line feed: the segmenter writes one for <br> and in <pre>;
// spaces around it go. Idempotent.
std::string CanonicalBlockText(std::string_view text);
// The same; `steps` becomes the way from the result back to `text`. Inside
// characters that were composed it is their first byte.
std::string CanonicalBlockText(std::string_view text, OffsetSteps* steps);

// Something invisible or disguised in a text: used to mark leaked copies.
struct TextFinding {
  std::string kind;        // "zero-width", "soft-hyphen", "bidi-control",
                           // "homoglyph", "unassigned", "mojibake"
  int block = -1;          // index into Article::blocks
  std::size_t offset = 0;  // byte in the block's raw (zero-width) or L1 text
  std::size_t count = 1;
  std::string detail;  // "U+200B", or the word with the strange letter
};
// What one text holds; `block` is -1. Homoglyphs: words that mix Latin with
// Cyrillic or Greek letters (UTS 39 "mixed script", whole word).
std::vector<TextFinding> FindOddities(std::string_view text);

struct BlockDigest {
  int block = 0;                   // index into Article::blocks
  std::size_t begin = 0, end = 0;  // bytes in TextLayers::text
  Sha256 digest;                   // of the block's L1 text
};
struct TextLayers {
  std::string label;                // TextLayerLabel()
  std::string text;                 // L1, as CanonicalText(article)
  Sha256 digest;                    // of `text`
  std::vector<BlockDigest> blocks;  // kept blocks, in order
  std::vector<TextFinding> findings;
};
TextLayers LayersOf(const Article& article);

// Where byte `offset` of the L1 text came from in the page as decoded to UTF-8,
// without the page: exact at the edges of a block, proportional inside it.
// article/source_map.h is exact everywhere.
std::size_t SourceOffset(const Article& article, const TextLayers& layers,
                         std::size_t offset);

}  // namespace stemma

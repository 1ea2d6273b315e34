// The pre-pass over a page: one forward scan by the tokenizer rules of the HTML
// Standard (13.2.5) that leaves nothing ambiguous for the tree builder. Texts,
// attributes and raw contents (scripts, titles, text areas) stay here, decoded
// by us and with their place in the source; libxml2 gets only the shape of the
// page, "<div s=17>T3;</div>", and so its version, its character reference
// table and its quadratic corners do not reach the article.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "article/extract.h"
#include "article/tags.h"

namespace stemma {

// Views and offsets below are into Prescan::source unless they say otherwise.
struct RawAttribute {
  std::uint32_t name = 0, name_size = 0, value = 0, value_size = 0;
};

struct RawElement {
  std::uint32_t begin = 0, end = 0;  // the start tag
  std::uint32_t first_attribute = 0;
  std::uint16_t attributes = 0;
  Tag tag = Tag::kOther;
  // Content of <script>, <style>, <title>, <textarea>, <iframe>, ...
  std::uint32_t content_begin = 0, content_end = 0;
};

// A run of text, references decoded; in Prescan::text.
struct TextPiece {
  std::uint32_t text = 0, size = 0;
  std::uint32_t begin = 0, end = 0;  // in the source
};

// Text offset `text` comes from source offset `source`: written after every
// reference, where the two stop running in step.
struct OffsetMark {
  std::uint32_t text = 0, source = 0;
};

// Whether a mark is of a piece, and not of where the piece before it ended.
inline bool IsOf(const OffsetMark& mark, const TextPiece& piece) {
  return mark.text > piece.text ||
         (mark.text == piece.text && mark.source >= piece.begin);
}

struct Prescan {
  std::string_view source;
  std::string shape;  // what the tree builder reads
  std::vector<RawElement> elements;
  std::vector<RawAttribute> attributes;
  std::string text;
  std::vector<TextPiece> pieces;
  std::vector<OffsetMark> marks;
  std::vector<std::uint32_t> scripts, titles, textareas;  // element numbers
  std::size_t comments = 0;
  std::vector<std::string> notes;  // the limits that fired

  bool Has(const RawElement& element, std::string_view name) const;
  // The attribute's value, references decoded; "" when absent.
  std::string Attribute(const RawElement& element, std::string_view name) const;
  std::string_view Content(const RawElement& element) const {
    return source.substr(element.content_begin,
                         element.content_end - element.content_begin);
  }
  // Where byte `at` of `text` came from, given the piece that holds it.
  std::uint32_t SourceOf(const TextPiece& piece, std::uint32_t at) const;
};

// `source` is UTF-8 and must outlive the result. At most 4 GiB.
Prescan ScanMarkup(std::string_view source, const HtmlLimits& limits);

}  // namespace stemma

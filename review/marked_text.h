// A text cut by code points, with the changes of a comparison marked in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/comparison.h"

namespace stemma {

// Where each code point of a text starts, so that spans can be cut out. The
// text must outlive it.
class CodePoints {
 public:
  explicit CodePoints(std::string_view text);
  std::size_t size() const { return starts_.size() - 1; }
  // [begin, end), as far as the text goes.
  std::string_view Cut(std::size_t begin, std::size_t end) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

// One side of one change.
struct ChangeMark {
  Span span;
  std::size_t number;  // of the change, from 1
  const Change* change;
};

// The marks of one side in text order; moves are shown as moved blocks, and
// not here.
std::vector<ChangeMark> MarksOf(const Comparison& comparison, bool on_suspect);

// The text of `span` as HTML with the marks that touch it, each leading to
// its entry in the list of changes ("#c1").
std::string MarkedText(const CodePoints& text, Span span,
                       const std::vector<ChangeMark>& marks);

// The same text, code point for code point, with lines run together that were
// broken by the width of somebody's screen: those of some length, followed by
// one that is not empty.
std::string Unwrapped(std::string_view text);

}  // namespace stemma

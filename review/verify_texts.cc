#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "review/html.h"
#include "review/marked_text.h"
#include "review/verify_parts.h"

namespace stemma {
namespace {

bool IsSpace(std::string_view point) {
  return point == " " || point == "\n" || point == "\t" || point == "\r" ||
         point == "\u00a0";
}

// A cell of the side-by-side text: a block of one side, or an empty place.
std::string Cell(const BlockRole* block, const CodePoints& text,
                 const std::vector<ChangeMark>& marks) {
  if (!block) return "<div class=\"cell none\"></div>";
  std::string header;
  if (block->role == "missing") header = "missing in the copy";
  if (block->role == "added") header = "added by the copy";
  if (block->role == "moved") header = "moved";
  return fmt::format("<div class=\"cell {} {}\">{}{}</div>",
                     block->on_suspect ? "copy" : "reference",
                     EscapeHtml(block->role),
                     header.empty() ? "" : "<header>" + header + "</header>",
                     MarkedText(text, block->span, marks));
}

struct Row {
  const BlockRole* reference = nullptr;
  const BlockRole* suspect = nullptr;
  bool furniture() const {
    return (!reference || reference->role == "furniture") &&
           (!suspect || suspect->role == "furniture");
  }
};

// Lays the two block lists beside each other: paired shared blocks on one row,
// everything else on a row of its own, both sides in text order.
std::vector<Row> LayOut(const std::vector<BlockRole>& blocks) {
  std::vector<const BlockRole*> left;
  std::vector<const BlockRole*> right;
  for (const BlockRole& block : blocks) {
    (block.on_suspect ? right : left).push_back(&block);
  }
  const auto waits_for_pair = [&](const BlockRole* block) {
    return block->role == "shared" && block->pair >= 0 &&
           static_cast<std::size_t>(block->pair) < blocks.size();
  };
  std::vector<Row> rows;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < left.size() || j < right.size()) {
    if (i < left.size() && !waits_for_pair(left[i])) {
      rows.push_back({left[i++], nullptr});
    } else if (j < right.size() && !waits_for_pair(right[j])) {
      rows.push_back({nullptr, right[j++]});
    } else if (i < left.size() && j < right.size() &&
               &blocks[static_cast<std::size_t>(left[i]->pair)] == right[j]) {
      rows.push_back({left[i++], right[j++]});
    } else if (j < right.size()) {
      rows.push_back({nullptr, right[j++]});
    } else {
      rows.push_back({left[i++], nullptr});
    }
  }
  return rows;
}

// Spans of blocks run from word to word. For reading, the marks between two
// blocks go to the one they touch: those before the first white space to the
// block before it, those after the last to the block behind.
void TakeMarksBetween(const CodePoints& text, bool on_suspect,
                      std::vector<BlockRole>& blocks) {
  std::vector<BlockRole*> side;
  for (BlockRole& block : blocks) {
    if (block.on_suspect == on_suspect) side.push_back(&block);
  }
  std::sort(side.begin(), side.end(), [](const auto* a, const auto* b) {
    return a->span.begin < b->span.begin;
  });
  const auto space = [&](std::size_t at) {
    return IsSpace(text.Cut(at, at + 1));
  };
  for (std::size_t i = 0; i < side.size(); ++i) {
    const std::size_t stop =
        i + 1 < side.size() ? side[i + 1]->span.begin : text.size();
    const std::size_t start = i > 0 ? side[i - 1]->span.end : 0;
    Span& span = side[i]->span;
    while (span.end < stop && !space(span.end)) ++span.end;
    while (span.begin > start && !space(span.begin - 1)) --span.begin;
  }
}

// A text ready to be shown: its code points, and its changes.
struct ShownText {
  explicit ShownText(const Comparison& comparison, const Publication& of,
                     bool on_suspect)
      : text(Unwrapped(of.text)),
        points(text),
        marks(MarksOf(comparison, on_suspect)) {}
  ShownText(const ShownText&) = delete;
  ShownText& operator=(const ShownText&) = delete;

  std::string text;
  CodePoints points;
  std::vector<ChangeMark> marks;
};

// Rows of site furniture, folded away.
std::string FurnitureHtml(std::span<const Row> rows, const ShownText& left,
                          const ShownText& right) {
  std::string html = fmt::format(
      "<details class=\"furniture\"><summary>{} block{} of site "
      "furniture</summary><div class=\"texts\">",
      rows.size(), rows.size() == 1 ? "" : "s");
  for (const Row& row : rows) {
    html += Cell(row.reference, left.points, {});
    html += Cell(row.suspect, right.points, {});
  }
  return html + "</div></details>";
}

std::string RowsHtml(std::span<const Row> rows, const ShownText& left,
                     const ShownText& right) {
  std::string html;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t end = i;
    while (end < rows.size() && rows[end].furniture()) ++end;
    if (end > i) {
      html += FurnitureHtml(rows.subspan(i, end - i), left, right);
      i = end;
      continue;
    }
    html += Cell(rows[i].reference, left.points, left.marks);
    html += Cell(rows[i].suspect, right.points, right.marks);
    ++i;
  }
  return html;
}

}  // namespace

void AddTextsPart(const VerifyView& view, std::string& html) {
  const ShownText left(view.comparison, view.reference.publication, false);
  const ShownText right(view.comparison, view.suspect.publication, true);
  std::vector<BlockRole> blocks = view.comparison.blocks;
  if (blocks.empty()) {  // equal texts need no alignment
    blocks.push_back({false, {0, left.points.size()}, "shared", 1});
    blocks.push_back({true, {0, right.points.size()}, "shared", 0});
  }
  TakeMarksBetween(left.points, false, blocks);
  TakeMarksBetween(right.points, true, blocks);
  html += fmt::format(
      "<h2 id=\"texts\">The two texts</h2><div class=\"texts\">"
      "<div class=\"head\">Reference: {}</div><div class=\"head\">Copy: {}"
      "</div>{}</div>",
      EscapeHtml(SiteOf(view.reference)), EscapeHtml(SiteOf(view.suspect)),
      RowsHtml(LayOut(blocks), left, right));
}

}  // namespace stemma

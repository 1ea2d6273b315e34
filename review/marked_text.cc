#include "review/marked_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "review/html.h"

namespace stemma {
namespace {

std::string MarkHtml(const ChangeMark& mark, std::string_view inside) {
  const std::string_view tone = NameOf(mark.change->severity);
  const std::string title = fmt::format("change {}: {}", mark.number,
                                        fmt::join(mark.change->kinds, ", "));
  if (inside.empty()) {
    return fmt::format(
        "<mark class=\"gap {}\" title=\"{}\">&#9652;"
        "</mark><sup><a href=\"#c{}\">{}</a></sup>",
        tone, EscapeHtml(title), mark.number, mark.number);
  }
  return fmt::format(
      "<mark class=\"{}\" title=\"{}\">{}</mark>"
      "<sup><a href=\"#c{}\">{}</a></sup>",
      tone, EscapeHtml(title), EscapeHtml(inside), mark.number, mark.number);
}

}  // namespace

CodePoints::CodePoints(std::string_view text) : text_(text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0u) != 0x80u) {
      starts_.push_back(i);
    }
  }
  starts_.push_back(text.size());
}

std::string_view CodePoints::Cut(std::size_t begin, std::size_t end) const {
  end = std::min(end, size());
  begin = std::min(begin, end);
  return text_.substr(starts_[begin], starts_[end] - starts_[begin]);
}

std::vector<ChangeMark> MarksOf(const Comparison& comparison, bool on_suspect) {
  std::vector<ChangeMark> marks;
  for (std::size_t i = 0; i < comparison.changes.size(); ++i) {
    const Change& change = comparison.changes[i];
    if (change.op == ChangeOp::kMove) continue;  // shown as moved blocks
    marks.push_back(
        {on_suspect ? change.suspect : change.reference, i + 1, &change});
  }
  std::sort(marks.begin(), marks.end(),
            [](const ChangeMark& a, const ChangeMark& b) {
              return a.span.begin < b.span.begin;
            });
  return marks;
}

std::string Unwrapped(std::string_view text) {
  constexpr std::size_t kScreenLine = 40;  // bytes
  std::string out(text);
  std::size_t begin = 0;
  for (std::size_t at = out.find('\n'); at != std::string::npos;
       at = out.find('\n', begin)) {
    const bool goes_on = at + 1 < out.size() && out[at + 1] != '\n';
    if (goes_on && at - begin >= kScreenLine) out[at] = ' ';
    begin = at + 1;
  }
  return out;
}

std::string MarkedText(const CodePoints& text, Span span,
                       const std::vector<ChangeMark>& marks) {
  std::string html;
  std::size_t at = span.begin;
  for (const ChangeMark& mark : marks) {
    const std::size_t begin = std::max(mark.span.begin, at);
    const std::size_t end = std::min(mark.span.end, span.end);
    const bool gap = mark.span.begin == mark.span.end;
    if (gap ? (mark.span.begin < at || mark.span.begin > span.end)
            : begin >= end) {
      continue;
    }
    html += EscapeHtml(text.Cut(at, begin));
    html += MarkHtml(mark, gap ? std::string_view() : text.Cut(begin, end));
    at = gap ? begin : end;
  }
  html += EscapeHtml(text.Cut(at, span.end));
  return html;
}

}  // namespace stemma

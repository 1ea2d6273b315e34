#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "review/html.h"
#include "review/marked_text.h"
#include "review/verify_parts.h"

namespace stemma {
namespace {

std::string_view InWords(ChangeOp op) {
  switch (op) {
    case ChangeOp::kReplace:
      return "other words";
    case ChangeOp::kInsert:
      return "added";
    case ChangeOp::kDelete:
      return "left out";
    case ChangeOp::kMove:
      return "moved";
  }
  return {};
}

// The words around a change with the change marked; `at` is its byte offset in
// `context`.
std::string ContextWithMark(std::string_view context, std::size_t at,
                            std::string_view words, std::string_view tone) {
  if (at > context.size() || context.substr(at, words.size()) != words) {
    return EscapeHtml(context) + " " + EscapeHtml(words);
  }
  const std::string marked =
      words.empty() ? fmt::format("<mark class=\"gap {}\">&#9652;</mark>", tone)
                    : fmt::format("<mark class=\"{}\">{}</mark>", tone,
                                  EscapeHtml(words));
  return EscapeHtml(context.substr(0, at)) + marked +
         EscapeHtml(context.substr(at + words.size()));
}

// Whole paragraphs, of which the numbered changes say nothing.
void AddParagraphs(const VerifyView& view, std::string& html) {
  constexpr std::size_t kShown = 160;  // code points
  for (const BlockRole& block : view.comparison.blocks) {
    // A moved one is named once, where the copy has it.
    const std::string_view what = block.role == "missing" ? "paragraph missing"
                                  : block.role == "added" ? "paragraph added"
                                  : block.role == "moved" && block.on_suspect
                                      ? "paragraph moved"
                                      : "";
    if (what.empty()) continue;
    const ReportSide& side = block.on_suspect ? view.suspect : view.reference;
    const CodePoints text(side.publication.text);
    const std::size_t end = std::min(block.span.end, block.span.begin + kShown);
    html += fmt::format(
        "<div class=\"change\"><span class=\"badge {}\">{}</span>{}{}</div>",
        block.role == "moved" ? "minor" : "critical", what,
        EscapeHtml(text.Cut(block.span.begin, end)),
        end < block.span.end ? " …" : "");
  }
}

bool HasChanges(const Comparison& comparison) {
  return !comparison.changes.empty() || comparison.headline == "changed" ||
         std::ranges::any_of(comparison.blocks, [](const BlockRole& block) {
           return block.role == "missing" || block.role == "added" ||
                  block.role == "moved";
         });
}

}  // namespace

void AddChangeCard(const Change& change, std::size_t number,
                   std::string_view anchor, std::string& html) {
  const std::string_view tone = NameOf(change.severity);
  html += fmt::format(
      "<div class=\"change\"{}><strong>{}</strong> "
      "<span class=\"badge {}\">{}</span>",
      anchor.empty() ? "" : fmt::format(" id=\"{}\"", anchor), number, tone,
      tone);
  for (const std::string& kind : change.kinds) {
    html += fmt::format("<span class=\"badge {}\">{}</span>", tone,
                        EscapeHtml(kind));
  }
  html += fmt::format("<span class=\"meta\">{}</span>", InWords(change.op));
  html += fmt::format(
      "<div class=\"pair\"><div><span class=\"label\">Reference, characters "
      "{}–{}</span>{}</div>"
      "<div><span class=\"label\">Copy, characters {}–{}</span>{}</div>"
      "</div></div>",
      change.reference.begin, change.reference.end,
      ContextWithMark(change.reference_context, change.reference_context_at,
                      change.reference_text, tone),
      change.suspect.begin, change.suspect.end,
      ContextWithMark(change.suspect_context, change.suspect_context_at,
                      change.suspect_text, tone));
}

void AddHeadlines(const Comparison& comparison, std::string_view reference,
                  std::string_view suspect, std::string& html) {
  if (comparison.headline != "changed") return;
  html += fmt::format(
      "<div class=\"change\"><span class=\"badge\">headline</span>"
      "<div class=\"pair\"><div><span class=\"label\">Reference</span>{}</div>"
      "<div><span class=\"label\">Copy</span>{}</div></div></div>",
      EscapeHtml(reference), EscapeHtml(suspect));
}

void AddChangesPart(const VerifyView& view, std::string& html) {
  const Comparison& comparison = view.comparison;
  if (!HasChanges(comparison)) return;
  html += "<h2 id=\"changes\">What changed, most serious first</h2>";
  std::size_t number = 0;
  for (const Change& change : comparison.changes) {
    ++number;
    AddChangeCard(change, number, fmt::format("c{}", number), html);
  }
  AddParagraphs(view, html);
  AddHeadlines(comparison, view.reference.publication.title,
               view.suspect.publication.title, html);
}

}  // namespace stemma

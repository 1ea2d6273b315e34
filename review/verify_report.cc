#include "review/verify_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "review/html.h"
#include "review/page.h"

namespace stemma {
namespace {

// Where each code point of a text starts, so that spans can be cut out.
class CodePoints {
 public:
  explicit CodePoints(std::string_view text) : text_(text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xC0u) != 0x80u) {
        starts_.push_back(i);
      }
    }
    starts_.push_back(text.size());
  }
  std::size_t size() const { return starts_.size() - 1; }
  std::string_view Cut(std::size_t begin, std::size_t end) const {
    end = std::min(end, size());
    begin = std::min(begin, end);
    return text_.substr(starts_[begin], starts_[end] - starts_[begin]);
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

bool IsSpace(std::string_view point) {
  return point == " " || point == "\n" || point == "\t" || point == "\r" ||
         point == "\u00a0";
}

// "changed", "missing here", ... for one side of one change.
struct Mark {
  Span span;
  std::size_t number;  // of the change, from 1
  const Change* change;
};

std::vector<Mark> MarksOf(const Comparison& comparison, bool on_suspect) {
  std::vector<Mark> marks;
  for (std::size_t i = 0; i < comparison.changes.size(); ++i) {
    const Change& change = comparison.changes[i];
    if (change.op == ChangeOp::kMove) continue;  // shown as moved blocks
    marks.push_back(
        {on_suspect ? change.suspect : change.reference, i + 1, &change});
  }
  std::sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) {
    return a.span.begin < b.span.begin;
  });
  return marks;
}

std::string Join(const std::vector<std::string>& words, std::string_view glue) {
  return fmt::format("{}", fmt::join(words, glue));
}

std::string MarkHtml(const Mark& mark, std::string_view inside) {
  const std::string_view tone = NameOf(mark.change->severity);
  const std::string title =
      fmt::format("change {}: {}", mark.number, Join(mark.change->kinds, ", "));
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

// The same text, code point for code point, with lines run together that were
// broken by the width of somebody's screen: those of some length, followed by
// one that is not empty.
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

// The text of `span` with the marks that touch it.
std::string MarkedText(const CodePoints& text, Span span,
                       const std::vector<Mark>& marks) {
  std::string html;
  std::size_t at = span.begin;
  for (const Mark& mark : marks) {
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

// --- the parts of the page, in order ---------------------------------------

std::string_view ToneOf(const VerifyView& view) {
  const Verdict verdict = view.comparison.verdict;
  const bool text_good = verdict == Verdict::kIdentical ||
                         verdict == Verdict::kCosmeticOnly ||
                         verdict == Verdict::kBoilerplateOnly;
  const VideoVerdict video = view.video.verdict;
  const bool video_good = video == VideoVerdict::kSame ||
                          video == VideoVerdict::kReencoded ||
                          video == VideoVerdict::kNotCompared;
  if (text_good && video_good) return "good";
  if (verdict == Verdict::kEdited || video == VideoVerdict::kAltered) {
    return "bad";
  }
  return "note";
}

std::string SiteOf(const ReportSide& side) {
  const Publication& p = side.publication;
  if (!p.site.empty()) return p.site;
  if (!p.url.empty()) return p.url;
  // A file's id is its path.
  return p.id.empty() ? "a file" : p.id.substr(p.id.rfind('/') + 1);
}

std::string Explain(Verdict verdict) {
  switch (verdict) {
    case Verdict::kIdentical:
      return "Every byte of the article text is kept.";
    case Verdict::kCosmeticOnly:
      return "Every word is kept; only typography differs.";
    case Verdict::kBoilerplateOnly:
      return "The article is kept; only site furniture differs.";
    case Verdict::kExcerpt:
      return "Content of the reference is left out.";
    case Verdict::kExtended:
      return "Content was added as whole blocks; the rest is kept.";
    case Verdict::kEdited:
      return "Words inside shared blocks were changed, or blocks reordered.";
    case Verdict::kQuoting:
      return "The two share less than half of each side.";
    case Verdict::kUnrelated:
      return "The two texts share no passage.";
  }
  return {};
}

std::string CountsLine(const Comparison& comparison) {
  int critical = 0;
  int minor = 0;
  for (const Change& change : comparison.changes) {
    ++(change.severity == Severity::kCritical ? critical : minor);
  }
  std::string line = fmt::format("{} critical, {} minor change{}", critical,
                                 minor, critical + minor == 1 ? "" : "s");
  const auto add = [&](const char* name, std::string_view one,
                       std::string_view many) {
    const auto at = comparison.counts.find(name);
    if (at == comparison.counts.end() || at->second <= 0) return;
    line += fmt::format(" · {} {}", at->second, at->second == 1 ? one : many);
  };
  add("missing_blocks", "paragraph missing", "paragraphs missing");
  add("added_blocks", "paragraph added", "paragraphs added");
  add("moved_blocks", "paragraph moved", "paragraphs moved");
  add("cosmetic", "cosmetic difference", "cosmetic differences");
  add("furniture", "furniture block set aside", "furniture blocks set aside");
  return line;
}

void AddVerdict(const VerifyView& view, std::string& html) {
  const Comparison& c = view.comparison;
  html += fmt::format(
      "<p class=\"meta\">Comparison of two publications</p><h1>{}</h1>"
      "<div class=\"verdict {}\"><b>{}</b>",
      EscapeHtml(view.suspect.publication.title.empty()
                     ? SiteOf(view.suspect)
                     : view.suspect.publication.title),
      ToneOf(view), NameOf(c.verdict));
  html += fmt::format(
      "<p>The copy at <strong>{}</strong>, compared with the publication at "
      "<strong>{}</strong>. {}</p>",
      EscapeHtml(SiteOf(view.suspect)), EscapeHtml(SiteOf(view.reference)),
      Explain(c.verdict));
  if (view.video.verdict != VideoVerdict::kNotCompared) {
    html += fmt::format(
        "<p>Video: <b>{}</b>{}{}</p>", NameOf(view.video.verdict),
        view.video.reason.empty() ? "" : " — ", EscapeHtml(view.video.reason));
  }
  html += fmt::format(
      "<p class=\"meta\">{} · coverage {:.2f} / {:.2f} · headline {}",
      CountsLine(c), c.coverage_reference, c.coverage_suspect,
      c.headline.empty() ? "not compared" : EscapeHtml(c.headline));
  if (!c.flags.empty()) {
    html += " · flags: " + EscapeHtml(Join(c.flags, ", "));
  }
  html += "</p></div>";
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

void AddHeadlines(const VerifyView& view, std::string& html) {
  if (view.comparison.headline != "changed") return;
  html += fmt::format(
      "<div class=\"change\"><span class=\"badge\">headline</span>"
      "<div class=\"pair\"><div><span class=\"label\">Reference</span>{}</div>"
      "<div><span class=\"label\">Copy</span>{}</div></div></div>",
      EscapeHtml(view.reference.publication.title),
      EscapeHtml(view.suspect.publication.title));
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

void AddChanges(const VerifyView& view, std::string& html) {
  const Comparison& comparison = view.comparison;
  html += "<h2 id=\"changes\">What changed, most serious first</h2>";
  std::size_t number = 0;
  for (const Change& change : comparison.changes) {
    const std::string_view tone = NameOf(change.severity);
    html += fmt::format(
        "<div class=\"change\" id=\"c{0}\"><strong>{0}</strong> "
        "<span class=\"badge {1}\">{1}</span>",
        ++number, tone);
    for (const std::string& kind : change.kinds) {
      html += fmt::format("<span class=\"badge {}\">{}</span>", tone,
                          EscapeHtml(kind));
    }
    html += fmt::format("<span class=\"meta\">{}</span>", NameOf(change.op));
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
  AddParagraphs(view, html);
  AddHeadlines(view, html);
}

bool HasChanges(const Comparison& comparison) {
  return !comparison.changes.empty() || comparison.headline == "changed" ||
         std::ranges::any_of(comparison.blocks, [](const BlockRole& block) {
           return block.role == "missing" || block.role == "added" ||
                  block.role == "moved";
         });
}

// A cell of the side-by-side text: a block of one side, or an empty place.
std::string Cell(const BlockRole* block, const CodePoints& text,
                 const std::vector<Mark>& marks) {
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

void AddTexts(const VerifyView& view, std::string& html) {
  const std::string left_text = Unwrapped(view.reference.publication.text);
  const std::string right_text = Unwrapped(view.suspect.publication.text);
  const CodePoints left(left_text);
  const CodePoints right(right_text);
  const std::vector<Mark> left_marks = MarksOf(view.comparison, false);
  const std::vector<Mark> right_marks = MarksOf(view.comparison, true);
  html += fmt::format(
      "<h2 id=\"texts\">The two texts</h2><div class=\"texts\">"
      "<div class=\"head\">Reference: {}</div><div class=\"head\">Copy: {}"
      "</div>",
      EscapeHtml(SiteOf(view.reference)), EscapeHtml(SiteOf(view.suspect)));

  std::vector<BlockRole> blocks = view.comparison.blocks;
  if (blocks.empty()) {  // equal texts need no alignment
    blocks.push_back({false, {0, left.size()}, "shared", 1});
    blocks.push_back({true, {0, right.size()}, "shared", 0});
  }
  TakeMarksBetween(left, false, blocks);
  TakeMarksBetween(right, true, blocks);
  const std::vector<Row> rows = LayOut(blocks);
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t end = i;
    while (end < rows.size() && rows[end].furniture()) ++end;
    if (end > i) {
      html += fmt::format(
          "<details class=\"furniture\"><summary>{} block{} of site "
          "furniture</summary><div class=\"texts\">",
          end - i, end - i == 1 ? "" : "s");
      for (; i < end; ++i) {
        html += Cell(rows[i].reference, left, {});
        html += Cell(rows[i].suspect, right, {});
      }
      html += "</div></details>";
      continue;
    }
    html += Cell(rows[i].reference, left, left_marks);
    html += Cell(rows[i].suspect, right, right_marks);
    ++i;
  }
  html += "</div>";
}

std::string Clock(double seconds) {
  if (seconds < 0) return "—";
  const auto minutes = static_cast<std::int64_t>(seconds / 60);
  return fmt::format("{}:{:05.2f}", minutes,
                     seconds - static_cast<double>(minutes) * 60);
}

// Two bars, reference above and copy below, with the shared seconds joined.
std::string VideoBars(const VerifyView& view) {
  double length =
      std::max(view.reference.video_seconds, view.suspect.video_seconds);
  for (const auto& s : view.video.segments) {
    length = std::max({length, s.a1, s.b1});
  }
  if (length <= 0) return {};
  const double scale = 900.0 / length;
  const auto bar = [&](double seconds, int y) {
    return fmt::format(
        "<rect x=\"50\" y=\"{}\" width=\"{:.1f}\" height=\"18\" rx=\"3\" "
        "fill=\"none\" stroke=\"currentColor\" opacity=\".5\"/>",
        y, std::max(1.0, seconds * scale));
  };
  std::string svg =
      "<div class=\"scroll\"><svg viewBox=\"0 0 960 130\" role=\"img\" "
      "aria-label=\"Which seconds are shared\" font-family=\"system-ui\" "
      "font-size=\"12\" fill=\"currentColor\">";
  for (const auto& s : view.video.segments) {
    svg += fmt::format(
        "<polygon points=\"{:.1f},38 {:.1f},38 {:.1f},92 {:.1f},92\" "
        "fill=\"var(--good)\" opacity=\".3\"/>",
        50 + s.a0 * scale, 50 + s.a1 * scale, 50 + s.b1 * scale,
        50 + s.b0 * scale);
  }
  for (const auto& change : view.video.altered) {
    const bool in_reference = change.kind == "removed";
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"18\" "
        "fill=\"var(--critical)\" opacity=\".75\"><title>{} {}–{}</title>"
        "</rect>",
        50 + change.start * scale, in_reference ? 20 : 92,
        std::max(2.0, (change.end - change.start) * scale),
        EscapeHtml(change.kind), Clock(change.start), Clock(change.end));
  }
  svg += bar(view.reference.video_seconds, 20);
  svg += bar(view.suspect.video_seconds, 92);
  svg += fmt::format(
      "<text x=\"50\" y=\"14\">reference, {}</text>"
      "<text x=\"50\" y=\"125\">copy, {}</text></svg></div>",
      Clock(view.reference.video_seconds), Clock(view.suspect.video_seconds));
  return svg;
}

std::string FrameImage(const std::string& bytes, std::string_view mime,
                       std::string_view side) {
  if (bytes.empty()) return fmt::format("<span>not in the {}</span>", side);
  return fmt::format("<img alt=\"frame of the {}\" src=\"{}\">", side,
                     DataUri(mime, bytes));
}

void AddVideo(const VerifyView& view, std::string& html) {
  const VideoComparison& video = view.video;
  if (video.verdict == VideoVerdict::kNotCompared && view.frames.empty()) {
    if (!video.reason.empty()) {
      html += fmt::format("<h2 id=\"video\">Video</h2><p>Not compared: {}</p>",
                          EscapeHtml(video.reason));
    }
    return;
  }
  html += fmt::format("<h2 id=\"video\">Video: {}</h2><p>{}</p>",
                      NameOf(video.verdict), EscapeHtml(video.reason));
  html += VideoBars(view);
  if (!video.altered.empty()) {
    html += "<table><tr><th>What</th><th>From</th><th>To</th><th>In</th></tr>";
    for (const auto& change : video.altered) {
      html += fmt::format(
          "<tr><td class=\"critical\">{}</td><td>{}</td><td>{}</td><td>{}</td>"
          "</tr>",
          EscapeHtml(change.kind), Clock(change.start), Clock(change.end),
          change.kind == "removed" ? "the reference" : "the copy");
    }
    html += "</table>";
  }
  if (view.frames.empty()) return;
  html += "<h3>Frames side by side</h3><div class=\"frames\">";
  for (const FramePair& pair : view.frames) {
    html += fmt::format(
        "<figure><div class=\"duo\">{}{}</div><figcaption>{} | {} "
        "<span class=\"badge {}\">{}</span></figcaption></figure>",
        FrameImage(pair.reference_image, pair.mime, "reference"),
        FrameImage(pair.suspect_image, pair.mime, "copy"),
        Clock(pair.reference_seconds), Clock(pair.suspect_seconds),
        pair.note == "same" ? "" : "critical", EscapeHtml(pair.note));
  }
  html += "</div>";
}

void AddFamily(const VerifyView& view, std::string& html) {
  if (view.family_svg.empty()) return;
  html +=
      "<h2 id=\"family\">The family: who copied whom</h2>"
      "<div class=\"scroll\">" +
      view.family_svg + "</div>";
  if (view.family_notes.empty()) return;
  html += "<ul>";
  for (const std::string& note : view.family_notes) {
    html += "<li>" + EscapeHtml(note) + "</li>";
  }
  html += "</ul>";
}

std::string When(const std::optional<TimePoint>& time, Precision precision) {
  if (!time) return "unknown";
  const std::string text = FormatSeconds(*time);
  return precision == Precision::kDay ? text.substr(0, 10) : text;
}

void AddSources(const VerifyView& view, std::string& html) {
  html +=
      "<h2 id=\"sources\">Sources and digests</h2><table>"
      "<tr><th></th><th>Reference</th><th>Copy</th></tr>";
  const auto row = [&](std::string_view name, auto value) {
    html += fmt::format("<tr><th>{}</th><td>{}</td><td>{}</td></tr>", name,
                        value(view.reference), value(view.suspect));
  };
  row("Address",
      [](const ReportSide& s) { return HtmlLink(s.publication.url); });
  row("Title",
      [](const ReportSide& s) { return EscapeHtml(s.publication.title); });
  row("Byline",
      [](const ReportSide& s) { return EscapeHtml(s.publication.byline); });
  row("Published, as claimed", [](const ReportSide& s) {
    return When(s.publication.published_at, s.publication.published_precision);
  });
  row("Captured, our clock", [](const ReportSide& s) {
    return When(s.publication.fetched_at, Precision::kSecond);
  });
  row("Capture", [](const ReportSide& s) { return EscapeHtml(s.capture_id); });
  row("Bundle", [](const ReportSide& s) { return EscapeHtml(s.bundle); });
  row("Page body SHA-256",
      [](const ReportSide& s) { return HtmlDigest(s.body_sha256); });
  row("Text SHA-256", [](const ReportSide& s) {
    return HtmlDigest(s.publication.text_sha256.Hex());
  });
  row("Text made by",
      [](const ReportSide& s) { return EscapeHtml(s.text_method); });
  row("Video", [](const ReportSide& s) { return EscapeHtml(s.video_name); });
  row("Video SHA-256",
      [](const ReportSide& s) { return HtmlDigest(s.video_sha256); });
  html += "</table>";
}

void AddChecking(const VerifyView& view, std::string& html) {
  html +=
      "<h2 id=\"check\">How to check this</h2><p>Character positions are "
      "Unicode code points, half open, into the texts whose SHA-256 is "
      "given above.</p><pre>";
  for (const ReportSide* side : {&view.reference, &view.suspect}) {
    if (side->capture_id.empty()) continue;
    html += EscapeHtml(
        fmt::format("stemma cat {}            # the page's bytes as stored\n"
                    "stemma extract {} | sha256sum\n",
                    side->capture_id, side->capture_id));
    if (!side->bundle.empty()) {
      html +=
          EscapeHtml(fmt::format("sha256sum {}    # compare with the seal "
                                 "event in manifest/events.jsonl\n",
                                 side->bundle));
    }
  }
  html +=
      "stemma check --evidence</pre><p class=\"meta\">What this does not "
      "show: which of the two is true; that a server sent the same page "
      "to other visitors; dates claimed by a page are its own. A verdict "
      "describes two texts or two videos, not a publisher.</p>";
  html +=
      fmt::format("<p class=\"meta\">{} · {} · {}</p>", EscapeHtml(view.tool),
                  EscapeHtml(view.normal_form), FormatSeconds(view.made));
}

}  // namespace

std::string RenderVerifyReport(const VerifyView& view) {
  std::string html;
  AddVerdict(view, html);
  if (HasChanges(view.comparison)) AddChanges(view, html);
  AddTexts(view, html);
  AddVideo(view, html);
  AddFamily(view, html);
  AddSources(view, html);
  AddChecking(view, html);
  return HtmlPage(fmt::format("{}: {}", NameOf(view.comparison.verdict),
                              view.suspect.publication.title),
                  html);
}

}  // namespace stemma

#include "review/verify_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "review/html.h"

namespace stemma {
namespace {

constexpr std::string_view kStyle = R"css(
:root{--paper:#fbfaf7;--ink:#1d2126;--soft:#5c6670;--line:#d9d5cb;--card:#fff;
--critical:#b3261e;--critical-bg:#fde3df;--minor:#8a6100;--minor-bg:#fdf0c8;
--moved:#5b4b8a;--moved-bg:#ebe6f7;--good:#1e6b3a;--good-bg:#dff2e4;
--quiet:#eeece6;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--paper:#15181b;--ink:#e6e4df;
--soft:#9aa4ad;--line:#343a40;--card:#1c2024;--critical:#ff8a80;
--critical-bg:#4a1f1c;--minor:#f2c14e;--minor-bg:#40330f;--moved:#b9a8ee;
--moved-bg:#2e2748;--good:#7fd49a;--good-bg:#17351f;--quiet:#23282d}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.55 Georgia,"Times New Roman",serif}
main{max-width:76rem;margin:0 auto;padding:1.5rem 1.25rem 4rem}
h1,h2,h3,table,.badge,.meta,nav,summary,figcaption,.cell header{
font-family:system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:.2rem 0 .6rem}
h2{font-size:1.2rem;margin:2.4rem 0 .8rem;padding-top:1rem;
border-top:1px solid var(--line)}
.verdict{border-left:.5rem solid var(--tone);background:var(--tone-bg);
padding:1rem 1.25rem;border-radius:.25rem}
.verdict.bad{--tone:var(--critical);--tone-bg:var(--critical-bg)}
.verdict.good{--tone:var(--good);--tone-bg:var(--good-bg)}
.verdict.note{--tone:var(--minor);--tone-bg:var(--minor-bg)}
.verdict b{color:var(--tone);letter-spacing:.04em;text-transform:uppercase}
.verdict p{margin:.4rem 0 0}
.meta{color:var(--soft);font-size:.88rem}
.badge{display:inline-block;font-size:.75rem;padding:.1rem .5rem;
border-radius:1rem;border:1px solid currentColor;margin-right:.3rem;
white-space:nowrap}
.critical{color:var(--critical)}.minor{color:var(--minor)}
.moved-tag{color:var(--moved)}
.change{background:var(--card);border:1px solid var(--line);
border-radius:.4rem;padding:.7rem .9rem;margin:.6rem 0}
.change .pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem;
margin-top:.4rem}
.change .pair>div{min-width:0;overflow-wrap:anywhere}
.label{display:block;font:.75rem system-ui,sans-serif;color:var(--soft);
text-transform:uppercase;letter-spacing:.05em}
mark{color:inherit;border-radius:.15rem;padding:0 .1em}
mark.critical{background:var(--critical-bg);
box-shadow:inset 0 -2px var(--critical)}
mark.minor{background:var(--minor-bg);box-shadow:inset 0 -2px var(--minor)}
mark.gap{font-family:system-ui,sans-serif;font-weight:700}
.texts{display:grid;grid-template-columns:1fr 1fr;gap:0 1rem}
.cell{min-width:0;overflow-wrap:anywhere;white-space:pre-wrap;
padding:.45rem .7rem;border-left:3px solid transparent;margin:.15rem 0}
.cell.missing,.cell.added{background:var(--critical-bg);
border-color:var(--critical)}
.cell.moved{background:var(--moved-bg);border-color:var(--moved)}
.cell.furniture{color:var(--soft);font-size:.88rem;background:var(--quiet)}
.cell.none{background:repeating-linear-gradient(-45deg,transparent 0 6px,
var(--quiet) 6px 8px)}
.cell header{font-size:.72rem;color:var(--soft);white-space:normal}
.texts .head{font:600 .9rem system-ui,sans-serif;padding:.3rem .7rem;
border-bottom:2px solid var(--line);overflow-wrap:anywhere}
details.furniture{grid-column:1/-1}
details.furniture summary{color:var(--soft);font-size:.85rem;cursor:pointer;
padding:.3rem .7rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;
border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600;color:var(--soft);width:11rem}
.digest{font-size:.8rem;font-family:ui-monospace,"DejaVu Sans Mono",monospace}
pre{background:var(--quiet);padding:.8rem 1rem;overflow-x:auto;
font-size:.82rem;border-radius:.3rem}
.frames{display:flex;flex-wrap:wrap;gap:1rem}
figure{margin:0;background:var(--card);border:1px solid var(--line);
border-radius:.4rem;overflow:hidden;width:min(100%,22rem)}
figure .duo{display:grid;grid-template-columns:1fr 1fr;gap:2px;
background:var(--quiet)}
figure .duo>*{width:100%;aspect-ratio:16/9;object-fit:contain;display:grid;
place-items:center;color:var(--soft);font:.8rem system-ui,sans-serif}
figcaption{padding:.4rem .6rem;font-size:.82rem}
svg{max-width:100%;height:auto;display:block}
.scroll{overflow-x:auto}
@media (max-width:44rem){main{padding:1rem .8rem 3rem}h1{font-size:1.5rem}
.texts,.change .pair{grid-template-columns:1fr}
.texts .head:nth-child(2){border-top:1px dashed var(--line)}
.cell.none{display:none}th{width:7rem}}
@media print{:root{--paper:#fff;--ink:#000;--card:#fff}
main{max-width:none;padding:0}h2{break-after:avoid}
.change,figure,.cell{break-inside:avoid}a{color:inherit;text-decoration:none}
details.furniture:not([open]) summary::after{content:" (folded)"}}
)css";

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
        "<mark class=\"gap {}\" title=\"{}\">&#8203;&#9652;"
        "</mark>",
        tone, EscapeHtml(title));
  }
  return fmt::format("<mark class=\"{}\" title=\"{}\">{}</mark>", tone,
                     EscapeHtml(title), EscapeHtml(inside));
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
  if (!side.publication.site.empty()) return side.publication.site;
  return side.publication.url.empty() ? "a file" : side.publication.url;
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
  for (const auto& [what, count] : comparison.counts) {
    if (count > 0 && what != "critical" && what != "minor") {
      line += fmt::format(" · {} {}", count, EscapeHtml(what));
    }
  }
  return line;
}

void AddVerdict(const VerifyView& view, std::string& html) {
  const Comparison& c = view.comparison;
  html += fmt::format(
      "<p class=\"meta\">Comparison of two publications</p><h1>{}</h1>"
      "<div class=\"verdict {}\"><b>{}</b>",
      EscapeHtml(view.suspect.publication.title.empty()
                     ? "Untitled publication"
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

std::string ContextWithMark(std::string_view context, std::string_view words,
                            std::string_view tone) {
  if (words.empty()) {
    return context.empty() ? "<em class=\"meta\">nothing here</em>"
                           : EscapeHtml(context);
  }
  const std::size_t at = context.find(words);
  const std::string marked =
      fmt::format("<mark class=\"{}\">{}</mark>", tone, EscapeHtml(words));
  if (at == std::string_view::npos) return marked;
  return EscapeHtml(context.substr(0, at)) + marked +
         EscapeHtml(context.substr(at + words.size()));
}

void AddChanges(const Comparison& comparison, std::string& html) {
  if (comparison.changes.empty()) return;
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
        ContextWithMark(change.reference_context, change.reference_text, tone),
        change.suspect.begin, change.suspect.end,
        ContextWithMark(change.suspect_context, change.suspect_text, tone));
  }
}

// A cell of the side-by-side text: a block of one side, or an empty place.
std::string Cell(const BlockRole* block, const CodePoints& text,
                 const std::vector<Mark>& marks) {
  if (!block) return "<div class=\"cell none\"></div>";
  std::string header;
  if (block->role == "missing") header = "missing in the copy";
  if (block->role == "added") header = "added by the copy";
  if (block->role == "moved") header = "moved";
  return fmt::format("<div class=\"cell {}\">{}{}</div>",
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

void AddTexts(const VerifyView& view, std::string& html) {
  const CodePoints left(view.reference.publication.text);
  const CodePoints right(view.suspect.publication.text);
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
  const auto whole = static_cast<std::int64_t>(seconds);
  return fmt::format("{}:{:05.2f}", whole / 60,
                     seconds - static_cast<double>(whole / 60 * 60));
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
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; img-src data:; style-src 'unsafe-inline'\">"
      "<meta name=\"referrer\" content=\"no-referrer\">"
      "<title>{}: {} | Stemma</title><style>{}</style></head><body><main>",
      NameOf(view.comparison.verdict),
      EscapeHtml(view.suspect.publication.title), kStyle);
  AddVerdict(view, html);
  AddChanges(view.comparison, html);
  AddTexts(view, html);
  AddVideo(view, html);
  AddFamily(view, html);
  AddSources(view, html);
  AddChecking(view, html);
  return html + "</main></body></html>\n";
}

}  // namespace stemma

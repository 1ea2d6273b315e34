#include "review/verify_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>

#include "review/html.h"
#include "review/page.h"
#include "review/verify_parts.h"

namespace stemma {
namespace {

void AddVerdict(const VerifyView& view, std::string& html) {
  const Comparison& c = view.comparison;
  html += fmt::format(
      "<p class=\"meta\">Comparison of two publications</p><h1>{}</h1>"
      "<div class=\"verdict {}\"><b>{}</b>",
      EscapeHtml(view.suspect.publication.title.empty()
                     ? SiteOf(view.suspect)
                     : view.suspect.publication.title),
      ToneOf(c, view.video), NameOf(c.verdict));
  html += fmt::format(
      "<p>The copy at <strong>{}</strong>, compared with the publication at "
      "<strong>{}</strong>. {}</p>",
      EscapeHtml(SiteOf(view.suspect)), EscapeHtml(SiteOf(view.reference)),
      Explain(c.verdict));
  AddVideoLine(view.video, html);
  html += fmt::format(
      "<p class=\"meta\">{} · coverage {:.2f} / {:.2f} · headline {}",
      CountsLine(c), c.coverage_reference, c.coverage_suspect,
      c.headline.empty() ? "not compared" : EscapeHtml(c.headline));
  if (!c.flags.empty()) {
    html +=
        " · flags: " + EscapeHtml(fmt::format("{}", fmt::join(c.flags, ", ")));
  }
  html += "</p></div>";
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

void AddSources(const VerifyView& view, std::string& html) {
  html +=
      "<h2 id=\"sources\">Sources and digests</h2><table class=\"sides\">"
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

}  // namespace

std::string SiteOf(const ReportSide& side) {
  const Publication& p = side.publication;
  if (!p.site.empty()) return p.site;
  if (!p.url.empty()) return p.url;
  // A file's id is its path.
  return p.id.empty() ? "a file" : p.id.substr(p.id.rfind('/') + 1);
}

std::string When(const std::optional<TimePoint>& time, Precision precision) {
  if (!time) return "unknown";
  const std::string text = FormatSeconds(*time);
  return precision == Precision::kDay ? text.substr(0, 10) : text;
}

std::string_view ToneOf(const Comparison& comparison,
                        const VideoComparison& compared) {
  const Verdict verdict = comparison.verdict;
  const bool text_good = verdict == Verdict::kIdentical ||
                         verdict == Verdict::kCosmeticOnly ||
                         verdict == Verdict::kBoilerplateOnly;
  const VideoVerdict video = compared.verdict;
  const bool video_good = video == VideoVerdict::kSame ||
                          video == VideoVerdict::kReencoded ||
                          video == VideoVerdict::kNotCompared;
  if (text_good && video_good) return "good";
  if (verdict == Verdict::kEdited || video == VideoVerdict::kAltered) {
    return "bad";
  }
  return "note";
}

std::string_view Explain(Verdict verdict) {
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

void AddChecking(std::span<const ReportSide* const> sides, std::string& html) {
  html +=
      "<h2 id=\"check\">How to check this</h2><p>Character positions are "
      "Unicode code points, half open, into the texts whose SHA-256 is "
      "given above.</p><pre>";
  for (const ReportSide* side : sides) {
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
      "show: which of several texts is true; that a server sent the same page "
      "to other visitors; dates claimed by a page are its own. A verdict "
      "describes two texts or two videos, not a publisher.</p>";
}

void AddMade(std::string_view tool, std::string_view normal_form,
             TimePoint made, std::string& html) {
  html += fmt::format("<p class=\"meta\">{} · {} · {}</p>", EscapeHtml(tool),
                      EscapeHtml(normal_form), FormatSeconds(made));
}

std::string RenderVerifyReport(const VerifyView& view) {
  std::string html;
  AddVerdict(view, html);
  AddChangesPart(view, html);
  AddTextsPart(view, html);
  AddVideoPart(view, html);
  AddFamily(view, html);
  AddSources(view, html);
  AddChecking(std::array{&view.reference, &view.suspect}, html);
  AddMade(view.tool, view.normal_form, view.made, html);
  return HtmlPage(fmt::format("{}: {}", NameOf(view.comparison.verdict),
                              view.suspect.publication.title),
                  html);
}

}  // namespace stemma

#include "review/find_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "review/html.h"
#include "review/page.h"
#include "review/verify_parts.h"

namespace stemma {
namespace {

constexpr std::size_t kMostChanges = 3;
constexpr std::size_t kMostPassages = 3;

std::string NameOfMatch(const FindMatch& match) {
  return match.name.empty() ? SiteOf(match.side) : match.name;
}

std::string_view Searched(const FindView& view) {
  if (view.kind == "text") {
    return view.searched == 1 ? "text" : "texts";
  }
  return view.searched == 1 ? "video or picture" : "videos and pictures";
}

void AddAnswer(const FindView& view, std::string& html) {
  html += fmt::format(
      "<p class=\"meta\">Which captures hold this {}</p><h1>{}</h1>",
      EscapeHtml(view.kind),
      EscapeHtml(view.asked.publication.title.empty()
                     ? view.query
                     : view.asked.publication.title));
  if (view.matches.empty()) {
    html += fmt::format(
        "<div class=\"verdict note\"><b>nothing found</b><p>None of the {} {} "
        "in this archive shares a passage with it. That is what this archive "
        "holds, not that there is none.</p></div>",
        view.searched, Searched(view));
    return;
  }
  html += fmt::format(
      "<div class=\"verdict good\"><b>found in {} place{}</b><p>The best match "
      "is <strong>{}</strong>.</p><p class=\"meta\">{} {} were searched</p>"
      "</div>",
      view.matches.size(), view.matches.size() == 1 ? "" : "s",
      EscapeHtml(NameOfMatch(view.matches.front())), view.searched,
      Searched(view));
}

void AddQuery(const FindView& view, std::string& html) {
  html += "<h2 id=\"query\">What was looked for</h2><table>";
  const auto row = [&html](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    html += fmt::format("<tr><th>{}</th><td>{}</td></tr>", name, value);
  };
  row("Asked", EscapeHtml(view.query));
  row("Address", HtmlLink(view.asked.publication.url));
  if (view.kind == "text") {
    row("Text SHA-256", HtmlDigest(view.asked.publication.text_sha256.Hex()));
    row("Text made by", EscapeHtml(view.asked.text_method));
  } else {
    row("File SHA-256", HtmlDigest(view.asked.video_sha256));
  }
  if (view.asked.video_seconds > 0) {
    row("Length", fmt::format("{:.2f} s", view.asked.video_seconds));
  }
  html += "</table>";
}

void AddSource(const FindMatch& match, std::string& html) {
  const ReportSide& side = match.side;
  html += "<h3>Source</h3><table>";
  const auto row = [&html](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    html += fmt::format("<tr><th>{}</th><td>{}</td></tr>", name, value);
  };
  row("Address", HtmlLink(side.publication.url));
  row("Title", EscapeHtml(side.publication.title));
  if (side.publication.published_at) {
    row("Published, as claimed", When(side.publication.published_at,
                                      side.publication.published_precision));
  }
  if (side.publication.fetched_at) {
    row("Captured, our clock",
        When(side.publication.fetched_at, Precision::kSecond));
  }
  row("Capture", EscapeHtml(side.capture_id));
  row("Bundle", EscapeHtml(side.bundle));
  if (match.text) {
    row("Text SHA-256", HtmlDigest(side.publication.text_sha256.Hex()));
  } else {
    row("Video", HtmlLink(side.video_name));
    row("Video SHA-256", HtmlDigest(side.video_sha256));
  }
  html += "</table>";
}

void AddPassages(const std::vector<FoundPassage>& passages, std::string& html) {
  if (passages.empty()) return;
  html += fmt::format("<p>{} paragraph{} shared{}:</p>", passages.size(),
                      passages.size() == 1 ? " is" : "s are",
                      passages.size() > kMostPassages ? "; the first" : "");
  for (std::size_t i = 0; i < std::min(passages.size(), kMostPassages); ++i) {
    html += fmt::format(
        "<div class=\"change\"><div class=\"pair\"><div><span class=\"label\">"
        "Archived, paragraph {}</span>{}</div><div><span class=\"label\">"
        "Looked for</span>{}</div></div></div>",
        passages[i].paragraph, EscapeHtml(passages[i].archived),
        EscapeHtml(passages[i].query));
  }
}

void AddText(const FindView& view, const FindMatch& match, std::string& html) {
  const FoundText& text = *match.text;
  const Comparison& c = text.comparison;
  html += fmt::format(
      "<p><span class=\"badge {}\">{}</span>{:.2f} of it is {:.2f} of the "
      "archived text · {}</p><p class=\"meta\">The archived one is the {}: in "
      "what follows it is the {}. {}</p>",
      ToneOf(c, {}) == "bad" ? "critical" : "", NameOf(c.verdict),
      text.of_query, text.of_archived, CountsLine(c),
      text.archived_first ? "earlier" : "later",
      text.archived_first ? "reference" : "copy", Explain(c.verdict));
  for (std::size_t i = 0; i < std::min(c.changes.size(), kMostChanges); ++i) {
    AddChangeCard(c.changes[i], i + 1, {}, html);
  }
  const std::string& archived = match.side.publication.title;
  const std::string& asked = view.asked.publication.title;
  AddHeadlines(c, text.archived_first ? archived : asked,
               text.archived_first ? asked : archived, html);
  if (c.changes.size() > kMostChanges) {
    html += fmt::format(
        "<p class=\"meta\">and {} more; <code>stemma verify"
        "</code> shows them all</p>",
        c.changes.size() - kMostChanges);
  }
  AddPassages(text.passages, html);
}

void AddVideo(const FindView& view, const FindMatch& match, std::string& html) {
  const FoundVideo& video = *match.video;
  html += fmt::format(
      "<p><span class=\"badge {}\">{}</span>score {:.2f}{}{}"
      "</p>",
      ToneOf({}, video.comparison) == "bad" ? "critical" : "",
      NameOf(video.comparison.verdict), video.score,
      video.mirrored ? " · mirrored" : "",
      video.speed > 1.005 || video.speed < 0.995
          ? fmt::format(" · {:.2f} archived seconds a second", video.speed)
          : "");
  html += "<ul>";
  for (const auto& s : video.comparison.segments) {
    html += fmt::format(
        "<li>{:.2f} to {:.2f} s of it is {:.2f} to {:.2f} s of the archived "
        "video</li>",
        s.b0, s.b1, s.a0, s.a1);
  }
  html += "</ul>";
  AddVideoShown({.video = video.comparison,
                 .reference_seconds = match.side.video_seconds,
                 .copy_seconds = view.asked.video_seconds,
                 .frames = video.frames,
                 .reference = "archived video",
                 .copy = "video looked for"},
                html);
}

void AddStill(const FoundStill& still, std::string& html) {
  html += fmt::format(
      "<p>Shown at <strong>{:.2f} s</strong>{}, in the part from {:.0f} to "
      "{:.0f} % of the frame's width and {:.0f} to {:.0f} % of its height; "
      "{:.0f} "
      "% of the picture agrees.</p>",
      still.seconds, still.mirrored ? ", mirrored" : "",
      still.region.left * 100, still.region.right * 100, still.region.top * 100,
      still.region.bottom * 100, still.score * 100);
  if (still.frame.empty()) return;
  html += fmt::format(
      "<div class=\"strip\"><figure><img alt=\"archived frame\" src=\"{}\">"
      "<figcaption>the archived video at {:.2f} s</figcaption></figure></div>",
      DataUri(still.mime, still.frame), still.frame_seconds);
}

void AddMatches(const FindView& view, std::string& html) {
  std::size_t rank = 0;
  for (const FindMatch& match : view.matches) {
    html += fmt::format("<h2 id=\"m{0}\">{0}. {1}</h2>", rank + 1,
                        EscapeHtml(NameOfMatch(match)));
    ++rank;
    if (match.text) AddText(view, match, html);
    if (match.video) AddVideo(view, match, html);
    if (match.still) AddStill(*match.still, html);
    AddSource(match, html);
  }
}

}  // namespace

std::string RenderFindReport(const FindView& view) {
  std::string html;
  AddAnswer(view, html);
  AddQuery(view, html);
  AddMatches(view, html);
  std::vector<const ReportSide*> sides;
  for (const FindMatch& match : view.matches) sides.push_back(&match.side);
  AddChecking(sides, html);
  AddMade(view.tool, view.normal_form, view.made, html);
  return HtmlPage("Found: " + view.query, html);
}

}  // namespace stemma

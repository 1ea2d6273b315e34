#include "review/site_pages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/ascii.h"
#include "review/html.h"
#include "review/page.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

// Percent-encodes everything but what ids and digests are made of.
std::string InUrl(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        IsAlnum(c) || c == '-' || c == '.' || c == '_' || c == ':';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string SiteNav() { return "<nav><a href=\"/\">Captures</a></nav>"; }

std::string CaptureLink(std::string_view id, std::string_view text) {
  return fmt::format("<a href=\"/capture/{}\">{}</a>", InUrl(id),
                     EscapeHtml(text));
}

std::string StatusBadge(const CaptureRow& capture) {
  if (capture.type == "capture.failed") {
    return "<span class=\"badge critical\">failed</span>";
  }
  if (capture.status == 0) {
    return fmt::format("<span class=\"badge\">{}</span>",
                       EscapeHtml(capture.type));
  }
  return fmt::format("<span class=\"badge {}\">{}</span>",
                     capture.status < 400 ? "" : "minor", capture.status);
}

void Row(std::string_view name, const std::string& html_value,
         std::string& html) {
  if (html_value.empty()) return;
  html += fmt::format("<tr><th>{}</th><td>{}</td></tr>", name, html_value);
}

// Facts of an event as text: strings as they are, the rest as JSON.
std::string FactOf(const Json& event, const char* key) {
  const auto it = event.find(key);
  if (it == event.end()) return {};
  return EscapeHtml(it->is_string() ? it->get<std::string>()
                                    : it->dump(-1, ' ', false,
                                               Json::error_handler_t::replace));
}

void AddFacts(const CaptureView& view, std::string& html) {
  const CaptureRow& c = view.capture;
  const Json event = Json::parse(c.event, nullptr, false);
  html += "<table>";
  Row("Address", HtmlLink(c.target), html);
  if (c.final_url != c.target) {
    Row("Led to", HtmlLink(c.final_url), html);
  }
  Row("Captured", EscapeHtml(c.started), html);
  Row("Capture", EscapeHtml(c.id), html);
  Row("Event", std::to_string(c.seq), html);
  Row("Failure", EscapeHtml(c.error), html);
  if (event.is_object()) {
    Row("Connection", FactOf(event, "connection"), html);
    const std::string page =
        event.contains("embedded_in") && event["embedded_in"].is_string()
            ? event["embedded_in"].get<std::string>()
            : std::string();
    Row("Found on",
        page.empty() ? page : CaptureLink(page, "the page that shows it"),
        html);
    Row("Found by", FactOf(event, "found_by"), html);
    Row("Cut", FactOf(event, "truncated"), html);
    Row("Notes", FactOf(event, "notes"), html);
  }
  html += "</table>";
}

void AddArticle(const Article& article, std::string& html) {
  html += "<h2>Article</h2><table>";
  Row("Title", EscapeHtml(article.title), html);
  Row("Authors",
      EscapeHtml(fmt::format("{}", fmt::join(article.authors, ", "))), html);
  Row("Publisher", EscapeHtml(article.publisher), html);
  if (article.published) {
    Row("Published, as claimed",
        EscapeHtml(FormatSeconds(article.published->time) + " (" +
                   article.published->source + ")"),
        html);
  }
  for (const SourceClaim& claim : article.claims) {
    Row("Claims a source",
        EscapeHtml(claim.kind + ": " + claim.name + " — " + claim.quote), html);
  }
  Row("Licence", EscapeHtml(article.licence), html);
  html += "</table>";
  std::size_t dropped = 0;
  for (const Block& block : article.blocks) dropped += block.kept ? 0 : 1;
  for (const Block& block : article.blocks) {
    if (!block.kept) continue;
    html +=
        fmt::format("<div class=\"block\">{}</div>", EscapeHtml(block.text));
  }
  if (dropped == 0) return;
  html += fmt::format(
      "<details><summary>{} blocks left out, each with its rule</summary>",
      dropped);
  for (const Block& block : article.blocks) {
    if (block.kept) continue;
    html +=
        fmt::format("<div class=\"block dropped\"><small>{}</small> {}</div>",
                    EscapeHtml(block.rule), EscapeHtml(block.text));
  }
  html += "</details>";
}

void AddMedia(const std::vector<MediumView>& media, std::string& html) {
  if (media.empty()) return;
  html += "<h2>Videos</h2>";
  for (const MediumView& medium : media) {
    html += fmt::format(
        "<p>{}<br><span class=\"meta\">{} bytes · {:.1f} s · "
        "{}</span><br>{}</p><div class=\"strip\">",
        HtmlLink(medium.media.url), medium.media.bytes, medium.duration,
        medium.status.empty() ? "not read" : EscapeHtml(medium.status),
        HtmlDigest(medium.media.payload_sha256));
    for (const KeyframeView& frame : medium.frames) {
      html += fmt::format(
          "<figure><img loading=\"lazy\" alt=\"frame at {0:.2f} s\" "
          "src=\"{1}\"><figcaption>{0:.2f} s</figcaption></figure>",
          frame.seconds, "/image/" + InUrl(frame.record_id));
    }
    html += "</div>";
  }
}

void AddComparisons(const CaptureView& view, std::string& html) {
  if (view.comparisons.empty()) return;
  html +=
      "<h2>Compared with others</h2><table><tr><th>Verdict</th>"
      "<th>Video</th><th>Reference</th><th>Copy</th><th></th></tr>";
  for (const ComparisonRow& row : view.comparisons) {
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><a "
        "href=\"/compare?a={}&amp;b={}\">side by side</a></td></tr>",
        EscapeHtml(row.verdict), EscapeHtml(row.video_verdict),
        CaptureLink(row.a, row.a), CaptureLink(row.b, row.b), InUrl(row.a),
        InUrl(row.b));
  }
  html += "</table>";
}

void AddRecords(const std::vector<RecordInfo>& records, std::string& html) {
  html +=
      "<h2>Records</h2><table><tr><th>Type</th><th>Address</th>"
      "<th>Bytes</th><th>Block SHA-256</th></tr>";
  for (const RecordInfo& record : records) {
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td><a "
        "href=\"/record/{}\">{}</a></td></tr>",
        EscapeHtml(record.type), EscapeHtml(record.uri), record.block_bytes,
        InUrl(record.id), HtmlDigest(record.block_sha256.Hex()));
  }
  html += "</table>";
}

std::string TitleOf(const CaptureView& view) {
  return view.article && !view.article->title.empty() ? view.article->title
                                                      : view.capture.target;
}

void AddCapture(const CaptureView& view, std::string& html) {
  AddFacts(view, html);
  AddComparisons(view, html);
  if (view.article) AddArticle(*view.article, html);
  AddMedia(view.media, html);
  AddRecords(view.records, html);
}

}  // namespace

std::string RenderListPage(const ListView& view) {
  std::string html = SiteNav() + "<h1>What the archive holds</h1>";
  html += fmt::format(
      "<p class=\"meta\">{} captures · {} failed visits · {} publications · {} "
      "videos · {} comparisons · {} events</p>"
      "<form action=\"/\" method=\"get\"><input name=\"q\" value=\"{}\" "
      "aria-label=\"address begins with\" placeholder=\"https://...\"> "
      "<button>Find address</button></form><ul class=\"list\">",
      view.totals.captures, view.totals.failed, view.totals.publications,
      view.totals.media, view.totals.comparisons, view.totals.events,
      EscapeHtml(view.query));
  for (std::size_t i = 0; i < view.captures.size(); ++i) {
    const CaptureRow& capture = view.captures[i];
    const std::string& title = i < view.titles.size() && !view.titles[i].empty()
                                   ? view.titles[i]
                                   : capture.target;
    html +=
        fmt::format("<li>{} {}<br><span class=\"meta\">{} · {}</span></li>",
                    StatusBadge(capture), CaptureLink(capture.id, title),
                    EscapeHtml(capture.started), EscapeHtml(capture.target));
  }
  html += "</ul><nav>";
  const auto page = [&](std::size_t offset, std::string_view label) {
    html += fmt::format("<a href=\"/?q={}&amp;offset={}\">{}</a>",
                        InUrl(view.query), offset, label);
  };
  if (view.offset > 0) {
    page(view.offset > view.page_size ? view.offset - view.page_size : 0,
         "Newer");
  }
  if (view.captures.size() == view.page_size) {
    page(view.offset + view.page_size, "Older");
  }
  return HtmlPage("Captures", html + "</nav>", PageImages::kSameSite);
}

std::string RenderCapturePage(const CaptureView& view) {
  std::string html =
      SiteNav() + fmt::format("<h1>{} {}</h1>", EscapeHtml(TitleOf(view)),
                              StatusBadge(view.capture));
  if (view.article && view.article->is_article) {
    html += fmt::format(
        "<nav><a href=\"/family/{}\">The family of this "
        "article</a></nav>",
        InUrl(view.capture.id));
  }
  AddCapture(view, html);
  return HtmlPage(TitleOf(view), html, PageImages::kSameSite);
}

std::string RenderFamilyPage(std::string_view title, const std::string& svg,
                             const std::vector<std::string>& notes) {
  std::string html = SiteNav() + "<h1>Who copied whom</h1><p>" +
                     EscapeHtml(title) + "</p><div class=\"scroll\">" + svg +
                     "</div><ul>";
  for (const std::string& note : notes) {
    html += "<li>" + EscapeHtml(note) + "</li>";
  }
  return HtmlPage(title, html + "</ul>", PageImages::kSameSite);
}

std::string RenderMessagePage(std::string_view title,
                              std::string_view message) {
  return HtmlPage(title, fmt::format("{}<h1>{}</h1><p>{}</p>", SiteNav(),
                                     EscapeHtml(title), EscapeHtml(message)));
}

}  // namespace stemma

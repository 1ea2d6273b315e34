#include "review/report_capture_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "review/html.h"
#include "review/json_facts.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

std::string Text(const Json& object, const char* key) {
  return EscapeHtml(TextIn(object, key));
}

// Any value: text as it is, the rest as JSON.
std::string AnyText(const Json& value) {
  if (value.is_null()) return {};
  return EscapeHtml(
      value.is_string()
          ? value.get<std::string>()
          : value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string Digest(const Json& object, const char* key) {
  const std::string hex = TextIn(object, key);
  return hex.empty() ? hex : HtmlDigest(hex);
}

std::string Count(const Json& object, const char* key) {
  const std::uint64_t count = CountIn(object, key);
  return count == 0 ? std::string() : fmt::format("{}", count);
}

std::string Heading(std::string_view words) {
  return fmt::format("<h3>{}</h3>", words);
}

// "name: value" lines of an HTTP message, folded away.
std::string FieldsHtml(std::string_view summary, std::string_view first,
                       const Json& fields) {
  if (!fields.is_array()) return {};
  std::string html = fmt::format("<details><summary>{}</summary><pre>{}\n",
                                 summary, EscapeHtml(first));
  for (const Json& field : fields) {
    html += fmt::format("<b>{}:</b> {}\n", AnyText(field.at(0)),
                        AnyText(field.at(1)));
  }
  return html + "</pre></details>";
}

std::string When(const Json& capture) {
  const Json& when = MemberIn(capture, "when");
  FactTable table;
  table.Row("Visit began", Text(when, "started") + " <small>by " +
                               Text(when, "clock") + "</small>");
  table.Row("Written to the log", Text(when, "logged"));
  table.Row("Outside proof of time", BracketHtml(when));
  const Json& check = MemberIn(when, "clock_check");
  const Json& state = MemberIn(when, "clock_state");
  table.Row("State of the clock", AnyText(state.is_null() ? check : state));
  const std::string date = Text(MemberIn(capture, "what"), "server_date");
  table.Row("Date the server sent",
            date.empty() ? date : date + " <small>its claim</small>");
  return Heading("When") + table.Html();
}

std::string WhereFrom(const Json& capture, const Json& stated) {
  const Json& from = MemberIn(capture, "where_from");
  FactTable table;
  table.Row("Local address", Text(from, "local_address"));
  std::string resolver = AnyText(MemberIn(from, "resolver"));
  if (resolver.empty()) resolver = AnyText(MemberIn(from, "dns"));
  if (resolver.empty()) resolver = AnyText(MemberIn(from, "resolved"));
  table.Row("Resolver's answers", resolver);
  table.Row("Proxy", Text(from, "proxy"));
  std::string vantage = Text(from, "vantage");
  if (vantage.empty()) {
    vantage = Text(stated, "vantage");
    if (!vantage.empty()) vantage += " <small>as stated</small>";
  }
  table.Row("Vantage", vantage);
  return Heading("From where") + table.Html();
}

std::string How(const Json& capture) {
  const Json& how = MemberIn(capture, "how");
  const Json& about = MemberIn(how, "warcinfo");
  FactTable table;
  table.Row("Software", Text(about, "software"));
  table.RowIfAny("Operator, in the bundle", Text(about, "operator"));
  table.Row("User agent", Text(about, "http-header-user-agent"));
  table.Row("Protocol", Text(how, "protocol"));
  std::string hops;
  for (const Json& hop : MemberIn(how, "redirects")) {
    hops += fmt::format("{} {}<br>", AnyText(MemberIn(hop, "status")),
                        HtmlLink(TextIn(hop, "url")));
  }
  table.Row("Redirects", hops.empty() ? "none" : hops);
  table.RowIfAny("Redirect not followed", Text(how, "redirect_not_followed"));
  std::string robots = Text(how, "robots");
  if (robots.empty()) robots = Text(about, "robots");
  table.Row("robots.txt", robots);
  table.RowIfAny("Job", Text(how, "job"));
  table.RowIfAny("Found by", Text(how, "found_by"));
  table.RowIfAny("Found on", Text(how, "via"));
  table.RowIfAny("Embedded in", Text(how, "embedded_in"));
  table.Row("Configuration", AnyText(MemberIn(how, "config_sha256")));
  table.Row("Rendering", TextIn(how, "rendering") == "none"
                             ? "none: bytes as sent, no scripts were run"
                             : Text(how, "rendering"));
  table.Row("Request record", Digest(how, "request_sha256"));
  table.RowIfAny("Notes", AnyText(MemberIn(how, "notes")));
  return Heading("How") + table.Html() +
         FieldsHtml("The request as sent", TextIn(how, "request_line"),
                    MemberIn(how, "request_fields"));
}

std::string Certificates(const Json& list) {
  std::string html;
  for (const Json& one : list) {
    html += fmt::format(
        "<div>{}<br><small>issued by {}, serial {}, valid {} to {}</small><br>"
        "{}</div>",
        Text(one, "subject"), Text(one, "issuer"), Text(one, "serial"),
        Text(one, "not_before"), Text(one, "not_after"), Digest(one, "sha256"));
  }
  return html;
}

std::string FromWhom(const Json& capture) {
  const Json& from = MemberIn(capture, "from_whom");
  FactTable table;
  table.Row("Host", Text(from, "host"));
  const std::string address = Text(from, "address");
  table.Row("Address", address.empty() ? address
                                       : fmt::format("{} port {}", address,
                                                     CountIn(from, "port")));
  const bool tls = !TextIn(from, "tls").empty();
  table.Row("Encryption",
            tls ? Text(from, "tls") + ", " + Text(from, "cipher") : "none");
  if (tls) {
    table.Row("Chain, judged then", Text(from, "tls_verify"));
    const Json& named = MemberIn(from, "names_host");
    table.Row("Names the host",
              named.is_boolean() ? (named.get<bool>() ? "yes" : "no") : "");
    table.Row("Certificates", Certificates(MemberIn(from, "certificates")));
    table.Row("Signed certificate timestamps", AnyText(MemberIn(from, "scts")));
    table.Row("OCSP answer", AnyText(MemberIn(from, "ocsp")));
  }
  for (const auto& [key, value] : from.items()) {
    static constexpr std::string_view kShown[] = {
        "host",   "address",    "port",        "tls",
        "cipher", "tls_verify", "names_host",  "certificates",
        "scts",   "ocsp",       "close_notify"};
    bool shown = false;
    for (const std::string_view name : kShown) shown = shown || name == key;
    if (!shown) table.Row(EscapeHtml(key), AnyText(value));
  }
  return Heading("From whom") + table.Html();
}

std::string ArticleHtml(const Json& article) {
  if (!article.is_object()) return {};
  FactTable table;
  table.Row("Title", Text(article, "title"));
  std::string authors;
  for (const Json& name : MemberIn(article, "authors")) {
    if (!authors.empty()) authors += ", ";
    authors += AnyText(name);
  }
  table.Row("Authors", authors);
  table.RowIfAny("Publisher", Text(article, "publisher"));
  std::string dates;
  for (const Json& date : MemberIn(article, "dates_claimed")) {
    dates += fmt::format("{} <small>{}: {}</small><br>", Text(date, "time"),
                         Text(date, "where"), Text(date, "as_written"));
  }
  table.Row("Dates, as claimed", dates);
  for (const Json& claim : MemberIn(article, "sources_claimed")) {
    table.Row("Claims a source",
              fmt::format("{} {} <small>{}</small>", Text(claim, "kind"),
                          Text(claim, "name"), Text(claim, "words")));
  }
  table.RowIfAny("Licence", Text(article, "licence"));
  table.Row("Text SHA-256", Digest(article, "text_sha256"));
  table.Row("Made by", Text(article, "method") + ", " +
                           Text(article, "text_method") +
                           fmt::format("; {} blocks of the page left out",
                                       CountIn(article, "blocks_left_out")));
  return Heading("The article, as read from the page") + table.Html() +
         fmt::format(
             "<details><summary>Its text</summary><div class=\"block\">"
             "{}</div></details>",
             Text(article, "text"));
}

std::string What(const Json& capture) {
  const Json& what = MemberIn(capture, "what");
  FactTable table;
  table.Row("Address asked for", HtmlLink(TextIn(capture, "target")));
  if (const std::string final = TextIn(capture, "final");
      !final.empty() && final != TextIn(capture, "target")) {
    table.Row("Led to", HtmlLink(final));
  }
  table.RowIfAny("Failure", Text(what, "failure"));
  table.Row("Status", Text(what, "status_line"));
  table.Row("Type", Text(what, "media_type"));
  table.Row("Bytes of the body", Count(what, "bytes"));
  table.Row("Content encoding", Text(what, "content_encoding").empty()
                                    ? "none"
                                    : Text(what, "content_encoding"));
  table.Row("Whole", TextIn(what, "truncated").empty()
                         ? "yes"
                         : "no, cut: " + Text(what, "truncated"));
  table.Row("Body SHA-256", Digest(what, "body_sha256"));
  table.Row("Record SHA-256", Digest(what, "block_sha256"));
  return Heading("What came") + table.Html() +
         FieldsHtml("The head of the answer", TextIn(what, "status_line"),
                    MemberIn(what, "fields")) +
         ArticleHtml(MemberIn(what, "article"));
}

std::string FrameHtml(const Json& frame, const ReportDocument& report) {
  const auto picture = report.pictures.find(TextIn(frame, "record"));
  std::string html = "<figure>";
  if (picture != report.pictures.end()) {
    html += fmt::format("<img alt=\"frame at {} s\" src=\"{}\">",
                        Text(frame, "seconds"),
                        DataUri(picture->second.mime, picture->second.bytes));
  }
  html += fmt::format(
      "<figcaption><b>{} s</b> · frame {} · {}<details><summary>digests"
      "</summary>image {}<br>pixels {}<br>PDQ {}<br>pts {} of {}</details>"
      "</figcaption></figure>",
      Text(frame, "seconds"), CountIn(frame, "frame"), Text(frame, "rule"),
      Digest(frame, "image_sha256"), Digest(frame, "pixels_sha256"),
      Digest(frame, "pdq"), AnyText(MemberIn(frame, "pts")),
      AnyText(MemberIn(frame, "time_base")));
  return html;
}

std::string MediaHtml(const Json& capture, const ReportDocument& report) {
  std::string html;
  for (const Json& medium : MemberIn(MemberIn(capture, "what"), "media")) {
    FactTable table;
    table.Row("Address", HtmlLink(TextIn(medium, "url")));
    table.Row("Bytes", Count(medium, "bytes"));
    table.Row("SHA-256", Digest(medium, "sha256"));
    const std::string duration = Text(medium, "duration");
    table.Row("Length", duration.empty() ? duration : duration + " s");
    table.Row(
        "Picture",
        CountIn(medium, "width") == 0
            ? std::string()
            : fmt::format("{} × {}, {}", CountIn(medium, "width"),
                          CountIn(medium, "height"), Text(medium, "codec")));
    table.Row("C2PA", AnyText(MemberIn(medium, "c2pa")) + " " +
                          Text(medium, "c2pa_state"));
    table.Row("Frames chosen by",
              Text(medium, "method") + " " + Text(medium, "keyframe_rule"));
    html += Heading("Video") + table.Html() + "<div class=\"strip\">";
    for (const Json& frame : MemberIn(medium, "keyframes")) {
      html += FrameHtml(frame, report);
    }
    html += "</div>";
  }
  return html;
}

std::string ChangeHtml(const Json& change) {
  const std::string tone =
      TextIn(change, "severity") == "critical" ? "critical" : "minor";
  std::string kinds;
  for (const Json& kind : MemberIn(change, "kinds")) {
    kinds +=
        fmt::format("<span class=\"badge {}\">{}</span>", tone, AnyText(kind));
  }
  const auto side = [&](std::string_view name, const char* key) {
    const Json& one = MemberIn(change, key);
    const std::string words = Text(one, "words");
    const Json& at = MemberIn(one, "characters");
    return fmt::format(
        "<div><span class=\"label\">{}, characters {}–{}</span>{}{}{}</div>",
        name, AnyText(at.is_array() ? at.at(0) : Json()),
        AnyText(at.is_array() ? at.at(1) : Json()), Text(one, "before"),
        words.empty()
            ? fmt::format("<mark class=\"gap {}\">&#9652;</mark>", tone)
            : fmt::format("<mark class=\"{}\">{}</mark>", tone, words),
        Text(one, "after"));
  };
  return fmt::format(
      "<div class=\"change\"><span class=\"badge {0}\">{0}</span>{1}"
      "<div class=\"pair\">{2}{3}</div></div>",
      tone, kinds, side("Reference", "reference"), side("Copy", "copy"));
}

std::string VideoWords(const Json& video) {
  std::string words = Text(video, "verdict");
  for (const Json& change : MemberIn(video, "altered")) {
    words += fmt::format("; {} {} to {} s", Text(change, "kind"),
                         AnyText(MemberIn(change, "start")),
                         AnyText(MemberIn(change, "end")));
  }
  return words;
}

// "2 critical, 270 shared words".
std::string Counted(const Json& counts) {
  std::string words;
  for (const auto& [name, count] : counts.items()) {
    if (count == Json(0)) continue;
    std::string plain = name;
    std::ranges::replace(plain, '_', ' ');
    if (plain.starts_with("suspect")) plain.replace(0, 7, "copy's");
    if (plain.starts_with("reference")) plain.replace(0, 9, "reference's");
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", AnyText(count),
                         EscapeHtml(plain));
  }
  return words;
}

std::string ComparisonFactsHtml(const Json& one) {
  const std::string again = TextIn(one, "again");
  const bool agrees = again == TextIn(one, "verdict");
  FactTable table;
  table.Row(
      "Verdict in the log",
      fmt::format("<b>{}</b> <small>event {}, {}{}</small>",
                  Text(one, "verdict"), CountIn(one, "seq"), Text(one, "t"),
                  agrees ? "; compared again now: the same" : ""));
  if (!agrees) table.RowIfAny("Compared again now", EscapeHtml(again));
  table.RowIfAny("Video", VideoWords(MemberIn(one, "video")));
  table.RowIfAny("Headline", Text(one, "headline"));
  table.RowIfAny("Counted", Counted(MemberIn(one, "set_aside")));
  table.Row("Method", Text(one, "method"));
  return table.Html();
}

std::string ComparisonsHtml(const Json& capture) {
  const Json& list = MemberIn(capture, "comparisons");
  if (!list.is_array() || list.empty()) return {};
  std::string html = Heading("Compared with other captures");
  const Json* shown = nullptr;  // changes that were written out last
  for (const Json& one : list) {
    html += fmt::format(
        "<h4>{} {}</h4><p class=\"meta\">{}, captured {}</p>",
        TextIn(one, "this_is") == "copy" ? "As a copy of" : "As reference of",
        HtmlLink(TextIn(one, "with_url").empty() ? TextIn(one, "with")
                                                 : TextIn(one, "with_url")),
        Text(one, "with"), Text(one, "with_started"));
    html += ComparisonFactsHtml(one);
    const Json& changes = MemberIn(one, "changes");
    if (changes.empty()) continue;
    if (shown && *shown == changes) {
      html += "<p class=\"meta\">The same changes as above.</p>";
      continue;
    }
    shown = &changes;
    for (const Json& change : changes) html += ChangeHtml(change);
  }
  return html;
}

std::string CustodyHtml(const Json& capture) {
  std::string html = Heading("Chain of custody, from the log") +
                     "<table class=\"list\"><tr><th>Event</th><th>Time</th>"
                     "<th>What</th><th>By</th></tr>";
  for (const Json& entry : MemberIn(capture, "custody")) {
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                        CountIn(entry, "seq"), Text(entry, "t"),
                        Text(entry, "what"),
                        TextIn(entry, "by").empty() ? "the archive's software"
                                                    : Text(entry, "by"));
  }
  return html + "</table>";
}

std::string RecordsHtml(const Json& capture) {
  std::string html =
      "<details><summary>Records, with their places</summary>"
      "<table class=\"list\"><tr><th>Type</th><th>Record</th><th>Block "
      "SHA-256</th></tr>";
  for (const Json& record : MemberIn(capture, "records")) {
    html += fmt::format(
        "<tr><td>{}</td><td>{}<br><small>{}<br>{} bytes, stored in {} at {} of "
        "{}</small></td><td>{}</td></tr>",
        Text(record, "type"), Text(record, "url"), Text(record, "id"),
        CountIn(record, "bytes"), CountIn(record, "stored_bytes"),
        CountIn(record, "offset"), Text(record, "bundle"),
        Digest(record, "block_sha256"));
  }
  return html + "</table></details>";
}

std::string Identity(const Json& capture) {
  const Json& event = MemberIn(capture, "event");
  FactTable table;
  table.Row("Capture", Text(capture, "id"));
  table.Row("Event of the log", fmt::format("{}", CountIn(event, "seq")));
  table.Row("Leaf hash of the event", Digest(event, "leaf_sha256"));
  return table.Html();
}

}  // namespace

void FactTable::Row(std::string_view name, const std::string& html) {
  rows_ +=
      fmt::format("<tr><th>{}</th><td>{}</td></tr>", name,
                  html.empty() ? "<i class=\"none\">not recorded</i>" : html);
}

void FactTable::RowIfAny(std::string_view name, const std::string& html) {
  if (!html.empty()) Row(name, html);
}

std::string FactTable::Html() const {
  return "<table class=\"facts\">" + rows_ + "</table>";
}

std::string ChecksHtml(const Json& checks) {
  std::string html =
      "<table class=\"list\"><tr><th>Check</th><th>Outcome</th><th>What was "
      "found</th></tr>";
  for (const Json& check : checks) {
    const std::string outcome = TextIn(check, "outcome");
    const std::string_view tone = outcome == "passed"   ? "good"
                                  : outcome == "failed" ? "critical"
                                                        : "minor";
    const std::string code = Text(check, "code");
    html += fmt::format(
        "<tr><td>{}</td><td><span class=\"badge {}\">{}</span></td><td>{}{}"
        "</td></tr>",
        Text(check, "check"), tone, EscapeHtml(outcome), Text(check, "what"),
        code.empty() ? "" : " <small>[" + code + "]</small>");
  }
  return html + "</table>";
}

std::string BracketHtml(const Json& when) {
  const Json& after = MemberIn(when, "not_before");
  const Json& before = MemberIn(when, "not_after");
  const auto bound = [](const Json& one) {
    return fmt::format("<strong>{}</strong> <small>({})</small>",
                       Text(one, "time"), Text(one, "by"));
  };
  if (after.is_null() && before.is_null()) {
    return "none: no timestamp of an outside authority covers it";
  }
  if (after.is_null()) {
    return "logged before " + bound(before) + "; no proof of “not before”";
  }
  if (before.is_null()) {
    return "logged after " + bound(after) + "; no proof of “not after” yet";
  }
  return "logged between " + bound(after) + " and " + bound(before);
}

std::string CaptureTitle(const Json& capture) {
  const std::string title =
      TextIn(MemberIn(MemberIn(capture, "what"), "article"), "title");
  return title.empty() ? TextIn(capture, "target") : title;
}

std::string CaptureHtml(const Json& capture, const ReportDocument& report) {
  const Json& stated = MemberIn(report.facts, "stated");
  return Identity(capture) + When(capture) + WhereFrom(capture, stated) +
         How(capture) + FromWhom(capture) + What(capture) +
         MediaHtml(capture, report) + ComparisonsHtml(capture) +
         CustodyHtml(capture) + Heading("Checks of this capture") +
         ChecksHtml(MemberIn(capture, "checks")) + RecordsHtml(capture);
}

}  // namespace stemma

#include "review/report_html.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "review/html.h"
#include "review/json_facts.h"
#include "review/page.h"
#include "review/report_capture_html.h"
#include "review/report_summary.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

void AddStated(const Json& facts, std::string& html) {
  const Json& stated = MemberIn(facts, "stated");
  const auto said = [&](const char* key) {
    return EscapeHtml(TextIn(stated, key));
  };
  const Json& log = MemberIn(facts, "log");
  FactTable table;
  table.Row("Operator", said("operator"));
  table.Row("Role", said("role"));
  table.Row("Case", said("case"));
  table.Row("Legal basis or policy", said("basis"));
  table.Row("Requested by", said("requester"));
  table.RowIfAny("Purpose", said("purpose"));
  table.Row("Log", EscapeHtml(TextIn(log, "origin")));
  std::string keys;
  for (const Json& key : MemberIn(log, "signers")) {
    if (key.is_string()) {
      keys += "<code>" + EscapeHtml(key.get<std::string>()) + "</code><br>";
    }
  }
  table.Row("Signed by", keys);
  const std::string by = TextIn(log, "begun_by");
  table.Row("Log begun",
            EscapeHtml(TextIn(log, "begun") + (by.empty() ? by : " by " + by)));
  table.Row("Report made", EscapeHtml(TextIn(facts, "made") + " by " +
                                      TextIn(facts, "made_by")));
  html +=
      "<h2 id=\"who\">Who</h2><p class=\"meta\">Operator to purpose are as "
      "stated by whoever made this report.</p>" +
      table.Html();
}

void AddTimestamps(const Json& facts, std::string& html) {
  const Json& times = MemberIn(MemberIn(facts, "log"), "timestamps");
  html += "<h2 id=\"time\">Outside timestamps over the log</h2>";
  if (times.empty()) {
    html +=
        "<p>None: the times in this report are those of the operator's "
        "clock alone.</p>";
    return;
  }
  html +=
      "<table class=\"list\"><tr><th>Time</th><th>Over</th><th>Authority"
      "</th></tr>";
  for (const Json& time : times) {
    html += fmt::format(
        "<tr><td>{}</td><td>{} events<br><small>{}</small></td><td>{}<br>"
        "<small>policy {}, serial {}, accuracy {}; certificate until {}, "
        "revocation {}; chain {}</small></td></tr>",
        EscapeHtml(TextIn(time, "time")), CountIn(time, "over_events"),
        EscapeHtml(TextIn(time, "file")), EscapeHtml(TextIn(time, "authority")),
        EscapeHtml(TextIn(time, "policy")), EscapeHtml(TextIn(time, "serial")),
        TextIn(time, "accuracy").empty() ? "not stated"
                                         : EscapeHtml(TextIn(time, "accuracy")),
        EscapeHtml(TextIn(time, "unit_certificate_ends")),
        EscapeHtml(TextIn(time, "revocation")),
        MemberIn(time, "chain_checked") == Json(true) ? "checked"
                                                      : "not checked");
  }
  html += "</table>";
}

void AddBundles(const Json& facts, std::string& html) {
  html += "<h2 id=\"bundles\">Bundles</h2>";
  for (const Json& bundle : MemberIn(facts, "bundles")) {
    FactTable table;
    table.Row("File", EscapeHtml(TextIn(bundle, "name")));
    table.Row("Bytes", fmt::format("{}, {} records", CountIn(bundle, "bytes"),
                                   CountIn(bundle, "records")));
    for (const auto& [name, key] :
         {std::pair{"SHA-256", "sha256"}, std::pair{"SHA-512", "sha512"},
          std::pair{"Root over its records", "records_root"}}) {
      const std::string hex = TextIn(bundle, key);
      table.Row(name, hex.empty() ? hex : HtmlDigest(hex));
    }
    html += table.Html();
  }
}

void AddRecipe(const Json& facts, std::string& html) {
  html +=
      "<h2 id=\"check\">How to check this without us</h2><p>With bash, "
      "openssl, "
      "sha256sum, zstd and coreutils, in the folder of the archive or of its "
      "evidence. Every line that begins with “DIFFERS” is a difference.</p>";
  for (const Json& step : MemberIn(facts, "how_to_check")) {
    html += fmt::format("<p class=\"step\">{}</p><pre>{}</pre>",
                        EscapeHtml(TextIn(step, "says")),
                        EscapeHtml(TextIn(step, "run")));
  }
}

void AddEnd(const Json& facts, std::string& html) {
  html += "<h2 id=\"limits\">What this does not prove</h2><ul>";
  for (const Json& limit : MemberIn(facts, "limits")) {
    html += "<li>" + EscapeHtml(limit.get<std::string>()) + "</li>";
  }
  html += fmt::format(
      "</ul><h2 id=\"declaration\">Declaration</h2><p>{}</p>"
      "<table class=\"sign\"><tr><td>Name, role</td><td>Place, date</td>"
      "<td>Signature</td></tr></table><p class=\"meta\">Report {}. It is a "
      "view "
      "of a JSON document; this is the SHA-256 of its canonical bytes "
      "(RFC 8785) without the member “id”: "
      "<code>jq -cjS 'del(.id)' report.json | sha256sum</code></p>",
      EscapeHtml(TextIn(facts, "declaration")),
      EscapeHtml(TextIn(facts, "id")));
}

std::string Footer(const Json& facts) {
  return "Stemma " + TextIn(facts, "id").substr(0, 64);
}

}  // namespace

std::string ReportHtml(const ReportDocument& report) {
  const Json& facts = report.facts;
  const Json& captures = MemberIn(facts, "captures");
  const bool one = captures.size() == 1;
  const std::string title =
      one ? CaptureTitle(captures.at(0))
          : fmt::format("Report of {} captures", captures.size());
  std::string html =
      fmt::format("<p class=\"meta\">Capture report · {} · {}</p><h1>{}</h1>",
                  EscapeHtml(TextIn(facts, "made_by")),
                  EscapeHtml(TextIn(facts, "made")), EscapeHtml(title));
  html += ReportSummaryHtml(facts);
  html +=
      "<nav class=\"contents\"><a href=\"#who\">Who</a>"
      "<a href=\"#captures\">When, where, how, what</a>"
      "<a href=\"#time\">Timestamps</a><a href=\"#checks\">Checks</a>"
      "<a href=\"#check\">Check it yourself</a>"
      "<a href=\"#limits\">Limits</a></nav>";
  AddStated(facts, html);
  html += "<div id=\"captures\">";
  for (const Json& capture : captures) {
    html += fmt::format(
        "<h2>{}</h2>", one ? "The capture" : EscapeHtml(CaptureTitle(capture)));
    html += CaptureHtml(capture, report);
  }
  html += "</div>";
  AddTimestamps(facts, html);
  AddBundles(facts, html);
  html += "<h2 id=\"checks\">Checks of the log and the bundles</h2>" +
          ChecksHtml(MemberIn(facts, "checks"));
  AddRecipe(facts, html);
  AddEnd(facts, html);
  return HtmlPage(title, html, PageImages::kEmbedded, Footer(facts));
}

}  // namespace stemma

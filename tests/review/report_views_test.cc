// The views of a report, from facts as hostile as pages can make them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "archive/jcs.h"
#include "review/report_csv.h"
#include "review/report_html.h"
#include "review/report_linked_data.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

// What a page may call itself.
const std::string kHostile[] = {
    "</title><script>steal()</script>",
    "\"><img src=x onerror=steal()>",
    "=HYPERLINK(\"http://evil.example\",\"click\")",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "\xE2\x80\xAEgpj.exe",
    "a\x1b[2Jb",
    "c1 \u009B31m",
    "bad\xFFutf",
    "plain",
};

ReportDocument Report(const std::string& text) {
  const Json change = {{"op", "replace"},
                       {"severity", "critical"},
                       {"kinds", {"number"}},
                       {"reference",
                        {{"words", "41"},
                         {"before", text},
                         {"after", " of 58"},
                         {"characters", {53, 55}}}},
                       {"copy",
                        {{"words", text},
                         {"before", ""},
                         {"after", ""},
                         {"characters", {53, 55}}}}};
  const Json medium = {
      {"url", "https://copy.example/" + text},
      {"capture", "urn:uuid:medium"},
      {"sha256", std::string(64, 'd')},
      {"duration", "21.600"},
      {"method", "pdq/1"},
      {"keyframes",
       {{{"frame", 75}, {"record", "urn:uuid:frame"}, {"seconds", "3.000"}}}}};
  const Json capture = {
      {"id", "urn:uuid:one"},
      {"target", "https://copy.example/" + text},
      {"final", text},
      {"event", {{"seq", 26}, {"leaf_sha256", std::string(64, 'a')}}},
      {"when",
       {{"started", "2026-03-01T10:00:00.000Z"},
        {"logged", "2026-03-01T10:00:00.100Z"},
        {"not_after", {{"time", "2026-03-01T11:00:00Z"}, {"by", text}}}}},
      {"where_from", {{"local_address", "192.0.2.1"}}},
      {"how",
       {{"rendering", "none"},
        {"request_line", text},
        {"request_fields", {{"X-Note", text}}},
        {"warcinfo", {{"software", text}}}}},
      {"from_whom",
       {{"address", "192.0.2.2"},
        {"port", 443},
        {"tls", "tls/1.3"},
        {"tls_verify", "ok"},
        {"odd", text},
        {"certificates", {{{"subject", text}, {"sha256", "bb"}}}}}},
      {"what",
       {{"status", 200},
        {"status_line", text},
        {"record", "urn:uuid:response"},
        {"body_sha256", std::string(64, 'c')},
        {"fields", {{"X-Note", text}}},
        {"article",
         {{"title", text},
          {"authors", {text}},
          {"text", text},
          {"record", "urn:uuid:article"},
          {"method", "stemma-article/1"},
          {"dates_claimed",
           {{{"time", "2026-03-01T00:00:00Z"}, {"as_written", text}}}},
          {"sources_claimed", {{{"kind", "byline"}, {"words", text}}}}}},
        {"media", {medium}}}},
      {"records",
       {{{"id", "urn:uuid:response"},
         {"type", "response"},
         {"url", text},
         {"bundle", "bundles/a.warc.zst"},
         {"block_sha256", std::string(64, 'e')}}}},
      {"comparisons",
       {{{"with", "urn:uuid:two"},
         {"with_url", "https://first.example/"},
         {"this_is", "copy"},
         {"verdict", "edited"},
         {"t", "2026-03-01T10:00:01.000Z"},
         {"changes", {change}}}}},
      {"custody",
       {{{"seq", 26}, {"t", "2026-03-01"}, {"what", text}, {"by", text}}}},
      {"checks", {{{"check", "TLS"}, {"outcome", "passed"}, {"what", text}}}}};
  ReportDocument report;
  report.facts = {
      {"schema", "stemma.report.v1"},
      {"id", "urn:stemma:report:sha256:" + std::string(64, '0')},
      {"made", "2026-03-02T00:00:00Z"},
      {"made_by", "stemma 0.1.0"},
      {"stated", {{"operator", text}}},
      {"log", {{"origin", "log.example/a"}}},
      {"bundles",
       {{{"name", "bundles/a.warc.zst"}, {"sha256", std::string(64, 'f')}}}},
      {"captures", {capture}},
      {"checks", Json::array()},
      {"limits", {text}},
      {"declaration", "form"},
      {"how_to_check", {{{"says", text}, {"run", text}}}}};
  return report;
}

// C0 but for LF, CR and TAB, DEL, C1 as UTF-8, bidi controls.
bool HasHidden(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F) {
      return true;
    }
  }
  return text.find("\xC2\x9B") != std::string_view::npos ||
         text.find("\xE2\x80\xAE") != std::string_view::npos;
}

TEST(ReportHtml, NothingCapturedCanRunOrHide) {
  const std::string plain = ReportHtml(Report("plain"));
  const auto elements = [](std::string_view html) {
    std::size_t count = 0;
    for (std::size_t at = html.find('<'); at != std::string_view::npos;
         at = html.find('<', at + 1)) {
      ++count;
    }
    return count;
  };
  for (const std::string& text : kHostile) {
    SCOPED_TRACE(text);
    const std::string html = ReportHtml(Report(text));
    EXPECT_FALSE(HasHidden(html));
    EXPECT_EQ(html.find("<script"), std::string::npos);
    EXPECT_EQ(html.find("<img src=x"), std::string::npos);
    // The same elements whatever the text, but for the link that a text with
    // an http address may be.
    EXPECT_EQ(elements(html), elements(plain));
  }
}

TEST(ReportHtml, SaysTheVerdictBeforeTheFactsAndNamesWhatIsNotRecorded) {
  const std::string html = ReportHtml(Report("plain"));
  const std::size_t verdict = html.find("edited");
  ASSERT_NE(verdict, std::string::npos);
  EXPECT_LT(verdict, html.find("<h2"));
  EXPECT_NE(html.find("not recorded"), std::string::npos);
  EXPECT_NE(html.find("no proof of “not before”"), std::string::npos);
  EXPECT_NE(html.find("What this does not prove"), std::string::npos);
}

TEST(ReportHtml, AFailedCheckIsSaidAtTheTop) {
  ReportDocument report = Report("plain");
  report.facts["checks"].push_back({{"check", "bundle digests"},
                                    {"outcome", "failed"},
                                    {"what", "not the file that was sealed"}});
  const std::string html = ReportHtml(report);
  EXPECT_LT(html.find("not the file that was sealed"), html.find("<h2"));
  EXPECT_EQ(html.find("The evidence fits together"), std::string::npos);
}

TEST(CsvCell, NoSpreadsheetTakesItForAFormula) {
  const struct {
    std::string text, cell;
  } cases[] = {
      {"plain", "\"plain\""},
      {"", "\"\""},
      {"say \"no\"", "\"say \"\"no\"\"\""},
      {"a,b\nc", "\"a,b\nc\""},
      {"=1+1", "\"'=1+1\""},
      {"+1", "\"'+1\""},
      {"-1", "\"'-1\""},
      {"@A1", "\"'@A1\""},
      {"\t=1", "\"'\t=1\""},
      {"\r=1", "\"'\\u{d}=1\""},
      {" =1", "\"' =1\""},
      {"1=1", "\"1=1\""},
      {"a\x1b[2J", "\"a\\u{1b}[2J\""},
      {"\xE2\x80\xAEx", "\"\\u{202e}x\""},
      {"\xEF\xBC\x9D"
       "1+1",
       "\"'\xEF\xBC\x9D"
       "1+1\""},
  };
  for (const auto& c : cases) EXPECT_EQ(CsvCell(c.text), c.cell) << c.text;
}

// RFC 4180, strictly: all cells quoted, CR LF.
std::vector<std::vector<std::string>> ReadCsv(const std::string& csv) {
  std::vector<std::vector<std::string>> rows(1);
  for (std::size_t i = 0; i < csv.size();) {
    EXPECT_EQ(csv[i], '"');
    std::string cell;
    for (++i; i < csv.size(); ++i) {
      if (csv[i] != '"') {
        cell += csv[i];
      } else if (i + 1 < csv.size() && csv[i + 1] == '"') {
        cell += csv[++i];
      } else {
        break;
      }
    }
    rows.back().push_back(cell);
    ++i;
    if (csv.compare(i, 2, "\r\n") == 0) {
      rows.emplace_back();
      i += 2;
    } else {
      EXPECT_EQ(csv[i++], ',');
    }
  }
  rows.pop_back();
  return rows;
}

TEST(ReportCsv, IsARowACaptureWhateverThePageSays) {
  for (const std::string& text : kHostile) {
    SCOPED_TRACE(text);
    const std::string csv = ReportCsv(Report(text));
    EXPECT_FALSE(HasHidden(csv));
    const auto rows = ReadCsv(csv);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].size(), rows[1].size());
    for (const std::string& cell : rows[1]) {
      const std::size_t first = cell.find_first_not_of(" \t\r\n");
      if (first == std::string::npos) continue;
      EXPECT_EQ(std::string_view("=+-@").find(cell[first]),
                std::string_view::npos)
          << cell;
    }
  }
}

TEST(ReportJson, HasIntegersOnlyAndTheOriginalWords) {
  for (const std::string& text : kHostile) {
    const Result<Json> read = ParseStrict(ReportJson(Report(text)));
    ASSERT_TRUE(read) << read.error().message();
    if (text.find('\xFF') != std::string::npos) continue;
    EXPECT_EQ((*read)["captures"][0]["what"]["article"]["title"], text);
  }
}

// Every term is one of PROV-O's, every reference leads to a node, and each
// stands between things of the right kind.
TEST(ReportProv, HoldsToTheOntology) {
  const std::set<std::string> terms = {"@id",
                                       "@type",
                                       "rdfs:label",
                                       "dcterms:identifier",
                                       "dcterms:isPartOf",
                                       "prov:startedAtTime",
                                       "prov:endedAtTime",
                                       "prov:wasAssociatedWith",
                                       "prov:used",
                                       "prov:wasGeneratedBy",
                                       "prov:wasDerivedFrom"};
  for (const std::string& text : kHostile) {
    const Json prov = ReportProv(Report(text));
    EXPECT_EQ(prov["@context"]["prov"], "http://www.w3.org/ns/prov#");
    std::map<std::string, std::string> kinds;
    for (const Json& node : prov["@graph"]) {
      const Json& type = node["@type"];
      kinds[node["@id"]] = type.is_array() ? type[0] : type;
    }
    const auto expect_kind = [&](const Json& value, std::string_view kind) {
      for (const Json& one : value.is_array() ? value : Json::array({value})) {
        EXPECT_EQ(kinds[one["@id"]], kind) << one;
      }
    };
    for (const Json& node : prov["@graph"]) {
      const std::string kind = kinds[node["@id"]];
      for (const auto& [term, value] : node.items()) {
        EXPECT_TRUE(terms.contains(term)) << term;
        if (term == "prov:wasAssociatedWith") {
          EXPECT_EQ(kind, "prov:Activity");
          expect_kind(value, "prov:Agent");
        } else if (term == "prov:used") {
          EXPECT_EQ(kind, "prov:Activity");
          expect_kind(value, "prov:Entity");
        } else if (term == "prov:wasGeneratedBy") {
          EXPECT_EQ(kind, "prov:Entity");
          expect_kind(value, "prov:Activity");
        } else if (term == "prov:wasDerivedFrom") {
          EXPECT_EQ(kind, "prov:Entity");
          expect_kind(value, "prov:Entity");
        }
      }
    }
  }
}

// The properties that schema.org defines for the types that are used.
TEST(ReportClaimReview, HoldsToTheVocabularyAndNeverRates) {
  const std::map<std::string, std::set<std::string>> vocabulary = {
      {"ClaimReview",
       {"datePublished", "author", "url", "claimReviewed", "itemReviewed",
        "reviewBody"}},
      {"MediaReview",
       {"datePublished", "author", "mediaAuthenticityCategory",
        "originalMediaContextDescription", "originalMediaLink",
        "itemReviewed"}},
      {"MediaReviewItem", {"interpretedAsClaim", "mediaItemAppearance"}},
      {"Claim", {"appearance", "firstAppearance", "name"}},
      {"CreativeWork",
       {"url", "identifier", "headline", "datePublished", "author"}},
      {"VideoObject", {"contentUrl", "sha256", "isPartOf", "duration"}},
      {"PropertyValue", {"propertyID", "value"}},
      {"Organization", {"name"}},
      {"Person", {"name"}}};
  const Json review = ReportClaimReview(Report("plain"));
  EXPECT_EQ(review["@context"], "https://schema.org");
  const std::function<void(const Json&)> walk = [&](const Json& node) {
    if (node.is_array()) {
      for (const Json& one : node) walk(one);
    }
    if (!node.is_object()) return;
    const auto type = vocabulary.find(node["@type"].get<std::string>());
    ASSERT_NE(type, vocabulary.end()) << node;
    for (const auto& [name, value] : node.items()) {
      if (name == "@type") continue;
      EXPECT_TRUE(type->second.contains(name)) << type->first << "." << name;
      EXPECT_EQ(name.find("ating"), std::string::npos);
      walk(value);
    }
  };
  walk(review["@graph"]);
  ASSERT_EQ(review["@graph"].size(), 2u);
  EXPECT_NE(review["@graph"][0]["reviewBody"].get<std::string>().find(
                "https://first.example/"),
            std::string::npos);
}

}  // namespace
}  // namespace stemma

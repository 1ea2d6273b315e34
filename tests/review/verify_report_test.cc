#include "review/verify_report.h"

#include <gtest/gtest.h>

#include <string>

namespace stemma {
namespace {

bool Has(const std::string& html, std::string_view part) {
  return html.find(part) != std::string::npos;
}

// Reference: three paragraphs. Copy: a number changed in the first, the second
// left out, furniture added.
VerifyView Sample() {
  VerifyView view;
  view.reference.publication.text =
      "Seven people spoke.\n\nThe hall was full.\n\nIt ended at nine.";
  view.suspect.publication.text =
      "Sixty people spoke.\n\nShare this\n\nIt ended at nine.";
  view.reference.publication.site = "herald.example";
  view.suspect.publication.site = "mirror.example";
  view.suspect.publication.url = "https://mirror.example/2";
  view.suspect.publication.title = "A full <hall>";
  Comparison& c = view.comparison;
  c.verdict = Verdict::kEdited;
  c.flags = {"edited", "excerpt"};
  Change change;
  change.severity = Severity::kCritical;
  change.kinds = {"number"};
  change.reference = {0, 5};
  change.suspect = {0, 5};
  change.reference_text = "Seven";
  change.suspect_text = "Sixty";
  change.reference_context = "Seven people spoke.";
  change.suspect_context = "Sixty people spoke.";
  c.changes = {change};
  c.blocks = {
      {false, {0, 19}, "shared", 3},     {false, {21, 39}, "missing", -1},
      {false, {41, 58}, "shared", 5},    {true, {0, 19}, "shared", 0},
      {true, {21, 31}, "furniture", -1}, {true, {33, 50}, "shared", 2}};
  return view;
}

TEST(VerifyReport, SaysTheVerdictFirstAndShowsEveryChange) {
  const std::string html = RenderVerifyReport(Sample());
  EXPECT_TRUE(Has(html, "<div class=\"verdict bad\"><b>edited</b>"));
  EXPECT_LT(html.find("class=\"verdict"), html.find("id=\"changes\""));
  EXPECT_TRUE(Has(html,
                  "<mark class=\"critical\" title=\"change 1: number\">"
                  "Seven</mark>"));
  EXPECT_TRUE(Has(html, ">Sixty</mark>"));
  EXPECT_TRUE(Has(html, "missing in the copy"));
  EXPECT_TRUE(Has(html, "1 block of site furniture"));
}

TEST(VerifyReport, PairsSharedBlocksOnOneRow) {
  const std::string html = RenderVerifyReport(Sample());
  const std::string row =
      "<div class=\"cell reference shared\">It ended at nine.</div>"
      "<div class=\"cell copy shared\">It ended at nine.</div>";
  EXPECT_TRUE(Has(html, row));
}

TEST(VerifyReport, ListsParagraphsAndHeadlineWithTheChanges) {
  VerifyView view = Sample();
  view.comparison.headline = "changed";
  view.reference.publication.title = "Seven <held>";
  view.suspect.publication.title = "Sixty held";
  const std::string html = RenderVerifyReport(view);
  const std::size_t changes = html.find("id=\"changes\"");
  const std::size_t texts = html.find("id=\"texts\"");
  for (const std::string_view part :
       {"paragraph missing</span>", "Seven &lt;held&gt;", "Sixty held"}) {
    const std::size_t at = html.find(part, changes);
    EXPECT_LT(changes, at) << part;
    EXPECT_LT(at, texts) << part;
  }
}

// Who reads only the first card must know which seconds were changed.
TEST(VerifyReport, SaysAtTheTopWhatWasDoneToTheVideo) {
  VerifyView view = Sample();
  view.video = {};
  view.video.verdict = VideoVerdict::kAltered;
  view.video.reason = "102 of 102 frames agree";
  view.video.altered = {{"removed", 10.8, 15.2, 10.8}, {"<i>", 3, 4, 0}};
  const std::string html = RenderVerifyReport(view);
  const std::size_t at = html.find(
      "<p>Video: <b>altered</b>: removed 0:10.80 to 0:15.20 of the reference, "
      "&lt;i&gt; 0:03.00 to 0:04.00 of the copy — 102 of 102");
  EXPECT_LT(at, html.find("id=\"changes\""));
  view.video.altered.assign(6, {"inserted", 1, 2, 0});
  EXPECT_TRUE(Has(RenderVerifyReport(view), " and 2 more — 102"));
}

TEST(VerifyReport, RunsLinesTogetherThatAScreenBroke) {
  VerifyView view = Sample();
  view.comparison = {};
  view.reference.publication.text = view.suspect.publication.text =
      "This line was as long as the screen was wide\nand went on.\n"
      "Not this one:\nit is a list.";
  const std::string html = RenderVerifyReport(view);
  EXPECT_TRUE(Has(html,
                  "as long as the screen was wide and went on.\n"
                  "Not this one:\nit is a list."));
}

TEST(VerifyReport, MarksBetweenBlocksStayWithTheirWords) {
  VerifyView view = Sample();
  view.reference.publication.text = "\u201cFirst,\u201d she said.\n\n(Last.)";
  view.comparison.changes.clear();
  view.comparison.blocks = {{false, {1, 16}, "missing", -1},
                            {false, {20, 24}, "missing", -1}};
  const std::string html = RenderVerifyReport(view);
  EXPECT_TRUE(Has(html, "\u201cFirst,\u201d she said.</div>"));
  EXPECT_TRUE(Has(html, "(Last.)</div>"));
}

TEST(VerifyReport, LoadsNothingAndRunsNothing) {
  VerifyView view = Sample();
  view.suspect.publication.url = "javascript:alert(1)";
  view.suspect.publication.text = "<script>alert(1)</script> people";
  view.suspect.capture_id = "<img src=x onerror=alert(1)>";
  const std::string html = RenderVerifyReport(view);
  EXPECT_FALSE(Has(html, "<script"));
  EXPECT_FALSE(Has(html, "<img src=x"));
  EXPECT_FALSE(Has(html, "href=\"javascript:"));
  EXPECT_TRUE(Has(html, "default-src 'none'"));
}

TEST(VerifyReport, SpansBeyondTheTextAreCutNotFollowed) {
  VerifyView view = Sample();
  view.comparison.changes[0].suspect = {90, 4000};
  view.comparison.blocks[5].span = {33, 100000};
  view.comparison.blocks[0].pair = 77;
  EXPECT_TRUE(Has(RenderVerifyReport(view), "It ended at nine."));
}

TEST(VerifyReport, AnInsertionIsMarkedWhereItIsMissing) {
  VerifyView view = Sample();
  Change insertion;
  insertion.op = ChangeOp::kInsert;
  insertion.kinds = {"negation"};
  insertion.severity = Severity::kCritical;
  insertion.reference = {6, 6};
  insertion.suspect = {6, 12};
  insertion.suspect_text = "people";
  view.comparison.changes = {insertion};
  const std::string html = RenderVerifyReport(view);
  EXPECT_TRUE(Has(html, "<mark class=\"gap critical\""));
  EXPECT_TRUE(Has(html, ">people</mark>"));
}

TEST(VerifyReport, VideoAlterationsCarryTheirTimes) {
  VerifyView view = Sample();
  view.video.verdict = VideoVerdict::kAltered;
  view.video.reason = "one shot is missing";
  view.video.segments = {{0, 10, 0, 10}, {15, 30, 10, 25}};
  view.video.altered = {{"removed", 10, 15}};
  view.reference.video_seconds = 30;
  view.suspect.video_seconds = 25;
  const std::string html = RenderVerifyReport(view);
  EXPECT_TRUE(Has(html,
                  "<td class=\"critical\">removed</td><td>0:10.00</td>"
                  "<td>0:15.00</td><td>the reference</td>"));
  EXPECT_TRUE(Has(html, "<polygon"));
}

}  // namespace
}  // namespace stemma

#include "review/trace_report.h"

#include <gtest/gtest.h>

#include <string>

namespace stemma {
namespace {

bool Has(const std::string& html, std::string_view part) {
  return html.find(part) != std::string::npos;
}

FamilyMember Member(std::string id, std::string site, int day) {
  FamilyMember member;
  Publication& p = member.side.publication;
  p.id = std::move(id);
  p.site = std::move(site);
  p.url = "https://" + p.site + "/story";
  p.title = "A full <hall>";
  p.published_at = TimePoint(std::chrono::hours(24 * day));
  p.published_precision = Precision::kDay;
  member.date_source = "json-ld:datePublished";
  member.side.capture_id = "urn:uuid:" + p.id;
  member.side.bundle = "bundles/" + p.id + ".warc.zst";
  return member;
}

FamilyEdge Edge(std::string parent, std::string child, Verdict verdict) {
  FamilyEdge edge;
  edge.edge.parent = std::move(parent);
  edge.edge.child = std::move(child);
  edge.edge.confidence = 0.89;
  edge.edge.verdict = verdict;
  edge.edge.evidence = {"names herald.example as its source"};
  edge.comparison.verdict = verdict;
  edge.comparison.coverage_reference = 0.87;
  edge.comparison.coverage_suspect = 0.99;
  return edge;
}

Change NumberChange() {
  Change change;
  change.severity = Severity::kCritical;
  change.kinds = {"number"};
  change.reference_text = "Seven";
  change.suspect_text = "Sixty";
  change.reference_context = "Seven people spoke.";
  change.suspect_context = "Sixty people spoke.";
  return change;
}

// herald -> mirror (identical) -> daily (edited), the last one asked for.
TraceView Sample() {
  TraceView view;
  view.members = {Member("c", "daily.example", 12),
                  Member("a", "herald.example", 10),
                  Member("b", "mirror.example", 11)};
  view.edges = {Edge("b", "c", Verdict::kEdited),
                Edge("a", "b", Verdict::kIdentical)};
  view.edges[0].comparison.changes.assign(5, NumberChange());
  view.tree.root = "a";
  for (const FamilyMember& member : view.members) {
    view.tree.members.push_back(member.side.publication.id);
  }
  for (const FamilyEdge& edge : view.edges) {
    view.tree.edges.push_back(edge.edge);
  }
  view.asked = "c";
  return view;
}

TEST(TraceReport, SaysFirstWhereTheAskedOneCameFromAndTheWholeTrail) {
  const std::string html = RenderTraceReport(Sample());
  EXPECT_TRUE(Has(html,
                  "<strong>daily.example</strong> was copied from "
                  "<strong>mirror.example</strong>, 89 % sure."));
  EXPECT_TRUE(Has(html,
                  "<strong>herald.example</strong> → "
                  "<strong>mirror.example</strong> → "
                  "<strong>daily.example</strong>"));
  EXPECT_LT(html.find("class=\"verdict bad\""), html.find("<svg"));
}

TEST(TraceReport, AnEdgeHasEvidenceAndItsMostSeriousChanges) {
  const std::string html = RenderTraceReport(Sample());
  EXPECT_TRUE(Has(html, "names herald.example as its source"));
  EXPECT_TRUE(Has(html, "coverage 0.87 / 0.99"));
  EXPECT_TRUE(Has(html, "<mark class=\"critical\">Sixty</mark>"));
  EXPECT_TRUE(Has(html, "and 2 more: <code>stemma verify b c"));
}

TEST(TraceReport, MembersAreInOrderOfTimeWithTheSourceOfTheirDates) {
  const std::string html = RenderTraceReport(Sample());
  const std::size_t table = html.find("id=\"members\"");
  EXPECT_LT(html.find("herald.example", table),
            html.find("mirror.example", table));
  EXPECT_LT(html.find("mirror.example", table),
            html.find("daily.example", table));
  EXPECT_TRUE(Has(html.substr(table),
                  "1970-01-13<br><small>json-ld:datePublished</small>"));
  EXPECT_TRUE(Has(html, "sha256sum bundles/a.warc.zst"));
}

TEST(TraceReport, NamesWhatNothingDecidesSecondParentsAndLostCopies) {
  TraceView view = Sample();
  view.edges[0].edge.directed = false;
  view.edges[0].edge.second_parent = "a";
  view.edges[0].edge.second_evidence = {"holds its last paragraph"};
  HiddenNode lost;
  lost.id = "*h1";
  lost.parent = "a";
  lost.children = {"b"};
  lost.evidence = {"they share 3 errors"};
  view.tree.hidden = {lost};
  const std::string html = RenderTraceReport(view);
  EXPECT_TRUE(Has(html, "nothing decides in which direction"));
  EXPECT_TRUE(Has(html, "<h3>daily.example is tied to mirror.example</h3>"));
  EXPECT_TRUE(Has(html, "<strong>undirected</strong>"));
  EXPECT_TRUE(Has(html, "Also from <strong>herald.example</strong>"));
  EXPECT_TRUE(Has(html, "holds its last paragraph"));
  EXPECT_TRUE(Has(html, "A lost copy of herald.example"));
  EXPECT_TRUE(Has(html, "they share 3 errors"));
  EXPECT_TRUE(Has(html, "1 lost copy supposed · 1 edge undirected"));
}

TEST(TraceReport, TellsTheFirstAndTheOnlyOne) {
  TraceView view = Sample();
  view.asked = "a";
  EXPECT_TRUE(Has(RenderTraceReport(view), "is taken for the first"));
  view.members = {Member("a", "herald.example", 10)};
  view.edges.clear();
  view.tree = {};
  view.tree.members = {"a"};
  view.tree.root = "a";
  EXPECT_TRUE(Has(RenderTraceReport(view), "holds no other publication"));
}

// A cycle cannot come from InferTree; the report ends all the same.
TEST(TraceReport, EndsWhereEdgesGoInACircle) {
  TraceView view = Sample();
  view.edges.push_back(Edge("c", "a", Verdict::kIdentical));
  EXPECT_TRUE(Has(RenderTraceReport(view), "</html>"));
}

TEST(TraceReport, CapturedWordsNeitherRunNorLie) {
  TraceView view = Sample();
  const std::string evil = "\"><script>x()</script>\u202e\x1b[1m\u009b";
  for (FamilyMember& member : view.members) {
    Publication& p = member.side.publication;
    p.title = p.site = p.byline = evil;
    p.url = "javascript:" + evil;
    member.date_source = member.side.capture_id = evil;
  }
  view.quoting = {view.members[0].side.publication};
  view.edges[0].edge.evidence = {evil};
  view.edges[0].comparison.changes[0].suspect_text = evil;
  view.edges[0].comparison.headline = "changed";
  const std::string html = RenderTraceReport(view);
  EXPECT_FALSE(Has(html, "<script"));
  EXPECT_FALSE(Has(html, "\u202e"));
  EXPECT_FALSE(Has(html, "\x1b"));
  EXPECT_FALSE(Has(html, "\u009b"));
  EXPECT_FALSE(Has(html, "href=\"javascript"));
}

}  // namespace
}  // namespace stemma

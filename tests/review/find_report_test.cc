#include "review/find_report.h"

#include <gtest/gtest.h>

#include <string>

namespace stemma {
namespace {

bool Has(const std::string& html, std::string_view part) {
  return html.find(part) != std::string::npos;
}

FindView TextFound() {
  FindView view;
  view.query = "copy.txt";
  view.kind = "text";
  view.searched = 7;
  view.asked.publication.id = "copy.txt";
  FindMatch match;
  match.side.publication.site = "herald.example";
  match.side.publication.url = "https://herald.example/1";
  match.side.capture_id = "urn:uuid:1";
  FoundText text;
  text.comparison.verdict = Verdict::kEdited;
  text.of_query = 0.92;
  text.of_archived = 0.35;
  Change change;
  change.severity = Severity::kCritical;
  change.kinds = {"number"};
  change.reference_text = change.reference_context = "Seven";
  change.suspect_text = change.suspect_context = "Sixty";
  text.comparison.changes.assign(4, change);
  text.passages = {{2, "Seven people spoke.", "Sixty people spoke."}};
  match.text = text;
  view.matches = {match};
  return view;
}

TEST(FindReport, TellsCoverageBothWaysChangesAndPassages) {
  const std::string html = RenderFindReport(TextFound());
  EXPECT_TRUE(Has(html, "found in 1 place</b>"));
  EXPECT_TRUE(Has(html, "<strong>herald.example</strong>"));
  EXPECT_TRUE(Has(html, "0.92 of it is 0.35 of the archived text"));
  EXPECT_TRUE(Has(html, "The archived one is the earlier"));
  EXPECT_TRUE(Has(html, "<mark class=\"critical\">Sixty</mark>"));
  EXPECT_TRUE(Has(html, "and 1 more"));
  EXPECT_TRUE(Has(html, "Archived, paragraph 2</span>Seven people spoke."));
  EXPECT_TRUE(Has(html, "stemma cat urn:uuid:1"));
}

TEST(FindReport, NothingFoundSaysHowMuchWasSearched) {
  FindView view = TextFound();
  view.matches.clear();
  const std::string html = RenderFindReport(view);
  EXPECT_TRUE(Has(html, "<b>nothing found</b>"));
  EXPECT_TRUE(Has(html, "None of the 7 texts"));
}

TEST(FindReport, AVideoHasItsSecondsItsFramesAndWhatWasDone) {
  FindView view;
  view.query = "cut.mp4";
  view.kind = "video";
  view.asked.video_seconds = 20;
  FindMatch match;
  match.name = "film-1";
  match.side.video_seconds = 26;
  FoundVideo video;
  video.comparison.verdict = VideoVerdict::kAltered;
  video.comparison.segments = {{0, 10, 1, 11}};
  video.comparison.altered = {{"removed", 10, 15, 11}, {"overlay", 3, 4, 0}};
  FramePair pair;
  pair.reference_image = "jpeg";
  pair.reference_mime = "image/jpeg";
  pair.suspect_image = "webp";
  pair.suspect_mime = "image/webp";
  pair.reference_seconds = 3;
  pair.suspect_seconds = 4;
  pair.note = "overlay";
  video.frames = {pair};
  match.video = video;
  view.matches = {match};
  const std::string html = RenderFindReport(view);
  EXPECT_TRUE(Has(html, "1. film-1"));
  EXPECT_TRUE(Has(html, "1.00 to 11.00 s of it is 0.00 to 10.00 s"));
  EXPECT_TRUE(Has(html, "<td>the archived video</td>"));
  EXPECT_TRUE(Has(html, "<td>the video looked for</td>"));
  EXPECT_TRUE(Has(html, "data:image/jpeg;base64,"));
  EXPECT_TRUE(Has(html, "data:image/webp;base64,"));
}

TEST(FindReport, AStillHasItsMomentAndItsPartOfTheFrame) {
  FindView view;
  view.kind = "picture";
  FindMatch match;
  FoundStill still;
  still.seconds = 12.5;
  still.region = {0.1, 0.2, 0.6, 0.7};
  still.frame = "jpeg";
  still.mime = "image/jpeg";
  match.still = still;
  view.matches = {match};
  const std::string html = RenderFindReport(view);
  EXPECT_TRUE(Has(html, "<strong>12.50 s</strong>"));
  EXPECT_TRUE(Has(html, "from 10 to 60 % of the frame"));
  EXPECT_TRUE(Has(html, "data:image/jpeg;base64,"));
}

TEST(FindReport, CapturedWordsNeitherRunNorLie) {
  FindView view = TextFound();
  const std::string evil = "\"><script>x()</script>\u202e\x1b[1m\u009b";
  FindMatch& match = view.matches.front();
  view.query = view.kind = match.name = match.side.bundle = evil;
  match.side.publication.title = evil;
  match.side.publication.url = "javascript:" + evil;
  match.text->passages = {{1, evil, evil}};
  match.text->comparison.changes[0].suspect_text = evil;
  const std::string html = RenderFindReport(view);
  for (const std::string_view bad :
       {"<script", "\u202e", "\x1b", "\u009b", "href=\"javascript"}) {
    EXPECT_FALSE(Has(html, bad));
  }
}

}  // namespace
}  // namespace stemma

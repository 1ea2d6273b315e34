#include "review/site_pages.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

constexpr std::string_view kEvil = "\"><script>alert(1)</script>";

bool Has(const std::string& html, std::string_view part) {
  return html.find(part) != std::string::npos;
}

TEST(SitePages, NothingCapturedReachesThePageUnescaped) {
  const std::string evil(kEvil);
  CaptureView view;
  view.capture.id = evil;
  view.capture.target = evil;
  view.capture.error = evil;
  view.capture.event = R"({"found_by":"\"><script>","embedded_in":"<script>"})";
  view.article.emplace();
  view.article->is_article = true;
  view.article->title = evil;
  view.article->blocks = {{BlockKind::kParagraph, evil, true, "r", 0, 0},
                          {BlockKind::kParagraph, evil, false, evil, 0, 0}};
  view.media.resize(1);
  view.media[0].media.url = "javascript:alert(1)";
  view.media[0].frames = {{evil, 1.5}};
  view.comparisons = {{1, evil, evil, evil, evil, "{}"}};
  view.records.resize(1);
  view.records[0].id = evil;
  view.records[0].uri = evil;
  ListView list;
  list.query = evil;
  list.captures = {view.capture};
  list.titles = {evil};
  for (const std::string& html : {RenderCapturePage(view), RenderListPage(list),
                                  RenderMessagePage(evil, evil)}) {
    EXPECT_FALSE(Has(html, "<script"));
    EXPECT_FALSE(Has(html, "href=\"javascript:"));
    EXPECT_TRUE(Has(html, "default-src 'none'"));
  }
}

TEST(SitePages, AnEventThatIsNoJsonIsNoTrouble) {
  CaptureView view;
  view.capture.event = "not json";
  EXPECT_TRUE(Has(RenderCapturePage(view), "<h2>Records</h2>"));
}

TEST(SitePages, TheListPages) {
  ListView list;
  list.page_size = 2;
  list.offset = 2;
  list.captures.resize(2);
  const std::string html = RenderListPage(list);
  EXPECT_TRUE(Has(html, "offset=0\">Newer"));
  EXPECT_TRUE(Has(html, "offset=4\">Older"));
}

}  // namespace
}  // namespace stemma

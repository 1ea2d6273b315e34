#include "article/extract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "article/site_rules.h"
#include "article/text_layers.h"
#include "core/article_json.h"
#include "fixture_pages.h"

namespace stemma {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Article Read(const std::string& html,
             const std::string& url = "https://gazette.example/a/1") {
  const Result<Article> article = ExtractArticle({html, "", url});
  EXPECT_TRUE(article.has_value());
  return article ? *article : Article();
}

std::vector<std::string> TextBlocks(const Article& article) {
  std::vector<std::string> out;
  for (const Block& block : article.blocks) {
    if (block.kept && block.kind != BlockKind::kTitle &&
        block.kind != BlockKind::kMediaUrl) {
      out.push_back(block.text);
    }
  }
  return out;
}

TEST(Extract, SameArticleInEveryTemplateHasTheSameBlocks) {
  for (unsigned number = 0; number < 12; ++number) {
    const testing::Story story = testing::MakeStory(number);
    for (int which = 0; which < testing::kTemplates; ++which) {
      const Article article = Read(testing::Render(story, which));
      EXPECT_EQ(TextBlocks(article), story.paragraphs)
          << "story " << number << ", template " << which;
      EXPECT_EQ(article.title, story.title)
          << "story " << number << ", template " << which;
      EXPECT_TRUE(article.is_article);
    }
  }
}

TEST(Extract, VideoIsFoundInEveryTemplate) {
  const testing::Story story = testing::MakeStory(3);
  for (int which = 0; which < testing::kTemplates; ++which) {
    const Article article = Read(testing::Render(story, which));
    bool found = false;
    for (const MediaLink& media : article.media) {
      found = found ||
              (media.url == story.video && media.kind == MediaKind::kVideo);
    }
    EXPECT_TRUE(found) << "template " << which;
  }
}

// Digests of pages are what old records are compared with: a change of any of
// them is a change of method and must be meant.
TEST(Extract, DigestsOfOurPagesStayWhatTheyWere) {
  std::string now;
  for (unsigned number = 0; number < 28; ++number) {
    const testing::Story story = testing::MakeStory(number);
    for (int which = 0; which < testing::kTemplates; ++which) {
      const TextLayers layers = LayersOf(Read(testing::Render(story, which)));
      now += std::to_string(number) + " " + std::to_string(which) + " " +
             layers.digest.Hex() + "\n";
    }
  }
  const std::string path =
      STEMMA_SOURCE_DIR "/tests/golden/article/digests.txt";
  if (std::getenv("STEMMA_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << now;
    FAIL() << "golden file rewritten: read the difference";
  }
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(now, golden.str());
}

TEST(Extract, GivesTheSameBytesOnAnyThread) {
  const std::string html = testing::Render(testing::MakeStory(5), 7);
  const std::string once = ToJson(Read(html)).dump();
  std::vector<std::string> answers(4);
  std::vector<std::thread> threads;
  for (std::string& answer : answers) {
    threads.emplace_back([&] { answer = ToJson(Read(html)).dump(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& answer : answers) EXPECT_EQ(answer, once);
}

TEST(Extract, NamesOfClassesDecideNothing) {
  std::string html = testing::Render(testing::MakeStory(2), 0);
  const Article before = Read(html);
  for (std::size_t at = 0;
       (at = html.find("class=\"", at)) != std::string::npos;) {
    at += 7;
    const std::size_t end = html.find('"', at);
    html.replace(at, end - at, "k9");
  }
  EXPECT_EQ(TextBlocks(Read(html)), TextBlocks(before));
}

TEST(Extract, EveryBlockSaysByWhichRule) {
  for (int which = 0; which < testing::kTemplates; ++which) {
    const Article article = Read(testing::Render(testing::MakeStory(1), which));
    for (const Block& block : article.blocks) {
      EXPECT_NE(block.rule, "") << block.text;
      EXPECT_LE(block.source_begin, block.source_end);
    }
  }
}

TEST(Extract, SourceRangesHoldTheBlocksWords) {
  const std::string html =
      "<title>T</title><p>Fish &amp; chips cost <b>four</b> crowns in Osk, the "
      "harbour office said on Monday.<p>Nobody ate them, because of the rain "
      "that fell all day long over the town.";
  const Article article = Read(html);
  ASSERT_EQ(article.blocks.size(), 2u);
  const Block& block = article.blocks[0];
  EXPECT_EQ(
      html.substr(block.source_begin, block.source_end - block.source_begin),
      "Fish &amp; chips cost <b>four</b> crowns in Osk, the harbour "
      "office said on Monday.");
}

TEST(Extract, WordsAreNeitherJoinedNorParted) {
  const std::string tail =
      " and that is what everybody in the town had expected, the council said.";
  const struct {
    std::string html, text;
  } cases[] = {
      {"<b>W</b>ord", "Word"},
      {"one<br>two", "one\ntwo"},
      {"a <i>b</i> <u>c</u>", "a b c"},
      {"x<!-- no -->y", "xy"},
      {"a&nbsp;&nbsp;b", "a b"},
      {"&copy 2020 &#146;s &amp;quot;", "© 2020 ’s &quot;"},
      {"soft&shy;hyphen", "softhyphen"},
      {"<span hidden>no</span>yes", "yes"},
      {"a<script>var b='<p>c';</script>d", "ad"},
  };
  for (const auto& c : cases) {
    const Article article =
        Read("<p>" + c.html + tail + "</p><p>Second" + tail + "</p>");
    ASSERT_FALSE(article.blocks.empty()) << c.html;
    EXPECT_EQ(article.blocks[0].text, c.text + tail);
  }
}

TEST(Extract, AListOfLinksIsNoArticle) {
  std::string html = "<title>Gazette</title><ul>";
  for (int i = 0; i < 30; ++i) {
    html += "<li><a href=\"/" + std::to_string(i) +
            "\">A headline about the river and its walls</a></li>";
  }
  const Article article = Read(html + "</ul>");
  EXPECT_FALSE(article.is_article);
  EXPECT_EQ(CanonicalText(article), "");
}

TEST(Extract, EmptyInputIsAnError) {
  const Result<Article> article = ExtractArticle({"", "", ""});
  ASSERT_FALSE(article.has_value());
  EXPECT_EQ(article.error().code(), ErrorCode::kInvalidArgument);
}

std::string Repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Extract, HostilePagesAreBoundedAndTheirTextIsKept) {
  const std::string text =
      "<p>The text below it all is still here, and it is a sentence.</p>";
  const struct {
    std::string name, html, note;
  } cases[] = {
      {"depth", Repeat("<div>", 20'000) + text, "too deep"},
      {"attributes", "<div " + Repeat("a=1 ", 5'000) + ">" + text + "</div>",
       "attributes dropped"},
      {"nul", text + std::string("\0\0<p>x", 6), ""},
      {"textarea", text + "<textarea>" + Repeat(text, 100), ""},
      {"references", text + Repeat("&amp;", 50'000), ""},
      {"open quote", text + "<a href=\"" + Repeat("<p>x", 10'000), ""},
      {"open comment", text + "<!-- " + Repeat("<p>x", 10'000), ""},
      {"json",
       text + "<script type=application/ld+json>" + Repeat("[", 100'000) +
           "</script>",
       "no JSON"},
      {"blocks", text + Repeat("<p>x", 120'000), "blocks"},
  };
  for (const auto& c : cases) {
    const Article article = Read(c.html);
    bool kept = false;
    for (const Block& block : article.blocks) {
      kept = kept || block.text.find("still here") != std::string::npos;
    }
    EXPECT_TRUE(kept) << c.name;
    if (!c.note.empty()) {
      EXPECT_THAT(article.notes, Contains(HasSubstr(c.note))) << c.name;
    }
  }
}

TEST(Extract, ARepublishDialogDoesNotDoubleTheArticle) {
  const testing::Story story = testing::MakeStory(4);
  std::string html = testing::Render(story, 1);
  std::string copy;
  for (const std::string& text : story.paragraphs)
    copy += "<p>" + text + "</p>";
  html.insert(html.find("</article>"), "<div style=\"display: none\">" + copy +
                                           "</div><textarea>" + copy +
                                           "</textarea>");
  EXPECT_EQ(TextBlocks(Read(html)), story.paragraphs);
}

// What the normalizer makes of its own output is that output.
TEST(Extract, NormalizingTwiceEqualsOnce) {
  for (unsigned number = 0; number < 6; ++number) {
    const Article once = Read(testing::Render(testing::MakeStory(number), 7));
    for (const Block& block : once.blocks) {
      EXPECT_EQ(CanonicalBlockText(block.text), block.text);
    }
  }
}

TEST(SiteRules, OverruleWhereTheTextIsAndLeaveARecord) {
  const Result<SiteRules> rules = SiteRules::Parse(
      "[[rule]]\nid='gazette/1'\nhosts=['.gazette.example']\n"
      "valid_until='2030-01-01'\ntest_page='p.html'\ntest_phrase='x'\n"
      "body=[{tag='div', attribute='class', word='story'}]\n"
      "drop=[{attribute='data-box'}]\n",
      "gazette.toml");
  ASSERT_TRUE(rules.has_value()) << rules.error().message();
  const std::string html =
      "<title>T</title><h1>The title of it</h1><p>Outside of the story stands "
      "this long sentence, which the rule leaves out of it.</p><div class='a "
      "story'><p>Inside of the story stands this long sentence, and it is "
      "kept.</p><p data-box>A box with a sentence that is long enough to be "
      "prose, as it is.</p></div>";
  const Result<Article> article =
      ExtractArticle({html, "", "https://www.gazette.example/1"}, {}, &*rules);
  ASSERT_TRUE(article.has_value());
  EXPECT_THAT(TextBlocks(*article), ElementsAre(HasSubstr("Inside")));
  EXPECT_THAT(article->notes, Contains(HasSubstr("without it the text is")));
  EXPECT_EQ(rules->For("other.example"), nullptr);
  EXPECT_EQ(rules->For("gazette.example", ParseTime("2031-01-01")), nullptr);
  for (const char* bad : {"x=1", "[[rule]]\nid='a'\n", "[[rule", ""}) {
    EXPECT_FALSE(SiteRules::Parse(bad, "bad.toml").has_value()) << bad;
  }
}

TEST(Metadata, ReadsWhatThePageSays) {
  const testing::Story story = testing::MakeStory(9);
  for (const int which : {0, 1, 2, 7}) {
    const Article article = Read(testing::Render(story, which));
    EXPECT_THAT(article.authors, ElementsAre(story.author)) << which;
    ASSERT_TRUE(article.published.has_value()) << which;
    EXPECT_EQ(FormatSeconds(article.published->time).substr(0, 10), story.day);
  }
}

TEST(Metadata, VideoPrefixAndSiteSuffixGoTheRawTitleStays) {
  const Article article = Read(
      "<title>Video: Crews gain ground along the Teal - The Gazette</title>"
      "<meta property=og:site_name content=\"The Gazette\">"
      "<h1>Video: Crews gain ground along the Teal</h1><p>The crews gained "
      "ground along the river on Monday, the harbour office said in Osk.");
  EXPECT_EQ(article.title, "Crews gain ground along the Teal");
  EXPECT_EQ(article.title_raw, "Video: Crews gain ground along the Teal");
}

}  // namespace
}  // namespace stemma

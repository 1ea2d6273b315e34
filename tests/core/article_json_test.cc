#include "core/article_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace stemma {
namespace {

Article Sample() {
  Article a;
  a.url = "https://herald.example/1";
  a.is_article = true;
  a.confidence = 0.75;
  a.title = "Bridge reopens";
  a.title_raw = "Video: Bridge reopens | Herald";
  a.authors = {"A. Writer"};
  a.published = DateClaim{*ParseTime("2026-03-01T10:00:00Z"),
                          Precision::kMinute, true, "1 March", "byline"};
  a.blocks = {
      {BlockKind::kParagraph, "First.", true, "density", 10, 20},
      {BlockKind::kMediaUrl, "https://h.example/v.mp4", true, "m", 21, 40},
      {BlockKind::kParagraph, "Share this", false, "share-bar", 41, 60},
      {BlockKind::kQuote, "Last.", true, "density", 61, 70}};
  a.media = {{MediaKind::kVideo, "https://h.example/v.mp4", "bare-url", "", "",
              "", 0}};
  a.claims = {{"original-source-line", "Herald", "https://h.example/",
               std::nullopt, "The original source", 2, 0.9}};
  a.notes = {"one"};
  return a;
}

TEST(ArticleJson, WrittenThenReadIsTheSame) {
  const nlohmann::json json = ToJson(Sample());
  const Result<Article> back = ArticleFromJson(json);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(ToJson(*back), json);
}

TEST(ArticleJson, TheRecordHasTheBeginningOfWhatWasLeftOut) {
  Article article = Sample();
  const std::string menu = std::string(47, 'm') + "\u00fcnchen";
  article.blocks[2].text = menu;
  article.blocks[3].text = std::string(200, 'k');
  const Result<Article> back = ArticleFromJson(ToRecordJson(article));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->blocks[2].text, std::string(47, 'm') + "\u2026");
  EXPECT_EQ(back->blocks[2].source_begin, article.blocks[2].source_begin);
  EXPECT_EQ(back->blocks[3].text, article.blocks[3].text);
  EXPECT_EQ(CanonicalText(*back), CanonicalText(article));
}

TEST(ArticleJson, WrongTypesAreMalformedNotFatal) {
  for (const char* text :
       {R"([])", R"("x")", R"({})", R"({"schema":"other"})",
        R"({"schema":"stemma.article.v1","title":3})",
        R"({"schema":"stemma.article.v1","blocks":[1]})",
        R"({"schema":"stemma.article.v1","blocks":[{"source":[1]}]})",
        R"({"schema":"stemma.article.v1","authors":"x"})"}) {
    const Result<Article> article =
        ArticleFromJson(nlohmann::json::parse(text));
    ASSERT_FALSE(article) << text;
    EXPECT_EQ(article.error().code(), ErrorCode::kMalformed);
  }
}

TEST(CanonicalText, IsTheKeptWordsWithoutTitleAndMediaUrls) {
  EXPECT_EQ(CanonicalText(Sample()), "First.\n\nLast.");
}

}  // namespace
}  // namespace stemma

#include "article/site_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "article/extract.h"

namespace stemma {
namespace {

using ::testing::HasSubstr;

std::string Slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// Each rule that is shipped brings its own page and a phrase to find there;
// without the rule the text must be another.
TEST(SiteRules, EachShippedRulePassesItsOwnTest) {
  const std::filesystem::path folder = STEMMA_SOURCE_DIR "/configs/sites";
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    const Result<SiteRules> rules =
        SiteRules::Parse(Slurp(entry.path()), entry.path().string());
    ASSERT_TRUE(rules.has_value()) << rules.error().message();
    for (const SiteRule& rule : rules->rules()) {
      ++seen;
      const std::string html = Slurp(folder / rule.test_page);
      std::string host = rule.hosts.front();
      if (host.starts_with(".")) host.erase(0, 1);
      const PageInput page{html, "", "https://" + host + "/a"};
      const Result<Article> with = ExtractArticle(page, {}, &*rules);
      const Result<Article> without = ExtractArticle(page);
      ASSERT_TRUE(with.has_value() && without.has_value()) << rule.id;
      EXPECT_THAT(CanonicalText(*with), HasSubstr(rule.test_phrase)) << rule.id;
      EXPECT_NE(CanonicalText(*with), CanonicalText(*without)) << rule.id;
      bool noted = false;
      for (const std::string& note : with->notes) {
        noted = noted || note.starts_with("site-rule " + rule.id);
      }
      EXPECT_TRUE(noted) << rule.id;
    }
  }
  EXPECT_GE(seen, 1);
}

TEST(Extract, WhatIsNoPageIsMalformed) {
  using namespace std::string_literals;
  const std::string cases[] = {"%PDF-1.7\n1 0 obj"s,
                               "\x89PNG\r\n\x1A\n\0\0\0\rIHDR"s,
                               "PK\x03\x04\x14\0\0\0"s,
                               "\0\0\0\x20"
                               "ftypisom"s,
                               "\xFF\xD8\xFF\xE0\0\x10JFIF"s,
                               std::string(200, '\0') + "\x01\x02\x03 noise",
                               "\x1F\x8B\x08\0\0\0\0\0"s};
  for (const std::string& bytes : cases) {
    const Result<Article> article = ExtractArticle({bytes, "text/html", ""});
    ASSERT_FALSE(article.has_value()) << bytes;
    EXPECT_EQ(article.error().code(), ErrorCode::kMalformed);
    EXPECT_THAT(article.error().message(), HasSubstr("not a page but"));
  }
  // NULs in a page, UTF-16 and plain text are pages.
  const std::string nuls = "<html><body>" + std::string(3000, '\0') +
                           "<p>The text behind the noise is a sentence.</p>";
  std::string utf16;
  for (const char c : "<p>The text in sixteen bits is a sentence.</p>"s) {
    utf16 += c;
    utf16 += '\0';
  }
  for (const std::string& bytes : {nuls, utf16, "Plain words."s}) {
    EXPECT_TRUE(ExtractArticle({bytes, "", ""}).has_value()) << bytes;
  }
}

}  // namespace
}  // namespace stemma

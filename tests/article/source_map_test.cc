#include "article/source_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/utf8.h"
#include "fixture_pages.h"

namespace stemma {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

struct Reading {
  Article article;
  SourceMap map;
};

Reading Read(const std::string& bytes, const std::string& type = "") {
  const PageInput page{bytes, type, "https://gazette.example/a"};
  Reading out;
  Result<Article> article = ExtractArticle(page);
  Result<SourceMap> map = SourceMap::Of(page);
  EXPECT_TRUE(article.has_value() && map.has_value());
  if (article && map) out = {*std::move(article), *std::move(map)};
  EXPECT_EQ(out.article.blocks.size(), out.map.blocks());
  return out;
}

// Every ASCII letter of every block must be found at its place.
void ExpectLettersAtTheirPlaces(const std::string& bytes, const Reading& r) {
  for (std::size_t i = 0; i < r.article.blocks.size(); ++i) {
    const std::string& text = r.article.blocks[i].text;
    for (std::size_t k = 0; k < text.size(); ++k) {
      if (text[k] < 'a' || text[k] > 'z') continue;
      const std::size_t at = r.map.Raw(i, k);
      ASSERT_LT(at, bytes.size());
      ASSERT_EQ(bytes[at], text[k])
          << "block " << i << ", byte " << k << " of " << text;
    }
  }
}

TEST(SourceMap, LeadsEachLetterBackToItsByte) {
  const std::string text =
      "<title>t</title><p>  fish&nbsp;&amp;\n\t chips <b>cost</b>&#8203; "
      "fo\xC2\xADur crowns &hellip; in <i>o</i>sk, the har\xE2\x80\x8B"
      "bour "
      "office said on monday.<!-- no --> e\xCC\x81"
      "clairs followed<br>soon "
      "after the rain.</p><pre>a  b\nc</pre>";
  ExpectLettersAtTheirPlaces(text, Read(text));
  const std::string marked = "\xEF\xBB\xBF" + text;
  ExpectLettersAtTheirPlaces(marked, Read(marked));
  const std::string nul =
      "<p>a\0b\xFF"
      "c and more of it here.</p>" +
      text;
  ExpectLettersAtTheirPlaces(nul, Read(nul));
  for (unsigned number = 0; number < 4; ++number) {
    for (int which = 0; which < testing::kTemplates; ++which) {
      const std::string page =
          testing::Render(testing::MakeStory(number), which);
      ExpectLettersAtTheirPlaces(page, Read(page));
    }
  }
}

TEST(SourceMap, LeadsThroughOtherEncodings) {
  const struct {
    std::string type, bytes;
  } cases[] = {
      {"text/html; charset=windows-1251",
       "<p>\xCF\xF0\xE8\xE2\xE5\xF2 abc \xEC\xE8\xF0 def, ghi jkl.</p>"},
      {"text/html; charset=shift_jis",
       "<p>\x93\xFA\x96\x7B abc \x8C\xEA def \x81\x42 ghi.</p>"},
      {"text/html; charset=gb18030",
       "<p>\xD6\xD0\xCE\xC4 abc \xD6\xD0 def.</p>"},
      {"text/html; charset=euc-kr", "<p>\xC7\xD1\xB1\xDB abc def.</p>"},
  };
  for (const auto& c : cases) {
    ExpectLettersAtTheirPlaces(c.bytes, Read(c.bytes, c.type));
  }
  std::string wide = "\xFF\xFE";
  for (const char ch : std::string("<p>some words that are wide.</p>")) {
    wide += ch;
    wide += '\0';
  }
  ExpectLettersAtTheirPlaces(wide, Read(wide));
}

TEST(SourceMap, EndsOfABlockAreTheEndsOfItsSource) {
  const std::string page = "<p> Fish &amp; chips. </p>";
  const Reading r = Read(page);
  ASSERT_EQ(r.article.blocks.size(), 1u);
  const Block& block = r.article.blocks[0];
  EXPECT_EQ(r.map.Decoded(0, 0), block.source_begin);
  EXPECT_EQ(r.map.Decoded(0, block.text.size()), block.source_end);
  EXPECT_EQ(page.substr(r.map.Raw(0, 5), 5), "&amp;");
}

TEST(SourceMap, WhatNobodySeesIsReported) {
  const std::string page =
      "<title>t</title><h1>The harbour</h1><p>The har\xE2\x80\x8B"
      "bour&#8203; "
      "office of the town said on Monday that the boats would wait.</p><p>All "
      "of the boats waited in the rain until the p\xD0\xB0per came, and the "
      "town was patient with them and with the office as well.</p>";
  const Reading r = Read(page);
  ASSERT_EQ(r.map.invisible().size(), 1u);
  EXPECT_EQ(r.map.invisible()[0].kind, "zero-width");
  EXPECT_EQ(r.map.invisible()[0].count, 2u);
  EXPECT_EQ(r.map.invisible()[0].offset, 7u);
  EXPECT_THAT(r.article.notes,
              Contains(HasSubstr("zero-width: block 1, byte 7: U+200B")));
  bool homoglyph = false;
  for (const TextFinding& finding : LayersOf(r.article).findings) {
    homoglyph = homoglyph || finding.kind == "homoglyph";
  }
  EXPECT_TRUE(homoglyph);
}

}  // namespace
}  // namespace stemma

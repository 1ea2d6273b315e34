#include "article/markers.h"

#include <gtest/gtest.h>

#include "article/extract.h"

namespace stemma {
namespace {

const char* const kBody[] = {
    "The crews closed forty-one of the breaches between Brandt and Lower Osk, "
    "the engineers said in their evening report.",
    "The main effort was made near the village of Orrin, where two pumping "
    "companies worked through the night and the day.",
    "Later on the same day the crews reached the grain stores and raised a "
    "second wall of sandbags behind the old one.",
    "Upstream the dam was not damaged, and the reservoir behind it stood well "
    "below the spillway at noon on Tuesday.",
    "In the evening a relief convoy of lorries with blankets and fuel entered "
    "the town by the northern road."};

Article PageWith(const std::string& last) {
  std::string html = "<title>A report</title><h1>A report from the river</h1>";
  for (const char* text : kBody) html += std::string("<p>") + text + "</p>";
  html += "<p>" + last + "</p>";
  const Result<Article> article =
      ExtractArticle({html, "", "https://copy.example/a"});
  EXPECT_TRUE(article.has_value());
  return *article;
}

const SourceClaim* ClaimOf(const Article& article, std::string_view kind) {
  for (const SourceClaim& claim : article.claims) {
    if (claim.kind == kind) return &claim;
  }
  return nullptr;
}

TEST(Markers, TheCatalogueIsWholeAndEachEntryMakesSense) {
  ASSERT_GE(Markers().markers.size(), 40u);
  ASSERT_GE(Markers().agencies.size(), 25u);
  for (const Marker& marker : Markers().markers) {
    EXPECT_FALSE(marker.id.empty());
    EXPECT_FALSE(marker.kind.empty()) << marker.id;
    EXPECT_FALSE(marker.words.empty()) << marker.id;
    EXPECT_GE(marker.confidence, 1) << marker.id;
    EXPECT_LE(marker.confidence, 3) << marker.id;
  }
}

// Every phrase of every marker, on a page of our own, with a link to another
// site behind it.
TEST(Markers, EachPhraseIsFoundDroppedAndClaimed) {
  for (const Marker& marker : Markers().markers) {
    for (const std::string& words : marker.words) {
      std::string line = words +
                         " <a href=\"https://first.example/r\">The "
                         "First Paper</a>";
      if (!marker.also.empty()) line += " " + marker.also.front();
      const Article article = PageWith(line);
      const Block& block = article.blocks.back();
      if (marker.drop) {
        EXPECT_FALSE(block.kept) << marker.id << ": " << words;
      }
      for (const char* text : kBody) {
        bool kept = false;
        for (const Block& b : article.blocks) {
          kept = kept || (b.kept && b.text == text);
        }
        EXPECT_TRUE(kept) << marker.id << ": " << words;
      }
      if (marker.kind == "boilerplate" || marker.kind == "credit") continue;
      bool claimed = false;
      for (const SourceClaim& claim : article.claims) {
        claimed = claimed || claim.url == "https://first.example/r";
      }
      EXPECT_TRUE(claimed) << marker.id << ": " << words;
    }
  }
}

TEST(Markers, NamesTheSource) {
  const struct {
    std::string line, kind, name;
  } cases[] = {
      {"The original source of this article is South Paper",
       "original-source-line", "South Paper"},
      {"This article was originally published by The River Post.",
       "republished-from", "The River Post"},
      {"The post Dyke Crews Gain Ground appeared first on Osk Blog.",
       "republished-from", "Osk Blog"},
      {"Der Beitrag Die Deiche erschien zuerst auf Osk Blog.",
       "republished-from", "Osk Blog"},
      {"Quelle: Flussbote", "original-source-line", "Flussbote"},
      {"Fuente: El Diario del Río", "original-source-line",
       "El Diario del Río"},
      {"Источник: Речной вестник", "original-source-line", "Речной вестник"},
      {"Źródło: Kurier Rzeczny", "original-source-line", "Kurier Rzeczny"},
      {"Source : Le Courrier du fleuve", "original-source-line",
       "Le Courrier du fleuve"},
      {"Fonte: Corriere del Fiume", "original-source-line",
       "Corriere del Fiume"},
      {"Bron: De Rivierbode", "original-source-line", "De Rivierbode"},
      {"Källa: Älvposten", "original-source-line", "Älvposten"},
      {"Джерело: Річковий вісник", "original-source-line", "Річковий вісник"},
      {"Πηγή: Ο Ποταμός", "original-source-line", "Ο Ποταμός"},
      {"Kaynak: Nehir Postası", "original-source-line", "Nehir Postası"},
      {"المصدر: جريدة النهر", "original-source-line", "جريدة النهر"},
      {"来源：江河日报", "original-source-line", "江河日报"},
      {"提供：川新聞", "original-source-line", "川新聞"},
      {"This article is republished from The Conversation under a Creative "
       "Commons license.",
       "republished-from", "The Conversation"},
  };
  for (const auto& c : cases) {
    const Article article = PageWith(c.line);
    const SourceClaim* claim = ClaimOf(article, c.kind);
    ASSERT_NE(claim, nullptr) << c.line;
    EXPECT_EQ(claim->name, c.name) << c.line;
    EXPECT_EQ(claim->block, static_cast<int>(article.blocks.size()) - 1);
  }
}

TEST(Markers, APhraseInsideTheTextIsNoMarker) {
  std::string html = "<title>T</title><h1>On sources and rivers</h1>";
  for (int i = 0; i < 4; ++i) html += std::string("<p>") + kBody[i] + "</p>";
  html +=
      "<p>Source: the word stands on old maps beside each spring, and "
      "nobody knows who wrote it there first.</p>";
  for (const char* text : kBody) html += std::string("<p>") + text + "</p>";
  const Result<Article> article =
      ExtractArticle({html, "", "https://copy.example/a"});
  ASSERT_TRUE(article.has_value());
  EXPECT_TRUE(article->claims.empty());
  EXPECT_TRUE(article->blocks[5].kept);
}

TEST(Markers, APageThatNamesItselfClaimsNothing) {
  std::string html =
      "<title>T</title><meta property=og:site_name content=\"River Post\">"
      "<link rel=canonical href=\"https://post.example/a\"><h1>A report</h1>";
  for (const char* text : kBody) html += std::string("<p>") + text + "</p>";
  html += "<p>This article was originally published by River Post.</p>";
  const Result<Article> article =
      ExtractArticle({html, "", "https://www.post.example/a"});
  ASSERT_TRUE(article.has_value());
  EXPECT_TRUE(article->claims.empty());
}

TEST(Markers, CanonicalAndCountersOfAnotherSiteAreClaims) {
  std::string html =
      "<title>T</title><link rel=canonical href=\"https://first.example/r\">"
      "<meta name=\"original-source\" content=\"https://second.example/r\">"
      "<h1>A report</h1>";
  for (const char* text : kBody) html += std::string("<p>") + text + "</p>";
  html +=
      "<img src=\"https://counter.theconversation.com/content/12345/"
      "count.gif?distributor=republish-lightbox-basic\">";
  const Result<Article> article =
      ExtractArticle({html, "", "https://copy.example/a"});
  ASSERT_TRUE(article.has_value());
  const SourceClaim* canonical = ClaimOf(*article, "canonical");
  ASSERT_NE(canonical, nullptr);
  EXPECT_EQ(canonical->url, "https://first.example/r");
  bool source = false, conversation = false;
  for (const SourceClaim& claim : article->claims) {
    source = source || claim.url == "https://second.example/r";
    conversation = conversation || claim.name == "The Conversation";
  }
  EXPECT_TRUE(source);
  EXPECT_TRUE(conversation);
}

TEST(Markers, AgenciesSignTheFirstLine) {
  const struct {
    std::string start, agency, place;
  } cases[] = {
      {"OSK (Reuters) - ", "Reuters", "OSK"},
      {"BRANDT, Teal (AP) — ", "Associated Press", "BRANDT, Teal"},
      {"(ANSA) - OSK, ", "ANSA", ""},
      {"OSK, Jan. 30 (Xinhua) -- ", "Xinhua", "OSK, Jan. 30"},
  };
  for (const auto& c : cases) {
    std::string html = "<title>T</title><h1>A report</h1><p>" + c.start;
    for (const char* text : kBody) html += std::string(text) + "</p><p>";
    const Result<Article> article =
        ExtractArticle({html, "", "https://copy.example/a"});
    ASSERT_TRUE(article.has_value());
    const SourceClaim* agency = ClaimOf(*article, "agency");
    ASSERT_NE(agency, nullptr) << c.start;
    EXPECT_EQ(agency->name, c.agency);
    const SourceClaim* dateline = ClaimOf(*article, "dateline");
    EXPECT_EQ(dateline == nullptr ? "" : dateline->name, c.place);
  }
}

// An older template with every line that a republication carries.
TEST(Republication, EveryLineIsReadIntoItsField) {
  const std::string film = "https://first.example/v/HL_04_03_2026.mp4";
  std::string html =
      "<html lang=en-US><title>Video: A Report - World Inquiry</title>"
      "<meta property=og:site_name content=\"World Inquiry\">"
      "<div id=left><h1>Video: A Report from the Teal River</h1>"
      "<div><strong>By <a href=\"/author/harrow-line\">Harrow Line</a></strong>"
      "<br /><span>World Inquiry, March 05, 2026</span><br /><span><a "
      "href=\"https://first.example/r\">Harrow Line</a> 4 March 2026</span><br "
      "/><div>Region: <a href=\"/region/teal\">Teal "
      "Valley</a></div><div>Theme: "
      "<a href=\"/t/1\">Environment</a>, <a href=\"/t/2\">Disaster "
      "Relief</a></div><div>In-depth Report: <a href=\"/i/3\">THE "
      "RIVER</a></div>"
      "</div><div>";
  for (int i = 0; i < 5; ++i) {
    html += std::string("<p>") + kBody[i] + "</p>";
    if (i == 2) html += "<p>" + film + "</p>";
  }
  html +=
      "<p style=\"text-align: center\">*</p><p><em>Note to readers: please "
      "click the share buttons above or below.</em></p><p>Support Harrow Line "
      "in its work: this report was made without advertising.</p><p>PayPal: "
      "donate@first.example</p></div><div><p>The original source of this "
      "article is <a href=\"https://first.example/r\">Harrow Line</a><br>"
      "Copyright © <a href=\"/author/harrow-line\">Harrow Line</a>, <a "
      "href=\"https://first.example/r\">Harrow Line</a>, 2026</p><p><a "
      "href=\"/fb\">Comment on World Inquiry Articles on our Facebook page</a>"
      "</p><p>Articles by: <a href=\"/author/harrow-line\">Harrow Line</a></p>"
      "<p><strong>Disclaimer:</strong> The contents of this article are of "
      "sole responsibility of the author(s). The Institute grants permission "
      "to cross-post articles on community sites.</p><p>This site contains "
      "copyrighted material the use of which has not always been specifically "
      "authorized by the copyright owner.</p></div></div>";
  const Result<Article> read =
      ExtractArticle({html, "", "https://www.worldinquiry.example/v/5702301"});
  ASSERT_TRUE(read.has_value());
  const Article& article = *read;
  EXPECT_EQ(article.title, "A Report from the Teal River");
  EXPECT_EQ(article.publisher, "World Inquiry");
  EXPECT_EQ(article.authors, std::vector<std::string>{"Harrow Line"});
  ASSERT_TRUE(article.published.has_value());
  EXPECT_EQ(FormatSeconds(article.published->time), "2026-03-05T00:00:00Z");

  const SourceClaim* original = nullptr;
  bool source_line = false;
  for (const SourceClaim& claim : article.claims) {
    if (claim.date) original = &claim;
    source_line =
        source_line || claim.quote.find("original source") != std::string::npos;
  }
  ASSERT_NE(original, nullptr);
  EXPECT_EQ(original->name, "Harrow Line");
  EXPECT_EQ(original->url, "https://first.example/r");
  EXPECT_EQ(FormatSeconds(original->date->time), "2026-03-04T00:00:00Z");
  EXPECT_TRUE(source_line);
  EXPECT_NE(ClaimOf(article, "byline"), nullptr);
  EXPECT_NE(ClaimOf(article, "copyright"), nullptr);
  EXPECT_NE(ClaimOf(article, "licence"), nullptr);
  EXPECT_NE(article.licence.find("cross-post"), std::string::npos);
  EXPECT_NE(article.copyright.find("©"), std::string::npos);
  EXPECT_EQ(article.keywords,
            (std::vector<std::string>{"Teal Valley", "Environment",
                                      "Disaster Relief", "THE RIVER"}));

  std::vector<std::string> text;
  for (const Block& block : article.blocks) {
    if (block.kept && block.kind == BlockKind::kParagraph) {
      text.push_back(block.text);
    }
    EXPECT_NE(block.rule, "");
  }
  EXPECT_EQ(text, std::vector<std::string>(std::begin(kBody), std::end(kBody)));
  ASSERT_EQ(article.media.size(), 1u);
  EXPECT_EQ(article.media[0].url, film);
  EXPECT_EQ(article.media[0].found_by, "bare-url");
  const int after = article.media[0].after_block;
  ASSERT_GE(after, 0);
  EXPECT_EQ(article.blocks[static_cast<std::size_t>(after)].text, kBody[2]);
}

}  // namespace
}  // namespace stemma

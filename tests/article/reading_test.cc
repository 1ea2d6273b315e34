// Charset, dates, names, L1, media and links: the small readers.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "article/charset.h"
#include "article/dates.h"
#include "article/discover.h"
#include "article/machine_dates.h"
#include "article/names.h"
#include "article/text_layers.h"
#include "core/article_json.h"

namespace stemma {
namespace {

TEST(Charset, LabelsMeanWhatBrowsersTakeThemFor) {
  const struct {
    std::string_view label, name;
  } cases[] = {{"utf8", "UTF-8"},
               {" Latin1 ", "windows-1252"},
               {"ISO-8859-1", "windows-1252"},
               {"gb2312", "GBK"},
               {"iso-8859-9", "windows-1254"},
               {"shift_jis", "Shift_JIS"},
               {"ks_c_5601-1987", "EUC-KR"},
               {"hz-gb-2312", "replacement"}};
  for (const auto& c : cases) {
    EXPECT_EQ(EncodingForLabel(c.label), c.name) << c.label;
  }
  EXPECT_FALSE(EncodingForLabel("no-such-label").has_value());
  EXPECT_FALSE(EncodingForLabel("").has_value());
}

TEST(Charset, DecidesByMarkHeaderMetaThenTheBytes) {
  using namespace std::string_literals;
  const struct {
    std::string bytes, header, encoding, source, text;
  } cases[] = {
      {"\xEF\xBB\xBF\xC3\xA9", "text/html; charset=koi8-r", "UTF-8", "bom",
       "é"},
      {"\xE9", "text/html; charset=iso-8859-1", "windows-1252", "header", "é"},
      {"<meta charset=windows-1251>\xE9", "", "windows-1251", "meta",
       "<meta charset=windows-1251>й"},
      {"\xC3\xA9t\xC3\xA9", "", "UTF-8", "utf-8-valid", "été"},
      {"caf\xE9", "", "windows-1252", "fallback", "café"},
      {"\xFF\xFE<\0p\0>\0"s, "", "UTF-16LE", "bom", "<p>"},
      {"<\0p\0>\0h\0i\0!\0"s, "", "UTF-16LE", "utf-16-pattern", "<p>hi!"},
      {"\x80\x93", "text/html;charset=ascii", "windows-1252", "header", "€“"},
  };
  for (const auto& c : cases) {
    const DecodedText decoded = DecodePage(c.bytes, c.header, 1 << 20);
    EXPECT_EQ(decoded.charset.encoding, c.encoding) << c.text;
    EXPECT_EQ(decoded.charset.source, c.source) << c.text;
    EXPECT_EQ(decoded.utf8, c.text);
  }
}

TEST(Charset, LiesAndDamageAreNoted) {
  const DecodedText lie =
      DecodePage("<meta charset=windows-1251>Füße, Größe, Straße", "", 1 << 20);
  EXPECT_EQ(lie.charset.encoding, "UTF-8");
  EXPECT_EQ(lie.notes.size(), 1u);
  const DecodedText damage =
      DecodePage("abc\xE2\x82", "text/html; charset=utf-8", 1 << 20);
  EXPECT_EQ(damage.utf8, "abc\xEF\xBF\xBD");
  EXPECT_EQ(damage.replacements, 1u);
  const DecodedText cut = DecodePage("abcdef", "", 3);
  EXPECT_TRUE(cut.cut);
  EXPECT_EQ(cut.utf8, "abc");
}

TEST(TextLayer1, FoldsWhiteSpaceAndNothingElse) {
  const struct {
    std::string_view raw, text;
  } cases[] = {
      {"  a \t b\r\n", "a b"},
      {"a\xC2\xA0\xE2\x80\x83z", "a z"},
      {"so\xC2\xAD"
       "ft\xE2\x80\x8B",
       "soft"},
      {"a\n\n  b", "a\nb"},
      {"“q” – ½ 10² ﬁ", "“q” – ½ 10² ﬁ"},
      {"e\xCC\x81", "é"},
      {"می\xE2\x80\x8Cخواهم", "می\xE2\x80\x8Cخواهم"},
      {"a\x01\x7F"
       "b",
       "ab"},
      {"\xFF", "\xEF\xBF\xBD"},
  };
  for (const auto& c : cases) {
    const std::string once = CanonicalBlockText(c.raw);
    EXPECT_EQ(once, c.text);
    EXPECT_EQ(CanonicalBlockText(once), once);
  }
}

TEST(TextLayer1, OddLettersAreFindings) {
  const std::vector<TextFinding> findings =
      FindOddities("A p\xD0\xB0per\xE2\x80\x8B about \xE2\x80\xAEit");
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0].kind, "zero-width");
  EXPECT_EQ(findings[1].kind, "homoglyph");
  EXPECT_EQ(findings[2].kind, "bidi-control");
  EXPECT_TRUE(FindOddities("Plain words, слова, λέξεις.").empty());
}

TEST(Dates, AreReadInTheLanguagesOfPublishers) {
  for (const std::string_view text :
       {"30 January 2020",
        "January 30, 2020",
        "Jan. 30th, 2020, 5:07 pm",
        "30. Januar 2020",
        "30 janvier 2020",
        "30 de enero de 2020",
        "30 gennaio 2020",
        "30 de janeiro de 2020",
        "30 januari 2020",
        "30 stycznia 2020",
        "30 января 2020 г.",
        "30 січня 2020",
        "30 Ιανουαρίου 2020",
        "30 Ocak 2020",
        "30 يناير 2020",
        "2020年1月30日",
        "2020년 1월 30일",
        "30.01.2020",
        "30/01/2020",
        "2020-01-30",
        "Published on Thursday, 30 January 2020 at 10:00"}) {
    const auto date = FindDate(text, "");
    ASSERT_TRUE(date.has_value()) << text;
    EXPECT_EQ(DayAsWritten(date->claim), "2020-01-30") << text;
  }
  for (const std::string_view text :
       {"in 2020", "30 people in 2020", "31.02.2020", "version 1.2.3",
        "may 1 of you", "12:30"}) {
    EXPECT_FALSE(FindDate(text, "").has_value()) << text;
  }
  EXPECT_EQ(DayAsWritten(FindDate("1/30/2020", "")->claim), "2020-01-30");
  EXPECT_EQ(DayAsWritten(FindDate("1/2/2020", "en-US")->claim), "2020-01-02");
  EXPECT_EQ(DayAsWritten(FindDate("1/2/2020", "en-GB")->claim), "2020-02-01");
  EXPECT_EQ(DayAsWritten(FindDate("20.01.30", "ja")->claim), "2020-01-30");
  EXPECT_EQ(DayAsWritten(FindDate("20.01.30", "de")->claim), "2030-01-20");
}

TEST(Dates, OfMachinesAndAddresses) {
  const struct {
    std::string_view text, time;
  } cases[] = {
      {"2020-01-30T10:00:00+01:00", "2020-01-30T09:00:00Z"},
      {"2020-01-30 10:00:00 -0500", "2020-01-30T15:00:00Z"},
      {"20200130", "2020-01-30T00:00:00Z"},
      {"2020-01-30T10:00:00.123Z", "2020-01-30T10:00:00Z"},
      {"Thu, 30 Jan 2020 10:00:00 +0100", "2020-01-30T09:00:00Z"},
      {"1580378400", "2020-01-30T10:00:00Z"},
      {"1580378400000", "2020-01-30T10:00:00Z"},
  };
  for (const auto& c : cases) {
    const auto claim = ReadMachineDate(c.text);
    ASSERT_TRUE(claim.has_value()) << c.text;
    EXPECT_EQ(FormatSeconds(claim->time), c.time) << c.text;
  }
  EXPECT_FALSE(ReadMachineDate("yesterday").has_value());
  EXPECT_EQ(DayAsWritten(*ReadMachineDate("2020-01-30T23:30:00-05:00")),
            "2020-01-30");
  EXPECT_EQ(DayAsWritten(*DateOfUrl("https://a.example/2020/01/30/x")),
            "2020-01-30");
  EXPECT_FALSE(DateOfUrl("https://a.example/item/20209999").has_value());
}

TEST(Names, OfBylines) {
  const struct {
    std::string_view line;
    std::vector<std::string> names;
  } cases[] = {
      {"By Jane Doe and John Roe", {"Jane Doe", "John Roe"}},
      {"Von Anna Beispiel", {"Anna Beispiel"}},
      {"Par Jeanne Martin et Paul Noir", {"Jeanne Martin", "Paul Noir"}},
      {"Автор: Иван Петров", {"Иван Петров"}},
      {"By Jane Doe, Staff Writer", {"Jane Doe"}},
      {"By Jane Doe, MS, RDN, LD", {"Jane Doe"}},
      {"By Jane Doe In", {"Jane Doe"}},
      {"https://a.example/jane", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(NamesOf(c.line), c.names) << c.line;
  EXPECT_TRUE(IntroducesAuthor("Jane Doe is a freelance writer in Osk."));
  EXPECT_TRUE(IntroducesAuthor("(Jane Doe, PhD, is an editor of this paper.)"));
  EXPECT_FALSE(IntroducesAuthor("Jane Doe is a farmer near the river."));
  EXPECT_FALSE(IntroducesAuthor("The writer said that it is a good book."));
  EXPECT_EQ(NamesOfValue("Jane Doe, MD"),
            std::vector<std::string>{"Jane Doe, MD"});
  EXPECT_EQ(NamesOfValue("Jane Doe, John Roe").size(), 2u);
}

Discovery Look(const std::string& html) {
  const PageInput page{html, "", "https://site.example/dir/page.html"};
  const Result<Discovery> found = Discover(page);
  EXPECT_TRUE(found.has_value());
  // The quick way gives the same addresses.
  const Result<Discovery> quick = DiscoverAddresses(page);
  EXPECT_TRUE(quick.has_value());
  const auto addresses = [](const Discovery& d) {
    std::vector<std::string> urls;
    for (const PageLink& link : d.links) urls.push_back(link.url);
    for (const MediaLink& link : d.media) {
      urls.push_back(link.found_by + " " + link.url);
    }
    return urls;
  };
  EXPECT_EQ(addresses(*found), addresses(*quick));
  // So does the reading that gives the article as well.
  const Result<PageReading> both = ReadPage(page);
  const Result<Article> article = ExtractArticle(page);
  EXPECT_TRUE(both.has_value() && article.has_value());
  EXPECT_EQ(addresses(both->found), addresses(*quick));
  EXPECT_EQ(both->found.base_url, quick->base_url);
  EXPECT_EQ(both->found.notes, quick->notes);
  EXPECT_EQ(both->found.nofollow, quick->nofollow);
  EXPECT_EQ(ToJson(both->article), ToJson(*article));
  return *found;
}

TEST(Media, IsFoundInEveryForm) {
  const std::string url = "https://site.example/v/film.mp4";
  for (const std::string& html : std::vector<std::string>{
           "<video src=\"/v/film.mp4\"></video>",
           "<video data-src=\"/v/film.mp4\"></video>",
           "<video><source src=\"/v/film.mp4\" type=\"video/mp4\"></video>",
           "<meta property=\"og:video\" content=\"/v/film.mp4\">",
           "<meta property=\"og:video:secure_url\" content=\"" + url + "\">",
           "<meta name=\"twitter:player:stream\" content=\"/v/film.mp4\">",
           "<script type=\"application/ld+json\">{\"@graph\":[{\"@type\":"
           "\"NewsArticle\",\"video\":[{\"@type\":\"VideoObject\","
           "\"contentUrl\":\"" +
               url + "\"}]}]}</script>",
           "<script>jwplayer('p').setup({file:\"/v/film.mp4\"});</script>",
           "<script>var x={\"src\":\"https:\\/\\/site.example\\/v\\/film.mp4\"}"
           "</script>",
           "<div data-video-src=\"/v/film.mp4\"></div>",
           "<div data-setup='{\"sources\":[{\"src\":\"/v/film.mp4\"}]}'></div>",
           "<a href=\"/v/film.mp4\">film</a>",
           "<p>" + url + "</p>",
           "<p>Here it is: " + url + ".</p>",
           "<p>[video mp4=\"" + url + "\"][/video]</p>",
           "<embed src=\"/v/film.mp4\">",
           "<object data=\"/v/film.mp4\"></object>",
           "<base href=\"https://site.example/v/\"><video src=film.mp4>",
       }) {
    const Discovery found = Look(html);
    ASSERT_EQ(found.media.size(), 1u) << html;
    EXPECT_EQ(found.media[0].url, url) << html;
    EXPECT_EQ(found.media[0].kind, MediaKind::kVideo) << html;
  }
}

TEST(Media, KindsAndPlayers) {
  EXPECT_EQ(MediaKindOfPath("/a/b.m3u8?x=1"), MediaKind::kHls);
  EXPECT_EQ(MediaKindOfPath("https://a.example/b.MPD"), MediaKind::kDash);
  EXPECT_FALSE(MediaKindOfPath("https://site.mov").has_value());
  const struct {
    std::string_view url, id;
  } cases[] = {
      {"https://www.youtube.com/embed/AbC_1?rel=0", "youtube:AbC_1"},
      {"https://youtu.be/AbC_1", "youtube:AbC_1"},
      {"https://player.vimeo.com/video/123", "vimeo:123"},
      {"https://www.dailymotion.com/embed/video/x7", "dailymotion:x7"},
      {"https://rumble.com/embed/v1/?pub=4", "rumble:v1"},
      {"https://t.me/chan/12?embed=1", "telegram:chan/12"},
      {"https://vk.com/video_ext.php?oid=-1&id=2&hd=1", "vk:-1_2"},
      {"https://players.brightcove.net/9/x/index.html?videoId=7",
       "brightcove:9/7"},
      {"https://cdn.jwplayer.com/players/Ab12-Cd34.html", "jwplayer:Ab12"},
      {"https://example.org/embed/AbC", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(HostedPlayerId(c.url), c.id) << c.url;
  const Discovery lazy =
      Look("<iframe data-src=\"https://www.youtube.com/embed/Ab\"></iframe>");
  ASSERT_EQ(lazy.media.size(), 1u);
  EXPECT_EQ(lazy.media[0].player_id, "youtube:Ab");
}

TEST(Discover, LinksWithTheirKinds) {
  const Discovery found = Look(
      "<link rel=canonical href=/c><link rel=amphtml href=/amp><link "
      "rel=alternate type=application/rss+xml href=/feed title=News><meta "
      "name=robots content=\"noindex, nofollow\"><a href=\"../x#part\">the "
      "<b>link</b></a><a href=\"javascript:alert(1)\">no</a><a "
      "href=\"../x\">again</a><a rel=\"next nofollow\" href=\"?p=2\">2</a>"
      "<iframe src=/f></iframe><meta http-equiv=refresh content=\"0; "
      "url='/moved'\">");
  EXPECT_TRUE(found.noindex);
  EXPECT_TRUE(found.nofollow);
  std::vector<std::pair<LinkKind, std::string>> links;
  for (const PageLink& link : found.links)
    links.emplace_back(link.kind, link.url);
  EXPECT_EQ(links,
            (std::vector<std::pair<LinkKind, std::string>>{
                {LinkKind::kCanonical, "https://site.example/c"},
                {LinkKind::kAmp, "https://site.example/amp"},
                {LinkKind::kFeed, "https://site.example/feed"},
                {LinkKind::kAnchor, "https://site.example/x"},
                {LinkKind::kNext, "https://site.example/dir/page.html?p=2"},
                {LinkKind::kFrame, "https://site.example/f"},
                {LinkKind::kRefresh, "https://site.example/moved"}}));
  EXPECT_EQ(found.links[3].text, "the link");
  EXPECT_TRUE(found.links[4].nofollow);
}

}  // namespace
}  // namespace stemma

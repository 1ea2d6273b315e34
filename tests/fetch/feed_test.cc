#include "fetch/feed.h"

#include <gtest/gtest.h>

#include "fetch/feed_date.h"
#include "fetch/feed_html.h"

namespace stemma {
namespace {

Feed Read(std::string_view bytes,
          std::string url = "https://news.example/feed") {
  return ParseFeed({.bytes = bytes, .charset = {}, .url = std::move(url)})
      .value();
}

constexpr std::string_view kRss = R"x(<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:atom="http://www.w3.org/2005/Atom">
<channel><title>News &amp; views</title><link>https://news.example/</link>
 <atom:link rel="self" href="/feed"/>
 <atom:link rel="hub" href="https://hub.example/"/>
 <item>
  <title>A &lt;b&gt;bold&lt;/b&gt; story</title>
  <link>/2026/story?a=1&amp;b=2</link>
  <guid isPermaLink="false">tag:1</guid>
  <pubDate>Fri, 20 Nov 2026 10:00:00 +0100</pubDate>
  <dc:creator>Jo Doe</dc:creator><category>War</category>
  <description>Short.</description>
  <content:encoded><![CDATA[<p onclick="x()"><a href="more">More</a>
   <script>alert(1)</script><video src="/v.mp4"></video></p>]]></content:encoded>
  <enclosure url="/film.mp4" type="video/mp4" length="123"/>
  <media:group>
   <media:content url="https://cdn.example/hd.mp4" type="video/mp4" height="720">
    <media:player url="https://news.example/player/1"/>
   </media:content>
   <media:thumbnail url="https://cdn.example/t.jpg"/>
   <media:credit role="camera">Ann</media:credit>
  </media:group>
  <source url="https://origin.example/feed">Origin</source>
 </item>
</channel></rss>)x";

TEST(ParseFeed, ReadsRssWithItsModules) {
  const Feed feed = Read(kRss);
  EXPECT_TRUE(feed.well_formed);
  EXPECT_EQ(feed.version, "rss20");
  EXPECT_EQ(feed.head.title->value, "News & views");
  EXPECT_EQ(feed.head.link, "https://news.example/");
  EXPECT_EQ(feed.LinkTo("hub"), "https://hub.example/");
  EXPECT_EQ(feed.LinkTo("self"), "https://news.example/feed");
  ASSERT_EQ(feed.entries.size(), 1U);
  const FeedItem& entry = feed.entries[0];
  EXPECT_EQ(entry.title->value, "A <b>bold</b> story");
  EXPECT_EQ(entry.title->type, "text/html");
  EXPECT_EQ(entry.link, "https://news.example/2026/story?a=1&b=2");
  EXPECT_EQ(entry.id, "tag:1");
  EXPECT_FALSE(entry.id_is_link);
  EXPECT_EQ(entry.published.time, ParseTime("2026-11-20T09:00:00Z"));
  EXPECT_EQ(entry.authors.at(0).name, "Jo Doe");
  EXPECT_EQ(entry.tags.at(0).term, "War");
  EXPECT_EQ(entry.source->title->value, "Origin");
  EXPECT_EQ(entry.source->link, "https://origin.example/feed");
}

TEST(ParseFeed, FindsTheFilms) {
  const Feed feed = Read(kRss);
  const FeedItem& entry = feed.entries.at(0);
  EXPECT_EQ(entry.enclosures.at(0).href, "https://news.example/film.mp4");
  EXPECT_EQ(entry.enclosures.at(0).type, "video/mp4");
  EXPECT_EQ(entry.media.at(0).url, "https://cdn.example/hd.mp4");
  EXPECT_EQ(entry.media.at(0).player, "https://news.example/player/1");
  EXPECT_EQ(entry.media.at(0).attributes.at("height"), "720");
  EXPECT_EQ(entry.thumbnails.at(0).url, "https://cdn.example/t.jpg");
  EXPECT_EQ(entry.media_notes.at(0).text, "Ann");
}

TEST(ParseFeed, CleansEmbeddedHtml) {
  const Feed feed = Read(kRss);
  EXPECT_EQ(feed.entries.at(0).contents.at(0).value,
            "<p><a href=\"https://news.example/more\">More</a>\n   "
            "<video src=\"https://news.example/v.mp4\"></video></p>");
}

TEST(ParseFeed, ReadsAtom) {
  const Feed feed = Read(
      R"(<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example/x/">
      <title type="html">&amp;lt;T&amp;gt;</title><id>urn:f</id>
      <link href="./"/><link rel="next" href="?page=2"/>
      <entry xml:base="y/"><id>urn:e</id><link href="z"/>
        <link rel="enclosure" type="video/mp4" href="f.mp4"/>
        <title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <b>c</b></div></title>
        <updated>2026-11-20T10:00:00Z</updated>
        <author><name>Jo</name><email>jo@a.example</email></author>
        <content src="whole.html" type="text/html"/></entry></feed>)",
      "https://elsewhere.example/");
  EXPECT_EQ(feed.version, "atom10");
  EXPECT_EQ(feed.head.title->value, "&lt;T&gt;");
  EXPECT_EQ(feed.LinkTo("next"), "https://a.example/x/?page=2");
  const FeedItem& entry = feed.entries.at(0);
  EXPECT_EQ(entry.title->value, "A <b>c</b>");
  EXPECT_EQ(entry.link, "https://a.example/x/y/z");
  EXPECT_EQ(entry.enclosures.at(0).href, "https://a.example/x/y/f.mp4");
  EXPECT_EQ(entry.contents.at(0).src, "https://a.example/x/y/whole.html");
  EXPECT_EQ(entry.authors.at(0).Display(), "Jo (jo@a.example)");
}

TEST(ParseFeed, ReadsJsonFeed) {
  const Feed feed = Read(R"({"version": "https://jsonfeed.org/version/1.1",
    "title": "T", "home_page_url": "/", "next_url": "?p=2",
    "hubs": [{"type": "WebSub", "url": "https://hub.example/"}],
    "items": [{"id": 7, "url": "/7", "title": "Seven",
      "content_html": "<img src=i.png>", "date_published": "2026-11-20T10:00:00Z",
      "attachments": [{"url": "v.mp4", "mime_type": "video/mp4",
                       "size_in_bytes": 5}]}, 3, {"id": "8"}]})");
  EXPECT_EQ(feed.version, "json1");
  EXPECT_EQ(feed.head.link, "https://news.example/");
  EXPECT_EQ(feed.LinkTo("hub"), "https://hub.example/");
  ASSERT_EQ(feed.entries.size(), 2U);
  const FeedItem& entry = feed.entries[0];
  EXPECT_EQ(entry.id, "7");
  EXPECT_EQ(entry.link, "https://news.example/7");
  EXPECT_EQ(entry.enclosures.at(0).href, "https://news.example/v.mp4");
  EXPECT_EQ(entry.enclosures.at(0).length, "5");
  EXPECT_EQ(entry.contents.at(0).value,
            "<img src=\"https://news.example/i.png\" />");
}

TEST(ParseFeed, RecoversBrokenFeeds) {
  const Feed feed = Read(
      "<rss><channel><title>Caf&eacute; & more</title><item><title>1</title>"
      "<link>https://a.example/?x&y</link></item>"
      "<item><media:content url='https://a.example/v.mp4'/><title>2</title>");
  EXPECT_FALSE(feed.well_formed);
  EXPECT_FALSE(feed.notes.empty());
  EXPECT_EQ(feed.head.title->value, "Caf\u00e9 & more");
  ASSERT_EQ(feed.entries.size(), 2U);
  EXPECT_EQ(feed.entries[0].link, "https://a.example/?x&y");
  EXPECT_EQ(feed.entries[1].media.at(0).url, "https://a.example/v.mp4");
  EXPECT_EQ(feed.entries[1].title->value, "2");
}

TEST(ParseFeed, RefusesWhatIsNoFeed) {
  for (const std::string_view bytes : {"", "hello", "<html><body/></html>",
                                       "{}", "[1]", "{\"a\": ", "<urlset/>"}) {
    EXPECT_FALSE(ParseFeed({.bytes = bytes, .charset = {}, .url = {}}))
        << bytes;
  }
}

TEST(ParseFeed, IsBounded) {
  std::string many = "<rss><channel>";
  for (int i = 0; i < 100; ++i) many += "<item><guid>1</guid></item>";
  const auto feed =
      ParseFeed({.bytes = many, .charset = {}, .url = {}}, {.max_entries = 10});
  ASSERT_TRUE(feed);
  EXPECT_TRUE(feed->cut);
  EXPECT_EQ(feed->entries.size(), 10U);
  const std::string deep(1 << 20, '[');
  EXPECT_FALSE(
      ParseFeed({.bytes = "{\"items\": " + deep, .charset = {}, .url = {}}));
}

// Markup made to look endless: each must take no more than a pass.
TEST(CleanFeedHtml, IsLinear) {
  for (const std::string_view piece :
       {"<a ", "<a x=\"", "<!--", "<script>", "</", "<a =", "&", "<b/x"}) {
    std::string html;
    while (html.size() < (256U << 10)) html += piece;
    EXPECT_LE(CleanFeedHtml(html, "https://a.example/").size(),
              html.size() * 6);
  }
}

TEST(CleanFeedHtml, RemovesWhatActs) {
  const struct {
    std::string_view html, clean;
  } cases[] = {
      {"a<script>b</script>c<style>d</STYLE >e", "ace"},
      {"<a href=' JaVa\tScript:x'>y</a>", "<a>y</a>"},
      {"<IMG SRC=x.png alt='a<b' onerror=alert(1)>",
       "<img alt=\"a&lt;b\" src=\"https://a.example/x.png\" />"},
      {"<a href='&#106;ava&Tab;script&colon;x'>y</a>", "<a>y</a>"},
      {"<a href='&#x6a&#x61vascript:x'>y</a>", "<a>y</a>"},
      {"<<!-- -->b onclick=x>", "&lt;b onclick=x>"},
      {"<form><input></form>", "<input />"},
      {"1 < 2 && <3", "1 &lt; 2 &amp;&amp; &lt;3"},
      {"<a href=\"x", "&lt;a href=\"x"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(CleanFeedHtml(c.html, "https://a.example/"), c.clean);
  }
}

TEST(ParseFeedDate, ReadsWhatFeedsWrite) {
  const struct {
    std::string_view text;
    std::optional<std::string_view> time;
  } cases[] = {
      {"Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"},
      {"Thu, 1 Jan 04 19:48 EST", "2004-01-02T00:48:00Z"},
      {"01 Jan 2004 19:48:21 +0530", "2004-01-01T14:18:21Z"},
      {"2003-12-31T10:14:55-08:00", "2003-12-31T18:14:55Z"},
      {"2003-12-31T10:14Z", "2003-12-31T10:14:00Z"},
      {"2003-12", "2003-12-01T00:00:00Z"},
      {"20031231", "2003-12-31T00:00:00Z"},
      {"Sun Jan  4 16:29:06 PST 2004", "2004-01-05T00:29:06Z"},
      {"yesterday", std::nullopt},
      {"", std::nullopt},
      {"31 Feb 2004 00:00:00 GMT", std::nullopt},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ParseFeedDate(c.text), c.time ? ParseTime(*c.time) : std::nullopt)
        << c.text;
  }
}

}  // namespace
}  // namespace stemma

#include "fetch/sitemap.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "fetch/xml.h"

namespace stemma {
namespace {

using Strings = std::vector<std::string>;

Strings Urls(const Result<Sitemap>& sitemap) {
  Strings urls;
  if (!sitemap) return {"malformed"};
  for (const SitemapEntry& entry : sitemap->entries) urls.push_back(entry.url);
  return urls;
}

std::string Gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string in(text);
  std::string out(text.size() + 256, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

constexpr std::string_view kNewsAndVideo = R"(<?xml version="1.0"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
  xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
  xmlns:video="http://www.google.com/schemas/sitemap-video/1.1"
  xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"
  xmlns:xhtml="http://www.w3.org/1999/xhtml">
 <url>
  <loc> https://example.org/a?x=1&amp;y=2 </loc>
  <lastmod>2026-11-20T10:00:00+02:00</lastmod>
  <news:news><news:publication><news:name>The Example</news:name>
   <news:language>en</news:language></news:publication>
   <news:publication_date>2026-11-20</news:publication_date>
   <news:title>A &lt;story&gt;</news:title></news:news>
  <video:video><video:thumbnail_loc>https://example.org/t.jpg</video:thumbnail_loc>
   <video:title>Film</video:title>
   <video:content_loc>https://example.org/v.mp4</video:content_loc>
   <video:player_loc>https://example.org/p</video:player_loc></video:video>
  <image:image><image:loc>https://example.org/i.jpg</image:loc></image:image>
  <xhtml:link rel="alternate" hreflang="de" href="https://example.org/de"/>
 </url>
</urlset>)";

TEST(ParseSitemap, ReadsNewsVideoAndImages) {
  const Result<Sitemap> sitemap = ParseSitemap(kNewsAndVideo);
  ASSERT_TRUE(sitemap);
  EXPECT_TRUE(sitemap->well_formed);
  EXPECT_EQ(sitemap->root, "urlset");
  ASSERT_EQ(sitemap->entries.size(), 1U);
  const SitemapEntry& entry = sitemap->entries[0];
  EXPECT_EQ(entry.url, "https://example.org/a?x=1&y=2");
  EXPECT_EQ(entry.modified, ParseTime("2026-11-20T08:00:00Z"));
  ASSERT_TRUE(entry.news);
  EXPECT_EQ(entry.news->publication, "The Example");
  EXPECT_EQ(entry.news->language, "en");
  EXPECT_EQ(entry.news->title, "A <story>");
  ASSERT_EQ(entry.videos.size(), 1U);
  EXPECT_EQ(entry.videos[0].content, "https://example.org/v.mp4");
  EXPECT_EQ(entry.videos[0].player, "https://example.org/p");
  EXPECT_EQ(entry.videos[0].title, "Film");
  EXPECT_EQ(entry.images, Strings{"https://example.org/i.jpg"});
  EXPECT_EQ(entry.alternates, Strings{"https://example.org/de"});
}

TEST(ParseSitemap, ReadsIndexesAndText) {
  const Result<Sitemap> index = ParseSitemap(
      "<sitemapindex><sitemap><loc>https://example.org/1.xml.gz</loc>"
      "<lastmod>2026-11-20</lastmod></sitemap></sitemapindex>");
  ASSERT_TRUE(index);
  EXPECT_TRUE(index->IsIndex());
  EXPECT_EQ(Urls(index), Strings{"https://example.org/1.xml.gz"});
  EXPECT_EQ(Urls(ParseSitemap("\xef\xbb\xbfhttps://example.org/1\r\n\r\n"
                              "not a url\nhttps://example.org/2")),
            (Strings{"https://example.org/1", "https://example.org/2"}));
  EXPECT_EQ(Urls(ParseSitemap("<html><body>404</body></html>")),
            Strings{"malformed"});
  EXPECT_EQ(Urls(ParseSitemap("")), Strings{"malformed"});
  EXPECT_EQ(Urls(ParseSitemap("<urlset/>")), Strings{});
}

TEST(ParseSitemap, ReadsGzipInPieces) {
  const std::string half = Gzip("https://example.org/1\n");
  EXPECT_EQ(Urls(ParseSitemap(half + Gzip("https://example.org/2\n"))),
            (Strings{"https://example.org/1", "https://example.org/2"}));
  const std::string whole = Gzip(kNewsAndVideo);
  const auto cut = ParseSitemap(whole.substr(0, whole.size() - 12));
  ASSERT_TRUE(cut);
  EXPECT_FALSE(cut->notes.empty());
  EXPECT_EQ(Urls(cut), Strings{"https://example.org/a?x=1&y=2"});
}

TEST(ParseSitemap, RecoversWhatCanBeRead) {
  const auto sitemap = ParseSitemap(
      "\n<urlset><url><loc>https://example.org/?a=1&b=2</loc></url>"
      "<url><loc>https://example.org/caf&eacute;</loc></url>"
      "<url><loc>https://example.org/cut</loc></url><url><loc>https://exa");
  ASSERT_TRUE(sitemap);
  EXPECT_FALSE(sitemap->well_formed);
  EXPECT_EQ(Urls(sitemap), (Strings{"https://example.org/?a=1&b=2",
                                    "https://example.org/caf\u00e9",
                                    "https://example.org/cut"}));
}

TEST(ParseSitemap, StopsAtItsLimits) {
  std::string text = "<urlset>";
  for (int i = 0; i < 100; ++i) {
    text +=
        "<url><loc>https://example.org/" + std::to_string(i) + "</loc></url>";
  }
  const auto few = ParseSitemap(text + "</urlset>", {.max_entries = 10});
  ASSERT_TRUE(few);
  EXPECT_TRUE(few->cut);
  EXPECT_EQ(few->entries.size(), 10U);
  const auto bomb = ParseSitemap(Gzip(std::string(4 << 20, '\n') + text),
                                 {.max_bytes = 1 << 20});
  EXPECT_FALSE(bomb);
}

class Collector : public XmlHandler {
 public:
  bool Start(const Name& name, const std::vector<XmlAttribute>&) override {
    seen += "<" + std::string(name.name) + ">";
    return true;
  }
  bool End(const Name& name) override {
    seen += "</" + std::string(name.name) + ">";
    return true;
  }
  void Text(std::string_view text) override { seen += text; }
  std::string seen;
};

std::string Read(std::string_view text) {
  Collector collector;
  ReadXml(text, collector);
  return collector.seen;
}

TEST(ReadXml, ExpandsNoEntityOfTheirs) {
  EXPECT_EQ(Read("<!DOCTYPE a [<!ENTITY x \"boom\">"
                 "<!ENTITY f SYSTEM \"file:///etc/passwd\">]>"
                 "<a>1&x;2&f;3&amp;4&#65;</a>"),
            "<a>1&x;2&f;3&4A</a>");
}

TEST(ReadXml, KeepsCdataAndComments) {
  EXPECT_EQ(Read("<a><![CDATA[x & y < &nbsp;]]><!-- & --></a>"),
            "<a>x & y < &nbsp;</a>");
}

TEST(ReadXml, StopsAtDepthsNobodyNeeds) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  Collector collector;
  const XmlReport report = ReadXml(deep, collector);
  EXPECT_FALSE(report.well_formed);
  EXPECT_LT(collector.seen.size(), 3'000U);
}

// libxml2 would take minutes for these; what is before them is read.
TEST(ReadXml, StopsAtAttributesNobodyNeeds) {
  std::string many;
  for (int i = 0; i < 100'000; ++i) {
    many += " a" + std::to_string(i) + "='>'";
  }
  EXPECT_EQ(Read("<a><b/><c" + many + "/></a>"), "<a><b></b>");
  // Hidden behind a quote that is never closed.
  EXPECT_LT(Read("<a><b x='<c" + many + "/></a>").size(), 100U);
}

TEST(XmlToUtf8, FollowsMarksLabelsAndDeclarations) {
  using namespace std::string_literals;
  const struct {
    std::string bytes, charset, text;
  } cases[] = {
      {"\xef\xbb\xbf<a>\u00e9", "iso-8859-1", "<a>\u00e9"},
      {"\xff\xfe<\0a\0>\0\xe9\0"s, "", "<a>\u00e9"},
      {"\0<\0?\0a"s, "", "<?a"},
      {"<?xml encoding='windows-1252'?>\x80", "",
       "<?xml encoding='windows-1252'?>\u20ac"},
      {"<a>\xe9", "iso-8859-1", "<a>\u00e9"},
      {"<a>\xe9", "no-such-thing", "<a>\ufffd"},
      {"<?xml encoding='utf-16'?>\u00e9", "",
       "<?xml encoding='utf-16'?>\u00e9"},
      {"a\x01z\0"s, "", "a\ufffdz\ufffd"},
  };
  for (const auto& c : cases) EXPECT_EQ(XmlToUtf8(c.bytes, c.charset), c.text);
}

}  // namespace
}  // namespace stemma

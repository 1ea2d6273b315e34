#include "fetch/sitemap_meter.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

std::string Entries(int count) {
  std::string text = "<?xml version=\"1.0\"?><urlset>";
  for (int i = 0; i < count; ++i) {
    text += "<url><loc>https://a.example/" + std::to_string(i) + "</loc></url>";
  }
  return text;
}

// How many bytes are taken when the body comes in pieces of `size`.
std::size_t Taken(const std::string& body, std::size_t size) {
  SitemapMeter meter(3);
  for (std::size_t at = 0; at < body.size(); at += size) {
    if (const auto enough = meter.Feed(std::string_view(body).substr(at, size)))
      return at + *enough;
  }
  return body.size();
}

TEST(SitemapMeter, EndsAfterOneEntryMoreThanAllowedHoweverItComes) {
  const std::string whole = Entries(3) + "</urlset>", more = Entries(9);
  for (const std::size_t size : {1, 2, 5, 7, 64, 4096}) {
    EXPECT_EQ(Taken(whole, size), whole.size()) << size;
    EXPECT_EQ(Taken(more, size), Entries(4).size()) << size;
  }
}

TEST(SitemapMeter, CountsSitemapsOfAnIndexAndNothingElse) {
  std::string index = "<sitemapindex>", feed = "<rss>";
  for (int i = 0; i < 9; ++i) {
    index += "<sitemap><loc>x</loc></sitemap>";
    feed += "<image><url>x</url></image>";
  }
  EXPECT_LT(Taken(index, 10), index.size());
  EXPECT_EQ(Taken(feed, 10), feed.size());
  EXPECT_EQ(Taken(std::string(5000, ' ') + Entries(9), 64),
            5000 + Entries(9).size());
}

}  // namespace
}  // namespace stemma

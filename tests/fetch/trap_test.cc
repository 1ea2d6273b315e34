#include "fetch/trap.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

const TimePoint kNow = *ParseTime("2026-03-01T12:00:00Z");

TEST(Trap, TellsTrapsFromPages) {
  const struct {
    std::string path;
    bool trap;
  } cases[] = {
      {"/", false},
      {"/2026/03/01/title-of-a-report.html", false},
      {"/en/news/en/article/en", false},
      {"/a/a/b", false},
      {"/1999/12/31/archive", false},
      {"/?p=12345", false},
      {"/article-2031-0", false},
      {"/isbn/9780-12-345", false},
      {"/a/b/a/b/a/b", true},
      {"/x/a/a/a", true},
      {"/a/x/a/y/a/z/a", true},
      {"/calendar/2031-07", true},
      {"/calendar?month=1803-02", true},
      {"/cal/2199/11", true},
      {"/" + std::string(5'000, 'x'), true},
      {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25",
       true},
      {"/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", true},
  };
  for (const auto& c : cases) {
    const Url url = *Url::Parse("http://h.test" + c.path);
    EXPECT_EQ(TrapReason(url, kNow).has_value(), c.trap)
        << c.path.substr(0, 80) << TrapReason(url, kNow).value_or("");
  }
}

TEST(AddressKey, IsTheSameForOnePage) {
  const struct {
    std::string_view a, b;
    bool same;
  } cases[] = {
      {"http://h.test/a", "http://h.test/a#x", true},
      {"http://h.test/a", "http://H.test:80/a?", true},
      {"http://h.test/a?b=1&utm_source=x", "http://h.test/a?b=1", true},
      {"http://h.test/a?PHPSESSID=12ab", "http://h.test/a", true},
      {"http://h.test/a;jsessionid=9F/b", "http://h.test/a/b", true},
      {"http://h.test/a?sid=1&b=2", "http://h.test/a?b=2&sid=7", true},
      {"http://h.test/a?fbclid=x#y", "http://h.test/a", true},
      {"http://h.test/a", "https://h.test/a", false},
      {"http://h.test/a", "http://h.test/A", false},
      {"http://h.test/a?b=1", "http://h.test/a?b=2", false},
      {"http://h.test/a?b=1&c=2", "http://h.test/a?c=2&b=1", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(AddressKey(*Url::Parse(c.a)) == AddressKey(*Url::Parse(c.b)),
              c.same)
        << c.a << " " << c.b;
  }
}

TEST(VariantShape, GathersFacets) {
  const auto shape = [](const char* url) {
    return VariantShape(*Url::Parse(url));
  };
  EXPECT_EQ(shape("http://h.test/a?x=1&y=2"), shape("http://h.test/a?y=7&z=3"));
  EXPECT_NE(shape("http://h.test/a?x=1&y=2"), shape("http://h.test/b?x=1&y=2"));
  EXPECT_EQ(shape("http://h.test/a?p=1"), "");
  EXPECT_EQ(shape("http://h.test/a"), "");
}

}  // namespace
}  // namespace stemma

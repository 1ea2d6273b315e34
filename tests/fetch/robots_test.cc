#include "fetch/robots.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

bool MayFetch(std::string_view robots, std::string_view path,
              std::string_view agent = "stemma") {
  return Robots::Parse(robots).AllowedPath(agent, path).allowed;
}

// RFC 9309 5.1 and 5.2.
TEST(Robots, ReadsTheExamplesOfTheRfc) {
  const Robots simple = Robots::Parse(
      "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\n"
      "Allow: /publications/\n\n"
      "User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\n"
      "Allow:/example/allowed.gif\n\n"
      "User-Agent: barbot\nUser-Agent: bazbot\n"
      "Disallow: /example/page.html\n\n"
      "User-Agent: quxbot\n");
  const struct {
    std::string_view agent, path;
    bool allowed;
  } cases[] = {
      {"anybot", "/example/page.html", false},
      {"anybot", "/a.gif", false},
      {"anybot", "/publications/", true},
      {"foobot", "/example/page.html", true},
      {"foobot", "/example/page2.html", false},
      {"bazbot", "/example/page.html", false},
      {"bazbot", "/example/x", true},
      {"quxbot", "/example/page.html", true},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(simple.AllowedPath(c.agent, c.path).allowed, c.allowed)
        << c.agent << ' ' << c.path;
  }
  EXPECT_TRUE(
      MayFetch("User-Agent: foobot\nAllow: /example/page/\n"
               "Disallow: /example/page/disallowed.gif\n",
               "/example/page/x", "foobot"));
}

TEST(Robots, TheLongestPatternDecidesAndAllowWinsATie) {
  EXPECT_TRUE(MayFetch("User-agent: *\nDisallow: /a\nAllow: /ab", "/abc"));
  EXPECT_FALSE(MayFetch("User-agent: *\nAllow: /a\nDisallow: /ab", "/abc"));
  EXPECT_TRUE(MayFetch("User-agent: *\nDisallow: /a\nAllow: /a", "/a"));
  EXPECT_FALSE(
      MayFetch("User-agent: *\nAllow: /page\nDisallow: /*.htm", "/page.htm"));
}

TEST(Robots, NamesTheLineThatDecided) {
  const Robots robots = Robots::Parse(
      "# hello\r\nUser-agent: *\r\n\r\nDisallow: /private/ # keep out\r\n");
  const RobotsDecision decision = robots.AllowedPath("stemma", "/private/x");
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.line, 4);
  EXPECT_EQ(decision.rule, "Disallow: /private/");
  EXPECT_EQ(robots.AllowedPath("stemma", "/public").line, 0);
}

TEST(Robots, WildcardsAndAnchors) {
  const struct {
    std::string_view pattern, path;
    bool matches;
  } cases[] = {
      {"/a*c", "/abbbc", true},
      {"/a*c$", "/abcd", false},
      {"/a*c$", "/abcdc", true},
      {"/*", "/", true},
      {"*/x", "/a/x/y", true},
      {"/a**b", "/ab", true},
      {"/$", "/", true},
      {"/$", "/a", false},
      {"/a$b", "/a$b", false},
      {"/a%24b", "/a$b", true},
      {"/a*b*a$", "/aba", true},
      {"/ab*ba$", "/aba", false},
      {"$", "/", false},
      {"a", "/a", false},
      {"/a?b=*&c", "/a?b=1&c", true},
  };
  for (const auto& c : cases) {
    const std::string robots =
        "User-agent: *\nDisallow: " + std::string(c.pattern);
    EXPECT_EQ(!MayFetch(robots, c.path), c.matches)
        << c.pattern << ' ' << c.path;
  }
}

// RFC 9309 2.2.2.
TEST(Robots, ComparesPercentEncodingAsTheRfcDoes) {
  const struct {
    std::string_view pattern, path;
    bool matches;
  } cases[] = {
      {"/foo/bar/\u30c4", "/foo/bar/%E3%83%84", true},
      {"/foo/bar/%E3%83%84", "/foo/bar/\u30c4", true},
      {"/foo/bar/%62%61%7A", "/foo/bar/baz", true},
      {"/a%2fb", "/a%2Fb", true},
      {"/a%2fb", "/a/b", false},
      {"/%7Ejoe", "/~joe", true},
  };
  for (const auto& c : cases) {
    const std::string robots =
        "User-agent: *\nDisallow: " + std::string(c.pattern);
    EXPECT_EQ(!MayFetch(robots, c.path), c.matches)
        << c.pattern << ' ' << c.path;
  }
}

TEST(Robots, GroupsOfOneAgentAreMerged) {
  const std::string_view robots =
      "User-agent: stemma\nDisallow: /a\n"
      "User-agent: *\nDisallow: /b\n"
      "User-agent: STEMMA\nDisallow: /c\n";
  EXPECT_FALSE(MayFetch(robots, "/a"));
  EXPECT_TRUE(MayFetch(robots, "/b"));
  EXPECT_FALSE(MayFetch(robots, "/c"));
  EXPECT_FALSE(MayFetch(robots, "/c", "stemma/1.0 (+https://example.org/)"));
  EXPECT_TRUE(MayFetch(robots, "/c", "stem"));
}

TEST(Robots, OtherRecordsDoNotEndAListOfAgents) {
  const std::string_view robots =
      "User-agent: stemma\nSitemap: https://example.org/s.xml\n"
      "Crawl-delay: 2\nUser-agent: other\nDisallow: /\n";
  EXPECT_FALSE(MayFetch(robots, "/"));
  EXPECT_FALSE(MayFetch(robots, "/", "other"));
}

TEST(Robots, ForgivesWhatGoogleForgives) {
  for (const std::string_view robots :
       {"user agent: *\ndisallow: /", "UserAgent: *\nDissallow: /",
        "User-agent *\nDisallow /", "\xef\xbb\xbfUser-agent: *\nDisallow: /",
        "User-agent: *\rDisallow: /", "User-agent : *\nDisallow : /"}) {
    EXPECT_FALSE(MayFetch(robots, "/x")) << robots;
  }
  EXPECT_TRUE(MayFetch("User-agent: *\nDisallow / all of it", "/x"));
  EXPECT_TRUE(MayFetch("Disallow: /\nUser-agent: *\n", "/x"));
}

TEST(Robots, ItselfIsAlwaysAllowed) {
  EXPECT_TRUE(MayFetch("User-agent: *\nDisallow: /", "/robots.txt"));
  EXPECT_TRUE(Robots::DisallowAll().AllowedPath("x", "/robots.txt").allowed);
  EXPECT_FALSE(Robots::DisallowAll().AllowedPath("x", "/").allowed);
  EXPECT_TRUE(Robots::AllowAll().AllowedPath("x", "/").allowed);
}

TEST(Robots, AnswersByStatus) {
  EXPECT_EQ(RobotsAnswerFor(200), RobotsAnswer::kParse);
  EXPECT_EQ(RobotsAnswerFor(404), RobotsAnswer::kAllowAll);
  EXPECT_EQ(RobotsAnswerFor(403), RobotsAnswer::kAllowAll);
  EXPECT_EQ(RobotsAnswerFor(429), RobotsAnswer::kDisallowAll);
  EXPECT_EQ(RobotsAnswerFor(503), RobotsAnswer::kDisallowAll);
  EXPECT_EQ(RobotsAnswerFor(0), RobotsAnswer::kDisallowAll);
}

TEST(Robots, ReadsDelaysAndSitemaps) {
  using std::chrono::milliseconds;
  const Robots robots = Robots::Parse(
      "Sitemap: https://example.org/a.xml\nUser-agent: *\nCrawl-delay: 1.5\n"
      "Sitemap: /b.xml\nSITEMAP: https://example.org/a.xml\nSitemap:\n");
  EXPECT_EQ(robots.CrawlDelay("stemma"), milliseconds(1500));
  EXPECT_EQ(robots.sitemaps(),
            (std::vector<std::string>{"https://example.org/a.xml", "/b.xml"}));
  for (const std::string_view bad :
       {"-1", "soon", "1e9", "nan", "inf", "1 s"}) {
    EXPECT_EQ(Robots::Parse("User-agent: *\nCrawl-delay: " + std::string(bad))
                  .CrawlDelay("stemma"),
              std::nullopt)
        << bad;
  }
  EXPECT_EQ(Robots::Parse("User-agent: *\nCrawl-delay: 99999999999999999999")
                .CrawlDelay("stemma"),
            std::chrono::hours(24));
}

TEST(Robots, StopsAtItsLimitsAndSaysSo) {
  const std::string filler(600 << 10, '#');
  const Robots robots = Robots::Parse("User-agent: *\nDisallow: /a\n" + filler +
                                      "\nDisallow: /b\n");
  EXPECT_TRUE(robots.cut());
  EXPECT_FALSE(robots.AllowedPath("stemma", "/a").allowed);
  EXPECT_TRUE(robots.AllowedPath("stemma", "/b").allowed);
}

// A pattern of stars against a path that almost matches must not backtrack.
TEST(Robots, HostilePatternsAreLinear) {
  std::string pattern = "/";
  for (int i = 0; i < 5'000; ++i) pattern += "a*";
  std::string robots = "User-agent: *\n";
  for (int i = 0; i < 40; ++i) robots += "Disallow: " + pattern + "b\n";
  EXPECT_TRUE(MayFetch(robots, "/" + std::string(16'000, 'a')));
}

TEST(ProductToken, IsTheNameWithoutVersion) {
  EXPECT_EQ(ProductToken("stemma/1.0 (+https://example.org)"), "stemma");
  EXPECT_TRUE(IsProductToken("Foo_Bar-Baz"));
  EXPECT_FALSE(IsProductToken(""));
  EXPECT_FALSE(IsProductToken("bot/2"));
}

}  // namespace
}  // namespace stemma

#include "fetch/cookies.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

const TimePoint kNow = *ParseTime("2026-11-25T00:00:00Z");

Url At(std::string_view text) { return Url::Parse(text).value(); }

// What a jar that got `set` from `from` sends to `to`.
std::string Sent(std::vector<std::string_view> set, std::string_view from,
                 std::string_view to) {
  CookieJar jar;
  for (const std::string_view value : set) jar.Set(value, At(from), kNow);
  return jar.HeaderFor(At(to), kNow);
}

TEST(ParseCookieDate, ReadsNearlyAnything) {
  const struct {
    std::string_view text;
    std::optional<std::string_view> date;
  } cases[] = {
      {"Wed, 09 Jun 2021 10:18:14 GMT", "2021-06-09T10:18:14Z"},
      {"wednesday 9-JUNE-21 1:2:3", "2021-06-09T01:02:03Z"},
      {"10:18:14x 2021/Jun/09", "2021-06-09T10:18:14Z"},
      {"9 Jun 70 00:00:00", "1970-06-09T00:00:00Z"},
      {"9 Jun 69 00:00:00", "2069-06-09T00:00:00Z"},
      {"31 Feb 2021 00:00:00", std::nullopt},
      {"9 Jun 2021 24:00:00", std::nullopt},
      {"9 Jun 1600 00:00:00", std::nullopt},
      {"9 Jun 2021", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ParseCookieDate(c.text),
              c.date ? ParseTime(*c.date) : std::nullopt)
        << c.text;
  }
}

TEST(CookieJar, SendsToTheHostThatSetAndToItsDomain) {
  const std::string_view from = "http://www.example.com/a/b";
  EXPECT_EQ(Sent({"a=1"}, from, "http://www.example.com/a/c"), "a=1");
  EXPECT_EQ(Sent({"a=1"}, from, "http://example.com/a/c"), "");
  EXPECT_EQ(
      Sent({"a=1; Domain=.EXAMPLE.com; Path=/"}, from, "http://x.example.com/"),
      "a=1");
  EXPECT_EQ(Sent({"a=1; Domain=example.org"}, from, from), "");
  EXPECT_EQ(Sent({"a=1; Domain=com"}, from, from), "");
  EXPECT_EQ(
      Sent({"a=1; Domain=0.0.1"}, "http://127.0.0.1/", "http://127.0.0.1/"),
      "");
}

TEST(CookieJar, MatchesWholePathSegments) {
  const std::string_view from = "http://example.com/a/b/c";
  EXPECT_EQ(Sent({"a=1"}, from, "http://example.com/a/b"), "a=1");
  EXPECT_EQ(Sent({"a=1"}, from, "http://example.com/a/bc"), "");
  EXPECT_EQ(Sent({"a=1; Path=/a/"}, from, "http://example.com/a"), "");
  EXPECT_EQ(Sent({"a=1; Path=relative"}, from, "http://example.com/a/b/x"),
            "a=1");
}

TEST(CookieJar, OrdersByPathThenAge) {
  EXPECT_EQ(Sent({"a=1; Path=/", "b=2; Path=/x", "c=3; Path=/", "a=4; Path=/"},
                 "http://example.com/", "http://example.com/x/y"),
            "b=2; a=4; c=3");
}

TEST(CookieJar, ForgetsWhatIsOver) {
  const std::string_view url = "http://example.com/";
  EXPECT_EQ(Sent({"a=1", "a=; Max-Age=0"}, url, url), "");
  EXPECT_EQ(Sent({"a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, url, url), "");
  EXPECT_EQ(Sent({"a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"},
                 url, url),
            "a=1");
  CookieJar jar;
  jar.Set("a=1; Max-Age=60", At(url), kNow);
  EXPECT_EQ(jar.HeaderFor(At(url), kNow + std::chrono::seconds(59)), "a=1");
  EXPECT_EQ(jar.HeaderFor(At(url), kNow + std::chrono::seconds(60)), "");
}

TEST(CookieJar, KeepsPromises) {
  const std::string_view secure = "https://example.com/";
  const std::string_view plain = "http://example.com/";
  EXPECT_EQ(Sent({"a=1; Secure"}, secure, plain), "");
  EXPECT_EQ(Sent({"a=1; Secure"}, secure, secure), "a=1");
  EXPECT_EQ(Sent({"__Secure-a=1"}, secure, secure), "");
  EXPECT_EQ(
      Sent({"__Host-a=1; Secure; Path=/x"}, secure, "https://example.com/x"),
      "");
  EXPECT_EQ(Sent({"__Host-a=1; Secure; Path=/"}, secure, secure), "__Host-a=1");
}

TEST(CookieJar, IgnoresWhatIsNoCookie) {
  const std::string_view url = "http://example.com/";
  for (const std::string_view value :
       {"", ";", "=", "=v", "novalue", "a\x01=b"}) {
    EXPECT_EQ(Sent({value}, url, url), "") << value;
  }
  EXPECT_EQ(Sent({"a=" + std::string(5000, 'x')}, url, url), "");
}

TEST(CookieJar, IsBounded) {
  CookieJar jar({.per_domain = 2, .total = 3});
  for (const std::string_view value : {"a=1", "b=2", "c=3"}) {
    jar.Set(value, At("http://example.com/"), kNow);
  }
  EXPECT_EQ(jar.HeaderFor(At("http://example.com/"), kNow), "b=2; c=3");
  jar.Set("x=1", At("http://one.example/"), kNow);
  jar.Set("y=1", At("http://two.example/"), kNow);
  EXPECT_EQ(jar.size(), 3U);
}

}  // namespace
}  // namespace stemma

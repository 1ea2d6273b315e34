#include "core/url.h"

#include <gtest/gtest.h>

#include <vector>

namespace stemma {
namespace {

std::string Resolved(std::string_view text, std::string_view base = {}) {
  Result<Url> base_url = Url::Parse(base);
  const Result<Url> url = Url::Parse(text, base_url ? &*base_url : nullptr);
  return url ? url->Href() : "failure";
}

TEST(Url, SerializesOneWay) {
  const struct {
    std::string_view text, href;
  } cases[] = {
      {"HTTPS://Example.ORG:443/a/../b", "https://example.org/b"},
      {"http://example.org", "http://example.org/"},
      {"http:\\\\example.org\\a\\.\\b", "http://example.org/a/b"},
      {"  http://example.org/ \n", "http://example.org/"},
      {"http://exa\tmple.org/a\nb", "http://example.org/ab"},
      {"http://0x7f.1/", "http://127.0.0.1/"},
      {"http://4294967295/", "http://255.255.255.255/"},
      {"http://4294967296/", "failure"},
      {"http://1.2.3.4.5/", "failure"},
      {"http://[1:0:0:2::]/", "http://[1:0:0:2::]/"},
      {"http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"},
      {"http://[::1%25eth0]/", "failure"},
      {"http://b\u00fccher.example/", "http://xn--bcher-kva.example/"},
      {"http://\uff11\uff12\uff17.1/", "http://127.0.0.1/"},
      {"http://a b/", "failure"},
      {"http://a%00b/", "failure"},
      {"http:///", "failure"},
      {"http://example.org:65536/", "failure"},
      {"http://example.org:00080/", "http://example.org/"},
      {"http://u@v:p@q@example.org/", "http://u%40v:p%40q@example.org/"},
      {"file:///C|/a/../..", "file:///C:/"},
      {"file://localhost/etc", "file:///etc"},
      {"data:text/plain, x #y", "data:text/plain, x%20#y"},
      {"web+demo:/.//not-a-host/", "web+demo:/.//not-a-host/"},
      {"http://example.org/?q='a'", "http://example.org/?q=%27a%27"},
      {"http://example.org/\xff", "http://example.org/%EF%BF%BD"},
      {"//example.org/", "failure"},
      {"", "failure"},
  };
  for (const auto& c : cases) EXPECT_EQ(Resolved(c.text), c.href) << c.text;
}

// RFC 3986 5.4, normal and abnormal examples, as the URL Standard answers.
TEST(Url, ResolvesReferences) {
  const struct {
    std::string_view reference, href;
  } cases[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"", "http://a/b/c/d;p?q"},
      {"..", "http://a/b/"},
      {"../../../../g", "http://a/g"},
      {"%2E%2e/g", "http://a/b/g"},
      {"http:g", "http://a/b/c/g"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Resolved(c.reference, "http://a/b/c/d;p?q"), c.href)
        << c.reference;
  }
}

TEST(Url, TellsAbsentFromEmpty) {
  const Url url = Url::Parse("http://example.org/?#").value();
  EXPECT_TRUE(url.has_query());
  EXPECT_TRUE(url.has_fragment());
  EXPECT_EQ(url.Href(), "http://example.org/?#");
  EXPECT_EQ(url.HrefWithoutFragment(), "http://example.org/?");
  EXPECT_FALSE(Url().valid());
  EXPECT_EQ(Url().Href(), "");
}

TEST(Url, KnowsPortsAndOrigins) {
  EXPECT_EQ(Url::Parse("https://example.org/")->EffectivePort(), 443);
  EXPECT_EQ(Url::Parse("https://example.org:8443/")->EffectivePort(), 8443);
  EXPECT_EQ(Url::Parse("https://example.org:8443/x")->Origin(),
            "https://example.org:8443");
  EXPECT_EQ(Url::Parse("data:,x")->Origin(), "null");
  EXPECT_EQ(Url::Parse("blob:https://example.org/id")->Origin(),
            "https://example.org");
}

TEST(Url, WritesQueriesInTheEncodingOfThePage) {
  const auto query = [](std::string_view charset) {
    return Url::Parse("http://example.org/?\u00e9\u2020&x", nullptr, charset)
        ->query();
  };
  EXPECT_EQ(query("UTF-8"), "%C3%A9%E2%80%A0&x");
  EXPECT_EQ(query("windows-1252"), "%E9%86&x");
  EXPECT_EQ(query("ISO-8859-2"), "%E9%26%238224%3B&x");
  EXPECT_EQ(query("no-such-charset"), "%C3%A9%E2%80%A0&x");
}

TEST(Url, SaysWhatWasWrong) {
  const Result<Url> url = Url::Parse("http://exa<mple.org/");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().code(), ErrorCode::kMalformed);
  EXPECT_NE(url.error().message().find("exa<mple.org"), std::string::npos);
}

// Whatever parses, parses to the same when serialized: keys depend on it.
TEST(Url, SerializationIsAFixedPoint) {
  const std::vector<std::string> pieces = {
      "http:", "file:", "x:", "//",     "/",      "\\", "..",
      ".",     "%2e",   "c|", "a@b:1",  "[::",    "]",  "?",
      "#",     "\xc3",  " ",  "\u00df", "0x7f.1", ":80"};
  int parsed = 0;
  for (const auto& a : pieces) {
    for (const auto& b : pieces) {
      for (const auto& c : pieces) {
        for (const auto& d : pieces) {
          const Result<Url> once = Url::Parse(a + b + c + d);
          if (!once) continue;
          ++parsed;
          const Result<Url> twice = Url::Parse(once->Href());
          ASSERT_TRUE(twice) << a + b + c + d;
          ASSERT_EQ(twice->Href(), once->Href()) << a + b + c + d;
        }
      }
    }
  }
  EXPECT_GT(parsed, 1000);
}

TEST(DomainToAscii, AppliesTodaysUts46) {
  EXPECT_EQ(DomainToAscii("Fa\u00df.de", false).value(), "xn--fa-hia.de");
  EXPECT_EQ(DomainToAscii("\u1e9e.com", false).value(), "xn--zca.com");
  EXPECT_EQ(DomainToAscii("\u04c0.com", false).value(), "xn--s5a.com");
  EXPECT_EQ(DomainToAscii("xn--0.COM", false).value(), "xn--0.com");
  EXPECT_FALSE(DomainToAscii("xn--0.com", true));
  EXPECT_FALSE(DomainToAscii("", false));
  EXPECT_FALSE(DomainToAscii("\u00ad", false));
  EXPECT_FALSE(DomainToAscii("a\u202eb", false));
  EXPECT_FALSE(DomainToAscii(std::string(5000, '\xc3'), false));
}

}  // namespace
}  // namespace stemma

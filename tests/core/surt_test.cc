#include "core/surt.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(SurtKey, IsWhatWaybackMachinesLookUp) {
  const struct {
    std::string_view url, key;
  } cases[] = {
      {"http://127.0.0.1:18473/", "1,0,0,127:18473)/"},
      {"https://www.Example.COM/Path/?B=2&a=1#f", "com,example)/path?a=1&b=2"},
      {"https://b\u00fccher.example/\u00e4", "example,xn--bcher-kva)/%c3%a4"},
      {"http://example.com/a//b/../c", "com,example)/a/c"},
      {"http://example.com/a%2fb%41", "com,example)/a/ba"},
      {"http://example.com/?jsessionid=0123456789abcdef0123456789abcdef",
       "com,example)/"},
      {"http://[::1]/x", "::1)/x"},
      {"https://www2.example.com/", "com,example)/"},
      {"http://example.com:80/", "com,example)/"},
      {"https://example.com:80/", "com,example:80)/"},
      {"http://user:secret@example.com/", "com,example)/"},
      {"example.com/x", "com,example)/x"},
      {"http://example.com", "com,example)/"},
      {"http://example.com?q", "com,example)/?q"},
      {"http://example.com/a/?b&a", "com,example)/a?a&b"},
      {"http://example.com/%2525", "com,example)/%25"},
      {"http://0x7f.1/", "1,0x7f)/"},
      {"http://127.1/", "1,0,0,127)/"},
      {"dns:example.com", "dns:example.com"},
      {"urn:pageinfo:https://example.com/", "urn:pageinfo:https://example.com"},
      {"mailto:A@example.com", "mailto:a@example.com"},
      {"http:////example.com/x", "com,example)/x"},
      {"http://https://example.com/", "com,example)/"},
      {"", "-"},
  };
  for (const auto& c : cases) EXPECT_EQ(SurtKey(c.url), c.key) << c.url;
}

TEST(SurtKey, ReadsAnyBytes) {
  for (const std::string_view url :
       {"http://", "http:", ":", "//", "http://[", "http://[]:", "http://a:b/",
        "http://%%/%", "http://\xff\xfe/\xff?\xff#\xff", "\xc3\x28://x", "?",
        "http://www./", "http://.../", "http://a:99999999999999/"}) {
    EXPECT_FALSE(SurtKey(url).empty()) << url;
  }
}

TEST(SortedQuery, SortsByNameThenByValue) {
  EXPECT_EQ(SortedQuery("b=1&a=2&a=1&a&c"), "a&a=1&a=2&b=1&c");
  EXPECT_EQ(SortedQuery("a=1&"), "&a=1");
  EXPECT_EQ(SortedQuery("a=b=c&a"), "a&a=b=c");
  EXPECT_EQ(SortedQuery("a&a&a"), "a&a&a");
}

TEST(SessionIds, AreRemovedFromQueries) {
  const std::string id = "0123456789abcdefghijklmnopqrstuv";
  EXPECT_EQ(WithoutQuerySessionId("one=two&JSESSIONID=" + id + "&x=y"),
            "one=two&x=y");
  EXPECT_EQ(WithoutQuerySessionId("jsessionid=" + id + "0"),
            "jsessionid=" + id + "0");
  EXPECT_EQ(
      WithoutQuerySessionId("ASPSESSIONIDABCDEFGH=ABCDEFGHIJKLMNOPQRSTUVWX"
                            "&x=y"),
      "x=y");
  EXPECT_EQ(WithoutQuerySessionId("CFID=1&CFTOKEN=2&d=3"), "d=3");
  EXPECT_EQ(WithoutQuerySessionId("CFID=&CFTOKEN=2"), "CFID=&CFTOKEN=2");
}

TEST(SessionIds, AreRemovedFromAspPaths) {
  const std::string id = "4hqa0555fwsecu455xqckv45";
  EXPECT_EQ(WithoutPathSessionId("/(S(" + id + "))/x.aspx"), "/x.aspx");
  EXPECT_EQ(WithoutPathSessionId("/(" + id + ")/x.aspx"), "/x.aspx");
  EXPECT_EQ(WithoutPathSessionId("/(a(" + id + ")S(" + id + "))/x.aspx?p=1"),
            "/x.aspx?p=1");
  EXPECT_EQ(WithoutPathSessionId("/(" + id + ")/x.html"),
            "/(" + id + ")/x.html");
}

TEST(PercentDecodeRepeatedly, IsLinearInDepth) {
  std::string nest = "%";
  for (int i = 0; i < 100'000; ++i) nest += "25";
  EXPECT_EQ(PercentDecodeRepeatedly(nest + "41"), "A");
}

}  // namespace
}  // namespace stemma

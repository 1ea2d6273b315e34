#include "review/html.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(EscapeHtml, NothingCapturedCanRunOrHide) {
  const struct {
    std::string_view text, html;
  } cases[] = {
      {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
      {"\" onload='x' &", "&quot; onload=&#39;x&#39; &amp;"},
      {"a\xE2\x80\xAE"
       "b",
       "a\\u{202e}b"},
      {"\x1b[31mred", "\\u{1b}[31mred"},
      {"\xC2\x9B"
       "31m",
       "\\u{9b}31m"},
      {"line\nnext\ttab", "line\nnext\ttab"},
      {"caf\xC3\xA9 \xF0\x9F\x8E\xA5", "caf\xC3\xA9 \xF0\x9F\x8E\xA5"},
      {"bad\xFFutf", "bad\xEF\xBF\xBDutf"},
      {"\xC0\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"cut\xE2\x80", "cut\xEF\xBF\xBD"},
  };
  for (const auto& c : cases) EXPECT_EQ(EscapeHtml(c.text), c.html);
}

TEST(HtmlLink, OnlyHttpAddressesAreLinks) {
  EXPECT_EQ(HtmlLink("javascript:alert(1)"), "javascript:alert(1)");
  EXPECT_TRUE(
      HtmlLink("https://h.example/?a=1&b=\"")
          .starts_with("<a href=\"https://h.example/?a=1&amp;b=&quot;\""));
}

TEST(DataUri, IsBase64WithPadding) {
  EXPECT_EQ(DataUri("image/png", ""), "data:image/png;base64,");
  EXPECT_EQ(DataUri("image/png", "f"), "data:image/png;base64,Zg==");
  EXPECT_EQ(DataUri("image/png", "fo"), "data:image/png;base64,Zm8=");
  EXPECT_EQ(DataUri("image/png", "foo"), "data:image/png;base64,Zm9v");
  EXPECT_EQ(DataUri("image/png", "foob"), "data:image/png;base64,Zm9vYg==");
}

}  // namespace
}  // namespace stemma

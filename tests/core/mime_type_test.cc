#include "core/mime_type.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

std::string Read(std::string_view text) {
  const auto mime = ParseMimeType(text);
  return mime ? mime->Serialize() : "none";
}

TEST(ParseMimeType, ReadsWhatServersSend) {
  const struct {
    std::string_view text, serialized;
  } cases[] = {
      {"text/html", "text/html"},
      {" TEXT/HTML ; Charset=UTF-8 ", "text/html;charset=UTF-8"},
      {"text/html;charset=\"utf-8\"", "text/html;charset=utf-8"},
      {"text/html;charset=\"utf-8", "text/html;charset=utf-8"},
      {"text/html;charset=\"a\\\"b\"", "text/html;charset=\"a\\\"b\""},
      {"text/html;;;x=1;x=2;=3;y", "text/html;x=1"},
      {"text/html;charset=\"\"", "text/html;charset=\"\""},
      {"video/mp4; codecs=\"avc1.4d401e, mp4a.40.2\"",
       "video/mp4;codecs=\"avc1.4d401e, mp4a.40.2\""},
      {"text/html, text/plain", "none"},
      {"text", "none"},
      {"text/", "none"},
      {"/html", "none"},
      {"", "none"},
      {"te xt/html", "none"},
  };
  for (const auto& c : cases) EXPECT_EQ(Read(c.text), c.serialized) << c.text;
}

TEST(ParseMimeType, SerializationIsAFixedPoint) {
  for (const std::string_view text :
       {"a/b;c=\"\\\\\"", "a/b;c=\"d\"e;f=g", "a/b;c=\xff", "a/b;c= d "}) {
    const std::string once = Read(text);
    EXPECT_EQ(Read(once), once) << text;
  }
}

TEST(MimeType, KnowsFamilies) {
  EXPECT_TRUE(ParseMimeType("application/rss+xml")->IsXml());
  EXPECT_TRUE(ParseMimeType("text/xml")->IsXml());
  EXPECT_FALSE(ParseMimeType("image/xml")->IsXml());
  EXPECT_TRUE(ParseMimeType("application/feed+json")->IsJson());
  EXPECT_TRUE(ParseMimeType("application/xhtml+xml")->IsHtml());
}

// Ten megabytes of parameters take no more than a pass.
TEST(ParseMimeType, BoundsItsWork) {
  std::string text = "a/b";
  for (int i = 0; i < 1'000'000; ++i) text += ";p" + std::to_string(i) + "=1";
  EXPECT_LE(ParseMimeType(text)->parameters.size(), 1'000U);
}

}  // namespace
}  // namespace stemma

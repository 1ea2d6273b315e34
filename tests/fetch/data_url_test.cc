#include "fetch/data_url.h"

#include <gtest/gtest.h>

#include "fetch/content_disposition.h"

namespace stemma {
namespace {

std::string Read(std::string_view text) {
  const Result<DataUrl> data = ReadDataUrl(Url::Parse(text).value());
  return data ? data->mime.Serialize() + " " + data->body : "malformed";
}

TEST(ReadDataUrl, ReadsTextAndBase64) {
  const struct {
    std::string_view url, content;
  } cases[] = {
      {"data:,a%20b", "text/plain;charset=US-ASCII a b"},
      {"data:text/html,<p>#frag", "text/html <p>"},
      {"data:image/gif;base64,R0lG", "image/gif GIF"},
      {"data:image/gif ; BASE64,R0%6cG", "image/gif GIF"},
      {"data:;charset=utf-8,x", "text/plain;charset=utf-8 x"},
      {"data:nonsense,x", "text/plain;charset=US-ASCII x"},
      {"data:image/gif;base64,*", "malformed"},
      {"data:text/plain", "malformed"},
      {"http://a.example/,x", "malformed"},
  };
  for (const auto& c : cases) EXPECT_EQ(Read(c.url), c.content) << c.url;
}

TEST(ForgivingBase64Decode, ForgivesSpacesAndPadding) {
  EXPECT_EQ(ForgivingBase64Decode(" YW Jj\n"), "abc");
  EXPECT_EQ(ForgivingBase64Decode("YWI"), "ab");
  EXPECT_EQ(ForgivingBase64Decode("YWI="), "ab");
  EXPECT_EQ(ForgivingBase64Decode(""), "");
  for (const std::string_view text :
       {"Y", "YWI==", "Y=I=", "YW_-", "=", "===="}) {
    EXPECT_EQ(ForgivingBase64Decode(text), std::nullopt) << text;
  }
}

TEST(ContentDisposition, NamesDownloads) {
  const struct {
    std::string_view value, name;
  } cases[] = {
      {"attachment; filename=\"a b.mp4\"", "a b.mp4"},
      {"attachment; filename*=UTF-8''%e2%82%ac.mp4; filename=e.mp4",
       "\u20ac.mp4"},
      {"attachment; filename=e.mp4; filename*=UTF-8''%ff", "e.mp4"},
      {"attachment; filename=\"../../etc/passwd\"", "passwd"},
      {"attachment; filename=\"C:\\\\x\\\\y.mp4\"", "y.mp4"},
      {"attachment; filename=..", ""},
      {"attachment; filename=\"a\x1b[31m.mp4\"", "a[31m.mp4"},
      {"attachment; filename=\"open", ""},
      {"inline", ""},
      {"", ""},
      {";;;=;filename=x", "x"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ParseContentDisposition(c.value).FileName(), c.name) << c.value;
  }
}

}  // namespace
}  // namespace stemma

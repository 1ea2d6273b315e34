#include "core/utf8.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(ValidUtf8, ReplacesEachMaximalIllFormedPart) {
  const struct {
    std::string_view bytes, text;
  } cases[] = {
      {"a\u00e9\u20ac\U0001f600", "a\u00e9\u20ac\U0001f600"},
      {"\xff", "\ufffd"},
      {"\xc0\xaf", "\ufffd\ufffd"},            // overlong
      {"\xe0\x80\xaf", "\ufffd\ufffd\ufffd"},  // overlong
      {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},  // surrogate
      {"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},
      {"\xe2\x82", "\ufffd"},  // cut off: one part
      {"\xe2\x82z", "\ufffdz"},
      {"\xf0\x9f\x98", "\ufffd"},
      {"\x80z", "\ufffdz"},
  };
  for (const auto& c : cases) EXPECT_EQ(ValidUtf8(c.bytes), c.text) << c.text;
}

TEST(Utf8, RoundTripsEveryScalarValue) {
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    if (point == 0xd800) point = 0xe000;
    std::string text;
    AppendUtf8(point, &text);
    std::size_t position = 0;
    ASSERT_EQ(NextCodePoint(text, &position), point);
    ASSERT_EQ(position, text.size());
  }
}

}  // namespace
}  // namespace stemma

#include "core/ascii.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(Ascii, EachByteIsWhatTheGrammarsSay) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool digit = i >= 0x30 && i <= 0x39;
    const bool upper = i >= 0x41 && i <= 0x5A;
    const bool lower = i >= 0x61 && i <= 0x7A;
    EXPECT_EQ(IsDigit(c), digit) << i;
    EXPECT_EQ(IsAlpha(c), upper || lower) << i;
    EXPECT_EQ(IsAlnum(c), digit || upper || lower) << i;
    EXPECT_EQ(Lower(c), upper ? static_cast<char>(i + 0x20) : c) << i;
    EXPECT_EQ(IsHtmlSpace(c),
              i == 0x09 || i == 0x0A || i == 0x0C || i == 0x0D || i == 0x20)
        << i;
  }
}

TEST(Ascii, TextIsComparedWithoutRegardToCase) {
  EXPECT_TRUE(EqualsIgnoringCase("Content-TYPE", "content-type"));
  EXPECT_FALSE(EqualsIgnoringCase("type", "types"));
  EXPECT_TRUE(StartsWithIgnoringCase("Bearer x", "bearer"));
  EXPECT_FALSE(StartsWithIgnoringCase("Bear", "bearer"));
  EXPECT_TRUE(StartsWithIgnoringCase("", ""));
  EXPECT_EQ(Lowered("A\xC4z"), "a\xC4z") << "other bytes stay";
}

// U+212A KELVIN SIGN and U+0130 lower to ASCII in Unicode: not in a grammar.
TEST(Ascii, LettersOfOtherAlphabetsAreNoneOfThem) {
  EXPECT_FALSE(EqualsIgnoringCase("\xE2\x84\xAA", "k"));
  EXPECT_FALSE(EqualsIgnoringCase("\xC4\xB0", "i"));
}

}  // namespace
}  // namespace stemma

#include "archive/jcs.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace stemma {
namespace {

using namespace std::string_literals;

std::string Canonical(std::string_view text) {
  const Result<nlohmann::json> value = ParseStrict(text);
  return value ? Jcs(*value) : "refused: " + value.error().message();
}

TEST(Jcs, OneFormForEveryWriting) {
  const struct {
    std::string_view in, out;
  } cases[] = {
      {R"( { "b" : [ 1.0 , 2e3 ] , "a" : null } )",
       R"({"a":null,"b":[1,2000]})"},
      {"{}", "{}"},
      {"[]", "[]"},
      {"-0", "0"},
      {"-0.0", "0"},
      {"100000000000000000000", "100000000000000000000"},
      {"9007199254740993", "9007199254740992"},
      {"[1e21,1e-6,1e-7]", "[1e+21,0.000001,1e-7]"},
      {R"("\u0041\/\u007f\u00e9")", "\"A/\x7f\xc3\xa9\""},
      {R"("\u0000\u001F\b\t\n\f\r\"\\")", R"("\u0000\u001f\b\t\n\f\r\"\\")"},
      // UTF-16 order: a surrogate pair sorts before U+FB33.
      {R"({"\ufb33":2,"\ud83d\ude00":1})",
       "{\"\xF0\x9F\x98\x80\":1,\"\xEF\xAC\xB3\":2}"},
      {R"({"aa":1,"a":2,"":3})", R"({"":3,"a":2,"aa":1})"},
  };
  for (const auto& c : cases) EXPECT_EQ(Canonical(c.in), c.out) << c.in;
}

TEST(Jcs, TwiceIsOnce) {
  const std::string once = Canonical(
      R"({"z":[{"k":1.5e-9,"j":"\ud83d\ude00"},true,false],"y":{"x":{}}})");
  EXPECT_EQ(Canonical(once), once);
}

// RFC 8785 appendix B.
TEST(Jcs, WritesNumbersAsEcmaScript) {
  const struct {
    std::uint64_t bits;
    std::string_view text;
  } cases[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0xc0c3880000000000, "-10000"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(EcmaScriptNumber(std::bit_cast<double>(c.bits)), c.text);
  }
  EXPECT_EQ(EcmaScriptNumber(NAN), "null");
  EXPECT_EQ(EcmaScriptNumber(-INFINITY), "null");
}

TEST(Jcs, IllFormedTextBecomesTheReplacementCharacter) {
  EXPECT_EQ(Jcs("a\xff\xed\xa0\x80z"),
            "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
}

TEST(ParseStrict, RefusesWhatReadersReadDifferently) {
  for (const std::string& text :
       {R"({"a":1,"a":2})"s, R"([{"b":{"c":1,"c":1}}])"s, "\"\\ud800\""s,
        "\"\\udc00\\ud800\""s, "\"\xed\xa0\x80\""s, "\"\xff\""s, "[NaN]"s,
        "[1,]"s, "\xEF\xBB\xBF{}"s, "[1e]"s, "{}{}"s, ""s, "01"s, "1e999"s,
        "'a'"s, "\"\n\""s, "{\"a\":1"s, "// x\n1"s, "\"a\0b\""s}) {
    const Result<nlohmann::json> value = ParseStrict(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code(), ErrorCode::kMalformed) << text;
  }
}

TEST(ParseStrict, HoldsItsLimits) {
  const std::string deep = std::string(16, '[') + std::string(16, ']');
  EXPECT_TRUE(ParseStrict(deep));
  EXPECT_FALSE(ParseStrict("[" + deep + "]"));
  EXPECT_FALSE(ParseStrict(std::string(1'000'000, '[')));
  EXPECT_TRUE(ParseStrict("[1]", {.max_bytes = 3}));
  const Result<nlohmann::json> long_one = ParseStrict("[12]", {.max_bytes = 3});
  ASSERT_FALSE(long_one);
  EXPECT_EQ(long_one.error().code(), ErrorCode::kLimit);
}

}  // namespace
}  // namespace stemma

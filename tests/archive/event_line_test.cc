#include "archive/event_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "archive/jcs.h"

namespace stemma {
namespace {

using namespace std::string_literals;

TEST(EventView, GivesTheMembersOfACanonicalLine) {
  EventView view;
  ASSERT_TRUE(view.Read(
      R"({"a":[1,{"b":"c"}],"prev":"00","seq":12,"text":"q\"","type":"x"})"));
  EXPECT_EQ(view.members().size(), 5U);
  EXPECT_EQ(view.Raw("a"), R"([1,{"b":"c"}])");
  EXPECT_EQ(view.Number("seq"), 12U);
  EXPECT_EQ(view.Text("type"), "x");
  EXPECT_FALSE(view.Text("text")) << "has an escape";
  EXPECT_FALSE(view.Text("seq"));
  EXPECT_FALSE(view.Number("type"));
  EXPECT_EQ(view.Raw("absent"), "");
}

TEST(EventLine, FaultsHaveTheNamesOfTheVectors) {
  const std::string deep_ok =
      R"({"a":)" + std::string(15, '[') + std::string(15, ']') + "}";
  const std::string deep =
      R"({"a":)" + std::string(16, '[') + std::string(16, ']') + "}";
  const struct {
    std::string line, code;
  } cases[] = {
      {R"({"a":1})", ""},
      {R"({})", ""},
      {deep_ok, ""},
      {"{\"a\":\"\xC3\xA9\xF0\x9F\x98\x80\x7f\"}", ""},
      {R"({"a":-9007199254740991})", ""},
      {R"({"a":"\u0000\u001f\b\t\n\f\r\"\\"})", ""},
      {R"({"a": 1})", "not-canonical"},
      {"{\"a\":1}\r", "not-canonical"},
      {"\xEF\xBB\xBF{\"a\":1}", "not-canonical"},
      {R"({"b":1,"a":2})", "not-canonical"},
      {R"({"a":1.0})", "not-canonical"},
      {R"({"a":"\u0041"})", "not-canonical"},
      {R"({"a":"\/"})", "not-canonical"},
      {R"({"a":"\u000a"})", "not-canonical"},
      {R"({"a":"\u001F"})", "not-canonical"},
      {R"({"a":-0})", "not-canonical"},
      {R"({"a":1,"a":1})", "bad-json"},
      {R"({"a":01})", "bad-json"},
      {R"({"a":"\ud800"})", "bad-json"},
      {"{\"a\":\"\xFF\"}", "bad-json"},
      {"{\"a\":\"\xED\xA0\x80\"}", "bad-json"},
      {"{\"a\":1", "bad-json"},
      {"", "bad-json"},
      {"[]", "bad-json"},
      {deep, "bad-json"},
      {R"({"a":1.5})", "bad-event"},
      {R"({"a":9007199254740992})", "bad-event"},
      {R"({"A":1})", "bad-event"},
      {R"({"":1})", "bad-event"},
      {R"({"a":{"b-c":1}})", "bad-event"},
      {R"({"a":")" + std::string(65'535 - 8, 'x') + R"("})", ""},
      {R"({"a":")" + std::string(65'535 - 7, 'x') + R"("})", "line-too-long"},
  };
  for (const auto& c : cases) {
    // A copy of exactly its size, so that a sanitizer sees a read beyond.
    const std::vector<char> exact(c.line.begin(), c.line.end());
    EXPECT_EQ(ExplainLine({exact.data(), exact.size()}).code, c.code)
        << c.line.substr(0, 60);
  }
}

// What the one-pass reader takes is exactly what parsing and writing again
// leaves as it is.
TEST(EventView, AgreesWithParseAndWrite) {
  std::mt19937 random(7);
  const std::string seed =
      "{\"a\":[1,-2,{\"b\":\"c\\n\xC3\xA9\"},null],\"d\":{\"e\":true},"
      "\"seq\":10}";
  const std::string alphabet =
      "{}[]\",:\\ntfu0129a-_ \xC3\xA9\xF0\x9F\x98\x80\x1f"s;
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string line = seed;
    for (auto n = random() % 3; n-- > 0;) {
      const std::size_t at = random() % line.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0:
          line[at] = c;
          break;
        case 1:
          line.insert(at, 1, c);
          break;
        default:
          line.erase(at, 1 + random() % 4);
          break;
      }
      if (line.empty()) line = "{";
    }
    EventView view;
    const bool fast = view.Read(line);
    accepted += fast ? 1 : 0;
    const Result<nlohmann::json> value = ParseStrict(line);
    const bool slow = value && value->is_object() && Jcs(*value) == line &&
                      ExplainLine(line).code.empty();
    ASSERT_EQ(fast, slow) << line;
  }
  EXPECT_GT(accepted, 1000);
}

TEST(EventLine, WritesOrSaysWhyNot) {
  const Result<std::string> line =
      EventLine({{"type", "note"}, {"seq", 0}, {"text", "\xC3\xA9"}});
  ASSERT_TRUE(line);
  EXPECT_EQ(*line, "{\"seq\":0,\"text\":\"\xC3\xA9\",\"type\":\"note\"}");
  for (const nlohmann::json& bad :
       {nlohmann::json{{"x", 1.5}}, nlohmann::json{{"Key", 1}},
        nlohmann::json{{"x", std::string(70'000, 'a')}},
        nlohmann::json::array()}) {
    EXPECT_FALSE(EventLine(bad));
  }
}

TEST(EventLine, TimesHaveOneForm) {
  EXPECT_TRUE(IsEventTime("2026-03-01T11:58:00.123Z"));
  for (const std::string_view text :
       {"2026-03-01T11:58:00Z", "2026-02-30T11:58:00.123Z",
        "2026-03-01T24:00:00.000Z", "2026-03-01 11:58:00.123Z",
        "2026-03-01T11:58:00.123+00:00", "", "2026-03-01T11:58:00.12aZ"}) {
    EXPECT_FALSE(IsEventTime(text)) << text;
  }
}

}  // namespace
}  // namespace stemma

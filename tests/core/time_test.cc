#include "core/time.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(Time, WritesTheThreeForms) {
  const TimePoint time = *ParseTime("2026-03-01T11:58:00.123Z");
  EXPECT_EQ(FormatMillis(time), "2026-03-01T11:58:00.123Z");
  EXPECT_EQ(FormatSeconds(time), "2026-03-01T11:58:00Z");
  EXPECT_EQ(Format14(time), "20260301115800");
}

TEST(Time, ReadsWhatPagesAndFeedsWrite) {
  const struct {
    std::string_view text, utc;
  } cases[] = {
      {"2026-03-01", "2026-03-01T00:00:00Z"},
      {"2026-03-01T11:58", "2026-03-01T11:58:00Z"},
      {"2026-03-01 11:58:09", "2026-03-01T11:58:09Z"},
      {"2026-03-01T11:58:09+02:00", "2026-03-01T09:58:09Z"},
      {"2026-03-01T01:58:09+0330", "2026-02-28T22:28:09Z"},
      {"2026-03-01T23:30:00-05", "2026-03-02T04:30:00Z"},
      {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
      {"2026-03-01T11:58:60Z", "2026-03-01T11:58:59Z"},
      {"2026-03-01t11:58:09.1234567z", "2026-03-01T11:58:09Z"},
  };
  for (const auto& c : cases) {
    const std::optional<TimePoint> time = ParseTime(c.text);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(FormatSeconds(*time), c.utc) << c.text;
  }
}

TEST(Time, RefusesWhatIsNoDate) {
  for (const std::string_view text :
       {"", "2026", "2026-13-01", "2026-02-29", "2026-03-01T24:00",
        "2026-03-01T11:58:61Z", "2026-03-01T11", "2026-03-01T11:58Zx",
        "2026-03-01T11:58+24:00", "0000-01-01", "20260301115800",
        "2026-03-01T11:58:00+1:00", "soon"}) {
    EXPECT_FALSE(ParseTime(text)) << text;
  }
  EXPECT_FALSE(Parse14("2026030111580"));
  EXPECT_FALSE(Parse14("20260301115800 "));
  EXPECT_TRUE(Parse14("20260301115800"));
}

TEST(Time, WritesThenReadsTheSameInstant) {
  TimePoint time = *ParseTime("1969-12-31T23:59:59.999Z");
  for (int i = 0; i < 5000; ++i) {
    EXPECT_EQ(ParseTime(FormatMillis(time)), time);
    time += std::chrono::milliseconds(86'399'123'457 / 7);
    if (FormatMillis(time) > "9990") break;
  }
}

}  // namespace
}  // namespace stemma

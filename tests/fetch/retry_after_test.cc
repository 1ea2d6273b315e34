#include "fetch/retry_after.h"

#include <gtest/gtest.h>

#include "fetch/http_date.h"

namespace stemma {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow = *ParseTime("2026-11-25T00:00:00Z");

TEST(ParseHttpDate, ReadsTheThreeForms) {
  const TimePoint date = *ParseTime("1994-11-06T08:49:37Z");
  for (const std::string_view text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(ParseHttpDate(text, kNow), date) << text;
  }
  EXPECT_EQ(FormatHttpDate(date), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(ParseHttpDate, PutsTwoDigitYearsWithinFiftyYears) {
  EXPECT_EQ(ParseHttpDate("Monday, 01-Jan-76 00:00:00 GMT", kNow),
            ParseTime("2076-01-01T00:00:00Z"));
  EXPECT_EQ(ParseHttpDate("Monday, 01-Jan-77 00:00:00 GMT", kNow),
            ParseTime("1977-01-01T00:00:00Z"));
}

TEST(ParseHttpDate, RefusesTheImpossible) {
  for (const std::string_view text :
       {"", "now", "Sun, 31 Feb 2026 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT", "2026-11-25T00:00:00Z"}) {
    EXPECT_EQ(ParseHttpDate(text, kNow), std::nullopt) << text;
  }
}

std::optional<milliseconds> Wait(std::string_view value) {
  return RetryAfter(
      "HTTP/1.1 503 Busy\r\nretry-after: " + std::string(value) + "\r\n\r\n",
      kNow);
}

TEST(RetryAfter, ReadsSecondsAndDates) {
  EXPECT_EQ(Wait("120"), seconds(120));
  EXPECT_EQ(Wait("0"), seconds(0));
  EXPECT_EQ(Wait("Wed, 25 Nov 2026 00:01:00 GMT"), seconds(60));
  EXPECT_EQ(Wait("Wed, 25 Nov 2020 00:01:00 GMT"), seconds(0));
  EXPECT_EQ(Wait("99999999999999999999999"), std::chrono::hours(24) * 3650);
}

TEST(RetryAfter, IgnoresEverythingElse) {
  for (const std::string_view value : {"", "-1", "1.5", "soon", "+5", "5, 6"}) {
    EXPECT_EQ(Wait(value), std::nullopt) << value;
  }
  EXPECT_EQ(RetryAfter("HTTP/1.1 503 Busy\r\n\r\n", kNow), std::nullopt);
  EXPECT_EQ(RetryAfter("not HTTP", kNow), std::nullopt);
}

}  // namespace
}  // namespace stemma

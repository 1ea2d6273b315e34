#include "fetch/politeness.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow{milliseconds(1'700'000'000'000)};

TEST(Politeness, AHostGetsItsGapAndOthersDoNotWait) {
  Politeness polite({.delay = seconds(1)});
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow), seconds(0));
  polite.Started("a.test", "a.test", kNow);
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow), std::nullopt);
  EXPECT_EQ(polite.WaitFor("b.test", "b.test", kNow), seconds(0));
  polite.Finished("a.test", "a.test", kNow + milliseconds(100),
                  milliseconds(100));
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow + milliseconds(100)),
            seconds(1));
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow + milliseconds(1'100)),
            seconds(0));
}

TEST(Politeness, ASlowHostGetsMoreAir) {
  Politeness polite({.delay = seconds(1)});
  polite.Started("a.test", "a.test", kNow);
  polite.Finished("a.test", "a.test", kNow, seconds(2));
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow), seconds(10));
  polite.Started("a.test", "a.test", kNow + seconds(10));
  polite.Finished("a.test", "a.test", kNow + seconds(10), hours(1));
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow + seconds(10)),
            seconds(30));
}

TEST(Politeness, NoDelayMeansNone) {
  Politeness polite({.delay = seconds(0), .concurrency_per_host = 2});
  polite.Started("a.test", "a.test", kNow);
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow), seconds(0));
  polite.Started("a.test", "a.test", kNow);
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow), std::nullopt);
  polite.Finished("a.test", "a.test", kNow, seconds(9));
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow), seconds(0));
}

TEST(Politeness, ADomainIsOneNeighbour) {
  Politeness polite({.delay = seconds(0),
                     .concurrency_per_host = 1,
                     .concurrency_per_domain = 2});
  polite.Started("1.a.test", "a.test", kNow);
  polite.Started("2.a.test", "a.test", kNow);
  EXPECT_EQ(polite.WaitFor("3.a.test", "a.test", kNow), std::nullopt);
  polite.Finished("1.a.test", "a.test", kNow, seconds(0));
  EXPECT_EQ(polite.WaitFor("3.a.test", "a.test", kNow), seconds(0));
}

TEST(Politeness, RobotsMayAskForMoreButNotForEver) {
  Politeness polite({.delay = seconds(1)});
  EXPECT_TRUE(polite.SetCrawlDelay("a.test", seconds(20)));
  EXPECT_FALSE(polite.SetCrawlDelay("b.test", seconds(61)));
  polite.Started("a.test", "a.test", kNow);
  polite.Finished("a.test", "a.test", kNow, seconds(0));
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow), seconds(20));
}

TEST(Politeness, AHostThatAsksForRestGetsItAndThenHalfTheSpeed) {
  Politeness polite({.delay = seconds(1)});
  polite.RestUntil("a.test", kNow + seconds(30));
  polite.RestUntil("a.test", kNow + seconds(10));
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", kNow), seconds(30));
  EXPECT_EQ(polite.RestingUntil("a.test", kNow), kNow + seconds(30));
  const TimePoint later = kNow + seconds(30);
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", later), seconds(0));
  polite.Started("a.test", "a.test", later);
  polite.Finished("a.test", "a.test", later, seconds(0));
  EXPECT_EQ(polite.WaitFor("a.test", "a.test", later), seconds(2));
  EXPECT_EQ(polite.RestingUntil("a.test", later), std::nullopt);
}

}  // namespace
}  // namespace stemma

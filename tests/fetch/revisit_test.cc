#include "fetch/revisit.h"

#include <gtest/gtest.h>

#include <cmath>

namespace stemma {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(Revisit, ANewArticleIsWatchedCloselyAtFirst) {
  RevisitRules rules;
  rules.min_interval = milliseconds(0);
  VisitHistory history;
  const milliseconds want[] = {minutes(15),   hours(1),  hours(4),
                               hours(24),     hours(72), hours(24 * 7),
                               hours(24 * 30)};
  for (const milliseconds wait : want) {
    EXPECT_EQ(NextInterval(history, rules), wait);
    history = AfterVisit(history, wait, false);
  }
  EXPECT_GT(NextInterval(history, rules), hours(24 * 7));
}

TEST(Revisit, NeverMoreOftenThanTheJobAllows) {
  RevisitRules rules;
  rules.min_interval = hours(6);
  EXPECT_EQ(NextInterval({}, rules), hours(6));
  VisitHistory eager{7, 100, 0, minutes(100)};
  EXPECT_EQ(NextInterval(eager, rules), hours(6));
  VisitHistory still{7, 100, 100, hours(24 * 3000)};
  EXPECT_EQ(NextInterval(still, rules), rules.max_interval);
}

TEST(Revisit, AnEditBringsTheLadderBack) {
  RevisitRules rules;
  rules.min_interval = milliseconds(0);
  VisitHistory history{5, 5, 5, hours(100)};
  history = AfterVisit(history, hours(100), true);
  EXPECT_EQ(NextInterval(history, rules), hours(1));
}

TEST(Revisit, TheEstimateIsChoAndGarciaMolinas) {
  // 10 visits a day apart, 5 saw no change: lambda = ln(10.5 / 5.5) per day.
  const VisitHistory history{7, 10, 5, hours(240)};
  RevisitRules rules;
  rules.min_interval = milliseconds(0);
  const double days = 0.355 / std::log(10.5 / 5.5);
  EXPECT_NEAR(static_cast<double>(NextInterval(history, rules).count()),
              days * 86'400'000, 2);
}

TEST(Revisit, EveryTenthVisitTrustsNobody) {
  int unconditional = 0;
  for (int visit = 1; visit <= 100; ++visit) {
    unconditional += AsksUnconditionally(visit);
  }
  EXPECT_EQ(unconditional, 10);
  EXPECT_FALSE(AsksUnconditionally(1));
}

}  // namespace
}  // namespace stemma

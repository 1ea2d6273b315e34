// When to look at a page again.
//
// Edits to a news article cluster in its first hours, so a new page is looked
// at on a fixed ladder. After that its rate of change is estimated as Cho and
// Garcia-Molina do ("Estimating frequency of change", ACM TOIT 3(3), 2003),
// lambda = -ln((u + 0.5) / (n + 0.5)) / I for n visits at interval I of which
// u saw no change, and the next visit is set so that two changes fall between
// two visits at most once in twenty times: lambda x I = 0.355.
//
// "Change" is a change of the article's text, not of the page's bytes: pages
// whose clocks and counters tick would eat the budget.
#pragma once

#include <chrono>
#include <cstdint>

namespace stemma {

struct VisitHistory {
  int ladder = 0;     // rungs of the ladder done
  int visits = 0;     // visits that could see a change, the first left out
  int unchanged = 0;  // of these, saw none
  std::chrono::milliseconds watched{0};  // sum of the intervals before them
};

struct RevisitRules {
  std::chrono::milliseconds min_interval{std::chrono::hours(6)};
  std::chrono::milliseconds max_interval{std::chrono::hours(24 * 90)};
};

// What a visit `since_last` after the one before it found.
VisitHistory AfterVisit(VisitHistory history,
                        std::chrono::milliseconds since_last, bool changed);

// The wait until the next visit. Never below min_interval, never above
// max_interval.
std::chrono::milliseconds NextInterval(const VisitHistory& history,
                                       const RevisitRules& rules);

// A 304 proves only what the server says: every tenth visit asks without
// conditions. `visit` counts from 1.
bool AsksUnconditionally(std::int64_t visit);

}  // namespace stemma

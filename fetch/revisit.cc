#include "fetch/revisit.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace stemma {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr std::array<milliseconds, 7> kLadder = {
    minutes(15), hours(1),      hours(4),      hours(24),
    hours(72),   hours(24 * 7), hours(24 * 30)};

// P(2 or more changes in I) = 1 - e^-x (1 + x) = 0.05 at x = lambda I.
constexpr double kChangesPerVisit = 0.355;

}  // namespace

VisitHistory AfterVisit(VisitHistory history, milliseconds since_last,
                        bool changed) {
  ++history.visits;
  if (!changed) ++history.unchanged;
  history.watched += std::max(milliseconds(0), since_last);
  // A change starts the ladder again half way: edits come in groups.
  history.ladder = changed ? std::min(history.ladder, 1) : history.ladder + 1;
  history.ladder = std::min(history.ladder, static_cast<int>(kLadder.size()));
  return history;
}

milliseconds NextInterval(const VisitHistory& history,
                          const RevisitRules& rules) {
  milliseconds next;
  if (history.ladder < static_cast<int>(kLadder.size())) {
    next = kLadder[static_cast<std::size_t>(std::max(0, history.ladder))];
  } else if (history.visits == 0) {
    next = rules.max_interval;
  } else {
    const double interval = static_cast<double>(history.watched.count()) /
                            static_cast<double>(history.visits);
    const double rate =
        -std::log((history.unchanged + 0.5) / (history.visits + 0.5)) /
        std::max(1.0, interval);
    const double most = static_cast<double>(rules.max_interval.count());
    next = rate > 0 ? milliseconds(static_cast<std::int64_t>(
                          std::min(most, kChangesPerVisit / rate)))
                    : rules.max_interval;
  }
  return std::clamp(next, std::min(rules.min_interval, rules.max_interval),
                    std::max(rules.min_interval, rules.max_interval));
}

bool AsksUnconditionally(std::int64_t visit) { return visit % 10 == 0; }

}  // namespace stemma

#include "article/day_shown.h"

#include <string_view>

#include "article/civil_time.h"
#include "article/machine_dates.h"

namespace stemma {
namespace {

bool IsShown(const DateClaim& claim) {
  return (claim.source.starts_with("text") &&
          claim.source != "text:sentence") ||
         claim.source == "publisher-line";
}

}  // namespace

std::string DayShown(const DateClaim& published,
                     const std::vector<DateClaim>& claims) {
  const std::string day = DayAsWritten(published);
  if (IsShown(published)) return day;
  const std::string_view raw = TrimAscii(published.raw);
  const bool utc =
      published.has_zone && (raw.ends_with("Z") || raw.ends_with("+00:00") ||
                             raw.ends_with("+0000") || raw.ends_with("GMT"));
  std::string modified;
  const DateClaim* shown = nullptr;
  for (const DateClaim& claim : claims) {
    // "Published 3 May" is what the page itself says of the day.
    if (claim.source == "text:published") return DayAsWritten(claim);
  }
  for (const DateClaim& claim : claims) {
    if (shown == nullptr && IsShown(claim)) shown = &claim;
    const std::string other = DayAsWritten(claim);
    if (utc && claim.has_zone && claim.time == published.time && other != day) {
      return other;
    }
    if (modified.empty() &&
        (claim.source.find("odified") != std::string::npos ||
         claim.source.find("updated") != std::string::npos)) {
      modified = other;
    }
  }
  if (shown == nullptr) return day;
  const std::string seen = DayAsWritten(*shown);
  if (seen == day) return day;
  const auto apart = shown->time - published.time;
  // A day by itself may lie as far off as its own length and the zone's.
  const bool day_only = shown->precision == Precision::kDay;
  if (utc && apart > -std::chrono::hours{day_only ? 38 : 14} &&
      apart < std::chrono::hours{day_only ? 24 : 15}) {
    return seen;
  }
  const bool schema = published.source.starts_with("json-ld") ||
                      published.source.starts_with("itemprop");
  return seen == modified && schema ? seen : day;
}

}  // namespace stemma

// Politeness decides when a host may be contacted next. Time is an argument;
// nothing here sleeps or looks at a clock.
//
// The gap between two requests to one host is the largest of what the job
// says, what the host's robots.txt asks for (at most 60 s; a host that asks
// for more is left alone), and, when the job wants a gap at all, five times
// what the host's last answer took: a host that struggles gets more air.
//
// One instance serves one run. Not thread-safe: the crawl loop owns it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace stemma {

struct PolitenessRules {
  std::chrono::milliseconds delay{1'000};  // zero: no gap of our own
  int concurrency_per_host = 1;
  int concurrency_per_domain = 4;  // hosts of one registrable domain together
  std::chrono::milliseconds max_crawl_delay{60'000};
  std::chrono::milliseconds max_adaptive_delay{30'000};
  int adaptive_factor = 5;
};

class Politeness {
 public:
  using Millis = std::chrono::milliseconds;

  explicit Politeness(PolitenessRules rules) : rules_(rules) {}

  // How long to wait before contacting `host` of `domain` at `now`. Zero means
  // go; nullopt means not before one of its requests has ended.
  std::optional<Millis> WaitFor(std::string_view host, std::string_view domain,
                                TimePoint now) const;

  // A request to `host` begins at `now`.
  void Started(std::string_view host, std::string_view domain, TimePoint now);
  // It ended; the answer took `took`.
  void Finished(std::string_view host, std::string_view domain, TimePoint now,
                Millis took);

  // What robots.txt asks for; false: more than we are ready to wait for.
  bool SetCrawlDelay(std::string_view host, Millis delay);

  // The host asked for rest (429, 503) until `until`; for an hour after that
  // it gets half the speed.
  void RestUntil(std::string_view host, TimePoint until);
  // Until when the host rests, if it does at `now`.
  std::optional<TimePoint> RestingUntil(std::string_view host,
                                        TimePoint now) const;

 private:
  struct Host {
    int active = 0;
    std::optional<TimePoint> next;        // not before
    std::optional<TimePoint> rest_until;  // asked for by the host
    Millis crawl_delay{0}, adaptive{0};
  };
  Millis GapOf(const Host& host, TimePoint now) const;

  PolitenessRules rules_;
  std::map<std::string, Host, std::less<>> hosts_;
  std::map<std::string, int, std::less<>> domain_active_;
};

}  // namespace stemma

#include "fetch/politeness.h"

#include <algorithm>

namespace stemma {

Politeness::Millis Politeness::GapOf(const Host& host, TimePoint now) const {
  Millis gap = std::max(rules_.delay, host.crawl_delay);
  if (rules_.delay > Millis(0)) gap = std::max(gap, host.adaptive);
  constexpr Millis kSlowFor = std::chrono::hours(1);
  if (host.rest_until && now < *host.rest_until + kSlowFor) gap *= 2;
  return gap;
}

std::optional<Politeness::Millis> Politeness::WaitFor(std::string_view host,
                                                      std::string_view domain,
                                                      TimePoint now) const {
  if (const auto found = domain_active_.find(domain);
      found != domain_active_.end() &&
      found->second >= rules_.concurrency_per_domain) {
    return std::nullopt;
  }
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return Millis(0);
  const Host& state = found->second;
  if (state.active >= rules_.concurrency_per_host) return std::nullopt;
  TimePoint at = now;
  if (state.next) at = std::max(at, *state.next);
  if (state.rest_until) at = std::max(at, *state.rest_until);
  return at - now;
}

void Politeness::Started(std::string_view host, std::string_view domain,
                         TimePoint now) {
  Host& state = hosts_[std::string(host)];
  ++state.active;
  state.next = now + GapOf(state, now);
  ++domain_active_[std::string(domain)];
}

void Politeness::Finished(std::string_view host, std::string_view domain,
                          TimePoint now, Millis took) {
  Host& state = hosts_[std::string(host)];
  state.active = std::max(0, state.active - 1);
  state.adaptive =
      std::min(rules_.max_adaptive_delay, took * rules_.adaptive_factor);
  // With one request at a time the gap runs from its end, as a reader's would;
  // side by side, from the start of the latest one.
  if (rules_.concurrency_per_host == 1) {
    const TimePoint next = now + GapOf(state, now);
    state.next = state.next ? std::max(*state.next, next) : next;
  }
  int& active = domain_active_[std::string(domain)];
  active = std::max(0, active - 1);
}

bool Politeness::SetCrawlDelay(std::string_view host, Millis delay) {
  if (delay > rules_.max_crawl_delay) return false;
  hosts_[std::string(host)].crawl_delay = std::max(Millis(0), delay);
  return true;
}

void Politeness::RestUntil(std::string_view host, TimePoint until) {
  Host& state = hosts_[std::string(host)];
  state.rest_until =
      state.rest_until ? std::max(*state.rest_until, until) : until;
}

std::optional<TimePoint> Politeness::RestingUntil(std::string_view host,
                                                  TimePoint now) const {
  const auto found = hosts_.find(host);
  if (found == hosts_.end() || !found->second.rest_until ||
      *found->second.rest_until <= now) {
    return std::nullopt;
  }
  return found->second.rest_until;
}

}  // namespace stemma

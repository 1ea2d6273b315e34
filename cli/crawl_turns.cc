#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/crawl_loop.h"
#include "fetch/public_suffix.h"

namespace stemma::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLease = hours(2);  // of a claimed address

// Whose neighbour a host is; an address or a bare suffix is its own.
std::string DomainOf(const std::string& host) {
  std::string domain = RegistrableDomain(host);
  return domain.empty() ? host : domain;
}

}  // namespace

std::optional<Address> CrawlLoop::Next(Worker& worker,
                                       std::unique_lock<std::mutex>& lock) {
  while (!ending_) {
    milliseconds wait = seconds(1);
    if (!LimitReached()) {
      if (std::optional<Address> address = Pick(worker, &wait)) return address;
      if (ending_) break;
      const bool working =
          std::ranges::any_of(workers_, [](const auto& w) { return w->busy; });
      if (!working && Idle(&wait)) {
        End(CrawlEnd::kComplete, "all that was due");
        break;
      }
    }
    changed_.wait_for(lock, std::max(wait, milliseconds(1)));
  }
  return std::nullopt;
}

// The best address that may be visited now; else how long until one may.
std::optional<Address> CrawlLoop::Pick(Worker& worker, milliseconds* wait) {
  const TimePoint boot = BootNow();
  std::vector<std::pair<int, std::string>> order;
  order.reserve(hosts_.size());
  for (const auto& [host, priority] : hosts_)
    order.emplace_back(priority, host);
  std::ranges::sort(order);
  for (const auto& [priority, host] : order) {
    const std::string domain = DomainOf(host);
    const auto ready = politeness_.WaitFor(host, domain, boot);
    if (!ready) continue;  // a request of its own must end first
    if (*ready > milliseconds(0)) {
      *wait = std::min(*wait, *ready);
      continue;
    }
    Result<std::vector<Address>> claimed =
        frontier_.Claim(host, 1, options_.clock() + kLease);
    if (!claimed) {
      Fail(claimed.error());
      return std::nullopt;
    }
    while (!claimed->empty() && IsLeftOut(claimed->front())) {
      claimed = frontier_.Claim(host, 1, options_.clock() + kLease);
      if (!claimed) {
        Fail(claimed.error());
        return std::nullopt;
      }
    }
    if (claimed->empty()) {
      hosts_.erase(host);
      continue;
    }
    hosts_[host] = claimed->front().priority;
    politeness_.Started(host, domain, boot);
    worker.slot = Slot{host, domain, boot};
    return std::move(claimed->front());
  }
  return std::nullopt;
}

// An address that was taken in before the job file left it out.
bool CrawlLoop::IsLeftOut(const Address& address) {
  const Result<Url> url = Url::Parse(address.url);
  if (!url || address.found_by == "seed") return false;
  const std::string_view pattern = job().ExcludedBy(*url);
  if (pattern.empty()) return false;
  const TimePoint now = options_.clock();
  VisitRecord skipped;
  skipped.outcome = VisitOutcome::kSkipped;
  skipped.reason = fmt::format("excluded by {}", pattern);
  skipped.due = now + std::max<milliseconds>(job().min_interval, kRobotsAge);
  if (Status kept = frontier_.Complete(address.id, skipped, now); !kept) {
    Fail(kept.error());
  }
  return true;
}

bool CrawlLoop::LimitReached() {
  std::uint64_t under_way = 0;
  for (const auto& worker : workers_) under_way += worker->busy;
  if (pages_ + under_way >= job().max_pages) {
    if (pages_ >= job().max_pages) End(CrawlEnd::kComplete, "max_pages");
    return true;
  }
  if (job().max_bytes && bytes_ >= *job().max_bytes) {
    End(CrawlEnd::kOutOfBudget, "limits.max_bytes");
    return true;
  }
  if (job().max_time && BootNow() - began_boot_ >= *job().max_time) {
    End(CrawlEnd::kOutOfBudget, "limits.max_time");
    return true;
  }
  return false;
}

// Nothing to pick: is the run over, or does it wait for something?
bool CrawlLoop::Idle(milliseconds* wait) {
  const TimePoint now = options_.clock();
  const auto next = frontier_.WakePostponed(now);
  if (!next) {
    Fail(next.error());
    return true;
  }
  const auto hosts = frontier_.HostsWithWork();
  if (!hosts) {
    Fail(hosts.error());
    return true;
  }
  for (const Frontier::HostWork& work : *hosts) {
    hosts_[work.host] = work.priority;
  }
  if (!hosts_.empty()) {
    // A host that rests for long is not waited for.
    bool soon = false;
    for (const auto& [host, priority] : hosts_) {
      const auto rest = politeness_.RestingUntil(host, BootNow());
      soon |= !rest || *rest - BootNow() <= kPatience;
    }
    return !soon;
  }
  if (*next && **next - now <= kPatience) {
    *wait = std::min(*wait, **next - now + milliseconds(1));
    return false;
  }
  return true;
}

void CrawlLoop::AddAll(const Discovered& found) {
  const TimePoint now = options_.clock();
  const auto ready = [&](const NewAddress& address) {
    const auto [host, fresh] =
        hosts_.try_emplace(address.url.host(), address.priority);
    host->second = std::min(host->second, address.priority);
  };
  for (const NewAddress& address : found.addresses) {
    const auto added = frontier_.Add(address, now);
    if (!added) return Fail(added.error());
    if (*added == Frontier::Added::kNew) ready(address);
    if (*added == Frontier::Added::kTooManyVariants) {
      ++summary_.left_out["trap: variants of one listing"];
    } else {
      seen_links_.Note(address.url.HrefWithoutFragment(), address.depth,
                       address.priority);
    }
  }
  for (const NewAddress& address : found.originals) {
    if (!requeued_.insert(address.url.HrefWithoutFragment()).second) continue;
    const auto added = frontier_.AddNow(address, now, now - job().min_interval);
    if (!added) return Fail(added.error());
    if (*added == Frontier::Added::kNew) ready(address);
  }
  for (const auto& [reason, count] : found.left_out) {
    summary_.left_out[reason] += count;
  }
}

Status CrawlLoop::MayFetch(Worker& worker, const Url& url) {
  if (std::exchange(worker.first_request, false)) return {};
  STEMMA_CHECK_OK(TakeSlot(worker, url));
  if (job().robots != RobotsRule::kObey) return {};
  STEMMA_TRY(const RobotsDecision decision,
             robots_.Decide(
                 url, [&](const Url& at) { return FetchRobots(worker, at); }));
  if (decision.allowed) return {};
  return Error(ErrorCode::kRefused,
               fmt::format("robots.txt: {}", decision.rule.empty()
                                                 ? "none that could be read"
                                                 : decision.rule));
}

// A redirect, a retry or a medium: the next request of a visit waits for its
// turn like any other.
Status CrawlLoop::TakeSlot(Worker& worker, const Url& url) {
  const std::string& host = url.host();
  const std::string domain = DomainOf(host);
  std::unique_lock lock(mutex_);
  DropSlot(worker);
  changed_.notify_all();
  for (;;) {
    if (StopLevel() >= 1) {
      return Error(ErrorCode::kInterrupted, "told to stop");
    }
    const TimePoint now = BootNow();
    const auto wait = politeness_.WaitFor(host, domain, now);
    if (wait && *wait == milliseconds(0)) {
      politeness_.Started(host, domain, now);
      worker.slot = Slot{host, domain, now};
      return {};
    }
    if (wait && *wait > kPatience) {
      return Error(ErrorCode::kRefused,
                   fmt::format("{} asked for rest; not waited for", host));
    }
    changed_.wait_for(
        lock, std::clamp<milliseconds>(wait.value_or(seconds(1)),
                                       milliseconds(1), milliseconds(500)));
  }
}

void CrawlLoop::DropSlot(Worker& worker) {
  if (!worker.slot) return;
  const TimePoint now = BootNow();
  politeness_.Finished(worker.slot->host, worker.slot->domain, now,
                       now - worker.slot->since);
  worker.slot.reset();
}

bool CrawlLoop::Wait(milliseconds pause) {
  std::unique_lock lock(mutex_);
  const auto end = std::chrono::steady_clock::now() + pause;
  while (StopLevel() == 0) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) return true;
    changed_.wait_for(
        lock, std::min<std::chrono::nanoseconds>(left, milliseconds(200)));
  }
  return false;
}

}  // namespace stemma::cli

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/crawl_judge.h"
#include "cli/crawl_listing.h"
#include "cli/crawl_loop.h"
#include "fetch/coding.h"
#include "fetch/retry_after.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kListingBytes = std::uint64_t{50} << 20;
constexpr int kMaxAttempts = 5;
constexpr int kMaxFailures = 3;  // visits of one run that brought nothing
// When nothing answers any more, the trouble is likely ours: what failed then
// is put off by so much and does not count.
constexpr milliseconds kOutagePause = seconds(5);
// So many pages of one host with the same bytes: an error page or a trap.
constexpr std::uint64_t kSamePayloads = 5;

// Trouble that may be over in a moment: worth another visit in this run.
bool MayPass(const CaptureReport& report) {
  if (report.failure) return report.failure->code() == ErrorCode::kNetwork;
  return report.status == 500 || report.status == 502 || report.status == 504;
}

}  // namespace

void CrawlLoop::Work(Worker& worker) {
  for (;;) {
    std::optional<Address> address;
    {
      std::unique_lock lock(mutex_);
      address = Next(worker, lock);
      if (!address) {
        worker.fetcher.reset();  // says that this worker is done
        changed_.notify_all();
        done_.notify_all();
        return;
      }
      worker.busy = true;
      worker.start_seq = latest_seq_;
      worker.fetching = address->url;
      worker.first_request = true;
    }
    Visit(worker, *address);
    const std::lock_guard lock(mutex_);
    DropSlot(worker);
    worker.busy = false;
    worker.fetching.clear();
    changed_.notify_all();
  }
}

void CrawlLoop::Visit(Worker& worker, const Address& address) {
  const Result<Url> url = Url::Parse(address.url);
  if (!url) {
    const std::lock_guard lock(mutex_);
    return Fail(url.error().Context("frontier address " + address.url));
  }
  std::string rule;
  if (const auto refused = RefusedByRules(worker, *url, &rule)) {
    {
      const std::lock_guard lock(mutex_);
      if (Status kept =
              frontier_.Complete(address.id, *refused, options_.clock());
          !kept) {
        return Fail(kept.error());
      }
      ++failures_;
    }
    const std::lock_guard lock(report_mutex_);
    if (options_.visited) options_.visited(address, *refused);
    return;
  }
  CaptureTools tools = ToolsFor(worker, address.kind == AddressKind::kPage);
  const TimePoint began = BootNow();
  const Result<CaptureReport> report =
      CaptureUrl(*url, OptionsFor(address, rule), tools);
  if (!report && report.error().code() == ErrorCode::kLimit) {
    // Something of this page is more than we can write down. The run goes on.
    return SettleUnkept(address, report.error());
  }
  if (!report) {
    const std::lock_guard lock(mutex_);
    if (Status back = frontier_.Release(address.id); !back) Fail(back.error());
    return Fail(report.error().Context(address.url));
  }
  Discovered found;
  if (address.kind == AddressKind::kFeed ||
      address.kind == AddressKind::kSitemap) {
    Result<Discovered> listed = ReadListing(address, *report);
    if (listed) {
      found = *std::move(listed);
    } else if (options_.note) {
      const std::lock_guard lock(report_mutex_);
      options_.note(fmt::format("{} {}: {}", NameOf(address.kind), address.url,
                                listed.error().message()));
    }
  } else if (address.kind == AddressKind::kPage) {
    found =
        DiscoverFrom(job(), address, *report, options_.clock(), seen_links_);
  }
  Settle(address, *report, found, began);
}

// What robots.txt and the job say before anything of the page is asked for.
// Nothing: go on; `rule` is for the record.
std::optional<VisitRecord> CrawlLoop::RefusedByRules(Worker& worker,
                                                     const Url& url,
                                                     std::string* rule) {
  VisitRecord refused;
  refused.outcome = VisitOutcome::kRefused;
  refused.due =
      options_.clock() + std::max<milliseconds>(job().min_interval, kRobotsAge);
  if (job().robots == RobotsRule::kIgnore) return std::nullopt;
  const Result<RobotsDecision> decision = robots_.Decide(
      url, [&](const Url& at) { return FetchRobots(worker, at); });
  if (!decision) {
    refused.outcome = decision.error().code() == ErrorCode::kRefused
                          ? VisitOutcome::kRefused
                          : VisitOutcome::kFailed;
    refused.reason = "robots.txt: " + decision.error().message();
    refused.due =
        options_.clock() + std::max<milliseconds>(job().min_interval, hours(1));
    return refused;
  }
  *rule = decision->rule.empty()
              ? (decision->allowed ? "no rule" : "no readable robots.txt")
              : fmt::format("line {}: {}", decision->line, decision->rule);
  if (job().robots == RobotsRule::kReport) {
    *rule =
        (decision->allowed ? "allowed, " : "disallowed, not obeyed, ") + *rule;
    return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  if (!decision->allowed) {
    ++summary_.robots_refused;
    refused.reason = "robots.txt: " + *rule;
    return refused;
  }
  *rule = "allowed, " + *rule;
  if (const auto delay = robots_.CrawlDelay(url);
      delay && !politeness_.SetCrawlDelay(url.host(), *delay)) {
    refused.reason =
        fmt::format("robots.txt: Crawl-delay of {} s is more than we wait",
                    std::chrono::duration_cast<seconds>(*delay).count());
    return refused;
  }
  return std::nullopt;
}

// Whether the archive can still give what the last visit brought; retention
// may have taken it.
bool CrawlLoop::StillHeld(const Address& address) {
  if (archive_.ResponseOf(address.url)) return true;
  const auto payload = Sha256::Parse(address.payload_sha256);
  return payload && archive_.ResponseWith(*payload);
}

CaptureOptions CrawlLoop::OptionsFor(const Address& address,
                                     const std::string& rule) {
  CaptureOptions how;
  how.limits = options_.limits;
  how.limits.max_body_bytes =
      options_.max_filesize.value_or(job().page_max_bytes);
  how.media_limits = options_.limits;
  how.media_limits.total =
      std::max<milliseconds>(options_.limits.total, hours(2));
  how.media_limits.max_body_bytes =
      options_.max_filesize.value_or(job().media_max_bytes);
  how.streams = job().media;
  how.media = job().media && address.kind == AddressKind::kPage;
  how.derive = !job().derive_later && (address.kind == AddressKind::kPage ||
                                       address.kind == AddressKind::kMedia);
  // Nobody is told of it before the frontier is, after a sync.
  how.durable_first = !job().derive_later || options_.acknowledge != nullptr;
  how.keyframes = job().keyframes;
  how.extractor = job().extractor;
  const auto& wanted = job().rendering.hosts;
  if (renderer_ && address.kind == AddressKind::kPage &&
      (wanted.empty() ||
       std::ranges::find(wanted, address.host) != wanted.end())) {
    how.render = job().rendering.budget;
  }
  // "Not modified" is worth something only beside what was not modified.
  how.headers = ConditionsFor(address);
  if (!how.headers.empty() && !StillHeld(address)) how.headers.clear();
  if (address.kind == AddressKind::kMedia) how.limits = how.media_limits;
  if (address.kind == AddressKind::kFeed ||
      address.kind == AddressKind::kSitemap) {
    how.limits.max_body_bytes =
        std::min(how.limits.max_body_bytes, kListingBytes);
    how.headers.emplace_back(
        "Accept",
        "application/rss+xml,application/atom+xml,application/feed+json,"
        "application/xml;q=0.9,text/xml;q=0.9,*/*;q=0.5");
  }
  Json facts = {{"job", job().name},
                {"run", run_.number},
                {"kind", NameOf(address.kind)},
                {"depth", address.depth},
                {"found_by", address.found_by}};
  if (!address.via.empty()) facts["via"] = address.via;
  if (!rule.empty()) facts["robots"] = rule;
  if (address.kind == AddressKind::kMedia) facts["page"] = address.via;
  how.facts_json = facts.dump(-1, ' ', false, Json::error_handler_t::replace);
  return how;
}

CaptureTools CrawlLoop::ToolsFor(Worker& worker, bool is_page) {
  CaptureTools tools{
      .archive = archive_,
      .fetcher = *worker.fetcher,
      .memory = is_page ? memory_ : nullptr,
      .clock = options_.clock,
      .wait = [this](milliseconds t) { return Wait(t); },
      .may_fetch = [this,
                    &worker](const Url& url) { return MayFetch(worker, url); },
      .between_requests =
          [this, &worker] {
            const std::lock_guard lock(mutex_);
            if (!worker.slot) return;
            DropSlot(worker);
            worker.first_request = false;
            changed_.notify_all();
          },
      .acknowledge = {},
      .progress = {},
      .memory_lock = &memory_mutex_,
      .shelf = &shelf_,
      .renderer = renderer_.get()};
  if (options_.acknowledge) {
    tools.acknowledge = [this](std::string_view url) {
      const std::lock_guard lock(report_mutex_);
      options_.acknowledge(url);
    };
  }
  return tools;
}

void CrawlLoop::Settle(const Address& address, const CaptureReport& report,
                       const Discovered& found, TimePoint began) {
  const TimePoint now = options_.clock();
  VisitRecord visit = JudgeVisit(job(), address, report, now);
  std::vector<FoundCopy> copies = CopiesIn(report);
  {
    const std::lock_guard lock(mutex_);
    latest_seq_ = std::max(latest_seq_, report.info.seq);
    if (report.failure && report.failure->code() == ErrorCode::kInterrupted) {
      if (Status back = frontier_.Release(address.id); !back) {
        Fail(back.error());
      }
      return;
    }
    if (report.status > 0) {
      last_answer_ = BootNow();
      answering_.insert(address.host);
    }
    if (IsOutage(address, report, began)) {
      if (Status kept = frontier_.Postpone(address.id, now + kOutagePause,
                                           report.failure->message());
          !kept) {
        Fail(kept.error());
      }
      return;
    }
    if (report.status == 429 || report.status == 503) {
      PutOff(address, report, &visit);
    } else if (MayPass(report) && address.attempts < kMaxFailures) {
      visit.due = now + seconds(2) * (1 << (2 * (address.attempts - 1)));
    }
    if (Status kept = frontier_.Complete(address.id, visit, now); !kept) {
      return Fail(kept.error());
    }
    if (report.status > 0) ++pages_;
    bytes_ += visit.bytes;
    failures_ += !visit.good;
    summary_.truncated += report.truncated.has_value();
    for (const CapturedMedia& media : report.media) {
      summary_.videos += !media.sha256.empty();
    }
    for (const FoundCopy& copy : copies) summary_.copies.push_back(copy);
    // The same bytes under many addresses lead nowhere new.
    const auto same = frontier_.SamePayload(address.host, visit.payload_sha256);
    if (!same) return Fail(same.error());
    if (visit.payload_sha256.empty() || *same <= kSamePayloads) {
      AddAll(found);
    } else {
      summary_.left_out["trap: the same bytes under many addresses"] +=
          found.addresses.size();
    }
  }
  const std::lock_guard lock(report_mutex_);
  if (options_.visited) options_.visited(address, visit);
  if (options_.copy_found) {
    for (const FoundCopy& copy : copies) options_.copy_found(copy);
  }
}

void CrawlLoop::SettleUnkept(const Address& address, const Error& error) {
  VisitRecord visit;
  visit.outcome = VisitOutcome::kFailed;
  visit.reason = error.message();
  const TimePoint now = options_.clock();
  visit.due = now + std::max<milliseconds>(job().min_interval, hours(24));
  {
    const std::lock_guard lock(mutex_);
    ++failures_;
    if (Status kept = frontier_.Complete(address.id, visit, now); !kept) {
      return Fail(kept.error());
    }
  }
  const std::lock_guard lock(report_mutex_);
  if (options_.visited) options_.visited(address, visit);
}

// No answer from a host that did answer, and since this visit began nobody else
// got one either: the link is down, or the resolver.
bool CrawlLoop::IsOutage(const Address& address, const CaptureReport& report,
                         TimePoint began) const {
  return report.failure && report.failure->code() == ErrorCode::kNetwork &&
         last_answer_ && *last_answer_ < began &&
         BootNow() - *last_answer_ < kPatience &&
         answering_.contains(address.host);
}

// 429 and 503: the host gets its rest, the address another day.
void CrawlLoop::PutOff(const Address& address, const CaptureReport& report,
                       VisitRecord* visit) {
  const TimePoint now = options_.clock();
  const int step = std::clamp(address.attempts - 1, 0, 6);
  milliseconds rest = seconds(30) * (1 << step);
  rest += milliseconds(static_cast<std::int64_t>(
      Jitter() * static_cast<double>(rest.count()) / 2));
  if (const auto asked = RetryAfter(report.response_head, now)) rest = *asked;
  rest = std::clamp<milliseconds>(rest, seconds(1), kMaxRest);
  politeness_.RestUntil(address.host, BootNow() + rest);
  if (Status kept = frontier_.KeepRest(address.host, now + rest); !kept) {
    Fail(kept.error());
  }
  // The frontier wakes it within the run while it has attempts left.
  visit->due = now + (address.attempts < kMaxAttempts
                          ? rest
                          : std::max<milliseconds>(rest, job().min_interval));
}

double CrawlLoop::Jitter() {
  return static_cast<double>(random_()) /
         (static_cast<double>(std::minstd_rand::max()) + 1.0);
}

Result<Discovered> CrawlLoop::ReadListing(const Address& address,
                                          const CaptureReport& report) {
  Discovered found;
  if (report.failure || report.status != 200 || !report.holder) return found;
  STEMMA_TRY(const Blob payload, archive_.Payload(*report.holder));
  STEMMA_TRY(std::string coded, payload.ReadPrefix(kListingBytes));
  DecodeLimits limits;
  limits.max_bytes = kListingBytes;
  STEMMA_TRY(const std::string text,
             DecodeContent(report.response_head, std::move(coded), limits));
  return AddressesOfListing(job(), address, report.final_url, text,
                            report.response_head, options_.clock());
}

Result<RobotsRow> CrawlLoop::FetchRobots(Worker& worker, const Url& url) {
  CaptureOptions how;
  how.limits = options_.limits;
  how.limits.max_body_bytes = kRobotsBytes;
  how.limits.total = std::min<milliseconds>(how.limits.total, seconds(30));
  how.limits.head = std::min<milliseconds>(how.limits.head, seconds(20));
  how.max_redirects = 5;  // RFC 9309 2.3.1.2
  how.derive = false;
  how.media = false;
  how.streams = false;
  how.facts_json =
      Json{{"job", job().name}, {"run", run_.number}, {"kind", "robots"}}
          .dump();
  CaptureTools tools = ToolsFor(worker, false);
  tools.acknowledge = {};
  tools.may_fetch = {};
  STEMMA_TRY(const CaptureReport report, CaptureUrl(url, how, tools));
  if (report.failure && (report.failure->code() == ErrorCode::kRefused ||
                         report.failure->code() == ErrorCode::kInterrupted)) {
    return *report.failure;
  }
  RobotsRow row;
  row.status = report.failure ? 0 : report.status;
  row.fetched = options_.clock();
  if (row.status == 200 && report.holder) {
    STEMMA_TRY(const Blob payload, archive_.Payload(*report.holder));
    STEMMA_TRY(std::string body, payload.ReadPrefix(kRobotsBytes));
    DecodeLimits limits;
    limits.max_bytes = kRobotsBytes;
    row.body = DecodeContent(report.response_head, std::move(body), limits)
                   .value_or("");
  }
  return row;
}

std::optional<RobotsRow> CrawlLoop::LoadRobots(std::string_view origin) {
  const std::lock_guard lock(mutex_);
  const auto row = frontier_.Robots(origin, options_.clock(), kRobotsAge);
  return row ? *row : std::nullopt;
}

// Trouble is not remembered: the next run asks again.
void CrawlLoop::KeepRobots(std::string_view origin, const RobotsRow& row) {
  if (row.status == 0 || row.status == 429 || row.status >= 500) return;
  const std::lock_guard lock(mutex_);
  if (Status kept = frontier_.KeepRobots(origin, row); !kept) {
    Fail(kept.error());
  }
}

}  // namespace stemma::cli

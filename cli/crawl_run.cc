#include "cli/crawl_run.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "cli/crawl_discovery.h"
#include "cli/crawl_judge.h"
#include "cli/crawl_listing.h"
#include "cli/media_shelf.h"
#include "cli/memory.h"
#include "cli/robots_book.h"
#include "core/http_head.h"
#include "fetch/coding.h"
#include "fetch/politeness.h"
#include "fetch/public_suffix.h"
#include "fetch/retry_after.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A run waits this long for an address that was put off; longer waits are for
// the next run.
constexpr milliseconds kPatience = minutes(5);
constexpr milliseconds kLease = hours(2);
constexpr milliseconds kRobotsAge = hours(24);
constexpr milliseconds kMaxRest = hours(24);
constexpr std::uint64_t kRobotsBytes = 500 << 10;
constexpr std::uint64_t kListingBytes = std::uint64_t{50} << 20;
constexpr int kMaxAttempts = 5;
constexpr int kMaxFailures = 3;  // visits of one run that brought nothing
// When nothing answers any more, the trouble is likely ours: what failed then
// is put off by so much and does not count.
constexpr milliseconds kOutagePause = seconds(5);
// So many pages of one host with the same bytes: an error page or a trap.
constexpr std::uint64_t kSamePayloads = 5;

// The machine's time since boot, which no clock change moves: for gaps.
TimePoint BootNow() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return TimePoint(std::chrono::duration_cast<milliseconds>(
      seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec)));
}

// Whose neighbour a host is; an address or a bare suffix is its own.
std::string DomainOf(const std::string& host) {
  std::string domain = RegistrableDomain(host);
  return domain.empty() ? host : domain;
}

// Trouble that may be over in a moment: worth another visit in this run.
bool MayPass(const CaptureReport& report) {
  if (report.failure) return report.failure->code() == ErrorCode::kNetwork;
  return report.status == 500 || report.status == 502 || report.status == 504;
}

struct Slot {  // of politeness, held while a host is being contacted
  std::string host, domain;
  TimePoint since;
};

struct Worker {
  std::unique_ptr<Fetcher> fetcher;
  std::optional<Slot> slot;
  bool first_request = false;  // of the visit: its slot is held already
  bool busy = false;
  std::uint64_t start_seq = 0;  // of the log when the visit began
  std::string fetching;
};

class CrawlLoop {
 public:
  CrawlLoop(const Job& job, const CrawlOptions& options, ArchiveWriter& archive,
            Memory* memory, Frontier& frontier)
      : jobs_{job},
        job_(&jobs_.front()),
        options_(options),
        archive_(archive),
        memory_(memory),
        frontier_(frontier),
        politeness_(RulesOf(job)),
        robots_(
            job.user_agent,
            [this](std::string_view origin) { return LoadRobots(origin); },
            [this](std::string_view origin, const RobotsRow& row) {
              KeepRobots(origin, row);
            }) {}

  Result<CrawlSummary> Run();

 private:
  static PolitenessRules RulesOf(const Job& job) {
    PolitenessRules rules;
    rules.delay = job.delay;
    rules.concurrency_per_host = job.concurrency_per_host;
    rules.concurrency_per_domain =
        std::max(job.concurrency_per_host * 2, job.concurrency_per_host);
    rules.max_adaptive_delay = seconds(10);
    return rules;
  }

  // Before and after.
  Status CatchUpWithLog();
  Status ApplyEvent(ArchiveReader& reader, const Json& event);
  Status ApplyRobotsEvent(ArchiveReader& reader, const CaptureRow& capture);
  Status ApplyPageEvent(ArchiveReader& reader, const CaptureRow& capture,
                        const Json& event);
  Status AddSeeds();
  Result<CrawlSummary> Summarize();

  // The scheduler; the lock is held.
  std::optional<Address> Next(Worker& worker,
                              std::unique_lock<std::mutex>& lock);
  std::optional<Address> Pick(Worker& worker, milliseconds* wait);
  bool IsLeftOut(const Address& address);
  bool LimitReached();
  bool Idle(milliseconds* wait);
  void Fail(const Error& error);
  void End(CrawlEnd end, std::string why);
  void AddAll(const Discovered& found);
  Status CommitFrontier();

  // One visit, in a worker; the lock is not held.
  void Work(Worker& worker);
  void Visit(Worker& worker, const Address& address);
  std::optional<VisitRecord> RefusedByRules(Worker& worker, const Url& url,
                                            std::string* rule);
  CaptureOptions OptionsFor(const Address& address, const std::string& rule);
  CaptureTools ToolsFor(Worker& worker, bool is_page);
  void Settle(const Address& address, const CaptureReport& report,
              const Discovered& found, TimePoint began);
  void SettleUnkept(const Address& address, const Error& error);
  bool IsOutage(const Address& address, const CaptureReport& report,
                TimePoint began) const;
  void PutOff(const Address& address, const CaptureReport& report,
              VisitRecord* visit);
  Result<RobotsRow> FetchRobots(Worker& worker, const Url& url);
  Result<Discovered> ReadListing(const Address& address,
                                 const CaptureReport& report);

  // Politeness, for requests within a visit.
  Status MayFetch(Worker& worker, const Url& url);
  Status TakeSlot(Worker& worker, const Url& url);
  void DropSlot(Worker& worker);  // the lock is held

  std::optional<RobotsRow> LoadRobots(std::string_view origin);
  void KeepRobots(std::string_view origin, const RobotsRow& row);
  bool Wait(milliseconds pause);
  int StopLevel() const { return options_.stop ? options_.stop() : 0; }
  double Jitter();

  // What the job file says now. One that was read again keeps the older ones
  // alive: a visit under way may still look at them.
  const Job& job() const { return *job_.load(); }
  void Reload(const Job& wanted);
  std::deque<Job> jobs_;  // the reloading thread's
  std::atomic<const Job*> job_;
  const CrawlOptions& options_;
  ArchiveWriter& archive_;
  Memory* memory_;

  std::mutex mutex_;  // guards all below but for what says otherwise
  std::condition_variable changed_, done_;
  Frontier& frontier_;
  Politeness politeness_;
  std::map<std::string, int, std::less<>> hosts_;  // with work, best priority
  std::map<std::string, std::string, std::less<>> refused_hosts_;
  CrawlRun run_;
  CrawlSummary summary_;
  bool ending_ = false;
  std::uint64_t latest_seq_ = 0;
  std::uint64_t pages_ = 0, bytes_ = 0, failures_ = 0;
  std::set<std::string> requeued_;  // originals looked at again in this run
  TimePoint began_boot_;
  std::optional<TimePoint> last_answer_;  // by the boot clock, of any host
  std::set<std::string> answering_;       // hosts, in this run
  std::vector<std::unique_ptr<Worker>> workers_;
  std::minstd_rand random_{std::random_device{}()};

  RobotsBook robots_;        // has a lock of its own
  std::mutex memory_mutex_;  // guards *memory_
  MediaShelf shelf_;         // has a lock of its own
  std::mutex report_mutex_;  // guards the callbacks
};

// --- the run, read top to bottom ---------------------------------------------

Result<CrawlSummary> CrawlLoop::Run() {
  began_boot_ = BootNow();
  STEMMA_TRY(run_, frontier_.BeginRun(options_.clock()));
  STEMMA_CHECK_OK(CatchUpWithLog());
  STEMMA_CHECK_OK(AddSeeds());
  STEMMA_CHECK_OK(
      frontier_.ForEachRest([&](std::string_view host, TimePoint until) {
        const TimePoint now = options_.clock();
        if (until <= now) return;
        politeness_.RestUntil(
            host, BootNow() + std::min<milliseconds>(until - now, kMaxRest));
      }));
  STEMMA_TRY(const auto hosts, frontier_.HostsWithWork());
  for (const Frontier::HostWork& work : hosts) {
    hosts_[work.host] = work.priority;
  }
  STEMMA_CHECK_OK(frontier_.Commit());
  STEMMA_TRY(const auto before, frontier_.LastRun());
  if (before) pages_ = before->pages, bytes_ = before->bytes;

  FetchPolicy policy = options_.policy;
  policy.stop = [this] { return StopLevel() >= 2; };
  for (int i = 0; i < job().connections; ++i) {
    auto worker = std::make_unique<Worker>();
    STEMMA_TRY(worker->fetcher, Fetcher::Create(policy));
    workers_.push_back(std::move(worker));
  }
  std::vector<std::jthread> threads;
  for (const auto& worker : workers_) {
    threads.emplace_back([this, &worker] { Work(*worker); });
  }

  // This thread keeps the books while the others work. What a killed run did
  // not commit is read from the log again, so that once a second is enough.
  constexpr milliseconds kTick(200);
  constexpr int kTicksPerCommit = 5;
  for (int tick = 1, working = 1; working != 0; ++tick) {
    CrawlProgress progress;
    {
      std::unique_lock lock(mutex_);
      const auto idle = [this] {
        return std::ranges::none_of(
            workers_, [](const auto& w) { return w->fetcher != nullptr; });
      };
      working = done_.wait_for(lock, kTick, idle) ? 0 : 1;
      if (StopLevel() >= 1) End(CrawlEnd::kStopped, "told to stop");
      if (options_.reload) {
        if (const std::optional<Job> wanted = options_.reload()) {
          Reload(*wanted);
        }
      }
      if (tick % kTicksPerCommit == 0 || working == 0) {
        if (Status kept = CommitFrontier(); !kept) Fail(kept.error());
      }
      progress = {pages_, bytes_, summary_.copies.size(), failures_, 0, {}};
      for (const auto& worker : workers_) {
        if (!worker->busy) continue;
        ++progress.active;
        progress.fetching.push_back(worker->fetching);
      }
    }
    if (options_.progress) options_.progress(progress);
  }
  threads.clear();
  return Summarize();
}

Result<CrawlSummary> CrawlLoop::Summarize() {
  summary_.finished = options_.clock();
  if (summary_.end == CrawlEnd::kComplete) {
    if (Status ended = frontier_.EndRun(summary_.finished); !ended) {
      Fail(ended.error());
    }
  }
  STEMMA_TRY(const auto last, frontier_.LastRun());
  const bool resumed = run_.resumed;
  if (last) run_ = *last;
  run_.resumed = resumed;
  summary_.run = run_;
  std::uint64_t seeds = 0, refused = 0;
  std::set<std::string> seed_urls;
  for (const NewAddress& seed : SeedsOf(job())) {
    seed_urls.insert(seed.url.HrefWithoutFragment());
  }
  STEMMA_CHECK_OK(frontier_.ForEachOfRun(run_.number, [&](const RunLine& l) {
    ++summary_.outcomes[l.outcome];
    if (seed_urls.contains(l.url)) {
      ++seeds;
      refused += l.outcome == VisitOutcome::kRefused;
    }
    return Status();
  }));
  summary_.every_seed_refused = seeds > 0 && refused == seeds;
  STEMMA_TRY(summary_.frontier, frontier_.Count());
  return std::move(summary_);
}

// --- what the last run did not tell its frontier
// ------------------------------

Status CrawlLoop::CatchUpWithLog() {
  STEMMA_TRY(std::uint64_t seq, frontier_.SyncedSeq());
  Index* index = archive_.index();
  if (index == nullptr) return {};
  STEMMA_TRY(const Index::Totals totals, index->Count());
  latest_seq_ = totals.events;
  // A frontier that has never run has nothing to catch up with.
  if (seq == 0 && !run_.resumed) {
    return frontier_.SetSyncedSeq(latest_seq_);
  }
  if (totals.events == 0) return {};
  STEMMA_TRY(const auto reader, ArchiveReader::Open(archive_.dir()));
  for (; seq <= totals.events; ++seq) {
    const Result<Json> event = reader->Event(seq);
    if (!event) {
      // Numbers begin at 0 or 1, and end at one of two places.
      if (event.error().code() == ErrorCode::kNotFound) continue;
      return event.error();
    }
    STEMMA_CHECK_OK(ApplyEvent(*reader, *event));
  }
  STEMMA_CHECK_OK(frontier_.SetSyncedSeq(latest_seq_));
  return {};
}

Status CrawlLoop::ApplyEvent(ArchiveReader& reader, const Json& event) {
  const std::string type = event.value("type", "");
  if (type != "capture" && type != "capture.failed") return {};
  if (event.value("job", "") != job().name) return {};
  const Result<CaptureRow> capture = reader.CaptureById(event.value("id", ""));
  if (!capture) return {};  // a page's medium, or not of ours
  if (event.value("kind", "") == "robots") {
    return ApplyRobotsEvent(reader, *capture);
  }
  if (event.contains("page") && event.value("kind", "") != "media") return {};
  return ApplyPageEvent(reader, *capture, event);
}

Status CrawlLoop::ApplyRobotsEvent(ArchiveReader& reader,
                                   const CaptureRow& capture) {
  const Result<Url> url = Url::Parse(capture.target);
  if (!url || capture.status == 0 || capture.status >= 500) return {};
  RobotsRow row;
  row.status = capture.status;
  row.fetched = ParseTime(capture.t).value_or(options_.clock());
  if (capture.status == 200) {
    const Result<StoredRecord> record = reader.RecordById(capture.page_record);
    if (!record) return {};
    const Result<std::string> body = record->payload.ReadPrefix(kRobotsBytes);
    if (!body) return {};
    row.body = DecodeContent(record->http_head, *body).value_or("");
  }
  return frontier_.KeepRobots(url->Origin(), row);
}

Status CrawlLoop::ApplyPageEvent(ArchiveReader& reader,
                                 const CaptureRow& capture, const Json& event) {
  Result<Url> url = Url::Parse(capture.target);
  if (!url) return {};
  STEMMA_TRY(std::optional<Address> address, frontier_.Find(*url));
  if (!address) {
    NewAddress lost;
    lost.url = *url;
    lost.depth = event.value("depth", 0);
    lost.via = event.value("via", "");
    lost.found_by = event.value("found_by", "");
    for (const AddressKind kind :
         {AddressKind::kFeed, AddressKind::kSitemap, AddressKind::kMedia}) {
      if (event.value("kind", "") == NameOf(kind)) lost.kind = kind;
    }
    STEMMA_TRY(const auto added, frontier_.Add(lost, options_.clock()));
    static_cast<void>(added);
    STEMMA_TRY(address, frontier_.Find(*url));
    if (!address) return {};
  }
  const TimePoint at = ParseTime(capture.t).value_or(options_.clock());
  if (address->last_visit && *address->last_visit >= at) return {};

  // The page is safe; what was made of it may not be. It is read again.
  CaptureReport report;
  report.info.id = capture.id;
  report.info.seq = capture.seq;
  report.status = capture.status;
  report.final_url = *url;
  if (!capture.error.empty()) {
    report.failure = Error(ErrorCode::kNetwork, capture.error);
  }
  report.not_modified = capture.status == 304;
  Discovered found;
  if (!capture.page_record.empty() && capture.status == 200) {
    CaptureOptions how = OptionsFor(*address, "");
    STEMMA_TRY(const auto derived, reader.index().DerivedOf(capture.id, ""));
    how.derive = how.derive && derived.empty();
    Worker nobody;
    STEMMA_TRY(nobody.fetcher, Fetcher::Create(options_.policy));
    CaptureTools tools = ToolsFor(nobody, true);
    STEMMA_CHECK_OK(DeriveCapture(reader, capture.id, how, tools, report));
    STEMMA_TRY(const StoredRecord record,
               reader.RecordById(capture.page_record));
    report.response_head = record.http_head;
    report.etag = FieldOf(record.http_head, "etag");
    report.last_modified = FieldOf(record.http_head, "last-modified");
    if (record.info.type == "revisit") {
      STEMMA_TRY(const StoredRecord original, reader.ResolveRevisit(record));
      report.holder = original.info;
    } else {
      report.holder = record.info;
    }
    if (address->kind == AddressKind::kPage) {
      found = DiscoverFrom(job(), *address, report, at);
    } else {
      const Result<Discovered> listed = ReadListing(*address, report);
      if (listed) found = *listed;
    }
    // Media of the page that the killed run did not come to.
    for (const MediaLink& link : report.found.media) {
      const Result<Url> medium = Url::Parse(link.url);
      if (!job().media || !medium || !medium->IsHttp() ||
          (link.kind != MediaKind::kVideo && link.kind != MediaKind::kHls &&
           link.kind != MediaKind::kDash)) {
        continue;
      }
      STEMMA_TRY(
          const auto stored,
          reader.index().ResponsesOf(medium->HrefWithoutFragment(), true, 1));
      if (!stored.empty()) continue;
      NewAddress missing;
      missing.url = *medium;
      missing.kind = AddressKind::kMedia;
      missing.priority = kPriorityMedia;
      missing.depth = address->depth + 1;
      missing.via = capture.id;  // of a medium: the capture of its page
      missing.found_by = link.found_by;
      found.addresses.push_back(std::move(missing));
    }
  }
  AddAll(found);
  return frontier_.Complete(address->id,
                            JudgeVisit(job(), *address, report, at), at);
}

Status CrawlLoop::AddSeeds() {
  const TimePoint now = options_.clock();
  for (const NewAddress& seed : SeedsOf(job())) {
    STEMMA_TRY(const auto added,
               frontier_.AddNow(seed, now, now - job().min_interval));
    static_cast<void>(added);
  }
  return {};
}

// --- the scheduler
// ------------------------------------------------------------

void CrawlLoop::End(CrawlEnd end, std::string why) {
  if (ending_) return;
  ending_ = true;
  summary_.end = end;
  summary_.ended_why = std::move(why);
  changed_.notify_all();
}

void CrawlLoop::Fail(const Error& error) {
  if (error.code() == ErrorCode::kInterrupted) {
    return End(CrawlEnd::kStopped, "told to stop");
  }
  if (!summary_.error) summary_.error = error;
  if (ending_ && summary_.end != CrawlEnd::kFailed) ending_ = false;
  End(CrawlEnd::kFailed, error.message());
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

// What may change while a run goes on: what is left out, and its limits.
void CrawlLoop::Reload(const Job& wanted) {
  Job& now = jobs_.emplace_back(job());
  now.exclude = wanted.exclude;
  now.max_depth = wanted.max_depth;
  now.max_pages = wanted.max_pages;
  now.max_bytes = wanted.max_bytes;
  now.max_time = wanted.max_time;
  job_.store(&now);
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

Status CrawlLoop::CommitFrontier() {
  // What the frontier knows of the log: all that was in it before the oldest
  // visit under way began.
  std::uint64_t seq = latest_seq_;
  for (const auto& worker : workers_) {
    if (worker->busy) seq = std::min(seq, worker->start_seq);
  }
  // What was derived from finished visits must be safe before the frontier
  // says that they are finished.
  STEMMA_CHECK_OK(archive_.Sync());
  STEMMA_CHECK_OK(frontier_.SetSyncedSeq(seq));
  return frontier_.Commit();
}

// --- one visit
// ----------------------------------------------------------------

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
    found = DiscoverFrom(job(), address, *report, options_.clock());
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
  how.keyframes = job().keyframes;
  how.extractor = job().extractor;
  how.headers = ConditionsFor(address);
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
      .shelf = &shelf_};
  if (options_.acknowledge) {
    tools.acknowledge = [this](std::string_view url) {
      const std::lock_guard lock(report_mutex_);
      options_.acknowledge(url);
    };
  }
  return tools;
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

Result<Discovered> CrawlLoop::ReadListing(const Address& address,
                                          const CaptureReport& report) {
  Discovered found;
  if (report.failure || report.status != 200 || !report.holder) return found;
  STEMMA_TRY(const Blob payload, archive_.Payload(*report.holder));
  STEMMA_TRY(const std::string coded, payload.ReadPrefix(kListingBytes));
  DecodeLimits limits;
  limits.max_bytes = kListingBytes;
  STEMMA_TRY(const std::string text,
             DecodeContent(report.response_head, coded, limits));
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
    STEMMA_TRY(const std::string body, payload.ReadPrefix(kRobotsBytes));
    DecodeLimits limits;
    limits.max_bytes = kRobotsBytes;
    row.body = DecodeContent(report.response_head, body, limits).value_or("");
  }
  return row;
}

// --- politeness within a visit
// ------------------------------------------------

void CrawlLoop::DropSlot(Worker& worker) {
  if (!worker.slot) return;
  const TimePoint now = BootNow();
  politeness_.Finished(worker.slot->host, worker.slot->domain, now,
                       now - worker.slot->since);
  worker.slot.reset();
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

double CrawlLoop::Jitter() {
  return static_cast<double>(random_()) /
         (static_cast<double>(std::minstd_rand::max()) + 1.0);
}

}  // namespace

Result<CrawlSummary> RunCrawl(const Job& job, const CrawlOptions& options,
                              ArchiveWriter& archive, Memory* memory,
                              Frontier& frontier) {
  return CrawlLoop(job, options, archive, memory, frontier).Run();
}

}  // namespace stemma::cli

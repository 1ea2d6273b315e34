#include "cli/crawl_run.h"

#include <time.h>

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "cli/crawl_loop.h"

namespace stemma::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

TimePoint BootNow() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return TimePoint(std::chrono::duration_cast<milliseconds>(
      seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec)));
}

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

Status CrawlLoop::AddSeeds() {
  const TimePoint now = options_.clock();
  for (const NewAddress& seed : SeedsOf(job())) {
    STEMMA_TRY(const auto added,
               frontier_.AddNow(seed, now, now - job().min_interval));
    static_cast<void>(added);
  }
  return {};
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

Result<CrawlSummary> RunCrawl(const Job& job, const CrawlOptions& options,
                              ArchiveWriter& archive, Memory* memory,
                              Frontier& frontier) {
  return CrawlLoop(job, options, archive, memory, frontier).Run();
}

}  // namespace stemma::cli

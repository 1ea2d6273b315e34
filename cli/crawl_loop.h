// The loop of one run (cli/crawl_run.h): what its workers share, and the steps
// each visit takes. Only crawl_run.cc makes one; its members live with what
// they are about:
//   crawl_run.cc       before, during and after: the run as a whole
//   crawl_catch_up.cc  what a killed run did not tell its frontier
//   crawl_turns.cc     whose turn it is: the scheduler, politeness in a visit
//   crawl_visit.cc     one visit, and what it means for the frontier
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "cli/crawl_discovery.h"
#include "cli/crawl_run.h"
#include "cli/media_shelf.h"
#include "cli/memory.h"
#include "cli/robots_book.h"
#include "core/result.h"
#include "fetch/chromium.h"
#include "fetch/frontier.h"
#include "fetch/job.h"
#include "fetch/politeness.h"

namespace stemma::cli {

// A run waits this long for an address that was put off; longer waits are for
// the next run.
inline constexpr std::chrono::milliseconds kPatience = std::chrono::minutes(5);
inline constexpr std::chrono::milliseconds kRobotsAge = std::chrono::hours(24);
// The longest rest a host is given.
inline constexpr std::chrono::milliseconds kMaxRest = std::chrono::hours(24);
inline constexpr std::uint64_t kRobotsBytes = 500 << 10;  // that are read

// The machine's time since boot, which no clock change moves: for gaps.
TimePoint BootNow();

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
            }) {
    if (!job.rendering.program.empty()) {
      renderer_ = MakeChromium(job.rendering.program);
    }
  }

  Result<CrawlSummary> Run();

 private:
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

  static PolitenessRules RulesOf(const Job& job) {
    PolitenessRules rules;
    rules.delay = job.delay;
    rules.concurrency_per_host = job.concurrency_per_host;
    rules.concurrency_per_domain =
        std::max(job.concurrency_per_host * 2, job.concurrency_per_host);
    rules.max_adaptive_delay = std::chrono::seconds(10);
    return rules;
  }

  // Before and after.
  Status CatchUpWithLog();
  Status ApplyEvent(ArchiveReader& reader, const nlohmann::json& event);
  Status ApplyRobotsEvent(ArchiveReader& reader, const CaptureRow& capture);
  Status ApplyPageEvent(ArchiveReader& reader, const CaptureRow& capture,
                        const nlohmann::json& event);
  Status AddSeeds();
  Result<CrawlSummary> Summarize();

  // The scheduler; the lock is held.
  std::optional<Address> Next(Worker& worker,
                              std::unique_lock<std::mutex>& lock);
  std::optional<Address> Pick(Worker& worker, std::chrono::milliseconds* wait);
  bool IsLeftOut(const Address& address);
  bool LimitReached();
  bool Idle(std::chrono::milliseconds* wait);
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
  bool StillHeld(const Address& address);
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
  bool Wait(std::chrono::milliseconds pause);
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

  RobotsBook robots_;                       // has a lock of its own
  SeenLinks seen_links_;                    // the same
  std::mutex memory_mutex_;                 // guards *memory_
  MediaShelf shelf_;                        // has a lock of its own
  std::unique_ptr<PageRenderer> renderer_;  // thread-safe; null: none
  std::mutex report_mutex_;                 // guards the callbacks
};

}  // namespace stemma::cli

// The Frontier of one job: every address it knows, what happened there, and
// what to visit next. It lives in one SQLite file, jobs/NAME.sqlite, and holds
// the job's runs and the robots answers as well.
//
// Addresses are claimed before they are visited, with a lease, so that several
// workers may share a frontier; the statements are those that PostgreSQL runs
// with FOR UPDATE SKIP LOCKED, so that a second backend would be one file.
//
// The frontier is never needed to keep a capture: the archive's log is written
// first, and a run that was killed brings the frontier up to date from the log
// (synced_seq). Changes are grouped; Commit makes them last.
//
// Time is an argument. Not thread-safe: the crawl loop owns it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "core/url.h"
#include "fetch/revisit.h"

namespace stemma {

enum class AddressKind { kPage, kFeed, kSitemap, kMedia };
std::string_view NameOf(AddressKind kind);

// What the newest visit of a run found.
enum class VisitOutcome {
  kNew,        // first good answer
  kChanged,    // another text than last time
  kUnchanged,  // the same text, the same bytes, or a 304
  kGone,       // 404 or 410 where there was something
  kFailed,     // no usable answer, or an error status
  kRefused,    // robots, scope, private address
  kSkipped,    // out of the run's limits
};
std::string_view NameOf(VisitOutcome outcome);

struct NewAddress {
  Url url;
  AddressKind kind = AddressKind::kPage;
  int depth = 0;         // links away from a seed
  int priority = 100;    // lower first
  std::string via;       // the address it was found at
  std::string found_by;  // "seed", "feed", "sitemap", "link", "original", ...
};

struct Address {
  std::int64_t id = 0;
  std::string url, host, via, found_by;
  AddressKind kind = AddressKind::kPage;
  int depth = 0, priority = 0;
  int attempts = 0;         // claims since the last answer
  std::int64_t visits = 0;  // answered
  VisitHistory history;
  std::optional<TimePoint> last_visit;  // answered or not
  int last_status = 0;
  // Of the last good answer; a 404 never touches them.
  std::string etag, last_modified, payload_sha256, text_sha256, last_capture;
};

// The state a visit leaves behind.
struct VisitRecord {
  VisitOutcome outcome = VisitOutcome::kNew;
  int status = 0;
  std::string capture;  // id of its event
  std::string reason;   // of a failure or refusal
  std::uint64_t bytes = 0;
  bool good = false;  // the next five are set
  std::string etag, last_modified, payload_sha256, text_sha256;
  VisitHistory history;
  std::optional<TimePoint> due;  // the next visit; nullopt: never again
};

struct CrawlRun {
  std::int64_t number = 0;
  TimePoint started;
  bool resumed = false;
  std::uint64_t pages = 0, bytes = 0;  // so far
};

struct RunLine {  // of the report
  VisitOutcome outcome = VisitOutcome::kNew;
  AddressKind kind = AddressKind::kPage;
  std::string url, capture, reason;
  int status = 0;
};

struct FrontierCounts {
  std::uint64_t known = 0, ready = 0, leased = 0, waiting = 0, finished = 0;
  std::uint64_t hosts_ready = 0;
  std::optional<TimePoint> oldest_due;
};

struct RobotsRow {
  int status = 0;    // of the answer; 0: none came
  std::string body;  // at most 500 KiB, as fetched
  TimePoint fetched;
};

class Frontier {
 public:
  // Opens or makes the file. kCorrupt: it is no frontier of ours.
  static Result<std::unique_ptr<Frontier>> Open(
      const std::filesystem::path& file);
  // For looking only, also while a run is using it.
  static Result<std::unique_ptr<Frontier>> OpenToRead(
      const std::filesystem::path& file);
  ~Frontier();

  // ---- runs
  // Goes on with a run that did not end, or begins the next one: leases of a
  // dead process return, and what is due at `now` becomes ready.
  Result<CrawlRun> BeginRun(TimePoint now);
  Status EndRun(TimePoint now);
  // The last run, finished or not; nullopt: there was none.
  Result<std::optional<CrawlRun>> LastRun();
  Status ForEachOfRun(std::int64_t run,
                      const std::function<Status(const RunLine&)>& visit);

  // ---- adding
  enum class Added { kNew, kKnown, kTooManyVariants };
  // A known address is left as it is, except that a better (lower) depth or
  // priority is kept.
  Result<Added> Add(const NewAddress& address, TimePoint now);
  // Makes a known or new address ready at once, whatever its schedule, unless
  // it was visited after `unless_since`.
  Result<Added> AddNow(const NewAddress& address, TimePoint now,
                       TimePoint unless_since);
  Result<std::optional<Address>> Find(const Url& url);

  // ---- claiming
  // Hosts that have ready addresses, each with its best priority.
  struct HostWork {
    std::string host;
    int priority = 0;
  };
  Result<std::vector<HostWork>> HostsWithWork();
  // Up to `limit` ready addresses of `host`, best first, leased until then.
  Result<std::vector<Address>> Claim(std::string_view host, int limit,
                                     TimePoint lease_until);
  // Leases that ran out become ready again; how many.
  Result<std::uint64_t> ReturnExpired(TimePoint now);
  // Gives a claim back untouched.
  Status Release(std::int64_t id);
  // Records a visit and ends its claim.
  Status Complete(std::int64_t id, const VisitRecord& visit, TimePoint now);
  // Not now, and not its fault: ready again at `due` in this or a later run.
  Status Postpone(std::int64_t id, TimePoint due, std::string_view reason);
  // Makes postponed addresses ready whose time has come; when the next one's
  // will.
  Result<std::optional<TimePoint>> WakePostponed(TimePoint now);

  // ---- what the log and the frontier have in common
  Result<std::uint64_t> SyncedSeq();
  Status SetSyncedSeq(std::uint64_t seq);

  // ---- robots answers, by origin, at most `max_age` old
  Result<std::optional<RobotsRow>> Robots(std::string_view origin,
                                          TimePoint now,
                                          std::chrono::milliseconds max_age);
  Status KeepRobots(std::string_view origin, const RobotsRow& row);

  // ---- rest a host asked for, kept across runs
  Status KeepRest(std::string_view host, TimePoint until);
  Status ForEachRest(
      const std::function<void(std::string_view host, TimePoint until)>& visit);

  Result<FrontierCounts> Count();
  // How many addresses of `host` gave this payload in this run.
  Result<std::uint64_t> SamePayload(std::string_view host,
                                    std::string_view payload_sha256);

  // Makes everything since the last Commit last, as one transaction.
  Status Commit();

 private:
  struct Impl;
  explicit Frontier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stemma

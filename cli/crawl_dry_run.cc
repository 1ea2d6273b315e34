#include "cli/crawl_dry_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/crawl_discovery.h"
#include "cli/crawl_listing.h"
#include "cli/crawl_retention.h"
#include "cli/robots_book.h"
#include "fetch/coding.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostListed = 10'000;

struct Planned {
  std::string url, kind, source, robots;
  bool allowed = true;
};

// A small thing fetched into memory, redirects followed by nobody.
struct Fetched {
  int status = 0;
  std::string text;
  std::string error;
};
Fetched FetchSmall(Fetcher& fetcher, const Url& url, std::uint64_t max_bytes) {
  FetchRequest request;
  request.url = url;
  request.limits.max_body_bytes = max_bytes;
  request.limits.total = std::chrono::seconds(60);
  request.limits.head = std::chrono::seconds(20);
  std::string body;
  ExchangeSink sink;
  sink.on_body = [&](std::string_view bytes) {
    body += bytes;
    return Status();
  };
  const FetchOutcome outcome = fetcher.Get(request, sink);
  Fetched fetched;
  if (outcome.failure) {
    fetched.error = outcome.failure->message();
    return fetched;
  }
  fetched.status = outcome.exchange.status;
  const std::string& head = outcome.exchange.response_head;
  DecodeLimits limits;
  limits.max_bytes = max_bytes;
  fetched.text =
      DecodeContent(head, DecodeTransfer(head, std::move(body)), limits)
          .value_or("");
  return fetched;
}

class Planner {
 public:
  Planner(const Job& job, const CrawlOptions& options, Fetcher& fetcher)
      : job_(job),
        clock_(options.clock),
        fetcher_(fetcher),
        robots_(
            job.user_agent,
            [](std::string_view) { return std::optional<RobotsRow>(); },
            [](std::string_view, const RobotsRow&) {}) {}

  void PlanSeeds() {
    for (const NewAddress& seed : SeedsOf(job_)) {
      Plan(seed);
      if (seed.kind == AddressKind::kSitemap && plan_.back().allowed) {
        PlanSitemap(seed);
      }
    }
  }
  void PlanErasing(RetentionPlan plan) { erasing_ = std::move(plan); }
  void PlanKnown(Frontier& frontier) {
    const Result<FrontierCounts> counts = frontier.Count();
    if (counts) known_ = *counts;
  }
  const std::vector<Planned>& plan() const { return plan_; }
  const std::vector<std::string>& notes() const { return notes_; }
  const std::optional<FrontierCounts>& known() const { return known_; }
  const std::optional<RetentionPlan>& erasing() const { return erasing_; }

 private:
  void Plan(const NewAddress& address) {
    Planned planned;
    planned.url = address.url.HrefWithoutFragment();
    planned.kind = NameOf(address.kind);
    planned.source = address.via.empty()
                         ? address.found_by
                         : address.found_by + " at " + address.via;
    Judge(address.url, &planned);
    plan_.push_back(std::move(planned));
  }

  void Judge(const Url& url, Planned* planned) {
    if (job_.robots == RobotsRule::kIgnore) {
      planned->robots = "not asked";
      return;
    }
    const Result<RobotsDecision> decision =
        robots_.Decide(url, [&](const Url& at) -> Result<RobotsRow> {
          const Fetched got = FetchSmall(fetcher_, at, 500 << 10);
          if (!got.error.empty())
            notes_.push_back(at.Href() + ": " + got.error);
          return RobotsRow{got.status, got.text, clock_()};
        });
    if (!decision) return;
    planned->allowed = decision->allowed || job_.robots == RobotsRule::kReport;
    planned->robots = fmt::format(
        "{}{}", decision->allowed ? "allowed" : "disallowed",
        decision->rule.empty()
            ? ""
            : fmt::format(" by line {}: {}", decision->line, decision->rule));
  }

  void PlanSitemap(const NewAddress& sitemap) {
    const Fetched got = FetchSmall(fetcher_, sitemap.url, 50 << 20);
    if (got.status != 200) {
      notes_.push_back(fmt::format("sitemap {}: {}", sitemap.url.Href(),
                                   got.error.empty()
                                       ? fmt::format("status {}", got.status)
                                       : got.error));
      return;
    }
    Address from;
    from.url = sitemap.url.HrefWithoutFragment();
    from.kind = AddressKind::kSitemap;
    const Result<Discovered> found =
        AddressesOfListing(job_, from, sitemap.url, got.text, "", clock_());
    if (!found) {
      notes_.push_back(fmt::format("sitemap {}: {}", sitemap.url.Href(),
                                   found.error().message()));
      return;
    }
    for (const NewAddress& address : found->addresses) {
      if (plan_.size() >= kMostListed) break;
      Plan(address);
    }
  }

  const Job& job_;
  const Clock clock_;
  Fetcher& fetcher_;
  RobotsBook robots_;
  std::vector<Planned> plan_;
  std::vector<std::string> notes_;
  std::optional<FrontierCounts> known_;
  std::optional<RetentionPlan> erasing_;
};

void Print(const Session& session, const Job& job, const Planner& planner) {
  if (session.json) {
    Json list = Json::array();
    for (const Planned& p : planner.plan()) {
      list.push_back({{"url", p.url},
                      {"kind", p.kind},
                      {"source", p.source},
                      {"robots", p.robots},
                      {"fetch", p.allowed}});
    }
    Json json = {
        {"job", job.name}, {"would_fetch", list}, {"notes", planner.notes()}};
    if (planner.known()) {
      json["known"] = {{"addresses", planner.known()->known},
                       {"ready", planner.known()->ready},
                       {"waiting", planner.known()->waiting}};
    }
    if (planner.erasing()) json["would_erase"] = ToJson(*planner.erasing());
    *session.out << json.dump(-1, ' ', false, Json::error_handler_t::replace)
                 << "\n";
    return;
  }
  for (const Planned& p : planner.plan()) {
    *session.out << fmt::format(
        "{} {} {} ({}; robots: {})\n", p.allowed ? "fetch" : "leave", p.kind,
        ForTerminal(p.url), ForTerminal(p.source), ForTerminal(p.robots));
  }
  for (const std::string& note : planner.notes()) session.Note(note);
  if (planner.known()) {
    *session.out << fmt::format(
        "known from earlier runs: {} addresses, {} ready, {} waiting\n",
        planner.known()->known, planner.known()->ready,
        planner.known()->waiting);
  }
  *session.out << fmt::format(
      "then links in scope to depth {}, at most {} pages\n", job.max_depth,
      job.max_pages);
  if (planner.erasing()) {
    *session.out << "retention would erase "
                 << Sentence(ToJson(*planner.erasing())) << "\n";
  }
}

}  // namespace

int DryRun(Session& session, const Job& job, const CrawlOptions& options,
           const std::filesystem::path& archive) {
  Result<std::unique_ptr<Fetcher>> fetcher = Fetcher::Create(options.policy);
  if (!fetcher) return session.Fail(fetcher.error());
  Planner planner(job, options, **fetcher);
  planner.PlanSeeds();
  const auto file = archive / "jobs" / (job.name + ".sqlite");
  if (std::filesystem::exists(file)) {
    const auto frontier = Frontier::OpenToRead(file);
    if (!frontier) return session.Fail(frontier.error());
    planner.PlanKnown(**frontier);
  }
  if (job.retention.keep) {
    Result<RetentionPlan> plan = PlanRetentionOf(job, archive, session.clock());
    if (!plan) return session.Fail(plan.error());
    planner.PlanErasing(*std::move(plan));
  }
  Print(session, job, planner);
  bool any = false;
  for (const Planned& p : planner.plan()) any |= p.allowed;
  return any ? kDone : kRefusedByPolicy;
}

}  // namespace stemma::cli

// stemma crawl JOB.toml: one run of a scheduled job.
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "cli/capture_now.h"
#include "cli/commands.h"
#include "cli/crawl_discovery.h"
#include "cli/crawl_dry_run.h"
#include "cli/crawl_report.h"
#include "cli/crawl_retention.h"
#include "cli/crawl_run.h"
#include "cli/job_file.h"
#include "cli/memory.h"
#include "cli/run_signals.h"
#include "cli/service_notify.h"
#include "cli/session.h"
#include "cli/sign_archive.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;
using Steady = std::chrono::steady_clock;

struct Options {
  std::string file;
  bool acks = false, dry_run = false;
  std::string log = "auto";
};

// The job's network settings with the command line's on top.
FetchPolicy PolicyFor(const Session& session, const Job& job) {
  FetchPolicy policy = PolicyOf(session);
  for (const auto& [from, to] :
       {std::pair(&job.allow_private, &policy.allow_private),
        std::pair(&job.resolve, &policy.resolve)}) {
    to->insert(to->end(), from->begin(), from->end());
  }
  if (policy.cacert.empty()) policy.cacert = job.cacert;
  if (policy.proxy.empty()) policy.proxy = job.proxy;
  if (session.network.user_agent.empty()) policy.user_agent = job.user_agent;
  return policy;
}

std::uint64_t FreeBytes(const std::filesystem::path& dir) {
  std::error_code error;
  const auto space = std::filesystem::space(dir, error);
  return error ? 0 : space.available;
}

// --- how a run is told while it goes
// ------------------------------------------

// One line per visit, for people or for programs.
class RunLog {
 public:
  RunLog(const Session& session, const Options& options)
      : session_(session),
        json_(options.log == "json" ||
              (options.log == "auto" && std::getenv("JOURNAL_STREAM"))),
        bar_(!session.quiet && !json_ && ::isatty(STDERR_FILENO) == 1) {}

  void Visited(const Address& address, const VisitRecord& visit) {
    const bool trouble = visit.outcome == VisitOutcome::kFailed ||
                         visit.outcome == VisitOutcome::kRefused;
    if (json_) {
      Json line = {{"t", FormatMillis(session_.clock())},
                   {"outcome", NameOf(visit.outcome)},
                   {"status", visit.status},
                   {"url", address.url},
                   {"kind", NameOf(address.kind)},
                   {"depth", address.depth},
                   {"found_by", address.found_by},
                   {"capture", visit.capture},
                   {"bytes", visit.bytes}};
      if (!visit.reason.empty()) line["reason"] = visit.reason;
      // The journal reads a priority from the start of a line.
      *session_.err << (std::getenv("JOURNAL_STREAM")
                            ? (trouble ? "<4>" : "<6>")
                            : "")
                    << line.dump(-1, ' ', false, Json::error_handler_t::replace)
                    << "\n";
      return;
    }
    if (session_.quiet || bar_) return;
    *session_.err << fmt::format(
        "{} {} {}{}\n", NameOf(visit.outcome), visit.status,
        ForTerminal(address.url),
        visit.reason.empty() ? "" : ": " + ForTerminal(visit.reason));
  }

  void Progress(const CrawlProgress& p, std::uint64_t free_bytes) {
    const bool asked = RunSignals::TakeStatusRequest();
    const auto now = Steady::now();
    if (asked || (bar_ && now - drawn_ > std::chrono::milliseconds(500))) {
      drawn_ = now;
      const double seconds =
          std::chrono::duration<double>(now - began_).count();
      const std::string line = fmt::format(
          "{} pages ({:.1f}/s), {} MiB, {} copies, {} failed or refused, {} "
          "under way, {} GiB free",
          p.pages, static_cast<double>(p.pages) / std::max(seconds, 0.001),
          p.bytes >> 20, p.copies, p.failures, p.active, free_bytes >> 30);
      if (bar_ && !asked) {
        *session_.err << "\r\033[K" << line << std::flush;
      } else {
        *session_.err << "stemma: " << line << std::endl;
      }
    }
    if (now - notified_ > std::chrono::seconds(5)) {
      notified_ = now;
      NotifyService(fmt::format("WATCHDOG=1\nSTATUS={} pages, {} under way",
                                p.pages, p.active));
    }
  }

  void Finish() const {
    if (bar_) *session_.err << "\r\033[K" << std::flush;
  }

 private:
  const Session& session_;
  const bool json_, bar_;
  const Steady::time_point began_ = Steady::now();
  Steady::time_point drawn_, notified_;
};

// Tells a dead-man's switch that the job is alive; a failure is a note.
void Ping(const Session& session, const Job& job, FetchPolicy policy) {
  const Result<Url> url = Url::Parse(job.ping);
  Result<std::unique_ptr<Fetcher>> fetcher = Fetcher::Create(std::move(policy));
  if (!url || !fetcher) return session.Note("ping: not a usable address");
  FetchLimits limits;
  limits.max_body_bytes = 64 << 10;
  limits.total = std::chrono::seconds(10);
  const FetchOutcome got = (*fetcher)->Get({*url, {}, limits}, ExchangeSink{});
  if (got.failure) {
    session.Note("ping: " + got.failure->message());
  } else if (got.exchange.status >= 300) {
    session.Note(fmt::format("ping: HTTP status {}", got.exchange.status));
  }
}

void Notify(const Session& session, const std::string& command,
            const Json& message) {
  if (command.empty()) return;
  const Status done = RunCommand(
      command, message.dump(1, ' ', false, Json::error_handler_t::replace));
  if (!done) session.Note("notify: " + done.error().message());
}

// --- the run
// ------------------------------------------------------------------

CrawlOptions OptionsFor(const Session& session, const Job& job) {
  CrawlOptions how;
  how.policy = PolicyFor(session, job);
  how.limits = LimitsOf(session);
  how.max_filesize = session.network.max_filesize;
  how.clock = session.clock;
  how.stop = [] { return RunSignals::StopRequests(); };
  return how;
}

// Told to the world: report, metrics, notifications; the exit code.
int Conclude(const Options& options, const Session& session, const Job& job,
             const std::filesystem::path& dir, const CrawlSummary& summary,
             const Json& retained, ArchiveWriter& archive, Frontier& frontier) {
  Result<Json> report = ReportOf(job, summary, frontier);
  if (!report) return session.Fail(report.error());
  if (!retained.is_null()) (*report)["retention"] = retained;
  if (session.json) {
    *session.out << report->dump(-1, ' ', false, Json::error_handler_t::replace)
                 << "\n";
  } else if (!options.acks) {
    PrintReport(*report, *session.out);
  }
  if (!summary.error) {
    const Result<std::uint64_t> logged =
        archive.AppendEvent("run", {{"job", job.name},
                                    {"run", summary.run.number},
                                    {"end", (*report)["end"]},
                                    {"pages", summary.run.pages},
                                    {"bytes", summary.run.bytes},
                                    {"counts", (*report)["counts"]},
                                    {"copies", summary.copies.size()}});
    if (!logged) return session.Fail(logged.error());
  }
  if (!job.metrics.empty()) {
    const Status written =
        ReplaceFile(job.metrics, MetricsOf(job, summary, FreeBytes(dir)));
    if (!written) session.Note("metrics: " + written.error().message());
  }
  const int code = ExitCodeOf(summary);
  Notify(session, code == kDone ? job.on_finish : job.on_error, *report);
  if (code == kDone && !job.ping.empty()) {
    Ping(session, job, PolicyFor(session, job));
  }
  if (summary.error) return session.Fail(*summary.error);
  if (code == kInterruptedRun) {
    session.Note("stopped; the same command goes on from here");
  }
  return code;
}

int RunJob(const Options& options, Session& session, const Job& job) {
  // Workers come and go through pages of all sizes: an arena for each thread
  // would keep the largest of each, and the heap the room of every video.
  // Allocation is no part of what they wait for; giving the end of the heap
  // back after each page and asking for it again is.
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 16 << 20);
  ::mallopt(M_TOP_PAD, 1 << 20);
  const std::filesystem::path dir = session.ArchiveDir(job.archive);
  CrawlOptions how = OptionsFor(session, job);
  if (options.dry_run) return DryRun(session, job, how, dir);

  const RunSignals signals;
  ArchiveOptions archive_options;
  archive_options.job = job.name;
  archive_options.software = "stemma/" STEMMA_VERSION;
  archive_options.user_agent = how.policy.user_agent;
  archive_options.robots = NameOf(job.robots);
  archive_options.clock = session.clock;
  Result<std::unique_ptr<ArchiveWriter>> archive =
      ArchiveWriter::Open(dir, archive_options);
  if (!archive) return session.Fail(archive.error());
  for (const std::string& note : (*archive)->recovery_notes()) {
    session.Note(note);
  }
  Result<std::unique_ptr<Frontier>> frontier =
      Frontier::Open(dir / "jobs" / (job.name + ".sqlite"));
  if (!frontier) return session.Fail(frontier.error());
  std::unique_ptr<Memory> memory;
  if (!job.derive_later) {
    Result<std::unique_ptr<Memory>> opened = Memory::Open(dir);
    if (!opened) return session.Fail(opened.error());
    memory = *std::move(opened);
  }

  RunLog log(session, options);
  if (options.acks) {
    how.acknowledge = [&](std::string_view url) {
      *session.out << "ACK " << url << std::endl;
    };
  }
  how.visited = [&](const Address& a, const VisitRecord& v) {
    log.Visited(a, v);
  };
  how.note = [&](std::string_view text) { session.Note(text); };
  how.progress = [&](const CrawlProgress& p) {
    log.Progress(p, FreeBytes(dir));
  };
  how.reload = [&]() -> std::optional<Job> {
    if (!RunSignals::TakeReloadRequest()) return std::nullopt;
    Result<Job> again = LoadJob(options.file);
    if (!again) {
      session.Note("job file not read again: " + again.error().message());
      return std::nullopt;
    }
    session.Note("job file read again");
    return *std::move(again);
  };
  how.copy_found = [&](const FoundCopy& copy) {
    if (copy.altered) Notify(session, job.on_altered, ToJson(copy));
  };
  NotifyService("READY=1");
  Result<CrawlSummary> summary =
      RunCrawl(job, how, **archive, memory.get(), **frontier);
  NotifyService("STOPPING=1");
  log.Finish();
  if (!summary) return session.Fail(summary.error());
  if (memory) {
    for (const std::string& note : memory->notes()) session.Note(note);
    if (Status flushed = memory->Flush(); !flushed && !summary->error) {
      summary->error = flushed.error();
      summary->end = CrawlEnd::kFailed;
    }
  }
  Json retained;
  if (!summary->error) {
    // What the workers held is free now, and sealing needs room of its own.
    ::malloc_trim(0);
    if (Status sealed = (*archive)->Seal(); !sealed) {
      return session.Fail(sealed.error());
    }
    // A run that was short of pages for a dictionary has all of them now. The
    // archive is whole without it.
    if (const auto packed = (*archive)->RepackFirstBundles(); !packed) {
      session.Note("packing anew: " + packed.error().message());
    }
  }
  if (job.retention.keep && summary->end == CrawlEnd::kComplete) {
    memory.reset();
    archive->reset();
    if (Result<Json> done = RetainFor(session, job, dir); done) {
      retained = *std::move(done);
    } else {
      summary->error = done.error().Context("retention");
      summary->end = CrawlEnd::kFailed;
    }
    archive = ArchiveWriter::Open(dir, archive_options);
    if (!archive) return session.Fail(archive.error());
  }
  const int code = Conclude(options, session, job, dir, *summary, retained,
                            **archive, **frontier);
  if (!summary->error) {
    // What this run added is signed now; captures stand without it.
    const KeyChoice key{job.sign_key, job.sign_command, job.sign_vkey};
    if (Status done = SignAfterJob(session, **archive, key, job.timestamp,
                                   how.policy, job.calendar);
        !done) {
      return session.Fail(done.error());
    }
  }
  return code;
}

int Run(const Options& options, Session& session) {
  const Result<Job> job = LoadJob(options.file);
  if (!job) {
    // One line per problem, each with its place already.
    *session.err << ForTerminal(job.error().message()) << "\n";
    return ExitCodeFor(job.error().code());
  }
  return RunJob(options, session, *job);
}

}  // namespace

void AddCrawl(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      root.add_subcommand("crawl", "one run of a scheduled job");
  command->add_option("JOB", options->file, "a job file (TOML)")->required();
  command->add_flag("--acks", options->acks,
                    "print ACK URL once a capture is durable");
  command->add_flag("--dry-run", options->dry_run,
                    "say what would be fetched and why");
  command
      ->add_option("--log", options->log,
                   "plain, json, or auto: json under systemd [auto]")
      ->check(CLI::IsMember({"auto", "plain", "json"}))
      ->type_name("FORM");
  AddNetworkOptions(*command, session);
  command->footer(
      "exit: 0 complete, 4 every seed refused, 5 out of budget, 6 stopped\n"
      "examples:\n"
      "  stemma crawl job.toml\n"
      "  stemma crawl --dry-run job.toml");
  command->callback(
      [options, &session] { session.exit_code = Run(*options, session); });
}

}  // namespace stemma::cli

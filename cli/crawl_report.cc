#include "cli/crawl_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/crawl_retention.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

constexpr VisitOutcome kOutcomes[] = {
    VisitOutcome::kNew,    VisitOutcome::kChanged, VisitOutcome::kUnchanged,
    VisitOutcome::kGone,   VisitOutcome::kFailed,  VisitOutcome::kRefused,
    VisitOutcome::kSkipped};

std::string_view NameOf(CrawlEnd end) {
  switch (end) {
    case CrawlEnd::kComplete:
      return "complete";
    case CrawlEnd::kStopped:
      return "stopped";
    case CrawlEnd::kOutOfBudget:
      return "out-of-budget";
    case CrawlEnd::kFailed:
      return "failed";
  }
  return "failed";
}

std::uint64_t CountOf(const CrawlSummary& summary, VisitOutcome outcome) {
  const auto found = summary.outcomes.find(outcome);
  return found == summary.outcomes.end() ? 0 : found->second;
}

std::string Bytes(std::uint64_t bytes) {
  if (bytes >= (1ULL << 30)) {
    return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1ULL << 30));
  }
  if (bytes >= (1ULL << 20)) {
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1ULL << 20));
  }
  return fmt::format("{} KiB", bytes >> 10);
}

}  // namespace

Json ToJson(const FoundCopy& copy) {
  return {{"url", copy.url},
          {"capture", copy.capture},
          {"other_url", copy.other_url},
          {"other", copy.other_id},
          {"other_is_earlier", copy.other_is_earlier},
          {"verdict", copy.verdict},
          {"video", copy.video},
          {"altered", copy.altered}};
}

Result<Json> ReportOf(const Job& job, const CrawlSummary& summary,
                      Frontier& frontier) {
  Json report = {{"job", job.name},
                 {"run", summary.run.number},
                 {"resumed", summary.run.resumed},
                 {"started", FormatSeconds(summary.run.started)},
                 {"finished", FormatSeconds(summary.finished)},
                 {"end", NameOf(summary.end)},
                 {"why", summary.ended_why},
                 {"pages", summary.run.pages},
                 {"bytes", summary.run.bytes},
                 {"videos", summary.videos},
                 {"truncated", summary.truncated},
                 {"left_out", summary.left_out},
                 {"queue",
                  {{"known", summary.frontier.known},
                   {"ready", summary.frontier.ready},
                   {"waiting", summary.frontier.waiting}}}};
  Json counts = Json::object();
  Json lists = Json::object();
  for (const VisitOutcome outcome : kOutcomes) {
    counts[std::string(stemma::NameOf(outcome))] = CountOf(summary, outcome);
    if (outcome != VisitOutcome::kUnchanged) {
      lists[std::string(stemma::NameOf(outcome))] = Json::array();
    }
  }
  STEMMA_CHECK_OK(
      frontier.ForEachOfRun(summary.run.number, [&](const RunLine& line) {
        if (line.outcome == VisitOutcome::kUnchanged) return Status();
        Json entry = {{"url", line.url},
                      {"kind", stemma::NameOf(line.kind)},
                      {"status", line.status},
                      {"capture", line.capture}};
        if (!line.reason.empty()) entry["reason"] = line.reason;
        lists[std::string(stemma::NameOf(line.outcome))].push_back(
            std::move(entry));
        return Status();
      }));
  report["counts"] = std::move(counts);
  report["addresses"] = std::move(lists);
  report["copies"] = Json::array();
  for (const FoundCopy& copy : summary.copies) {
    report["copies"].push_back(ToJson(copy));
  }
  return report;
}

void PrintReport(const Json& report, std::ostream& out) {
  const auto text = [](const Json& value) {
    return ForTerminal(value.get<std::string>());
  };
  out << fmt::format("job {}, run {}: {} ({})\n", text(report["job"]),
                     report["run"].get<std::int64_t>(), text(report["end"]),
                     text(report["why"]));
  out << fmt::format("  {} pages, {} videos, {}; {} waiting for another run\n",
                     report["pages"].get<std::uint64_t>(),
                     report["videos"].get<std::uint64_t>(),
                     Bytes(report["bytes"].get<std::uint64_t>()),
                     report["queue"]["waiting"].get<std::uint64_t>() +
                         report["queue"]["ready"].get<std::uint64_t>());
  std::string counts;
  for (const auto& [name, count] : report["counts"].items()) {
    if (count.get<std::uint64_t>() == 0) continue;
    counts += fmt::format("{}{} {}", counts.empty() ? "  " : ", ",
                          count.get<std::uint64_t>(), name);
  }
  if (!counts.empty()) out << counts << "\n";
  for (const char* name : {"changed", "gone", "failed", "refused"}) {
    for (const Json& entry : report["addresses"][name]) {
      out << fmt::format("{} {}", name, text(entry["url"]));
      if (entry.contains("reason")) out << ": " << text(entry["reason"]);
      out << "\n";
    }
  }
  for (const Json& copy : report["copies"]) {
    out << fmt::format("copy {} {} {}{}; video {}\n", text(copy["url"]),
                       copy["other_is_earlier"].get<bool>() ? "of" : "before",
                       text(copy["other_url"]), ": " + text(copy["verdict"]),
                       text(copy["video"]));
  }
  if (report.contains("retention")) {
    out << "  erased by retention: " << Sentence(report["retention"]) << "\n";
  }
  for (const auto& [reason, count] : report["left_out"].items()) {
    out << fmt::format("  {} links left out: {}\n", count.get<std::uint64_t>(),
                       ForTerminal(reason));
  }
}

std::string MetricsOf(const Job& job, const CrawlSummary& summary,
                      std::uint64_t disk_free_bytes) {
  std::string text;
  const auto gauge = [&](std::string_view name, std::string_view help,
                         std::uint64_t value) {
    text += fmt::format(
        "# HELP stemma_{0} {1}\n# TYPE stemma_{0} gauge\n"
        "stemma_{0}{{job=\"{2}\"}} {3}\n",
        name, help, job.name, value);
  };
  text +=
      "# HELP stemma_addresses Addresses of the last run by outcome.\n"
      "# TYPE stemma_addresses gauge\n";
  for (const VisitOutcome outcome : kOutcomes) {
    text += fmt::format("stemma_addresses{{job=\"{}\",outcome=\"{}\"}} {}\n",
                        job.name, stemma::NameOf(outcome),
                        CountOf(summary, outcome));
  }
  gauge("pages", "Answers of the last run.", summary.run.pages);
  gauge("bytes", "Body bytes received in the last run.", summary.run.bytes);
  gauge("videos", "Videos kept in the last run.", summary.videos);
  gauge("copies", "Copies found in the last run.", summary.copies.size());
  gauge("truncated", "Bodies cut in the last run.", summary.truncated);
  gauge("robots_denied", "Addresses robots.txt refused in the last run.",
        summary.robots_refused);
  gauge("queue_length", "Addresses ready for a visit.", summary.frontier.ready);
  gauge("disk_free_bytes", "Free bytes where the archive lies.",
        disk_free_bytes);
  gauge("complete", "Whether the last run ended by itself.",
        summary.end == CrawlEnd::kComplete ? 1 : 0);
  gauge("last_run_timestamp_seconds", "End of the last run.",
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(
                summary.finished.time_since_epoch())
                .count()));
  return text;
}

int ExitCodeOf(const CrawlSummary& summary) {
  switch (summary.end) {
    case CrawlEnd::kComplete:
      return summary.every_seed_refused ? kRefusedByPolicy : kDone;
    case CrawlEnd::kStopped:
      return kInterruptedRun;
    case CrawlEnd::kOutOfBudget:
      return kOutOfSpace;
    case CrawlEnd::kFailed:
      return summary.error ? ExitCodeFor(summary.error->code()) : kTrouble;
  }
  return kTrouble;
}

}  // namespace stemma::cli

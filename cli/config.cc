// stemma config check FILE: lint a job file without visiting anything.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/session.h"
#include "fetch/address_policy.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

Json MeaningOf(const Job::Rendering& how) {
  if (how.program.empty()) return nullptr;
  return {{"renderer", how.program},
          {"hosts", how.hosts},
          {"max_time_ms", how.budget.time.count()},
          {"max_bytes", how.budget.bytes},
          {"max_requests", how.budget.requests}};
}

Json MeaningOf(const Job::Retention& rules) {
  if (!rules.keep) return nullptr;
  return {{"keep_ms", rules.keep->count()},
          {"what", rules.media_only ? "media" : "all"},
          {"copies", rules.keep_copies ? "keep" : "erase"},
          {"hold", rules.hold},
          {"basis", rules.basis},
          {"approved_by", rules.approved_by}};
}

// What the file means, defaults included: an operator sees what would happen.
Json Meaning(const Job& job) {
  return {{"name", job.name},
          {"archive", job.archive},
          {"derive", job.derive_later ? "later" : "now"},
          {"seeds",
           {{"urls", job.urls.size()},
            {"feeds", job.feeds.size()},
            {"sitemaps", job.sitemaps.size()}}},
          {"hosts", job.hosts},
          {"exclude", job.exclude},
          {"max_depth", job.max_depth},
          {"max_pages", job.max_pages},
          {"delay_ms", job.delay.count()},
          {"concurrency_per_host", job.concurrency_per_host},
          {"robots", NameOf(job.robots)},
          {"min_interval_ms", job.min_interval.count()},
          {"allow_private", job.allow_private},
          {"render", MeaningOf(job.rendering)},
          {"retention", MeaningOf(job.retention)}};
}

void PrintRendering(const Job::Rendering& how, std::ostream& out) {
  if (how.program.empty()) return;
  out << fmt::format(
      "render: {} shows every page{}{}; at most {} s, {} MiB and {} requests "
      "each\n",
      ForTerminal(how.program), how.hosts.empty() ? "" : " of ",
      ForTerminal(fmt::format("{}", fmt::join(how.hosts, ", "))),
      static_cast<double>(how.budget.time.count()) / 1000,
      static_cast<double>(how.budget.bytes) / (1 << 20), how.budget.requests);
}

void PrintRetention(const Job::Retention& rules, std::ostream& out) {
  if (!rules.keep) return;
  const double days = static_cast<double>(rules.keep->count()) / 86'400'000;
  out << fmt::format(
      "retention: after a complete run, {} older than {:.3g} day{} are erased; "
      "what copies rest on {}, {} pattern{} held\n",
      rules.media_only ? "videos and sound" : "captures", days,
      days == 1 ? "" : "s", rules.keep_copies ? "stays" : "is erased too",
      rules.hold.size(), rules.hold.size() == 1 ? "" : "s");
  out << fmt::format(
      "retention: basis {}; approved by {}\n", ForTerminal(rules.basis),
      ForTerminal(fmt::format("{}", fmt::join(rules.approved_by, ", "))));
}

void PrintMeaning(const Job& job, std::ostream& out) {
  out << fmt::format(
      "job {}: {} seed page{}, {} feed{}, {} sitemap{}; {} host{} in scope, "
      "depth {}, at most {} pages a run\n",
      job.name, job.urls.size(), job.urls.size() == 1 ? "" : "s",
      job.feeds.size(), job.feeds.size() == 1 ? "" : "s", job.sitemaps.size(),
      job.sitemaps.size() == 1 ? "" : "s", job.hosts.size(),
      job.hosts.size() == 1 ? "" : "s", job.max_depth, job.max_pages);
  out << fmt::format(
      "robots: {}; {} ms between requests to a host, {} at once; revisits "
      "every {} s at most\n",
      NameOf(job.robots), job.delay.count(), job.concurrency_per_host,
      job.min_interval.count() / 1000);
  PrintRendering(job.rendering, out);
  PrintRetention(job.retention, out);
}

// Not errors, but things an operator may want to hear.
std::vector<std::string> Warnings(const Job& job) {
  std::vector<std::string> warnings;
  if (job.robots != RobotsRule::kObey) {
    warnings.push_back(fmt::format("robots = \"{}\": robots.txt is not obeyed",
                                   NameOf(job.robots)));
  }
  if (job.user_agent.find("://") == std::string::npos &&
      job.user_agent.find('@') == std::string::npos) {
    warnings.push_back(
        "user_agent names no contact: site operators cannot reach you");
  }
  for (const auto* list : {&job.urls, &job.feeds, &job.sitemaps}) {
    for (const Url& url : *list) {
      if (!job.InScope(url) && list == &job.urls) {
        warnings.push_back(fmt::format(
            "seed {} lies outside scope.hosts: its links are not followed",
            url.Href()));
      }
    }
  }
  return warnings;
}

int Check(const std::string& file, Session& session) {
  const Result<std::string> text = ReadJobText(file);
  if (!text) return session.Fail(text.error());
  JobReading reading = ReadJob(*text);
  if (reading.problems.empty()) {
    const auto policy = AddressPolicy::Create(reading.job.allow_private);
    if (!policy) reading.problems.push_back({0, 0, policy.error().message()});
  }
  const std::vector<std::string> warnings = Warnings(reading.job);
  if (session.json) {
    Json problems = Json::array();
    for (const JobProblem& p : reading.problems) {
      problems.push_back(
          {{"line", p.line}, {"column", p.column}, {"message", p.message}});
    }
    Json result = {{"file", file},
                   {"ok", reading.problems.empty()},
                   {"problems", problems},
                   {"warnings", warnings}};
    if (reading.problems.empty()) result["job"] = Meaning(reading.job);
    *session.out << result.dump(-1, ' ', false, Json::error_handler_t::replace)
                 << "\n";
    return reading.problems.empty() ? kDone : kUsage;
  }
  for (const JobProblem& p : reading.problems) {
    const std::string place =
        p.line > 0 ? fmt::format("{}:{}:{}", file, p.line, p.column) : file;
    *session.err << ForTerminal(place) << ": " << ForTerminal(p.message)
                 << "\n";
  }
  if (!reading.problems.empty()) return kUsage;
  for (const std::string& warning : warnings) session.Note(warning);
  PrintMeaning(reading.job, *session.out);
  return kDone;
}

}  // namespace

void AddConfig(CLI::App& root, Session& session) {
  const auto file = std::make_shared<std::string>();
  CLI::App* config = root.add_subcommand("config", "check a job file");
  config->require_subcommand(1);
  CLI::App* check = config->add_subcommand(
      "check", "say what is wrong with a job file, and what it means");
  check->add_option("FILE", *file, "a job file")->required();
  check->footer(
      "exit: 0 good, 2 not\n"
      "examples:\n"
      "  stemma config check job.toml\n"
      "  stemma config check --json job.toml");
  config->footer(
      "examples:\n  stemma config check job.toml\n"
      "  stemma config check --json job.toml");
  check->callback(
      [file, &session] { session.exit_code = Check(*file, session); });
}

}  // namespace stemma::cli

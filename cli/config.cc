// stemma config check FILE: lint a job file without visiting anything.
#include <fmt/format.h>

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
          {"allow_private", job.allow_private}};
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

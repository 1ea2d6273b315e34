// stemma status: what the jobs of an archive do and have done.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/session.h"
#include "fetch/frontier.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

// Whether some process holds the archive's lock, found out without keeping it.
bool IsLocked(const std::filesystem::path& dir) {
  const int fd =
      ::open((dir / "lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool locked = ::flock(fd, LOCK_SH | LOCK_NB) != 0;
  ::close(fd);
  return locked;
}

Result<Json> StatusOf(const std::filesystem::path& file, bool locked) {
  STEMMA_TRY(const auto frontier, Frontier::OpenToRead(file));
  STEMMA_TRY(const auto run, frontier->LastRun());
  STEMMA_TRY(const FrontierCounts counts, frontier->Count());
  Json status = {{"job", file.stem().string()},
                 {"addresses",
                  {{"known", counts.known},
                   {"ready", counts.ready},
                   {"under_way", counts.leased},
                   {"waiting", counts.waiting},
                   {"finished", counts.finished}}},
                 {"hosts_ready", counts.hosts_ready}};
  if (counts.oldest_due) {
    status["next_due"] = FormatSeconds(*counts.oldest_due);
  }
  status["state"] = "never run";
  if (!run) return status;
  // LastRun says of an unfinished run that it would be resumed.
  status["state"] = !run->resumed ? "complete"
                    : locked      ? "running"
                                  : "interrupted";
  status["run"] = {{"number", run->number},
                   {"started", FormatSeconds(run->started)},
                   {"pages", run->pages},
                   {"bytes", run->bytes}};
  return status;
}

void Print(const Json& status, std::ostream& out) {
  const Json& a = status["addresses"];
  out << fmt::format("{}: {}", ForTerminal(status["job"].get<std::string>()),
                     status["state"].get<std::string>());
  if (status.contains("run")) {
    out << fmt::format(", run {} since {}, {} pages, {} MiB",
                       status["run"]["number"].get<std::int64_t>(),
                       status["run"]["started"].get<std::string>(),
                       status["run"]["pages"].get<std::uint64_t>(),
                       status["run"]["bytes"].get<std::uint64_t>() >> 20);
  }
  out << fmt::format(
      "\n  {} addresses: {} ready on {} hosts, {} under way, {} waiting\n",
      a["known"].get<std::uint64_t>(), a["ready"].get<std::uint64_t>(),
      status["hosts_ready"].get<std::uint64_t>(),
      a["under_way"].get<std::uint64_t>(), a["waiting"].get<std::uint64_t>());
  if (status.contains("next_due")) {
    out << "  next due " << status["next_due"].get<std::string>() << "\n";
  }
}

int Run(const std::string& job, Session& session) {
  namespace fs = std::filesystem;
  const fs::path dir = session.ArchiveDir();
  if (!fs::is_directory(dir)) {
    return session.Fail(
        Error(ErrorCode::kNotFound,
              fmt::format("there is no archive in {}; name one with --archive",
                          dir.string())));
  }
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir / "jobs", error)) {
    if (entry.path().extension() != ".sqlite") continue;
    if (job.empty() || entry.path().stem() == job) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  if (!job.empty() && files.empty()) {
    return session.Fail(
        Error(ErrorCode::kNotFound,
              fmt::format("archive {} has no job '{}'", dir.string(), job)));
  }
  const bool locked = IsLocked(dir);
  const auto space = fs::space(dir, error);
  Json all = {{"archive", dir.string()},
              {"locked", locked},
              {"disk_free_bytes", error ? 0 : space.available},
              {"jobs", Json::array()}};
  for (const fs::path& file : files) {
    Result<Json> status = StatusOf(file, locked);
    if (!status) return session.Fail(status.error());
    all["jobs"].push_back(*std::move(status));
  }
  if (session.json) {
    *session.out << all.dump(-1, ' ', false, Json::error_handler_t::replace)
                 << "\n";
    return kDone;
  }
  *session.out << fmt::format(
      "archive {}: {}, {} GiB free\n", ForTerminal(dir.string()),
      locked ? "in use" : "not in use",
      all["disk_free_bytes"].get<std::uint64_t>() >> 30);
  for (const Json& status : all["jobs"]) Print(status, *session.out);
  if (files.empty()) *session.out << "no jobs\n";
  return kDone;
}

}  // namespace

void AddStatus(CLI::App& root, Session& session) {
  const auto job = std::make_shared<std::string>();
  CLI::App* command =
      root.add_subcommand("status", "what the jobs of an archive do");
  command->add_option("JOB", *job, "only this job");
  command->footer(
      "examples:\n"
      "  stemma --archive /srv/stemma status\n"
      "  stemma status --json idlib-reports");
  command->callback(
      [job, &session] { session.exit_code = Run(*job, session); });
}

}  // namespace stemma::cli

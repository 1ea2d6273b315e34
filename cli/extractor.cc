#include "cli/extractor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <system_error>
#include <thread>

extern "C" char** environ;

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kMostSaid = 64 << 10;
constexpr const char* kLog = ".stemma-said";

std::string TailOf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const auto size = static_cast<std::size_t>(
      std::max<std::streamoff>(0, static_cast<std::streamoff>(in.tellg())));
  const std::size_t take = std::min(size, kMostSaid);
  std::string text(take, '\0');
  in.seekg(static_cast<std::streamoff>(size - take));
  in.read(text.data(), static_cast<std::streamsize>(take));
  return text;
}

// The whole group goes: such programs start others.
int EndOf(pid_t child, Steady::time_point deadline,
          const std::function<bool()>& go_on) {
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (Steady::now() >= deadline || !go_on()) {
      ::kill(-child, SIGKILL);
      ::waitpid(child, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ::kill(-child, SIGKILL);  // what it left running
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Result<pid_t> Start(const std::string& command, const std::string& url,
                    const fs::path& dir, std::uint64_t max_bytes) {
  // The address is an argument, never part of the script.
  std::string script =
      fmt::format("cd \"$1\" && ulimit -f {} && exec {} \"$2\"",
                  max_bytes / 512 + 1, command);
  std::string shell = "sh", dash_c = "-c", folder = dir.string(), page = url;
  std::array<char*, 7> argv = {shell.data(), dash_c.data(), script.data(),
                               shell.data(), folder.data(), page.data(),
                               nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                   O_RDONLY, 0);
  const std::string log = (dir / kLog).string();
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, "/bin/sh", &actions, &attributes,
                                   argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == 0) return child;
  return Error(ErrorCode::kIo,
               fmt::format("extractor '{}': {}", command,
                           std::generic_category().message(failed)));
}

}  // namespace

Result<Extracted> RunExtractor(const std::string& command,
                               const std::string& url, const fs::path& dir,
                               const ExtractorLimits& limits,
                               const std::function<bool()>& go_on) {
  const auto deadline = Steady::now() + limits.time;
  STEMMA_TRY(const pid_t child, Start(command, url, dir, limits.max_bytes));
  Extracted got;
  got.exit_code = EndOf(child, deadline, go_on);
  got.said = TailOf(dir / kLog);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    // No links: the program may have been told where to point them.
    if (entry.path().filename() == kLog ||
        entry.symlink_status(error).type() != fs::file_type::regular) {
      continue;
    }
    got.files.push_back(entry.path());
  }
  std::ranges::sort(got.files);
  if (got.files.size() > limits.max_files) got.files.resize(limits.max_files);
  return got;
}

}  // namespace stemma::cli

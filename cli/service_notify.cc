#include "cli/service_notify.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

extern "C" char** environ;

namespace stemma::cli {

void NotifyService(std::string_view message) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (*path != '/' && *path != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(path);
  if (size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, size);
  if (*path == '@') address.sun_path[0] = '\0';  // an abstract socket
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  // Nobody listening is no reason to stop working.
  static_cast<void>(
      ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size)));
  ::close(fd);
}

Status ReplaceFile(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path temporary =
      file.string() + fmt::format(".{}.tmp", ::getpid());
  std::error_code error;
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out << text;
    out.flush();
    if (!out) {
      std::filesystem::remove(temporary, error);
      return Error(ErrorCode::kIo,
                   fmt::format("{} cannot be written", temporary.string()));
    }
  }
  std::filesystem::rename(temporary, file, error);
  if (error) {
    return Error(ErrorCode::kIo, fmt::format("{} cannot be replaced: {}",
                                             file.string(), error.message()));
  }
  return {};
}

namespace {

// Writes what the child takes; a child that does not read is no error.
void Feed(int fd, std::string_view input,
          std::chrono::steady_clock::time_point deadline) {
  while (!input.empty() && std::chrono::steady_clock::now() < deadline) {
    pollfd ready{fd, POLLOUT, 0};
    if (::poll(&ready, 1, 200) <= 0) continue;
    if ((ready.revents & (POLLERR | POLLHUP)) != 0) return;
    const ssize_t sent = ::write(fd, input.data(), input.size());
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
    if (sent > 0) input.remove_prefix(static_cast<std::size_t>(sent));
  }
}

Status WaitFor(pid_t child, std::chrono::steady_clock::time_point deadline) {
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= deadline) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return Error(ErrorCode::kIo, "it ran for more than a minute");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return Error(ErrorCode::kIo,
               WIFEXITED(status)
                   ? fmt::format("it exited with {}", WEXITSTATUS(status))
                   : fmt::format("signal {} ended it", WTERMSIG(status)));
}

}  // namespace

Status RunCommand(const std::string& command, std::string_view input) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::minutes(1);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return Error(ErrorCode::kIo, "no pipe for a command");
  }
  ::fcntl(pipe[1], F_SETFL, O_NONBLOCK);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[0], STDIN_FILENO);
  // Standard output is for results; what the command says goes to the log.
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  std::string shell = "sh", dash_c = "-c", text = command;
  std::array<char*, 4> argv = {shell.data(), dash_c.data(), text.data(),
                               nullptr};
  pid_t child = 0;
  const int failed =
      ::posix_spawn(&child, "/bin/sh", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[0]);
  if (failed != 0) {
    ::close(pipe[1]);
    return Error(ErrorCode::kIo,
                 fmt::format("'{}': {}", command, std::strerror(failed)));
  }
  Feed(pipe[1], input, deadline);
  ::close(pipe[1]);
  Status ended = WaitFor(child, deadline);
  if (!ended) return std::move(ended).error().Context("'" + command + "'");
  return {};
}

}  // namespace stemma::cli

#include "fetch/browser_pipe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "fetch/program_path.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr uid_t kNobody = 65534;
constexpr int kIn = 3, kOut = 4;  // the child's

std::string Reason(int error) { return std::generic_category().message(error); }

// Moves both above the descriptors that the child's will take.
bool MoveUp(std::array<int, 2>& ends) {
  for (int& end : ends) {
    const int high = ::fcntl(end, F_DUPFD_CLOEXEC, kOut + 1);
    ::close(end);
    end = high;
    if (high < 0) return false;
  }
  return true;
}

void CloseBoth(std::array<int, 2>& ends) {
  for (int& end : ends) {
    if (end >= 0) ::close(end);
    end = -1;
  }
}

// What the child needs, made before it is forked: between fork and exec only
// calls that are safe there are made.
struct Launch {
  std::string path;
  std::vector<char*> argv, environment;
  std::string uid_map, gid_map;
  bool root = false;
  int socket = -1, told = -1;
};

bool WriteFile(const char* name, const std::string& text) {
  const int file = ::open(name, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t done = ::write(file, text.data(), text.size());
  ::close(file);
  return done == static_cast<ssize_t>(text.size());
}

// A network namespace has no interface but a loopback that is down.
bool EnterEmptyNetwork(const Launch& launch) {
  if (launch.root) return ::unshare(CLONE_NEWNET) == 0;
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  // Without these it would be nobody, with no right to its own profile.
  static_cast<void>(WriteFile("/proc/self/setgroups", "deny"));
  return WriteFile("/proc/self/uid_map", launch.uid_map) &&
         WriteFile("/proc/self/gid_map", launch.gid_map);
}

bool BecomeNobody() {
  return ::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0 &&
         ::setuid(kNobody) == 0;
}

[[noreturn]] void RunChild(const Launch& launch) {
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const char walled = EnterEmptyNetwork(launch) ? 'w' : 'o';
  int failed = launch.root && !BecomeNobody() ? errno : 0;
  // Here, since the kernel forgets it when the user changes.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int null = ::open("/dev/null", O_RDWR);
  for (const auto& [from, to] :
       {std::pair(null, STDIN_FILENO), std::pair(null, STDOUT_FILENO),
        std::pair(null, STDERR_FILENO), std::pair(launch.socket, kIn),
        std::pair(launch.socket, kOut)}) {
    if (failed == 0 && ::dup2(from, to) < 0) failed = errno;
  }
  static_cast<void>(::write(launch.told, &walled, 1) == 1);
  if (failed == 0) {
    ::execve(launch.path.c_str(), launch.argv.data(),
             launch.environment.data());
    failed = errno;
  }
  static_cast<void>(::write(launch.told, &failed, sizeof failed) > 0);
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<BrowserPipe>> BrowserPipe::Start(Options options) {
  std::unique_ptr<BrowserPipe> pipe(new BrowserPipe(std::move(options)));
  STEMMA_CHECK_OK(pipe->MakeProfile());
  STEMMA_CHECK_OK(pipe->Fork());
  return pipe;
}

Status BrowserPipe::MakeProfile() {
  STEMMA_TRY(TemporaryFolder folder, TemporaryFolder::Make("browser"));
  const std::string name = folder.path().string();
  profile_.emplace(std::move(folder));
  if (::geteuid() == 0 && ::chown(name.c_str(), kNobody, kNobody) != 0) {
    return Error(ErrorCode::kIo,
                 fmt::format("giving {} to nobody: {}", name, Reason(errno)));
  }
  return {};
}

Status BrowserPipe::Fork() {
  Launch launch;
  const std::optional<fs::path> path = FindProgram(options_.program);
  if (!path) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("there is no browser '{}'", options_.program));
  }
  launch.path = path->string();
  launch.root = ::geteuid() == 0;
  launch.uid_map = fmt::format("{0} {0} 1", ::geteuid());
  launch.gid_map = fmt::format("{0} {0} 1", ::getegid());
  std::vector<std::string> words = {
      launch.path, "--remote-debugging-pipe",
      "--user-data-dir=" + profile_->path().string()};
  words.insert(words.end(), options_.flags.begin(), options_.flags.end());
  std::vector<std::string> fields = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8",
                                     "TZ=UTC",
                                     "HOME=" + profile_->path().string()};
  for (std::string& word : words) launch.argv.push_back(word.data());
  for (std::string& field : fields) launch.environment.push_back(field.data());
  launch.argv.push_back(nullptr);
  launch.environment.push_back(nullptr);

  std::array<int, 2> ends = {-1, -1}, told = {-1, -1};
  const bool made =
      ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0 &&
      ::pipe2(told.data(), O_CLOEXEC) == 0 && MoveUp(ends) && MoveUp(told);
  launch.socket = ends[1], launch.told = told[1];
  child_ = made ? ::fork() : -1;
  if (child_ == 0) RunChild(launch);
  const int failed = errno;
  socket_ = std::exchange(ends[0], -1);
  const int answer = std::exchange(told[0], -1);
  CloseBoth(ends);
  CloseBoth(told);
  if (child_ < 0) {
    if (answer >= 0) ::close(answer);
    return Error(ErrorCode::kIo, "starting a browser: " + Reason(failed));
  }
  // Closed by a successful exec, which says how it went.
  std::array<char, 1 + sizeof(int)> said{};
  std::size_t got = 0;
  while (got < said.size()) {
    const ssize_t n = ::read(answer, said.data() + got, said.size() - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  ::close(answer);
  walled_ = got > 0 && said[0] == 'w';
  if (got == said.size()) {
    int error = 0;
    std::memcpy(&error, said.data() + 1, sizeof error);
    return Error(ErrorCode::kNotFound,
                 fmt::format("starting {}: {}", launch.path, Reason(error)));
  }
  return {};
}

BrowserPipe::~BrowserPipe() {
  if (socket_ >= 0) ::close(socket_);
  if (child_ > 0) {
    ::kill(-child_, SIGKILL);
    ::kill(child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

Result<bool> BrowserPipe::WaitFor(short events, Steady::time_point deadline) {
  while (true) {
    if (options_.go_on && !options_.go_on()) {
      return Error(ErrorCode::kInterrupted, "told to stop");
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - Steady::now());
    if (left.count() <= 0) return false;
    pollfd waited{socket_, events, 0};
    const int ready =
        ::poll(&waited, 1,
               static_cast<int>(std::min<std::int64_t>(left.count(), 200)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) {
      return Error(ErrorCode::kIo, "waiting for a browser: " + Reason(errno));
    }
  }
}

Status BrowserPipe::Send(std::string_view message,
                         Steady::time_point deadline) {
  std::string bytes(message);
  bytes.push_back('\0');
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::send(socket_, bytes.data() + sent, bytes.size() - sent,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      return Error(ErrorCode::kNetwork,
                   "the browser is gone: " + Reason(errno));
    }
    STEMMA_TRY(const bool ready, WaitFor(POLLOUT, deadline));
    if (!ready) return Error(ErrorCode::kLimit, "the browser takes nothing");
  }
  return {};
}

Result<std::optional<std::string>> BrowserPipe::Receive(
    Steady::time_point deadline) {
  std::array<char, 64 << 10> piece{};
  while (true) {
    const std::size_t end = received_.find('\0', looked_at_);
    if (end != std::string::npos) {
      std::string message = received_.substr(0, end);
      received_.erase(0, end + 1);
      looked_at_ = 0;
      return std::optional(std::move(message));
    }
    looked_at_ = received_.size();
    if (received_.size() > options_.max_message) {
      return Error(ErrorCode::kLimit, "the browser says more than is taken");
    }
    const ssize_t n = ::recv(socket_, piece.data(), piece.size(), MSG_DONTWAIT);
    if (n > 0) {
      received_.append(piece.data(), static_cast<std::size_t>(n));
      continue;
    }
    if (n == 0) return Error(ErrorCode::kNetwork, "the browser ended");
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      return Error(ErrorCode::kNetwork,
                   "the browser is gone: " + Reason(errno));
    }
    STEMMA_TRY(const bool ready, WaitFor(POLLIN, deadline));
    if (!ready) return std::optional<std::string>();
  }
}

}  // namespace stemma

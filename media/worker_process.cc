#include "media/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace stemma {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::string_view kProgram = "stemma-media-worker";
constexpr int kControlFd = 3;  // in the worker program

Error System(std::string_view what) {
  return Error(ErrorCode::kIo,
               fmt::format("media worker: {}: {}", what, std::strerror(errno)));
}

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { Close(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

Result<std::pair<Fd, Fd>> SocketPair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return System("socketpair");
  }
  return std::pair{Fd(fds[0]), Fd(fds[1])};
}

// Waits until `fd` is ready for `events`, or the moment has come.
bool Await(int fd, short events, SteadyClock::time_point until) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                          until - SteadyClock::now())
                          .count();
    if (left <= 0) return false;
    pollfd entry{fd, events, 0};
    const int ready =
        ::poll(&entry, 1, static_cast<int>(std::min<long long>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

enum class Io { kDone, kClosed, kLate };

Io SendAll(int fd, std::string_view bytes, SteadyClock::time_point until) {
  while (!bytes.empty()) {
    const ssize_t n =
        ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!Await(fd, POLLOUT, until)) return Io::kLate;
    } else if (n == 0 || errno != EINTR) {
      return Io::kClosed;
    }
  }
  return Io::kDone;
}

// Appends `want` bytes to `out` as they arrive: a length is a claim, so no
// room is made for more than a piece at a time.
Io ReceiveExactly(int fd, std::size_t want, std::string& out,
                  SteadyClock::time_point until) {
  constexpr std::size_t kPiece = 256 << 10;
  while (want > 0) {
    const std::size_t at = out.size();
    out.resize(at + std::min(want, kPiece));
    const ssize_t n =
        ::recv(fd, out.data() + at, out.size() - at, MSG_DONTWAIT);
    out.resize(at + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n > 0) {
      want -= static_cast<std::size_t>(n);
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!Await(fd, POLLIN, until)) return Io::kLate;
    } else if (n == 0 || errno != EINTR) {
      return Io::kClosed;
    }
  }
  return Io::kDone;
}

// A running worker program: it does nothing but fork a process for each job
// and say how that ended, so that libraries are loaded once.
class Zygote {
 public:
  static Result<std::unique_ptr<Zygote>> Start();
  ~Zygote() {
    control_.Close();
    if (killed_) return;
    // It leaves when the control socket closes.
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  // Hands over one end of a job's socket.
  Status SendJob(int fd);
  // Waits for the job's process to end; its wait status.
  std::optional<int> AwaitEnd(SteadyClock::time_point until);
  // Kills it and its children.
  void Kill() {
    if (killed_) return;
    killed_ = true;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }

 private:
  Zygote(pid_t pid, Fd control) : pid_(pid), control_(std::move(control)) {}
  pid_t pid_;
  Fd control_;
  bool killed_ = false;
};

struct SpawnActions {
  posix_spawn_file_actions_t value;
  SpawnActions() { posix_spawn_file_actions_init(&value); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&value); }
};
struct SpawnAttributes {
  posix_spawnattr_t value;
  SpawnAttributes() { posix_spawnattr_init(&value); }
  ~SpawnAttributes() { posix_spawnattr_destroy(&value); }
};

Result<std::unique_ptr<Zygote>> Zygote::Start() {
  STEMMA_TRY(const std::string program, FindWorkerProgram());
  STEMMA_TRY(auto ends, SocketPair());

  SpawnActions actions;
  posix_spawn_file_actions_addopen(&actions.value, STDIN_FILENO, "/dev/null",
                                   O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions.value, STDOUT_FILENO, "/dev/null",
                                   O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions.value, ends.second.get(),
                                   kControlFd);
  SpawnAttributes attributes;
  // A group of its own: a terminal's Ctrl-C is for the parent to handle, and
  // one kill reaches the program and its jobs.
  posix_spawnattr_setflags(&attributes.value, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes.value, 0);

  std::string name(kProgram), option("--zygote");
  char* argv[] = {name.data(), option.data(), nullptr};
  char* environment[] = {nullptr};  // nothing of ours is theirs to read
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, program.c_str(), &actions.value,
                                   &attributes.value, argv, environment);
  if (failed != 0) {
    errno = failed;
    return System("start " + program);
  }
  return std::unique_ptr<Zygote>(new Zygote(pid, std::move(ends.first)));
}

Status Zygote::SendJob(int fd) {
  char letter = 'J';
  iovec part{&letter, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (::sendmsg(control_.get(), &message, MSG_NOSIGNAL) != 1) {
    return System("hand over a job");
  }
  return {};
}

std::optional<int> Zygote::AwaitEnd(SteadyClock::time_point until) {
  std::string bytes;
  if (ReceiveExactly(control_.get(), sizeof(int), bytes, until) != Io::kDone) {
    return std::nullopt;
  }
  int status = 0;
  std::memcpy(&status, bytes.data(), sizeof status);
  return status;
}

// Worker programs waiting for their next job. They hold nothing of the last
// one: each job ran in a process of its own.
class Pool {
 public:
  Result<std::unique_ptr<Zygote>> Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Zygote> zygote = std::move(idle_.back());
        idle_.pop_back();
        return zygote;
      }
    }
    return Zygote::Start();
  }
  void Return(std::unique_ptr<Zygote> zygote) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(zygote));
  }
  // The program may have been replaced or have died: start a fresh one.
  void Clear() {
    const std::lock_guard lock(mutex_);
    idle_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Zygote>> idle_;
};

Pool& WorkerPool() {
  static Pool pool;
  return pool;
}

// Hands the job's socket to a worker program; a stale one is replaced once.
Result<std::unique_ptr<Zygote>> Dispatch(int job_fd) {
  STEMMA_TRY(std::unique_ptr<Zygote> zygote, WorkerPool().Take());
  if (zygote->SendJob(job_fd)) return zygote;
  WorkerPool().Clear();
  STEMMA_TRY(std::unique_ptr<Zygote> fresh, Zygote::Start());
  STEMMA_CHECK_OK(fresh->SendJob(job_fd));
  return fresh;
}

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    if (number == SIGXCPU)
      return "budget: the decoder hung until its CPU limit";
    if (number == SIGKILL) return "the decoder was killed from outside";
    const char* name = ::sigabbrev_np(number);
    return fmt::format("the decoder crashed (SIG{})", name ? name : "?");
  }
  return fmt::format("the decoder gave up with status {}",
                     WIFEXITED(status) ? WEXITSTATUS(status) : status);
}

// One job's conversation. Returns what went wrong, empty when kDone came.
class Conversation {
 public:
  Conversation(int fd, const Blob& video, const WorkerTimes& times,
               const WorkerMessageFn& on_message)
      : fd_(fd),
        video_(video),
        times_(times),
        on_message_(on_message),
        end_(SteadyClock::now() + ToClock(times.wall_seconds)) {}

  Result<std::string> Run(const WorkerJob& job);
  // The worker closed the socket: its exit status tells why.
  bool closed() const { return closed_; }

 private:
  static SteadyClock::duration ToClock(double seconds) {
    return std::chrono::duration_cast<SteadyClock::duration>(
        std::chrono::duration<double>(seconds));
  }
  SteadyClock::time_point Deadline() const {
    return std::min(end_, SteadyClock::now() + ToClock(times_.stall_seconds));
  }
  std::string Why(Io io);
  Result<std::string> Serve(std::string_view payload);

  int fd_;
  const Blob& video_;
  const WorkerTimes& times_;
  const WorkerMessageFn& on_message_;
  SteadyClock::time_point end_;
  bool closed_ = false;
};

std::string Conversation::Why(Io io) {
  if (io == Io::kClosed) {
    closed_ = true;
    return "the decoder ended without a result";
  }
  return SteadyClock::now() >= end_
             ? fmt::format("budget: {} s of wall time are used up",
                           times_.wall_seconds)
             : fmt::format("the decoder said nothing for {} s",
                           times_.stall_seconds);
}

Result<std::string> Conversation::Serve(std::string_view payload) {
  const Result<ReadRequest> request = DecodeRead(payload);
  if (!request) return request.error().message();
  std::string bytes(std::min<std::uint64_t>(
                        request->length, request->offset < video_.size()
                                             ? video_.size() - request->offset
                                             : 0),
                    '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    STEMMA_TRY(
        const std::size_t n,
        video_.ReadAt(request->offset + done, std::span(bytes).subspan(done)));
    if (n == 0) break;
    done += n;
  }
  bytes.resize(done);
  const Io io =
      SendAll(fd_, EncodeMessage(WorkerMessage::kData, bytes), Deadline());
  return io == Io::kDone ? std::string() : Why(io);
}

Result<std::string> Conversation::Run(const WorkerJob& job) {
  Io io = SendAll(fd_, EncodeJob(job), Deadline());
  if (io != Io::kDone) return Why(io);
  std::string bytes;
  for (;;) {
    bytes.clear();
    io = ReceiveExactly(fd_, kWorkerHeaderBytes, bytes, Deadline());
    if (io != Io::kDone) return Why(io);
    const Result<WorkerHeader> header = DecodeHeader(bytes);
    if (!header) return header.error().message();
    bytes.clear();
    io = ReceiveExactly(fd_, header->length, bytes, Deadline());
    if (io != Io::kDone) return Why(io);
    if (header->type == WorkerMessage::kRead) {
      STEMMA_TRY(std::string trouble, Serve(bytes));
      if (!trouble.empty()) return trouble;
      continue;
    }
    if (Status taken = on_message_(header->type, bytes); !taken) {
      // Their breach of the protocol ends the job; trouble of ours, such as a
      // full disk, ends the run.
      if (taken.error().code() == ErrorCode::kMalformed) {
        return taken.error().message();
      }
      return std::move(taken).error();
    }
    if (header->type == WorkerMessage::kDone) return std::string();
  }
}

bool IsExecutable(const std::filesystem::path& path) {
  return ::access(path.c_str(), X_OK) == 0 &&
         std::filesystem::is_regular_file(path);
}

}  // namespace

Result<std::string> FindWorkerProgram() {
  if (const char* env = std::getenv("STEMMA_MEDIA_WORKER"); env && *env) {
    if (IsExecutable(env)) return std::string(env);
    return Error(ErrorCode::kIo,
                 fmt::format("media worker: STEMMA_MEDIA_WORKER names {}, "
                             "which is no program",
                             env));
  }
  std::error_code ignored;
  const std::filesystem::path here =
      std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const std::filesystem::path& folder :
       {here, here / "../libexec/stemma", here / "../bin",
        std::filesystem::path(STEMMA_LIBEXEC)}) {
    const std::filesystem::path program = folder / kProgram;
    if (IsExecutable(program)) return program.string();
  }
  return Error(ErrorCode::kIo,
               fmt::format("media worker: no {} beside the program or in {}; "
                           "set STEMMA_MEDIA_WORKER to where it is",
                           kProgram, STEMMA_LIBEXEC));
}

Result<WorkerEnd> RunWorker(const WorkerJob& job, const Blob& video,
                            const WorkerTimes& times,
                            const WorkerMessageFn& on_message) {
  STEMMA_TRY(auto ends, SocketPair());
  STEMMA_TRY(std::unique_ptr<Zygote> zygote, Dispatch(ends.second.get()));
  ends.second.Close();  // so that the worker's death closes the socket

  Conversation conversation(ends.first.get(), video, times, on_message);
  Result<std::string> trouble = conversation.Run(job);

  // A worker that is done, or lost its socket, leaves at once; one that is
  // late or lies is killed.
  const bool leaving = trouble && (trouble->empty() || conversation.closed());
  std::optional<int> status;
  if (leaving) {
    status = zygote->AwaitEnd(SteadyClock::now() + std::chrono::seconds(5));
  }
  if (status) {
    WorkerPool().Return(std::move(zygote));
  } else {
    zygote->Kill();
  }
  if (!trouble) return std::move(trouble).error();
  if (trouble->empty()) return WorkerEnd{true, {}};
  if (conversation.closed() && status)
    return WorkerEnd{false, HowItEnded(*status)};
  return WorkerEnd{false, *std::move(trouble)};
}

}  // namespace stemma

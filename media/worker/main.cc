// stemma-media-worker: the program that FFmpeg lives in.
//
// It is started once and then only waits: for each job that comes over the
// control socket it forks a process, which closes every other descriptor,
// raises the walls of sandbox.h and decodes one video. Nothing of a video
// ever reaches this process or the next job's.
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "hash/pdq.h"
#include "hash/sha256.h"
#include "media/worker/av.h"
#include "media/worker/channel.h"
#include "media/worker/decode.h"
#include "media/worker/sandbox.h"

namespace stemma::worker {
namespace {

constexpr int kControlFd = 3;

// Whatever libraries do on first use (read settings, probe the CPU) they do
// here, where it is still allowed.
void WarmUp() {
  av_log_set_level(AV_LOG_QUIET);
  av_get_cpu_flags();
  (void)Sha256Of("");
  const PdqSamples grey{};
  (void)PdqOf(grey);
  (void)avcodec_find_decoder(AV_CODEC_ID_H264);
}

// The next job's socket; -1 when the parent is gone.
int ReceiveJobFd() {
  char letter = 0;
  iovec part{&letter, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  ssize_t n = 0;
  do {
    n = ::recvmsg(kControlFd, &message, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n != 1) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

[[noreturn]] void DoJob(int fd) {
  Channel channel(fd);
  const WorkerJob job = channel.ReceiveJob();
  const Walls walls = EnterSandbox({job.cpu_seconds, job.memory_bytes}, fd);
  std::string standing;
  for (const std::string& wall : walls.standing) {
    standing += (standing.empty() ? "" : " ") + wall;
  }
  WorkerFact fact;
  fact.name = "walls";
  fact.text = standing;
  channel.Send(EncodeFact(fact));
  for (const std::string& wall : walls.missing) {
    channel.Send(
        EncodeWarning("this kernel gives the decoder no wall " + wall));
  }
  if (IsSandboxed(walls)) {
    Decode(channel, job);
  } else {
    WorkerSummary summary;
    summary.reason = "not decoded: this kernel cannot lock the decoder in";
    channel.Send(EncodeDone(summary));
    channel.Flush();
  }
  ::_exit(0);
}

int ServeJobs() {
  WarmUp();
  for (;;) {
    const int fd = ReceiveJobFd();
    if (fd < 0) return 0;
    const pid_t pid = ::fork();
    if (pid == 0) DoJob(fd);
    ::close(fd);
    int status = 0;
    if (pid > 0) {
      while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
    } else {
      status = 1 << 8;  // as if it had exited with 1
    }
    if (::send(kControlFd, &status, sizeof status, MSG_NOSIGNAL) < 0) return 0;
  }
}

}  // namespace
}  // namespace stemma::worker

int main(int argc, char** argv) {
  if (argc != 2 || std::string_view(argv[1]) != "--zygote") {
    fmt::print(stderr,
               "stemma-media-worker is run by stemma to decode videos in a "
               "sandbox; it is of no use by itself.\n");
    return 2;
  }
  ::signal(SIGPIPE, SIG_IGN);
  return stemma::worker::ServeJobs();
}

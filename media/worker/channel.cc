#include "media/worker/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace stemma::worker {
namespace {

constexpr std::size_t kQueueBytes = 64 << 10;
constexpr int kLostParent = 3;  // exit status

}  // namespace

void Channel::ReceiveExactly(void* out, std::size_t n) {
  auto* to = static_cast<char*>(out);
  while (n > 0) {
    const ssize_t got = ::recv(fd_, to, n, 0);
    if (got > 0) {
      to += got;
      n -= static_cast<std::size_t>(got);
    } else if (got == 0 || errno != EINTR) {
      ::_exit(kLostParent);
    }
  }
}

WorkerJob Channel::ReceiveJob() {
  std::string header(kWorkerHeaderBytes, '\0');
  ReceiveExactly(header.data(), header.size());
  const Result<WorkerHeader> decoded = DecodeHeader(header);
  if (!decoded || decoded->type != WorkerMessage::kJob) ::_exit(kLostParent);
  std::string payload(decoded->length, '\0');
  ReceiveExactly(payload.data(), payload.size());
  Result<WorkerJob> job = DecodeJob(payload);
  if (!job) ::_exit(kLostParent);
  return *std::move(job);
}

void Channel::Send(std::string_view message) {
  queue_ += message;
  if (queue_.size() >= kQueueBytes) Flush();
}

void Channel::Flush() {
  std::string_view rest = queue_;
  while (!rest.empty()) {
    const ssize_t n = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n > 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      ::_exit(kLostParent);
    }
  }
  queue_.clear();
  if (queue_.capacity() > 16 * kQueueBytes) std::string().swap(queue_);
}

std::size_t Channel::ReadAt(std::uint64_t offset, std::span<std::uint8_t> out) {
  const auto length = static_cast<std::uint32_t>(
      std::min<std::size_t>(out.size(), kMaxReadBytes));
  if (length == 0) return 0;
  Send(EncodeRead(offset, length));
  Flush();
  std::string header(kWorkerHeaderBytes, '\0');
  ReceiveExactly(header.data(), header.size());
  const Result<WorkerHeader> decoded = DecodeHeader(header);
  if (!decoded || decoded->type != WorkerMessage::kData ||
      decoded->length > length) {
    ::_exit(kLostParent);
  }
  ReceiveExactly(out.data(), decoded->length);
  bytes_read_ += decoded->length;
  return decoded->length;
}

}  // namespace stemma::worker

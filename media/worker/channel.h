// The worker's end of the socket. Losing the parent ends the process: there
// is nobody left to work for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "media/worker_protocol.h"

namespace stemma::worker {

class Channel {
 public:
  explicit Channel(int fd) : fd_(fd) {}

  WorkerJob ReceiveJob();
  // Queues a whole message (worker_protocol.h: Encode...).
  void Send(std::string_view message);
  void Flush();
  // Asks the parent for bytes of the video; fewer at its end.
  std::size_t ReadAt(std::uint64_t offset, std::span<std::uint8_t> out);
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  void ReceiveExactly(void* out, std::size_t n);
  int fd_;
  std::string queue_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace stemma::worker

// A browser as a child process, and the pipe through which it is driven: JSON
// messages that end with NUL, ours to its descriptor 3, its own from 4
// (Chromium's --remote-debugging-pipe). Both are ends of one socket.
//
// Walls around the child: a process group and a profile folder of its own, both
// gone with this object; no descriptors and no environment of ours; a network
// namespace without any interface where the kernel lets us, since all it needs
// comes through the pipe; as root, it runs as nobody.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "fetch/temporary_folder.h"

namespace stemma {

class BrowserPipe {
 public:
  struct Options {
    std::string program;             // a path or a name in $PATH
    std::vector<std::string> flags;  // beside --user-data-dir
    std::size_t max_message = std::size_t{128} << 20;
    std::function<bool()> go_on;  // false: kInterrupted
  };

  // kNotFound: there is no such program.
  static Result<std::unique_ptr<BrowserPipe>> Start(Options options);
  ~BrowserPipe();
  BrowserPipe(const BrowserPipe&) = delete;
  BrowserPipe& operator=(const BrowserPipe&) = delete;

  // Both: kNetwork when the browser is gone, kLimit for a message that is too
  // long or not taken before the deadline.
  Status Send(std::string_view message,
              std::chrono::steady_clock::time_point deadline);
  // nullopt: nothing was said before the deadline.
  Result<std::optional<std::string>> Receive(
      std::chrono::steady_clock::time_point deadline);

  // Whether it lives in a network namespace of its own.
  bool walled() const { return walled_; }

 private:
  explicit BrowserPipe(Options options) : options_(std::move(options)) {}
  Status MakeProfile();
  Status Fork();
  // False: not before the deadline.
  Result<bool> WaitFor(short events,
                       std::chrono::steady_clock::time_point deadline);

  Options options_;
  std::optional<TemporaryFolder> profile_;
  pid_t child_ = -1;
  int socket_ = -1;
  bool walled_ = false;
  std::string received_;
  std::size_t looked_at_ = 0;  // of received_, without a NUL
};

}  // namespace stemma

// The walls around a decoder. After EnterSandbox the process can compute, ask
// for memory up to a limit, and talk on the sockets it has; nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stemma::worker {

struct SandboxLimits {
  double cpu_seconds = 600;
  std::uint64_t memory_bytes = 400u << 20;  // private writable memory
};

struct Walls {
  std::vector<std::string> standing;  // "seccomp", "landlock", ...
  std::vector<std::string> missing;   // with the reason
};

// Raises every wall the kernel has. `keep_fd` is the only descriptor above
// standard error that stays open. Without seccomp and no_new_privs there is no
// sandbox: the caller must not go on when `missing` names one of these.
Walls EnterSandbox(const SandboxLimits& limits, int keep_fd);

// Whether the two walls without which nothing may be decoded are there.
bool IsSandboxed(const Walls& walls);

}  // namespace stemma::worker

#include "media/worker/sandbox.h"

#include <linux/close_range.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <string_view>

namespace stemma::worker {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // their shadow memory breaks memory limits
#else
constexpr bool kSanitized = false;
#endif

std::string Because(std::string_view what, int error) {
  return std::string(what) + ": " + std::strerror(error);
}

bool Limit(int resource, std::uint64_t value, std::uint64_t grace = 0) {
  const rlimit limit{value, value + grace};
  return ::setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0;
}

void RaiseLimits(const SandboxLimits& limits, Walls& walls) {
  const auto cpu = static_cast<std::uint64_t>(std::ceil(limits.cpu_seconds));
  // The decode loop stops itself at the budget; this is for code that hangs.
  bool all = Limit(RLIMIT_CPU, cpu + 3, 2);
  all &= Limit(RLIMIT_FSIZE, 0);
  all &= Limit(RLIMIT_CORE, 0);
  all &= Limit(RLIMIT_NOFILE, 16);
  all &= Limit(RLIMIT_MEMLOCK, 0);
  if (!kSanitized) all &= Limit(RLIMIT_DATA, limits.memory_bytes);
  (all ? walls.standing : walls.missing).push_back("rlimits");
}

void CloseEverythingBut(int keep_fd) {
  // Two ranges around the one to keep; standard streams lead to /dev/null.
  const auto keep = static_cast<unsigned>(keep_fd);
  if (keep > 3) ::syscall(SYS_close_range, 3u, keep - 1, 0u);
  ::syscall(SYS_close_range, keep + 1, ~0u, 0u);
}

void RaiseLandlock(Walls& walls) {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0,
                             LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) {
    walls.missing.push_back(Because("landlock", errno));
    return;
  }
  // Every right the kernel knows is handled and none is granted. Rights and
  // the network word (from ABI 4) are newer than our headers, hence numbers.
  struct {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;
    std::uint64_t scoped;
  } rules{};
  rules.handled_access_fs = (1u << 13) - 1;
  if (abi >= 2) rules.handled_access_fs |= 1u << 13;
  if (abi >= 3) rules.handled_access_fs |= 1u << 14;
  if (abi >= 5) rules.handled_access_fs |= 1u << 15;
  if (abi >= 4) rules.handled_access_net = 3;
  if (abi >= 6) rules.scoped = 3;
  const std::size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  const long fd = ::syscall(SYS_landlock_create_ruleset, &rules, size, 0);
  if (fd < 0 || ::syscall(SYS_landlock_restrict_self, fd, 0) != 0) {
    walls.missing.push_back(Because("landlock", errno));
  } else {
    walls.standing.push_back("landlock");
  }
  if (fd >= 0) ::close(static_cast<int>(fd));
}

// What pure computation on one socket needs. Threads are not on the list.
constexpr int kAllowed[] = {
    SCMP_SYS(read),          SCMP_SYS(write),
    SCMP_SYS(readv),         SCMP_SYS(writev),
    SCMP_SYS(recvfrom),      SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),        SCMP_SYS(sendmsg),
    SCMP_SYS(close),         SCMP_SYS(munmap),
    SCMP_SYS(mremap),        SCMP_SYS(madvise),
    SCMP_SYS(brk),           SCMP_SYS(futex),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),  SCMP_SYS(time),
    SCMP_SYS(exit),          SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield),   SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getrandom),     SCMP_SYS(getrusage),
    SCMP_SYS(getpid),        SCMP_SYS(gettid),
    SCMP_SYS(tgkill),        SCMP_SYS(restart_syscall),
};

// What only an attacker would try: the process dies on the spot.
constexpr int kDeadly[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(socket),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(ptrace),
    SCMP_SYS(fork),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(bpf),
    SCMP_SYS(kexec_load),
    SCMP_SYS(io_uring_setup),
};

// The rest is answered EPERM.
int BuildFilter(scmp_filter_ctx filter) {
  int failed = 0;
  for (const int call : kAllowed) {
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
  }
  // Memory may be had, executable memory may not.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    failed |= seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, call, 1,
        SCMP_A2(SCMP_CMP_MASKED_EQ, static_cast<scmp_datum_t>(PROT_EXEC), 0));
  }
  for (const int call : kDeadly) {
    failed |= seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 0);
  }
  return failed;
}

void RaiseSeccomp(Walls& walls) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (filter == nullptr) {
    walls.missing.push_back("seccomp: out of memory");
    return;
  }
  int failed = BuildFilter(filter);
  if (failed == 0) failed = seccomp_load(filter);
  seccomp_release(filter);
  if (failed == 0) {
    walls.standing.push_back("seccomp");
  } else {
    walls.missing.push_back(Because("seccomp", -failed));
  }
}

}  // namespace

Walls EnterSandbox(const SandboxLimits& limits, int keep_fd) {
  Walls walls;
  CloseEverythingBut(keep_fd);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
    walls.standing.push_back("no-new-privs");
  } else {
    walls.missing.push_back(Because("no-new-privs", errno));
  }
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  RaiseLandlock(walls);
  RaiseLimits(limits, walls);
  RaiseSeccomp(walls);
  return walls;
}

bool IsSandboxed(const Walls& walls) {
  const auto stands = [&](std::string_view wall) {
    return std::find(walls.standing.begin(), walls.standing.end(), wall) !=
           walls.standing.end();
  };
  return stands("seccomp") && stands("no-new-privs");
}

}  // namespace stemma::worker

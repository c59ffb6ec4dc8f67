#include "sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parlour::mux_ffmpeg {
namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the system-call filter has to be told this architecture"
#endif

// What reading, writing, allocating and exiting come down to; no open, no socket, no exec, no ptrace, no
// fork.
constexpr long kAllowed[] = {SYS_read,          SYS_write,       SYS_exit,           SYS_exit_group,
                             SYS_brk,           SYS_mmap,        SYS_munmap,         SYS_mremap,
                             SYS_madvise,       SYS_futex,       SYS_mprotect,       SYS_rt_sigreturn,
                             SYS_clock_gettime, SYS_getrandom,   SYS_rt_sigprocmask, SYS_gettid,
                             SYS_getpid,        SYS_sched_yield, SYS_rt_sigaction};

bool limit(int resource, rlim_t value) {
  const rlimit limits{value, value};
  return ::setrlimit(static_cast<__rlimit_resource_t>(resource), &limits) == 0;
}

bool filter_system_calls() {
  std::vector<sock_filter> program;
  auto statement = [&](unsigned code, unsigned operand) {
    program.push_back(sock_filter{static_cast<std::uint16_t>(code), 0, 0, operand});
  };
  auto jump_if_equal = [&](unsigned operand, std::uint8_t yes, std::uint8_t no) {
    program.push_back(sock_filter{static_cast<std::uint16_t>(BPF_JMP | BPF_JEQ | BPF_K), yes, no, operand});
  };
  statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  jump_if_equal(kArchitecture, 1, 0);
  statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (long call : kAllowed) {
    jump_if_equal(static_cast<unsigned>(call), 0, 1);
    statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  }
  statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace

bool enter_sandbox() {
  // Descriptor 2 stays: it is /dev/null (ProcessMuxer sees to it), and libraries write there when they abort.
  if (::syscall(SYS_close_range, 3u, ~0u, 0u) != 0) return false;
  if (::chdir("/") != 0) return false;
  constexpr rlim_t kMemory = rlim_t{2} << 30;
  if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) || !limit(RLIMIT_NOFILE, 0) ||
      !limit(RLIMIT_AS, kMemory))
    return false;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return false;
  return filter_system_calls();
}

}  // namespace parlour::mux_ffmpeg

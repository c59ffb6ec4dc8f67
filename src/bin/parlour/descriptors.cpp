#include "descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace parlour::bin {
namespace {

// A recorded call holds its open segment and a directory for a moment; the rest of the process (database,
// sockets, log, the vault's connection) some dozens. Enough for more calls than one machine carries.
constexpr std::size_t kReservedMin = 384;
constexpr std::size_t kConnectionsMin = 128, kConnectionsMax = 8192;
constexpr std::size_t kLimitWanted = 65536;

}  // namespace

Result<DescriptorBudget, std::string> share_out(std::size_t limit) {
  if (limit < kReservedMin + kConnectionsMin)
    return fail(
        "this process may open " + std::to_string(limit) + " files and connections; it needs at least " +
        std::to_string(kReservedMin + kConnectionsMin) + " (LimitNOFILE= of systemd, ulimit -n of a shell)");
  std::size_t connections = std::min(kConnectionsMax, limit - std::max(kReservedMin, limit / 8));
  return DescriptorBudget{limit, connections, std::clamp<std::size_t>(connections / 4, 64, 1024)};
}

Result<DescriptorBudget, std::string> reserve_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return fail(std::string("the limit of open files cannot be read"));
  rlim_t wanted = std::min<rlim_t>(limit.rlim_max, kLimitWanted);
  if (limit.rlim_cur < wanted) {
    rlimit raised{wanted, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = wanted;
  }
  return share_out(static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, kLimitWanted)));
}

}  // namespace parlour::bin

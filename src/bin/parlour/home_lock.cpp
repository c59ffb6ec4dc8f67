#include "home_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "files.h"

namespace parlour::bin {

Result<HomeLock, std::string> HomeLock::take(const std::filesystem::path& home) {
  const std::filesystem::path path = home / "serve.lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return fail("the lock cannot be made: " + path.string() + ": " + std::strerror(errno));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const bool held = errno == EWOULDBLOCK;
    const std::string reason = std::strerror(errno);
    ::close(descriptor);
    if (!held) return fail("the lock cannot be taken: " + path.string() + ": " + reason);
    std::string holder = read_file(path, 64).value_or("");
    if (holder.empty() || holder.find_first_not_of("0123456789") != std::string::npos) holder = "unknown";
    return fail("another server runs on this home already (process " + holder +
                "). Nothing was changed. Stop that one first, or give another --home");
  }
  // Whoever finds the lock taken reads by whom; what it says is a help and no part of the lock.
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    const std::string reason = std::strerror(errno);
    ::close(descriptor);
    return fail("the lock cannot be written: " + path.string() + ": " + reason);
  }
  return HomeLock(descriptor);
}

HomeLock::HomeLock(HomeLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

HomeLock::~HomeLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace parlour::bin

// One server a home: the lock is held for this object's life and let go by the system when the process ends,
// however that happens. Commands of the operator don't take it: SQLite lets them write beside the server.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace parlour::bin {

class HomeLock {
 public:
  // Nothing is written but the lock file. The error names who holds it.
  static Result<HomeLock, std::string> take(const std::filesystem::path& home);
  ~HomeLock();
  HomeLock(HomeLock&& other) noexcept;
  HomeLock& operator=(HomeLock&&) = delete;

 private:
  explicit HomeLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace parlour::bin

// What of a downloaded file was really sent: its bytes from the beginning on, and their SHA-256. A file is
// sent in order; a connection that broke goes on where it broke, so that what is sent twice counts once.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "app/runtime.h"
#include "base/bytes.h"

namespace parlour::app {

// Any thread.
class ArchiveLedger {
 public:
  explicit ArchiveLedger(std::unique_ptr<Hasher> hasher) : hasher_(std::move(hasher)) {}

  // The socket took `bytes`, which begin at `offset`.
  void sent(std::uint64_t offset, ByteView bytes);
  // So many from the beginning on: where a download may go on at the latest.
  std::uint64_t bytes() const;

  struct Total {
    std::uint64_t bytes = 0;
    std::array<std::uint8_t, 32> sha256{};
  };
  // Nothing counts any more from here on; the same answer each time.
  Total close();

 private:
  mutable std::mutex mutex_;
  std::unique_ptr<Hasher> hasher_;
  std::uint64_t bytes_ = 0;
  std::optional<Total> total_;
};

}  // namespace parlour::app

#include "app/archive_ledger.h"

namespace parlour::app {

void ArchiveLedger::sent(std::uint64_t offset, ByteView bytes) {
  std::lock_guard lock(mutex_);
  if (total_ || offset > bytes_ || offset + bytes.size() <= bytes_) return;
  bytes = bytes.subspan(static_cast<std::size_t>(bytes_ - offset));
  hasher_->add(bytes);
  bytes_ += bytes.size();
}

std::uint64_t ArchiveLedger::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

ArchiveLedger::Total ArchiveLedger::close() {
  std::lock_guard lock(mutex_);
  if (!total_) total_ = Total{bytes_, hasher_->finish()};
  return *total_;
}

}  // namespace parlour::app

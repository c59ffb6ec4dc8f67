#include "entry_blocks.h"

#include <algorithm>

namespace parlour::audit {

EntryBlocks::EntryBlocks(std::string_view text, const std::vector<std::uint64_t>& starts, unsigned threads)
    : text_(text),
      starts_(starts),
      lines_(starts.size() - 1),
      count_((lines_ + kEntries - 1) / kEntries),
      window_(std::size_t{4} * std::max(threads, 1u)),
      ready_(window_) {
  const std::size_t helpers = std::min<std::size_t>(std::max(threads, 1u) - 1, count_);
  for (std::size_t i = 0; i < helpers; ++i) threads_.emplace_back([this] { work(); });
}

EntryBlocks::~EntryBlocks() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::unique_ptr<EntryBlock> EntryBlocks::read(std::size_t block) const {
  auto out = std::make_unique<EntryBlock>();
  const std::size_t first = block * kEntries, end = std::min(lines_, first + kEntries);
  std::vector<Hash256> leaves;
  out->entries.reserve(end - first);
  leaves.reserve(end - first);
  for (std::size_t i = first; i < end; ++i) {
    const std::string_view line = text_.substr(starts_[i], starts_[i + 1] - 1 - starts_[i]);
    leaves.push_back(leaf_hash(as_bytes(line)));
    out->entries.push_back(read_entry(line));
  }
  if (leaves.size() == kEntries)
    out->subtree = PerfectSubtree(std::move(leaves));
  else
    out->leaves = std::move(leaves);
  return out;
}

// Claims the next block, reads it without the lock and puts it into its place.
void EntryBlocks::read_one(std::unique_lock<std::mutex>& lock) {
  const std::size_t block = claimed_++;
  lock.unlock();
  std::unique_ptr<EntryBlock> done = read(block);
  lock.lock();
  ready_[block % window_] = std::move(done);
  changed_.notify_all();
}

void EntryBlocks::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || claimed_ == count_ || may_claim(); });
    if (stopping_ || claimed_ == count_) return;
    read_one(lock);
  }
}

std::unique_ptr<EntryBlock> EntryBlocks::take() {
  std::unique_lock lock(mutex_);
  std::unique_ptr<EntryBlock>& place = ready_[taken_ % window_];
  while (!place) {
    if (may_claim())
      read_one(lock);
    else
      changed_.wait(lock);
  }
  std::unique_ptr<EntryBlock> block = std::move(place);
  ++taken_;
  changed_.notify_all();
  return block;
}

}  // namespace parlour::audit

// The lines of entries.jsonl read and hashed in blocks, on as many threads as are given, and handed out in
// the order in which they stand. What a block says does not depend on the threads: each line is judged by
// itself, and a full block is a perfect subtree of the log. Private to the verifier.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "audit/format/entry.h"
#include "audit/format/merkle.h"

namespace parlour::audit {

struct EntryBlock {
  std::vector<Result<EntryView, EntryFault>> entries;
  PerfectSubtree subtree;       // of a full block
  std::vector<Hash256> leaves;  // of the last one, when it is not full
};

class EntryBlocks {
 public:
  static constexpr unsigned kLevel = 10;
  static constexpr std::size_t kEntries = std::size_t{1} << kLevel;

  // Line i is text[starts[i], starts[i + 1] - 1). Text and starts outlive this. `threads` counts the
  // caller's.
  EntryBlocks(std::string_view text, const std::vector<std::uint64_t>& starts, unsigned threads);
  ~EntryBlocks();
  EntryBlocks(const EntryBlocks&) = delete;
  EntryBlocks& operator=(const EntryBlocks&) = delete;

  bool more() const { return taken_ < count_; }
  // The next one; the caller works too while it would otherwise wait.
  std::unique_ptr<EntryBlock> take();

 private:
  std::unique_ptr<EntryBlock> read(std::size_t block) const;
  bool may_claim() const { return claimed_ < count_ && claimed_ < taken_ + window_; }
  void read_one(std::unique_lock<std::mutex>& lock);
  void work();

  std::string_view text_;
  const std::vector<std::uint64_t>& starts_;
  std::size_t lines_, count_, window_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::size_t claimed_ = 0, taken_ = 0;
  std::vector<std::unique_ptr<EntryBlock>> ready_;  // a ring of window_ places
  std::vector<std::thread> threads_;
};

}  // namespace parlour::audit

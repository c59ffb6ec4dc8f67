// The lines of entries.jsonl read and hashed in blocks, on as many threads as are given, and handed out in
// the order in which they stand. What a block says does not depend on the threads: each line is judged by
// itself, and a full block is a perfect subtree of the log. Private to the verifier.
//
// Memory does not grow with the text: what is read ahead is bounded in blocks and in bytes, and a line that
// is longer than an entry may be is not looked into.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "audit/format/entry.h"
#include "audit/format/merkle.h"

namespace parlour::audit {

struct EntryBlock {
  std::uint64_t begin = 0, end = 0;  // where its lines stand in the text
  std::vector<Result<EntryView, EntryFault>> entries;
  PerfectSubtree subtree;       // of a full block
  std::vector<Hash256> leaves;  // of the last one, when it is not full
  bool cut = false;             // the last line has no end
};

// Lets go of what was read of a mapped text. Between pieces of any work that reads on.
using Trim = std::function<void()>;

// Where the next newline stands, or text.size(). A piece at a time, with `trim` after each.
std::size_t find_newline(std::string_view text, std::size_t from, const Trim& trim);

// One line's end, or nothing where the text ends before: without looking further than an entry may be long.
// `next`: where the next line begins.
struct LineEnd {
  std::string_view line;  // as far as it is looked into
  std::size_t next = 0;
  bool has_end = false, too_long = false;
};
LineEnd line_at(std::string_view text, std::size_t at, const Trim& trim);
// The leaf of a line; of one that is too long a value that no tree has.
Hash256 leaf_of(const LineEnd& line);

class EntryBlocks {
 public:
  static constexpr unsigned kLevel = 10;
  static constexpr std::size_t kEntries = std::size_t{1} << kLevel;

  // The text outlives this. `threads` counts the caller's. `trim` may be empty, and is called on any of them.
  EntryBlocks(std::string_view text, unsigned threads, Trim trim = {});
  ~EntryBlocks();
  EntryBlocks(const EntryBlocks&) = delete;
  EntryBlocks& operator=(const EntryBlocks&) = delete;

  // The next one, or nothing after the last; the caller works too while it would otherwise wait.
  std::unique_ptr<EntryBlock> take();

 private:
  std::unique_ptr<EntryBlock> read(std::size_t begin, std::size_t end) const;
  bool may_claim() const {
    return next_ < text_.size() && claimed_ < taken_ + window_ && (ahead_ < kAheadMax || claimed_ == taken_);
  }
  void read_one(std::unique_lock<std::mutex>& lock);
  void work();

  static constexpr std::size_t kAheadMax = std::size_t{8} << 20;

  std::string_view text_;
  std::size_t window_;
  Trim trim_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::size_t next_ = 0, ahead_ = 0;  // where the next block begins; bytes that were claimed and not taken
  std::size_t claimed_ = 0, taken_ = 0;
  std::vector<std::unique_ptr<EntryBlock>> ready_;  // a ring of window_ places
  std::vector<std::thread> threads_;
};

}  // namespace parlour::audit

#include "entry_blocks.h"

#include <algorithm>
#include <cstring>

namespace parlour::audit {

std::size_t find_newline(std::string_view text, std::size_t from, const Trim& trim) {
  constexpr std::size_t kPiece = std::size_t{4} << 20;
  while (from < text.size()) {
    const std::size_t piece = std::min(kPiece, text.size() - from);
    if (const void* end = std::memchr(text.data() + from, '\n', piece))
      return static_cast<std::size_t>(static_cast<const char*>(end) - text.data());
    from += piece;
    if (trim && piece == kPiece) trim();
  }
  return text.size();
}

LineEnd line_at(std::string_view text, std::size_t at, const Trim& trim) {
  const std::string_view rest = text.substr(at);
  LineEnd out;
  const std::size_t length = find_newline(rest, 0, trim);
  out.has_end = length < rest.size();
  out.too_long = length > kEntryBytesMax;
  out.line = rest.substr(0, std::min(length, kEntryBytesMax));
  out.next = at + length + (out.has_end ? 1 : 0);
  return out;
}

Hash256 leaf_of(const LineEnd& line) {
  return line.too_long ? Hash256{} : leaf_hash(as_bytes(line.line));
}

EntryBlocks::EntryBlocks(std::string_view text, unsigned threads, Trim trim)
    : text_(text), window_(std::size_t{4} * std::max(threads, 1u)), trim_(std::move(trim)), ready_(window_) {
  const std::size_t helpers = std::min<std::size_t>(std::max(threads, 1u) - 1, text.size() / (64 * kEntries));
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

std::unique_ptr<EntryBlock> EntryBlocks::read(std::size_t begin, std::size_t end) const {
  auto out = std::make_unique<EntryBlock>();
  out->begin = begin;
  out->end = end;
  std::vector<Hash256> leaves;
  leaves.reserve(kEntries);
  out->entries.reserve(kEntries);
  for (std::size_t at = begin; at < end;) {
    const LineEnd line = line_at(text_, at, trim_);
    at = line.next;
    leaves.push_back(leaf_of(line));
    if (line.too_long)
      out->entries.push_back(fail(EntryFault{kEntryBytesMax, "longer than an entry may be"}));
    else
      out->entries.push_back(read_entry(line.line));
    out->cut = !line.has_end;
  }
  if (leaves.size() == kEntries)
    out->subtree = PerfectSubtree(std::move(leaves));
  else
    out->leaves = std::move(leaves);
  return out;
}

// Claims the next block, which means to find its end, reads it without the lock and puts it into its place.
void EntryBlocks::read_one(std::unique_lock<std::mutex>& lock) {
  const std::size_t block = claimed_++, begin = next_;
  std::size_t lines = 0;
  while (lines < kEntries && next_ < text_.size()) {
    next_ = std::min(find_newline(text_, next_, trim_) + 1, text_.size());
    ++lines;
  }
  const std::size_t end = next_;
  ahead_ += end - begin;
  lock.unlock();
  std::unique_ptr<EntryBlock> done = read(begin, end);
  lock.lock();
  ready_[block % window_] = std::move(done);
  changed_.notify_all();
}

void EntryBlocks::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || next_ == text_.size() || may_claim(); });
    if (stopping_ || next_ == text_.size()) return;
    read_one(lock);
  }
}

std::unique_ptr<EntryBlock> EntryBlocks::take() {
  std::unique_lock lock(mutex_);
  if (taken_ == claimed_ && next_ == text_.size()) return nullptr;
  std::unique_ptr<EntryBlock>& place = ready_[taken_ % window_];
  while (!place) {
    if (may_claim())
      read_one(lock);
    else
      changed_.wait(lock);
  }
  std::unique_ptr<EntryBlock> block = std::move(place);
  ++taken_;
  ahead_ -= block->end - block->begin;
  changed_.notify_all();
  return block;
}

}  // namespace parlour::audit

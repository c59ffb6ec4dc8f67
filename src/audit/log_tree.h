// The log's tree as the verifier keeps it: of every 1,024 entries one hash and one place in the text. The
// root at any size and any line are found again by reading one block anew. Private to the verifier. One
// thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "audit/format/merkle.h"
#include "entry_blocks.h"

namespace parlour::audit {

class LogTree {
 public:
  // Empty, over a text that outlives this. append() takes its blocks in order.
  explicit LogTree(std::string_view text = {}, Trim trim = {}) : text_(text), trim_(std::move(trim)) {}
  // Takes the block's nodes; they stay at hand for two blocks more.
  void append(EntryBlock& block);

  std::uint64_t size() const { return size_; }
  // `size` not beyond size().
  Hash256 root(std::uint64_t size);
  Hash256 leaf(std::uint64_t position);
  std::string_view line(std::uint64_t position);  // of one that is too long its beginning

 private:
  // A block's nodes.
  struct Block {
    std::uint64_t number = UINT64_MAX;
    PerfectSubtree full;
    MerkleTree part;  // of the last one, when it is not full
    std::optional<Hash256> node(unsigned level, std::uint64_t index) const;
  };
  // Where a block's lines begin, from its own beginning.
  struct Lines {
    std::uint64_t number = UINT64_MAX;
    std::vector<std::uint32_t> starts;
  };
  const Block& block(std::uint64_t number);
  const Lines& lines(std::uint64_t number);
  void read_on(std::size_t bytes);

  std::string_view text_;
  Trim trim_;
  std::uint64_t size_ = 0;
  MerkleTree blocks_;                  // of the full ones, each a leaf
  std::vector<std::uint64_t> begins_;  // of all
  Block newest_, before_, asked_;      // heads are named by entries soon after
  Lines lines_;
  std::size_t read_ = 0;  // anew, since the last trim
};

}  // namespace parlour::audit

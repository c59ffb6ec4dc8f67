#include "audit/format/merkle.h"

#include <bit>
#include <cassert>

namespace parlour::audit {
namespace {

constexpr ByteArray<1> kLeafPrefix{0x00};
constexpr ByteArray<1> kNodePrefix{0x01};

}  // namespace

Hash256 leaf_hash(ByteView entry) {
  return crypto::sha256({kLeafPrefix, entry});
}

Hash256 node_hash(const Hash256& left, const Hash256& right) {
  ByteArray<65> input;
  input[0] = kNodePrefix[0];
  std::memcpy(input.data() + 1, left.data(), left.size());
  std::memcpy(input.data() + 33, right.data(), right.size());
  return crypto::sha256(ByteView(input));
}

const Hash256& empty_root() {
  static const Hash256 kEmpty = crypto::sha256(ByteView{});
  return kEmpty;
}

std::optional<Hash256> root_from_nodes(std::uint64_t size, const NodeReader& read) {
  if (size == 0) return empty_root();
  // Perfect subtrees from the right: the smallest first, each new one stands to the left of what is there
  // already.
  std::optional<Hash256> root;
  std::uint64_t end = size;
  while (end > 0) {
    auto level = static_cast<unsigned>(std::countr_zero(end));
    std::uint64_t index = (end >> level) - 1;
    std::optional<Hash256> node = read(level, index);
    if (!node) return std::nullopt;
    root = root ? node_hash(*node, *root) : *node;
    end = index << level;
  }
  return root;
}

std::optional<CompactRange> CompactRange::restore(std::uint64_t size, std::vector<Hash256> hashes) {
  if (static_cast<std::size_t>(std::popcount(size)) != hashes.size()) return std::nullopt;
  CompactRange range;
  range.size_ = size;
  range.hashes_ = std::move(hashes);
  return range;
}

void CompactRange::append(const Hash256& leaf) {
  Hash256 carried = leaf;
  for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    carried = node_hash(hashes_.back(), carried);
    hashes_.pop_back();
  }
  hashes_.push_back(carried);
  ++size_;
}

Hash256 CompactRange::root() const {
  if (hashes_.empty()) return empty_root();
  Hash256 root = hashes_.back();
  for (std::size_t i = hashes_.size() - 1; i-- > 0;) root = node_hash(hashes_[i], root);
  return root;
}

void MerkleTree::reserve(std::uint64_t leaves) {
  for (std::size_t level = 0; leaves > 0; leaves >>= 1, ++level) {
    if (levels_.size() <= level) levels_.emplace_back();
    levels_[level].reserve(leaves);
  }
}

PerfectSubtree::PerfectSubtree(std::vector<Hash256> leaves) {
  assert(std::has_single_bit(leaves.size()));
  levels_.push_back(std::move(leaves));
  while (levels_.back().size() > 1) {
    const std::vector<Hash256>& below = levels_.back();
    std::vector<Hash256> level;
    level.reserve(below.size() / 2);
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) level.push_back(node_hash(below[i], below[i + 1]));
    levels_.push_back(std::move(level));
  }
}

void MerkleTree::append(const Hash256& leaf) {
  append_node(0, leaf);
}

void MerkleTree::append(const PerfectSubtree& subtree) {
  if (subtree.size() == 0) return;
  assert(size() % subtree.size() == 0);
  const std::size_t top = subtree.levels().size() - 1;
  if (levels_.size() < top) levels_.resize(top);
  for (std::size_t level = 0; level < top; ++level)
    levels_[level].insert(levels_[level].end(), subtree.levels()[level].begin(),
                          subtree.levels()[level].end());
  append_node(top, subtree.levels()[top].front());
}

// A node whose subtree is complete; those above that become complete by it come too.
void MerkleTree::append_node(std::size_t level, const Hash256& node) {
  Hash256 carried = node;
  for (;; ++level) {
    if (levels_.size() <= level) levels_.emplace_back();
    levels_[level].push_back(carried);
    std::size_t count = levels_[level].size();
    if (count % 2 != 0) return;
    carried = node_hash(levels_[level][count - 2], levels_[level][count - 1]);
  }
}

std::optional<Hash256> MerkleTree::node(unsigned level, std::uint64_t index) const {
  if (level >= levels_.size() || index >= levels_[level].size()) return std::nullopt;
  return levels_[level][index];
}

Hash256 MerkleTree::root(std::uint64_t size) const {
  assert(size <= this->size());
  // Not through NodeReader: verifiers ask for the root at every head that the log names.
  if (size == 0) return empty_root();
  Hash256 root{};
  for (std::uint64_t end = size; end > 0;) {
    auto level = static_cast<unsigned>(std::countr_zero(end));
    std::uint64_t index = (end >> level) - 1;
    const Hash256& node = levels_[level][index];
    root = end == size ? node : node_hash(node, root);
    end = index << level;
  }
  return root;
}

}  // namespace parlour::audit

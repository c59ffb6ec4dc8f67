// The Merkle tree of the log: hashes of RFC 6962 section 2.1 (the same as RFC 9162 section 2.1.1), and a
// compact range that grows leaf by leaf without keeping the tree.
//
//                 root(5)                 A compact range keeps one hash for each set bit of the size:
//                /       \                size 5 = 101b: the hash of leaves 0..3 and the hash of leaf 4.
//            n(2,0)       l4              node (level, index) = hash of the perfect subtree over the leaves
//            /    \                       [index·2^level, (index+1)·2^level).
//        n(1,0)  n(1,1)
//        /  \     /  \                    A leaf hash is SHA-256(0x00 ‖ bytes), a node SHA-256(0x01 ‖ left ‖
//        right),
//       l0  l1   l2  l3                   the root of the empty tree SHA-256 of nothing.
//
// Pure functions and values; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace parlour::audit {

using crypto::Hash256;

Hash256 leaf_hash(ByteView entry);
Hash256 node_hash(const Hash256& left, const Hash256& right);
const Hash256& empty_root();

// The hash of the perfect subtree (level, index), or nothing when the source does not have it. Level 0 is
// leaf hashes.
using NodeReader = std::function<std::optional<Hash256>(unsigned level, std::uint64_t index)>;

// The root of the tree over the first `size` leaves, read from perfect subtrees. Nothing when a node is
// missing.
std::optional<Hash256> root_from_nodes(std::uint64_t size, const NodeReader& read);

// The right-hand edge of a growing tree: enough to append and to know the root.
class CompactRange {
 public:
  CompactRange() = default;
  // From stored hashes, the largest subtree first; nothing unless their number is the number of set bits of
  // size.
  static std::optional<CompactRange> restore(std::uint64_t size, std::vector<Hash256> hashes);

  void append(const Hash256& leaf);
  std::uint64_t size() const { return size_; }
  Hash256 root() const;
  const std::vector<Hash256>& hashes() const { return hashes_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash256> hashes_;
};

// All nodes over a power of two of leaves, made apart from the tree that they will stand in.
class PerfectSubtree {
 public:
  PerfectSubtree() = default;
  explicit PerfectSubtree(std::vector<Hash256> leaves);  // as many as a power of two
  std::uint64_t size() const { return levels_.empty() ? 0 : levels_[0].size(); }
  const std::vector<std::vector<Hash256>>& levels() const {
    return levels_;
  }  // leaves first, then up to one node

 private:
  std::vector<std::vector<Hash256>> levels_;
};

// A whole tree in memory: 64 bytes a leaf. For verifiers, tests and small logs; a server reads nodes from
// tiles.
class MerkleTree {
 public:
  void reserve(std::uint64_t leaves);
  void append(const Hash256& leaf);
  // The same as each of its leaves; this tree's size must be a multiple of the subtree's.
  void append(const PerfectSubtree& subtree);
  std::uint64_t size() const { return levels_.empty() ? 0 : levels_[0].size(); }
  std::optional<Hash256> node(unsigned level, std::uint64_t index) const;
  // The root when the tree had `size` leaves; size must not be beyond size().
  Hash256 root(std::uint64_t size) const;
  Hash256 root() const { return root(size()); }
  // Borrows this tree.
  NodeReader reader() const {
    return [this](unsigned level, std::uint64_t index) { return node(level, index); };
  }

 private:
  void append_node(std::size_t level, const Hash256& node);

  std::vector<std::vector<Hash256>> levels_;
};

}  // namespace parlour::audit

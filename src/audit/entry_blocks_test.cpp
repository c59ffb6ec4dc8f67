#include "entry_blocks.h"

#include <gtest/gtest.h>

#include "audit/verify/verify_bundle.h"
#include "log_tree.h"
#include "testing/bundle_parts.h"
#include "testing/sample_log.h"

namespace parlour::audit {
namespace {

using testing::SampleLog;

SampleLog log_of(std::size_t entries) {
  SampleLog log;
  for (int i = 0; log.entries.size() < entries; ++i) {
    log.add_meeting(i % 2 == 0 ? "required" : "never");
    if (i % 50 == 49) log.add_logged_checkpoint();
  }
  return log;
}

TEST(PerfectSubtree, IsTheSameAsItsLeavesOneByOne) {
  for (std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{8}, EntryBlocks::kEntries}) {
    MerkleTree by_leaf, by_subtree;
    for (std::uint8_t block = 0; block < 5; ++block) {
      std::vector<Hash256> leaves;
      for (std::size_t i = 0; i < size; ++i)
        leaves.push_back(
            leaf_hash(Bytes{block, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)}));
      for (const Hash256& leaf : leaves) by_leaf.append(leaf);
      by_subtree.append(PerfectSubtree(std::move(leaves)));
      ASSERT_EQ(by_leaf.size(), by_subtree.size());
      for (std::uint64_t part = 0; part <= by_leaf.size(); part += std::max<std::size_t>(1, size / 7))
        ASSERT_EQ(by_leaf.root(part), by_subtree.root(part)) << size << " " << part;
    }
    const Hash256 more = leaf_hash(Bytes{9});
    by_leaf.append(more);
    by_subtree.append(more);
    EXPECT_EQ(by_leaf.root(), by_subtree.root());
  }
}

// Every number of lines around the edges of blocks, any number of threads: in order, each line once.
TEST(EntryBlocks, GiveEachLineOnceAndInOrder) {
  for (std::size_t lines : {std::size_t{0}, std::size_t{1}, EntryBlocks::kEntries - 1, EntryBlocks::kEntries,
                            EntryBlocks::kEntries + 1, 40 * EntryBlocks::kEntries + 3}) {
    std::string text;
    MerkleTree whole;
    for (std::size_t i = 0; i < lines; ++i) {
      text += "line " + std::to_string(i) + "\n";
      whole.append(leaf_hash(as_bytes("line " + std::to_string(i))));
    }
    for (unsigned threads : {1u, 2u, 5u}) {
      LogTree tree(text);
      std::size_t seen = 0;
      EntryBlocks blocks(text, threads);
      while (auto block = blocks.take()) {
        tree.append(*block);
        seen += block->entries.size();
        // What an entry names soon after.
        ASSERT_EQ(tree.root(tree.size() - tree.size() % 7), whole.root(tree.size() - tree.size() % 7));
      }
      ASSERT_EQ(seen, lines);
      ASSERT_EQ(tree.size(), lines);
      // Found again, in any order.
      for (std::size_t i = 0; i < lines; i += 97) {
        ASSERT_EQ(tree.leaf(i), leaf_hash(as_bytes("line " + std::to_string(i))));
        ASSERT_EQ(tree.line(lines - 1 - i), "line " + std::to_string(lines - 1 - i));
      }
      for (std::size_t i = 0; i <= lines; i += 509) ASSERT_EQ(tree.root(i), whole.root(i)) << i;
      ASSERT_EQ(tree.root(lines), whole.root(lines));
    }
  }
}

TEST(EntryBlocks, AreLeftInTheMiddleWithoutWaiting) {
  std::string text(200'000, '\n');
  for (int i = 0; i < 20; ++i) {
    EntryBlocks blocks(text, 4);
    for (int taken = 0; taken < i; ++taken) ASSERT_TRUE(blocks.take());
  }
}

// A line is one line whatever its length, and one that is too long is read no further than an entry may be.
TEST(EntryBlocks, ALineThatIsTooLongIsAFaultAndNoMemory) {
  const std::string long_line(kEntryBytesMax + 1, 'x'), longer(40 << 20, 'y');
  const std::string text = "a\n" + long_line + "\n" + longer + "\nb";
  EntryBlocks blocks(text, 2);
  LogTree tree(text);
  auto block = blocks.take();
  ASSERT_TRUE(block);
  tree.append(*block);
  ASSERT_EQ(block->entries.size(), 4u);
  for (std::size_t i : {1u, 2u}) EXPECT_EQ(block->entries[i].error().reason, "longer than an entry may be");
  EXPECT_TRUE(block->cut);
  EXPECT_EQ(tree.line(3), "b");
  EXPECT_EQ(tree.line(2).size(), kEntryBytesMax);
  EXPECT_FALSE(blocks.take());
}

// The verdict is that of one thread, to the letter, for good bundles and for each kind of bad one.
TEST(EntryBlocks, TheReportDoesNotDependOnThreads) {
  SampleLog log = log_of(6 * EntryBlocks::kEntries + 100);
  const Bytes good = log.bundle();
  VerifyOptions options;
  options.keys = {log.verifier_key()};
  auto report = [&](const Bytes& bundle, unsigned threads) {
    options.threads = threads;
    return verify_bundle(bundle, options).to_json();
  };
  EXPECT_EQ(verify_bundle(good, options).exit_status(), 0);
  EXPECT_EQ(report(good, 1), report(good, 4));
  auto rebuilt = [&](auto change) {
    testing::BundleParts parts = testing::BundleParts::unpack(good);
    change(parts.entries);
    return parts.pack();
  };
  const std::size_t middle = 3 * EntryBlocks::kEntries;
  const std::vector<Bytes> bad{
      rebuilt([&](auto& entries) { std::swap(entries[middle - 1], entries[middle]); }),
      rebuilt([&](auto& entries) { entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(middle)); }),
      rebuilt([&](auto& entries) { entries[middle][entries[middle].size() / 2] ^= 1; }),
      rebuilt([&](auto& entries) { entries[middle] = to_bytes("{}"); }),
      rebuilt([&](auto& entries) { entries.resize(middle); }),
  };
  for (const Bytes& bundle : bad) {
    const std::string alone = report(bundle, 1);
    EXPECT_NE(verify_bundle(bundle, options).exit_status(), 0);
    EXPECT_EQ(alone, report(bundle, 2));
    EXPECT_EQ(alone, report(bundle, 7));
  }
}

}  // namespace
}  // namespace parlour::audit

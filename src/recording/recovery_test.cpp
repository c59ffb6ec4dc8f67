#include "recording/recovery.h"

#include <gtest/gtest.h>

#include "test_log.h"

namespace parlour::recording {
namespace {

TEST(Recovery, AnEmptyDirectoryStartsAtTheBeginning) {
  MemoryStore store;
  auto report = recover(store, test_recording());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->next.part, 1u);
  EXPECT_EQ(report->next.next_index, 0u);
  EXPECT_EQ(report->next.previous, kNoPreviousSegment);
  EXPECT_FALSE(report->cut);
}

// A crash after any byte: the log is closed, chains on, and holds every whole chunk.
TEST(Recovery, ClosesALogThatEndsAtAnyByte) {
  MemoryStore written;
  ASSERT_TRUE(write_part(written, {}, 30, 5, false));
  const Bytes file = written.files().at("000000.seg").bytes;
  const SegmentScan whole = scan_segment(file);
  for (std::size_t size = 0; size <= file.size(); ++size) {
    MemoryStore store;
    store.put("000000.seg", to_bytes(ByteView(file).first(size)));
    auto report = recover(store, test_recording());
    ASSERT_TRUE(report);
    if (size < kHeaderSize) {
      EXPECT_EQ(report->next.next_index, 0u);
      EXPECT_EQ(report->next.part, 1u);
      EXPECT_TRUE(store.files().empty());
      continue;
    }
    EXPECT_TRUE(report->cut);
    EXPECT_TRUE(report->faults.empty());
    ASSERT_EQ(report->segments.size(), 1u);
    EXPECT_TRUE(report->segments[0].recovered);
    const Bytes closed = store.files().at("000000.seg").bytes;
    EXPECT_EQ(report->segments[0].sha256, crypto::sha256(closed));
    EXPECT_EQ(report->next.previous, crypto::sha256(closed));
    EXPECT_EQ(report->next.part, 2u);
    PartOpener opener = test_opener(1);
    ReadBack read = read_part(closed, opener);
    EXPECT_TRUE(read.segments[0].damage.empty()) << size;
    EXPECT_TRUE(read.segments[0].recovered);
    EXPECT_FALSE(read.segments[0].final_seen);
    std::size_t expected = 0;
    for (const ChunkFrame& chunk : whole.chunks)
      if (chunk.offset + chunk.sealed.size() + kChunkOverhead <= size) expected += chunk.records;
    EXPECT_EQ(read.sequences.size(), expected);
    // Again: nothing changes.
    auto second = recover(store, test_recording());
    ASSERT_TRUE(second);
    EXPECT_FALSE(second->cut);
    EXPECT_EQ(second->next.previous, report->next.previous);
    EXPECT_EQ(store.files().at("000000.seg").bytes, closed);
  }
}

TEST(Recovery, TheNextPartContinuesNumbersAndChain) {
  MemoryStore store;
  ASSERT_TRUE(write_part(store, {}, 700, 10, false));  // 14 s: one whole segment and an open one
  store.lose_unsynced();
  auto report = recover(store, test_recording());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->next.next_index, 2u);
  ASSERT_TRUE(write_part(store, report->next, 20, 10, true, 800));

  ChainCheck chain(test_recording());
  auto files = store.files();
  ASSERT_EQ(files.size(), 3u);
  crypto::Hash256 last{};
  for (const auto& [name, file] : files) {
    last = crypto::sha256(file.bytes);
    chain.add(*segment_index_of(name), *decode_header(file.bytes), last);
  }
  chain.finish(3, last);
  EXPECT_TRUE(chain.intact());
  PartOpener second = test_opener(2);
  EXPECT_EQ(read_part(files.at("000002.seg").bytes, second).sequences.size(), 20u);
}

TEST(Recovery, KeepsWhatFollowsDamageInTheMiddle) {
  MemoryStore store;
  ASSERT_TRUE(write_part(store, {}, 30, 5, false));
  Bytes file = store.files().at("000000.seg").bytes;
  const SegmentScan whole = scan_segment(file);
  file[whole.chunks[2].offset + 10] ^= 1;
  store.put("000000.seg", file);
  auto report = recover(store, test_recording());
  ASSERT_TRUE(report);
  PartOpener opener = test_opener(1);
  ReadBack read = read_part(store.files().at("000000.seg").bytes, opener);
  EXPECT_EQ(read.sequences.size(), 25u);
  EXPECT_FALSE(read.segments[0].damage.empty());
}

TEST(Recovery, NamesADamagedHeaderAndGoesOnBehindIt) {
  MemoryStore store;
  ASSERT_TRUE(write_part(store, {}, 30, 5, true));
  Bytes file = store.files().at("000000.seg").bytes;
  file[12] ^= 1;
  store.put("000000.seg", file);
  auto report = recover(store, test_recording());
  ASSERT_TRUE(report);
  ASSERT_EQ(report->faults.size(), 1u);
  EXPECT_EQ(report->faults[0].index, 0u);
  EXPECT_EQ(report->next.next_index, 1u);
  EXPECT_EQ(report->next.previous, crypto::sha256(file));
  EXPECT_EQ(store.files().at("000000.seg").bytes, file);
}

}  // namespace
}  // namespace parlour::recording

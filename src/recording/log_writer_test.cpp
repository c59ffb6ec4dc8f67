#include "recording/log_writer.h"

#include <gtest/gtest.h>

#include "test_log.h"

namespace parlour::recording {
namespace {

TEST(LogWriter, MovesToTheNextSegmentAfterTenSecondsAndChainsHashes) {
  MemoryStore store;
  auto position = write_part(store, {}, 1100, 25, true);
  ASSERT_TRUE(position);
  EXPECT_EQ(position->next_index, 3u);
  EXPECT_EQ(position->part, 2u);
  auto files = store.files();
  ASSERT_EQ(files.size(), 3u);
  crypto::Hash256 previous = kNoPreviousSegment;
  PartOpener opener = test_opener(1);
  std::uint64_t next = 0;
  for (const auto& [name, file] : files) {
    auto header = decode_header(file.bytes);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->previous, previous);
    previous = crypto::sha256(file.bytes);
    ReadBack read = read_part(file.bytes, opener);
    EXPECT_TRUE(read.segments[0].damage.empty());
    EXPECT_TRUE(read.segments[0].final_seen);
    for (std::uint64_t sequence : read.sequences) EXPECT_EQ(sequence, next++);
    EXPECT_EQ(file.synced, file.bytes.size());
  }
  EXPECT_EQ(next, 1100u);
  EXPECT_EQ(position->previous, previous);
}

TEST(LogWriter, KeepsSegmentsUnderEightMebibytes) {
  MemoryStore store;
  LogWriter writer(store, test_recording(), {}, crypto::Secret(test_dek(1)), nullptr);
  const Now now{};
  ASSERT_TRUE(writer.open(now));
  const Bytes packet = test_packet(1, 1200);
  for (int i = 0; i < 15000; ++i) ASSERT_TRUE(writer.append(packet, 1, now));
  ASSERT_TRUE(writer.close());
  auto files = store.files();
  EXPECT_GE(files.size(), 3u);
  for (const auto& [name, file] : files) EXPECT_LE(file.bytes.size(), kSegmentBytesMax) << name;
}

TEST(LogWriter, SyncedRecordsSurviveLossOfPower) {
  MemoryStore store;
  ASSERT_TRUE(write_part(store, {}, 58, 10, false));
  store.lose_unsynced();
  PartOpener opener = test_opener(1);
  ReadBack read = read_part(store.files().at("000000.seg").bytes, opener);
  EXPECT_EQ(read.sequences.size(), 50u);
  EXPECT_TRUE(read.segments[0].damage.empty());
  EXPECT_FALSE(read.segments[0].final_seen);
}

TEST(LogWriter, ReportsWhatTheStoreRefuses) {
  MemoryStore store;
  store.set_write_error(StoreError::kNoSpace);
  EXPECT_EQ(write_part(store, {}, 10, 5, true).error(), StoreError::kNoSpace);
}

TEST(LogWriter, ThePlainRecordsAreNowhereInTheFile) {
  MemoryStore store;
  LogWriter writer(store, test_recording(), {}, crypto::Secret(test_dek(1)), nullptr);
  ASSERT_TRUE(writer.open({}));
  Bytes encoded;
  encode(encoded, AnnouncementRecord{{1}, as_bytes("a canary that must not be seen")});
  ASSERT_TRUE(writer.append(encoded, 1, {}));
  ASSERT_TRUE(writer.close());
  EXPECT_EQ(to_string(store.files().at("000000.seg").bytes).find("canary"), std::string::npos);
}

}  // namespace
}  // namespace parlour::recording

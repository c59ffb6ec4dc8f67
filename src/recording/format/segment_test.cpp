#include "recording/format/segment.h"

#include <gtest/gtest.h>

#include <numeric>

#include "test_log.h"

namespace parlour::recording {
namespace {

Bytes one_segment(std::uint64_t packets = 60, std::uint64_t sync_every = 10) {
  MemoryStore store;
  EXPECT_TRUE(write_part(store, {}, packets, sync_every, true));
  return store.files().at("000000.seg").bytes;
}

std::vector<std::uint64_t> all(std::uint64_t count) {
  std::vector<std::uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(Segment, HeaderSurvivesTheRoundTrip) {
  SegmentHeader header;
  header.recording = test_recording();
  header.part = 3;
  header.index = 12;
  header.ordinal = 5;
  header.previous.fill(9);
  header.first_steady = {77};
  header.first_utc = {88};
  const Bytes bytes = encode_header(header);
  ASSERT_EQ(bytes.size(), kHeaderSize);
  auto read = decode_header(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->recording, header.recording);
  EXPECT_EQ(read->part, 3u);
  EXPECT_EQ(read->index, 12u);
  EXPECT_EQ(read->ordinal, 5u);
  EXPECT_EQ(read->previous, header.previous);
  EXPECT_EQ(read->first_utc.us, 88);
}

TEST(Segment, FileNamesAndIndexesAgree) {
  EXPECT_EQ(segment_file_name(0), "000000.seg");
  EXPECT_EQ(segment_file_name(123456), "123456.seg");
  EXPECT_EQ(segment_index_of("000042.seg"), 42u);
  EXPECT_FALSE(segment_index_of("42.seg"));
  EXPECT_FALSE(segment_index_of("00004a.seg"));
  EXPECT_FALSE(segment_index_of("000042.seg~"));
}

TEST(Segment, AWholeOneOpensWithoutDamage) {
  const Bytes file = one_segment();
  PartOpener opener = test_opener(1);
  ReadBack read = read_part(file, opener);
  EXPECT_EQ(read.sequences, all(60));
  EXPECT_TRUE(read.segments[0].damage.empty());
  EXPECT_TRUE(read.segments[0].final_seen);
  EXPECT_FALSE(read.segments[0].recovered);
}

TEST(Segment, NothingOpensWithAnotherKeyRecordingOrPart) {
  const Bytes file = one_segment();
  struct Wrong {
    std::uint8_t dek;
    RecordingId recording;
    std::uint32_t part;
  };
  for (const Wrong& wrong : {Wrong{9, test_recording(), 1}, Wrong{1, test_recording(), 2},
                             Wrong{1, RecordingId::from_bytes({}), 1}}) {
    PartOpener opener(crypto::Secret(test_dek(wrong.dek)), wrong.recording, wrong.part);
    ReadBack read = read_part(file, opener);
    EXPECT_TRUE(read.sequences.empty());
    EXPECT_FALSE(read.segments[0].damage.empty());
  }
}

// Whatever byte the file ends at, what comes before the cut is recovered and the loss is named.
TEST(Segment, CutAtEveryByteCostsOnlyWhatFollows) {
  const Bytes file = one_segment(30, 5);
  const SegmentScan whole = scan_segment(file);
  for (std::size_t size = 0; size < file.size(); ++size) {
    PartOpener opener = test_opener(1);
    ReadBack read = read_part(ByteView(file).first(size), opener);
    std::uint64_t expected = 0;
    for (const ChunkFrame& chunk : whole.chunks)
      if (chunk.offset + chunk.sealed.size() + kChunkOverhead <= size) expected += chunk.records;
    ASSERT_EQ(read.sequences, all(expected)) << size;
    const bool between_chunks = size >= kHeaderSize && read.segments[0].damage.empty();
    ASSERT_TRUE(between_chunks || !read.segments[0].damage.empty()) << size;
  }
}

// Whatever bit flips, at most the chunk around it is lost, nothing false is read, and the damage is named.
TEST(Segment, AFlippedBitCostsItsChunkAndIsNamed) {
  const Bytes file = one_segment(30, 5);
  const SegmentScan whole = scan_segment(file);
  for (std::size_t bit = 0; bit < file.size() * 8; bit += 3) {
    Bytes damaged = file;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    PartOpener opener = test_opener(1);
    ReadBack read = read_part(damaged, opener);
    ASSERT_FALSE(read.segments[0].damage.empty()) << bit;
    if (bit / 8 < kHeaderSize) {
      ASSERT_TRUE(read.sequences.empty());
      continue;
    }
    std::vector<std::uint64_t> expected;
    std::uint64_t number = 0;
    for (const ChunkFrame& chunk : whole.chunks) {
      const std::size_t end = chunk.offset + chunk.sealed.size() + kChunkOverhead;
      const bool hit = bit / 8 >= chunk.offset && bit / 8 < end;
      for (int i = 0; i < chunk.records; ++i, ++number)
        if (!hit) expected.push_back(number);
    }
    ASSERT_EQ(read.sequences, expected) << "bit " << bit;
  }
}

TEST(Segment, ForgedChecksumsDoNotHideAFlippedBit) {
  Bytes file = one_segment(10, 5);
  const SegmentScan whole = scan_segment(file);
  const ChunkFrame& chunk = whole.chunks[0];
  file[chunk.offset + 20] ^= 1;
  const std::size_t body = 6 + chunk.sealed.size();
  store_u32(file.data() + chunk.offset + body, crypto::crc32c(ByteView(file).subspan(chunk.offset, body)));
  PartOpener opener = test_opener(1);
  ReadBack read = read_part(file, opener);
  EXPECT_EQ(read.sequences, (std::vector<std::uint64_t>{5, 6, 7, 8, 9}));
  EXPECT_GE(read.segments[0].damage.size(), 1u);
}

TEST(Segment, SwappedAndDroppedChunksAreNotAuthenticAtTheirPlace) {
  const Bytes file = one_segment(30, 5);
  const SegmentScan whole = scan_segment(file);
  const ByteView view(file);
  auto part = [&](std::size_t i) {
    return view.subspan(whole.chunks[i].offset, whole.chunks[i].sealed.size() + kChunkOverhead);
  };
  Bytes dropped = to_bytes(view.first(whole.chunks[1].offset));
  append(dropped, view.subspan(whole.chunks[2].offset));
  PartOpener opener = test_opener(1);
  ReadBack read = read_part(dropped, opener);
  EXPECT_FALSE(read.segments[0].damage.empty());

  Bytes swapped = to_bytes(view.first(whole.chunks[1].offset));
  append(swapped, part(2));
  append(swapped, part(1));
  append(swapped, view.subspan(whole.chunks[3].offset));
  ReadBack second = read_part(swapped, opener);
  EXPECT_FALSE(second.segments[0].damage.empty());
  EXPECT_TRUE(std::is_sorted(second.sequences.begin(), second.sequences.end()));
}

TEST(Segment, AChunkCannotMoveToAnotherSegment) {
  MemoryStore store;
  ASSERT_TRUE(write_part(store, {}, 1100, 10, true));  // 22 s: three segments
  auto files = store.files();
  ASSERT_EQ(files.size(), 3u);
  Bytes moved = files.at("000001.seg").bytes;
  const Bytes& first = files.at("000000.seg").bytes;
  const SegmentScan a = scan_segment(first);
  Bytes forged = to_bytes(ByteView(moved).first(kHeaderSize));
  append(forged, ByteView(first).subspan(a.chunks[0].offset));
  PartOpener opener = test_opener(1);
  EXPECT_TRUE(read_part(forged, opener).sequences.empty());
  // Segments open in any order, because the reader keeps the start of the chain.
  EXPECT_FALSE(read_part(files.at("000002.seg").bytes, opener).sequences.empty());
  EXPECT_FALSE(read_part(first, opener).sequences.empty());
}

TEST(KeyChain, MovesForwardOnly) {
  KeyChain chain(crypto::Secret(test_dek(1)), test_recording(), 1);
  const Bytes first = to_bytes(chain.segment_key().view());
  KeyChain kept = chain.clone();
  chain.advance();
  EXPECT_NE(to_bytes(chain.segment_key().view()), first);
  EXPECT_EQ(to_bytes(kept.segment_key().view()), first);
  kept.advance();
  EXPECT_EQ(to_bytes(kept.segment_key().view()), to_bytes(chain.segment_key().view()));
  KeyChain other_part(crypto::Secret(test_dek(1)), test_recording(), 2);
  EXPECT_NE(to_bytes(other_part.segment_key().view()), first);
}

TEST(Chain, NamesMissingAlteredAndAddedSegments) {
  MemoryStore store;
  ASSERT_TRUE(write_part(store, {}, 1100, 10, true));
  auto files = store.files();
  auto check = [&](auto change, std::uint32_t sealed, const crypto::Hash256& last) {
    ChainCheck chain(test_recording());
    for (std::uint32_t i = 0; i < 3; ++i) {
      Bytes file = files.at(segment_file_name(i)).bytes;
      if (!change(i, file)) continue;
      auto header = decode_header(file);
      if (header)
        chain.add(i, *header, crypto::sha256(file));
      else
        chain.unreadable(i, crypto::sha256(file));
    }
    chain.finish(sealed, last);
    return chain.faults();
  };
  const crypto::Hash256 last = crypto::sha256(files.at("000002.seg").bytes);
  EXPECT_TRUE(check([](std::uint32_t, Bytes&) { return true; }, 3, last).empty());
  auto missing = check([](std::uint32_t i, Bytes&) { return i != 1; }, 3, last);
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].index, 1u);
  auto altered = check([](std::uint32_t i, Bytes& f) { return f[200] ^= i == 1 ? 1 : 0, true; }, 3, last);
  ASSERT_EQ(altered.size(), 1u);
  EXPECT_EQ(altered[0].index, 1u);
  auto altered_last =
      check([](std::uint32_t i, Bytes& f) { return f[200] ^= i == 2 ? 1 : 0, true; }, 3, last);
  ASSERT_EQ(altered_last.size(), 1u);
  EXPECT_EQ(altered_last[0].index, 2u);
  EXPECT_FALSE(check([](std::uint32_t, Bytes&) { return true; }, 2, last).empty());
  EXPECT_FALSE(check([](std::uint32_t, Bytes&) { return true; }, 4, last).empty());
  auto header = check([](std::uint32_t i, Bytes& f) { return f[20] ^= i == 1 ? 1 : 0, true; }, 3, last);
  ASSERT_FALSE(header.empty());
  EXPECT_EQ(header[0].index, 1u);
}

}  // namespace
}  // namespace parlour::recording

#include "vault/assembler.h"

#include <gtest/gtest.h>

namespace parlour::vault {
namespace {

class AssemblerTest : public ::testing::Test {
 protected:
  void feed(FrameAssembler& assembler, std::uint64_t sequence, std::uint32_t rtp_time, bool marker,
            const Bytes& payload, std::int64_t arrival_ms) {
    Bytes header;
    Writer(header)
        .u8(0x80)
        .u8(static_cast<std::uint8_t>(marker ? 0x80 | 96 : 96))
        .u16(static_cast<std::uint16_t>(sequence))
        .u32(rtp_time)
        .u32(1);
    assembler.packet({1, sequence, {arrival_ms * 1000}, header, payload});
  }
  FrameAssembler::OnFrame collect() {
    return [this](AssembledFrame frame) { frames_.push_back(std::move(frame)); };
  }
  std::vector<AssembledFrame> frames_;
};

const Bytes kStart{0x10, 'a'}, kMiddle{0x00, 'b'}, kEnd{0x00, 'c'};

TEST_F(AssemblerTest, PicturesComeWholeAndInOrderHoweverTheirPacketsCame) {
  FrameAssembler assembler(recording::StreamCodec::kVp8, 0xFFFFFFF0u, collect());
  feed(assembler, 12, 0xFFFFFFF0u, true, kEnd, 1);
  feed(assembler, 10, 0xFFFFFFF0u, false, kStart, 2);
  feed(assembler, 13, 3000 - 16, true, {0x10, 'd'}, 3);
  feed(assembler, 11, 0xFFFFFFF0u, false, kMiddle, 4);
  feed(assembler, 11, 0xFFFFFFF0u, false, kMiddle, 5);
  assembler.flush();
  ASSERT_EQ(frames_.size(), 2u);
  EXPECT_EQ(to_string(frames_[0].data), "abc");
  EXPECT_EQ(frames_[0].ticks, 0);
  EXPECT_EQ(to_string(frames_[1].data), "d");
  EXPECT_EQ(frames_[1].ticks, 3000);  // over the wrap of RTP time
  EXPECT_EQ(assembler.counts().duplicates, 1u);
}

TEST_F(AssemblerTest, APictureWithAHoleIsDroppedAndCounted) {
  FrameAssembler assembler(recording::StreamCodec::kVp8, 0, collect());
  feed(assembler, 10, 0, false, kStart, 0);
  feed(assembler, 12, 0, true, kEnd, 1);
  feed(assembler, 13, 3000, true, {0x10, 'd'}, 34);
  assembler.flush();
  ASSERT_EQ(frames_.size(), 1u);
  EXPECT_EQ(to_string(frames_[0].data), "d");
  EXPECT_EQ(assembler.counts().missing_packets, 1u);
  EXPECT_EQ(assembler.counts().incomplete_frames, 1u);
}

TEST_F(AssemblerTest, AMissingPacketIsWaitedForThreeSecondsAndNoLonger) {
  FrameAssembler assembler(recording::StreamCodec::kOpus, 0, collect());
  for (std::uint64_t i = 0; i < 300; ++i)
    if (i != 100)
      feed(assembler, i, static_cast<std::uint32_t>(i * 960), true, {1}, static_cast<std::int64_t>(i) * 20);
  EXPECT_GT(frames_.size(), 140u);
  EXPECT_LE(frames_.size(), 299u);
  feed(assembler, 100, 96'000, true, {1}, 6'000);
  assembler.flush();
  EXPECT_EQ(frames_.size(), 299u);
  EXPECT_EQ(assembler.counts().late, 1u);
  for (std::size_t i = 1; i < frames_.size(); ++i) EXPECT_GT(frames_[i].ticks, frames_[i - 1].ticks);
}

TEST_F(AssemblerTest, PaddingAndGarbageMakeNoFrame) {
  FrameAssembler assembler(recording::StreamCodec::kVp8, 0, collect());
  feed(assembler, 1, 0, true, {}, 0);
  feed(assembler, 2, 0, true, {0x80}, 0);  // a descriptor cut short
  assembler.packet({1, 3, {}, Bytes(12, 0), Bytes(5, 0)});
  assembler.flush();
  EXPECT_TRUE(frames_.empty());
  EXPECT_EQ(assembler.counts().malformed, 2u);
}

}  // namespace
}  // namespace parlour::vault

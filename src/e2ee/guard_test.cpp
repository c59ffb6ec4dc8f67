#include "e2ee/guard.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "e2ee/sframe.h"

namespace parlour::e2ee {
namespace {

constexpr SteadyTime kNow{10'000'000};

GuardContext camera() {
  return {FrameCodec::kVp8, 3, 1, 5, 4, std::nullopt};
}
GuardContext microphone() {
  return {FrameCodec::kOpus, 3, 0, 5, 4, std::nullopt};
}

Bytes frame(FrameCodec codec, const Kid& kid, std::uint64_t counter = 1) {
  auto key = derive_frame_key(Bytes(32, 1), kid);
  return seal_frame(codec, *key, counter, Bytes{0x51, 2, 3});
}
FrameVerdict judge(ByteView bytes, const GuardContext& context, SteadyTime now = kNow) {
  return judge_frame_start(bytes, context, now).verdict;
}

TEST(Guard, LetsTheAnnouncedSenderThrough) {
  auto start = judge_frame_start(frame(FrameCodec::kVp8, {5, 3, 1}), camera(), kNow);
  EXPECT_EQ(start.verdict, FrameVerdict::kGood);
  EXPECT_EQ(start.kid, (Kid{5, 3, 1}));
  EXPECT_FALSE(start.key_frame);
  auto key = derive_frame_key(Bytes(32, 1), Kid{5, 3, 1});
  EXPECT_TRUE(
      judge_frame_start(seal_frame(FrameCodec::kVp8, *key, 1, Bytes{0x50}), camera(), kNow).key_frame);
  EXPECT_EQ(judge(frame(FrameCodec::kOpus, {5, 3, 0}), microphone()), FrameVerdict::kGood);
}

TEST(Guard, NamesWhatIsWrong) {
  EXPECT_EQ(judge(frame(FrameCodec::kVp8, {5, 2, 1}), camera()), FrameVerdict::kIndex);
  EXPECT_EQ(judge(frame(FrameCodec::kVp8, {5, 3, 2}), camera()), FrameVerdict::kSlot);
  EXPECT_EQ(judge(frame(FrameCodec::kVp8, {6, 3, 1}), camera()), FrameVerdict::kEpochFuture);
  EXPECT_EQ(judge(frame(FrameCodec::kVp8, {3, 3, 1}), camera()), FrameVerdict::kEpochPast);
  EXPECT_EQ(judge(frame(FrameCodec::kOpus, {5, 3, 0}, kCounterLimit), microphone()), FrameVerdict::kCounter);
  Bytes reserved = to_bytes(encode_sframe_header(5u << 12 | 3u << 4 | 3u, 1).view());
  reserved.resize(reserved.size() + 16);
  EXPECT_EQ(judge(reserved, microphone()), FrameVerdict::kKid);
  Bytes recorder = to_bytes(encode_sframe_header(5u << 12 | 255u << 4, 1).view());
  recorder.resize(recorder.size() + 16);
  EXPECT_EQ(judge(recorder, microphone()), FrameVerdict::kKid);
  EXPECT_EQ(judge({}, microphone()), FrameVerdict::kHeader);
  EXPECT_EQ(judge({}, camera()), FrameVerdict::kShim);
}

TEST(Guard, DemandsRoomForTheTag) {
  Bytes header = to_bytes(encode_sframe_header(Kid{5, 3, 0}.value(), 1).view());
  Bytes frame = header;
  frame.resize(header.size() + 15);
  EXPECT_EQ(judge(frame, microphone()), FrameVerdict::kTooShort);
  frame.resize(header.size() + 16);
  EXPECT_EQ(judge(frame, microphone()), FrameVerdict::kGood);
}

TEST(Guard, TheOldEpochEndsTwoSecondsAfterTheSwitch) {
  Bytes old = frame(FrameCodec::kVp8, {4, 3, 1});
  GuardContext context = camera();
  EXPECT_EQ(judge(old, context), FrameVerdict::kGood) << "not switched yet";
  context.old_epochs_until = kNow + kOldEpochGrace;
  EXPECT_EQ(judge(old, context, kNow + 1999ms), FrameVerdict::kGood);
  EXPECT_EQ(judge(old, context, kNow + 2s), FrameVerdict::kEpochPast);
  EXPECT_EQ(judge(frame(FrameCodec::kVp8, {5, 3, 1}), context, kNow + 2s), FrameVerdict::kGood);
}

TEST(Guard, NothingIsGoodBeforeTheFirstRoster) {
  GuardContext context = microphone();
  context.newest_epoch = context.oldest_epoch = 0;
  EXPECT_EQ(judge(frame(FrameCodec::kOpus, {1, 3, 0}), context), FrameVerdict::kEpochFuture);
}

TEST(Guard, E2EE04_PlaintextStops) {
  // Real starts of codec frames: VP8 key and delta, Opus at several configurations.
  EXPECT_EQ(
      judge(Bytes{0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00, 1, 2, 3, 4, 5, 6}, camera()),
      FrameVerdict::kShim);
  Bytes delta(400, 0x33);
  delta[0] = 0x31;
  EXPECT_EQ(judge(delta, camera()), FrameVerdict::kShim);
  for (int toc = 0; toc < 256; ++toc) {
    Bytes opus(80, 0xA5);
    opus[0] = static_cast<std::uint8_t>(toc);
    EXPECT_NE(judge(opus, microphone()), FrameVerdict::kGood) << toc;
  }
}

TEST(Guard, E2EE04_RandomBytesDoNotPass) {
  SeededRandom random(1);
  int good = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (judge(random.bytes(40), microphone()) == FrameVerdict::kGood) ++good;
    Bytes video = random.bytes(40);
    video[0] = 0x11;  // half of the way is given
    if (judge(video, camera()) == FrameVerdict::kGood) ++good;
  }
  EXPECT_EQ(good, 0);
}

}  // namespace
}  // namespace parlour::e2ee

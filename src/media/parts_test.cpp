// The small parts of the shard, each on its own.
#include <gtest/gtest.h>

#include "e2ee/kid.h"
#include "e2ee/sframe_header.h"
#include "epoch_rule.h"
#include "key_frame_requests.h"
#include "lease.h"
#include "media/output.h"
#include "packet_budget.h"
#include "sequence_window.h"
#include "stream_guard.h"
#include "uplink_stream.h"

namespace parlour::media {
namespace {

SteadyTime at(Duration since_start) {
  return SteadyTime{1'000'000} + since_start;
}

TEST(SequenceWindow, TellsWhatIsNewWhatWasHereAndWhatIsTooOld) {
  SequenceWindow window;
  EXPECT_FALSE(window.contains(100));
  EXPECT_TRUE(window.insert(100));
  EXPECT_FALSE(window.insert(100));
  EXPECT_TRUE(window.insert(90));
  EXPECT_TRUE(window.insert(105));
  EXPECT_TRUE(window.contains(90));
  EXPECT_FALSE(window.contains(101));
  EXPECT_TRUE(window.insert(105 + SequenceWindow::kSize - 6));
  EXPECT_TRUE(window.contains(100));
  EXPECT_FALSE(window.contains(90));
  EXPECT_FALSE(window.insert(91));
}

TEST(SequenceWindow, ForgetsEverythingAfterAJumpBeyondItsSize) {
  SequenceWindow window;
  for (std::uint64_t s = 1; s <= 3 * SequenceWindow::kSize; ++s) ASSERT_TRUE(window.insert(s));
  EXPECT_TRUE(window.insert(100 * SequenceWindow::kSize));
  for (std::uint64_t s = 100 * SequenceWindow::kSize - 10; s < 100 * SequenceWindow::kSize; ++s) {
    EXPECT_FALSE(window.contains(s));
    EXPECT_TRUE(window.insert(s));
  }
}

TEST(KeyFrameRequests, GoOutAtOnceAndThenAtMostTwiceASecond) {
  KeyFrameRequests requests;
  EXPECT_FALSE(requests.take_due(at(0ms)));
  requests.want();
  EXPECT_TRUE(requests.take_due(at(0ms)));
  requests.want();
  EXPECT_FALSE(requests.take_due(at(499ms)));
  EXPECT_EQ(requests.next_deadline(), at(500ms));
  EXPECT_TRUE(requests.take_due(at(500ms)));
  EXPECT_FALSE(requests.next_deadline().has_value());
}

TEST(KeyFrameRequests, AKeyFrameSatisfiesWhoeverWaits) {
  KeyFrameRequests requests;
  requests.want();
  EXPECT_TRUE(requests.take_due(at(0ms)));
  requests.want();
  requests.on_key_frame();
  EXPECT_FALSE(requests.take_due(at(2s)));
}

TEST(PacketBudget, LetsABurstThroughAndThenItsRate) {
  PacketBudget budget(100, 10);
  int taken = 0;
  for (int i = 0; i < 50; ++i) taken += budget.take(at(0ms)) ? 1 : 0;
  EXPECT_EQ(taken, 10);
  for (int ms = 1; ms <= 1000; ++ms) taken += budget.take(at(Duration(ms * 1000))) ? 1 : 0;
  EXPECT_NEAR(taken, 110, 1);
}

TEST(PacketBudget, TimeThatGoesBackGivesNothing) {
  PacketBudget budget(100, 1);
  EXPECT_TRUE(budget.take(at(1s)));
  EXPECT_FALSE(budget.take(at(0ms)));
  EXPECT_FALSE(budget.take(at(1s)));
  EXPECT_TRUE(budget.take(at(1020ms)));
}

TEST(Lease, IsClosedUntilSetAndClosesByItself) {
  Lease lease(true);
  EXPECT_FALSE(lease.open(at(0ms)));
  lease.set(at(2s));
  EXPECT_TRUE(lease.open(at(1999ms)));
  EXPECT_FALSE(lease.open(at(2s)));
  EXPECT_TRUE(Lease(false).open(at(0ms)));
}

TEST(EpochRule, AllowsNothingEverythingOrWhatIsNamed) {
  EpochRule closed(false);
  EXPECT_FALSE(closed.allows(1));
  EXPECT_TRUE(EpochRule(true).allows(1));
  EpochRule rule(true);
  rule.set({3, false, {2, 3, 5}});
  EXPECT_FALSE(rule.allows(2));  // below the minimum
  EXPECT_TRUE(rule.allows(3));
  EXPECT_FALSE(rule.allows(4));
  EXPECT_TRUE(rule.allows(5));
  rule.set({0, false, {}});
  EXPECT_FALSE(rule.allows(5));
  rule.set({4, true, {}});
  EXPECT_FALSE(rule.allows(3));
  EXPECT_TRUE(rule.allows(400));
}

TEST(OutputBatch, KeepsPacketsInOrderAndRefusesWhenFull) {
  OutputBatch batch(3, 3 * OutputBatch::kPacketMax);
  const auto to = rtc::Address::v4({127, 0, 0, 1}, 9);
  EXPECT_TRUE(batch.append(to, as_bytes("one")));
  EXPECT_FALSE(batch.filling());
  EXPECT_TRUE(batch.append(to, as_bytes("two")));
  EXPECT_TRUE(batch.filling());
  EXPECT_TRUE(batch.append(to, as_bytes("three")));
  EXPECT_TRUE(batch.begin().empty());
  EXPECT_FALSE(batch.append(to, as_bytes("four")));
  EXPECT_EQ(as_text(batch.bytes(batch.packets()[1])), "two");
  batch.clear();
  EXPECT_EQ(batch.begin().size(), OutputBatch::kPacketMax);
  EXPECT_FALSE(batch.append(to, Bytes(OutputBatch::kPacketMax + 1)));
}

// ---- guard ----

Bytes opus_frame(e2ee::Kid kid) {
  const auto header = e2ee::encode_sframe_header(kid.value(), 5);
  Bytes frame = to_bytes(header.view());
  frame.resize(frame.size() + 40, 0x5A);
  return frame;
}
Bytes vp8_start(e2ee::Kid kid, bool key) {
  Bytes packet = {0x10};
  if (key) {
    append(packet, e2ee::kShimKey);
  } else {
    append(packet, e2ee::kShimDelta);
  }
  append(packet, opus_frame(kid));
  return packet;
}
const Bytes kContinuation = {0x00, 1, 2, 3, 4};

class GuardTest : public ::testing::Test {
 protected:
  GuardTest() { sender.set({true, 4, 7}); }
  GuardVerdict::Outcome audio(e2ee::Kid kid, SteadyTime now = at(0ms)) {
    return microphone.judge(sender, opus_frame(kid), 1, now).outcome;
  }
  SenderGuard sender;
  StreamGuard microphone{Slot::kMicrophone, Codec::kOpus};
  StreamGuard camera{Slot::kCamera, Codec::kVp8};
};
using Outcome = GuardVerdict::Outcome;

TEST_F(GuardTest, ANewCallCountsItsEpochsFromOneAgain) {
  sender.set_activated(7, at(0ms));
  sender.set({true, 4, 1});  // the adviser was lost, the meeting taken up again: Roster 1 of another call
  EXPECT_EQ(audio({1, 4, 0}, at(10s)), GuardVerdict::Outcome::kPass);
  sender.set_activated(1, at(10s));
  sender.set({true, 4, 2});
  EXPECT_EQ(audio({1, 4, 0}, at(20s)), GuardVerdict::Outcome::kPass) << "this sender has not switched yet";
  sender.set_activated(2, at(21s));
  EXPECT_EQ(audio({2, 4, 0}, at(22s)), GuardVerdict::Outcome::kPass);
}

TEST_F(GuardTest, ContinuationsShareTheVerdictOfTheirFrameAndWaitForIt) {
  EXPECT_EQ(camera.judge(sender, kContinuation, 100, at(0ms)).outcome, Outcome::kHold);
  const GuardVerdict start = camera.judge(sender, vp8_start({7, 4, 1}, true), 100, at(0ms));
  EXPECT_EQ(start.outcome, Outcome::kPass);
  EXPECT_TRUE(start.frame.starts_frame);
  EXPECT_TRUE(start.frame.key_frame);
  EXPECT_EQ(start.frame.epoch, 7);
  const GuardVerdict rest = camera.judge(sender, kContinuation, 100, at(0ms));
  EXPECT_EQ(rest.outcome, Outcome::kPass);
  EXPECT_FALSE(rest.frame.starts_frame);
  EXPECT_EQ(rest.frame.epoch, 7);
  EXPECT_EQ(camera.judge(sender, kContinuation, 101, at(0ms)).outcome, Outcome::kHold);
}

TEST_F(GuardTest, OneBadStartStopsTheStreamForGood) {
  EXPECT_EQ(audio({7, 4, 0}), Outcome::kPass);
  const GuardVerdict bad = microphone.judge(sender, Bytes(60, 0x78), 2, at(0ms));
  EXPECT_EQ(bad.outcome, Outcome::kTripped);
  EXPECT_FALSE(bad.reason.empty());
  EXPECT_EQ(audio({7, 4, 0}), Outcome::kStopped);
  EXPECT_TRUE(microphone.stopped());
}

TEST_F(GuardTest, EmptyPayloadsPassAndABrokenDescriptorIsDropped) {
  EXPECT_EQ(microphone.judge(sender, {}, 2, at(0ms)).outcome, Outcome::kPass);
  EXPECT_EQ(camera.judge(sender, Bytes{0x90}, 2, at(0ms)).outcome, Outcome::kMalformed);
  EXPECT_FALSE(camera.stopped());
}

TEST_F(GuardTest, NothingIsJudgedBeforeItIsSet) {
  EXPECT_EQ(microphone.judge(SenderGuard(), opus_frame({7, 4, 0}), 2, at(0ms)).outcome, Outcome::kUnarmed);
}

TEST_F(GuardTest, TheEpochBeforeIsGoodUntilTwoSecondsAfterActivated) {
  EXPECT_EQ(audio({6, 4, 0}), Outcome::kPass);
  sender.set_activated(7, at(10s));
  EXPECT_EQ(audio({6, 4, 0}, at(11'999ms)), Outcome::kPass);
  sender.set_activated(7, at(11s));  // said again after a resume: does not prolong
  EXPECT_EQ(audio({7, 4, 0}, at(12s)), Outcome::kPass);
  EXPECT_EQ(audio({6, 4, 0}, at(12s)), Outcome::kTripped);
}

TEST_F(GuardTest, AnEpochThatNeverSettledMayBeSkipped) {
  sender.set_activated(7, at(0ms));
  sender.set({true, 4, 9});  // 8 had no acknowledgement from somebody; the sender still uses 7
  EXPECT_EQ(audio({7, 4, 0}, at(60s)), Outcome::kPass);
  sender.set_activated(9, at(61s));
  EXPECT_EQ(audio({7, 4, 0}, at(62s)), Outcome::kPass);
  EXPECT_EQ(audio({7, 4, 0}, at(63s)), Outcome::kTripped);
}

TEST_F(GuardTest, SwitchedOffItStillKnowsKeyFrames) {
  sender.set({false, 0, 0});
  const Bytes key = {0x10, 0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A};
  const Bytes delta = {0x10, 0x11, 0x02, 0x00};
  EXPECT_TRUE(camera.judge(sender, key, 1, at(0ms)).frame.key_frame);
  EXPECT_FALSE(camera.judge(sender, delta, 2, at(0ms)).frame.key_frame);
  EXPECT_FALSE(camera.judge(sender, delta, 2, at(0ms)).frame.epoch.has_value());
}

// ---- uplink ----

rtc::RtpHeader header_of(std::uint16_t sequence) {
  rtc::RtpHeader header;
  header.sequence = sequence;
  return header;
}

TEST(UplinkStream, TakesEachPacketOnceAcrossARollOver) {
  UplinkStream stream({1}, Slot::kCamera, Codec::kVp8);
  stream.set_source({10, 11, 96, 97, true});
  const auto first = stream.note_arrival(header_of(65'534), false, at(0ms));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(stream.note_arrival(header_of(1), false, at(1ms)), *first + 3);
  EXPECT_EQ(stream.nack()->missing(), 2u);
  EXPECT_EQ(stream.note_arrival(header_of(65'535), true, at(2ms)), *first + 1);
  EXPECT_EQ(stream.note_arrival(header_of(65'535), false, at(3ms)), std::nullopt);
  EXPECT_EQ(stream.nack()->missing(), 1u);
}

TEST(UplinkStream, ARetransmissionBeforeAnythingElseIsNotTaken) {
  UplinkStream stream({1}, Slot::kCamera, Codec::kVp8);
  stream.set_source({10, 11, 96, 97, true});
  EXPECT_EQ(stream.note_arrival(header_of(5), true, at(0ms)), std::nullopt);
}

TEST(UplinkStream, ANewSsrcIsANewSourceAndTheSameOneIsNot) {
  UplinkStream stream({1}, Slot::kCamera, Codec::kVp8);
  stream.set_source({10, 11, 96, 97, true});
  EXPECT_EQ(stream.source_number(), 1u);
  stream.set_source({10, 11, 96, 97, true});
  stream.set_source({0, 0, 96, 97, true});  // an answer that does not name them
  EXPECT_EQ(stream.source_number(), 1u);
  EXPECT_EQ(stream.source().ssrc, 10u);
  EXPECT_EQ(stream.source().rtx_ssrc, 11u);
  stream.set_source({20, 21, 96, 97, true});
  EXPECT_EQ(stream.source_number(), 2u);
}

TEST(UplinkStream, HeldPacketsComeOutInOrderAndOnlyThoseOfTheFrame) {
  UplinkStream stream({1}, Slot::kCamera, Codec::kVp8);
  stream.set_source({10, 11, 96, 97, true});
  EXPECT_TRUE(stream.hold(70'003, 9));
  EXPECT_TRUE(stream.hold(70'001, 9));
  EXPECT_TRUE(stream.hold(70'002, 8));
  EXPECT_EQ(stream.release(9), (std::vector<std::uint64_t>{70'001, 70'003}));
  EXPECT_TRUE(stream.release(9).empty());
  for (std::uint64_t i = 0; i < 61; ++i) EXPECT_TRUE(stream.hold(70'010 + i, 20));
  bool room = true;
  for (std::uint64_t i = 0; i < 64; ++i) room = stream.hold(80'000 + i, 21) && room;
  EXPECT_FALSE(room);  // older ones had to go
  EXPECT_EQ(stream.release(21).size(), 64u);
}

}  // namespace
}  // namespace parlour::media

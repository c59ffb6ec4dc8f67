// What may not pass does not pass: routes, lease, epochs, guard, sink.
#include <gtest/gtest.h>

#include "world.h"

namespace parlour::simulation {
namespace {

using media::Drop;
using media::Slot;

// A call of two in a leased room with a sink; nothing is allowed yet but the routes.
class RecordedCall : public ::testing::Test {
 protected:
  void SetUp() override {
    // World's own room is not leased, so this one is built by hand around it.
    world.shard->remove_room(World::kRoom, world.now);
    media::RoomConfig config;
    config.leased = true;
    ASSERT_TRUE(world.shard->add_room(World::kRoom, config).has_value());
    world.start_call({1, 2});
    ASSERT_TRUE(world.shard->attach_sink(World::kRoom, &sink, world.now).has_value());
  }
  void TearDown() override { world.shard->detach_sink(World::kRoom, world.now); }

  void renew(Duration time) {
    ASSERT_TRUE(world.shard->set_lease(World::kRoom, world.now + time).has_value());
  }
  void allow_epochs(std::vector<std::uint16_t> epochs) {
    for (const std::uint64_t id : {1, 2}) {
      ASSERT_TRUE(world.shard->set_epochs_allowed({id}, {1, false, epochs}).has_value());
    }
  }
  void allow_sink(bool allowed) {
    for (const std::uint64_t id : {1, 2}) {
      ASSERT_TRUE(world.shard->set_sink_allowed({id}, allowed, world.now).has_value());
    }
  }
  // Frames of browser 1 are lost on their way up, and the next one to arrive is a key frame.
  void lose_frames_before_a_key_frame() {
    world.network.set({0, 60ms, 0ms});
    world.run(1s);
    Browser& sender = world.browser(1);
    const std::uint64_t requests = sender.key_frame_requests();
    world.browser(2).ask_for_key_frame(world.heard(2, 1, Slot::kCamera).mid, world.now);
    world.run(65ms);  // the request has left the server
    const std::uint32_t frames = sender.frames_sent(Slot::kCamera);
    world.network.set({100, 60ms, 0ms});
    ASSERT_TRUE(world.run_until([&] { return sender.key_frame_requests() > requests; }, 200ms));
    world.network.set({0, 60ms, 0ms});
    ASSERT_GT(sender.frames_sent(Slot::kCamera), frames);
    world.run(2s);
  }
  std::uint64_t heard_audio() { return world.heard(2, 1, Slot::kMicrophone).packets; }

  World world;
  RecordingSink sink;
};

TEST_F(RecordedCall, NothingPassesWithoutALease) {
  allow_epochs({1});
  allow_sink(true);
  world.run(2s);
  EXPECT_EQ(heard_audio(), 0u);
  EXPECT_EQ(sink.packets(), 0u);
  EXPECT_GT(world.shard->counters()[Drop::kLeaseExpired], 100u);
}

TEST_F(RecordedCall, NothingPassesOfAnEpochThatIsNotAllowed) {
  allow_sink(true);
  renew(10s);
  world.run(1s);
  EXPECT_EQ(heard_audio() + sink.packets(), 0u);
  EXPECT_GT(world.shard->counters()[Drop::kEpochNotAllowed], 50u);
  allow_epochs({});
  world.run(1s);
  EXPECT_EQ(heard_audio() + sink.packets(), 0u);
  allow_epochs({2, 3});
  world.run(1s);
  EXPECT_EQ(heard_audio() + sink.packets(), 0u);
}

TEST_F(RecordedCall, AProbeWithoutPayloadOpensNothing) {
  allow_sink(true);
  renew(10s);
  world.run(1s);
  for (const Slot slot : {Slot::kMicrophone, Slot::kCamera}) {
    world.inject(world.browser(1).address(), world.browser(1).make_probe(slot));
  }
  world.run(100ms);
  EXPECT_EQ(world.shard->counters().forwarded, 0u);
  EXPECT_EQ(sink.packets(), 0u);
  EXPECT_TRUE(world.facts_of<media::FirstForwarded>().empty());
  // In an open stream it goes on, so that the receiver misses no number.
  allow_epochs({1});
  world.run(1s);
  const std::uint64_t forwarded = world.shard->counters().forwarded;
  world.inject(world.browser(1).address(), world.browser(1).make_probe(Slot::kCamera));
  EXPECT_EQ(world.shard->counters().forwarded, forwarded + 1);
  world.run(1s);
  EXPECT_EQ(world.heard(2, 1, Slot::kCamera).asked, 0u);
}

TEST_F(RecordedCall, MediaStopWhenTheLeaseEndsAndGoOnWithAKeyFrameWhenItIsRenewed) {
  allow_epochs({1});
  allow_sink(true);
  renew(2s);
  world.run(1500ms);
  EXPECT_GT(heard_audio(), 60u);
  EXPECT_GT(sink.packets(), 200u);
  world.run(600ms);  // what was under way has arrived as well
  const std::uint64_t heard = heard_audio();
  const std::uint64_t kept = sink.packets();
  const std::size_t frames = world.heard(2, 1, Slot::kCamera).complete.size();
  world.run(3s);
  EXPECT_EQ(heard_audio(), heard);
  EXPECT_EQ(sink.packets(), kept);
  EXPECT_EQ(world.heard(2, 1, Slot::kCamera).complete.size(), frames);
  const std::uint64_t requests = world.browser(1).key_frame_requests();
  renew(5s);
  world.run(2s);
  EXPECT_GT(heard_audio(), heard + 80);
  EXPECT_GT(sink.packets(), kept + 200);
  EXPECT_GT(world.heard(2, 1, Slot::kCamera).complete.size(), frames + 40);
  EXPECT_GT(world.browser(1).key_frame_requests(), requests);
  // The stretch left no gap in the receiver's numbers: there was nothing to ask for.
  EXPECT_EQ(world.heard(2, 1, Slot::kCamera).asked, 0u);
}

TEST_F(RecordedCall, TheSinkGetsEachPacketOnceAndTheSendersClock) {
  world.network.set({10, 20ms, 40ms});
  allow_epochs({1});
  allow_sink(true);
  renew(60s);
  world.run(10s);
  ASSERT_EQ(sink.streams.size(), 4u);
  for (const auto& [id, stream] : sink.streams) {
    EXPECT_EQ(stream.repeated, 0u);
    EXPECT_GT(stream.reports, 4u);
    EXPECT_FALSE(stream.removed);
    EXPECT_EQ(stream.info.sender_index, stream.info.endpoint.value);
    if (stream.info.codec == media::Codec::kVp8) {
      EXPECT_EQ(stream.info.clock_rate, 90'000u);
      // Repaired: hardly anything is missing between the first and the last packet.
      const std::uint64_t span = *stream.sequences.rbegin() - *stream.sequences.begin() + 1;
      EXPECT_GE(stream.packets * 100, span * 97);
    }
  }
  world.shard->detach_sink(World::kRoom, world.now);
  for (const auto& [id, stream] : sink.streams) EXPECT_TRUE(stream.removed);
}

TEST_F(RecordedCall, WhatIsMissingBeforeAKeyFrameIsAskedForSinceItIsRecorded) {
  allow_epochs({1});
  allow_sink(true);
  renew(60s);
  lose_frames_before_a_key_frame();
  EXPECT_GT(world.browser(1).nacks_answered(), 0u);
  for (const auto& [id, stream] : sink.streams) {
    if (stream.info.codec != media::Codec::kVp8 || stream.info.endpoint.value != 1) continue;
    EXPECT_EQ(stream.packets, *stream.sequences.rbegin() - *stream.sequences.begin() + 1);
  }
}

TEST_F(RecordedCall, WhatIsMissingBeforeAKeyFrameIsNotAskedForWhenNothingIsRecorded) {
  allow_epochs({1});
  renew(60s);
  lose_frames_before_a_key_frame();
  EXPECT_EQ(world.browser(1).nacks_answered(), 0u);
}

TEST_F(RecordedCall, ASenderWhoseSinkIsClosedIsHeardButNotRecorded) {
  allow_epochs({1});
  renew(60s);
  ASSERT_TRUE(world.shard->set_sink_allowed({2}, true, world.now).has_value());
  world.run(2s);
  EXPECT_GT(heard_audio(), 80u);
  for (const auto& [id, stream] : sink.streams) EXPECT_EQ(stream.info.endpoint.value, 2u);
  EXPECT_EQ(sink.streams.size(), 2u);
}

TEST_F(RecordedCall, AfterAnEpochSwitchOnlyAllowedEpochsGoOn) {
  allow_epochs({1});
  allow_sink(true);
  renew(60s);
  world.run(1s);
  for (const std::uint64_t id : {1, 2}) {
    const auto index = static_cast<std::uint8_t>(id);
    ASSERT_TRUE(world.shard->set_guard({id}, {true, index, 2}).has_value());
    world.browser(id).set_epoch(2);
    ASSERT_TRUE(world.shard->set_activated({id}, 2, world.now).has_value());
  }
  world.run(200ms);
  const std::uint64_t heard = heard_audio();
  const std::uint64_t kept = sink.packets();
  world.run(2s);
  EXPECT_EQ(heard_audio(), heard);
  EXPECT_EQ(sink.packets(), kept);
  allow_epochs({1, 2});
  world.run(1s);
  EXPECT_GT(heard_audio(), heard + 30);
  EXPECT_GT(sink.packets(), kept + 100);
  EXPECT_TRUE(world.facts_of<media::GuardTripped>().empty());
}

TEST(Routes, AreClosedUntilTheyAreOpenedAndCloseAtOnce) {
  World world;
  world.join(1);
  world.join(2);
  world.negotiate(1);
  world.negotiate(2);
  ASSERT_TRUE(world.run_until([&] { return world.browser(1).connected() && world.browser(2).connected(); }));
  world.browser(1).start_media(world.now);
  world.run(2s);
  EXPECT_EQ(world.shard->counters().forwarded, 0u);
  EXPECT_TRUE(world.browser(2).received().empty());

  world.allow(1, 2);
  world.run(2s);
  const std::uint64_t heard = world.heard(2, 1, Slot::kMicrophone).packets;
  EXPECT_GT(heard, 80u);
  ASSERT_TRUE(world.shard->set_route({1}, {2}, false).has_value());
  const std::uint64_t forwarded = world.shard->counters().forwarded;
  world.run(2s);
  EXPECT_EQ(world.shard->counters().forwarded, forwarded);
  EXPECT_GT(world.shard->counters()[Drop::kRouteClosed], 100u);

  ASSERT_TRUE(world.shard->set_route({1}, {2}, true).has_value());
  world.run(2s);
  EXPECT_GT(world.shard->counters().forwarded, forwarded + 100);
}

TEST(Routes, ARemovedEndpointIsHeardNoMoreAndItsCredentialsAreDead) {
  World world;
  world.start_call({1, 2});
  world.run(1s);
  const rtc::Address address = world.browser(1).address();
  Bytes packet = world.browser(1).make_packet(Slot::kMicrophone, world.now);
  world.shard->remove_endpoint({1}, world.now);
  const std::uint64_t forwarded = world.shard->counters().forwarded;
  const std::uint64_t unknown = world.shard->counters()[Drop::kUnknownAddress];
  const std::uint64_t refused = world.shard->counters()[Drop::kStunNotForUs];
  world.inject(address, packet);
  world.run(6s);
  EXPECT_EQ(world.shard->counters().forwarded, forwarded);
  EXPECT_GT(world.shard->counters()[Drop::kUnknownAddress], unknown);
  EXPECT_GT(world.shard->counters()[Drop::kStunNotForUs], refused);
}

TEST(Guard, PlaintextStopsTheStreamAndNothingOfItIsForwarded) {
  for (const Slot slot : {Slot::kMicrophone, Slot::kCamera}) {
    World world;
    RecordingSink sink;
    world.start_call({1, 2});
    ASSERT_TRUE(world.shard->attach_sink(World::kRoom, &sink, world.now).has_value());
    ASSERT_TRUE(world.shard->set_sink_allowed({1}, true, world.now).has_value());
    world.run(2s);
    world.browser(1).set_plaintext(slot);
    world.run(3s);
    const auto tripped = world.facts_of<media::GuardTripped>();
    ASSERT_EQ(tripped.size(), 1u);
    EXPECT_EQ(tripped[0].endpoint, media::EndpointId{1});
    EXPECT_EQ(tripped[0].slot, slot);
    EXPECT_EQ(world.heard(2, 1, slot).plaintext, 0u);
    EXPECT_GT(world.shard->counters()[Drop::kGuardStopped], 20u);
    for (const auto& [id, stream] : sink.streams) {
      EXPECT_LT(stream.packets, stream.info.slot == slot ? 190u : 500u);
    }
    // The other stream of the same sender goes on, and the sender hears the others.
    const Slot other = slot == Slot::kCamera ? Slot::kMicrophone : Slot::kCamera;
    EXPECT_LT(world.now - world.heard(2, 1, other).last_arrival, 100ms);
    EXPECT_LT(world.now - world.heard(1, 2, Slot::kMicrophone).last_arrival, 100ms);
    world.shard->detach_sink(World::kRoom, world.now);
  }
}

TEST(Guard, PlaintextIsNotForwardedEvenUnderLossAndReordering) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World world(seed, {15, 10ms, 80ms});
    world.start_call({1, 2});
    world.run(1s);
    world.browser(1).set_plaintext(Slot::kCamera);
    world.run(3s);
    EXPECT_EQ(world.heard(2, 1, Slot::kCamera).plaintext, 0u) << "seed " << seed;
    EXPECT_EQ(world.facts_of<media::GuardTripped>().size(), 1u) << "seed " << seed;
  }
}

TEST(Guard, NothingPassesBeforeItIsSet) {
  World world;
  Browser::Config config;
  config.guarded = false;
  world.join(1, config);
  world.start_call({1, 2});
  world.run(1s);
  EXPECT_EQ(world.heard(2, 1, Slot::kMicrophone).packets + world.heard(2, 1, Slot::kCamera).packets, 0u);
  EXPECT_GT(world.shard->counters()[Drop::kGuardUnarmed], 50u);
  EXPECT_TRUE(world.facts_of<media::GuardTripped>().empty());
  EXPECT_FALSE(world.shard->set_guard({77}, {}).has_value());
}

TEST(Guard, AnotherMembersKidTripsIt) {
  World world;
  world.start_call({1, 2});
  ASSERT_TRUE(world.shard->set_guard({1}, {true, 9, 1}).has_value());
  world.run(1s);
  const auto tripped = world.facts_of<media::GuardTripped>();
  ASSERT_EQ(tripped.size(), 2u);
  EXPECT_EQ(tripped[0].reason, "index");
}

TEST(Guard, TheOldEpochIsGoodUntilTwoSecondsAfterActivated) {
  World world;
  world.start_call({1, 2});
  world.run(1s);
  ASSERT_TRUE(world.shard->set_guard({1}, {true, 1, 2}).has_value());
  world.run(4s);  // the sender has not switched: the old epoch is good for as long as it takes
  EXPECT_TRUE(world.facts_of<media::GuardTripped>().empty());
  ASSERT_TRUE(world.shard->set_activated({1}, 2, world.now).has_value());
  world.run(1900ms);
  EXPECT_TRUE(world.facts_of<media::GuardTripped>().empty());
  world.run(200ms);
  const auto tripped = world.facts_of<media::GuardTripped>();
  ASSERT_EQ(tripped.size(), 2u);
  EXPECT_EQ(tripped[0].reason, "epoch_past");
}

}  // namespace
}  // namespace parlour::simulation

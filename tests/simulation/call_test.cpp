// Calls over a bad network: what was sent arrives or is asked for again, and the same seed gives the same
// run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.h"

namespace parlour::simulation {
namespace {

using media::Slot;

struct Outcome {
  std::uint64_t hash = 0;
  std::uint64_t forwarded = 0;
  std::uint64_t lost = 0;
};

// Two browsers for 20 s at 10 % loss each way and 60 ms of jitter.
Outcome run_lossy_call(std::uint64_t seed, bool check) {
  World world(seed, {10, 20ms, 60ms});
  world.start_call({1, 2});
  world.run(20s);
  for (const std::uint64_t id : {1, 2}) world.browser(id).stop_media();
  world.run(2s);
  if (check) {
    for (const auto& [to, from] : {std::pair<std::uint64_t, std::uint64_t>{1, 2}, {2, 1}}) {
      const ReceivedStream& video = world.heard(to, from, Slot::kCamera);
      const std::uint32_t sent = world.browser(from).frames_sent(Slot::kCamera);
      EXPECT_GT(sent, 480u);
      EXPECT_TRUE(video.first_was_key);
      EXPECT_GT(video.repaired, 50u);
      const std::size_t expected = sent - *video.first_frame;
      std::size_t missing = 0;
      for (std::uint32_t frame = *video.first_frame; frame < sent; ++frame) {
        if (!video.complete.contains(frame)) ++missing;
      }
      // What is missing was given up after ten requests or lies before a key frame that was asked for.
      EXPECT_LE(missing, expected / 50) << "seed " << seed;
      EXPECT_GT(video.asked, 0u);
      EXPECT_GT(video.sender_reports, 5u);
      const ReceivedStream& audio = world.heard(to, from, Slot::kMicrophone);
      const std::uint32_t spoken = world.browser(from).frames_sent(Slot::kMicrophone);
      // Audio is not repeated: 0.9 · 0.9.
      EXPECT_GT(audio.complete.size(), spoken * 70 / 100);
      EXPECT_EQ(audio.plaintext + video.plaintext, 0u);
      EXPECT_EQ(world.browser(to).undecryptable(), 0u);
      EXPECT_GT(world.browser(from).feedback_received(), 50u);
    }
    const media::Counters& counters = world.shard->counters();
    EXPECT_GT(counters.recovered, 50u);
    EXPECT_GT(counters.retransmitted, 50u);
    EXPECT_EQ(counters[media::Drop::kGuardStopped], 0u);
    EXPECT_EQ(counters[media::Drop::kNotAuthentic], 0u);
  }
  return {world.network.hash(), world.shard->counters().forwarded, world.network.lost()};
}

TEST(LossyCall, EveryFrameArrivesOrIsAskedForAgain) {
  run_lossy_call(13, true);
}
TEST(LossyCall, EveryFrameArrivesOrIsAskedForAgainWithAnotherSeed) {
  run_lossy_call(12, true);
}

TEST(LossyCall, SameSeedGivesTheSameTrace) {
  const Outcome first = run_lossy_call(5, false);
  const Outcome second = run_lossy_call(5, false);
  EXPECT_EQ(first.hash, second.hash);
  EXPECT_EQ(first.forwarded, second.forwarded);
  EXPECT_EQ(first.lost, second.lost);
  EXPECT_NE(first.hash, run_lossy_call(6, false).hash);
}

TEST(CleanCall, EveryFrameArrivesOnceAndNothingIsAskedFor) {
  World world;
  world.start_call({1, 2, 3});
  world.run(5s);
  for (const std::uint64_t to : {1, 2, 3}) {
    for (const std::uint64_t from : {1, 2, 3}) {
      if (to == from) continue;
      const ReceivedStream& video = world.heard(to, from, Slot::kCamera);
      EXPECT_TRUE(video.first_was_key);
      EXPECT_GT(video.complete.size(), 110u);
      EXPECT_EQ(video.asked, 0u);
      EXPECT_GT(world.heard(to, from, Slot::kMicrophone).complete.size(), 230u);
    }
  }
  EXPECT_EQ(world.facts_of<media::Connected>().size(), 3u);
  EXPECT_EQ(world.facts_of<media::StreamStarted>().size(), 6u);
  EXPECT_EQ(world.facts_of<media::FirstForwarded>().size(), 12u);
  const auto quality = world.facts_of<media::Quality>();
  ASSERT_GE(quality.size(), 6u);
  EXPECT_EQ(quality.back().loss_up_permille, 0u);
}

TEST(CleanCall, StreamsAreFoundByMidWhenTheAnswerNamesNoSsrc) {
  World world;
  Browser::Config config;
  config.announce_ssrcs = false;
  world.join(1, config);
  world.start_call({1, 2});
  world.run(2s);
  EXPECT_GT(world.heard(2, 1, Slot::kCamera).complete.size(), 40u);
  EXPECT_GT(world.heard(2, 1, Slot::kMicrophone).complete.size(), 80u);
}

TEST(LateJoin, TheFirstVideoPacketIsAKeyFrameAndComesSoon) {
  World world;
  world.start_call({1, 2});
  world.run(3s);
  const std::uint64_t before = world.browser(1).key_frame_requests();
  world.join(3);
  world.allow(1, 3);
  ASSERT_TRUE(world.run_until([&] { return world.browser(3).connected(); }));
  ASSERT_TRUE(world.run_until([&] { return !world.heard(3, 1, Slot::kCamera).complete.empty(); }, 1s));
  EXPECT_TRUE(world.heard(3, 1, Slot::kCamera).first_was_key);
  EXPECT_GE(world.browser(1).key_frame_requests(), before + 1);
  // Nothing came from the one whose route is closed.
  EXPECT_EQ(world.heard(3, 2, Slot::kMicrophone).packets, 0u);
}

TEST(KeyFrames, RequestsOfAllReceiversAreMergedToTwoASecond) {
  World world;
  world.start_call({1, 2, 3, 4});
  world.run(2s);
  const std::uint64_t before = world.browser(1).key_frame_requests();
  for (int i = 0; i < 200; ++i) {
    for (const std::uint64_t id : {2, 3, 4}) {
      world.browser(id).ask_for_key_frame(world.heard(id, 1, Slot::kCamera).mid, world.now);
    }
    world.run(25ms);
  }
  const std::uint64_t requests = world.browser(1).key_frame_requests() - before;
  EXPECT_LE(requests, 11u);
  EXPECT_GE(requests, 8u);
}

TEST(Negotiation, ALineOfALeaverIsParkedAndUsedAgainWithNewSsrcs) {
  World world;
  world.start_call({1, 2});
  world.run(1s);
  const std::string mid = world.heard(2, 1, Slot::kCamera).mid;
  const std::uint32_t ssrc = world.heard(2, 1, Slot::kCamera).ssrc;
  world.remove(1);
  EXPECT_GE(world.count_facts([](const media::Fact& fact) {
    const auto* needed = std::get_if<media::OfferNeeded>(&fact);
    return needed != nullptr && needed->endpoint == media::EndpointId{2};
  }),
            2u);
  world.negotiate(2);
  world.start_call({3});
  world.run(2s);
  EXPECT_EQ(world.heard(2, 3, Slot::kCamera).mid, mid);
  EXPECT_NE(world.heard(2, 3, Slot::kCamera).ssrc, ssrc);
  EXPECT_GT(world.heard(2, 3, Slot::kCamera).complete.size(), 20u);
}

TEST(Negotiation, AnswersToOldOffersAndChangedCertificatesAreRefused) {
  World world;
  Browser& browser = world.join(1);
  const auto first = world.shard->make_offer({1});
  const auto second = world.shard->make_offer({1});
  const std::string answer = browser.answer(second->sdp, world.now);
  const auto stale = world.shard->accept_answer({1}, first->generation, answer, world.now);
  ASSERT_FALSE(stale.has_value());
  EXPECT_EQ(stale.error().code, media::CommandError::kStaleGeneration);
  EXPECT_TRUE(world.shard->accept_answer({1}, second->generation, answer, world.now).has_value());
  const auto again = world.shard->accept_answer({1}, second->generation, answer, world.now);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, media::CommandError::kNoOffer);

  const auto third = world.shard->make_offer({1});
  std::string forged = browser.answer(third->sdp, world.now);
  const std::string fingerprint = rtc::fingerprint_text(world.browser_certificate->fingerprint());
  for (auto at = forged.find(fingerprint); at != std::string::npos; at = forged.find(fingerprint)) {
    forged.replace(at, fingerprint.size(), rtc::fingerprint_text(world.certificate->fingerprint()));
  }
  const auto changed = world.shard->accept_answer({1}, third->generation, forged, world.now);
  ASSERT_FALSE(changed.has_value());
  EXPECT_EQ(changed.error().code, media::CommandError::kFingerprintChanged);
}

TEST(Negotiation, ARoomTakesNoMoreThanItsLimit) {
  World world;
  for (std::uint64_t id = 1; id <= 8; ++id)
    EXPECT_TRUE(world.shard->add_endpoint({id}, World::kRoom, {}, world.now).has_value());
  const auto ninth = world.shard->add_endpoint({9}, World::kRoom, {}, world.now);
  ASSERT_FALSE(ninth.has_value());
  EXPECT_EQ(ninth.error(), media::CommandError::kRoomFull);
  for (std::uint64_t id = 2; id <= 8; ++id) EXPECT_TRUE(world.shard->set_route({id}, {1}, true).has_value());
  EXPECT_EQ(world.shard->make_offer({1})->downlinks.size(), 21u);
}

TEST(IceRestart, MediaGoOnThroughIt) {
  World world;
  world.start_call({1, 2});
  world.run(2s);
  const auto offer = world.shard->restart_ice({1});
  ASSERT_TRUE(offer.has_value());
  const std::string answer = world.browser(1).answer(offer->sdp, world.now);
  ASSERT_TRUE(world.shard->accept_answer({1}, offer->generation, answer, world.now).has_value());
  const std::size_t before = world.heard(1, 2, Slot::kMicrophone).complete.size();
  world.heard(1, 2, Slot::kMicrophone).longest_gap = {};
  world.run(3s);
  EXPECT_GT(world.heard(1, 2, Slot::kMicrophone).complete.size(), before + 140);
  EXPECT_LT(world.heard(1, 2, Slot::kMicrophone).longest_gap, 200ms);
}

}  // namespace
}  // namespace parlour::simulation

// Attacks on the shared port: they are dropped and counted, and the calls of others go on.
#include <gtest/gtest.h>

#include <cstdlib>

#include "rtc/stun.h"
#include "world.h"

namespace parlour::simulation {
namespace {

using media::Drop;
using media::Slot;

// Random packets of a run: 10^5, or what the environment says for long runs.
std::uint64_t random_packets() {
  const char* wanted = std::getenv("PARLOUR_SIMULATION_PACKETS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 100'000;
}

Bytes random_packet(Random& random) {
  Bytes packet = random.bytes(random.u32() % 1'300);
  // Most of them get past the first look.
  if (packet.empty()) return packet;
  switch (random.u32() % 6) {
    case 0:  // STUN
      packet[0] = 0;
      if (packet.size() >= 20) {
        packet[1] = 1;
        store_u16(&packet[2], static_cast<std::uint16_t>(packet.size() - 20));
        store_u32(&packet[4], rtc::kStunMagicCookie);
      }
      break;
    case 1:  // DTLS
      packet[0] = static_cast<std::uint8_t>(20 + random.u32() % 44);
      break;
    case 2:  // RTP
      packet[0] = static_cast<std::uint8_t>(0x80 | (packet[0] & 0x3F));
      if (packet.size() > 1) packet[1] &= 0x7F;
      break;
    case 3:  // RTCP
      packet[0] = static_cast<std::uint8_t>(0x80 | (packet[0] & 0x3F));
      if (packet.size() > 1) packet[1] = static_cast<std::uint8_t>(200 + random.u32() % 8);
      break;
    default:
      break;
  }
  return packet;
}

TEST(Flood, RandomPacketsFromStrangersAndFromAPeersAddressHarmNobody) {
  World world;
  world.start_call({1, 2, 3});
  world.run(2s);
  for (const std::uint64_t id : {2, 3}) world.heard(1, id, Slot::kMicrophone).longest_gap = {};
  world.heard(2, 3, Slot::kMicrophone).longest_gap = {};
  SeededRandom random(99);
  const std::uint64_t packets = random_packets();
  const rtc::Address stranger = rtc::Address::v4({203, 0, 113, 9}, 4444);
  // 50 packets each millisecond: half of them as if from endpoint 1's address.
  for (std::uint64_t sent = 0; sent < packets;) {
    for (int i = 0; i < 50; ++i, ++sent) {
      world.inject(sent % 2 == 0 ? stranger : world.browser(1).address(), random_packet(random));
    }
    world.run(1ms);
  }
  const media::Counters& counters = world.shard->counters();
  EXPECT_GT(counters[Drop::kUnknownAddress], packets / 5);
  EXPECT_GT(counters[Drop::kRateLimited], 0u);
  EXPECT_GT(counters[Drop::kNotAuthentic] + counters[Drop::kMalformedRtp] + counters[Drop::kUnknownStream],
            100u);
  // The two who were not attacked heard each other all the time.
  EXPECT_LT(world.heard(2, 3, Slot::kMicrophone).longest_gap, 200ms);
  EXPECT_LT(world.now - world.heard(2, 3, Slot::kMicrophone).last_arrival, 200ms);
  EXPECT_TRUE(world.facts_of<media::GuardTripped>().empty());
  // The attacked one is whole again afterwards.
  world.run(1500ms);
  EXPECT_LT(world.now - world.heard(2, 1, Slot::kMicrophone).last_arrival, 200ms);
  EXPECT_LT(world.now - world.heard(1, 2, Slot::kMicrophone).last_arrival, 200ms);
}

TEST(Srtp, PacketsUnderAnotherKeyAreDroppedAndHarmNothing) {
  World world;
  world.start_call({1, 2, 3});
  world.run(1s);
  // Endpoint 3's own packets, sent as if they were endpoint 1's.
  for (int i = 0; i < 50; ++i) {
    Bytes packet = world.browser(3).make_packet(Slot::kMicrophone, world.now);
    world.inject(world.browser(1).address(), packet);
    world.run(10ms);
  }
  EXPECT_GE(world.shard->counters()[Drop::kNotAuthentic], 50u);
  EXPECT_EQ(world.browser(2).undecryptable(), 0u);
  EXPECT_LT(world.heard(2, 1, Slot::kMicrophone).longest_gap, 60ms);
}

TEST(Srtp, AReplayedPacketIsForwardedOnce) {
  World world;
  world.start_call({1, 2});
  world.run(1s);
  const Bytes packet = world.browser(1).make_packet(Slot::kMicrophone, world.now);
  const std::uint64_t before = world.shard->counters().forwarded;
  for (int i = 0; i < 10; ++i) world.inject(world.browser(1).address(), packet);
  EXPECT_EQ(world.shard->counters().forwarded, before + 1);
  EXPECT_EQ(world.shard->counters()[Drop::kReplay], 9u);
}

TEST(FaultH6, TwoSsrcsInTurnMakeAFewRecorderStreamsAndNotOneAPacket) {
  World world;
  RecordingSink sink;
  ASSERT_TRUE(world.shard->attach_sink(World::kRoom, &sink, world.now).has_value());
  world.start_call({1, 2});
  for (const std::uint64_t id : {1, 2}) {
    ASSERT_TRUE(world.shard->set_sink_allowed({id}, true, world.now).has_value());
  }
  world.run(2s);
  const std::size_t before = sink.streams.size();
  EXPECT_EQ(before, 4u);
  world.browser(1).stop_media();
  for (const Slot slot : {Slot::kMicrophone, Slot::kCamera}) {
    const std::uint32_t own = world.browser(1).ssrc(slot);
    for (int i = 0; i < 3'000; ++i) {
      world.browser(1).change_ssrc(slot, i % 2 == 0 ? own + 1 : own);
      world.inject(world.browser(1).address(), world.browser(1).make_packet(slot, world.now));
      world.run(10ms);
    }
    // 30 s: a burst, and one more every 20 s.
    EXPECT_LE(sink.streams.size(), before + (slot == Slot::kMicrophone ? 6 : 12));
    world.browser(1).change_ssrc(slot, own);
  }
  EXPECT_GT(world.shard->counters()[Drop::kSourceChanges], 2'000u);
  // Half of what came was one source's, and is recorded; the other person is recorded as ever.
  EXPECT_GT(sink.packets(), 5'000u);
  EXPECT_LT(world.heard(1, 2, Slot::kMicrophone).longest_gap, 100ms);
}

TEST(FaultH6, AnswersThatNameAnotherSsrcEachTimeAreRefusedAfterAFew) {
  World world;
  world.start_call({1, 2});
  world.run(1s);
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    world.browser(1).change_ssrc(Slot::kMicrophone, world.browser(1).ssrc(Slot::kMicrophone) + 1);
    const auto offer = world.shard->make_offer({1});
    const std::string answer = world.browser(1).answer(offer->sdp, world.now);
    const auto accepted = world.shard->accept_answer({1}, offer->generation, answer, world.now);
    if (accepted) continue;
    EXPECT_EQ(accepted.error().code, media::CommandError::kSourceChanges);
    ++refused;
  }
  EXPECT_EQ(refused, 16);
  world.run(70s);
  world.browser(1).change_ssrc(Slot::kMicrophone, world.browser(1).ssrc(Slot::kMicrophone) + 1);
  world.negotiate(1);
}

TEST(FaultH6, AFloodOfSenderReportsFillsNeitherTheLogNorTheVault) {
  World world;
  RecordingSink sink;
  ASSERT_TRUE(world.shard->attach_sink(World::kRoom, &sink, world.now).has_value());
  world.start_call({1, 2});
  ASSERT_TRUE(world.shard->set_sink_allowed({1}, true, world.now).has_value());
  world.run(2s);
  for (int i = 0; i < 2'000; ++i) {
    world.browser(1).report(world.now);
    world.run(5ms);
  }
  for (const auto& [id, stream] : sink.streams) {
    EXPECT_GE(stream.reports, 11u);
    EXPECT_LE(stream.reports, 8u + 4u * 12u + 1u);
  }
}

TEST(Address, MediaFollowOnlyAnAuthenticatedCheck) {
  World world;
  world.start_call({1, 2});
  world.run(1s);
  const rtc::Address elsewhere = rtc::Address::v4({198, 51, 100, 77}, 7777);
  // Media from an unproven address: refused, though they are authentic.
  world.browser(1).send_media_from(elsewhere);
  world.run(100ms);
  const std::uint64_t heard = world.heard(2, 1, Slot::kMicrophone).packets;
  const std::uint64_t unknown = world.shard->counters()[Drop::kUnknownAddress];
  world.run(1s);
  EXPECT_EQ(world.heard(2, 1, Slot::kMicrophone).packets, heard);
  EXPECT_GT(world.shard->counters()[Drop::kUnknownAddress], unknown + 40);
  EXPECT_TRUE(world.facts_of<media::AddressChanged>().empty());

  // A check under a wrong password moves nothing.
  const std::string name = world.browser(1).server_ice().ufrag + ":guess";
  rtc::StunBuilder check(rtc::StunClass::kRequest, rtc::kStunBinding, {1, 2, 3});
  check.username(name).priority(1).ice_controlling(1).use_candidate();
  world.inject(elsewhere, check.finish(as_bytes("a guess of the password")));
  world.run(1s);
  EXPECT_EQ(world.heard(2, 1, Slot::kMicrophone).packets, heard);
  EXPECT_TRUE(world.facts_of<media::AddressChanged>().empty());
  EXPECT_GE(world.shard->counters()[Drop::kStunNotAuthentic], 1u);

  // The browser's own check does.
  world.browser(1).move_to(elsewhere, world.now);
  world.run(1s);
  EXPECT_EQ(world.facts_of<media::AddressChanged>().size(), 1u);
  EXPECT_GT(world.heard(2, 1, Slot::kMicrophone).packets, heard + 30);
  EXPECT_LT(world.now - world.heard(1, 2, Slot::kMicrophone).last_arrival, 100ms);
}

TEST(Address, AParticipantCannotTakeOverANeighboursAddress) {
  World world;
  world.start_call({1, 2});
  world.run(1s);
  // Endpoint 1 knows its own credentials and forges endpoint 2's address.
  const rtc::IceCredentials& own = world.browser(1).server_ice();
  rtc::StunBuilder check(rtc::StunClass::kRequest, rtc::kStunBinding, {4, 5, 6});
  check.username(own.ufrag + ":x").priority(1).ice_controlling(1).use_candidate();
  world.inject(world.browser(2).address(), check.finish(as_bytes(own.pwd)));
  EXPECT_EQ(world.shard->counters()[Drop::kAddressTaken], 1u);
  world.run(1s);
  EXPECT_LT(world.now - world.heard(1, 2, Slot::kMicrophone).last_arrival, 100ms);
  EXPECT_LT(world.now - world.heard(2, 1, Slot::kMicrophone).last_arrival, 100ms);
}

TEST(FaultB7, SilenceIsToldWithinFiveSecondsAndALostCheckIsNone) {
  World world;
  world.start_call({1, 2});
  world.run(1s);
  world.network.set({60, 20ms, 0ms});
  world.run(20s);
  EXPECT_EQ(world.facts_of<media::Silent>().size(), 0u)
      << "three packets of five are lost: that is no silence";
  world.network.set({100, 20ms, 0ms});
  const SteadyTime cut = world.now;
  while (world.facts_of<media::Silent>().size() < 2 && world.now - cut < 10s) world.run(100ms);
  EXPECT_LE(world.now - cut, 5100ms);
  EXPECT_EQ(world.facts_of<media::Heard>().size(), 0u);
  world.network.set({0, 20ms, 0ms});
  world.run(3s);
  EXPECT_EQ(world.facts_of<media::Heard>().size(), 2u);
  EXPECT_EQ(world.facts_of<media::Silent>().size(), 2u) << "told once";
}

TEST(Consent, SilenceIsStaleAfterFiveSecondsAndGoneAfterThirty) {
  World world;
  world.start_call({1, 2});
  world.run(1s);
  world.network.set({100, 20ms, 0ms});
  world.run(7s);
  auto lost = world.facts_of<media::Disconnected>();
  ASSERT_EQ(lost.size(), 2u);
  EXPECT_EQ(lost[0].why, media::Absence::kStale);
  world.network.set({0, 20ms, 0ms});
  world.run(3s);
  EXPECT_EQ(world.facts_of<media::Returned>().size(), 2u);
  EXPECT_LT(world.now - world.heard(2, 1, Slot::kMicrophone).last_arrival, 100ms);
  world.network.set({100, 20ms, 0ms});
  world.run(35s);
  lost = world.facts_of<media::Disconnected>();
  ASSERT_EQ(lost.size(), 6u);
  EXPECT_EQ(lost.back().why, media::Absence::kGone);
  const std::uint64_t forwarded = world.shard->counters().forwarded;
  world.run(5s);
  EXPECT_EQ(world.shard->counters().forwarded, forwarded);
}

TEST(Dtls, AnotherCertificateThanAnnouncedFails) {
  World world;
  Browser& browser = world.join(1);
  const auto offer = world.shard->make_offer({1});
  std::string answer = browser.answer(offer->sdp, world.now);
  const std::string real = rtc::fingerprint_text(world.browser_certificate->fingerprint());
  for (auto at = answer.find(real); at != std::string::npos; at = answer.find(real)) {
    answer.replace(at, real.size(), rtc::fingerprint_text(world.certificate->fingerprint()));
  }
  ASSERT_TRUE(world.shard->accept_answer({1}, offer->generation, answer, world.now).has_value());
  world.run(3s);
  EXPECT_EQ(world.facts_of<media::DtlsFailed>().size(), 1u);
  EXPECT_TRUE(world.facts_of<media::Connected>().empty());
}

TEST(Dtls, ABrowserThatClosesIsReported) {
  World world;
  world.start_call({1, 2});
  world.run(1s);
  world.browser(1).close(world.now);
  world.run(200ms);
  const auto lost = world.facts_of<media::Disconnected>();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].why, media::Absence::kClosed);
}

TEST(Answer, HostileDescriptionsAreRefusedByName) {
  World world;
  world.join(1);
  const auto offer = world.shard->make_offer({1});
  std::string many_candidates = world.browser(1).answer(offer->sdp, world.now);
  for (int i = 0; i < 65; ++i) many_candidates += "a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n";
  for (const std::string& sdp :
       {std::string(5 * 1024 * 1024, 'a'), std::string("v=0\r\n"), std::string(), many_candidates}) {
    const auto refused = world.shard->accept_answer({1}, offer->generation, sdp, world.now);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, media::CommandError::kBadAnswer);
    EXPECT_TRUE(refused.error().sdp.has_value());
  }
  // The offer still waits for a proper one.
  const std::string proper = world.browser(1).answer(offer->sdp, world.now);
  EXPECT_TRUE(world.shard->accept_answer({1}, offer->generation, proper, world.now).has_value());
}

}  // namespace
}  // namespace parlour::simulation

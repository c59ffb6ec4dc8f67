// What a receiver and a sender do about loss: NACK generation, history, limits, reports, feedback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rtc/nack_generator.h"
#include "rtc/packet_history.h"
#include "rtc/reception_stats.h"
#include "rtc/retransmission_limiter.h"
#include "rtc/transport_cc_feedback.h"
#include "test_bytes.h"

namespace parlour::rtc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NackGenerator, AsksForAGapAfterTheReorderDelayAndOncePerRoundTrip) {
  NackGenerator nack;
  nack.on_packet(100, at_ms(0));
  nack.on_packet(103, at_ms(1));
  EXPECT_EQ(nack.next_deadline(50ms), at_ms(11));
  EXPECT_THAT(nack.take_due(50ms, at_ms(10)), IsEmpty());
  EXPECT_THAT(nack.take_due(50ms, at_ms(11)), ElementsAre(101, 102));
  EXPECT_EQ(nack.next_deadline(50ms), at_ms(61));
  EXPECT_THAT(nack.take_due(50ms, at_ms(60)), IsEmpty());
  nack.on_packet(101, at_ms(60));
  EXPECT_THAT(nack.take_due(50ms, at_ms(61)), ElementsAre(102));
  nack.on_packet(102, at_ms(62));
  EXPECT_EQ(nack.missing(), 0u);
  EXPECT_FALSE(nack.next_deadline(50ms));
  EXPECT_FALSE(nack.take_key_frame_needed());
}

TEST(NackGenerator, ReorderedPacketsAreNotAskedFor) {
  NackGenerator nack;
  nack.on_packet(1, at_ms(0));
  nack.on_packet(3, at_ms(1));
  nack.on_packet(2, at_ms(2));
  EXPECT_THAT(nack.take_due(50ms, at_ms(100)), IsEmpty());
}

TEST(NackGenerator, GivesUpAfterTenTriesOrASecondAndWantsAKeyFrame) {
  NackGenerator nack;
  nack.on_packet(1, at_ms(0));
  nack.on_packet(3, at_ms(0));
  int asked = 0;
  for (int ms = 0; ms < 1000; ++ms) asked += static_cast<int>(nack.take_due(20ms, at_ms(ms)).size());
  EXPECT_EQ(asked, 10);
  EXPECT_TRUE(nack.take_key_frame_needed());
  EXPECT_FALSE(nack.take_key_frame_needed());

  nack.on_packet(5, at_ms(1000));
  EXPECT_THAT(nack.take_due(900ms, at_ms(1010)), ElementsAre(4));
  EXPECT_THAT(nack.take_due(900ms, at_ms(2000)), IsEmpty());
  EXPECT_TRUE(nack.take_key_frame_needed());
  EXPECT_EQ(nack.given_up(), 2u);
}

TEST(NackGenerator, AHugeJumpMeansAKeyFrameAndNoList) {
  NackGenerator nack;
  nack.on_packet(1, at_ms(0));
  nack.on_packet(30'000, at_ms(1));
  EXPECT_EQ(nack.missing(), 0u);
  EXPECT_TRUE(nack.take_key_frame_needed());
}

TEST(NackGenerator, TheListIsBoundedOldestFirst) {
  NackGenerator nack;
  std::uint64_t sequence = 0;
  nack.on_packet(sequence, at_ms(0));
  for (int i = 0; i < 600; ++i) nack.on_packet(sequence += 2, at_ms(1));
  EXPECT_EQ(nack.missing(), 512u);
  EXPECT_TRUE(nack.take_key_frame_needed());
  EXPECT_EQ(nack.take_due(50ms, at_ms(20)).back(), static_cast<std::uint16_t>(sequence - 1));
}

TEST(NackGenerator, AKeyFrameEndsTheInterestInWhatWasBefore) {
  NackGenerator nack;
  nack.on_packet(1, at_ms(0));
  nack.on_packet(10, at_ms(0));
  nack.on_packet(12, at_ms(0));
  nack.on_key_frame(10);
  EXPECT_THAT(nack.take_due(50ms, at_ms(20)), ElementsAre(11));
}

TEST(PacketHistory, FindsWhatIsYoungEnough) {
  PacketHistory history;
  history.store(1, hex("0102"), at_ms(0));
  history.store(2, hex("0304"), at_ms(500));
  EXPECT_EQ(to_hex(history.find(1, at_ms(1000))), "0102");
  EXPECT_EQ(history.find(1, at_ms(1001)).data(), nullptr);
  EXPECT_EQ(to_hex(history.find(2, at_ms(1001))), "0304");
  EXPECT_EQ(history.find(3, at_ms(0)).data(), nullptr);
}

TEST(PacketHistory, GrowsWithTheRateAndStaysWithinItsLimit) {
  PacketHistory history;
  EXPECT_EQ(history.bytes_allocated(), 0u);
  Bytes packet(1200);
  std::uint64_t sequence = 0;
  const auto run = [&](int packets_per_second, int seconds) {
    for (int i = 0; i < packets_per_second * seconds; ++i) {
      store_u32(packet.data(), static_cast<std::uint32_t>(++sequence));
      history.store(sequence, packet,
                    SteadyTime{static_cast<std::int64_t>(sequence) * 1'000'000 / packets_per_second});
    }
    return SteadyTime{static_cast<std::int64_t>(sequence) * 1'000'000 / packets_per_second};
  };
  SteadyTime now = run(125, 8);
  EXPECT_LE(history.bytes_allocated(), 400'000u);
  for (std::uint64_t s = sequence - 120; s <= sequence; ++s) {
    const ByteView found = history.find(s, now);
    ASSERT_EQ(found.size(), packet.size()) << sequence - s;
    EXPECT_EQ(load_u32(found.data()), s);
  }
  history.clear();
  sequence = 0;
  now = run(5000, 3);
  EXPECT_LE(history.bytes_allocated(), 1024u * 1024 + 200'000);
  EXPECT_EQ(history.find(sequence - 4000, now).data(), nullptr);
  for (std::uint64_t s = sequence - 800; s <= sequence; ++s)
    EXPECT_EQ(load_u32(history.find(s, now).data()), s);
}

TEST(PacketHistory, SurvivesAnyOrderOfSequencesAndSizes) {
  SeededRandom random(3);
  PacketHistory history({1s, 64 * 1024, 256});
  std::vector<std::pair<std::uint64_t, Bytes>> stored;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t sequence = 1000 + static_cast<std::uint64_t>(i) + random.u32() % 64;
    Bytes packet = random.bytes(1 + random.u32() % 2100);
    if (packet.size() >= 8) store_u32(packet.data(), static_cast<std::uint32_t>(sequence));
    history.store(sequence, packet, at_ms(i));
    stored.emplace_back(sequence, std::move(packet));
    const auto& [old_sequence, old] =
        stored[stored.size() - 1 - random.u32() % std::min<std::size_t>(stored.size(), 50)];
    const ByteView found = history.find(old_sequence, at_ms(i));
    if (found.data() != nullptr && found.size() >= 8) {
      EXPECT_EQ(load_u32(found.data()), old_sequence);
    }
  }
  EXPECT_LE(history.bytes_allocated(), 64u * 1024 + 256 * 64);
}

TEST(RetransmissionLimiter, AllowsOncePerRoundTripAndTenTimesInAll) {
  RetransmissionLimiter limiter;
  EXPECT_TRUE(limiter.allow(500, 50ms, at_ms(0)));
  EXPECT_FALSE(limiter.allow(500, 50ms, at_ms(49)));
  EXPECT_TRUE(limiter.allow(501, 50ms, at_ms(49)));
  int allowed = 1;
  for (int ms = 50; ms < 5000; ++ms) allowed += limiter.allow(500, 50ms, at_ms(ms)) ? 1 : 0;
  EXPECT_EQ(allowed, RetransmissionLimiter::kTriesMax);
  EXPECT_TRUE(limiter.allow(500 + 256, 50ms, at_ms(5000)));
  EXPECT_FALSE(limiter.allow(500, 50ms, at_ms(6000)));
}

TEST(ReceptionStats, CountsLossAsRfc3550Says) {
  ReceptionStats stats(7, 90'000);
  for (std::uint64_t s = 65'536 + 10; s <= 65'536 + 109; ++s) {
    if (s % 10 != 0)
      stats.on_packet(s, static_cast<std::uint32_t>(s * 3000), at_ms(static_cast<std::int64_t>(s)));
  }
  auto block = stats.make_block(at_ms(0));
  EXPECT_EQ(block.ssrc, 7u);
  EXPECT_EQ(block.cumulative_lost, 10);
  EXPECT_EQ(block.fraction_lost, 25);  // 10 of 100, in 256ths
  EXPECT_EQ(block.highest_sequence, 65'536u + 109);
  EXPECT_EQ(block.last_sr, 0u);
  block = stats.make_block(at_ms(0));
  EXPECT_EQ(block.fraction_lost, 0);
  EXPECT_EQ(block.cumulative_lost, 10);
}

TEST(ReceptionStats, DuplicatesDoNotHideBehindNegativeFractions) {
  ReceptionStats stats(7, 48'000);
  for (int i = 0; i < 3; ++i) stats.on_packet(100, 0, at_ms(0));
  const auto block = stats.make_block(at_ms(0));
  EXPECT_EQ(block.fraction_lost, 0);
  EXPECT_EQ(block.cumulative_lost, -2);
}

TEST(ReceptionStats, MeasuresJitterInClockUnits) {
  ReceptionStats steady(1, 48'000), shaky(2, 48'000);
  for (int i = 0; i < 200; ++i) {
    const auto sequence = static_cast<std::uint64_t>(100 + i);
    const auto rtp_time = static_cast<std::uint32_t>(i * 960);
    steady.on_packet(sequence, rtp_time, at_ms(20 * i));
    shaky.on_packet(sequence, rtp_time, at_ms(20 * i + (i % 2) * 5));
  }
  EXPECT_EQ(steady.jitter(), 0u);
  EXPECT_NEAR(shaky.jitter(), 240, 10);  // 5 ms of 48 kHz
}

TEST(ReceptionStats, SenderReportsGiveTheRoundTripToTheSender) {
  ReceptionStats stats(1, 48'000);
  const UtcTime sent{1'700'000'000'000'000};
  stats.on_packet(1, 0, at_ms(0));
  stats.on_sender_report(ntp_from_utc(sent), at_ms(1000));
  const ReportBlock block = stats.make_block(at_ms(1250));
  EXPECT_EQ(block.delay_since_last_sr, 16'384u);
  const auto round_trip = round_trip_from(block, ntp_from_utc(sent + 330ms));
  ASSERT_TRUE(round_trip);
  EXPECT_NEAR(static_cast<double>(round_trip->count()), 80'000, 50);
  EXPECT_FALSE(round_trip_from(block, ntp_from_utc(sent)));
  EXPECT_FALSE(round_trip_from(ReportBlock(), ntp_from_utc(sent)));
}

std::vector<TransportFeedback> read_all(const std::vector<Bytes>& packets) {
  std::vector<TransportFeedback> all;
  for (const Bytes& packet : packets) {
    EXPECT_LE(packet.size(), 1200u);
    const auto parsed = parse_rtcp(packet);
    EXPECT_TRUE(parsed);
    if (parsed) all.push_back(std::get<TransportFeedback>(parsed->at(0)));
  }
  return all;
}
std::int64_t arrival_us(const TransportFeedback& feedback, std::size_t i) {
  return static_cast<std::int64_t>(feedback.reference_64ms) * 64'000 +
         feedback.packets[i].arrival_250us * 250;
}

TEST(TransportCcFeedback, ReportsArrivalsAndGapsEvery100Ms) {
  TransportCcFeedback feedback;
  EXPECT_FALSE(feedback.next_deadline());
  feedback.on_packet(65535, at_ms(1000));
  feedback.on_packet(1, at_ms(1013));
  EXPECT_EQ(feedback.next_deadline(), at_ms(1100));
  EXPECT_THAT(feedback.take_due(1, 2, at_ms(1099)), IsEmpty());
  const auto reports = read_all(feedback.take_due(1, 2, at_ms(1100)));
  ASSERT_EQ(reports.size(), 1u);
  ASSERT_EQ(reports[0].packets.size(), 3u);
  EXPECT_EQ(reports[0].packets[0].sequence, 65535);
  EXPECT_TRUE(reports[0].packets[0].received);
  EXPECT_FALSE(reports[0].packets[1].received);
  EXPECT_EQ(arrival_us(reports[0], 0), 1'000'000);
  EXPECT_EQ(arrival_us(reports[0], 2), 1'013'000);
  EXPECT_FALSE(feedback.next_deadline());

  feedback.on_packet(3, at_ms(1200));
  const auto next = read_all(feedback.take_due(1, 2, at_ms(1300)));
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].packets[0].sequence, 2);
  EXPECT_EQ(next[0].feedback_count, 1);
}

TEST(TransportCcFeedback, ReportsALatePacketAfterAll) {
  TransportCcFeedback feedback;
  feedback.on_packet(10, at_ms(0));
  feedback.on_packet(12, at_ms(1));
  feedback.take_due(1, 2, at_ms(100));
  feedback.on_packet(11, at_ms(110));
  const auto reports = read_all(feedback.take_due(1, 2, at_ms(210)));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].packets[0].sequence, 11);
  EXPECT_EQ(arrival_us(reports[0], 0), 110'000);
}

TEST(TransportCcFeedback, SplitsWhatDoesNotFitOneDatagram) {
  TransportCcFeedback feedback;
  SeededRandom random(2);
  std::size_t sent = 0;
  for (std::uint16_t s = 0; s < 2000; ++s) {
    if (random.u32() % 10 == 0) continue;
    ++sent;
    feedback.on_packet(s, SteadyTime{1'000'000 + static_cast<std::int64_t>(random.u32() % 90'000'000)});
  }
  std::size_t reported = 0;
  for (const auto& report : read_all(feedback.take_due(1, 2, at_ms(200'000)))) {
    for (const auto& packet : report.packets) reported += packet.received ? 1 : 0;
  }
  EXPECT_EQ(reported, sent);
}

TEST(TransportCcFeedback, AJumpOfTheSequenceCostsNoMoreThanTheWindow) {
  TransportCcFeedback feedback;
  std::uint16_t sequence = 0;
  for (int i = 0; i < 100; ++i)
    feedback.on_packet(sequence = static_cast<std::uint16_t>(sequence + 30'000), at_ms(i));
  const auto reports = read_all(feedback.take_due(1, 2, at_ms(1000)));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].packets.size(), 1u);
}

}  // namespace
}  // namespace parlour::rtc

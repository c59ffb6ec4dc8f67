#include "rtc/rtcp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_bytes.h"

namespace parlour::rtc {
namespace {

using ::testing::ElementsAre;

RtcpError error_of(const Bytes& compound) {
  const auto packets = parse_rtcp(compound);
  EXPECT_FALSE(packets) << to_hex(compound);
  return packets ? RtcpError::kTooShort : packets.error();
}

TEST(Rtcp, ReportsReadBackAsWritten) {
  const ReportBlock block{1, 64, -5, 0x00010002, 33, 0xAABBCCDD, 65536};
  Bytes out;
  append_sender_report(out, {7, 0x0123456789ABCDEF, 99, 100, 101, {block}});
  append_receiver_report(out, 8, std::vector{block, block});
  append_cname(out, 7, "abc");
  append_bye(out, std::vector<std::uint32_t>{7, 9});
  const auto packets = parse_rtcp(out);
  ASSERT_TRUE(packets);
  ASSERT_EQ(packets->size(), 4u);
  const auto& sr = std::get<SenderReport>((*packets)[0]);
  EXPECT_EQ(sr.ssrc, 7u);
  EXPECT_EQ(sr.ntp, 0x0123456789ABCDEFu);
  EXPECT_EQ(sr.rtp_time, 99u);
  EXPECT_EQ(sr.packets, 100u);
  EXPECT_EQ(sr.octets, 101u);
  EXPECT_THAT(sr.blocks, ElementsAre(block));
  EXPECT_THAT(std::get<ReceiverReport>((*packets)[1]).blocks, ElementsAre(block, block));
  EXPECT_EQ(std::get<SourceDescription>((*packets)[2]).chunks.at(0).cname, "abc");
  EXPECT_THAT(std::get<Bye>((*packets)[3]).ssrcs, ElementsAre(7, 9));
}

TEST(Rtcp, SdesChunksEndOnWordBoundaries) {
  for (std::size_t size = 0; size < 9; ++size) {
    Bytes out;
    append_cname(out, 7, std::string(size, 'x'));
    EXPECT_EQ(out.size() % 4, 0u);
    const auto packets = parse_rtcp(out);
    ASSERT_TRUE(packets) << size;
    EXPECT_EQ(std::get<SourceDescription>((*packets)[0]).chunks.at(0).cname.size(), size);
  }
}

TEST(Rtcp, NackPacksAndExpands) {
  const std::vector<std::uint16_t> sequences = {65530, 65531, 65535, 10, 11, 40};
  Bytes out;
  append_nack(out, 1, 2, sequences);
  EXPECT_EQ(out.size(), 12u + 3 * 4);
  const auto packets = parse_rtcp(out);
  ASSERT_TRUE(packets);
  const auto& nack = std::get<Nack>((*packets)[0]);
  EXPECT_EQ(nack.sender_ssrc, 1u);
  EXPECT_EQ(nack.media_ssrc, 2u);
  EXPECT_EQ(nack.sequences, sequences);
}

TEST(Rtcp, RequestsForKeyFramesReadBack) {
  Bytes out;
  append_picture_loss(out, 1, 2);
  append_full_intra_request(out, 1, std::vector<FullIntraEntry>{{5, 6}});
  const auto packets = parse_rtcp(out);
  ASSERT_TRUE(packets);
  EXPECT_EQ(std::get<PictureLoss>((*packets)[0]).media_ssrc, 2u);
  EXPECT_EQ(std::get<FullIntraRequest>((*packets)[1]).entries.at(0).ssrc, 5u);
  EXPECT_EQ(std::get<FullIntraRequest>((*packets)[1]).entries.at(0).sequence, 6);
}

TEST(Rtcp, IgnoresWhatIsNotNeeded) {
  // REMB, an extended report, an application packet, a slice loss.
  const auto packets =
      parse_rtcp(hex("8fce0005 00000001 00000000 52454d42 010a0000 00000002"
                     "80cf0001 00000001 80cc0002 00000001 61626364 82ce0003 00000001 00000002 00000000"));
  ASSERT_TRUE(packets);
  ASSERT_EQ(packets->size(), 4u);
  for (const auto& packet : *packets) EXPECT_TRUE(std::holds_alternative<RtcpIgnored>(packet));
  EXPECT_EQ(std::get<RtcpIgnored>((*packets)[0]).format, 15);
}

TEST(Rtcp, AcceptsPaddingOnTheLastPacketOnly) {
  EXPECT_TRUE(parse_rtcp(hex("a0c90002 00000001 00000004")));
  EXPECT_EQ(error_of(hex("a0c90002 00000001 00000004 80c90001 00000001")), RtcpError::kBadPadding);
  EXPECT_EQ(error_of(hex("a0c90002 00000001 00000000")), RtcpError::kBadPadding);
  EXPECT_EQ(error_of(hex("a0c90002 00000001 00000003")), RtcpError::kBadPadding);
  EXPECT_EQ(error_of(hex("a0c90002 00000001 00000010")), RtcpError::kBadPadding);
  EXPECT_EQ(error_of(hex("a0c90000")), RtcpError::kBadPadding);
}

TEST(Rtcp, RefusesMalformedCompoundsByName) {
  EXPECT_EQ(error_of({}), RtcpError::kTooShort);
  EXPECT_EQ(error_of(hex("80c900")), RtcpError::kTooShort);
  EXPECT_EQ(error_of(hex("40c90001 00000001")), RtcpError::kBadVersion);
  EXPECT_EQ(error_of(hex("80c90002 00000001")), RtcpError::kBadLength);
  EXPECT_EQ(error_of(hex("80c90001 00000001 80c9")), RtcpError::kBadLength);
  EXPECT_EQ(error_of(hex("80c90000")), RtcpError::kBadLength);
  EXPECT_EQ(error_of(hex("81c90001 00000001")), RtcpError::kBadLength);
  EXPECT_EQ(error_of(hex("80c80001 00000001")), RtcpError::kBadLength);
  EXPECT_EQ(error_of(hex("82cb0001 00000001")), RtcpError::kBadLength);
  EXPECT_EQ(error_of(hex("81ca0002 00000001 01ff6162")), RtcpError::kBadLength);
  EXPECT_EQ(error_of(hex("81ca0002 00000001 01026162")), RtcpError::kBadLength);
  EXPECT_EQ(error_of(hex("81cd0002 00000001 00000002")), RtcpError::kBadLength);
  EXPECT_EQ(error_of(hex("81ce0001 00000001")), RtcpError::kBadLength);
  EXPECT_EQ(error_of(hex("84ce0003 00000001 00000002 00000003")), RtcpError::kBadLength);
  Bytes many;
  for (int i = 0; i < 33; ++i) append(many, hex("80c90001 00000001"));
  EXPECT_EQ(error_of(many), RtcpError::kTooManyPackets);
  Bytes nack = hex("81cd0042 00000001 00000002");
  for (int i = 0; i < 64; ++i) append(nack, hex("0000ffff"));
  EXPECT_EQ(error_of(nack), RtcpError::kTooManyItems);
}

TEST(Rtcp, TransportFeedbackReadsBackAcrossAllChunkForms) {
  SeededRandom random(5);
  for (int round = 0; round < 200; ++round) {
    TransportFeedback feedback{1, 2, 0x123456, 7, {}};
    const std::size_t count = 1 + random.u32() % 300;
    const std::uint32_t kind = random.u32() % 4;
    std::int64_t arrival = 0;
    for (std::size_t i = 0; i < count; ++i) {
      TransportFeedbackPacket packet{static_cast<std::uint16_t>(65500 + i), false, 0};
      const std::uint32_t dice = random.u32() % 100;
      packet.received =
          kind == 0 || (kind == 1 && dice < 50) || (kind == 2 && i / 40 % 2 == 0) || (kind == 3 && dice < 95);
      if (packet.received) {
        arrival += kind == 3 && dice < 20 ? static_cast<std::int64_t>(random.u32() % 60'000) - 30'000 : dice;
        packet.arrival_250us = arrival;
      }
      feedback.packets.push_back(packet);
    }
    Bytes out;
    append_transport_feedback(out, feedback);
    const auto packets = parse_rtcp(out);
    ASSERT_TRUE(packets) << round << " " << to_text(packets.error());
    const auto& read = std::get<TransportFeedback>((*packets)[0]);
    EXPECT_EQ(read.reference_64ms, 0x123456u);
    EXPECT_EQ(read.feedback_count, 7);
    ASSERT_EQ(read.packets.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(read.packets[i].sequence, feedback.packets[i].sequence);
      EXPECT_EQ(read.packets[i].received, feedback.packets[i].received);
      EXPECT_EQ(read.packets[i].arrival_250us, feedback.packets[i].arrival_250us);
    }
  }
}

TEST(Rtcp, ReadsTheThreeChunkFormsOfTransportFeedback) {
  // draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1.3 and 3.1.4: a run of 3, 14 one-bit and 7 two-bit
  // symbols.
  const auto packets =
      parse_rtcp(hex("8fcd0009 00000001 00000002 0001 0018 000001 05 2003 9c80 c650"
                     "01 02 03 04 05 06 07 08 ff00 09 0a 0000"));
  ASSERT_TRUE(packets) << to_text(packets.error());
  const auto& feedback = std::get<TransportFeedback>((*packets)[0]);
  std::vector<std::int64_t> arrivals;
  for (const auto& packet : feedback.packets) arrivals.push_back(packet.received ? packet.arrival_250us : -1);
  EXPECT_THAT(arrivals, ElementsAre(1, 3, 6, -1, 10, 15, 21, -1, -1, 28, -1, -1, -1, -1, -1, -1, -1,  //
                                    -1, 36, -220, -211, -201, -1, -1));
}

TEST(Rtcp, RefusesImpossibleTransportFeedback) {
  // No statuses; a run of length zero; chunks missing; the reserved symbol; deltas missing.
  EXPECT_EQ(error_of(hex("8fcd0004 00000001 00000002 00010000 00000100")), RtcpError::kBadFeedback);
  EXPECT_EQ(error_of(hex("8fcd0005 00000001 00000002 00010001 00000100 00000000")), RtcpError::kBadFeedback);
  EXPECT_EQ(error_of(hex("8fcd0004 00000001 00000002 00010001 00000100")), RtcpError::kBadFeedback);
  EXPECT_EQ(error_of(hex("8fcd0005 00000001 00000002 00010001 00000100 60010000")), RtcpError::kBadFeedback);
  EXPECT_EQ(error_of(hex("8fcd0005 00000001 00000002 00010008 00000100 20080000")), RtcpError::kBadFeedback);
  EXPECT_EQ(error_of(hex("8fcd0005 00000001 00000002 0001ffff 00000100 1fff1fff")), RtcpError::kTooManyItems);
}

TEST(Rtcp, NtpCountsFrom1900) {
  EXPECT_EQ(ntp_from_utc(UtcTime{0}) >> 32, 2'208'988'800u);
  EXPECT_EQ(ntp_from_utc(UtcTime{500'000}) & 0xFFFFFFFF, 0x80000000u);
}

}  // namespace
}  // namespace parlour::rtc

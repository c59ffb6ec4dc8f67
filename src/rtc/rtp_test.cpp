#include "rtc/rtp.h"

#include <gtest/gtest.h>

#include "rtc/header_extensions.h"
#include "rtc/rtx.h"
#include "rtc/vp8_descriptor.h"
#include "test_bytes.h"

namespace parlour::rtc {
namespace {

// Marker, PT 96, sequence 0x1234, one CSRC, mid "1" and transport-cc 0x0A0B in one-byte form, payload "abcd",
// padding 2.
const char* const kPacket = "b1e01234 89abcdef 11223344 deadbeef bede0002 1031310a 0b000000 61626364 0002";

TEST(Rtp, ReadsHeaderExtensionsAndPadding) {
  const Bytes packet = hex(kPacket);
  const auto header = parse_rtp(packet);
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->marker);
  EXPECT_EQ(header->payload_type, 96);
  EXPECT_EQ(header->sequence, 0x1234);
  EXPECT_EQ(header->timestamp, 0x89abcdefu);
  EXPECT_EQ(header->ssrc, 0x11223344u);
  EXPECT_EQ(header->size, 28);
  EXPECT_EQ(as_text(header->payload(packet)), "abcd");
  EXPECT_EQ(header->padding_size, 2);
  EXPECT_EQ(read_sdes_text(header->extension(packet, kMidExtensionId)), "1");
  EXPECT_EQ(read_transport_cc(header->extension(packet, kTransportCcExtensionId)), 0x0A0B);
  EXPECT_EQ(header->extension(packet, kAbsSendTimeExtensionId).data(), nullptr);
}

TEST(Rtp, ReadsTwoByteExtensions) {
  const Bytes packet = hex("90600001 00000001 00000002 10000003 0100 0304aabbccdd 00 2001 ff 00");
  const auto header = parse_rtp(packet);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->extension_form, RtpExtensionForm::kTwoByte);
  const ByteView empty = header->extension(packet, 1);
  EXPECT_NE(empty.data(), nullptr);
  EXPECT_TRUE(empty.empty());
  EXPECT_EQ(to_hex(header->extension(packet, 3)), "aabbccdd");
  EXPECT_EQ(to_hex(header->extension(packet, 32)), "ff");
}

TEST(Rtp, StopsReadingAtId15) {
  const Bytes packet = hex("90600001 00000001 00000002 bede0001 f0ff1131");
  const auto header = parse_rtp(packet);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->extension(packet, 1).data(), nullptr);
}

TEST(Rtp, RefusesMalformedPacketsByName) {
  const auto error_of = [](const char* text) {
    const Bytes packet = hex(text);
    const auto header = parse_rtp(packet);
    EXPECT_FALSE(header) << text;
    return header.error();
  };
  EXPECT_EQ(error_of(""), RtpError::kTooShort);
  EXPECT_EQ(error_of("80600001 00000001 000000"), RtpError::kTooShort);
  EXPECT_EQ(error_of("40600001 00000001 00000002"), RtpError::kBadVersion);
  EXPECT_EQ(error_of("8f600001 00000001 00000002"), RtpError::kTooShort);
  EXPECT_EQ(error_of("90600001 00000001 00000002"), RtpError::kBadExtension);
  EXPECT_EQ(error_of("90600001 00000001 00000002 bede0001"), RtpError::kBadExtension);
  EXPECT_EQ(error_of("90600001 00000001 00000002 bedeffff 00000000"), RtpError::kBadExtension);
  EXPECT_EQ(error_of("90600001 00000001 00000002 bede0001 1f000000"), RtpError::kBadExtension);
  EXPECT_EQ(error_of("90600001 00000001 00000002 10000001 00000001"), RtpError::kBadExtension);
  EXPECT_EQ(error_of("90600001 00000001 00000002 10000001 01030000"), RtpError::kBadExtension);
  EXPECT_EQ(error_of("a0600001 00000001 00000002"), RtpError::kBadPadding);
  EXPECT_EQ(error_of("a0600001 00000001 00000002 00"), RtpError::kBadPadding);
  EXPECT_EQ(error_of("a0600001 00000001 00000002 0003"), RtpError::kBadPadding);
}

TEST(Rtp, RewritesInPlace) {
  Bytes packet = hex(kPacket);
  set_sequence(packet, 7);
  set_timestamp(packet, 8);
  set_ssrc(packet, 9);
  set_payload_type(packet, 111);
  set_marker(packet, false);
  auto header = parse_rtp(packet);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->sequence, 7);
  EXPECT_EQ(header->timestamp, 8u);
  EXPECT_EQ(header->ssrc, 9u);
  EXPECT_EQ(header->payload_type, 111);
  EXPECT_FALSE(header->marker);
  const auto sequence = header->mutable_extension(packet, kTransportCcExtensionId);
  ASSERT_EQ(sequence.size(), 2u);
  store_u16(sequence.data(), 99);
  EXPECT_EQ(read_transport_cc(header->extension(packet, kTransportCcExtensionId)), 99);
  packet.resize(remove_padding(packet, *header));
  header = parse_rtp(packet);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->padding_size, 0);
  EXPECT_EQ(as_text(header->payload(packet)), "abcd");
}

TEST(Rtp, WritesHeadersThatReadBack) {
  Bytes out(64);
  const Bytes mid = to_bytes("2"), transport = hex("0102");
  const std::array<RtpExtensionValue, 2> extensions = {
      {{kMidExtensionId, mid}, {kTransportCcExtensionId, transport}}};
  const std::size_t size = write_rtp_header(out, {true, 97, 65535, 1, 2}, extensions);
  ASSERT_EQ(size, 24u);
  const auto header = parse_rtp(ByteView(out).first(size));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->sequence, 65535);
  EXPECT_EQ(header->size, size);
  EXPECT_EQ(read_sdes_text(header->extension(out, kMidExtensionId)), "2");
  EXPECT_EQ(read_transport_cc(header->extension(out, kTransportCcExtensionId)), 0x0102);
  EXPECT_EQ(write_rtp_header(MutableByteView(out).first(23), {}, extensions), 0u);
  EXPECT_EQ(write_rtp_header(out, {}), 12u);
  const std::array<RtpExtensionValue, 1> bad = {{{15, mid}}};
  EXPECT_EQ(write_rtp_header(out, {}, bad), 0u);
}

TEST(Unwrapper, FollowsSequencesThroughWrapsAndReordering) {
  SequenceUnwrapper unwrapper;
  const std::uint64_t first = unwrapper.unwrap(65534);
  EXPECT_EQ(first, 0x10000u + 65534);
  EXPECT_EQ(unwrapper.unwrap(0), first + 2);
  EXPECT_EQ(unwrapper.unwrap(65535), first + 1);
  EXPECT_EQ(unwrapper.highest(), first + 2);
  EXPECT_EQ(unwrapper.peek(1), first + 3);
  std::uint64_t expected = first + 2;
  for (std::uint32_t i = 1; i < 300'000; ++i) {
    EXPECT_EQ(unwrapper.unwrap(static_cast<std::uint16_t>(i)), ++expected);
  }
}

TEST(Unwrapper, DoesNotGoBelowZeroAtTheStart) {
  SequenceUnwrapper unwrapper;
  const std::uint64_t first = unwrapper.unwrap(2);
  EXPECT_EQ(unwrapper.unwrap(65535), first - 3);
}

TEST(HeaderExtensions, KnowTheirUrisAndIds) {
  for (const auto extension : {HeaderExtension::kMid, HeaderExtension::kRid, HeaderExtension::kTransportCc,
                               HeaderExtension::kAbsSendTime}) {
    EXPECT_EQ(header_extension_from_uri(uri_of(extension)), extension);
  }
  EXPECT_FALSE(header_extension_from_uri("urn:ietf:params:rtp-hdrext:ssrc-audio-level"));
  EXPECT_FALSE(read_sdes_text(hex("00")));
  EXPECT_FALSE(read_sdes_text(to_bytes("12345678901234567")));
  EXPECT_EQ(read_abs_send_time(write_abs_send_time(SteadyTime{1'500'000})), 3u << 17);
  EXPECT_EQ(read_abs_send_time(write_abs_send_time(SteadyTime{65'500'000})), 3u << 17);
}

TEST(Vp8Descriptor, ReadsEachForm) {
  const auto smallest = parse_vp8_descriptor(hex("10 aa"));
  ASSERT_TRUE(smallest);
  EXPECT_TRUE(smallest->starts_frame());
  EXPECT_EQ(smallest->size, 1);
  EXPECT_FALSE(smallest->picture_id);

  const auto largest = parse_vp8_descriptor(hex("b1 f0 8123 45 e7 aa"));
  ASSERT_TRUE(largest);
  EXPECT_TRUE(largest->non_reference);
  EXPECT_FALSE(largest->starts_frame());
  EXPECT_EQ(largest->partition, 1);
  EXPECT_EQ(largest->picture_id, 0x0123);
  EXPECT_TRUE(largest->picture_id_is_15_bit);
  EXPECT_EQ(largest->tl0_pic_idx, 0x45);
  EXPECT_EQ(largest->temporal_id, 3);
  EXPECT_TRUE(largest->layer_sync);
  EXPECT_EQ(largest->key_index, 7);
  EXPECT_EQ(largest->size, 6);

  const auto short_id = parse_vp8_descriptor(hex("90 80 7f aa"));
  ASSERT_TRUE(short_id);
  EXPECT_EQ(short_id->picture_id, 0x7f);
  EXPECT_FALSE(short_id->picture_id_is_15_bit);
  EXPECT_EQ(short_id->size, 3);
}

TEST(Vp8Descriptor, RefusesWhatEndsTooEarly) {
  EXPECT_EQ(parse_vp8_descriptor({}).error(), Vp8Error::kEmptyPayload);
  EXPECT_EQ(parse_vp8_descriptor(hex("10")).error(), Vp8Error::kEmptyPayload);
  EXPECT_EQ(parse_vp8_descriptor(hex("90")).error(), Vp8Error::kTruncated);
  EXPECT_EQ(parse_vp8_descriptor(hex("90 80 81")).error(), Vp8Error::kTruncated);
  EXPECT_EQ(parse_vp8_descriptor(hex("90 f0 8123 45")).error(), Vp8Error::kTruncated);
}

TEST(Vp8Descriptor, RewritesPictureIdAndTl0PicIdx) {
  Bytes payload = hex("90 e0 8123 45 20 aa");
  const auto descriptor = parse_vp8_descriptor(payload);
  ASSERT_TRUE(descriptor);
  set_picture_id(payload, *descriptor, 0xFFFF);
  set_tl0_pic_idx(payload, *descriptor, 9);
  EXPECT_EQ(to_hex(payload), "90e0ffff0920aa");
  Bytes plain = hex("10 aa");
  set_picture_id(plain, *parse_vp8_descriptor(plain), 5);
  EXPECT_EQ(to_hex(plain), "10aa");
}

TEST(Rtx, WrapsAndUnwraps) {
  const Bytes original = hex("90e01234 89abcdef 11223344 bede0001 10310000 61626364");
  const auto header = parse_rtp(original);
  ASSERT_TRUE(header);
  Bytes out(original.size() + kRtxOverhead);
  RtxStream stream{0x55667788, 97, 65535};
  const std::size_t size = wrap_rtx(out, original, *header, stream);
  ASSERT_EQ(size, out.size());
  EXPECT_EQ(stream.next_sequence, 0);
  const auto rtx_header = parse_rtp(out);
  ASSERT_TRUE(rtx_header);
  EXPECT_EQ(rtx_header->ssrc, 0x55667788u);
  EXPECT_EQ(rtx_header->payload_type, 97);
  EXPECT_EQ(rtx_header->sequence, 65535);
  EXPECT_TRUE(rtx_header->marker);

  const auto unwrapped = unwrap_rtx(out, *rtx_header, 0x11223344, 96);
  ASSERT_TRUE(unwrapped);
  EXPECT_EQ(to_hex(unwrapped->packet), to_hex(original));
  const auto again = parse_rtp(unwrapped->packet);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sequence, unwrapped->header.sequence);
  EXPECT_EQ(again->payload_size, unwrapped->header.payload_size);
  EXPECT_EQ(again->size, unwrapped->header.size);
  EXPECT_EQ(wrap_rtx(MutableByteView(out).first(size - 1), original, *header, stream), 0u);
}

TEST(Rtx, TellsProbesFromTruncatedPackets) {
  Bytes probe = hex("a0610001 00000001 00000002 000003");
  EXPECT_EQ(unwrap_rtx(probe, *parse_rtp(probe), 1, 96).error(), RtxError::kPaddingOnly);
  Bytes truncated = hex("80610001 00000001 00000002 00");
  EXPECT_EQ(unwrap_rtx(truncated, *parse_rtp(truncated), 1, 96).error(), RtxError::kTruncated);
  Bytes padded = hex("a0610001 00000001 00000002 1234aabb 000003");
  const auto unwrapped = unwrap_rtx(padded, *parse_rtp(padded), 1, 96);
  ASSERT_TRUE(unwrapped);
  EXPECT_EQ(to_hex(unwrapped->packet),
            "80601234"
            "00000001"
            "00000001"
            "aabb");
}

}  // namespace
}  // namespace parlour::rtc

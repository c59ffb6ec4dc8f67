#include "rtc/srtp.h"

#include <gtest/gtest.h>

#include "srtp_transform.h"
#include "srtp_windows.h"
#include "test_bytes.h"

namespace parlour::rtc {
namespace {

TEST(SrtpRfc3711, B3DerivesTheSessionKeys) {
  const Bytes key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
  const Bytes salt = hex("0EC675AD498AFEEBB6960B3AABE6");
  const auto derive = [&](SrtpLabel label, std::size_t size) {
    return to_hex(derive_srtp_key(key, salt, label, size).view());
  };
  EXPECT_EQ(derive(SrtpLabel::kRtpCipher, 16), "c61e7a93744f39ee10734afe3ff7a087");
  EXPECT_EQ(derive(SrtpLabel::kRtpSalt, 14), "30cbbc08863d8c85d49db34a9ae1");
  EXPECT_EQ(
      derive(SrtpLabel::kRtpAuthentication, 94),
      "cebe321f6ff7716b6fd4ab49af256a156d38baa48f0a0acf3c34e2359e6cdbcee049646c43d9327ad175578ef722709863"
      "71c10c9a369ac2f94a8c5fbcdddc256d6e919a48b610ef17c2041e474035766b68642c59bbfc2f34db60dbdfb2");
}

TEST(SrtpRfc3711, B2CountsTheKeystream) {
  // A packet of zeros with SSRC, roll-over counter and sequence zero shows the keystream itself.
  const Bytes key = hex("2B7E151628AED2A6ABF7158809CF4F3C");
  const Bytes salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
  auto transform = SrtpTransform::create(SrtpProfile::kAes128CmHmacSha1_80, key, Bytes(20), salt);
  ASSERT_TRUE(transform);
  Bytes packet(12 + 0xFF02 * 16 + kSrtpHmacTagSize);
  packet[0] = 0x80;
  ASSERT_TRUE(transform->seal_rtp(packet, 12, 0));
  const auto block = [&](std::size_t i) { return to_hex(ByteView(packet).subspan(12 + i * 16, 16)); };
  EXPECT_EQ(block(0), "e03ead0935c95e80e166b16dd92b4eb4");
  EXPECT_EQ(block(1), "d23513162b02d0f72a43a2fe4a5f97ab");
  EXPECT_EQ(block(2), "41e95b3bb0a2e8dd477901e4fca894c0");
  EXPECT_EQ(block(0xFEFF), "ec8cdf7398607cb0f2d21675ea9ea1e4");
  EXPECT_EQ(block(0xFF00), "362b7c3c6773516318a077d7fc5073ae");
  EXPECT_EQ(block(0xFF01), "6a2cc3787889374fbeb4c81b17ba6c44");
}

TEST(SrtpRfc7714, Section16SealsAndOpensRtp) {
  const Bytes key = hex("000102030405060708090a0b0c0d0e0f");
  const Bytes salt = hex("517569642070726f2071756f");
  auto transform = SrtpTransform::create(SrtpProfile::kAeadAes128Gcm, key, {}, salt);
  ASSERT_TRUE(transform);
  const Bytes plain =
      hex("8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976"
          "69736120 696e2070 61727465 73207472 6573");
  Bytes packet = plain;
  packet.resize(plain.size() + 16);
  ASSERT_TRUE(transform->seal_rtp(packet, 12, 0xf17b));
  EXPECT_EQ(
      to_hex(packet),
      to_hex(hex("8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a"
                 "51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce")));
  ASSERT_TRUE(transform->open_rtp(packet, 12, 0xf17b));
  EXPECT_EQ(to_hex(ByteView(packet).first(plain.size())), to_hex(plain));
}

TEST(SrtpRfc7714, Section17SealsAndOpensRtcp) {
  const Bytes key = hex("000102030405060708090a0b0c0d0e0f");
  const Bytes salt = hex("517569642070726f2071756f");
  auto transform = SrtpTransform::create(SrtpProfile::kAeadAes128Gcm, key, {}, salt);
  ASSERT_TRUE(transform);
  const Bytes plain =
      hex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61"
          "deadbeef deadbeef deadbeef deadbeef deadbeef");
  Bytes packet = plain;
  packet.resize(plain.size() + 20);
  ASSERT_TRUE(transform->seal_rtcp(packet, 0x5d4));
  EXPECT_EQ(
      to_hex(packet),
      to_hex(hex("81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda"
                 "4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4")));
  EXPECT_EQ(load_u32(&packet[transform->srtcp_index_offset(packet.size())]), 0x800005d4u);
  ASSERT_TRUE(transform->open_rtcp(packet, 0x5d4));
  EXPECT_EQ(to_hex(ByteView(packet).first(plain.size())), to_hex(plain));
}

TEST(ReplayWindow, RemembersExactlyItsSize) {
  ReplayWindow<128> window;
  SeededRandom random(1);
  std::vector<bool> seen(100'000);
  std::uint64_t highest = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::uint64_t index = std::min<std::uint64_t>(seen.size() - 1, highest + random.u32() % 200) -
                                std::min<std::uint64_t>(highest, random.u32() % 300);
    const bool expected = !window.started() || index > highest || (highest - index < 128 && !seen[index]);
    ASSERT_EQ(window.may_accept(index), expected) << index << " of " << highest;
    if (!expected) continue;
    window.accept(index);
    seen[index] = true;
    highest = std::max(highest, index);
  }
}

class SrtpTest : public ::testing::TestWithParam<SrtpProfile> {
 protected:
  SeededRandom random{9};
  Bytes key = random.bytes(16);
  Bytes salt = random.bytes(GetParam() == SrtpProfile::kAeadAes128Gcm ? 12 : 14);
  SrtpSender sender = *SrtpSender::create(GetParam(), key, salt);
  SrtpReceiver receiver = *SrtpReceiver::create(GetParam(), key, salt);

  static Bytes rtp(std::uint16_t sequence, std::uint32_t ssrc = 0x11111111) {
    Bytes packet = hex("90e00000 00000001 00000000 bede0001 10310000 70617269 6f6164");
    set(packet, sequence, ssrc);
    return packet;
  }
  static void set(Bytes& packet, std::uint16_t sequence, std::uint32_t ssrc) {
    store_u16(&packet[2], sequence);
    store_u32(&packet[8], ssrc);
  }
  Bytes protect(const Bytes& packet) {
    Bytes buffer = packet;
    buffer.resize(packet.size() + kSrtpMaxOverhead);
    const auto size = sender.protect_rtp(buffer, packet.size());
    EXPECT_TRUE(size) << to_text(size.error());
    buffer.resize(size ? *size : 0);
    return buffer;
  }
  Bytes protect_rtcp(const Bytes& packet) {
    Bytes buffer = packet;
    buffer.resize(packet.size() + kSrtcpMaxOverhead);
    const auto size = sender.protect_rtcp(buffer, packet.size());
    EXPECT_TRUE(size);
    buffer.resize(size ? *size : 0);
    return buffer;
  }
  SrtpError error_of(Bytes packet) {
    const auto result = receiver.unprotect_rtp(packet);
    EXPECT_FALSE(result);
    return result ? SrtpError::kCrypto : result.error();
  }
};

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpTest,
                         ::testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmHmacSha1_80),
                         [](const auto& param_info) {
                           return param_info.param == SrtpProfile::kAeadAes128Gcm ? "AeadAes128Gcm"
                                                                                  : "AesCmHmacSha1";
                         });

TEST_P(SrtpTest, RoundTripHidesThePayloadAndKeepsTheHeader) {
  const Bytes plain = rtp(1);
  Bytes packet = protect(plain);
  EXPECT_TRUE(equal(ByteView(packet).first(20), ByteView(plain).first(20)));
  EXPECT_FALSE(equal(ByteView(packet).subspan(20, 7), ByteView(plain).subspan(20, 7)));
  const auto opened = receiver.unprotect_rtp(packet);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->index, 1u);
  EXPECT_EQ(to_hex(ByteView(packet).first(opened->size)), to_hex(plain));
}

TEST_P(SrtpTest, CountsRollOversAcrossReordering) {
  for (std::uint64_t index = 65'000; index < 65'000 + 200'000; index += 3) {
    // Pairs change places.
    Bytes later = protect(rtp(static_cast<std::uint16_t>(index + 1)));
    Bytes earlier = protect(rtp(static_cast<std::uint16_t>(index)));
    const auto first = receiver.unprotect_rtp(later);
    const auto second = receiver.unprotect_rtp(earlier);
    ASSERT_TRUE(first && second) << index;
    EXPECT_EQ(first->index, index + 1);
    EXPECT_EQ(second->index, index);
  }
}

TEST_P(SrtpTest, AnExplicitIndexSetsTheRollOverCounter) {
  Bytes buffer = rtp(7);
  buffer.resize(buffer.size() + kSrtpMaxOverhead);
  const std::size_t size = buffer.size() - kSrtpMaxOverhead;
  EXPECT_EQ(sender.protect_rtp_at(buffer, size, 8).error(), SrtpError::kMalformed);
  EXPECT_EQ(sender.protect_rtp_at(buffer, size, std::uint64_t{1} << 48 | 7).error(),
            SrtpError::kKeyExhausted);
  ASSERT_TRUE(sender.protect_rtp_at(buffer, size, 0x30007));
  EXPECT_EQ(error_of(buffer), SrtpError::kNotAuthentic);  // a receiver that begins here counts from zero
}

TEST_P(SrtpTest, RefusesReplaysAndWhatIsOlderThanTheWindow) {
  const Bytes first = protect(rtp(100));
  Bytes copy = first;
  ASSERT_TRUE(receiver.unprotect_rtp(copy));
  EXPECT_EQ(error_of(first), SrtpError::kReplay);
  const Bytes old = protect(rtp(101));
  Bytes newest = protect(rtp(101 + kSrtpReplayWindow));
  ASSERT_TRUE(receiver.unprotect_rtp(newest));
  EXPECT_EQ(error_of(old), SrtpError::kReplay);
}

TEST_P(SrtpTest, ASenderNeverUsesAnIndexTwice) {
  protect(rtp(100));
  Bytes buffer = rtp(100);
  buffer.resize(buffer.size() + kSrtpMaxOverhead);
  EXPECT_EQ(sender.protect_rtp(buffer, buffer.size() - kSrtpMaxOverhead).error(), SrtpError::kReplay);
}

TEST_P(SrtpTest, AnyFlippedBitIsRefusedAndCostsNothing) {
  const Bytes good = protect(rtp(5));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes packet = good;
    packet[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(receiver.unprotect_rtp(packet)) << bit;
  }
  Bytes packet = good;
  EXPECT_TRUE(receiver.unprotect_rtp(packet));
}

TEST_P(SrtpTest, ForgedPacketsDoNotFillTheTableOfSsrcs) {
  auto small = *SrtpReceiver::create(GetParam(), key, salt, 2);
  SeededRandom noise(4);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    Bytes forged = rtp(1, i);
    append(forged, noise.bytes(16));
    EXPECT_EQ(small.unprotect_rtp(forged).error(), SrtpError::kNotAuthentic);
  }
  for (std::uint32_t ssrc = 1; ssrc <= 3; ++ssrc) {
    Bytes packet = protect(rtp(1, ssrc));
    const auto result = small.unprotect_rtp(packet);
    EXPECT_EQ(result.has_value(), ssrc <= 2);
    if (!result) {
      EXPECT_EQ(result.error(), SrtpError::kTooManySsrcs);
    }
  }
}

TEST_P(SrtpTest, RefusesMalformedPacketsAndMissingRoom) {
  EXPECT_EQ(error_of({}), SrtpError::kMalformed);
  EXPECT_EQ(error_of(hex("80600001 00000001 00000002")), SrtpError::kMalformed);
  Bytes no_version(64);
  EXPECT_EQ(error_of(no_version), SrtpError::kMalformed);
  Bytes long_extension = hex("90600001 00000001 00000002 bedeffff");
  long_extension.resize(100);
  EXPECT_EQ(error_of(long_extension), SrtpError::kMalformed);
  Bytes tight = rtp(1);
  EXPECT_EQ(sender.protect_rtp(tight, tight.size()).error(), SrtpError::kNoRoom);
  Bytes rtcp = hex("80c90001 00000001");
  EXPECT_EQ(sender.protect_rtcp(rtcp, rtcp.size()).error(), SrtpError::kNoRoom);
  EXPECT_EQ(receiver.unprotect_rtcp(rtcp).error(), SrtpError::kMalformed);
}

TEST_P(SrtpTest, RtcpRoundTripRefusesReplayForgeryAndPlainPackets) {
  const Bytes plain = hex("80c80006 00000001 00000002 00000003 00000004 00000005 00000006");
  const Bytes first = protect_rtcp(plain);
  Bytes packet = first;
  const auto size = receiver.unprotect_rtcp(packet);
  ASSERT_TRUE(size);
  EXPECT_EQ(to_hex(ByteView(packet).first(*size)), to_hex(plain));
  packet = first;
  EXPECT_EQ(receiver.unprotect_rtcp(packet).error(), SrtpError::kReplay);
  const Bytes second = protect_rtcp(plain);
  for (std::size_t bit = 0; bit < second.size() * 8; ++bit) {
    packet = second;
    packet[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(receiver.unprotect_rtcp(packet)) << bit;
  }
  packet = second;
  EXPECT_TRUE(receiver.unprotect_rtcp(packet));
  EXPECT_FALSE(receiver.unprotect_rtcp(MutableByteView(packet).first(11)));
}

TEST_P(SrtpTest, CreateRefusesWrongLengths) {
  EXPECT_EQ(SrtpReceiver::create(GetParam(), ByteView(key).first(15), salt).error(), SrtpError::kBadKey);
  EXPECT_EQ(SrtpSender::create(GetParam(), key, ByteView(salt).first(11)).error(), SrtpError::kBadKey);
}

}  // namespace
}  // namespace parlour::rtc

// Our SRTP against libsrtp2, which is linked by this test only: both profiles, both directions, RTP and RTCP.
#include <gtest/gtest.h>
#include <srtp2/srtp.h>

#include <memory>

#include "rtc/srtp.h"
#include "test_bytes.h"

namespace parlour::rtc {
namespace {

struct SrtpCloser {
  void operator()(srtp_t session) const { srtp_dealloc(session); }
};
using OtherSide = std::unique_ptr<std::remove_pointer_t<srtp_t>, SrtpCloser>;

OtherSide make_other(SrtpProfile profile, ByteView key, ByteView salt, srtp_ssrc_type_t direction) {
  static const bool initialised = srtp_init() == srtp_err_status_ok;
  EXPECT_TRUE(initialised);
  srtp_policy_t policy{};
  const auto suite =
      profile == SrtpProfile::kAeadAes128Gcm ? srtp_profile_aead_aes_128_gcm : srtp_profile_aes128_cm_sha1_80;
  srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, suite);
  srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, suite);
  Bytes material = to_bytes(key);
  append(material, salt);
  policy.key = material.data();
  policy.ssrc.type = direction;
  policy.window_size = 1024;
  srtp_t session = nullptr;
  EXPECT_EQ(srtp_create(&session, &policy), srtp_err_status_ok);
  return OtherSide(session);
}

class SrtpInterop : public ::testing::TestWithParam<SrtpProfile> {
 protected:
  SeededRandom random{17};
  Bytes key = random.bytes(16);
  Bytes salt = random.bytes(GetParam() == SrtpProfile::kAeadAes128Gcm ? 12 : 14);

  // One or two SSRCs, with and without extensions and CSRCs, sizes from empty to a full datagram.
  Bytes rtp(std::uint16_t sequence) {
    static const char* const kHeads[] = {"80e00000 00000001 00000001",
                                         "90600000 00000001 00000002 bede0001 10310000",
                                         "92600000 00000001 00000001 00000007 00000008 bede0001 10310000"};
    Bytes packet = hex(kHeads[random.u32() % 3]);
    append(packet, random.bytes(random.u32() % 4 == 0 ? random.u32() % 3 : random.u32() % 1200));
    store_u16(&packet[2], sequence);
    return packet;
  }
  Bytes rtcp() {
    Bytes packet = hex("80c80000 00000001");
    append(packet, random.bytes(4 * (random.u32() % 50)));
    store_u16(&packet[2], static_cast<std::uint16_t>(packet.size() / 4 - 1));
    return packet;
  }
};

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpInterop,
                         ::testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmHmacSha1_80),
                         [](const auto& param_info) {
                           return param_info.param == SrtpProfile::kAeadAes128Gcm ? "AeadAes128Gcm"
                                                                                  : "AesCmHmacSha1";
                         });

TEST_P(SrtpInterop, TheOtherSideReadsOurRtpThroughRollOvers) {
  auto sender = *SrtpSender::create(GetParam(), key, salt);
  const auto other = make_other(GetParam(), key, salt, ssrc_any_inbound);
  for (std::uint32_t i = 0; i < 140'000; i += 1 + i % 40) {
    const Bytes plain = rtp(static_cast<std::uint16_t>(30'000 + i));
    Bytes packet = plain;
    packet.resize(plain.size() + kSrtpMaxOverhead);
    const auto size = sender.protect_rtp(packet, plain.size());
    ASSERT_TRUE(size);
    int length = static_cast<int>(*size);
    ASSERT_EQ(srtp_unprotect(other.get(), packet.data(), &length), srtp_err_status_ok) << i;
    packet.resize(static_cast<std::size_t>(length));
    ASSERT_EQ(packet, plain);
  }
}

TEST_P(SrtpInterop, WeReadTheOtherSidesRtpThroughRollOvers) {
  auto receiver = *SrtpReceiver::create(GetParam(), key, salt);
  const auto other = make_other(GetParam(), key, salt, ssrc_any_outbound);
  for (std::uint32_t i = 0; i < 140'000; i += 1 + i % 40) {
    const Bytes plain = rtp(static_cast<std::uint16_t>(30'000 + i));
    Bytes packet = plain;
    packet.resize(plain.size() + SRTP_MAX_TRAILER_LEN);
    int length = static_cast<int>(plain.size());
    ASSERT_EQ(srtp_protect(other.get(), packet.data(), &length), srtp_err_status_ok);
    const auto opened =
        receiver.unprotect_rtp(MutableByteView(packet).first(static_cast<std::size_t>(length)));
    ASSERT_TRUE(opened) << i << " " << to_text(opened.error());
    packet.resize(opened->size);
    ASSERT_EQ(packet, plain);
    EXPECT_EQ(opened->index, 30'000 + i);
  }
}

TEST_P(SrtpInterop, TheOtherSideReadsOurRtcp) {
  auto sender = *SrtpSender::create(GetParam(), key, salt);
  const auto other = make_other(GetParam(), key, salt, ssrc_any_inbound);
  for (int i = 0; i < 500; ++i) {
    const Bytes plain = rtcp();
    Bytes packet = plain;
    packet.resize(plain.size() + kSrtcpMaxOverhead);
    const auto size = sender.protect_rtcp(packet, plain.size());
    ASSERT_TRUE(size);
    int length = static_cast<int>(*size);
    ASSERT_EQ(srtp_unprotect_rtcp(other.get(), packet.data(), &length), srtp_err_status_ok) << i;
    packet.resize(static_cast<std::size_t>(length));
    ASSERT_EQ(packet, plain);
  }
}

TEST_P(SrtpInterop, WeReadTheOtherSidesRtcp) {
  auto receiver = *SrtpReceiver::create(GetParam(), key, salt);
  const auto other = make_other(GetParam(), key, salt, ssrc_any_outbound);
  for (int i = 0; i < 500; ++i) {
    const Bytes plain = rtcp();
    Bytes packet = plain;
    packet.resize(plain.size() + SRTP_MAX_TRAILER_LEN + 4);
    int length = static_cast<int>(plain.size());
    ASSERT_EQ(srtp_protect_rtcp(other.get(), packet.data(), &length), srtp_err_status_ok);
    const auto size =
        receiver.unprotect_rtcp(MutableByteView(packet).first(static_cast<std::size_t>(length)));
    ASSERT_TRUE(size) << i << " " << to_text(size.error());
    packet.resize(*size);
    ASSERT_EQ(packet, plain);
  }
}

}  // namespace
}  // namespace parlour::rtc

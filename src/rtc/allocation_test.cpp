// The packet path takes no memory once its streams are known. An executable of its own: it replaces the
// global allocator to count.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "rtc/header_extensions.h"
#include "rtc/ice_lite.h"
#include "rtc/nack_generator.h"
#include "rtc/packet_history.h"
#include "rtc/reception_stats.h"
#include "rtc/retransmission_limiter.h"
#include "rtc/rtx.h"
#include "rtc/srtp.h"
#include "rtc/transport_cc_feedback.h"
#include "rtc/vp8_descriptor.h"
#include "test_bytes.h"

namespace {
std::size_t allocations = 0;
}  // namespace

// noinline: inlined, GCC takes the pair for a mismatch.
__attribute__((noinline)) void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept {
  std::free(memory);
}
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace parlour::rtc {
namespace {

class PacketPath : public ::testing::TestWithParam<SrtpProfile> {};

INSTANTIATE_TEST_SUITE_P(Profiles, PacketPath,
                         ::testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmHmacSha1_80));

TEST_P(PacketPath, TakesNoMemoryPerPacket) {
  SeededRandom random(1);
  const Bytes key = random.bytes(16);
  const Bytes salt = random.bytes(GetParam() == SrtpProfile::kAeadAes128Gcm ? 12 : 14);
  auto browser = *SrtpSender::create(GetParam(), key, salt);
  auto uplink = *SrtpReceiver::create(GetParam(), key, salt);
  auto downlink = *SrtpSender::create(GetParam(), key, salt);
  PacketHistory history({1s, 64 * 1024, 64});
  NackGenerator nack;
  ReceptionStats stats(1, 90'000);
  TransportCcFeedback feedback;
  RetransmissionLimiter limiter;
  RtxStream rtx{9, 97, 1};

  Bytes packet(1500), rtx_packet(1500);
  const Bytes head = hex("90600000 00000001 00000001 bede0001 31000000 90808001");
  const auto run_one = [&](std::uint16_t sequence, SteadyTime now) {
    std::size_t size = 1100;
    std::copy(head.begin(), head.end(), packet.begin());
    set_sequence(packet, sequence);
    store_u16(&packet[17], sequence);
    size = *browser.protect_rtp(packet, size);

    const auto opened = uplink.unprotect_rtp(MutableByteView(packet).first(size));
    if (!opened) return false;
    const MutableByteView plain = MutableByteView(packet).first(opened->size);
    const auto header = parse_rtp(plain);
    if (!header || !parse_vp8_descriptor(header->payload(plain))) return false;
    const auto number = read_transport_cc(header->extension(plain, kTransportCcExtensionId));
    if (!number) return false;
    feedback.on_packet(*number, now);
    stats.on_packet(opened->index, header->timestamp, now);
    nack.on_packet(opened->index, now);
    nack.take_due(50ms, now);
    history.store(opened->index, plain, now);

    if (limiter.allow(opened->index, 50ms, now)) {
      const ByteView kept = history.find(opened->index, now);
      const std::size_t wrapped = wrap_rtx(rtx_packet, kept, *header, rtx);
      if (wrapped == 0 || !downlink.protect_rtp(rtx_packet, wrapped)) return false;
    }
    set_ssrc(plain, 7);
    return downlink.protect_rtp(packet, opened->size).has_value();
  };

  std::uint16_t sequence = 0;
  SteadyTime now = at_ms(0);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(run_one(++sequence, now = now + 1ms));
  const std::size_t before = allocations;
  bool all_good = true;
  for (int i = 0; i < 5000; ++i) {
    if (i % 10 == 0) ++sequence;  // a lost packet
    all_good = run_one(++sequence, now = now + 1ms) && all_good;
  }
  EXPECT_TRUE(all_good);
  EXPECT_EQ(allocations - before, 0u);
}

}  // namespace
}  // namespace parlour::rtc

// Datagrams into a shard with connected endpoints. The input is a script: each step is a source address, a
// kind and a length, then bytes; authentic packets are made from the bytes with the client's own keys, so the
// parsers behind SRTP are reached as well.
#include <cstdlib>
#include <memory>
#include <optional>

#include "crypto/certificate.h"
#include "crypto/dtls.h"
#include "media/shard.h"
#include "rtc/srtp.h"
#include "rtc/stun.h"

namespace {

using namespace parlour;

struct NullSink final : media::Sink {
  void on_stream_added(const media::StreamInfo&, SteadyTime) override {}
  void on_stream_removed(std::uint32_t, SteadyTime) override {}
  void on_packet(std::uint32_t, std::uint64_t, SteadyTime, ByteView header, ByteView payload) override {
    if (header.size() < 12 || payload.empty()) std::abort();
  }
  void on_sender_report(std::uint32_t, std::uint32_t, std::uint64_t, SteadyTime) override {}
};

const crypto::Certificate& certificate() {
  static const crypto::Certificate made =
      std::move(*crypto::Certificate::make_self_signed("fuzz", {}, {1'700'000'000'000'000}, 24h * 3650));
  return made;
}

const rtc::Address kClient = rtc::Address::v4({198, 51, 100, 1}, 5000);
const rtc::Address kListener = rtc::Address::v4({198, 51, 100, 2}, 5000);
const rtc::Address kStranger = rtc::Address::v4({203, 0, 113, 1}, 5000);

// The expensive part, the handshakes, is done once; the shard lives on between inputs.
struct Stage {
  SteadyTime now{1'000'000'000};
  SeededRandom random{1};
  NullSink sink;
  media::Shard shard{{&certificate(), &random, {}}};
  std::optional<rtc::SrtpSender> client;
  std::optional<rtc::SrtpSender> listener;
  rtc::IceCredentials ice;

  std::optional<rtc::SrtpSender> connect(media::EndpointId id, const rtc::Address& from,
                                         const rtc::IceCredentials& to) {
    // Several, as a browser sends them: an address that has said little is not sent a whole flight.
    for (int i = 0; i < 8; ++i) {
      rtc::StunBuilder check(rtc::StunClass::kRequest, rtc::kStunBinding, random.array<12>());
      check.username(to.ufrag + ":peer").priority(1).ice_controlling(1).use_candidate();
      Bytes request = check.finish(as_bytes(to.pwd));
      shard.handle(from, request, now);
    }
    shard.output().clear();
    crypto::Dtls::Config config{crypto::DtlsRole::kClient, &certificate(), certificate().fingerprint()};
    auto dtls = crypto::Dtls::create(config, now);
    for (int round = 0; round < 20 && dtls->state() == crypto::DtlsState::kHandshaking; ++round) {
      for (Bytes& datagram : dtls->take_outgoing()) shard.handle(from, datagram, now);
      for (const auto& packet : shard.output().packets()) dtls->handle(shard.output().bytes(packet), now);
      shard.output().clear();
    }
    for (Bytes& datagram : dtls->take_outgoing()) shard.handle(from, datagram, now);
    shard.output().clear();
    auto keys = dtls->take_srtp_keys();
    if (!keys) std::abort();
    static_cast<void>(id);
    return std::move(
        *rtc::SrtpSender::create(keys->profile, keys->local_key.view(), keys->local_salt.view()));
  }

  Stage() {
    static_cast<void>(shard.add_room({1}, {}).has_value());
    media::PlainConfig config;
    config.fingerprint = certificate().fingerprint();
    config.uplinks = {{media::Slot::kMicrophone, media::Codec::kOpus, 100, 111},
                      {media::Slot::kCamera, media::Codec::kVp8, 101, 96}};
    ice = *shard.add_plain_endpoint({1}, {1}, config, now);
    config.uplinks.clear();
    config.feeds = {{1}};
    const auto listening = *shard.add_plain_endpoint({2}, {1}, config, now);
    static_cast<void>(shard.set_guard({1}, {true, 1, 1}).has_value());
    static_cast<void>(shard.set_route({1}, {2}, true).has_value());
    static_cast<void>(shard.attach_sink({1}, &sink, now).has_value());
    static_cast<void>(shard.set_sink_allowed({1}, true, now).has_value());
    client = connect({1}, kClient, ice);
    listener = connect({2}, kListener, listening);
  }
  ~Stage() { shard.detach_sink({1}, now); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<Stage> stage;
  static int inputs = 0;
  if (!stage || ++inputs % 4096 == 0) stage = std::make_unique<Stage>();
  media::Shard& shard = stage->shard;
  Reader reader({data, size});
  while (reader.remaining() > 3) {
    const std::uint8_t kind = reader.u8();
    const std::uint16_t wanted = reader.u16();
    Bytes packet = to_bytes(reader.take(std::min<std::size_t>(wanted % 1400, reader.remaining())));
    const rtc::Address& from = kind & 0x40 ? kStranger : kind & 0x20 ? kListener : kClient;
    auto& keys = kind & 0x20 ? stage->listener : stage->client;
    const std::size_t plain = packet.size();
    switch (kind % 4) {
      case 1:  // authentic RTP, on one of the streams that exist
        if (plain < 12) break;
        packet[0] = static_cast<std::uint8_t>(0x80 | (packet[0] & 0x3F));
        packet[1] = static_cast<std::uint8_t>((packet[1] & 0x80) | (kind & 0x10 ? 96 : 111));
        store_u32(&packet[8], kind & 0x10 ? 101 : 100);
        packet.resize(plain + rtc::kSrtpMaxOverhead);
        if (auto sealed = keys->protect_rtp(packet, plain)) {
          packet.resize(*sealed);
        }
        break;
      case 2:  // authentic RTCP
        if (plain < 8) break;
        packet[0] = static_cast<std::uint8_t>(0x80 | (packet[0] & 0x3F));
        packet[1] = static_cast<std::uint8_t>(200 + packet[1] % 8);
        packet.resize(plain + rtc::kSrtcpMaxOverhead);
        if (auto sealed = keys->protect_rtcp(packet, plain)) {
          packet.resize(*sealed);
        }
        break;
      default:
        break;
    }
    shard.handle(from, packet, stage->now);
    stage->now = stage->now + Duration(1'000 * (kind >> 4));
    if (const auto due = shard.next_deadline(); due && *due <= stage->now) shard.on_deadline(stage->now);
    shard.output().clear();
    static_cast<void>(shard.take_facts());
  }
  return 0;
}

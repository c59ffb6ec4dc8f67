// One endpoint: its connection, the streams that it sends and receives, its negotiation and its timers. One
// thread.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "context.h"
#include "downlink_stream.h"
#include "negotiation.h"
#include "room.h"
#include "rtc/rtcp.h"
#include "rtc/transport_cc_feedback.h"
#include "stream_guard.h"
#include "transport.h"
#include "uplink_stream.h"

namespace parlour::media {

class Peer {
 public:
  Peer(Context& context, Room& room, EndpointId id, bool sends, SteadyTime now);
  // Without SDP.
  Peer(Context& context, Room& room, EndpointId id, const PlainConfig& config, SteadyTime now);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  EndpointId id() const { return id_; }
  Room& room() { return room_; }
  Transport& transport() { return transport_; }
  SenderGuard& guard() { return guard_; }
  SenderGate& gate() { return gate_; }

  // Before the peer is destroyed: receivers and sink let go of its streams.
  void leave(SteadyTime now);

  // Null when it does not send.
  UplinkStream* uplink(Slot slot) { return uplinks_[static_cast<std::size_t>(slot)].get(); }
  template <class F>
  void for_each_uplink(F&& f) {
    for (auto& stream : uplinks_) {
      if (stream) f(*stream);
    }
  }
  // Asks for key frames of all video streams (the sink has come).
  void want_key_frames(SteadyTime now);

  // Downlinks of all streams of `sender`, once. kTooManyLines leaves the ones that had room.
  Result<void, CommandError> add_downlinks_from(Peer& sender);
  void set_downlinks_allowed(EndpointId sender, bool allowed);
  void remove_downlinks_from(EndpointId sender);

  Result<Offer, CommandError> make_offer();
  Result<Offer, CommandError> restart_ice();
  Result<void, AnswerError> accept_answer(std::uint32_t generation, std::string_view sdp, SteadyTime now);

  void on_stun(const rtc::StunMessage& message, const rtc::Address& from, SteadyTime now);
  void on_dtls(const rtc::Address& from, ByteView datagram, SteadyTime now);
  void on_rtp(const rtc::Address& from, MutableByteView datagram, SteadyTime now);
  void on_rtcp(const rtc::Address& from, MutableByteView datagram, SteadyTime now);

  void on_deadline(SteadyTime now);
  // A moment that is never later than the first thing to do; kept, not computed.
  SteadyTime deadline() const { return deadline_; }

 private:
  UplinkStream* find_uplink(const rtc::RtpHeader& header, ByteView packet, bool& repair, SteadyTime now);
  DownlinkStream* find_downlink(std::uint32_t ssrc);
  std::uint32_t unused_ssrc();
  void take_packet(UplinkStream& stream, const MediaPacket& packet);
  void pass(UplinkStream& stream, const MediaPacket& packet);
  void release_held(UplinkStream& stream, const MediaPacket& start);
  void flush_key_frame_request(UplinkStream& stream, SteadyTime now);

  void take(const rtc::SenderReport& report, SteadyTime now);
  void take(const rtc::Nack& nack, SteadyTime now);
  void take_blocks(const std::vector<rtc::ReportBlock>& blocks, SteadyTime now);
  void want_key_frame(std::uint32_t downlink_ssrc, SteadyTime now);
  Peer* member(EndpointId id);

  void send_feedback(SteadyTime now);
  void send_reports(SteadyTime now);
  void tell_quality();
  void note_heard(SteadyTime now);
  void notice_stalls(SteadyTime now);
  void begin_compound();
  void arm(SteadyTime at);
  void rearm(SteadyTime now);

  Context& context_;
  Room& room_;
  EndpointId id_;
  bool plain_ = false;
  Transport transport_;
  Negotiation negotiation_;
  SenderGuard guard_;
  SenderGate gate_;
  std::array<std::unique_ptr<UplinkStream>, 3> uplinks_;
  std::vector<std::unique_ptr<DownlinkStream>> downlinks_;
  std::optional<rtc::TransportCcFeedback> transport_cc_;
  std::uint32_t rtcp_ssrc_ = 0;
  std::string remote_ufrag_;
  bool restarting_ = false;
  std::optional<Duration> round_trip_;
  SteadyTime reports_due_;
  std::optional<SteadyTime> heard_at_;  // of the newest authentic datagram
  bool silent_ = false;
  bool quality_turn_ = false;
  SteadyTime deadline_;
  Bytes scratch_;  // the compound that is being made
};

}  // namespace parlour::media

// A simulated browser: controlling ICE, DTLS client, SRTP, one audio and up to two video senders whose frames
// carry shim and SFrame header as e2ee.md says (the rest is a frame number and filling), retransmission both
// ways.
//
// Sans-I/O on virtual time: after each call drain take_outgoing().
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "answer.h"
#include "base/random.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/dtls.h"
#include "media/endpoint.h"
#include "network.h"
#include "rtc/nack_generator.h"
#include "rtc/packet_history.h"
#include "rtc/rtcp.h"
#include "rtc/rtp.h"
#include "rtc/rtx.h"
#include "rtc/srtp.h"
#include "rtc/testing/ice_controlling.h"

namespace parlour::simulation {

// What arrived of one downlink m-line.
struct ReceivedStream {
  std::string mid;
  bool video = false;
  std::uint32_t ssrc = 0;
  std::uint32_t rtx_ssrc = 0;
  std::uint64_t packets = 0;
  std::uint64_t repaired = 0;  // came by RTX
  std::uint64_t asked = 0;     // sequence numbers in NACKs
  std::uint64_t plis = 0;
  std::set<std::uint32_t> complete;  // frame numbers
  std::uint64_t first_sequence = 0;  // the lowest, whenever it came
  std::optional<std::uint32_t> first_frame;
  bool first_was_key = false;
  SteadyTime last_arrival;
  Duration longest_gap{};  // between packets
  std::uint64_t sender_reports = 0;
  std::uint64_t plaintext = 0;  // packets that begin like nothing encrypted

  // Of receiving.
  rtc::SequenceUnwrapper unwrapper;
  rtc::NackGenerator nack;
  std::set<std::uint64_t> seen;
  std::map<std::uint32_t, std::set<std::uint16_t>> parts;  // by frame number
  std::optional<SteadyTime> last_pli;
};

class Browser {
 public:
  struct Config {
    std::uint8_t index = 0;
    std::uint16_t epoch = 1;
    bool camera = true;
    bool screen = false;
    bool announce_ssrcs = true;
    bool repairs = true;  // answers NACKs
    std::size_t frame_packets = 3;
    bool guarded = true;  // the world sets the guard when the browser joins
  };
  // What is captured at a moment, sealed as a browser does; nothing: the microphone or camera gives none.
  // Then the clocks of a real browser count: RTP time of sound goes on with each frame that was captured,
  // that of pictures is the time of their capture, and reports tell the last packet's RTP time and what
  // passed since.
  using Source = std::function<std::optional<Bytes>(media::Slot slot, SteadyTime now)>;
  Browser(const crypto::Certificate& certificate, const rtc::Address& address, std::uint64_t seed,
          const Config& config, SteadyTime now);

  // Takes an offer and gives the answer.
  std::string answer(std::string_view sdp, SteadyTime now);

  void handle(ByteView datagram, SteadyTime now);
  void on_deadline(SteadyTime now);
  SteadyTime next_deadline() const;
  std::vector<Datagram> take_outgoing();

  void start_media(SteadyTime now);
  void stop_media() { media_on_ = false; }
  void set_source(Source source) { source_ = std::move(source); }
  // Everything of it stands still until then: nothing is sent, taken or captured. `clock_too`: its own clock
  // does not move either (a computer that sleeps); otherwise it is the browser alone that was stopped.
  void sleep_until(SteadyTime until, bool clock_too, SteadyTime now);
  // Its clock of the day is corrected.
  void correct_clock(Duration by) { corrected_ += by; }
  // SSRC and RTP sequence number of the packet that was made last in a slot.
  std::pair<std::uint32_t, std::uint16_t> last_packet(media::Slot slot) const {
    const Sender& sender = senders_[static_cast<std::size_t>(slot)];
    return {sender.ssrc, static_cast<std::uint16_t>(sender.sequence - 1)};
  }
  void set_epoch(std::uint16_t epoch) { config_.epoch = epoch; }
  // What a broken client does: frames without shim and header, in one slot.
  void set_plaintext(media::Slot slot) { plaintext_slot_ = slot; }
  void move_to(const rtc::Address& address, SteadyTime now);
  // Goes on under another SSRC, as an altered client may with each packet.
  void change_ssrc(media::Slot slot, std::uint32_t ssrc) {
    senders_[static_cast<std::size_t>(slot)].ssrc = ssrc;
  }
  std::uint32_t ssrc(media::Slot slot) const { return senders_[static_cast<std::size_t>(slot)].ssrc; }
  // A sender report of its streams, out of turn.
  void report(SteadyTime now) { send_reports(now); }
  // Sends from another address without having proven it.
  void send_media_from(const rtc::Address& address) { media_address_ = address; }
  void ask_for_key_frame(const std::string& mid, SteadyTime now);
  void close(SteadyTime now);

  bool connected() const { return sender_.has_value(); }
  const rtc::Address& address() const { return ice_ ? ice_->local_address() : address_; }
  const std::map<std::string, ReceivedStream>& received() const { return received_; }
  ReceivedStream& stream(const std::string& mid) { return received_[mid]; }
  std::uint32_t frames_sent(media::Slot slot) const { return senders_[static_cast<std::size_t>(slot)].frame; }
  std::uint64_t key_frame_requests() const { return key_frame_requests_; }
  std::uint64_t nacks_answered() const { return nacks_answered_; }
  std::uint64_t feedback_received() const { return feedback_received_; }
  std::uint64_t undecryptable() const { return undecryptable_; }
  const rtc::IceCredentials& server_ice() const { return offer_.ice; }
  // The next RTP packet of a slot, protected, without sending it.
  Bytes make_packet(media::Slot slot, SteadyTime now);
  // The same for a packet without payload, as browsers send to probe.
  Bytes make_probe(media::Slot slot);

 private:
  struct Sender {
    bool active = false;
    bool video = false;
    std::uint32_t ssrc = 0;
    rtc::RtxStream rtx;
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t frame = 0;    // frames sent
    std::uint64_t counter = 0;  // SFrame
    bool want_key = true;
    std::uint32_t packets = 0;
    std::uint32_t octets = 0;
    SteadyTime due;
    SteadyTime captured;               // when the last frame was
    std::uint32_t last_timestamp = 0;  // of the same
    std::uint16_t picture = 0;
    rtc::PacketHistory history;
  };

  void send(Bytes datagram);
  void drain_ice();
  void drain_dtls();
  void send_frame(Sender& sender, media::Slot slot, SteadyTime now);
  std::vector<Bytes> make_frame(Sender& sender, media::Slot slot, SteadyTime now);
  std::vector<Bytes> packets_of(Sender& sender, ByteView sealed, media::Slot slot, SteadyTime now);
  Bytes packet(Sender& sender, media::Slot slot, bool marker, ByteView payload, SteadyTime now);
  // The device's own monotonic clock.
  SteadyTime device_time(SteadyTime now) const { return now - slept_; }
  Bytes protect(ByteView packet);
  void on_rtp(MutableByteView datagram, SteadyTime now);
  void on_rtcp(MutableByteView datagram, SteadyTime now);
  void take_media(ReceivedStream& stream, ByteView packet, const rtc::RtpHeader& header, bool repaired,
                  SteadyTime now);
  void send_rtcp(Bytes compound);
  void send_reports(SteadyTime now);
  void send_nacks(SteadyTime now);

  const crypto::Certificate& certificate_;
  rtc::Address address_;
  std::optional<rtc::Address> media_address_;
  SeededRandom random_;
  Config config_;
  rtc::IceCredentials ice_local_;
  ReadOffer offer_;
  std::optional<rtc::testing::IceControlling> ice_;
  std::optional<crypto::Dtls> dtls_;
  std::optional<rtc::SrtpSender> sender_;
  std::optional<rtc::SrtpReceiver> receiver_;
  std::array<Sender, 3> senders_;
  std::map<std::string, ReceivedStream> received_;
  std::uint16_t transport_sequence_ = 0;
  bool media_on_ = false;
  std::optional<media::Slot> plaintext_slot_;
  Source source_;
  std::optional<SteadyTime> asleep_until_;
  Duration slept_{0}, corrected_{0};
  SteadyTime reports_due_;
  SteadyTime nacks_due_;
  std::uint64_t key_frame_requests_ = 0;
  std::uint64_t nacks_answered_ = 0;
  std::uint64_t feedback_received_ = 0;
  std::uint64_t undecryptable_ = 0;
  std::vector<Datagram> outgoing_;
};

}  // namespace parlour::simulation

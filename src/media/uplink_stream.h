// One stream that an endpoint sends us: its numbers, what is missing, what was kept for retransmission, its
// guard, and who receives it. One thread; memory bounded by its parts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "key_frame_requests.h"
#include "media/endpoint.h"
#include "packet_budget.h"
#include "rtc/nack_generator.h"
#include "rtc/packet_history.h"
#include "rtc/reception_stats.h"
#include "rtc/rtp.h"
#include "sequence_window.h"
#include "source_changes.h"
#include "stream_guard.h"

namespace parlour::media {

class DownlinkStream;

// A packet on its way through the server: plain RTP as the sender made it, without padding.
struct MediaPacket {
  ByteView bytes;              // header and payload
  rtc::RtpHeader header;       // of `bytes`
  std::uint64_t sequence = 0;  // extended
  FrameMark frame;
  SteadyTime arrival;

  ByteView payload() const { return header.payload(bytes); }
};

// The sender's clock, by its last sender report (RFC 3550 6.4.1).
struct SenderClock {
  std::uint32_t rtp_time = 0;
  std::uint64_t ntp = 0;
  SteadyTime arrival;
};

class UplinkStream {
 public:
  UplinkStream(EndpointId endpoint, Slot slot, Codec codec);

  EndpointId endpoint() const { return endpoint_; }
  Slot slot() const { return slot_; }
  Codec codec() const { return codec_; }
  bool is_video() const { return codec_ == Codec::kVp8; }
  std::uint32_t clock_rate() const { return is_video() ? 90'000 : 48'000; }

  // What the answer says; 0: not known. A new SSRC is a new source: all counting begins again, the guard's
  // verdict stays.
  struct Source {
    std::uint32_t ssrc = 0;
    std::uint32_t rtx_ssrc = 0;
    std::uint8_t payload_type = 0;
    std::uint8_t rtx_payload_type = 0;  // 0: none
    bool nack = false;                  // retransmission was negotiated
  };
  void set_source(const Source& source);
  // Whether this SSRC would begin a new source although there is one. The caller asks source_changes() first.
  bool is_change(std::uint32_t ssrc) const { return source_.ssrc != 0 && ssrc != 0 && ssrc != source_.ssrc; }
  SourceChanges& source_changes() { return source_changes_; }
  // False: learnt from mid and payload type, and too often another one.
  bool bind_ssrc(std::uint32_t ssrc, SteadyTime now);
  void bind_rtx_ssrc(std::uint32_t ssrc) { source_.rtx_ssrc = ssrc; }
  void disable() { enabled_ = false; }  // the sender has closed the m-line
  bool enabled() const { return enabled_; }
  const Source& source() const { return source_; }
  // Counts the sources that this stream has had, so that receivers notice a new one.
  std::uint32_t source_number() const { return source_number_; }

  // Takes note of a packet on the stream's own SSRC, or of one recovered by RTX. nullopt: it was here before.
  std::optional<std::uint64_t> note_arrival(const rtc::RtpHeader& header, bool recovered, SteadyTime now);
  void note_key_frame(std::uint64_t sequence, bool recorded);
  void store(std::uint64_t sequence, ByteView packet, SteadyTime now) {
    history_.store(sequence, packet, now);
  }
  ByteView stored(std::uint64_t sequence, SteadyTime now) const { return history_.find(sequence, now); }

  // Continuation packets that came before the start of their frame. False: an older one had to go for it.
  bool hold(std::uint64_t sequence, std::uint32_t timestamp);
  // The held packets of a frame, ascending; they are no longer held.
  std::vector<std::uint64_t> release(std::uint32_t timestamp);

  void set_sender_clock(const SenderClock& clock);
  // Browsers report once a second; each report is a line of the sealed log and a point that the vault fits.
  bool may_record_report(SteadyTime now) { return report_budget_.take(now); }
  const std::optional<SenderClock>& sender_clock() const { return sender_clock_; }

  StreamGuard& guard() { return guard_; }
  KeyFrameRequests& key_frames() { return key_frames_; }
  rtc::NackGenerator* nack() { return nack_ ? &*nack_ : nullptr; }
  rtc::ReceptionStats& stats() { return stats_; }

  std::vector<DownlinkStream*>& receivers() { return receivers_; }
  // How many receivers may ask for packets again; while there is none, nothing is kept for them.
  std::size_t repaired_receivers = 0;

  // Started: a packet passed the guard. The caller turns changes into facts.
  bool started = false;
  bool stalled = false;
  // The gate has kept a packet back: the next one that passes needs a key frame behind it.
  bool interrupted = false;
  SteadyTime last_packet;
  // The stream's name for the sink, while it has been told of it.
  std::optional<std::uint32_t> sink_stream;
  // Totals at the last quality report.
  std::uint64_t quality_received = 0;
  std::int64_t quality_lost = 0;

 private:
  void begin_source();

  struct Held {
    std::uint64_t sequence = 0;  // 0: empty; extended numbers begin at 65,536
    std::uint32_t timestamp = 0;
  };
  static constexpr std::size_t kHeldMax = 64;  // a key frame of 70 kB whose first packet is late

  EndpointId endpoint_;
  Slot slot_;
  Codec codec_;
  Source source_;
  bool enabled_ = false;
  std::uint32_t source_number_ = 0;
  SourceChanges source_changes_;
  PacketBudget report_budget_{4, 8};
  rtc::SequenceUnwrapper unwrapper_;
  SequenceWindow received_;
  rtc::ReceptionStats stats_;
  std::optional<rtc::NackGenerator> nack_;
  rtc::PacketHistory history_;
  std::vector<Held> held_;
  std::size_t held_next_ = 0;
  std::size_t held_count_ = 0;
  StreamGuard guard_;
  KeyFrameRequests key_frames_;
  std::optional<SenderClock> sender_clock_;
  std::vector<DownlinkStream*> receivers_;
};

}  // namespace parlour::media

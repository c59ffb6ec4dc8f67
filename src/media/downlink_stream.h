// One stream of a sender on its way to one receiver: numbers, header and SSRC of its own, begun at a key
// frame, repeated from the sender's history when the receiver asks. One thread; fixed memory.
//
// Sequence numbers keep the gaps of the uplink while the stream is open, so that the receiver asks for what
// is missing; a stretch in which nothing may pass (route, lease, epoch) leaves no gap: out = in − base_in +
// base_out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "context.h"
#include "media/endpoint.h"
#include "rtc/retransmission_limiter.h"
#include "rtc/rtcp.h"
#include "rtc/rtx.h"
#include "sequence_window.h"
#include "transport.h"
#include "uplink_stream.h"

namespace parlour::media {

class DownlinkStream {
 public:
  DownlinkStream(Context& context, Transport& transport, EndpointId receiver, UplinkStream& uplink,
                 std::uint32_t ssrc, std::uint32_t rtx_ssrc);
  ~DownlinkStream();
  DownlinkStream(const DownlinkStream&) = delete;
  DownlinkStream& operator=(const DownlinkStream&) = delete;

  EndpointId sender() const { return uplink_.endpoint(); }
  Slot slot() const { return uplink_.slot(); }
  bool is_video() const { return uplink_.is_video(); }
  std::uint32_t ssrc() const { return ssrc_; }
  std::uint32_t rtx_ssrc() const { return rtx_.ssrc; }
  UplinkStream& uplink() { return uplink_; }

  // By the answer. mid empty: the extension is not sent.
  void accept(std::uint8_t payload_type, std::uint8_t rtx_payload_type, std::string mid);
  void refuse();
  void set_allowed(bool allowed);
  bool allowed() const { return allowed_; }
  // Nothing may pass now; the next packet that may begins anew.
  void close() { open_ = false; }

  enum class Forwarded : std::uint8_t { kSent, kDropped, kWantsKeyFrame };
  Forwarded forward(const MediaPacket& packet);
  // Answers a NACK (sequence numbers as the receiver knows them).
  void retransmit(std::span<const std::uint16_t> sequences, Duration round_trip, SteadyTime now);

  // The sender's clock, moved on to now; nullopt before the first packet or the sender's first report.
  std::optional<rtc::SenderReport> make_report(SteadyTime now) const;

  // What the receiver's reports say of this stream since the last call.
  struct Loss {
    std::uint64_t expected = 0;
    std::uint64_t lost = 0;
  };
  void on_report_block(const rtc::ReportBlock& block);
  Loss take_loss();

 private:
  std::size_t write(MutableByteView out, const MediaPacket& packet, std::uint64_t sequence) const;
  std::uint32_t out_timestamp(std::uint32_t timestamp) const { return timestamp + timestamp_offset_; }
  void begin_source(const MediaPacket& packet);
  void set_repaired(bool repaired);

  Context& context_;
  Transport& transport_;
  EndpointId receiver_;
  UplinkStream& uplink_;
  std::uint32_t ssrc_;
  rtc::RtxStream rtx_;
  std::uint64_t rtx_sequence_;
  std::string mid_;
  std::uint8_t payload_type_ = 0;
  bool accepted_ = false;
  bool repaired_ = false;
  bool allowed_ = false;
  bool open_ = false;

  std::uint64_t base_in_ = 0;
  std::uint64_t base_out_ = 0;
  std::uint64_t next_out_;
  std::uint32_t source_number_ = 0;
  std::uint32_t timestamp_offset_ = 0;
  std::uint32_t last_timestamp_ = 0;  // as sent
  SteadyTime last_sent_;
  SequenceWindow sent_;  // of the uplink's numbers
  rtc::RetransmissionLimiter limiter_;

  std::uint32_t packets_ = 0;
  std::uint32_t octets_ = 0;

  std::optional<rtc::ReportBlock> last_block_;
  Loss loss_;
};

}  // namespace parlour::media

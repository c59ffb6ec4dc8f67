// RTCP compound packets (RFC 3550 section 6, feedback by RFC 4585, full intra request by RFC 5104,
// transport-wide feedback by draft-holmer-rmcat-transport-wide-cc-extensions-01): parse with limits, build.
// Any thread.
//
// parse_rtcp() is all or nothing for the framing (a wrong length makes the datagram unusable) and lenient for
// content: packets of types that Parlour has no use for (APP, XR, REMB and other application feedback) come
// out as RtcpIgnored. Reduced-size packets (RFC 5506) are accepted: the first packet may be of any type.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace parlour::rtc {

constexpr std::size_t kRtcpMaxPackets = 32;          // in one compound
constexpr std::size_t kRtcpMaxNackSequences = 1024;  // in one NACK, expanded
constexpr std::size_t kRtcpMaxFeedbackStatuses = 4096;

enum class RtcpError : std::uint8_t {
  kTooShort,
  kBadVersion,
  kBadLength,  // a packet runs past the end, or is shorter than its type demands
  kBadPadding,
  kTooManyPackets,
  kTooManyItems,  // NACK or feedback beyond the limits above
  kBadFeedback,   // transport-cc chunks or deltas that do not fit
};
std::string_view to_text(RtcpError error);

// 64-bit NTP timestamp (RFC 3550 section 4) of a UTC time, and the middle 32 bits that LSR uses.
std::uint64_t ntp_from_utc(UtcTime time);
inline std::uint32_t ntp_middle(std::uint64_t ntp) {
  return static_cast<std::uint32_t>(ntp >> 16);
}

struct ReportBlock {
  std::uint32_t ssrc = 0;
  std::uint8_t fraction_lost = 0;         // of 256, since the last report
  std::int32_t cumulative_lost = 0;       // 24 bits, signed
  std::uint32_t highest_sequence = 0;     // cycles and sequence
  std::uint32_t jitter = 0;               // in units of the stream's clock
  std::uint32_t last_sr = 0;              // middle of the NTP time of the last sender report, 0: none
  std::uint32_t delay_since_last_sr = 0;  // 1/65536 s
  friend bool operator==(const ReportBlock&, const ReportBlock&) = default;
};
struct SenderReport {
  std::uint32_t ssrc = 0;
  std::uint64_t ntp = 0;
  std::uint32_t rtp_time = 0;
  std::uint32_t packets = 0;
  std::uint32_t octets = 0;
  std::vector<ReportBlock> blocks;  // at most 31
};
struct ReceiverReport {
  std::uint32_t ssrc = 0;
  std::vector<ReportBlock> blocks;
};
struct SdesChunk {
  std::uint32_t ssrc = 0;
  std::string cname;
};
struct SourceDescription {
  std::vector<SdesChunk> chunks;
};
struct Bye {
  std::vector<std::uint32_t> ssrcs;
};
struct Nack {
  std::uint32_t sender_ssrc = 0;
  std::uint32_t media_ssrc = 0;
  std::vector<std::uint16_t> sequences;  // PID and BLP expanded, in wire order
};
struct PictureLoss {
  std::uint32_t sender_ssrc = 0;
  std::uint32_t media_ssrc = 0;
};
struct FullIntraEntry {
  std::uint32_t ssrc = 0;
  std::uint8_t sequence = 0;
};
struct FullIntraRequest {
  std::uint32_t sender_ssrc = 0;
  std::vector<FullIntraEntry> entries;
};
struct TransportFeedbackPacket {
  std::uint16_t sequence = 0;
  bool received = false;
  std::int64_t arrival_250us = 0;  // since the feedback's reference time · 64 ms; only when received
};
struct TransportFeedback {
  std::uint32_t sender_ssrc = 0;
  std::uint32_t media_ssrc = 0;
  std::uint32_t reference_64ms = 0;  // 24 bits
  std::uint8_t feedback_count = 0;
  std::vector<TransportFeedbackPacket> packets;
};
struct RtcpIgnored {
  std::uint8_t payload_type = 0;
  std::uint8_t format = 0;
};
using RtcpPacket = std::variant<SenderReport, ReceiverReport, SourceDescription, Bye, Nack, PictureLoss,
                                FullIntraRequest, TransportFeedback, RtcpIgnored>;

Result<std::vector<RtcpPacket>, RtcpError> parse_rtcp(ByteView compound);

// Builders append one packet to `out`; a compound begins with a report (RFC 3550 6.1) unless reduced size was
// agreed.
void append_sender_report(Bytes& out, const SenderReport& report);
void append_receiver_report(Bytes& out, std::uint32_t ssrc, std::span<const ReportBlock> blocks);
void append_cname(Bytes& out, std::uint32_t ssrc, std::string_view cname);  // at most 255 bytes are written
void append_bye(Bytes& out, std::span<const std::uint32_t> ssrcs);
// sequences ascending (modulo 2^16); they are packed into PID and BLP pairs.
void append_nack(Bytes& out, std::uint32_t sender_ssrc, std::uint32_t media_ssrc,
                 std::span<const std::uint16_t> sequences);
void append_picture_loss(Bytes& out, std::uint32_t sender_ssrc, std::uint32_t media_ssrc);
void append_full_intra_request(Bytes& out, std::uint32_t sender_ssrc,
                               std::span<const FullIntraEntry> entries);
// Deltas must fit: |step| ≤ 32767 · 250 µs, the first from the reference time. TransportCcFeedback takes care
// of that. Precondition: packets not empty, sequences contiguous.
void append_transport_feedback(Bytes& out, const TransportFeedback& feedback);

}  // namespace parlour::rtc

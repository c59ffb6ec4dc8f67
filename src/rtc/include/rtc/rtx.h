// Retransmission payload format (RFC 4588 section 4): the original sequence number in front of the payload,
// on a stream with its own SSRC, payload type and sequence numbers. Any thread.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "rtc/rtp.h"

namespace parlour::rtc {

enum class RtxError : std::uint8_t {
  kPaddingOnly,  // a bandwidth probe without an original packet: normal, to be ignored
  kTruncated,    // less than the two bytes of the original sequence number
};

struct RtxUnwrapped {
  MutableByteView packet;  // the original, at rtx_packet + 2
  RtpHeader header;        // of the original
};
// Turns an RTX packet into the original in place: the header moves two bytes towards the payload, sequence,
// SSRC and payload type are put back, padding is cut.
Result<RtxUnwrapped, RtxError> unwrap_rtx(MutableByteView rtx_packet, const RtpHeader& rtx_header,
                                          std::uint32_t original_ssrc, std::uint8_t original_payload_type);

struct RtxStream {
  std::uint32_t ssrc = 0;
  std::uint8_t payload_type = 0;
  std::uint16_t next_sequence = 0;
};
constexpr std::size_t kRtxOverhead = 2;
// Writes the RTX form of `original` (a whole RTP packet that parsed as `header`, without padding) to `out`
// and counts the stream's sequence on. Returns its size; 0 when `out` is too small.
std::size_t wrap_rtx(MutableByteView out, ByteView original, const RtpHeader& header, RtxStream& stream);

}  // namespace parlour::rtc

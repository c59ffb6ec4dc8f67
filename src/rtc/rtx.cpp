#include "rtc/rtx.h"

#include <cstring>

namespace parlour::rtc {

Result<RtxUnwrapped, RtxError> unwrap_rtx(MutableByteView rtx_packet, const RtpHeader& rtx_header,
                                          std::uint32_t original_ssrc, std::uint8_t original_payload_type) {
  if (rtx_header.payload_size == 0 && rtx_header.padding_size > 0) return fail(RtxError::kPaddingOnly);
  if (rtx_header.payload_size < kRtxOverhead) return fail(RtxError::kTruncated);

  RtpHeader header = rtx_header;
  const std::size_t size = remove_padding(rtx_packet, header);
  const std::uint16_t sequence = load_u16(&rtx_packet[header.size]);
  std::memmove(&rtx_packet[kRtxOverhead], rtx_packet.data(), header.size);
  const MutableByteView packet = rtx_packet.subspan(kRtxOverhead, size - kRtxOverhead);
  set_sequence(packet, sequence);
  set_ssrc(packet, original_ssrc);
  set_payload_type(packet, original_payload_type);
  header.sequence = sequence;
  header.ssrc = original_ssrc;
  header.payload_type = original_payload_type & 0x7F;
  header.payload_size = static_cast<std::uint16_t>(header.payload_size - kRtxOverhead);
  return RtxUnwrapped{packet, header};
}

std::size_t wrap_rtx(MutableByteView out, ByteView original, const RtpHeader& header, RtxStream& stream) {
  const std::size_t size = std::size_t{header.size} + kRtxOverhead + header.payload_size;
  if (out.size() < size) return 0;
  std::memcpy(out.data(), original.data(), header.size);
  store_u16(&out[header.size], header.sequence);
  if (header.payload_size > 0) {
    std::memcpy(&out[header.size + kRtxOverhead], original.data() + header.size, header.payload_size);
  }
  out[0] &= static_cast<std::uint8_t>(~0x20);  // whatever padding the original had is not copied
  set_payload_type(out, stream.payload_type);
  set_sequence(out, stream.next_sequence++);
  set_ssrc(out, stream.ssrc);
  return size;
}

}  // namespace parlour::rtc

// Arbitrary RTP packets: header, extensions, rewriting, the VP8 descriptor of the payload, RTX unwrapping and
// wrapping.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "rtc/header_extensions.h"
#include "rtc/rtp.h"
#include "rtc/rtx.h"
#include "rtc/vp8_descriptor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlour;
  using namespace parlour::rtc;
  Bytes packet(data, data + size);
  const auto header = parse_rtp(packet);
  if (!header) return 0;
  if (std::size_t{header->size} + header->payload_size + header->padding_size != packet.size()) std::abort();
  for (unsigned id = 0; id < 256; ++id) {
    const ByteView value = header->extension(packet, static_cast<std::uint8_t>(id));
    (void)read_sdes_text(value);
    (void)read_transport_cc(value);
    (void)read_abs_send_time(value);
  }
  const MutableByteView payload = header->mutable_payload(packet);
  if (const auto descriptor = parse_vp8_descriptor(payload)) {
    if (descriptor->size >= payload.size()) std::abort();
    set_picture_id(payload, *descriptor, 0x1234);
    set_tl0_pic_idx(payload, *descriptor, 7);
    if (parse_vp8_descriptor(payload)->size != descriptor->size) std::abort();
  }
  set_sequence(packet, 1);
  set_marker(packet, true);

  Bytes wrapped(packet.size() + kRtxOverhead);
  RtxStream stream{2, 97, 3};
  wrapped.resize(wrap_rtx(wrapped, packet, *header, stream));
  // A header at the size limit can grow past what RTP may be; everything else must come back as it was.
  if (const auto wrapped_header = parse_rtp(wrapped)) {
    const auto unwrapped = unwrap_rtx(wrapped, *wrapped_header, header->ssrc, header->payload_type);
    if (!unwrapped || unwrapped->header.payload_size != header->payload_size) std::abort();
    if (!parse_rtp(unwrapped->packet)) std::abort();
  }
  (void)unwrap_rtx(packet, *header, 1, 96).has_value();
  return 0;
}

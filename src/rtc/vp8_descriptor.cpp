#include "rtc/vp8_descriptor.h"

namespace parlour::rtc {

Result<Vp8Descriptor, Vp8Error> parse_vp8_descriptor(ByteView payload) {
  if (payload.empty()) return fail(Vp8Error::kEmptyPayload);
  Reader reader(payload);
  const auto position = [&] { return static_cast<std::uint8_t>(payload.size() - reader.remaining()); };
  Vp8Descriptor descriptor;
  const std::uint8_t first = reader.u8();
  descriptor.non_reference = (first & 0x20) != 0;
  descriptor.start_of_partition = (first & 0x10) != 0;
  descriptor.partition = first & 0x07;
  const std::uint8_t extended = (first & 0x80) != 0 ? reader.u8() : std::uint8_t{0};
  if ((extended & 0x80) != 0) {
    descriptor.picture_id_offset = position();
    std::uint16_t id = reader.u8();
    descriptor.picture_id_is_15_bit = (id & 0x80) != 0;
    if (descriptor.picture_id_is_15_bit) id = static_cast<std::uint16_t>((id & 0x7F) << 8 | reader.u8());
    descriptor.picture_id = id;
  }
  if ((extended & 0x40) != 0) {
    descriptor.tl0_pic_idx_offset = position();
    descriptor.tl0_pic_idx = reader.u8();
  }
  if ((extended & 0x30) != 0) {
    const std::uint8_t layers = reader.u8();
    if ((extended & 0x20) != 0) {
      descriptor.temporal_id = static_cast<std::uint8_t>(layers >> 6);
      descriptor.layer_sync = (layers & 0x20) != 0;
    }
    if ((extended & 0x10) != 0) descriptor.key_index = layers & 0x1F;
  }
  if (reader.failed()) return fail(Vp8Error::kTruncated);
  if (reader.remaining() == 0) return fail(Vp8Error::kEmptyPayload);
  descriptor.size = position();
  return descriptor;
}

void set_picture_id(MutableByteView payload, const Vp8Descriptor& descriptor, std::uint16_t picture_id) {
  if (descriptor.picture_id_offset == 0) return;
  std::uint8_t* at = &payload[descriptor.picture_id_offset];
  if (descriptor.picture_id_is_15_bit) {
    store_u16(at, static_cast<std::uint16_t>(0x8000 | (picture_id & 0x7FFF)));
  } else {
    *at = picture_id & 0x7F;
  }
}

void set_tl0_pic_idx(MutableByteView payload, const Vp8Descriptor& descriptor, std::uint8_t tl0_pic_idx) {
  if (descriptor.tl0_pic_idx_offset != 0) payload[descriptor.tl0_pic_idx_offset] = tl0_pic_idx;
}

}  // namespace parlour::rtc

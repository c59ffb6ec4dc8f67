// Arbitrary payloads through the VP8 payload descriptor.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "rtc/vp8_descriptor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlour;
  using namespace parlour::rtc;
  Bytes payload(data, data + size);
  const auto descriptor = parse_vp8_descriptor(payload);
  if (!descriptor) return 0;
  if (descriptor->size == 0 || descriptor->size >= payload.size()) std::abort();
  set_picture_id(payload, *descriptor, 0x7ABC);
  set_tl0_pic_idx(payload, *descriptor, 0x42);
  const auto again = parse_vp8_descriptor(payload);
  if (!again || again->size != descriptor->size || again->partition != descriptor->partition) std::abort();
  if (descriptor->tl0_pic_idx && *again->tl0_pic_idx != 0x42) std::abort();
  return 0;
}

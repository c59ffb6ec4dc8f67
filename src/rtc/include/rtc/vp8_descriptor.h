// VP8 payload descriptor (RFC 7741 section 4.2): parse, and rewrite of PictureID and TL0PICIDX in place. Any
// thread.
//
//       0 1 2 3 4 5 6 7
//      |X|R|N|S|R| PID |   required
// X:   |I|L|T|K| RSV   |   when X
// I:   |M| PictureID   |   when I; a second byte when M
// L:   |   TL0PICIDX   |   when L
// T/K: |TID|Y| KEYIDX  |   when T or K
//
// The bytes after the descriptor are encrypted in Parlour: the VP8 payload header of section 4.3 is never
// looked at.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace parlour::rtc {

enum class Vp8Error : std::uint8_t { kTruncated, kEmptyPayload };

struct Vp8Descriptor {
  bool non_reference = false;       // N
  bool start_of_partition = false;  // S
  std::uint8_t partition = 0;       // PID
  std::optional<std::uint16_t> picture_id;
  bool picture_id_is_15_bit = false;
  std::optional<std::uint8_t> tl0_pic_idx;
  std::optional<std::uint8_t> temporal_id;
  bool layer_sync = false;  // Y, meaningful with temporal_id
  std::optional<std::uint8_t> key_index;
  std::uint8_t size = 0;  // of the descriptor: where the frame's bytes begin

  // The first packet of a frame.
  bool starts_frame() const { return start_of_partition && partition == 0; }

  std::uint8_t picture_id_offset = 0;   // 0: absent
  std::uint8_t tl0_pic_idx_offset = 0;  // 0: absent
};

Result<Vp8Descriptor, Vp8Error> parse_vp8_descriptor(ByteView payload);

// Keep the width that is there; nothing happens when the field is absent.
void set_picture_id(MutableByteView payload, const Vp8Descriptor& descriptor, std::uint16_t picture_id);
void set_tl0_pic_idx(MutableByteView payload, const Vp8Descriptor& descriptor, std::uint8_t tl0_pic_idx);

}  // namespace parlour::rtc

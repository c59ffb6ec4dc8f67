// The SFrame header (RFC 9605 section 4.3) and the codec shim in front of it on VP8
// (docs/features/e2ee-encodings.md). Allocation-free: the media guard reads every frame's start with them.
// Any thread.
//
// Stricter than the RFC's text: of the encodings of one number only the shortest is read, so a header has one
// form.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/bytes.h"

namespace parlour::e2ee {

constexpr std::size_t kSframeHeaderMax = 17;
constexpr std::size_t kSframeTagSize = 16;

struct SframeHeader {
  std::uint64_t kid = 0;
  std::uint64_t counter = 0;
  std::size_t size = 0;  // bytes of the header
};

// Reads the header at the front. Nothing when it is cut short or not in its shortest form.
std::optional<SframeHeader> parse_sframe_header(ByteView data);

struct EncodedSframeHeader {
  ByteArray<kSframeHeaderMax> bytes{};
  std::size_t size = 0;
  ByteView view() const { return ByteView(bytes).first(size); }
};
EncodedSframeHeader encode_sframe_header(std::uint64_t kid, std::uint64_t counter);

// What a VP8 frame shows in front of its ciphertext: one of two constants, so that browsers can packetise it
// and the server can tell key frames. Not even the picture's size is real.
inline constexpr ByteArray<1> kShimDelta = {0x11};
inline constexpr ByteArray<10> kShimKey = {0x10, 0x00, 0x00, 0x9D, 0x01, 0x2A, 0x00, 0x00, 0x00, 0x00};

struct Shim {
  std::size_t size = 0;
  bool key_frame = false;
};
// Reads the shim at the front. Nothing for anything but the two constants.
std::optional<Shim> parse_shim(ByteView data);

// VP8's own key bit (RFC 6386 9.1). The frame must not be empty.
inline bool vp8_is_key_frame(ByteView frame) {
  return (frame[0] & 1) == 0;
}

}  // namespace parlour::e2ee

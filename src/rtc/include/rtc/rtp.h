// RTP packets (RFC 3550 section 5) and their header extensions (RFC 8285): parse, rewrite in place, build.
//
//    0                   1                   2                   3
//   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//   |                           timestamp                           |
//   |                             SSRC                              |
//   |            CSRC × CC; extension when X; payload; padding      |
//
// parse_rtp() checks the whole header, the extension block included, without allocation; RtpHeader holds
// offsets and no pointers, so it stays right while the same bytes are rewritten or moved. Any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace parlour::rtc {

constexpr std::size_t kRtpFixedHeaderSize = 12;

enum class RtpError : std::uint8_t {
  kTooShort,
  kBadVersion,
  kBadExtension,  // runs past the end, or an element past its block
  kBadPadding,    // longer than the payload, or zero
};
std::string_view to_text(RtpError error);

enum class RtpExtensionForm : std::uint8_t { kNone, kOneByte, kTwoByte, kOther };

struct RtpHeader {
  bool marker = false;
  std::uint8_t payload_type = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;

  std::uint16_t size = 0;          // whole header with CSRCs and extensions: where the payload begins
  std::uint16_t payload_size = 0;  // without padding
  std::uint8_t padding_size = 0;
  RtpExtensionForm extension_form = RtpExtensionForm::kNone;
  std::uint16_t extension_offset = 0;  // of the first element
  std::uint16_t extension_size = 0;    // of all elements, filling included

  ByteView payload(ByteView packet) const { return packet.subspan(size, payload_size); }
  MutableByteView mutable_payload(MutableByteView packet) const { return packet.subspan(size, payload_size); }
  ByteView header(ByteView packet) const { return packet.first(size); }
  // Value of the first element with that id (1..14 one-byte form, 1..255 two-byte form). data() is null when
  // absent; a present value may be empty in the two-byte form.
  ByteView extension(ByteView packet, std::uint8_t id) const;
  MutableByteView mutable_extension(MutableByteView packet, std::uint8_t id) const;
};

// At most 65,535 bytes.
Result<RtpHeader, RtpError> parse_rtp(ByteView packet);

// Rewriting in place; the packet must have parsed.
inline void set_payload_type(MutableByteView packet, std::uint8_t payload_type) {
  packet[1] = static_cast<std::uint8_t>((packet[1] & 0x80) | (payload_type & 0x7F));
}
inline void set_marker(MutableByteView packet, bool marker) {
  packet[1] = static_cast<std::uint8_t>((packet[1] & 0x7F) | (marker ? 0x80 : 0));
}
inline void set_sequence(MutableByteView packet, std::uint16_t sequence) {
  store_u16(&packet[2], sequence);
}
inline void set_timestamp(MutableByteView packet, std::uint32_t timestamp) {
  store_u32(&packet[4], timestamp);
}
inline void set_ssrc(MutableByteView packet, std::uint32_t ssrc) {
  store_u32(&packet[8], ssrc);
}
// Cuts the padding (Chromium's probes and last packets carry it). Returns the new size of the packet.
std::size_t remove_padding(MutableByteView packet, RtpHeader& header);

struct RtpFields {
  bool marker = false;
  std::uint8_t payload_type = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
};
struct RtpExtensionValue {
  std::uint8_t id;  // 1..14
  ByteView value;   // 1..16 bytes
};
// Writes a header with one-byte extensions to the front of `out`; the payload follows at the returned offset.
// 0: no room, or an element that the one-byte form cannot hold.
std::size_t write_rtp_header(MutableByteView out, const RtpFields& fields,
                             std::span<const RtpExtensionValue> extensions = {});

// Extends counters that wrap (16-bit sequence numbers, 32-bit timestamps) to 64 bits by the nearest-value
// rule. The first value comes out as itself plus one whole turn, so packets from just before it do not go
// below zero.
template <class Wrapped>
class NearestUnwrapper {
 public:
  // Extended value; the highest one so far moves only forward.
  std::uint64_t unwrap(Wrapped value) {
    const std::uint64_t extended = peek(value);
    highest_ = started_ ? std::max(highest_, extended) : extended;
    started_ = true;
    return extended;
  }
  // The same without taking note of it.
  std::uint64_t peek(Wrapped value) const {
    constexpr std::uint64_t kTurn = std::uint64_t{1} << (8 * sizeof(Wrapped));
    if (!started_) return kTurn + value;
    const Wrapped ahead = static_cast<Wrapped>(value - static_cast<Wrapped>(highest_));
    if (ahead < kTurn / 2) return highest_ + ahead;
    const std::uint64_t behind = kTurn - ahead;
    return highest_ >= behind ? highest_ - behind : highest_ + ahead;
  }
  bool started() const { return started_; }
  std::uint64_t highest() const { return highest_; }

 private:
  std::uint64_t highest_ = 0;
  bool started_ = false;
};

using SequenceUnwrapper = NearestUnwrapper<std::uint16_t>;
using TimestampUnwrapper = NearestUnwrapper<std::uint32_t>;

// RFC 1982: true when a comes after b.
inline bool sequence_newer(std::uint16_t a, std::uint16_t b) {
  return a != b && static_cast<std::uint16_t>(a - b) < 0x8000;
}

}  // namespace parlour::rtc

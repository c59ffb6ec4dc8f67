// What an m-line of ours offers, decided in one place for the writer and the judge of answers. Private to
// rtc.
#pragma once

#include <span>
#include <string_view>

#include "rtc/header_extensions.h"
#include "rtc/sdp.h"

namespace parlour::rtc {

struct OfferedCodec {
  std::uint8_t payload_type;
  std::string_view rtpmap;  // "opus/48000/2"
  std::string_view fmtp;    // empty: none
  std::uint8_t rtx_of;      // payload type that this one retransmits, 0: none
};

std::span<const OfferedCodec> offered_codecs(MediaKind kind);
std::span<const HeaderExtension> offered_extensions(const MediaOffer& media);

inline bool is_uplink(const MediaOffer& media) {
  return media.direction == MediaDirection::kRecvOnly;
}
std::string_view to_text(MediaKind kind);

}  // namespace parlour::rtc

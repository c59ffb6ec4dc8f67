#include "rtc/demux.h"

namespace parlour::rtc {

PacketKind classify(ByteView datagram) {
  if (datagram.size() < 4) return PacketKind::kUnknown;
  const std::uint8_t first = datagram[0];
  if (first < 4) return datagram.size() >= 20 ? PacketKind::kStun : PacketKind::kUnknown;
  if (first >= 20 && first < 64) return datagram.size() >= 13 ? PacketKind::kDtls : PacketKind::kUnknown;
  if (first >= 64 && first < 80) return PacketKind::kTurnChannel;
  if (first < 128 || first >= 192) return PacketKind::kUnknown;
  // RFC 5761 section 4: RTCP packet types 192..223 take the values of payload types 64..95 with the marker
  // bit.
  if (datagram[1] >= 192 && datagram[1] <= 223) {
    return datagram.size() >= 8 ? PacketKind::kRtcp : PacketKind::kUnknown;
  }
  return datagram.size() >= 12 ? PacketKind::kRtp : PacketKind::kUnknown;
}

}  // namespace parlour::rtc

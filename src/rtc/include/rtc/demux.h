// What a datagram on the shared port is (RFC 7983 section 7, RFC 5761 section 4). Looks at the first two
// bytes and the smallest length of its kind only; each parser judges the rest. Any thread.
#pragma once

#include "base/bytes.h"

namespace parlour::rtc {

enum class PacketKind : std::uint8_t { kStun, kDtls, kRtp, kRtcp, kTurnChannel, kUnknown };

PacketKind classify(ByteView datagram);

}  // namespace parlour::rtc

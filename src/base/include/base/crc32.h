// CRC-32 (ISO 3309, ITU V.42): ZIP's of a member and STUN's FINGERPRINT (RFC 8489 14.7). Finds torn copies;
// proves nothing. Any thread.
#pragma once

#include "base/bytes.h"

namespace parlour {

// `before`: the result for what stands in front of `data`, when the content comes in pieces.
std::uint32_t crc32(ByteView data, std::uint32_t before = 0);

}  // namespace parlour

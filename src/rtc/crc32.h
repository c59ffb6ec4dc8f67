// CRC-32 (ITU V.42, as FINGERPRINT of RFC 8489 14.7 uses it). Private to rtc.
#pragma once

#include "base/bytes.h"

namespace parlour::rtc {

std::uint32_t crc32(ByteView data);

}  // namespace parlour::rtc

// How long an Opus packet sounds, from its first two bytes (RFC 6716 3.1, 3.2), and the packet that sounds of
// nothing. Nothing is decoded. Pure.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/time.h"

namespace parlour::vault {

// Nothing: no packet that a decoder would take. At most 120 ms.
std::optional<Duration> opus_duration(ByteView packet);

// 20 ms of silence (CELT, full band, mono). The first byte alone would be concealed as a lost packet, which
// is noise.
constexpr ByteArray<3> kOpusSilence = {0xF8, 0xFF, 0xFE};
constexpr Duration kOpusSilenceLength = std::chrono::milliseconds(20);

}  // namespace parlour::vault

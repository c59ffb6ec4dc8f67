// The RTP header extensions that Parlour negotiates: names for SDP, the ids that its offers use, readers and
// writers of the values. The server always offers, so the ids are the same on all connections and survive
// forwarding unchanged. Audio level is deliberately absent: it tells the server and the network who speaks
// (design.md 8). Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace parlour::rtc {

enum class HeaderExtension : std::uint8_t { kMid, kRid, kTransportCc, kAbsSendTime };
constexpr std::size_t kHeaderExtensionCount = 4;

// Ids in our offers (1..14).
constexpr std::uint8_t kMidExtensionId = 1;
constexpr std::uint8_t kRidExtensionId = 2;
constexpr std::uint8_t kTransportCcExtensionId = 3;
constexpr std::uint8_t kAbsSendTimeExtensionId = 4;

std::uint8_t offered_id(HeaderExtension extension);
std::string_view uri_of(HeaderExtension extension);
std::optional<HeaderExtension> header_extension_from_uri(std::string_view uri);

// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2: 16 bits.
std::optional<std::uint16_t> read_transport_cc(ByteView value);
// 24 bits, 6.18 fixed point seconds, wraps every 64 s.
std::optional<std::uint32_t> read_abs_send_time(ByteView value);
ByteArray<3> write_abs_send_time(SteadyTime time);
// RFC 9143 mid and RFC 8852 rid: 1..16 token characters, nullopt otherwise.
std::optional<std::string_view> read_sdes_text(ByteView value);

}  // namespace parlour::rtc

#include "rtc/header_extensions.h"

#include <algorithm>
#include <array>

namespace parlour::rtc {

namespace {

struct Known {
  HeaderExtension extension;
  std::uint8_t id;
  std::string_view uri;
};
constexpr std::array<Known, kHeaderExtensionCount> kKnown = {{
    {HeaderExtension::kMid, kMidExtensionId, "urn:ietf:params:rtp-hdrext:sdes:mid"},
    {HeaderExtension::kRid, kRidExtensionId, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"},
    {HeaderExtension::kTransportCc, kTransportCcExtensionId,
     "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"},
    {HeaderExtension::kAbsSendTime, kAbsSendTimeExtensionId,
     "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"},
}};

}  // namespace

std::uint8_t offered_id(HeaderExtension extension) {
  return kKnown[static_cast<std::size_t>(extension)].id;
}
std::string_view uri_of(HeaderExtension extension) {
  return kKnown[static_cast<std::size_t>(extension)].uri;
}

std::optional<HeaderExtension> header_extension_from_uri(std::string_view uri) {
  for (const Known& known : kKnown) {
    if (known.uri == uri) return known.extension;
  }
  return std::nullopt;
}

std::optional<std::uint16_t> read_transport_cc(ByteView value) {
  if (value.size() != 2) return std::nullopt;
  return load_u16(value.data());
}

std::optional<std::uint32_t> read_abs_send_time(ByteView value) {
  if (value.size() != 3) return std::nullopt;
  return Reader(value).u24();
}

ByteArray<3> write_abs_send_time(SteadyTime time) {
  const auto us = static_cast<std::uint64_t>(time.us) % 64'000'000;
  const auto fixed = static_cast<std::uint32_t>((us << 18) / 1'000'000);
  return {static_cast<std::uint8_t>(fixed >> 16), static_cast<std::uint8_t>(fixed >> 8),
          static_cast<std::uint8_t>(fixed)};
}

std::optional<std::string_view> read_sdes_text(ByteView value) {
  if (value.empty() || value.size() > 16) return std::nullopt;
  const bool is_token = std::all_of(value.begin(), value.end(), [](std::uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  });
  if (!is_token) return std::nullopt;
  return as_text(value);
}

}  // namespace parlour::rtc

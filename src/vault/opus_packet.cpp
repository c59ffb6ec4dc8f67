#include "vault/opus_packet.h"

namespace parlour::vault {
namespace {

constexpr Duration kPacketMax = std::chrono::milliseconds(120);  // RFC 6716 3.4, R5

// Table 2 of RFC 6716: the configuration numbers of one mode and bandwidth go through its frame sizes.
Duration frame_length(unsigned configuration) {
  static constexpr std::int64_t kSilk[] = {10'000, 20'000, 40'000, 60'000};
  static constexpr std::int64_t kCelt[] = {2'500, 5'000, 10'000, 20'000};
  if (configuration < 12) return Duration(kSilk[configuration % 4]);
  if (configuration < 16) return Duration(kSilk[configuration % 2]);
  return Duration(kCelt[configuration % 4]);
}

}  // namespace

std::optional<Duration> opus_duration(ByteView packet) {
  if (packet.empty()) return std::nullopt;
  std::int64_t frames = 2;
  switch (packet[0] & 3) {
    case 0:
      frames = 1;
      break;
    case 3:
      if (packet.size() < 2) return std::nullopt;
      frames = packet[1] & 0x3F;
      break;
    default:
      break;
  }
  const Duration length = frame_length(packet[0] >> 3) * frames;
  if (frames == 0 || length > kPacketMax) return std::nullopt;
  return length;
}

}  // namespace parlour::vault

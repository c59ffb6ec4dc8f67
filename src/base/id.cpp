#include "base/id.h"

#include <algorithm>

#include "base/encoding.h"

namespace parlour {

std::string uuid_to_text(const ByteArray<16>& bytes) {
  std::string hex = to_hex(bytes);
  return hex.substr(0, 8) + '-' + hex.substr(8, 4) + '-' + hex.substr(12, 4) + '-' + hex.substr(16, 4) + '-' +
         hex.substr(20);
}

std::optional<ByteArray<16>> uuid_from_text(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
    return std::nullopt;
  std::string hex;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) continue;
    if (text[i] >= 'A' && text[i] <= 'F') return std::nullopt;  // one text per id
    hex.push_back(text[i]);
  }
  auto bytes = from_hex(hex);
  if (!bytes) return std::nullopt;
  ByteArray<16> out{};
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

ByteArray<16> make_uuid_v7(UtcTime now, Random& random) {
  ByteArray<16> out = random.array<16>();
  auto ms = static_cast<std::uint64_t>(now.us / 1000);
  for (std::size_t i = 0; i < 6; ++i) out[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  out[6] = static_cast<std::uint8_t>(0x70 | (out[6] & 0x0F));
  out[8] = static_cast<std::uint8_t>(0x80 | (out[8] & 0x3F));
  return out;
}

}  // namespace parlour

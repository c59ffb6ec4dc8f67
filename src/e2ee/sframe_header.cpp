#include "e2ee/sframe_header.h"

namespace parlour::e2ee {
namespace {

constexpr std::uint64_t kInlineMax = 7;

// Reads a number whose 4-bit form (flag and three bits) is given: itself, or its length less one.
std::optional<std::uint64_t> read_number(std::uint8_t form, Reader& reader) {
  std::uint8_t bits = form & 7;
  if ((form & 8) == 0) return bits;
  std::uint64_t value = 0;
  ByteView bytes = reader.take(bits + 1u);
  for (std::uint8_t byte : bytes) value = value << 8 | byte;
  if (reader.failed() || value <= kInlineMax || bytes[0] == 0) return std::nullopt;
  return value;
}

std::size_t bytes_of(std::uint64_t value) {
  std::size_t size = 1;
  while (value >>= 8) ++size;
  return size;
}

std::uint8_t write_number(std::uint64_t value, EncodedSframeHeader& header) {
  if (value <= kInlineMax) return static_cast<std::uint8_t>(value);
  std::size_t size = bytes_of(value);
  for (std::size_t i = size; i-- > 0;)
    header.bytes[header.size++] = static_cast<std::uint8_t>(value >> (8 * i));
  return static_cast<std::uint8_t>(8 | (size - 1));
}

template <std::size_t N>
bool starts_with(ByteView data, const ByteArray<N>& prefix) {
  return data.size() >= N && equal(data.first(N), prefix);
}

}  // namespace

std::optional<SframeHeader> parse_sframe_header(ByteView data) {
  Reader reader(data);
  std::uint8_t config = reader.u8();
  if (reader.failed()) return std::nullopt;
  auto kid = read_number(config >> 4, reader);
  if (!kid) return std::nullopt;
  auto counter = read_number(config & 0xF, reader);
  if (!counter) return std::nullopt;
  return SframeHeader{*kid, *counter, data.size() - reader.remaining()};
}

EncodedSframeHeader encode_sframe_header(std::uint64_t kid, std::uint64_t counter) {
  EncodedSframeHeader header;
  header.size = 1;
  std::uint8_t kid_form = write_number(kid, header);
  std::uint8_t counter_form = write_number(counter, header);
  header.bytes[0] = static_cast<std::uint8_t>(kid_form << 4 | counter_form);
  return header;
}

std::optional<Shim> parse_shim(ByteView data) {
  if (starts_with(data, kShimDelta)) return Shim{kShimDelta.size(), false};
  if (starts_with(data, kShimKey)) return Shim{kShimKey.size(), true};
  return std::nullopt;
}

}  // namespace parlour::e2ee

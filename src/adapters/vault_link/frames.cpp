#include "vault_link/protocol.h"

namespace parlour::vault_link {

Bytes encode_frame(std::uint8_t type, ByteView payload) {
  Bytes out;
  out.reserve(5 + payload.size());
  Writer(out).u32(static_cast<std::uint32_t>(payload.size() + 1)).u8(type).bytes(payload);
  return out;
}

Bytes encode_binary(std::uint32_t id, ByteView bytes) {
  Bytes payload;
  payload.reserve(4 + bytes.size());
  Writer(payload).u32(id).bytes(bytes);
  return encode_frame(kBinaryFrame, payload);
}

void FrameReader::feed(ByteView bytes) {
  if (broken_) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  append(buffer_, bytes);
}

std::optional<Frame> FrameReader::next() {
  const ByteView rest = ByteView(buffer_).subspan(taken_);
  if (broken_ || rest.size() < 5) return std::nullopt;
  const std::size_t length = load_u32(rest.data());
  const std::uint8_t type = rest[4];
  const std::size_t most = type == kJsonFrame ? kJsonMax + 1 : type == kBinaryFrame ? kRangeMax + 5 : 0;
  if (length < 1 || length > most || (type == kBinaryFrame && length < 5)) {
    broken_ = true;
    return std::nullopt;
  }
  if (rest.size() < 4 + length) return std::nullopt;
  taken_ += 4 + length;
  return Frame{type, to_bytes(rest.subspan(5, length - 1))};
}

}  // namespace parlour::vault_link

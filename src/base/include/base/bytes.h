// Bytes, views of bytes, and the bounds-checked cursors that read and write them.
//
// Integers on the wire are big-endian unless a name says otherwise. A Reader never reads past its view: after
// the first failed read it is `failed()` for good and every further read gives zeros, so a parser may read a
// whole structure and check once. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace parlour {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;
template <std::size_t N>
using ByteArray = std::array<std::uint8_t, N>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView view) {
  return Bytes(view.begin(), view.end());
}
inline Bytes to_bytes(std::string_view text) {
  return to_bytes(as_bytes(text));
}
inline std::string to_string(ByteView view) {
  return std::string(as_text(view));
}

inline void append(Bytes& out, ByteView more) {
  out.insert(out.end(), more.begin(), more.end());
}
inline void append(Bytes& out, std::string_view more) {
  append(out, as_bytes(more));
}

// Equality of plain data. Not constant in time: secrets are compared with crypto::equal_constant_time.
inline bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

class Reader {
 public:
  explicit Reader(ByteView view) : view_(view) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(big_endian(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t u48() { return big_endian(6); }
  std::uint64_t u64() { return big_endian(8); }
  // The next `size` bytes as a view into the source; empty after a failure.
  ByteView take(std::size_t size) {
    if (failed_ || size > view_.size()) {
      failed_ = true;
      return {};
    }
    ByteView taken = view_.first(size);
    view_ = view_.subspan(size);
    return taken;
  }
  void skip(std::size_t size) { take(size); }
  ByteView rest() const { return failed_ ? ByteView{} : view_; }
  std::size_t remaining() const { return failed_ ? 0 : view_.size(); }
  bool failed() const { return failed_; }
  bool done() const { return !failed_ && view_.empty(); }

 private:
  std::uint64_t big_endian(std::size_t size) {
    std::uint64_t value = 0;
    for (std::uint8_t byte : take(size)) value = value << 8 | byte;
    return value;
  }

  ByteView view_;
  bool failed_ = false;
};

class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  Writer& u8(std::uint8_t value) { return big_endian(value, 1); }
  Writer& u16(std::uint16_t value) { return big_endian(value, 2); }
  Writer& u24(std::uint32_t value) { return big_endian(value, 3); }
  Writer& u32(std::uint32_t value) { return big_endian(value, 4); }
  Writer& u48(std::uint64_t value) { return big_endian(value, 6); }
  Writer& u64(std::uint64_t value) { return big_endian(value, 8); }
  Writer& bytes(ByteView view) {
    append(out_, view);
    return *this;
  }
  Writer& text(std::string_view view) { return bytes(as_bytes(view)); }

 private:
  Writer& big_endian(std::uint64_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }

  Bytes& out_;
};

// Fixed-size big-endian stores, for in-place rewriting on the packet path (no allocation).
inline void store_u16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
inline void store_u32(std::uint8_t* at, std::uint32_t value) {
  store_u16(at, static_cast<std::uint16_t>(value >> 16));
  store_u16(at + 2, static_cast<std::uint16_t>(value));
}
inline std::uint16_t load_u16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}
inline std::uint32_t load_u32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(load_u16(at)) << 16 | load_u16(at + 2);
}

}  // namespace parlour

// Appends numbers with their lowest byte first, as ZIP has them; everything else of ours is written by Writer
// (bytes.h), the highest first. Any thread.
#pragma once

#include "base/bytes.h"

namespace parlour {

class LittleWriter {
 public:
  explicit LittleWriter(Bytes& out) : out_(out) {}
  LittleWriter& u16(std::uint64_t value) { return put(value, 2); }
  LittleWriter& u32(std::uint64_t value) { return put(value, 4); }
  LittleWriter& u64(std::uint64_t value) { return put(value, 8); }

 private:
  LittleWriter& put(std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }
  Bytes& out_;
};

}  // namespace parlour

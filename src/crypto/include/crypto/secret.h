// Secret: bytes that are wiped when they go out of scope. Move-only, no formatter. Any thread, one owner.
#pragma once

#include <utility>

#include "base/bytes.h"

namespace parlour::crypto {

// Overwrites memory in a way the compiler may not remove.
void wipe(MutableByteView bytes);
// Equality that takes the same time wherever the difference is; false at once for different lengths.
bool equal_constant_time(ByteView a, ByteView b);

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size) : bytes_(size) {}
  explicit Secret(ByteView copy) : bytes_(copy.begin(), copy.end()) {}
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe(bytes_);
      bytes_ = std::exchange(other.bytes_, {});
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes_); }

  Secret clone() const { return Secret(ByteView(bytes_)); }
  ByteView view() const { return bytes_; }
  MutableByteView mutable_view() { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

 private:
  Bytes bytes_;
};

}  // namespace parlour::crypto

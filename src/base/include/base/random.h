// Randomness is passed in (style.md (c) 7): the system's generator in bin, a seeded one in simulations.
#pragma once

#include "base/bytes.h"

namespace parlour {

// Thread: implementations say; the system's generator may be used from any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableByteView out) = 0;

  template <std::size_t N>
  ByteArray<N> array() {
    ByteArray<N> out;
    fill(out);
    return out;
  }
  Bytes bytes(std::size_t size) {
    Bytes out(size);
    fill(out);
    return out;
  }
  std::uint32_t u32() {
    auto b = array<4>();
    return load_u32(b.data());
  }
};

// Deterministic bytes for tests and simulations (SplitMix64). Never for keys.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(MutableByteView out) override {
    for (std::uint8_t& byte : out) {
      if (left_ == 0) {
        state_ += 0x9E3779B97F4A7C15u;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        pool_ = z ^ (z >> 31);
        left_ = 8;
      }
      byte = static_cast<std::uint8_t>(pool_);
      pool_ >>= 8;
      --left_;
    }
  }

 private:
  std::uint64_t state_;
  std::uint64_t pool_ = 0;
  int left_ = 0;
};

}  // namespace parlour

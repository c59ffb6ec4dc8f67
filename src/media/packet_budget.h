// A token bucket that keeps one endpoint from taking the thread for itself: packets beyond its share are
// dropped before they cost a decryption. One thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace parlour::media {

class PacketBudget {
 public:
  PacketBudget(std::int64_t per_second, std::int64_t burst)
      : per_second_(per_second), burst_(burst), tokens_(burst * kScale) {}

  bool take(SteadyTime now) {
    if (now > last_) {
      // In millionths of a packet, so that short steps lose nothing.
      const std::int64_t passed = std::min<std::int64_t>((now - last_).count(), kScale);
      tokens_ = std::min(burst_ * kScale, tokens_ + passed * per_second_);
      last_ = now;
    }
    if (tokens_ < kScale) return false;
    tokens_ -= kScale;
    return true;
  }

 private:
  static constexpr std::int64_t kScale = 1'000'000;
  std::int64_t per_second_;
  std::int64_t burst_;
  std::int64_t tokens_;
  SteadyTime last_;
};

}  // namespace parlour::media

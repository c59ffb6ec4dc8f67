// Keeps one receiver from asking for the same packet over and over: a packet goes out again at most once per
// round trip and `tries_max` times in all, so a hostile NACK flood cannot multiply traffic. Fixed memory, one
// thread.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace parlour::rtc {

class RetransmissionLimiter {
 public:
  static constexpr std::size_t kSlots = 256;  // a later sequence number takes over the slot of an older one
  static constexpr int kTriesMax = 10;

  // True: may be sent now (and is noted as sent).
  bool allow(std::uint64_t sequence, Duration round_trip, SteadyTime now);

 private:
  struct Slot {
    std::uint64_t sequence = 0;
    SteadyTime last;
    int tries = 0;
  };
  std::array<Slot, kSlots> slots_{};
};

}  // namespace parlour::rtc

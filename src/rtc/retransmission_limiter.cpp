#include "rtc/retransmission_limiter.h"

namespace parlour::rtc {

bool RetransmissionLimiter::allow(std::uint64_t sequence, Duration round_trip, SteadyTime now) {
  Slot& slot = slots_[sequence % kSlots];
  if (slot.sequence > sequence) return false;
  if (slot.sequence < sequence || slot.tries == 0) {
    slot = {sequence, now, 1};
    return true;
  }
  if (slot.tries >= kTriesMax || now - slot.last < round_trip) return false;
  slot.last = now;
  ++slot.tries;
  return true;
}

}  // namespace parlour::rtc

// When to let datagrams gather before reading them. One thread.
//
// A wake-up of the thread costs as much as several packets. Where a handful of datagrams comes in a fraction
// of a millisecond it pays to sleep so long and read them together; with fewer it would only add delay. The
// rate is the mean of the last milliseconds.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace parlour::udp {

class Coalescing {
 public:
  // Below this many datagrams a second (some 7 calls) every one is handled at once: there is time enough.
  static constexpr std::int64_t kRateMin = 2'500;
  // Adds a tenth of a millisecond to the mean delay and saves a third of the work.
  static constexpr Duration kPause = 200us;
  // From here on (some 60 calls) the thread's time is what runs out first.
  static constexpr std::int64_t kRateHigh = 20'000;
  static constexpr Duration kPauseHigh = 500us;

  explicit Coalescing(Duration pause_max) : pause_max_(pause_max) {}

  // `count` datagrams were read since the last call.
  void note(std::size_t count, SteadyTime now) {
    count_ += static_cast<std::int64_t>(count);
    const std::int64_t passed = (now - since_).count();
    if (passed < kPeriod.count()) return;
    const std::int64_t rate = count_ * 1'000'000 / passed;
    rate_ = passed > 8 * kPeriod.count() ? rate : (3 * rate_ + rate) / 4;
    count_ = 0;
    since_ = now;
  }
  // How long to sleep now; zero: wait for the next datagram instead. An estimate that is too old counts as
  // idle.
  Duration pause(SteadyTime now) const {
    if (rate_ < kRateMin || now - since_ > 8 * kPeriod) return Duration::zero();
    return std::min(pause_max_, rate_ < kRateHigh ? kPause : kPauseHigh);
  }

 private:
  static constexpr Duration kPeriod = 4ms;

  Duration pause_max_;
  std::int64_t count_ = 0;
  std::int64_t rate_ = 0;  // datagrams a second
  SteadyTime since_;
};

}  // namespace parlour::udp

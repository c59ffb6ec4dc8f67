// Which epochs of a sender may go on (EpochsAllowed), in a form that costs nothing per packet. One thread.
#pragma once

#include <algorithm>
#include <utility>

#include "media/shard.h"

namespace parlour::media {

class EpochRule {
 public:
  // Rooms under a lease begin with nothing allowed, others with everything (the guard knows the epochs
  // there).
  explicit EpochRule(bool every) { epochs_.every = every; }
  void set(EpochsAllowed epochs) { epochs_ = std::move(epochs); }
  bool allows(std::uint16_t epoch) const {
    if (epoch < epochs_.epoch_min) return false;
    return epochs_.every || std::find(epochs_.only.begin(), epochs_.only.end(), epoch) != epochs_.only.end();
  }

 private:
  EpochsAllowed epochs_;
};

}  // namespace parlour::media

// How often the sender of one stream may begin again under another SSRC. A browser does so when it restarts
// an encoder, a few times in a call; each time the recorder begins a stream of its own and receivers a new
// picture, so that two SSRCs in turn would make one per packet. One thread.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace parlour::media {

class SourceChanges {
 public:
  static constexpr int kBurst = 4;
  static constexpr Duration kEvery = 20s;

  bool allowed(SteadyTime now) const { return saved(now) >= kEvery; }
  bool take(SteadyTime now) {
    if (!allowed(now)) return false;
    saved_ = saved(now) - kEvery;
    last_ = now;
    return true;
  }

 private:
  Duration saved(SteadyTime now) const {
    return std::min(kBurst * kEvery, saved_ + std::max(now - last_, Duration(0)));
  }

  Duration saved_ = kBurst * kEvery;
  SteadyTime last_;
};

}  // namespace parlour::media

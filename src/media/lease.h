// A room's permission to let media through, which ends by itself: where a recording is required, the control
// plane renews it for as long as what was recorded is durable, and when anything on that way fails, media
// stop. One thread.
#pragma once

#include "base/time.h"

namespace parlour::media {

class Lease {
 public:
  explicit Lease(bool demanded) : demanded_(demanded) {}
  void set(SteadyTime until) { until_ = until; }
  bool open(SteadyTime now) const { return !demanded_ || now < until_; }

 private:
  bool demanded_;
  SteadyTime until_;  // the start of time: closed
};

}  // namespace parlour::media

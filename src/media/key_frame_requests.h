// Merges the wishes of all receivers for a key frame of one source: at most one request per 500 ms leaves,
// and a wish in between is kept until the 500 ms are over or a key frame has come. One thread.
#pragma once

#include <optional>

#include "base/time.h"

namespace parlour::media {

class KeyFrameRequests {
 public:
  // A keyless client asks up to 25 times in 5 s; an encoder that obeyed would starve everybody else.
  static constexpr Duration kInterval = 500ms;

  void want() { wanted_ = true; }
  // The start of a key frame has passed: whoever wanted one has it.
  void on_key_frame() { wanted_ = false; }
  // True: send one request now.
  bool take_due(SteadyTime now) {
    if (!wanted_ || (last_ && now - *last_ < kInterval)) return false;
    wanted_ = false;
    last_ = now;
    return true;
  }
  std::optional<SteadyTime> next_deadline() const {
    if (!wanted_) return std::nullopt;
    return last_ ? *last_ + kInterval : SteadyTime{};
  }

 private:
  bool wanted_ = false;
  std::optional<SteadyTime> last_;
};

}  // namespace parlour::media

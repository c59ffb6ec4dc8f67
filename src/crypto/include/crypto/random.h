// The system's random generator (OpenSSL's CSPRNG) as base::Random. Any thread.
#pragma once

#include "base/random.h"

namespace parlour::crypto {

class SystemRandom final : public Random {
 public:
  void fill(
      MutableByteView out) override;  // aborts when the system has no randomness: nothing safe can follow
};

}  // namespace parlour::crypto

#include "crypto/random.h"

#include <openssl/rand.h>

#include <limits>

#include "openssl_handles.h"

namespace parlour::crypto {

void SystemRandom::fill(MutableByteView out) {
  if (out.empty()) return;
  require(out.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
              RAND_bytes(out.data(), static_cast<int>(out.size())) == 1,
          "system randomness");
}

}  // namespace parlour::crypto

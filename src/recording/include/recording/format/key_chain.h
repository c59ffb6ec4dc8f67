// The keys of a part (design.md 9): chain_0 = DEK, K_i = HKDF(chain_i, "Parlour/1 seg"‖recording‖part‖i),
// chain_{i+1} = HKDF(chain_i, "Parlour/1 next"). HKDF is RFC 5869 with an empty salt; numbers are u32.
//
// The chain only moves forward: whoever holds it at segment i reads segment i and later ones, never earlier
// ones. So the writer, which moves on when it opens a segment, can read back no more than the open one. One
// thread.
#pragma once

#include "crypto/secret.h"
#include "recording/format/ids.h"

namespace parlour::recording {

constexpr std::size_t kDekSize = 32;

class KeyChain {
 public:
  // dek: kDekSize bytes, consumed.
  KeyChain(crypto::Secret dek, const RecordingId& recording, std::uint32_t part);
  KeyChain(KeyChain&&) noexcept = default;
  KeyChain& operator=(KeyChain&&) noexcept = default;

  std::uint32_t ordinal() const { return ordinal_; }
  crypto::Secret segment_key() const;  // K_i for i = ordinal()
  void advance();                      // to ordinal() + 1; chain_i is wiped
  KeyChain clone() const;              // readers keep one at the part's start, to open segments in any order

 private:
  KeyChain(const RecordingId& recording, std::uint32_t part) : recording_(recording), part_(part) {}

  crypto::Secret chain_;
  RecordingId recording_;
  std::uint32_t part_;
  std::uint32_t ordinal_ = 0;
};

}  // namespace parlour::recording

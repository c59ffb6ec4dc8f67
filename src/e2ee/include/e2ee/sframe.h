// SFrame (RFC 9605): keys from a base key, frames sealed and opened, and how Parlour puts Opus and VP8 into
// it.
//
// Suite 0x0005 (AES-256-GCM with SHA-512, 16-byte tag) is the one that calls use; 0x0004 is here for the
// published vectors only. A key belongs to one thread. Counters are the caller's: one counter never seals
// twice under one key.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/secret.h"
#include "e2ee/guard.h"
#include "e2ee/kid.h"
#include "e2ee/sframe_header.h"

namespace parlour::e2ee {

constexpr std::size_t kBaseKeySize = 32;

enum class SframeSuite : std::uint16_t { kAes128GcmSha256 = 0x0004, kAes256GcmSha512 = 0x0005 };

enum class FrameError : std::uint8_t {
  kTooShort,
  kShim,          // VP8 without one of the two shims
  kHeader,        // no SFrame header in its shortest form
  kOtherKey,      // the frame names another KID than the key's
  kNotAuthentic,  // wrong key, or a changed bit anywhere
  kKeyBit,        // the shim contradicts the decrypted frame's own key bit
};
std::string_view to_text(FrameError error);

class SframeKey {
 public:
  // RFC 9605 4.4.2.
  static Result<SframeKey, crypto::CryptoError> derive(SframeSuite suite, ByteView base_key,
                                                       std::uint64_t kid);

  std::uint64_t kid() const { return kid_; }
  // header ‖ ciphertext ‖ tag; AAD = header ‖ metadata (4.4.3).
  Bytes encrypt(std::uint64_t counter, ByteView metadata, ByteView plaintext);
  Result<Bytes, FrameError> decrypt(ByteView metadata, ByteView sframe);

  // The derived values, for the vectors.
  ByteView key() const { return key_.view(); }
  ByteView salt() const { return salt_.view(); }

 private:
  SframeKey(std::uint64_t kid, crypto::Secret key, crypto::Secret salt, crypto::AesGcm aead)
      : kid_(kid), key_(std::move(key)), salt_(std::move(salt)), aead_(std::move(aead)) {}
  ByteArray<crypto::kGcmNonceSize> nonce(std::uint64_t counter) const;

  std::uint64_t kid_;
  crypto::Secret key_;
  crypto::Secret salt_;
  crypto::AesGcm aead_;
};

// The key of a KID from the base key of its sender, epoch and kind.
Result<SframeKey, crypto::CryptoError> derive_frame_key(ByteView base_key, const Kid& kid);

// What a frame on the wire says before it is opened. Views point into the frame.
struct FrameParts {
  ByteView shim;  // empty for Opus
  bool key_frame = false;
  SframeHeader header;
  ByteView sframe;  // header ‖ ciphertext ‖ tag
};
Result<FrameParts, FrameError> split_frame(FrameCodec codec, ByteView frame);

// Opus: the whole frame. VP8: shim ‖ SFrame, the shim by the frame's own key bit and authenticated as
// metadata.
Bytes seal_frame(FrameCodec codec, SframeKey& key, std::uint64_t counter, ByteView plaintext);
Result<Bytes, FrameError> open_frame(FrameCodec codec, SframeKey& key, ByteView frame);

}  // namespace parlour::e2ee

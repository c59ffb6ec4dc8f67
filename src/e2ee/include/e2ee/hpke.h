// HPKE (RFC 9180) in base mode: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; AES-128-GCM is here for
// the vectors of appendix A.3 only. Exporting secrets is not needed and not here. A context belongs to one
// thread.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/p256.h"

namespace parlour::e2ee {

enum class HpkeAead : std::uint16_t { kAes128Gcm = 0x0001, kAes256Gcm = 0x0002 };

// The key schedule's result, and the sequence of messages under it (5.2).
class HpkeContext {
 public:
  struct Values {  // for the vectors
    crypto::Secret shared_secret, key, base_nonce;
  };

  // 5.1.1. `ephemeral` is used for this one context; sealers elsewhere take a fresh one each time.
  static Result<HpkeContext, crypto::CryptoError> setup_sender(const crypto::P256Key& ephemeral,
                                                               ByteView recipient_public, ByteView info,
                                                               HpkeAead aead);
  static Result<HpkeContext, crypto::CryptoError> setup_recipient(const crypto::P256Key& recipient,
                                                                  ByteView enc, ByteView info, HpkeAead aead);

  Bytes seal(ByteView aad, ByteView plaintext);
  Result<Bytes, crypto::CryptoError> open(ByteView aad, ByteView ciphertext);
  const Values& values() const { return values_; }

 private:
  HpkeContext(Values values, crypto::AesGcm aead) : values_(std::move(values)), aead_(std::move(aead)) {}
  static Result<HpkeContext, crypto::CryptoError> schedule(crypto::Secret shared_secret, ByteView info,
                                                           HpkeAead aead);
  ByteArray<crypto::kGcmNonceSize> next_nonce() const;

  Values values_;
  crypto::AesGcm aead_;
  std::uint64_t sequence_ = 0;
};

struct HpkeSealed {
  crypto::P256Point enc{};
  Bytes ciphertext;  // with its tag
};
// Single shot (6.1), with a fresh ephemeral key.
Result<HpkeSealed, crypto::CryptoError> hpke_seal(ByteView recipient_public, ByteView info, ByteView aad,
                                                  ByteView plaintext, HpkeAead aead = HpkeAead::kAes256Gcm);
Result<crypto::Secret, crypto::CryptoError> hpke_open(const crypto::P256Key& recipient, ByteView enc,
                                                      ByteView info, ByteView aad, ByteView ciphertext,
                                                      HpkeAead aead = HpkeAead::kAes256Gcm);

}  // namespace parlour::e2ee

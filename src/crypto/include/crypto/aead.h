// AES-GCM (NIST SP 800-38D) and AES-CTR over OpenSSL EVP, one context per key so that the packet path
// allocates nothing. A context belongs to one thread. Nonces are 12 bytes, tags 16.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/error.h"

namespace parlour::crypto {

constexpr std::size_t kGcmNonceSize = 12;
constexpr std::size_t kGcmTagSize = 16;

class AesGcm {
 public:
  // key: 16 bytes (AES-128-GCM) or 32 (AES-256-GCM).
  static Result<AesGcm, CryptoError> create(ByteView key);
  ~AesGcm();
  AesGcm(AesGcm&&) noexcept;
  AesGcm& operator=(AesGcm&&) noexcept;

  // Encrypts data in place and writes the tag. False only when the library fails.
  bool seal_in_place(ByteView nonce, ByteView aad, MutableByteView data, MutableByteView tag);
  // Decrypts data in place. False: not authentic; data is then unspecified and must not be used.
  bool open_in_place(ByteView nonce, ByteView aad, MutableByteView data, ByteView tag);

  // Convenience forms that allocate: ciphertext ‖ tag.
  Bytes seal(ByteView nonce, ByteView aad, ByteView plaintext);
  Result<Bytes, CryptoError> open(ByteView nonce, ByteView aad, ByteView ciphertext_and_tag);

 private:
  struct Impl;
  explicit AesGcm(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// AES-128/256 in counter mode with a full 16-byte initial counter block (for SRTP AES-CM, RFC 3711 4.1.1).
class AesCtr {
 public:
  static Result<AesCtr, CryptoError> create(ByteView key);
  ~AesCtr();
  AesCtr(AesCtr&&) noexcept;
  AesCtr& operator=(AesCtr&&) noexcept;
  bool apply(const ByteArray<16>& counter, MutableByteView data);  // en- and decryption are the same

 private:
  struct Impl;
  explicit AesCtr(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// HMAC-SHA1 with the key set up once (SRTP authentication, RFC 3711 4.2.1). One thread.
class HmacSha1 {
 public:
  static Result<HmacSha1, CryptoError> create(ByteView key);
  ~HmacSha1();
  HmacSha1(HmacSha1&&) noexcept;
  HmacSha1& operator=(HmacSha1&&) noexcept;
  ByteArray<20> compute(ByteView first, ByteView second);  // of the concatenation

 private:
  struct Impl;
  explicit HmacSha1(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour::crypto

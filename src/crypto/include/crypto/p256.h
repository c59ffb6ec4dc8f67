// P-256: ECDSA with SHA-256 (FIPS 186-5; signatures raw r‖s, 64 bytes) and ECDH (SP 800-56A), and Ed25519
// (RFC 8032). Public keys are uncompressed points (65 bytes, 0x04 first); private keys are 32-byte scalars.
// Any thread for const members.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/error.h"
#include "crypto/secret.h"

namespace parlour::crypto {

using P256Point = ByteArray<65>;
using P256Signature = ByteArray<64>;

class P256Key {
 public:
  static P256Key generate();
  static Result<P256Key, CryptoError> from_private(ByteView scalar);  // 32 bytes
  static Result<P256Key, CryptoError> from_pem(std::string_view pem);
  ~P256Key();
  P256Key(P256Key&&) noexcept;
  P256Key& operator=(P256Key&&) noexcept;

  P256Point public_key() const;
  Secret private_scalar() const;
  std::string to_pem() const;  // PKCS#8, unencrypted: the caller keeps the file private
  P256Signature sign(ByteView message) const;
  // The shared x coordinate (32 bytes). Refuses points that are not on the curve.
  Result<Secret, CryptoError> ecdh(ByteView peer_public) const;

 private:
  struct Impl;
  explicit P256Key(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// False also for a malformed key or signature.
bool p256_verify(ByteView public_key, ByteView message, ByteView signature);
bool p256_is_point(ByteView public_key);

class Ed25519Key {
 public:
  static Ed25519Key generate();
  static Result<Ed25519Key, CryptoError> from_seed(ByteView seed);  // 32 bytes
  ~Ed25519Key();
  Ed25519Key(Ed25519Key&&) noexcept;
  Ed25519Key& operator=(Ed25519Key&&) noexcept;

  ByteArray<32> public_key() const;
  Secret seed() const;
  ByteArray<64> sign(ByteView message) const;

 private:
  struct Impl;
  explicit Ed25519Key(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};
bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature);

}  // namespace parlour::crypto

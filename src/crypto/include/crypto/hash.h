// SHA-256 and SHA-512 (FIPS 180-4), HMAC (RFC 2104), HKDF (RFC 5869), PBKDF2 (RFC 8018). Any thread.
#pragma once

#include <initializer_list>
#include <memory>

#include "base/bytes.h"
#include "crypto/secret.h"

namespace parlour::crypto {

using Hash256 = ByteArray<32>;

Hash256 sha256(ByteView data);
Hash256 sha256(std::initializer_list<ByteView> parts);  // of their concatenation
ByteArray<64> sha512(ByteView data);

// SHA-256 over data that comes in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(ByteView data);
  Hash256 finish();  // may be called once

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Hash256 hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);
ByteArray<20> hmac_sha1(ByteView key, std::initializer_list<ByteView> parts);

enum class HkdfHash { kSha256, kSha512 };
Secret hkdf_extract(HkdfHash hash, ByteView salt, ByteView key_material);
Secret hkdf_expand(HkdfHash hash, ByteView prk, ByteView info, std::size_t size);  // size ≤ 255 · hash length

Secret pbkdf2_sha256(ByteView password, ByteView salt, std::uint32_t iterations, std::size_t size);

// CRC-32C (Castagnoli, RFC 3720 B.4). Not a MAC: finds torn writes.
std::uint32_t crc32c(ByteView data);

}  // namespace parlour::crypto

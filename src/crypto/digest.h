// The SHA functions as plain values, and HMAC (RFC 2104) on top of them. Private to src/crypto.
//
// OpenSSL 3.0's EVP allocates at every start of a digest and at every copy of one, which the packet path must
// not and the Merkle log cannot afford; so this one file uses the SHA contexts below EVP (the same assembler
// code). No allocation, no failure, one thread per object.
#pragma once

#include <openssl/sha.h>

#include <initializer_list>

#include "base/bytes.h"

namespace parlour::crypto {

struct Sha1Digest {
  static constexpr std::size_t kSize = 20;
  static constexpr std::size_t kBlockSize = 64;
  void start();
  void update(ByteView data);
  void finish(MutableByteView out);  // out.size() == kSize

 private:
  SHA_CTX context_;
};

struct Sha256Digest {
  static constexpr std::size_t kSize = 32;
  static constexpr std::size_t kBlockSize = 64;
  void start();
  void update(ByteView data);
  void finish(MutableByteView out);

 private:
  SHA256_CTX context_;
};

struct Sha512Digest {
  static constexpr std::size_t kSize = 64;
  static constexpr std::size_t kBlockSize = 128;
  void start();
  void update(ByteView data);
  void finish(MutableByteView out);

 private:
  SHA512_CTX context_;
};

// HMAC with the key's two blocks hashed once. Wiped on destruction.
template <class Digest>
class Hmac {
 public:
  explicit Hmac(ByteView key);
  ~Hmac();
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;

  void compute(std::initializer_list<ByteView> parts, MutableByteView out) const;

 private:
  Digest inner_;
  Digest outer_;
};

extern template class Hmac<Sha1Digest>;
extern template class Hmac<Sha256Digest>;
extern template class Hmac<Sha512Digest>;

}  // namespace parlour::crypto

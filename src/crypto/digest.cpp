#define OPENSSL_SUPPRESS_DEPRECATED  // see digest.h for why
#include "digest.h"

#include <openssl/crypto.h>

#include "openssl_handles.h"

namespace parlour::crypto {

void Sha1Digest::start() {
  SHA1_Init(&context_);
}
void Sha1Digest::update(ByteView data) {
  SHA1_Update(&context_, data.data(), data.size());
}
void Sha1Digest::finish(MutableByteView out) {
  require(out.size() == kSize, "SHA-1 output size");
  SHA1_Final(out.data(), &context_);
}

void Sha256Digest::start() {
  SHA256_Init(&context_);
}
void Sha256Digest::update(ByteView data) {
  SHA256_Update(&context_, data.data(), data.size());
}
void Sha256Digest::finish(MutableByteView out) {
  require(out.size() == kSize, "SHA-256 output size");
  SHA256_Final(out.data(), &context_);
}

void Sha512Digest::start() {
  SHA512_Init(&context_);
}
void Sha512Digest::update(ByteView data) {
  SHA512_Update(&context_, data.data(), data.size());
}
void Sha512Digest::finish(MutableByteView out) {
  require(out.size() == kSize, "SHA-512 output size");
  SHA512_Final(out.data(), &context_);
}

template <class Digest>
Hmac<Digest>::Hmac(ByteView key) {
  ByteArray<Digest::kBlockSize> block{};
  if (key.size() > block.size()) {
    Digest hash;
    hash.start();
    hash.update(key);
    hash.finish(MutableByteView(block).first(Digest::kSize));
  } else if (!key.empty()) {
    std::memcpy(block.data(), key.data(), key.size());
  }
  for (std::uint8_t& byte : block) byte ^= 0x36;
  inner_.start();
  inner_.update(block);
  for (std::uint8_t& byte : block) byte ^= 0x36 ^ 0x5C;
  outer_.start();
  outer_.update(block);
  OPENSSL_cleanse(block.data(), block.size());
}

template <class Digest>
Hmac<Digest>::~Hmac() {
  OPENSSL_cleanse(&inner_, sizeof inner_);
  OPENSSL_cleanse(&outer_, sizeof outer_);
}

template <class Digest>
void Hmac<Digest>::compute(std::initializer_list<ByteView> parts, MutableByteView out) const {
  ByteArray<Digest::kSize> hash;
  Digest inner = inner_;
  for (ByteView part : parts) inner.update(part);
  inner.finish(hash);
  Digest outer = outer_;
  outer.update(hash);
  outer.finish(out);
}

template class Hmac<Sha1Digest>;
template class Hmac<Sha256Digest>;
template class Hmac<Sha512Digest>;

}  // namespace parlour::crypto

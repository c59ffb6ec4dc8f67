#include "crypto/hash.h"

#include "digest.h"

namespace parlour::crypto {

Hash256 sha256(ByteView data) {
  return sha256({data});
}

Hash256 sha256(std::initializer_list<ByteView> parts) {
  Sha256Digest digest;
  digest.start();
  for (ByteView part : parts) digest.update(part);
  Hash256 hash;
  digest.finish(hash);
  return hash;
}

ByteArray<64> sha512(ByteView data) {
  Sha512Digest digest;
  digest.start();
  digest.update(data);
  ByteArray<64> hash;
  digest.finish(hash);
  return hash;
}

struct Sha256::Impl {
  Sha256Digest digest;
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  impl_->digest.start();
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView data) {
  impl_->digest.update(data);
}

Hash256 Sha256::finish() {
  Hash256 hash;
  impl_->digest.finish(hash);
  return hash;
}

Hash256 hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  Hash256 out;
  Hmac<Sha256Digest>(key).compute(parts, out);
  return out;
}

ByteArray<20> hmac_sha1(ByteView key, std::initializer_list<ByteView> parts) {
  ByteArray<20> out;
  Hmac<Sha1Digest>(key).compute(parts, out);
  return out;
}

}  // namespace parlour::crypto

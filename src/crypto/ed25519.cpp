#include <openssl/err.h>

#include "crypto/p256.h"
#include "openssl_handles.h"

namespace parlour::crypto {

struct Ed25519Key::Impl {
  PkeyPtr key;
};

Ed25519Key::Ed25519Key(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ed25519Key::~Ed25519Key() = default;
Ed25519Key::Ed25519Key(Ed25519Key&&) noexcept = default;
Ed25519Key& Ed25519Key::operator=(Ed25519Key&&) noexcept = default;

Ed25519Key Ed25519Key::generate() {
  auto impl = std::make_unique<Impl>();
  impl->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  require(impl->key != nullptr, "Ed25519 key generation");
  return Ed25519Key(std::move(impl));
}

Result<Ed25519Key, CryptoError> Ed25519Key::from_seed(ByteView seed) {
  if (seed.size() != 32) return fail(CryptoError::kBadKey);
  auto impl = std::make_unique<Impl>();
  impl->key.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  if (!impl->key) return fail(CryptoError::kLibrary);
  return Ed25519Key(std::move(impl));
}

ByteArray<32> Ed25519Key::public_key() const {
  ByteArray<32> out;
  std::size_t size = out.size();
  require(EVP_PKEY_get_raw_public_key(impl_->key.get(), out.data(), &size) == 1 && size == out.size(),
          "Ed25519 public key");
  return out;
}

Secret Ed25519Key::seed() const {
  Secret out(32);
  std::size_t size = out.size();
  require(EVP_PKEY_get_raw_private_key(impl_->key.get(), out.mutable_view().data(), &size) == 1 && size == 32,
          "Ed25519 seed");
  return out;
}

ByteArray<64> Ed25519Key::sign(ByteView message) const {
  DigestCtxPtr context(EVP_MD_CTX_new());
  ByteArray<64> out;
  std::size_t size = out.size();
  require(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, impl_->key.get()) == 1 &&
              EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1 &&
              size == out.size(),
          "Ed25519 signature");
  return out;
}

bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature) {
  if (public_key.size() != 32 || signature.size() != 64) return false;
  PkeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  DigestCtxPtr context(EVP_MD_CTX_new());
  bool ok =
      key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) ==
          1;
  ERR_clear_error();
  return ok;
}

}  // namespace parlour::crypto

#include "crypto/aead.h"

#include <limits>

#include "crypto/secret.h"
#include "digest.h"
#include "openssl_handles.h"

namespace parlour::crypto {
namespace {

bool fits_int(std::size_t size) {
  return size <= static_cast<std::size_t>(std::numeric_limits<int>::max());
}

CipherCtxPtr make_context(const char* name, ByteView key) {
  CipherPtr cipher(EVP_CIPHER_fetch(nullptr, name, nullptr));
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  if (!cipher || !context ||
      EVP_EncryptInit_ex2(context.get(), cipher.get(), key.data(), nullptr, nullptr) != 1) {
    return nullptr;
  }
  return context;
}

}  // namespace

// One context serves both directions: only the direction flag and the nonce change from call to call, the key
// schedule stays.
struct AesGcm::Impl {
  CipherCtxPtr context;

  bool begin(ByteView nonce, ByteView aad, bool encrypt) {
    int ignored = 0;
    return nonce.size() == kGcmNonceSize && fits_int(aad.size()) &&
           EVP_CipherInit_ex(context.get(), nullptr, nullptr, nullptr, nonce.data(), encrypt ? 1 : 0) == 1 &&
           (aad.empty() || EVP_CipherUpdate(context.get(), nullptr, &ignored, aad.data(),
                                            static_cast<int>(aad.size())) == 1);
  }
  bool transform(MutableByteView data) {
    int written = 0;
    return data.empty() ||
           (fits_int(data.size()) && EVP_CipherUpdate(context.get(), data.data(), &written, data.data(),
                                                      static_cast<int>(data.size())) == 1);
  }
  bool finish() {
    std::uint8_t none[EVP_MAX_BLOCK_LENGTH];
    int written = 0;
    return EVP_CipherFinal_ex(context.get(), none, &written) == 1;
  }
};

AesGcm::AesGcm(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AesGcm::~AesGcm() = default;
AesGcm::AesGcm(AesGcm&&) noexcept = default;
AesGcm& AesGcm::operator=(AesGcm&&) noexcept = default;

Result<AesGcm, CryptoError> AesGcm::create(ByteView key) {
  if (key.size() != 16 && key.size() != 32) return fail(CryptoError::kBadKey);
  auto impl = std::make_unique<Impl>();
  impl->context = make_context(key.size() == 16 ? "AES-128-GCM" : "AES-256-GCM", key);
  if (!impl->context) return fail(CryptoError::kLibrary);
  return AesGcm(std::move(impl));
}

bool AesGcm::seal_in_place(ByteView nonce, ByteView aad, MutableByteView data, MutableByteView tag) {
  return tag.size() == kGcmTagSize && impl_->begin(nonce, aad, true) && impl_->transform(data) &&
         impl_->finish() &&
         EVP_CIPHER_CTX_ctrl(impl_->context.get(), EVP_CTRL_AEAD_GET_TAG, kGcmTagSize, tag.data()) == 1;
}

bool AesGcm::open_in_place(ByteView nonce, ByteView aad, MutableByteView data, ByteView tag) {
  if (tag.size() != kGcmTagSize || !impl_->begin(nonce, aad, false) || !impl_->transform(data)) return false;
  ByteArray<kGcmTagSize> expected;  // the control call wants a mutable pointer
  std::memcpy(expected.data(), tag.data(), kGcmTagSize);
  return EVP_CIPHER_CTX_ctrl(impl_->context.get(), EVP_CTRL_AEAD_SET_TAG, kGcmTagSize, expected.data()) ==
             1 &&
         impl_->finish();
}

Bytes AesGcm::seal(ByteView nonce, ByteView aad, ByteView plaintext) {
  Bytes out(plaintext.size() + kGcmTagSize);
  if (!plaintext.empty()) std::memcpy(out.data(), plaintext.data(), plaintext.size());
  MutableByteView all(out);
  require(seal_in_place(nonce, aad, all.first(plaintext.size()), all.last(kGcmTagSize)), "AES-GCM seal");
  return out;
}

Result<Bytes, CryptoError> AesGcm::open(ByteView nonce, ByteView aad, ByteView ciphertext_and_tag) {
  if (ciphertext_and_tag.size() < kGcmTagSize || nonce.size() != kGcmNonceSize)
    return fail(CryptoError::kBadInput);
  Bytes out = to_bytes(ciphertext_and_tag.first(ciphertext_and_tag.size() - kGcmTagSize));
  if (!open_in_place(nonce, aad, out, ciphertext_and_tag.last(kGcmTagSize))) {
    wipe(out);
    return fail(CryptoError::kNotAuthentic);
  }
  return out;
}

struct AesCtr::Impl {
  CipherCtxPtr context;
};

AesCtr::AesCtr(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AesCtr::~AesCtr() = default;
AesCtr::AesCtr(AesCtr&&) noexcept = default;
AesCtr& AesCtr::operator=(AesCtr&&) noexcept = default;

Result<AesCtr, CryptoError> AesCtr::create(ByteView key) {
  if (key.size() != 16 && key.size() != 32) return fail(CryptoError::kBadKey);
  auto impl = std::make_unique<Impl>();
  impl->context = make_context(key.size() == 16 ? "AES-128-CTR" : "AES-256-CTR", key);
  if (!impl->context) return fail(CryptoError::kLibrary);
  return AesCtr(std::move(impl));
}

bool AesCtr::apply(const ByteArray<16>& counter, MutableByteView data) {
  int written = 0;
  return EVP_CipherInit_ex(impl_->context.get(), nullptr, nullptr, nullptr, counter.data(), 1) == 1 &&
         (data.empty() ||
          (fits_int(data.size()) && EVP_CipherUpdate(impl_->context.get(), data.data(), &written, data.data(),
                                                     static_cast<int>(data.size())) == 1));
}

struct HmacSha1::Impl {
  explicit Impl(ByteView key) : hmac(key) {}
  Hmac<Sha1Digest> hmac;
};

HmacSha1::HmacSha1(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HmacSha1::~HmacSha1() = default;
HmacSha1::HmacSha1(HmacSha1&&) noexcept = default;
HmacSha1& HmacSha1::operator=(HmacSha1&&) noexcept = default;

Result<HmacSha1, CryptoError> HmacSha1::create(ByteView key) {
  if (key.empty()) return fail(CryptoError::kBadKey);
  return HmacSha1(std::make_unique<Impl>(key));
}

ByteArray<20> HmacSha1::compute(ByteView first, ByteView second) {
  ByteArray<20> out;
  impl_->hmac.compute({first, second}, out);
  return out;
}

}  // namespace parlour::crypto

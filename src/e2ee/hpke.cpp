#include "e2ee/hpke.h"

#include "crypto/hash.h"

namespace parlour::e2ee {
namespace {

using crypto::CryptoError;
using crypto::HkdfHash;
using crypto::Secret;

constexpr std::uint16_t kKemP256 = 0x0010;
constexpr std::uint16_t kKdfSha256 = 0x0001;
constexpr std::uint8_t kModeBase = 0x00;
constexpr std::size_t kSharedSecretSize = 32;

Bytes kem_suite() {
  Bytes id = to_bytes("KEM");
  Writer(id).u16(kKemP256);
  return id;
}

Bytes hpke_suite(HpkeAead aead) {
  Bytes id = to_bytes("HPKE");
  Writer(id).u16(kKemP256).u16(kKdfSha256).u16(static_cast<std::uint16_t>(aead));
  return id;
}

// Section 4.
Secret labeled_extract(ByteView suite, ByteView salt, std::string_view label, ByteView key_material) {
  Secret labeled(7 + suite.size() + label.size() + key_material.size());
  MutableByteView out = labeled.mutable_view();
  auto put = [&](ByteView part) {
    if (!part.empty()) std::memcpy(out.data(), part.data(), part.size());
    out = out.subspan(part.size());
  };
  put(as_bytes("HPKE-v1"));
  put(suite);
  put(as_bytes(label));
  put(key_material);
  return crypto::hkdf_extract(HkdfHash::kSha256, salt, labeled.view());
}

Secret labeled_expand(ByteView suite, ByteView prk, std::string_view label, ByteView info, std::size_t size) {
  Bytes labeled;
  Writer(labeled).u16(static_cast<std::uint16_t>(size)).text("HPKE-v1").bytes(suite).text(label).bytes(info);
  return crypto::hkdf_expand(HkdfHash::kSha256, prk, labeled, size);
}

// Section 4.1, ExtractAndExpand: dh and kem_context = enc ‖ pkR.
Secret kem_secret(const Secret& dh, ByteView enc, ByteView recipient_public) {
  Bytes suite = kem_suite();
  Secret eae_prk = labeled_extract(suite, {}, "eae_prk", dh.view());
  Bytes context = to_bytes(enc);
  append(context, recipient_public);
  return labeled_expand(suite, eae_prk.view(), "shared_secret", context, kSharedSecretSize);
}

}  // namespace

Result<HpkeContext, CryptoError> HpkeContext::schedule(Secret shared_secret, ByteView info, HpkeAead aead) {
  Bytes suite = hpke_suite(aead);
  Bytes context = {kModeBase};
  append(context, labeled_extract(suite, {}, "psk_id_hash", {}).view());
  append(context, labeled_extract(suite, {}, "info_hash", info).view());
  Secret secret = labeled_extract(suite, shared_secret.view(), "secret", {});
  std::size_t key_size = aead == HpkeAead::kAes128Gcm ? 16 : 32;
  Values values;
  values.key = labeled_expand(suite, secret.view(), "key", context, key_size);
  values.base_nonce = labeled_expand(suite, secret.view(), "base_nonce", context, crypto::kGcmNonceSize);
  values.shared_secret = std::move(shared_secret);
  auto cipher = crypto::AesGcm::create(values.key.view());
  if (!cipher) return fail(cipher.error());
  return HpkeContext(std::move(values), std::move(*cipher));
}

Result<HpkeContext, CryptoError> HpkeContext::setup_sender(const crypto::P256Key& ephemeral,
                                                           ByteView recipient_public, ByteView info,
                                                           HpkeAead aead) {
  auto dh = ephemeral.ecdh(recipient_public);
  if (!dh) return fail(dh.error());
  return schedule(kem_secret(*dh, ephemeral.public_key(), recipient_public), info, aead);
}

Result<HpkeContext, CryptoError> HpkeContext::setup_recipient(const crypto::P256Key& recipient, ByteView enc,
                                                              ByteView info, HpkeAead aead) {
  auto dh = recipient.ecdh(enc);
  if (!dh) return fail(dh.error());
  return schedule(kem_secret(*dh, enc, recipient.public_key()), info, aead);
}

ByteArray<crypto::kGcmNonceSize> HpkeContext::next_nonce() const {
  ByteArray<crypto::kGcmNonceSize> nonce;
  ByteView base = values_.base_nonce.view();
  std::copy(base.begin(), base.end(), nonce.begin());
  for (std::size_t i = 0; i < 8; ++i)
    nonce[nonce.size() - 1 - i] ^= static_cast<std::uint8_t>(sequence_ >> (8 * i));
  return nonce;
}

Bytes HpkeContext::seal(ByteView aad, ByteView plaintext) {
  Bytes ciphertext = aead_.seal(next_nonce(), aad, plaintext);
  ++sequence_;
  return ciphertext;
}

Result<Bytes, CryptoError> HpkeContext::open(ByteView aad, ByteView ciphertext) {
  auto plaintext = aead_.open(next_nonce(), aad, ciphertext);
  if (plaintext) ++sequence_;
  return plaintext;
}

Result<HpkeSealed, CryptoError> hpke_seal(ByteView recipient_public, ByteView info, ByteView aad,
                                          ByteView plaintext, HpkeAead aead) {
  crypto::P256Key ephemeral = crypto::P256Key::generate();
  auto context = HpkeContext::setup_sender(ephemeral, recipient_public, info, aead);
  if (!context) return fail(context.error());
  return HpkeSealed{ephemeral.public_key(), context->seal(aad, plaintext)};
}

Result<Secret, CryptoError> hpke_open(const crypto::P256Key& recipient, ByteView enc, ByteView info,
                                      ByteView aad, ByteView ciphertext, HpkeAead aead) {
  auto context = HpkeContext::setup_recipient(recipient, enc, info, aead);
  if (!context) return fail(context.error());
  auto plaintext = context->open(aad, ciphertext);
  if (!plaintext) return fail(plaintext.error());
  Secret secret{ByteView(*plaintext)};
  crypto::wipe(*plaintext);
  return secret;
}

}  // namespace parlour::e2ee

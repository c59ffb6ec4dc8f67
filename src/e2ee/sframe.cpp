#include "e2ee/sframe.h"

#include "crypto/hash.h"

namespace parlour::e2ee {
namespace {

struct SuiteParameters {
  crypto::HkdfHash hash;
  std::size_t key_size;
};

SuiteParameters parameters(SframeSuite suite) {
  return suite == SframeSuite::kAes128GcmSha256 ? SuiteParameters{crypto::HkdfHash::kSha256, 16}
                                                : SuiteParameters{crypto::HkdfHash::kSha512, 32};
}

Bytes label(std::string_view text, std::uint64_t kid, SframeSuite suite) {
  Bytes out = to_bytes(text);
  Writer(out).u64(kid).u16(static_cast<std::uint16_t>(suite));
  return out;
}

}  // namespace

Result<SframeKey, crypto::CryptoError> SframeKey::derive(SframeSuite suite, ByteView base_key,
                                                         std::uint64_t kid) {
  SuiteParameters p = parameters(suite);
  crypto::Secret secret = crypto::hkdf_extract(p.hash, {}, base_key);
  crypto::Secret key =
      crypto::hkdf_expand(p.hash, secret.view(), label("SFrame 1.0 Secret key ", kid, suite), p.key_size);
  crypto::Secret salt = crypto::hkdf_expand(
      p.hash, secret.view(), label("SFrame 1.0 Secret salt ", kid, suite), crypto::kGcmNonceSize);
  auto aead = crypto::AesGcm::create(key.view());
  if (!aead) return fail(aead.error());
  return SframeKey(kid, std::move(key), std::move(salt), std::move(*aead));
}

ByteArray<crypto::kGcmNonceSize> SframeKey::nonce(std::uint64_t counter) const {
  ByteArray<crypto::kGcmNonceSize> nonce;
  std::copy(salt_.view().begin(), salt_.view().end(), nonce.begin());
  for (std::size_t i = 0; i < 8; ++i)
    nonce[nonce.size() - 1 - i] ^= static_cast<std::uint8_t>(counter >> (8 * i));
  return nonce;
}

Bytes SframeKey::encrypt(std::uint64_t counter, ByteView metadata, ByteView plaintext) {
  auto header = encode_sframe_header(kid_, counter);
  Bytes aad = to_bytes(header.view());
  append(aad, metadata);
  Bytes out = to_bytes(header.view());
  append(out, aead_.seal(nonce(counter), aad, plaintext));
  return out;
}

Result<Bytes, FrameError> SframeKey::decrypt(ByteView metadata, ByteView sframe) {
  auto header = parse_sframe_header(sframe);
  if (!header) return fail(FrameError::kHeader);
  if (sframe.size() - header->size < kSframeTagSize) return fail(FrameError::kTooShort);
  if (header->kid != kid_) return fail(FrameError::kOtherKey);
  Bytes aad = to_bytes(sframe.first(header->size));
  append(aad, metadata);
  auto plaintext = aead_.open(nonce(header->counter), aad, sframe.subspan(header->size));
  if (!plaintext) return fail(FrameError::kNotAuthentic);
  return std::move(*plaintext);
}

Result<SframeKey, crypto::CryptoError> derive_frame_key(ByteView base_key, const Kid& kid) {
  if (base_key.size() != kBaseKeySize) return fail(crypto::CryptoError::kBadKey);
  return SframeKey::derive(SframeSuite::kAes256GcmSha512, base_key, kid.value());
}

Result<FrameParts, FrameError> split_frame(FrameCodec codec, ByteView frame) {
  FrameParts parts;
  parts.sframe = frame;
  if (codec == FrameCodec::kVp8) {
    auto shim = parse_shim(frame);
    if (!shim) return fail(FrameError::kShim);
    parts.shim = frame.first(shim->size);
    parts.key_frame = shim->key_frame;
    parts.sframe = frame.subspan(shim->size);
  }
  auto header = parse_sframe_header(parts.sframe);
  if (!header) return fail(FrameError::kHeader);
  if (parts.sframe.size() - header->size < kSframeTagSize) return fail(FrameError::kTooShort);
  parts.header = *header;
  return parts;
}

Bytes seal_frame(FrameCodec codec, SframeKey& key, std::uint64_t counter, ByteView plaintext) {
  if (codec == FrameCodec::kOpus) return key.encrypt(counter, {}, plaintext);
  bool key_frame = !plaintext.empty() && vp8_is_key_frame(plaintext);
  ByteView shim = key_frame ? ByteView(kShimKey) : ByteView(kShimDelta);
  Bytes out = to_bytes(shim);
  append(out, key.encrypt(counter, shim, plaintext));
  return out;
}

Result<Bytes, FrameError> open_frame(FrameCodec codec, SframeKey& key, ByteView frame) {
  auto parts = split_frame(codec, frame);
  if (!parts) return fail(parts.error());
  auto plaintext = key.decrypt(parts->shim, parts->sframe);
  if (plaintext && codec == FrameCodec::kVp8 && !plaintext->empty() &&
      vp8_is_key_frame(*plaintext) != parts->key_frame) {
    return fail(FrameError::kKeyBit);
  }
  return plaintext;
}

std::string_view to_text(FrameError error) {
  switch (error) {
    case FrameError::kTooShort:
      return "too_short";
    case FrameError::kShim:
      return "shim";
    case FrameError::kHeader:
      return "header";
    case FrameError::kOtherKey:
      return "other_key";
    case FrameError::kNotAuthentic:
      return "not_authentic";
    case FrameError::kKeyBit:
      return "key_bit";
  }
  return "unknown";
}

}  // namespace parlour::e2ee

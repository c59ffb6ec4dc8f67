#include "srtp_transform.h"

#include <algorithm>

namespace parlour::rtc {

namespace {

constexpr std::size_t kRtcpHeaderSize = 8;
constexpr std::size_t kIndexWordSize = 4;
constexpr std::uint32_t kEncryptedBit = 0x80000000u;
constexpr std::size_t kSessionAuthenticationKeySize = 20;

}  // namespace

std::size_t srtp_salt_size(crypto::SrtpProfile profile) {
  return profile == crypto::SrtpProfile::kAeadAes128Gcm ? 12 : 14;
}

std::size_t srtp_tag_size(crypto::SrtpProfile profile) {
  return profile == crypto::SrtpProfile::kAeadAes128Gcm ? crypto::kGcmTagSize : kSrtpHmacTagSize;
}

std::optional<std::size_t> rtp_header_size(ByteView packet) {
  if (packet.size() < 12 || packet[0] >> 6 != 2) return std::nullopt;
  std::size_t size = 12 + 4 * std::size_t{packet[0] & 0x0Fu};
  if ((packet[0] & 0x10) != 0) {
    if (packet.size() < size + 4) return std::nullopt;
    size += 4 + 4 * std::size_t{load_u16(&packet[size + 2])};
  }
  if (size > packet.size()) return std::nullopt;
  return size;
}

crypto::Secret derive_srtp_key(ByteView master_key, ByteView master_salt, SrtpLabel label, std::size_t size) {
  auto prf = crypto::AesCtr::create(master_key);
  if (!prf || master_salt.size() > 14) return {};
  ByteArray<16> block{};  // (label·2^48 XOR salt)·2^16: the label falls on byte 7
  std::copy(master_salt.begin(), master_salt.end(), block.begin());
  block[7] ^= static_cast<std::uint8_t>(label);
  crypto::Secret key(size);
  if (!prf->apply(block, key.mutable_view())) return {};
  return key;
}

SrtpTransform::SrtpTransform(crypto::SrtpProfile profile, ByteView salt) : profile_(profile), salt_(salt) {}

std::optional<SrtpTransform> SrtpTransform::create(crypto::SrtpProfile profile, ByteView cipher_key,
                                                   ByteView authentication_key, ByteView salt) {
  if (cipher_key.size() != kSrtpMasterKeySize || salt.size() != srtp_salt_size(profile)) return std::nullopt;
  SrtpTransform transform(profile, salt);
  if (transform.is_gcm()) {
    auto gcm = crypto::AesGcm::create(cipher_key);
    if (!gcm) return std::nullopt;
    transform.gcm_.emplace(std::move(gcm).value());
    return transform;
  }
  auto ctr = crypto::AesCtr::create(cipher_key);
  auto hmac = crypto::HmacSha1::create(authentication_key);
  if (!ctr || !hmac) return std::nullopt;
  transform.ctr_.emplace(std::move(ctr).value());
  transform.hmac_.emplace(std::move(hmac).value());
  return transform;
}

std::optional<SrtpTransform> SrtpTransform::derive(crypto::SrtpProfile profile, ByteView master_key,
                                                   ByteView master_salt, bool rtcp) {
  if (master_key.size() != kSrtpMasterKeySize || master_salt.size() != srtp_salt_size(profile))
    return std::nullopt;
  const auto derive_key = [&](SrtpLabel rtp_label, std::size_t size) {
    const auto label = static_cast<SrtpLabel>(static_cast<std::uint8_t>(rtp_label) + (rtcp ? 3 : 0));
    return derive_srtp_key(master_key, master_salt, label, size);
  };
  const crypto::Secret cipher = derive_key(SrtpLabel::kRtpCipher, kSrtpMasterKeySize);
  const crypto::Secret authentication =
      derive_key(SrtpLabel::kRtpAuthentication, kSessionAuthenticationKeySize);
  const crypto::Secret salt = derive_key(SrtpLabel::kRtpSalt, srtp_salt_size(profile));
  return create(profile, cipher.view(), authentication.view(), salt.view());
}

ByteArray<12> SrtpTransform::gcm_nonce(std::uint32_t ssrc, std::uint64_t index) const {
  // 00 00 ‖ SSRC ‖ index in 48 bits. An SRTCP index is 31 bits, so its high 16 bits are the zeros of RFC
  // 7714 9.1.
  ByteArray<12> nonce{};
  store_u32(&nonce[2], ssrc);
  store_u16(&nonce[6], static_cast<std::uint16_t>(index >> 32));
  store_u32(&nonce[8], static_cast<std::uint32_t>(index));
  const ByteView salt = salt_.view();
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] ^= salt[i];
  return nonce;
}

ByteArray<16> SrtpTransform::ctr_block(std::uint32_t ssrc, std::uint64_t index) const {
  // (salt·2^16) XOR (SSRC·2^64) XOR (index·2^16).
  ByteArray<16> block{};
  store_u32(&block[4], ssrc);
  store_u16(&block[8], static_cast<std::uint16_t>(index >> 32));
  store_u32(&block[10], static_cast<std::uint32_t>(index));
  const ByteView salt = salt_.view();
  for (std::size_t i = 0; i < salt.size(); ++i) block[i] ^= salt[i];
  return block;
}

bool SrtpTransform::seal_rtp(MutableByteView packet, std::size_t header_size, std::uint64_t index) {
  const std::size_t plain_size = packet.size() - tag_size();
  const MutableByteView payload = packet.subspan(header_size, plain_size - header_size);
  const MutableByteView tag = packet.subspan(plain_size);
  const std::uint32_t ssrc = load_u32(&packet[8]);
  if (is_gcm()) return gcm_->seal_in_place(gcm_nonce(ssrc, index), packet.first(header_size), payload, tag);
  if (!payload.empty() && !ctr_->apply(ctr_block(ssrc, index), payload)) return false;
  ByteArray<4> roll_over;
  store_u32(roll_over.data(), static_cast<std::uint32_t>(index >> 16));
  const auto full = hmac_->compute(packet.first(plain_size), roll_over);
  std::copy_n(full.begin(), kSrtpHmacTagSize, tag.begin());
  return true;
}

bool SrtpTransform::open_rtp(MutableByteView packet, std::size_t header_size, std::uint64_t index) {
  const std::size_t plain_size = packet.size() - tag_size();
  const MutableByteView payload = packet.subspan(header_size, plain_size - header_size);
  const ByteView tag = packet.subspan(plain_size);
  const std::uint32_t ssrc = load_u32(&packet[8]);
  if (is_gcm()) return gcm_->open_in_place(gcm_nonce(ssrc, index), packet.first(header_size), payload, tag);
  ByteArray<4> roll_over;
  store_u32(roll_over.data(), static_cast<std::uint32_t>(index >> 16));
  const auto full = hmac_->compute(packet.first(plain_size), roll_over);
  if (!crypto::equal_constant_time(ByteView(full).first(kSrtpHmacTagSize), tag)) return false;
  return payload.empty() || ctr_->apply(ctr_block(ssrc, index), payload);
}

std::size_t SrtpTransform::srtcp_index_offset(std::size_t packet_size) const {
  return packet_size - kIndexWordSize - (is_gcm() ? 0 : tag_size());
}

bool SrtpTransform::seal_rtcp(MutableByteView packet, std::uint32_t index) {
  const std::size_t plain_size = packet.size() - tag_size() - kIndexWordSize;
  const MutableByteView payload = packet.subspan(kRtcpHeaderSize, plain_size - kRtcpHeaderSize);
  const std::uint32_t ssrc = load_u32(&packet[4]);
  const std::size_t word_offset = srtcp_index_offset(packet.size());
  store_u32(&packet[word_offset], index | kEncryptedBit);
  if (is_gcm()) {
    ByteArray<kRtcpHeaderSize + kIndexWordSize> aad;  // RFC 7714 section 9.2
    std::copy_n(packet.begin(), kRtcpHeaderSize, aad.begin());
    store_u32(&aad[kRtcpHeaderSize], index | kEncryptedBit);
    return gcm_->seal_in_place(gcm_nonce(ssrc, index), aad, payload, packet.subspan(plain_size, tag_size()));
  }
  if (!payload.empty() && !ctr_->apply(ctr_block(ssrc, index), payload)) return false;
  const auto full = hmac_->compute(packet.first(word_offset + kIndexWordSize), {});
  std::copy_n(full.begin(), kSrtpHmacTagSize, packet.subspan(word_offset + kIndexWordSize).begin());
  return true;
}

bool SrtpTransform::open_rtcp(MutableByteView packet, std::uint32_t index) {
  const std::size_t plain_size = packet.size() - tag_size() - kIndexWordSize;
  const MutableByteView payload = packet.subspan(kRtcpHeaderSize, plain_size - kRtcpHeaderSize);
  const std::uint32_t ssrc = load_u32(&packet[4]);
  if (is_gcm()) {
    ByteArray<kRtcpHeaderSize + kIndexWordSize> aad;
    std::copy_n(packet.begin(), kRtcpHeaderSize, aad.begin());
    store_u32(&aad[kRtcpHeaderSize], index | kEncryptedBit);
    return gcm_->open_in_place(gcm_nonce(ssrc, index), aad, payload, packet.subspan(plain_size, tag_size()));
  }
  const std::size_t tag_offset = packet.size() - tag_size();
  const auto full = hmac_->compute(packet.first(tag_offset), {});
  if (!crypto::equal_constant_time(ByteView(full).first(kSrtpHmacTagSize), packet.subspan(tag_offset)))
    return false;
  return payload.empty() || ctr_->apply(ctr_block(ssrc, index), payload);
}

}  // namespace parlour::rtc

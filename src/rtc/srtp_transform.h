// SRTP and SRTCP with given session keys and a given index: the cipher work without any state of streams.
// Private to rtc; apart from srtp.h so that the vectors of RFC 7714 (which give session keys) can be tested.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/dtls.h"
#include "crypto/secret.h"

namespace parlour::rtc {

constexpr std::size_t kSrtpHmacTagSize = 10;
constexpr std::size_t kSrtpMasterKeySize = 16;

// Labels of RFC 3711 4.3.1 and 4.3.2.
enum class SrtpLabel : std::uint8_t {
  kRtpCipher = 0,
  kRtpAuthentication = 1,
  kRtpSalt = 2,
  kRtcpCipher = 3,
  kRtcpAuthentication = 4,
  kRtcpSalt = 5,
};
// AES-CM PRF with a key derivation rate of zero. salt: 14 bytes, or 12 that count as the high-order ones (RFC
// 7714 section 11). Empty on a wrong length.
crypto::Secret derive_srtp_key(ByteView master_key, ByteView master_salt, SrtpLabel label, std::size_t size);

std::size_t srtp_salt_size(crypto::SrtpProfile profile);
std::size_t srtp_tag_size(crypto::SrtpProfile profile);
// Length of the RTP header with CSRCs and extensions; nullopt when it is no RTP header or runs past the end.
std::optional<std::size_t> rtp_header_size(ByteView packet);

class SrtpTransform {
 public:
  // authentication_key: 20 bytes for AES-CM, ignored for GCM. Nullopt on wrong lengths.
  static std::optional<SrtpTransform> create(crypto::SrtpProfile profile, ByteView cipher_key,
                                             ByteView authentication_key, ByteView salt);
  // The session keys of RTP or RTCP, from the master key.
  static std::optional<SrtpTransform> derive(crypto::SrtpProfile profile, ByteView master_key,
                                             ByteView master_salt, bool rtcp);

  std::size_t tag_size() const { return srtp_tag_size(profile_); }

  // packet = header, plain payload, room for the tag.
  bool seal_rtp(MutableByteView packet, std::size_t header_size, std::uint64_t index);
  // packet = header, encrypted payload, tag. False: not authentic.
  bool open_rtp(MutableByteView packet, std::size_t header_size, std::uint64_t index);

  // packet = compound, room for tag and index word in the order of the profile.
  bool seal_rtcp(MutableByteView packet, std::uint32_t index);
  // The index word is at srtcp_index_offset(); its E bit must have been checked.
  bool open_rtcp(MutableByteView packet, std::uint32_t index);
  // GCM: tag ‖ word; AES-CM: word ‖ tag.
  std::size_t srtcp_index_offset(std::size_t packet_size) const;

 private:
  SrtpTransform(crypto::SrtpProfile profile, ByteView salt);
  bool is_gcm() const { return profile_ == crypto::SrtpProfile::kAeadAes128Gcm; }
  // Initialisation values of RFC 7714 8.1, 9.1 and RFC 3711 4.1.1.
  ByteArray<12> gcm_nonce(std::uint32_t ssrc, std::uint64_t index) const;
  ByteArray<16> ctr_block(std::uint32_t ssrc, std::uint64_t index) const;

  crypto::SrtpProfile profile_;
  crypto::Secret salt_;
  std::optional<crypto::AesGcm> gcm_;
  std::optional<crypto::AesCtr> ctr_;
  std::optional<crypto::HmacSha1> hmac_;
};

}  // namespace parlour::rtc

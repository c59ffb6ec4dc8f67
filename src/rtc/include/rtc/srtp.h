// SRTP and SRTCP sessions (RFC 3711 with AES_CM_128_HMAC_SHA1_80; RFC 7714 with AEAD_AES_128_GCM), sans-I/O.
//
// One SrtpReceiver and one SrtpSender per connection, each for all of its SSRCs (they share the session keys,
// the roll-over counters and windows are per SSRC). Packets are changed in place. No allocation per packet; a
// new SSRC may allocate once, and a receiver takes note of an SSRC only after its first packet was authentic.
// One thread per object.
//
// Nonce safety: a sender refuses to protect the same index of an SSRC twice (kReplay), and SSRCs are never
// forgotten, so neither retransmission nor reuse of an m-line can repeat a nonce. Retransmit by RTX
// (rtc/rtx.h), with a fresh SSRC for each new downlink stream.
//
// What it does not do: MKI, re-keying (a new DTLS session makes new objects), unencrypted SRTCP (E=0 is
// refused), header encryption (RFC 6904).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/dtls.h"

namespace parlour::rtc {

using crypto::SrtpProfile;

// Room that must be free behind a packet: tag (16 for GCM, 10 for HMAC) and, for SRTCP, the 4-byte index.
constexpr std::size_t kSrtpMaxOverhead = 16;
constexpr std::size_t kSrtcpMaxOverhead = 20;
// Packets are refused when this much older than the newest of their SSRC.
constexpr std::size_t kSrtpReplayWindow = 1024;
constexpr std::size_t kSrtcpReplayWindow = 128;

enum class SrtpError : std::uint8_t {
  kBadKey,     // create(): wrong length of key or salt
  kMalformed,  // no RTP or RTCP header, or too short for tag and index
  kReplay,     // index seen before or too old; for a sender: would repeat a nonce
  kNotAuthentic,
  kTooManySsrcs,
  kNoRoom,        // the buffer has no room for tag and index
  kKeyExhausted,  // 2^48 RTP or 2^31 RTCP packets of one SSRC
  kCrypto,        // the library failed
};
std::string_view to_text(SrtpError error);

struct SrtpRtp {
  std::size_t size;     // of the plain packet, a prefix of the buffer
  std::uint64_t index;  // ROC·2^16 + sequence (RFC 3711 3.3.1): the extended sequence number
};

class SrtpReceiver {
 public:
  // key: 16 bytes; salt: 14 (AES-CM) or 12 (GCM), as DTLS-SRTP exports them.
  static Result<SrtpReceiver, SrtpError> create(SrtpProfile profile, ByteView key, ByteView salt,
                                                std::size_t ssrcs_max = 64);
  ~SrtpReceiver();
  SrtpReceiver(SrtpReceiver&&) noexcept;
  SrtpReceiver& operator=(SrtpReceiver&&) noexcept;

  // After an error the packet's bytes are unspecified.
  Result<SrtpRtp, SrtpError> unprotect_rtp(MutableByteView packet);
  // The size of the plain compound packet, a prefix of the buffer.
  Result<std::size_t, SrtpError> unprotect_rtcp(MutableByteView packet);

 private:
  struct Impl;
  explicit SrtpReceiver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class SrtpSender {
 public:
  static Result<SrtpSender, SrtpError> create(SrtpProfile profile, ByteView key, ByteView salt,
                                              std::size_t ssrcs_max = 1024);
  ~SrtpSender();
  SrtpSender(SrtpSender&&) noexcept;
  SrtpSender& operator=(SrtpSender&&) noexcept;

  // buffer.first(size) is the plain packet; buffer must have kSrtpMaxOverhead (kSrtcpMaxOverhead) bytes
  // behind it. Returns the size of the protected packet. The roll-over counter is kept per SSRC by the
  // nearest-value rule.
  Result<std::size_t, SrtpError> protect_rtp(MutableByteView buffer, std::size_t size);
  // The same with the roll-over counter given: index = ROC·2^16 + sequence; its low 16 bits must be the
  // packet's.
  Result<std::size_t, SrtpError> protect_rtp_at(MutableByteView buffer, std::size_t size,
                                                std::uint64_t index);
  Result<std::size_t, SrtpError> protect_rtcp(MutableByteView buffer, std::size_t size);

 private:
  struct Impl;
  explicit SrtpSender(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour::rtc

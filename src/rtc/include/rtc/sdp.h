// SDP as Parlour uses it (RFC 8866, 8829, 9143, 8840, 8842): the server always offers, the browser answers.
//
// SdpOffer is the whole truth about an offer: make_offer() writes it, parse_answer() judges an answer against
// it. The answer is hostile input: sizes are limited, every refusal has a name and a line. What is accepted
// is only what was offered: codecs, extension ids, directions; BUNDLE, rtcp-mux, DTLS role active and a
// SHA-256 fingerprint are demanded. rtcp-fb and fmtp lines for payload types that are not on the m-line are
// ignored (Firefox leaves such orphans, e2ee.md 11 test 21). Candidates are counted and ignored: a lite agent
// never sends checks, so an answer can make it talk to nobody. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "rtc/address.h"
#include "rtc/ice.h"

namespace parlour::rtc {

// Payload types of our offers.
constexpr std::uint8_t kOpusPayloadType = 111;
constexpr std::uint8_t kVp8PayloadType = 96;
constexpr std::uint8_t kVp8RtxPayloadType = 97;
constexpr std::uint32_t kOpusClockRate = 48'000;
constexpr std::uint32_t kVp8ClockRate = 90'000;

constexpr std::size_t kSdpMaxSize = 64 * 1024;
constexpr std::size_t kSdpMaxLines = 2'000;
constexpr std::size_t kSdpMaxLineSize = 1'024;
constexpr std::size_t kSdpMaxMedia = 32;
constexpr std::size_t kSdpMaxCandidates = 64;  // in the whole description
constexpr std::size_t kSdpMaxSsrcs = 8;        // on one m-line

enum class MediaKind : std::uint8_t { kAudio, kVideo };
enum class MediaDirection : std::uint8_t {
  kInactive,
  kSendOnly,
  kRecvOnly,
  kSendRecv
};  // of who wrote the line

// What the server sends on a downlink m-line.
struct SdpSource {
  std::uint32_t ssrc = 0;
  std::uint32_t rtx_ssrc = 0;  // 0: none (audio)
  std::string cname;
  std::string stream_id;  // msid: tracks with the same one are played in sync
  std::string track_id;
  friend bool operator==(const SdpSource&, const SdpSource&) = default;
};

struct MediaOffer {
  std::string mid;  // uplinks: the slot, "0".."2"
  MediaKind kind = MediaKind::kAudio;
  MediaDirection direction =
      MediaDirection::kInactive;    // kRecvOnly: uplink; kSendOnly: downlink; kInactive: parked
  std::optional<SdpSource> source;  // with kSendOnly
  friend bool operator==(const MediaOffer&, const MediaOffer&) = default;
};

struct SdpOffer {
  std::uint64_t session_id = 0;       // constant for the life of the connection
  std::uint64_t session_version = 0;  // counts up with every offer
  IceCredentials ice;
  crypto::Hash256 fingerprint{};
  std::vector<Address> candidates;  // host, UDP
  std::vector<MediaOffer> media;    // never fewer than before: m-lines are reused, not removed
};

// CRLF lines. Uplinks carry mid, transport-cc and abs-send-time with transport-cc feedback; downlinks mid
// only, because the server does not estimate downlinks by transport-cc. Opus: cbr=1 (length must not leak
// speech), no FEC, no DTX.
std::string make_offer(const SdpOffer& offer);

// "AB:CD:…", upper case (RFC 8122 section 5).
std::string fingerprint_text(const crypto::Hash256& fingerprint);

enum class SdpErrorCode : std::uint8_t {
  kTooLarge,
  kTooManyLines,
  kLineTooLong,
  kBadLine,         // not "x=…", control characters, bytes that are not UTF-8
  kMissingVersion,  // does not begin with v=0
  kTooManyMedia,
  kMediaMismatch,  // number, kind or order of m-lines is not the offer's
  kBadMedia,       // the m-line itself does not parse
  kBadProtocol,    // not UDP/TLS/RTP/SAVPF
  kMissingMid,
  kBadMid,  // not the mid that was offered at this place
  kDuplicateMid,
  kMissingBundle,
  kBadBundle,  // names a mid that does not exist or is rejected, or leaves an accepted one out
  kMissingRtcpMux,
  kMissingIce,
  kBadIce,  // wrong characters or length, or different on bundled m-lines
  kMissingFingerprint,
  kBadFingerprint,  // not sha-256 or malformed; or different on bundled m-lines
  kMissingSetup,
  kBadSetup,  // not active
  kTooManyCandidates,
  kBadCandidate,     // does not have the form of RFC 8839 5.1
  kNoCodec,          // an accepted m-line without Opus or VP8
  kCodecNotOffered,  // a payload type or rtpmap that was not in the offer
  kDuplicatePayloadType,
  kBadRtpmap,
  kBadExtmap,
  kExtensionNotOffered,
  kDuplicateExtension,
  kBadDirection,  // not an answer to the offered direction, or given twice
  kBadSsrc,
  kDuplicateSsrc,  // on two m-lines, or in two roles
  kTooManySsrcs,
  kBadSsrcGroup,
};
// A short English sentence for `refused {code, text}` and logs; carries nothing of the input.
std::string_view to_text(SdpErrorCode code);

struct SdpError {
  SdpErrorCode code;
  std::size_t line = 0;  // from 1; 0: the description as a whole
};

struct MediaAnswer {
  std::string mid;
  MediaKind kind = MediaKind::kAudio;
  bool rejected = false;                                 // port 0: nothing below is set
  MediaDirection direction = MediaDirection::kInactive;  // the browser's: kSendOnly answers an uplink
  std::uint8_t payload_type = 0;                         // Opus or VP8
  std::uint8_t rtx_payload_type = 0;                     // 0: none
  std::vector<std::uint8_t> extension_ids;               // accepted ones, of the ids in header_extensions.h
  std::optional<std::uint32_t> ssrc;      // what the browser will send; absent when it did not say
  std::optional<std::uint32_t> rtx_ssrc;  // by ssrc-group FID
  bool has_extension(std::uint8_t id) const;
};

struct SdpAnswer {
  IceCredentials ice;
  crypto::Hash256 fingerprint{};
  std::vector<MediaAnswer> media;  // one per offered m-line, in order
  std::size_t candidates_ignored = 0;
};

Result<SdpAnswer, SdpError> parse_answer(std::string_view text, const SdpOffer& offer);

}  // namespace parlour::rtc

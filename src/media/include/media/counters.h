// What was dropped, by reason, and what went through. Plain numbers of one shard; read on its thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace parlour::media {

enum class Drop : std::uint8_t {
  kNotClassified,     // first byte is none of STUN, DTLS, RTP (RFC 7983), or the datagram is too short
  kUnknownAddress,    // not STUN, from an address that no authenticated check has come from
  kStunNotForUs,      // malformed, or for no username of ours
  kAddressTaken,      // a check from an address that another live endpoint has proven
  kStunNotAuthentic,  // MESSAGE-INTEGRITY does not match
  kNotProven,         // not sent: three times what came from an address that has not finished DTLS
  kRateLimited,       // an endpoint beyond its share of packets
  kNoKeysYet,         // SRTP before DTLS has finished
  kNotAuthentic,      // SRTP or SRTCP tag does not match
  kReplay,            // SRTP index seen before or too old
  kMalformedRtp,
  kMalformedRtcp,
  kUnknownStream,    // no uplink of this sender has the SSRC, mid and payload type
  kSourceChanges,    // another SSRC for a stream once more within a minute
  kDuplicate,        // the sequence number has arrived before (a retransmission that was not needed)
  kGuardUnarmed,     // set_guard has not been called for the sender
  kGuardStopped,     // the stream's guard has tripped
  kFrameNotJudged,   // the start of its frame never came
  kRouteClosed,      // set_route says no
  kLeaseExpired,     // the room's lease is over
  kEpochNotAllowed,  // the KID's epoch may not be forwarded now
  kWaitingForKeyFrame,
  kReceiverNotReady,  // the receiver is not connected or has not answered the offer
  kOutputFull,        // the batch of outgoing packets was not drained
  kCount,
};

std::string_view to_text(Drop drop);

struct Counters {
  std::array<std::uint64_t, static_cast<std::size_t>(Drop::kCount)> drops{};
  std::uint64_t datagrams_in = 0;
  std::uint64_t rtp_in = 0;
  std::uint64_t forwarded = 0;      // RTP packets sent to receivers, without retransmissions
  std::uint64_t retransmitted = 0;  // RTX packets sent to receivers
  std::uint64_t recovered = 0;      // packets that came by RTX
  std::uint64_t to_sink = 0;
  std::uint64_t nacks_sent = 0;  // sequence numbers asked for
  std::uint64_t key_frame_requests_sent = 0;

  std::uint64_t operator[](Drop drop) const { return drops[static_cast<std::size_t>(drop)]; }
  void count(Drop drop) { ++drops[static_cast<std::size_t>(drop)]; }
};

}  // namespace parlour::media

// What the media plane shows to receivers that are not browsers (the recorder): ids, streams, packets, facts.
// This is the only header of media that recording may include.
#pragma once

#include <compare>
#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"

namespace parlour::media {

// Given by the control plane; media knows nothing of people. Never used again in a process.
struct EndpointId {
  std::uint64_t value = 0;
  friend auto operator<=>(EndpointId, EndpointId) = default;
};
// The set of endpoints that may hear each other; one per live meeting.
struct RoomId {
  std::uint64_t value = 0;
  friend auto operator<=>(RoomId, RoomId) = default;
};

// e2ee.md 6: slot of a sender's stream; also the mid of its uplink m-line.
enum class Slot : std::uint8_t { kMicrophone = 0, kCamera = 1, kScreen = 2 };
enum class Codec : std::uint8_t { kOpus = 1, kVp8 = 2 };

// A stream of one sender as the server received it.
struct StreamInfo {
  std::uint32_t stream = 0;  // unique in a room for the life of the process
  EndpointId endpoint;
  std::uint8_t sender_index = 0;  // the Roster's idx
  Slot slot = Slot::kMicrophone;
  Codec codec = Codec::kOpus;
  std::uint32_t ssrc = 0;
  std::uint32_t clock_rate = 0;  // Hz
};

// A receiver inside the server. Thread: the shard's; calls must not block and must not keep the views.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void on_stream_added(const StreamInfo& stream, SteadyTime now) = 0;
  virtual void on_stream_removed(std::uint32_t stream, SteadyTime now) = 0;
  // Each packet once, after SRTP, RTX unwrapping, the guard and the gate, as the sender made it. `sequence`
  // is extended to 64 bits by roll-overs. `rtp_header` is the whole RTP header with extensions as received.
  virtual void on_packet(std::uint32_t stream, std::uint64_t sequence, SteadyTime arrival,
                         ByteView rtp_header, ByteView payload) = 0;
  // RFC 3550 6.4.1: ntp is the 64-bit NTP timestamp of the sender's clock.
  virtual void on_sender_report(std::uint32_t stream, std::uint32_t rtp_time, std::uint64_t ntp,
                                SteadyTime arrival) = 0;
};

}  // namespace parlour::media

// The media plane of one thread: endpoints, their streams, and the forwarding between them. Sans-I/O.
//
//   datagram ─► handle() ─┬─ STUN ─► ICE-lite            ┌─► output(): packets to send, in order
//                         ├─ DTLS ─► keys                │
//                         └─ SRTP ─► guard ─► gate ──────┴─► Sink (the recorder)
//
// Contract:
// - One thread owns a Shard; nothing is locked. A Sink is called on that thread.
// - After any call that takes `now`, drain output() (send, then clear()), take_facts(), and look at
//   next_deadline(). output() holds the packets themselves: views into it are valid until clear(). When it is
//   full further packets are dropped and counted, so drain it between datagrams as well when it fills.
// - Everything is refused until it is allowed: a route until set_route, the sink until set_sink_allowed, a
//   leased room until set_lease, a sender's packets until set_guard. The control plane decides, this applies.
// - A forwarded packet costs one decryption, one copy per receiver and one encryption per receiver; no
//   allocation once its streams have sent for a second.
// - Media is never opened: the guard reads the SFrame header and the codec shim, the key-frame bit of the
// shim
//   stands for the frame's.
//
// Negotiation: the server always offers. Uplinks are mid "0" microphone, "1" camera, "2" screen. A receiver
// gets three more m-lines (audio, video, video) for each sender from the moment that its route was allowed
// for the first time; they are parked (inactive) and used again when the sender is gone. Whenever that
// changes for a receiver there is a fact OfferNeeded; nothing flows on a new m-line before the answer that
// accepts it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "media/counters.h"
#include "media/endpoint.h"
#include "media/facts.h"
#include "media/output.h"
#include "rtc/address.h"
#include "rtc/ice.h"
#include "rtc/sdp.h"

namespace parlour::media {

struct ShardConfig {
  const crypto::Certificate* certificate = nullptr;  // of the process; outlives the shard
  Random* random = nullptr;                          // outlives the shard; unpredictable in production
  std::vector<rtc::Address> candidates;              // what offers name as our address
};

struct RoomConfig {
  // True: nothing is forwarded nor given to the sink unless set_lease() reaches beyond now, and no epoch is
  // allowed before set_epochs_allowed(). For rooms whose recording is required.
  bool leased = false;
  std::size_t endpoints_max = 8;
};

struct EndpointConfig {
  bool sends = true;  // false: a listener without uplinks
};

// e2ee.md 7. Nothing of a sender passes before this is set; `enabled = false` is for measurements without
// SFrame.
struct GuardConfig {
  bool enabled = true;
  std::uint8_t index = 0;          // the Roster's idx of this sender
  std::uint16_t newest_epoch = 0;  // of the newest Roster
};

// Which epochs of a sender may go on to receivers and sink; the epoch is read from the packet's KID.
struct EpochsAllowed {
  std::uint16_t epoch_min = 0;
  // True: every epoch from epoch_min on. False: of those only the ones in `only`; none when it is empty.
  bool every = false;
  // For recorded rooms: the epochs whose keys the recorder has acknowledged, and those in which it is paused.
  std::vector<std::uint16_t> only;
};

struct DownlinkLine {
  std::string mid;
  EndpointId sender;
  Slot slot = Slot::kMicrophone;
  friend bool operator==(const DownlinkLine&, const DownlinkLine&) = default;
};
struct Offer {
  std::uint32_t generation = 0;  // goes with the answer
  std::string sdp;
  std::vector<DownlinkLine> downlinks;  // parked lines are not listed
};

enum class CommandError : std::uint8_t {
  kUnknownRoom,
  kUnknownEndpoint,
  kAlreadyThere,
  kRoomFull,
  kNotSameRoom,
  kTooManyLines,        // the offer would have more m-lines than SDP allows
  kStaleGeneration,     // not the answer to the newest offer
  kNoOffer,             // an answer without an offer that waits for one
  kBadAnswer,           // see AnswerError::sdp
  kFingerprintChanged,  // the certificate of a connection cannot change
  kIceNotChanged,       // an answer to an ICE restart with the old credentials
  kSourceChanges,       // another SSRC once more within a minute
  kPlain,               // an endpoint without SDP
  kCrypto,
  kBusy,  // said by those who queue commands: nothing was done
};
std::string_view to_text(CommandError error);

struct AnswerError {
  CommandError code = CommandError::kBadAnswer;
  std::optional<rtc::SdpError> sdp;
};

// The second door, for measurements and simulations without SDP.
struct PlainUplink {
  Slot slot = Slot::kMicrophone;
  Codec codec = Codec::kOpus;
  std::uint32_t ssrc = 0;
  std::uint8_t payload_type = 0;
};
struct PlainConfig {
  crypto::Hash256 fingerprint{};
  std::vector<PlainUplink> uplinks;
  std::vector<EndpointId>
      feeds;  // receives all uplinks of these, with their payload types; routes are set apart
};

class Shard {
 public:
  explicit Shard(const ShardConfig& config);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Rooms and endpoints.
  Result<void, CommandError> add_room(RoomId room, const RoomConfig& config);
  void remove_room(RoomId room, SteadyTime now);  // with all its endpoints; the sink is told and detached
  Result<void, CommandError> add_endpoint(EndpointId endpoint, RoomId room, const EndpointConfig& config,
                                          SteadyTime now);
  void remove_endpoint(EndpointId endpoint, SteadyTime now);

  // Negotiation. A new offer replaces one that waits for its answer.
  Result<Offer, CommandError> make_offer(EndpointId endpoint);
  Result<void, AnswerError> accept_answer(EndpointId endpoint, std::uint32_t generation, std::string_view sdp,
                                          SteadyTime now);
  // The next offer has new ICE credentials; the old path is used until the new one is nominated.
  Result<Offer, CommandError> restart_ice(EndpointId endpoint);

  // Guard.
  Result<void, CommandError> set_guard(EndpointId endpoint, const GuardConfig& guard);
  // This sender has said Activated for `epoch`: the epoch before is accepted for 2 s more.
  Result<void, CommandError> set_activated(EndpointId endpoint, std::uint16_t epoch, SteadyTime now);

  // Gate.
  Result<void, CommandError> set_route(EndpointId from, EndpointId to, bool allowed);
  Result<void, CommandError> set_sink_allowed(EndpointId from, bool allowed, SteadyTime now);
  Result<void, CommandError> set_epochs_allowed(EndpointId from, EpochsAllowed epochs);
  Result<void, CommandError> set_lease(RoomId room, SteadyTime until);

  // The recorder. At most one per room; it outlives its being attached. `detach_sink` returns after the last
  // call.
  Result<void, CommandError> attach_sink(RoomId room, Sink* sink, SteadyTime now);
  void detach_sink(RoomId room, SteadyTime now);

  Result<rtc::IceCredentials, CommandError> add_plain_endpoint(EndpointId endpoint, RoomId room,
                                                               const PlainConfig& config, SteadyTime now);

  // Packets and time. The datagram is changed in place and need not outlive the call; it needs no room behind
  // it.
  void handle(const rtc::Address& from, MutableByteView datagram, SteadyTime now);
  void on_deadline(SteadyTime now);
  std::optional<SteadyTime> next_deadline() const;

  OutputBatch& output();
  std::vector<Fact> take_facts();
  const Counters& counters() const;
  std::size_t endpoint_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour::media

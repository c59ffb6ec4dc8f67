// The server's side of ICE: a lite agent (RFC 8445 sections 2.5, 6.1.1, 7.3, 8.2), sans-I/O.
//
//   datagram ─► classify ─► StunMessage::parse ─► IceLite::local_ufrag_of ─► the endpoint's IceLite::handle
//
// It only answers. Rules:
// - A check counts only after its MESSAGE-INTEGRITY has been verified with our password. Nothing else ever
// moves the
//   selected address, so a spoofed packet cannot steal a stream.
// - USE-CANDIDATE selects the address that it came from, at once (the peer is the controlling side and
// decides).
//   A check without it selects a new address only when the selected one has been silent for `stale_after`:
//   that is how a peer behind a re-bound NAT is followed when its browser does not repeat the nomination.
// - Consent (RFC 7675) as seen from the lite side: the peer's own authenticated checks. No check at all for
//   `disconnect_after` → kDisconnected; after that any authenticated check of a peer that had nominated
//   before brings kConnected again.
// - A request with ICE-CONTROLLED is a role conflict: a lite agent is always controlled, so the answer is
// 487.
//
// Contract: after each call that takes `now`, drain take_events() and look at next_deadline(). One thread.
// Memory is bounded: at most kIceMaxAddresses remote addresses, the least recently heard is forgotten first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/address.h"
#include "rtc/ice.h"
#include "rtc/stun.h"

namespace parlour::rtc {

constexpr std::size_t kIceMaxAddresses = 8;

struct IceEvent {
  enum class Kind : std::uint8_t {
    kAddressAdded,      // authenticated for the first time: packets from there may be looked at
    kAddressForgotten,  // no longer one of ours
    kConnected,         // an address is selected, the first time or after kDisconnected
    kAddressSelected,   // sending moves to this address (also sent with the first selection, before
                        // kConnected)
    kStale,             // nothing authentic from the selected address for `stale_after`
    kFresh,             // heard again after kStale
    kDisconnected,      // consent is gone: stop sending
  };
  Kind kind;
  Address address;
  friend bool operator==(const IceEvent&, const IceEvent&) = default;
};

enum class IceVerdict : std::uint8_t {
  kAnswered,          // authenticated, success response
  kIgnored,           // an indication, a response, another method: nothing to answer
  kBadRequest,        // 400: no user name, no integrity or no priority
  kUnauthenticated,   // 401: unknown user name or wrong integrity
  kUnknownAttribute,  // 420
  kRoleConflict,      // 487
};

struct IceAnswer {
  IceVerdict verdict;
  Bytes response;  // to be sent to where the request came from; empty for kIgnored
};

class IceLite {
 public:
  struct Config {
    Duration stale_after = 5s;
    Duration disconnect_after = 30s;
  };

  // The clock of `disconnect_after` starts now: a peer that never comes is reported as kDisconnected as well.
  IceLite(IceCredentials local, SteadyTime now) : IceLite(std::move(local), now, Config()) {}
  IceLite(IceCredentials local, SteadyTime now, const Config& config);

  // The part of USERNAME before the colon, by which the endpoint is found; nullopt when there is none.
  static std::optional<std::string_view> local_ufrag_of(const StunMessage& message);

  const IceCredentials& local() const { return current_.local; }
  // From the answer. Until then any remote part of USERNAME is accepted (checks may overtake the answer).
  void set_remote_ufrag(std::string ufrag);
  // ICE restart (RFC 8445 section 9): new checks use `local`; the old ones stay good, and the old path in
  // use, until the first nomination under the new credentials.
  void restart(IceCredentials local);
  // The ufrag before the last restart while it is still answered; empty otherwise.
  std::string_view previous_ufrag() const { return previous_ ? previous_->local.ufrag : std::string_view(); }

  IceAnswer handle(const StunMessage& message, const Address& from, SteadyTime now);
  // An authentic DTLS, SRTP or SRTCP packet from an address. Keeps the path from being called stale (browsers
  // may leave 6 s between consent checks); it is no consent and never moves the selection. Cheap: call it for
  // every packet.
  void on_authentic_packet(const Address& from, SteadyTime now) {
    if (selected_ == from) refresh(now);
  }
  void on_deadline(SteadyTime now);

  std::optional<SteadyTime> next_deadline() const;
  std::vector<IceEvent> take_events();

  // Where to send. Empty before the first nomination and after kDisconnected.
  const std::optional<Address>& selected() const { return selected_; }
  // True for addresses that have passed an authenticated check and are not forgotten.
  bool knows(const Address& address) const;
  std::uint64_t refused() const { return refused_; }  // requests that were answered with an error

 private:
  struct Generation {
    IceCredentials local;
    std::string remote_ufrag;  // empty: not known yet
  };
  struct Remote {
    Address address;
    SteadyTime last_check;
  };

  const Generation* authenticate(const StunMessage& message) const;
  void note_address(const Address& from, SteadyTime now);
  void select(const Address& address, SteadyTime now);
  void refresh(SteadyTime now);
  IceAnswer refuse(const StunMessage& message, IceVerdict verdict, int code, ByteView key);

  Config config_;
  Generation current_;
  std::optional<Generation> previous_;
  std::vector<Remote> remotes_;
  std::optional<Address> selected_;
  SteadyTime last_check_;  // of the selected address: consent
  SteadyTime last_heard_;  // anything authentic from the selected address
  bool stale_ = false;
  bool nominated_ = false;  // ever, by the peer
  bool disconnected_ = false;
  std::uint64_t refused_ = 0;
  std::vector<IceEvent> events_;
};

}  // namespace parlour::rtc

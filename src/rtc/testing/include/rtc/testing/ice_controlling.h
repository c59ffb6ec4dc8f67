// A small full-side, controlling ICE agent (RFC 8445) that plays the browser in tests and simulations. Not
// for production: one remote candidate (the lite side's), any number of local addresses, no gathering, no
// TURN.
//
// Sends a check from the active local address every `interval` (RFC 7675 keeps to about 5 s; shorter makes
// tests quicker), nominates with USE-CANDIDATE, takes a success response with good integrity as proof.
// Sans-I/O, one thread: after each call drain take_outgoing().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "rtc/address.h"
#include "rtc/ice.h"
#include "rtc/stun.h"

namespace parlour::rtc::testing {

class IceControlling {
 public:
  struct Config {
    IceCredentials local;
    IceCredentials remote;
    Address remote_address;
    Duration interval = 2500ms;
    Duration retransmit_after = 100ms;  // until the first answer
    Duration consent_timeout = 30s;
    bool nominate = true;
  };
  struct Outgoing {
    Address from;
    Address to;
    Bytes datagram;
  };

  IceControlling(Config config, Address local_address, Random& random, SteadyTime now);

  void handle(ByteView datagram, SteadyTime now);
  void on_deadline(SteadyTime now);
  // A new network: checks go out from there at once.
  void move_to(const Address& local_address, SteadyTime now);
  void restart(IceCredentials local, IceCredentials remote, SteadyTime now);

  SteadyTime next_deadline() const { return next_check_; }
  std::vector<Outgoing> take_outgoing();
  bool connected() const { return connected_; }
  const Address& local_address() const { return local_address_; }
  // As the server saw it (XOR-MAPPED-ADDRESS of the last good answer).
  const std::optional<Address>& mapped_address() const { return mapped_; }
  std::optional<int> last_error() const { return last_error_; }

 private:
  void send_check(SteadyTime now);

  Config config_;
  Address local_address_;
  Random& random_;
  std::uint64_t tie_breaker_;
  std::vector<StunTransactionId> pending_;
  SteadyTime next_check_;
  SteadyTime last_answer_;
  bool connected_ = false;
  std::optional<Address> mapped_;
  std::optional<int> last_error_;
  std::vector<Outgoing> outgoing_;
};

}  // namespace parlour::rtc::testing

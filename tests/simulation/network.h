// A network on virtual time: delay, jitter (which reorders) and loss from a seed, and a hash of what
// happened.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "rtc/address.h"

namespace parlour::simulation {

struct Datagram {
  rtc::Address from;
  rtc::Address to;
  Bytes bytes;
};

struct NetworkConfig {
  int loss_percent = 0;
  Duration delay = 20ms;
  Duration jitter = 0ms;  // added evenly distributed; larger than the distance of packets, so it reorders
};

class Network {
 public:
  Network(std::uint64_t seed, const NetworkConfig& config) : config_(config), random_(seed) {}

  void set(const NetworkConfig& config) { config_ = config; }
  // Nothing goes from or to that address any more, or all of it again.
  void cut(const rtc::Address& address, bool cut);
  void send(Datagram datagram, SteadyTime now);
  std::optional<SteadyTime> next_arrival() const;
  // The earliest datagram that has arrived by now.
  std::optional<Datagram> take_arrived(SteadyTime now);

  // Same seed, same hash: every event with its time, addresses, kind and size. DTLS counts without its size:
  // signatures of the library's own randomness differ in length by a byte or two.
  std::uint64_t hash() const { return hash_; }
  void note(std::uint64_t value);

  std::uint64_t sent() const { return sent_; }
  std::uint64_t lost() const { return lost_; }

 private:
  NetworkConfig config_;
  SeededRandom random_;
  std::vector<rtc::Address> cut_;
  // By arrival, then by order of sending.
  std::map<std::pair<SteadyTime, std::uint64_t>, Datagram> under_way_;
  std::uint64_t sent_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t hash_ = 0xCBF29CE484222325u;
};

}  // namespace parlour::simulation

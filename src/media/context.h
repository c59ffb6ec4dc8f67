// What the parts of one shard share: the outgoing batch, counters, facts, the two look-up tables of the
// shared port, and the next deadline. Passed by reference, owned by the Shard; one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "media/counters.h"
#include "media/facts.h"
#include "media/output.h"
#include "media/shard.h"
#include "rtc/address.h"

namespace parlour::media {

class Peer;

// Whose datagram is this? By address for everything but STUN: an address enters only after an authenticated
// check.
class AddressBook {
 public:
  Peer* find(const rtc::Address& address) const {
    auto found = peers_.find(address);
    return found == peers_.end() ? nullptr : found->second;
  }
  void add(const rtc::Address& address, Peer& peer) { peers_.insert_or_assign(address, &peer); }
  void remove(const rtc::Address& address, const Peer& peer) {
    auto found = peers_.find(address);
    if (found != peers_.end() && found->second == &peer) peers_.erase(found);
  }
  void remove_all(const Peer& peer) {
    std::erase_if(peers_, [&](const auto& entry) { return entry.second == &peer; });
  }

 private:
  std::unordered_map<rtc::Address, Peer*> peers_;
};

// STUN names its endpoint by the local part of USERNAME.
class UfragBook {
 public:
  Peer* find(std::string_view ufrag) const {
    auto found = peers_.find(ufrag);
    return found == peers_.end() ? nullptr : found->second;
  }
  bool contains(std::string_view ufrag) const { return find(ufrag) != nullptr; }
  void add(std::string ufrag, Peer& peer) { peers_.insert_or_assign(std::move(ufrag), &peer); }
  void remove(std::string_view ufrag) {
    auto found = peers_.find(ufrag);
    if (found != peers_.end()) peers_.erase(found);
  }
  void remove_all(const Peer& peer) {
    std::erase_if(peers_, [&](const auto& entry) { return entry.second == &peer; });
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, Peer*, Hash, std::equal_to<>> peers_;
};

struct Context {
  explicit Context(const ShardConfig& shard_config)
      : config(shard_config), fingerprint(shard_config.certificate->fingerprint()) {}

  ShardConfig config;
  crypto::Hash256 fingerprint;
  // 64 datagrams of one read with seven receivers each, or one packet to 1,000 listeners.
  OutputBatch output{1024, 1536 * 1024};
  Counters counters;
  std::vector<Fact> facts;
  AddressBook addresses;
  UfragBook ufrags;
  std::uint32_t last_sink_stream = 0;
  // No peer has anything to do before this; nullopt: there is no peer.
  std::optional<SteadyTime> next_deadline;

  void arm(SteadyTime at) {
    if (!next_deadline || at < *next_deadline) next_deadline = at;
  }
  Random& random() { return *config.random; }
  void tell(Fact fact) { facts.push_back(std::move(fact)); }
  void count(Drop drop) { counters.count(drop); }
};

}  // namespace parlour::media

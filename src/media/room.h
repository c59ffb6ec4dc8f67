// A room: who is in it, which routes are open, its lease and its sink; and the one place where a packet that
// has passed the guard is let through or not. One thread.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "context.h"
#include "epoch_rule.h"
#include "lease.h"
#include "uplink_stream.h"

namespace parlour::media {

// What the control plane has decided about one sender.
struct SenderGate {
  explicit SenderGate(bool every_epoch) : epochs(every_epoch) {}
  EpochRule epochs;
  bool sink_allowed = false;
};

class Room {
 public:
  Room(RoomId id, const RoomConfig& config) : id_(id), config_(config), lease_(config.leased) {}

  RoomId id() const { return id_; }
  const RoomConfig& config() const { return config_; }
  Lease& lease() { return lease_; }
  std::vector<Peer*>& members() { return members_; }

  void set_route(EndpointId from, EndpointId to, bool allowed);
  bool route_allowed(EndpointId from, EndpointId to) const { return routes_.contains({from, to}); }
  void forget_routes_of(EndpointId endpoint);

  Sink* sink() const { return sink_; }
  void set_sink(Sink* sink) { sink_ = sink; }

  // Lets a packet through to the sink and to each receiver, or counts why not. True: somebody waits for a key
  // frame.
  bool pass(Context& context, UplinkStream& stream, const SenderGate& gate, std::uint8_t sender_index,
            const MediaPacket& packet);
  void pass_sender_report(const UplinkStream& stream, const SenderGate& gate, const SenderClock& clock);
  // Tells the sink that the stream has ended, if it knows it.
  void end_sink_stream(UplinkStream& stream, SteadyTime now);

 private:
  void give_to_sink(Context& context, UplinkStream& stream, std::uint8_t sender_index,
                    const MediaPacket& packet);

  RoomId id_;
  RoomConfig config_;
  Lease lease_;
  std::vector<Peer*> members_;
  std::set<std::pair<EndpointId, EndpointId>> routes_;  // (from, to)
  Sink* sink_ = nullptr;
};

}  // namespace parlour::media

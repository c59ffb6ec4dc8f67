#include "room.h"

#include "downlink_stream.h"

namespace parlour::media {

void Room::set_route(EndpointId from, EndpointId to, bool allowed) {
  if (allowed) {
    routes_.insert({from, to});
  } else {
    routes_.erase({from, to});
  }
}

void Room::forget_routes_of(EndpointId endpoint) {
  std::erase_if(routes_,
                [&](const auto& route) { return route.first == endpoint || route.second == endpoint; });
}

bool Room::pass(Context& context, UplinkStream& stream, const SenderGate& gate, std::uint8_t sender_index,
                const MediaPacket& packet) {
  const bool lease_open = lease_.open(packet.arrival);
  const bool epoch_open = !packet.frame.epoch || gate.epochs.allows(*packet.frame.epoch);
  if (!lease_open || !epoch_open) {
    context.count(lease_open ? Drop::kEpochNotAllowed : Drop::kLeaseExpired);
    stream.interrupted = true;
    for (DownlinkStream* receiver : stream.receivers()) receiver->close();
    return false;
  }
  bool wanted = false;
  if (stream.interrupted) {
    stream.interrupted = false;
    wanted = stream.is_video() && !packet.frame.key_frame;
  }
  if (sink_ != nullptr && gate.sink_allowed && packet.header.payload_size > 0) {
    give_to_sink(context, stream, sender_index, packet);
  }
  for (DownlinkStream* receiver : stream.receivers()) {
    if (receiver->forward(packet) == DownlinkStream::Forwarded::kWantsKeyFrame) wanted = true;
  }
  return wanted;
}

void Room::give_to_sink(Context& context, UplinkStream& stream, std::uint8_t sender_index,
                        const MediaPacket& packet) {
  if (!stream.sink_stream) {
    stream.sink_stream = ++context.last_sink_stream;
    sink_->on_stream_added({*stream.sink_stream, stream.endpoint(), sender_index, stream.slot(),
                            stream.codec(), packet.header.ssrc, stream.clock_rate()},
                           packet.arrival);
  }
  ++context.counters.to_sink;
  sink_->on_packet(*stream.sink_stream, packet.sequence, packet.arrival, packet.header.header(packet.bytes),
                   packet.payload());
}

void Room::pass_sender_report(const UplinkStream& stream, const SenderGate& gate, const SenderClock& clock) {
  if (sink_ == nullptr || !stream.sink_stream || !gate.sink_allowed || !lease_.open(clock.arrival)) return;
  sink_->on_sender_report(*stream.sink_stream, clock.rtp_time, clock.ntp, clock.arrival);
}

void Room::end_sink_stream(UplinkStream& stream, SteadyTime now) {
  if (!stream.sink_stream) return;
  if (sink_ != nullptr) sink_->on_stream_removed(*stream.sink_stream, now);
  stream.sink_stream.reset();
}

}  // namespace parlour::media

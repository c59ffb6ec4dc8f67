#include "media/shard.h"

#include <unordered_map>
#include <utility>

#include "context.h"
#include "peer.h"
#include "room.h"
#include "rtc/demux.h"
#include "rtc/stun.h"

namespace parlour::media {

namespace {

// Timers are rounded up to this, so that a hundred endpoints do not wake the thread a hundred times.
constexpr std::int64_t kTimerGridUs = 5'000;

}  // namespace

std::string_view to_text(CommandError error) {
  switch (error) {
    case CommandError::kUnknownRoom:
      return "unknown_room";
    case CommandError::kUnknownEndpoint:
      return "unknown_endpoint";
    case CommandError::kAlreadyThere:
      return "already_there";
    case CommandError::kRoomFull:
      return "room_full";
    case CommandError::kNotSameRoom:
      return "not_same_room";
    case CommandError::kTooManyLines:
      return "too_many_lines";
    case CommandError::kStaleGeneration:
      return "stale_generation";
    case CommandError::kNoOffer:
      return "no_offer";
    case CommandError::kBadAnswer:
      return "bad_answer";
    case CommandError::kFingerprintChanged:
      return "fingerprint_changed";
    case CommandError::kIceNotChanged:
      return "ice_not_changed";
    case CommandError::kSourceChanges:
      return "source_changes";
    case CommandError::kPlain:
      return "plain";
    case CommandError::kCrypto:
      return "crypto";
    case CommandError::kBusy:
      return "busy";
  }
  return "unknown";
}

std::string_view to_text(Drop drop) {
  switch (drop) {
    case Drop::kNotClassified:
      return "not_classified";
    case Drop::kUnknownAddress:
      return "unknown_address";
    case Drop::kStunNotForUs:
      return "stun_not_for_us";
    case Drop::kAddressTaken:
      return "address_taken";
    case Drop::kStunNotAuthentic:
      return "stun_not_authentic";
    case Drop::kNotProven:
      return "not_proven";
    case Drop::kRateLimited:
      return "rate_limited";
    case Drop::kNoKeysYet:
      return "no_keys_yet";
    case Drop::kNotAuthentic:
      return "not_authentic";
    case Drop::kReplay:
      return "replay";
    case Drop::kMalformedRtp:
      return "malformed_rtp";
    case Drop::kMalformedRtcp:
      return "malformed_rtcp";
    case Drop::kUnknownStream:
      return "unknown_stream";
    case Drop::kSourceChanges:
      return "source_changes";
    case Drop::kDuplicate:
      return "duplicate";
    case Drop::kGuardUnarmed:
      return "guard_unarmed";
    case Drop::kGuardStopped:
      return "guard_stopped";
    case Drop::kFrameNotJudged:
      return "frame_not_judged";
    case Drop::kRouteClosed:
      return "route_closed";
    case Drop::kLeaseExpired:
      return "lease_expired";
    case Drop::kEpochNotAllowed:
      return "epoch_not_allowed";
    case Drop::kWaitingForKeyFrame:
      return "waiting_for_key_frame";
    case Drop::kReceiverNotReady:
      return "receiver_not_ready";
    case Drop::kOutputFull:
      return "output_full";
    case Drop::kCount:
      break;
  }
  return "unknown";
}

struct Shard::Impl {
  explicit Impl(const ShardConfig& config) : context(config) {}

  Room* room(RoomId id) {
    auto found = rooms.find(id.value);
    return found == rooms.end() ? nullptr : found->second.get();
  }
  Peer* peer(EndpointId id) {
    auto found = peers.find(id.value);
    return found == peers.end() ? nullptr : found->second.get();
  }
  // The room to add an endpoint to.
  Result<Room*, CommandError> place_for(EndpointId endpoint, RoomId id) {
    Room* found = room(id);
    if (found == nullptr) return fail(CommandError::kUnknownRoom);
    if (peer(endpoint) != nullptr) return fail(CommandError::kAlreadyThere);
    if (found->members().size() >= found->config().endpoints_max) return fail(CommandError::kRoomFull);
    return found;
  }
  void take_out(EndpointId id, SteadyTime now) {
    auto found = peers.find(id.value);
    if (found == peers.end()) return;
    found->second->leave(now);
    peers.erase(found);
  }

  Context context;
  std::unordered_map<std::uint64_t, std::unique_ptr<Room>> rooms;
  std::unordered_map<std::uint64_t, std::unique_ptr<Peer>> peers;
};

Shard::Shard(const ShardConfig& config) : impl_(std::make_unique<Impl>(config)) {}

Shard::~Shard() {
  // Downlinks point into the streams of other peers; nobody is told any more.
  for (auto& [id, room] : impl_->rooms) room->set_sink(nullptr);
  while (!impl_->peers.empty()) impl_->take_out({impl_->peers.begin()->first}, SteadyTime{});
}

Result<void, CommandError> Shard::add_room(RoomId room, const RoomConfig& config) {
  if (impl_->room(room) != nullptr) return fail(CommandError::kAlreadyThere);
  impl_->rooms.emplace(room.value, std::make_unique<Room>(room, config));
  return {};
}

void Shard::remove_room(RoomId id, SteadyTime now) {
  Room* room = impl_->room(id);
  if (room == nullptr) return;
  while (!room->members().empty()) impl_->take_out(room->members().back()->id(), now);
  impl_->rooms.erase(id.value);
}

Result<void, CommandError> Shard::add_endpoint(EndpointId endpoint, RoomId room, const EndpointConfig& config,
                                               SteadyTime now) {
  auto place = impl_->place_for(endpoint, room);
  if (!place) return fail(place.error());
  auto peer = std::make_unique<Peer>(impl_->context, **place, endpoint, config.sends, now);
  (*place)->members().push_back(peer.get());
  impl_->peers.emplace(endpoint.value, std::move(peer));
  return {};
}

Result<rtc::IceCredentials, CommandError> Shard::add_plain_endpoint(EndpointId endpoint, RoomId room,
                                                                    const PlainConfig& config,
                                                                    SteadyTime now) {
  auto place = impl_->place_for(endpoint, room);
  if (!place) return fail(place.error());
  auto peer = std::make_unique<Peer>(impl_->context, **place, endpoint, config, now);
  if (!peer->transport().expect_fingerprint(config.fingerprint, now)) return fail(CommandError::kCrypto);
  (*place)->members().push_back(peer.get());
  Peer& added = *peer;
  impl_->peers.emplace(endpoint.value, std::move(peer));
  for (const EndpointId feed : config.feeds) {
    Peer* sender = impl_->peer(feed);
    if (sender == nullptr || &sender->room() != *place || sender == &added) {
      impl_->take_out(endpoint, now);
      return fail(sender == nullptr ? CommandError::kUnknownEndpoint : CommandError::kNotSameRoom);
    }
    if (auto result = added.add_downlinks_from(*sender); !result) {
      impl_->take_out(endpoint, now);
      return fail(result.error());
    }
  }
  return added.transport().local();
}

void Shard::remove_endpoint(EndpointId endpoint, SteadyTime now) {
  impl_->take_out(endpoint, now);
}

Result<Offer, CommandError> Shard::make_offer(EndpointId endpoint) {
  Peer* peer = impl_->peer(endpoint);
  if (peer == nullptr) return fail(CommandError::kUnknownEndpoint);
  return peer->make_offer();
}

Result<Offer, CommandError> Shard::restart_ice(EndpointId endpoint) {
  Peer* peer = impl_->peer(endpoint);
  if (peer == nullptr) return fail(CommandError::kUnknownEndpoint);
  return peer->restart_ice();
}

Result<void, AnswerError> Shard::accept_answer(EndpointId endpoint, std::uint32_t generation,
                                               std::string_view sdp, SteadyTime now) {
  Peer* peer = impl_->peer(endpoint);
  if (peer == nullptr) return fail(AnswerError{CommandError::kUnknownEndpoint, std::nullopt});
  return peer->accept_answer(generation, sdp, now);
}

Result<void, CommandError> Shard::set_guard(EndpointId endpoint, const GuardConfig& guard) {
  Peer* peer = impl_->peer(endpoint);
  if (peer == nullptr) return fail(CommandError::kUnknownEndpoint);
  peer->guard().set(guard);
  return {};
}

Result<void, CommandError> Shard::set_activated(EndpointId endpoint, std::uint16_t epoch, SteadyTime now) {
  Peer* peer = impl_->peer(endpoint);
  if (peer == nullptr) return fail(CommandError::kUnknownEndpoint);
  peer->guard().set_activated(epoch, now);
  return {};
}

Result<void, CommandError> Shard::set_route(EndpointId from, EndpointId to, bool allowed) {
  Peer* sender = impl_->peer(from);
  Peer* receiver = impl_->peer(to);
  if (sender == nullptr || receiver == nullptr) return fail(CommandError::kUnknownEndpoint);
  if (&sender->room() != &receiver->room() || sender == receiver) return fail(CommandError::kNotSameRoom);
  sender->room().set_route(from, to, allowed);
  Result<void, CommandError> added;
  if (allowed) added = receiver->add_downlinks_from(*sender);
  receiver->set_downlinks_allowed(from, allowed);
  return added;
}

Result<void, CommandError> Shard::set_sink_allowed(EndpointId from, bool allowed, SteadyTime now) {
  Peer* peer = impl_->peer(from);
  if (peer == nullptr) return fail(CommandError::kUnknownEndpoint);
  const bool opens = allowed && !peer->gate().sink_allowed;
  peer->gate().sink_allowed = allowed;
  if (opens && peer->room().sink() != nullptr) peer->want_key_frames(now);
  return {};
}

Result<void, CommandError> Shard::set_epochs_allowed(EndpointId from, EpochsAllowed epochs) {
  Peer* peer = impl_->peer(from);
  if (peer == nullptr) return fail(CommandError::kUnknownEndpoint);
  peer->gate().epochs.set(std::move(epochs));
  return {};
}

Result<void, CommandError> Shard::set_lease(RoomId id, SteadyTime until) {
  Room* room = impl_->room(id);
  if (room == nullptr) return fail(CommandError::kUnknownRoom);
  room->lease().set(until);
  return {};
}

Result<void, CommandError> Shard::attach_sink(RoomId id, Sink* sink, SteadyTime now) {
  Room* room = impl_->room(id);
  if (room == nullptr) return fail(CommandError::kUnknownRoom);
  if (room->sink() != nullptr) return fail(CommandError::kAlreadyThere);
  room->set_sink(sink);
  for (Peer* peer : room->members()) {
    if (peer->gate().sink_allowed) peer->want_key_frames(now);
  }
  return {};
}

void Shard::detach_sink(RoomId id, SteadyTime now) {
  Room* room = impl_->room(id);
  if (room == nullptr) return;
  for (Peer* peer : room->members()) {
    peer->for_each_uplink([&](UplinkStream& stream) { room->end_sink_stream(stream, now); });
  }
  room->set_sink(nullptr);
}

void Shard::handle(const rtc::Address& from, MutableByteView datagram, SteadyTime now) {
  Context& context = impl_->context;
  ++context.counters.datagrams_in;
  const rtc::PacketKind kind = rtc::classify(datagram);
  if (kind == rtc::PacketKind::kStun) {
    auto message = rtc::StunMessage::parse(datagram);
    Peer* peer = nullptr;
    if (message) {
      if (const auto ufrag = rtc::IceLite::local_ufrag_of(*message)) peer = context.ufrags.find(*ufrag);
    }
    if (peer == nullptr) {
      context.count(Drop::kStunNotForUs);
      return;
    }
    peer->on_stun(*message, from, now);
    return;
  }
  if (kind != rtc::PacketKind::kDtls && kind != rtc::PacketKind::kRtp && kind != rtc::PacketKind::kRtcp) {
    context.count(Drop::kNotClassified);
    return;
  }
  Peer* peer = context.addresses.find(from);
  if (peer == nullptr) {
    context.count(Drop::kUnknownAddress);
    return;
  }
  if (!peer->transport().within_budget(now)) return;
  switch (kind) {
    case rtc::PacketKind::kDtls:
      peer->on_dtls(from, datagram, now);
      break;
    case rtc::PacketKind::kRtp:
      peer->on_rtp(from, datagram, now);
      break;
    default:
      peer->on_rtcp(from, datagram, now);
      break;
  }
}

void Shard::on_deadline(SteadyTime now) {
  Context& context = impl_->context;
  context.next_deadline.reset();
  for (auto& [id, peer] : impl_->peers) {
    if (peer->deadline() <= now) {
      peer->on_deadline(now);
    } else {
      context.arm(peer->deadline());
    }
  }
}

std::optional<SteadyTime> Shard::next_deadline() const {
  const auto& due = impl_->context.next_deadline;
  if (!due) return std::nullopt;
  return SteadyTime{(due->us + kTimerGridUs - 1) / kTimerGridUs * kTimerGridUs};
}

OutputBatch& Shard::output() {
  return impl_->context.output;
}
std::vector<Fact> Shard::take_facts() {
  return std::exchange(impl_->context.facts, {});
}
const Counters& Shard::counters() const {
  return impl_->context.counters;
}
std::size_t Shard::endpoint_count() const {
  return impl_->peers.size();
}

}  // namespace parlour::media

#include "media_local/local_media_plane.h"

#include <chrono>
#include <utility>

namespace parlour::media_local {

using media::CommandError;
using media::EndpointId;
using media::RoomId;
using media::Shard;

namespace {

SteadyTime steady_now() {
  using namespace std::chrono;
  return {duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count()};
}

const media::AnswerError kAnswerBusy{CommandError::kBusy, std::nullopt};

}  // namespace

Result<std::unique_ptr<LocalMediaPlane>, std::string> LocalMediaPlane::start(const udp::UdpHostConfig& config,
                                                                             FactsHandler on_facts) {
  auto host = udp::UdpHost::start(config, std::move(on_facts));
  if (!host) return fail(host.error());
  return std::unique_ptr<LocalMediaPlane>(new LocalMediaPlane(std::move(*host)));
}

template <class T, class E, class F>
void LocalMediaPlane::ask(Reply<T, E> reply, E busy, F command) {
  const auto answer = std::make_shared<Reply<T, E>>(std::move(reply));
  const bool queued = host_->post([answer, command = std::move(command)](Shard& shard, Now now) mutable {
    Result<T, E> result = command(shard, now.steady);
    if (*answer) (*answer)(std::move(result));
  });
  if (!queued && *answer) (*answer)(fail(std::move(busy)));
}

void LocalMediaPlane::add_room(RoomId room, const media::RoomConfig& config, Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy,
      [=](Shard& shard, SteadyTime) { return shard.add_room(room, config); });
}

void LocalMediaPlane::remove_room(RoomId room, Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy, [=](Shard& shard, SteadyTime now) {
    shard.remove_room(room, now);
    return Result<void, CommandError>();
  });
}

void LocalMediaPlane::add_endpoint(EndpointId endpoint, RoomId room, const media::EndpointConfig& config,
                                   Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy,
      [=](Shard& shard, SteadyTime now) { return shard.add_endpoint(endpoint, room, config, now); });
}

void LocalMediaPlane::remove_endpoint(EndpointId endpoint, Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy, [=](Shard& shard, SteadyTime now) {
    shard.remove_endpoint(endpoint, now);
    return Result<void, CommandError>();
  });
}

void LocalMediaPlane::make_offer(EndpointId endpoint, Reply<media::Offer> reply) {
  ask(std::move(reply), CommandError::kBusy,
      [=](Shard& shard, SteadyTime) { return shard.make_offer(endpoint); });
}

void LocalMediaPlane::restart_ice(EndpointId endpoint, Reply<media::Offer> reply) {
  ask(std::move(reply), CommandError::kBusy,
      [=](Shard& shard, SteadyTime) { return shard.restart_ice(endpoint); });
}

void LocalMediaPlane::accept_answer(EndpointId endpoint, std::uint32_t generation, std::string sdp,
                                    Reply<void, media::AnswerError> reply) {
  ask(std::move(reply), kAnswerBusy, [=, sdp = std::move(sdp)](Shard& shard, SteadyTime now) {
    return shard.accept_answer(endpoint, generation, sdp, now);
  });
}

void LocalMediaPlane::set_guard(EndpointId endpoint, const media::GuardConfig& guard, Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy,
      [=](Shard& shard, SteadyTime) { return shard.set_guard(endpoint, guard); });
}

void LocalMediaPlane::set_activated(EndpointId endpoint, std::uint16_t epoch, Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy,
      [=](Shard& shard, SteadyTime now) { return shard.set_activated(endpoint, epoch, now); });
}

void LocalMediaPlane::set_route(EndpointId from, EndpointId to, bool allowed, Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy,
      [=](Shard& shard, SteadyTime) { return shard.set_route(from, to, allowed); });
}

void LocalMediaPlane::set_sink_allowed(EndpointId from, bool allowed, Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy,
      [=](Shard& shard, SteadyTime now) { return shard.set_sink_allowed(from, allowed, now); });
}

void LocalMediaPlane::set_epochs_allowed(EndpointId from, media::EpochsAllowed epochs, Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy,
      [=, epochs = std::move(epochs)](Shard& shard, SteadyTime) mutable {
        return shard.set_epochs_allowed(from, std::move(epochs));
      });
}

void LocalMediaPlane::set_lease(RoomId room, Duration time, Reply<void> reply) {
  const SteadyTime until = steady_now() + time;
  ask(std::move(reply), CommandError::kBusy,
      [=](Shard& shard, SteadyTime) { return shard.set_lease(room, until); });
}

void LocalMediaPlane::attach_sink(RoomId room, media::Sink* sink, Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy,
      [=](Shard& shard, SteadyTime now) { return shard.attach_sink(room, sink, now); });
}

void LocalMediaPlane::detach_sink(RoomId room, Reply<void> reply) {
  ask(std::move(reply), CommandError::kBusy, [=](Shard& shard, SteadyTime now) {
    shard.detach_sink(room, now);
    return Result<void, CommandError>();
  });
}

void LocalMediaPlane::read_counters(std::function<void(const media::Counters&, std::size_t)> reply) {
  // Metrics that find the queue full are simply not there this time.
  host_->post(
      [reply = std::move(reply)](Shard& shard, Now) { reply(shard.counters(), shard.endpoint_count()); });
}

}  // namespace parlour::media_local

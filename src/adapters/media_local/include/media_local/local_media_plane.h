// The media plane in this process: the commands of media::Shard for callers of any thread.
//
// Every command is queued to the shard's thread and answered there by its reply, exactly once, in the order
// of the commands. When the queue is full the reply comes at once, on the caller's thread, with kBusy, and
// nothing was done. After the plane is destroyed no reply and no fact comes any more (queued commands are
// dropped). Replies and the facts handler must not block: they post to the executor that owns the meeting.
//
// Thread: all methods from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "media/shard.h"
#include "udp/udp_host.h"

namespace parlour::media_local {

class LocalMediaPlane {
 public:
  template <class T, class E = media::CommandError>
  using Reply = std::function<void(Result<T, E>)>;
  using FactsHandler = std::function<void(std::vector<media::Fact>)>;

  static Result<std::unique_ptr<LocalMediaPlane>, std::string> start(const udp::UdpHostConfig& config,
                                                                     FactsHandler on_facts);

  // See media/shard.h for what each does.
  void add_room(media::RoomId room, const media::RoomConfig& config, Reply<void> reply);
  void remove_room(media::RoomId room, Reply<void> reply);
  void add_endpoint(media::EndpointId endpoint, media::RoomId room, const media::EndpointConfig& config,
                    Reply<void> reply);
  void remove_endpoint(media::EndpointId endpoint, Reply<void> reply);

  void make_offer(media::EndpointId endpoint, Reply<media::Offer> reply);
  void restart_ice(media::EndpointId endpoint, Reply<media::Offer> reply);
  void accept_answer(media::EndpointId endpoint, std::uint32_t generation, std::string sdp,
                     Reply<void, media::AnswerError> reply);

  void set_guard(media::EndpointId endpoint, const media::GuardConfig& guard, Reply<void> reply);
  void set_activated(media::EndpointId endpoint, std::uint16_t epoch, Reply<void> reply);

  void set_route(media::EndpointId from, media::EndpointId to, bool allowed, Reply<void> reply);
  void set_sink_allowed(media::EndpointId from, bool allowed, Reply<void> reply);
  void set_epochs_allowed(media::EndpointId from, media::EpochsAllowed epochs, Reply<void> reply);
  // The lease ends `time` from the moment this is called, not from when the shard comes to it.
  void set_lease(media::RoomId room, Duration time, Reply<void> reply);

  // `sink` must live until the reply to detach_sink() or remove_room() has come, or the plane is destroyed.
  void attach_sink(media::RoomId room, media::Sink* sink, Reply<void> reply);
  void detach_sink(media::RoomId room, Reply<void> reply);

  // For metrics.
  void read_counters(std::function<void(const media::Counters&, std::size_t endpoints)> reply);
  udp::UdpHostStats socket_stats() const { return host_->stats(); }
  rtc::Address local_address() const { return host_->local_address(); }

 private:
  explicit LocalMediaPlane(std::unique_ptr<udp::UdpHost> host) : host_(std::move(host)) {}
  template <class T, class E, class F>
  void ask(Reply<T, E> reply, E busy, F command);

  std::unique_ptr<udp::UdpHost> host_;
};

}  // namespace parlour::media_local

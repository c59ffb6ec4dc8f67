#include "media_bridge/media_bridge.h"

namespace parlour::media_bridge {
namespace {

media::EndpointId id(app::EndpointKey key) {
  return {key};
}
media::RoomId room_id(app::RoomKey key) {
  return {key};
}
// Commands whose failure means that the endpoint is gone already: its removal was told elsewhere.
auto ignore() {
  return [](Result<void, media::CommandError>) {};
}

}  // namespace

Result<std::unique_ptr<MediaBridge>, std::string> MediaBridge::start(const udp::UdpHostConfig& config,
                                                                     runtime::Executor& executor,
                                                                     const Clock& clock) {
  std::unique_ptr<MediaBridge> bridge(new MediaBridge(executor, clock));
  MediaBridge* raw = bridge.get();
  auto plane = media_local::LocalMediaPlane::start(
      config, [raw, alive = bridge->alive_, &executor](std::vector<media::Fact> facts) {
        executor.post([raw, alive, facts = std::move(facts)] {
          if (*alive) raw->take_facts(facts);
        });
      });
  if (!plane) return fail(plane.error());
  bridge->plane_ = std::move(*plane);
  return bridge;
}

MediaBridge::~MediaBridge() {
  *alive_ = false;
}

void MediaBridge::on_fact(std::function<void(app::RoomKey, const app::MediaFact&)> receiver) {
  receiver_ = std::move(receiver);
}

void MediaBridge::take_facts(const std::vector<media::Fact>& facts) {
  for (const media::Fact& fact : facts) {
    std::optional<app::MediaFact> out;
    media::EndpointId endpoint = std::visit(
        [](const auto& f) {
          if constexpr (requires { f.endpoint; })
            return f.endpoint;
          else
            return f.from;
        },
        fact);
    app::EndpointKey key = endpoint.value;
    if (std::holds_alternative<media::Connected>(fact) || std::holds_alternative<media::Returned>(fact)) {
      out = app::media_fact::Connected{key};
    } else if (auto* lost = std::get_if<media::Disconnected>(&fact)) {
      // What is stale by its checks alone may still send: silence is a fact of its own.
      if (lost->why != media::Absence::kStale)
        out = app::media_fact::Gone{key, lost->why == media::Absence::kClosed};
    } else if (std::holds_alternative<media::Silent>(fact)) {
      out = app::media_fact::Silent{key};
    } else if (std::holds_alternative<media::Heard>(fact)) {
      out = app::media_fact::Heard{key};
    } else if (std::holds_alternative<media::DtlsFailed>(fact)) {
      out = app::media_fact::Gone{key, true};
    } else if (std::holds_alternative<media::AddressChanged>(fact)) {
      out = app::media_fact::AddressChanged{key};
    } else if (std::holds_alternative<media::OfferNeeded>(fact)) {
      out = app::media_fact::OfferNeeded{key};
    } else if (auto* started = std::get_if<media::StreamStarted>(&fact)) {
      out = app::media_fact::StreamStarted{key, static_cast<int>(started->slot)};
    } else if (auto* tripped = std::get_if<media::GuardTripped>(&fact)) {
      out = app::media_fact::GuardTripped{key, static_cast<int>(tripped->slot), tripped->reason};
    } else if (auto* quality = std::get_if<media::Quality>(&fact)) {
      out = app::media_fact::Quality{key, static_cast<int>(quality->loss_up_permille),
                                     static_cast<int>(quality->loss_down_permille),
                                     static_cast<int>(quality->round_trip.count() / 1000)};
    }
    auto room = rooms_.find(key);
    if (out && receiver_ && room != rooms_.end()) receiver_(room->second, *out);
  }
}

void MediaBridge::open_room(app::RoomKey room, bool leased) {
  plane_->add_room(room_id(room), {.leased = leased}, ignore());
}
void MediaBridge::close_room(app::RoomKey room) {
  std::erase_if(rooms_, [&](auto& entry) { return entry.second == room; });
  plane_->remove_room(room_id(room), ignore());
}
void MediaBridge::add_endpoint(app::EndpointKey endpoint, app::RoomKey room) {
  rooms_[endpoint] = room;
  plane_->add_endpoint(id(endpoint), room_id(room), {}, ignore());
}
void MediaBridge::remove_endpoint(app::EndpointKey endpoint) {
  if (rooms_.erase(endpoint) > 0) plane_->remove_endpoint(id(endpoint), ignore());
}

void MediaBridge::make_offer(app::EndpointKey endpoint, bool restart,
                             std::function<void(app::MediaOffer)> done) {
  auto reply = [this, alive = alive_, done](Result<media::Offer, media::CommandError> made) {
    if (!made) return;
    app::MediaOffer offer{made->generation, made->sdp, {}};
    for (const media::DownlinkLine& line : made->downlinks)
      offer.streams.push_back({line.mid, line.sender.value, static_cast<int>(line.slot)});
    executor_.post([alive, done, offer = std::move(offer)] {
      if (*alive) done(offer);
    });
  };
  if (restart)
    plane_->restart_ice(id(endpoint), reply);
  else
    plane_->make_offer(id(endpoint), reply);
}

void MediaBridge::accept_answer(app::EndpointKey endpoint, std::uint32_t generation, std::string sdp,
                                std::function<void(Result<void, std::string>)> done) {
  plane_->accept_answer(id(endpoint), generation, std::move(sdp),
                        [this, alive = alive_, done](Result<void, media::AnswerError> result) {
                          Result<void, std::string> out;
                          if (!result) {
                            std::string name(to_text(result.error().code));
                            if (result.error().sdp)
                              name += "." + std::string(to_text(result.error().sdp->code));
                            out = fail(name);
                          }
                          executor_.post([alive, done, out] {
                            if (*alive) done(out);
                          });
                        });
}

void MediaBridge::set_identity(app::EndpointKey endpoint, std::uint8_t idx, std::uint16_t newest_epoch) {
  plane_->set_guard(id(endpoint), {.enabled = true, .index = idx, .newest_epoch = newest_epoch}, ignore());
}
void MediaBridge::set_activated(app::EndpointKey endpoint, std::uint16_t epoch) {
  plane_->set_activated(id(endpoint), epoch, ignore());
}
void MediaBridge::set_route(app::EndpointKey from, app::EndpointKey to, bool allowed) {
  plane_->set_route(id(from), id(to), allowed, ignore());
}
void MediaBridge::set_recorder_route(app::EndpointKey from, bool allowed) {
  plane_->set_sink_allowed(id(from), allowed, ignore());
}
void MediaBridge::set_epochs(app::EndpointKey from, std::set<std::uint16_t> allowed) {
  media::EpochsAllowed epochs;
  epochs.only.assign(allowed.begin(), allowed.end());
  plane_->set_epochs_allowed(id(from), epochs, ignore());
}
void MediaBridge::set_lease(app::RoomKey room, SteadyTime until) {
  plane_->set_lease(room_id(room), until - clock_.now().steady, ignore());
}

}  // namespace parlour::media_bridge

// app's MediaPlane over the in-process plane: ids across, replies and facts back to the app thread. App
// thread, but for what LocalMediaPlane calls.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/media_plane.h"
#include "media_local/local_media_plane.h"
#include "runtime/executor.h"

namespace parlour::media_bridge {

class MediaBridge final : public app::MediaPlane {
 public:
  static Result<std::unique_ptr<MediaBridge>, std::string> start(const udp::UdpHostConfig& config,
                                                                 runtime::Executor& executor,
                                                                 const Clock& clock);
  ~MediaBridge() override;

  // Ends the shard's thread. Commands afterwards are a bug: everything that gives them is gone by then.
  void stop() { plane_.reset(); }

  // For the recorder, which attaches itself to a room.
  media_local::LocalMediaPlane& plane() { return *plane_; }
  app::EndpointKey key_of(media::EndpointId id) const { return id.value; }

  void on_fact(std::function<void(app::RoomKey, const app::MediaFact&)> receiver) override;
  void open_room(app::RoomKey room, bool leased) override;
  void close_room(app::RoomKey room) override;
  void add_endpoint(app::EndpointKey endpoint, app::RoomKey room) override;
  void remove_endpoint(app::EndpointKey endpoint) override;
  void make_offer(app::EndpointKey endpoint, bool restart,
                  std::function<void(app::MediaOffer)> done) override;
  void accept_answer(app::EndpointKey endpoint, std::uint32_t generation, std::string sdp,
                     std::function<void(Result<void, std::string>)> done) override;
  void set_identity(app::EndpointKey endpoint, std::uint8_t idx, std::uint16_t newest_epoch) override;
  void set_activated(app::EndpointKey endpoint, std::uint16_t epoch) override;
  void set_route(app::EndpointKey from, app::EndpointKey to, bool allowed) override;
  void set_recorder_route(app::EndpointKey from, bool allowed) override;
  void set_epochs(app::EndpointKey from, std::set<std::uint16_t> allowed) override;
  void set_lease(app::RoomKey room, SteadyTime until) override;

 private:
  MediaBridge(runtime::Executor& executor, const Clock& clock) : executor_(executor), clock_(clock) {}
  void take_facts(const std::vector<media::Fact>& facts);

  runtime::Executor& executor_;
  const Clock& clock_;
  std::function<void(app::RoomKey, const app::MediaFact&)> receiver_;
  std::map<app::EndpointKey, app::RoomKey> rooms_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<media_local::LocalMediaPlane> plane_;
};

}  // namespace parlour::media_bridge

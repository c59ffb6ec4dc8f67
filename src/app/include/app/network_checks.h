// The device check's question "do picture and sound get through from here?", answered by the media plane: a
// browser connects to an endpoint in a room of its own, in which nothing ever flows, and is told when ICE and
// DTLS are done (docs/features/signalling.md, `probe`). Nothing of it is stored. Thread: the app thread.
#pragma once

#include <map>
#include <memory>

#include "app/context.h"
#include "app/live_meeting.h"

namespace parlour::app {

class NetworkChecks {
 public:
  using Key = std::uint64_t;  // the socket's

  NetworkChecks(Context& context, MediaKeys& keys) : context_(context), keys_(keys) {}
  ~NetworkChecks();

  static constexpr std::size_t kAtOnce = 64;
  static constexpr Duration kLongest = std::chrono::seconds(30);

  // False: too many at once.
  bool begin(Key key, std::shared_ptr<Wire> wire);
  bool running(Key key) const { return checks_.contains(key); }
  void message(Key key, const Json& message);
  void end(Key key);
  // True: the fact was about a check.
  bool on_media_fact(RoomKey room, const MediaFact& fact);
  void tick(SteadyTime now);

 private:
  struct Check {
    std::shared_ptr<Wire> wire;
    RoomKey room = 0;
    EndpointKey endpoint = 0;
    SteadyTime until{};
    std::int64_t n = 0;
    bool up = false;
  };
  void push(Check& check, Json message);

  Context& context_;
  MediaKeys& keys_;
  std::map<Key, Check> checks_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace parlour::app

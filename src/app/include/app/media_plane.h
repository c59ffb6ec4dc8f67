// The media plane as app commands it. Commands go down, facts come up; all on the app thread (the adapter
// posts).
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace parlour::app {

using RoomKey = std::uint64_t;
using EndpointKey = std::uint64_t;

struct OfferedStream {
  std::string mid;
  EndpointKey sender = 0;
  int slot = 0;
};
struct MediaOffer {
  std::uint32_t generation = 0;
  std::string sdp;
  std::vector<OfferedStream> streams;
};

namespace media_fact {
struct Connected {
  EndpointKey endpoint;
};
struct Silent {
  EndpointKey endpoint;
};  // nothing authentic came for 4 s
struct Heard {
  EndpointKey endpoint;
};  // and then something did
struct Gone {
  EndpointKey endpoint;
  bool for_good = false;  // DTLS closed or failed: only another endpoint can be connected again
};                        // no check for 30 s, or DTLS is over
struct AddressChanged {
  EndpointKey endpoint;
};
struct StreamStarted {
  EndpointKey endpoint;
  int slot;
};
struct GuardTripped {
  EndpointKey endpoint;
  int slot;
  std::string reason;
};
struct Quality {
  EndpointKey endpoint;
  int loss_up_permille, loss_down_permille, rtt_ms;
};
struct OfferNeeded {
  EndpointKey endpoint;
};  // streams for it have changed: make_offer() again
}  // namespace media_fact
using MediaFact = std::variant<media_fact::Connected, media_fact::Silent, media_fact::Heard, media_fact::Gone,
                               media_fact::AddressChanged, media_fact::StreamStarted,
                               media_fact::GuardTripped, media_fact::Quality, media_fact::OfferNeeded>;

class MediaPlane {
 public:
  virtual ~MediaPlane() = default;
  virtual void on_fact(std::function<void(RoomKey, const MediaFact&)> receiver) = 0;
  // leased: nothing flows once the lease has run out (meeting::kDurableLease after the last durable write).
  virtual void open_room(RoomKey room, bool leased) = 0;
  virtual void close_room(RoomKey room) = 0;
  virtual void add_endpoint(EndpointKey endpoint, RoomKey room) = 0;
  virtual void remove_endpoint(EndpointKey endpoint) = 0;
  // restart: new ICE credentials and a new DTLS association are expected.
  virtual void make_offer(EndpointKey endpoint, bool restart, std::function<void(MediaOffer)> done) = 0;
  virtual void accept_answer(EndpointKey endpoint, std::uint32_t generation, std::string sdp,
                             std::function<void(Result<void, std::string>)> done) = 0;  // error: its name
  // The guard's and the gate's settings (e2ee.md 7, design.md 4).
  virtual void set_identity(EndpointKey endpoint, std::uint8_t idx, std::uint16_t newest_epoch) = 0;
  virtual void set_activated(EndpointKey endpoint, std::uint16_t epoch) = 0;
  virtual void set_route(EndpointKey from, EndpointKey to, bool allowed) = 0;
  virtual void set_recorder_route(EndpointKey from, bool allowed) = 0;
  virtual void set_epochs(EndpointKey from, std::set<std::uint16_t> allowed) = 0;
  virtual void set_lease(RoomKey room, SteadyTime until) = 0;
};

}  // namespace parlour::app

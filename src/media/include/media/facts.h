// What the media plane tells the control plane: facts, each about one endpoint, in the order in which they
// happened.
//
// Facts are drained from the Shard as a vector. They are never wishes: "Connected" means that ICE has an
// authenticated address and DTLS has finished with the announced fingerprint, "FirstForwarded" that a packet
// really left.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/time.h"
#include "media/endpoint.h"

namespace parlour::media {

// ICE has an authenticated address and DTLS is up; media can flow where the gate lets it. Again after
// Disconnected (kGone) or an ICE restart.
struct Connected {
  EndpointId endpoint;
};

enum class Absence : std::uint8_t {
  kStale,   // no authenticated check for 5 s (RFC 7675 consent would have come)
  kGone,    // none for 30 s: nothing is sent to it any more
  kClosed,  // its DTLS said close_notify
};
struct Disconnected {
  EndpointId endpoint;
  Absence why = Absence::kStale;
};
// An authenticated check came again after kStale.
struct Returned {
  EndpointId endpoint;
};
// Nothing authentic came from it for 4 s: no check, no packet, no report; and the first that came after that.
// Told long before consent runs out, for people who look at its last picture. A lost check alone is no
// silence.
struct Silent {
  EndpointId endpoint;
};
struct Heard {
  EndpointId endpoint;
};
// Media goes to another address from now on; the check that moved it was authenticated. No address in the
// fact: addresses are personal data and nobody above needs them.
struct AddressChanged {
  EndpointId endpoint;
};
// The set of downlinks has changed since the last offer: call make_offer().
struct OfferNeeded {
  EndpointId endpoint;
};
// The first packet of a sender's stream that passed SRTP and the guard.
struct StreamStarted {
  EndpointId endpoint;
  Slot slot = Slot::kMicrophone;
};
// No packet for 2 s on a stream that had started; and the first one after that.
struct StreamStalled {
  EndpointId endpoint;
  Slot slot = Slot::kMicrophone;
};
struct StreamResumed {
  EndpointId endpoint;
  Slot slot = Slot::kMicrophone;
};

// e2ee.md 7: why a frame was not what the roster announces. Once per stream; the stream stays stopped.
struct GuardTripped {
  EndpointId endpoint;
  Slot slot = Slot::kMicrophone;
  std::string reason;  // a name, e.g. "shim", "epoch", "index"
};
struct FirstForwarded {
  EndpointId from;
  EndpointId to;
  Slot slot = Slot::kMicrophone;
};
struct DtlsFailed {
  EndpointId endpoint;
  std::string reason;
};
// Every 2 s for each connected endpoint. Loss in thousandths of the packets of that time.
struct Quality {
  EndpointId endpoint;
  std::uint32_t loss_up_permille = 0;    // from the endpoint to us, before retransmission
  std::uint32_t loss_down_permille = 0;  // from us to the endpoint, by its reports
  Duration round_trip{};                 // zero: not known yet
};

using Fact =
    std::variant<Connected, Disconnected, Returned, Silent, Heard, AddressChanged, OfferNeeded, StreamStarted,
                 StreamStalled, StreamResumed, GuardTripped, FirstForwarded, DtlsFailed, Quality>;

}  // namespace parlour::media

// The gate (design.md 4): may media of A reach B now? One pure function; the recorder is a B like any other.
//
// The media plane applies the answer: routes and epochs change with these facts, and a lease makes "durable
// up to" a matter of time that runs out by itself. Nobody else decides.
#pragma once

#include "base/time.h"
#include "meeting/type_policy.h"

namespace parlour::meeting {

enum class RosterMode { kOff, kRecorded, kPaused };

struct GateFacts {
  bool sender_admitted = false;  // named by the newest Roster
  bool receiver_admitted = false;
  bool sender_notice_settled = false;  // every notice and consent that the type demands of the sender
  bool meeting_live = false;           // not held, not ended
  RecordingRule rule = RecordingRule::kNever;
  RosterMode mode = RosterMode::kOff;         // of the epoch in the packet's KID
  bool recorder_acknowledged_sender = false;  // member 255's KeyAck for the sender's commits of that epoch
  bool capture_started = false;               // key envelope checked by the vault, header durable
  bool receiver_is_recorder = false;
  bool path_met = true;  // two people of the call could be reached by media at once, in this call
};

enum class GateAnswer {
  kOpen,
  kNotAdmitted,
  kNoticeMissing,
  kNotLive,
  kNoPath,         // nobody to talk to can be reached yet
  kNoRecorderKey,  // the recorder can't open what the sender sends
  kNoCapture,      // nothing durable yet
  kNotRecorded,    // towards the recorder: this epoch is not recorded
};
std::string_view to_text(GateAnswer answer);

GateAnswer gate(const GateFacts& facts);

// How long after a durable write media may go on (design.md 4: DurableUpTo ≥ now − 2 s).
constexpr Duration kDurableLease = 2s;

}  // namespace parlour::meeting

// The server's ingress guard: does the first packet of a frame look like a frame of the announced sender,
// epoch and slot? Browsers fail open (a wrongly built connection sends plaintext without an error), so the
// server looks.
//
// Pure and allocation-free. It judges bytes, it cannot decrypt: a random packet passes about once in 2^30, a
// run of them never. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "e2ee/kid.h"

namespace parlour::e2ee {

enum class FrameCodec : std::uint8_t { kOpus = 1, kVp8 = 2 };

// How long a sender's old epoch stays good after its Activated.
constexpr Duration kOldEpochGrace = 2s;

// What is announced for one uplink stream.
struct GuardContext {
  FrameCodec codec = FrameCodec::kOpus;
  std::uint8_t idx = 0;            // the Roster's, of the transport's owner
  std::uint8_t slot = 0;           // of the stream's mid
  std::uint16_t newest_epoch = 0;  // of the newest Roster; 0: none yet, so nothing is good
  // The oldest epoch that this sender may still use: normally the one before the newest, older only when the
  // sender skipped one that never settled. Never above newest_epoch.
  std::uint16_t oldest_epoch = 0;
  // When the older epochs end: kOldEpochGrace after this sender's Activated of the newest one; nothing before
  // it.
  std::optional<SteadyTime> old_epochs_until;
};

enum class FrameVerdict : std::uint8_t {
  kGood,
  kTooShort,     // no room for shim, header and tag
  kShim,         // VP8 without one of the two shims
  kHeader,       // no SFrame header in its shortest form
  kKid,          // a KID outside the limits: epoch 0, member 255, a reserved slot
  kCounter,      // a counter that no honest sender reaches
  kEpochFuture,  // an epoch without a Roster
  kEpochPast,    // an epoch that is over for this sender
  kIndex,        // another member's KID
  kSlot,         // the KID of another slot
};
// A name for facts and the audit log: "shim", "header", "epoch_past", …
std::string_view to_text(FrameVerdict verdict);

struct FrameStart {
  FrameVerdict verdict = FrameVerdict::kTooShort;
  Kid kid;                 // set from kEpochFuture on, and when good
  bool key_frame = false;  // VP8, when good
};

// `frame` is the codec frame's first bytes: of Opus the RTP payload, of VP8 what follows the payload
// descriptor of a packet with S = 1 and PID = 0.
FrameStart judge_frame_start(ByteView frame, const GuardContext& context, SteadyTime now);

}  // namespace parlour::e2ee

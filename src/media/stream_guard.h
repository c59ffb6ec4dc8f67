// The ingress guard of one stream (e2ee.md 7): judges the first packet of each frame, remembers the verdict
// for the frame's other packets, and stops the stream for good at the first bad one. One thread; fixed
// memory.
//
// The other packets of a frame share its verdict by their RTP timestamp. When they overtake their frame's
// start they are to be held: nothing whose start has not been judged may pass.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "e2ee/guard.h"
#include "media/endpoint.h"
#include "media/shard.h"

namespace parlour::media {

// What one sender has announced; shared by its streams.
class SenderGuard {
 public:
  void set(const GuardConfig& config);
  void set_activated(std::uint16_t epoch, SteadyTime now);
  const std::optional<GuardConfig>& config() const { return config_; }
  // What the guard compares a frame of this stream with. Precondition: config() is set.
  e2ee::GuardContext context(Slot slot, Codec codec) const;

 private:
  std::optional<GuardConfig> config_;
  std::uint16_t activated_ = 0;         // the newest epoch that the sender has said Activated for; 0: none
  std::uint16_t activated_before_ = 0;  // and the one that it used until then
  SteadyTime activated_at_;
};

// What is known of a packet's frame.
struct FrameMark {
  bool starts_frame = false;
  bool key_frame = false;              // together with starts_frame
  std::optional<std::uint16_t> epoch;  // nullopt: the guard is off
};

struct GuardVerdict {
  enum class Outcome : std::uint8_t {
    kPass,
    kHold,       // the frame's start has not been judged
    kUnarmed,    // set_guard has not been called for the sender
    kMalformed,  // no VP8 descriptor
    kTripped,    // the first bad start: the stream is stopped from now on
    kStopped,    // after that
  };
  Outcome outcome = Outcome::kUnarmed;
  FrameMark frame;
  std::string_view reason;  // with kTripped
};

class StreamGuard {
 public:
  StreamGuard(Slot slot, Codec codec) : slot_(slot), codec_(codec) {}

  // payload: of an RTP packet, without padding. An empty one (a probe) passes: there is nothing in it.
  GuardVerdict judge(const SenderGuard& sender, ByteView payload, std::uint32_t timestamp, SteadyTime now);
  bool stopped() const { return stopped_; }

 private:
  struct Frame {
    std::uint32_t timestamp = 0;
    std::uint16_t epoch = 0;
    bool known = false;
  };
  static constexpr std::size_t kFrames = 64;  // two seconds of video: as long as retransmission can take

  void remember(std::uint32_t timestamp, std::uint16_t epoch);
  const Frame* find(std::uint32_t timestamp) const;

  Slot slot_;
  Codec codec_;
  bool stopped_ = false;
  std::array<Frame, kFrames> frames_{};
  std::size_t next_frame_ = 0;
};

}  // namespace parlour::media

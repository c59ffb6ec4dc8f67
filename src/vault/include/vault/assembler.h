// Frames of one stream from its recorded RTP packets: sorted by extended sequence number, duplicates dropped,
// whole frames only (e2ee-evidence 5). RTX is resolved already. One thread.
//
//   Opus: each packet is a frame.  VP8 (RFC 7741): from S=1, PID=0 to the marker, one timestamp, no packet
//   missing.
//
// Packets come in the order in which the server got them; those after a hole are held until the missing ones
// may no longer come (kReorderMax), so memory is bounded.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "recording/format/records.h"
#include "rtc/rtp.h"

namespace parlour::vault {

struct AssembledFrame {
  std::int64_t ticks = 0;  // RTP time since the anchor, extended
  SteadyTime arrival;      // of its last packet
  Bytes data;
};

struct AssemblerCounts {
  std::uint64_t packets = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t malformed = 0;
  std::uint64_t late = 0;  // came after their place was given up
  std::uint64_t missing_packets = 0;
  std::uint64_t incomplete_frames = 0;  // VP8 frames of which a packet is missing
};

class FrameAssembler {
 public:
  using OnFrame = std::function<void(AssembledFrame)>;
  // anchor: RTP time that counts as 0.
  FrameAssembler(recording::StreamCodec codec, std::uint32_t anchor, OnFrame on_frame);

  void packet(const recording::PacketRecord& record);
  // Time has passed without a packet of this stream: what was waited for too long is given up.
  void advance(SteadyTime now);
  void flush();  // the stream is over
  const AssemblerCounts& counts() const { return counts_; }

  static constexpr Duration kReorderMax = std::chrono::seconds(3);
  static constexpr std::size_t kHeldMax = 4096;

 private:
  struct Held {
    SteadyTime arrival;
    std::uint32_t rtp_time = 0;
    bool marker = false;
    Bytes payload;
  };
  void release(bool all);
  void in_order(std::uint64_t sequence, Held held);
  void vp8(Held held, bool after_hole);

  recording::StreamCodec codec_;
  OnFrame on_frame_;
  rtc::TimestampUnwrapper clock_;
  std::uint64_t base_ = 0;
  AssemblerCounts counts_;
  std::map<std::uint64_t, Held> held_;
  std::optional<std::uint64_t> next_;
  SteadyTime newest_;

  bool building_ = false;  // a VP8 frame is under way
  std::uint32_t building_time_ = 0;
  Bytes building_data_;
};

}  // namespace parlour::vault

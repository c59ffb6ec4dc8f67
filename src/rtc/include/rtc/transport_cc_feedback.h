// Collects arrival times of packets that carry the transport-wide sequence number and turns them into
// feedback packets (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1), by which the browser
// estimates its uplink.
//
// One per connection (the sequence counts across its streams). Feedback is due `interval` after the first
// unreported packet. Sans-I/O, one thread, memory bounded by the window.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/rtp.h"

namespace parlour::rtc {

class TransportCcFeedback {
 public:
  static constexpr std::size_t kWindow = 2048;  // sequence numbers that may wait for a report
  static constexpr Duration kInterval = 100ms;

  TransportCcFeedback();

  void on_packet(std::uint16_t transport_sequence, SteadyTime arrival);
  std::optional<SteadyTime> next_deadline() const;
  // Appends RTCP packets (each at most about 1,100 bytes; the caller sends each as one datagram) when due.
  std::vector<Bytes> take_due(std::uint32_t sender_ssrc, std::uint32_t media_ssrc, SteadyTime now);

 private:
  struct Slot {
    std::uint64_t sequence = 0;  // 0: empty (extended sequences begin at 65,536)
    SteadyTime arrival;
  };

  std::vector<Slot> slots_;  // by sequence modulo kWindow
  SequenceUnwrapper unwrapper_;
  std::uint64_t base_ = 0;  // next sequence to report
  std::uint64_t end_ = 0;   // one past the newest received
  bool pending_ = false;
  SteadyTime due_;
  std::uint8_t feedback_count_ = 0;
};

}  // namespace parlour::rtc

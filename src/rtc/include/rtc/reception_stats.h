// Reception statistics of one received stream and the report block made of them (RFC 3550 6.4.1, A.3, A.8).
// Sans-I/O, one thread, no allocation.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "rtc/rtcp.h"

namespace parlour::rtc {

class ReceptionStats {
 public:
  // clock_rate in Hz: 48,000 for Opus, 90,000 for VP8.
  ReceptionStats(std::uint32_t ssrc, std::uint32_t clock_rate) : ssrc_(ssrc), clock_rate_(clock_rate) {}

  // A packet as received on its own SSRC (not one recovered by RTX); sequence extended to 64 bits.
  void on_packet(std::uint64_t sequence, std::uint32_t rtp_time, SteadyTime arrival);
  void on_sender_report(std::uint64_t ntp, SteadyTime arrival);

  bool active() const { return started_; }
  // The block for the next report; fraction_lost covers the time since the last call.
  ReportBlock make_block(SteadyTime now);

  std::uint64_t received() const { return received_; }
  std::int64_t lost() const;
  std::uint32_t jitter() const { return static_cast<std::uint32_t>(jitter_16_ >> 4); }

 private:
  std::uint64_t expected() const { return started_ ? highest_ - first_ + 1 : 0; }

  std::uint32_t ssrc_;
  std::uint32_t clock_rate_;
  bool started_ = false;
  std::uint64_t first_ = 0;
  std::uint64_t highest_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t expected_before_ = 0;
  std::uint64_t received_before_ = 0;
  std::uint32_t last_rtp_time_ = 0;
  SteadyTime last_arrival_;
  std::uint64_t jitter_16_ = 0;  // times 16, as in RFC 3550 A.8
  std::uint64_t last_sr_ntp_ = 0;
  std::optional<SteadyTime> last_sr_arrival_;
};

// Round trip from a report block that answers our sender report (RFC 3550 6.4.1): now − LSR − DLSR. nullopt
// when the block answers none, or is impossible.
std::optional<Duration> round_trip_from(const ReportBlock& block, std::uint64_t ntp_now);

}  // namespace parlour::rtc

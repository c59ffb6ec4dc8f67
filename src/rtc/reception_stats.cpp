#include "rtc/reception_stats.h"

#include <algorithm>
#include <cstdlib>

namespace parlour::rtc {

void ReceptionStats::on_packet(std::uint64_t sequence, std::uint32_t rtp_time, SteadyTime arrival) {
  if (!started_) {
    started_ = true;
    first_ = highest_ = sequence;
  } else {
    // RFC 3550 A.8. Only packets in order tell about jitter: a late one measures its own detour.
    if (sequence > highest_) {
      const std::int64_t elapsed = (arrival - last_arrival_).count() * clock_rate_ / 1'000'000;
      const auto rtp_elapsed = static_cast<std::int32_t>(rtp_time - last_rtp_time_);
      const auto deviation = static_cast<std::uint64_t>(std::abs(elapsed - rtp_elapsed));
      // A stream that stood still (mute, stopped share) is no jitter.
      if (deviation < std::uint64_t{clock_rate_} * 5) jitter_16_ += deviation - ((jitter_16_ + 8) >> 4);
    }
    first_ = std::min(first_, sequence);
  }
  if (sequence >= highest_) {
    highest_ = sequence;
    last_rtp_time_ = rtp_time;
    last_arrival_ = arrival;
  }
  ++received_;
}

void ReceptionStats::on_sender_report(std::uint64_t ntp, SteadyTime arrival) {
  last_sr_ntp_ = ntp;
  last_sr_arrival_ = arrival;
}

std::int64_t ReceptionStats::lost() const {
  return static_cast<std::int64_t>(expected()) - static_cast<std::int64_t>(received_);
}

ReportBlock ReceptionStats::make_block(SteadyTime now) {
  ReportBlock block;
  block.ssrc = ssrc_;
  const auto expected_interval = static_cast<std::int64_t>(expected() - expected_before_);
  const auto received_interval = static_cast<std::int64_t>(received_ - received_before_);
  const std::int64_t lost_interval = expected_interval - received_interval;
  expected_before_ = expected();
  received_before_ = received_;
  if (expected_interval > 0 && lost_interval > 0) {
    block.fraction_lost =
        static_cast<std::uint8_t>(std::min<std::int64_t>(255, lost_interval * 256 / expected_interval));
  }
  constexpr std::int64_t kLostMax = 0x7FFFFF;
  block.cumulative_lost = static_cast<std::int32_t>(std::clamp(lost(), -kLostMax - 1, kLostMax));
  block.highest_sequence = static_cast<std::uint32_t>(highest_);
  block.jitter = jitter();
  if (last_sr_arrival_) {
    block.last_sr = ntp_middle(last_sr_ntp_);
    const std::int64_t delay_us =
        std::clamp<std::int64_t>((now - *last_sr_arrival_).count(), 0, 65'535'000'000);
    block.delay_since_last_sr = static_cast<std::uint32_t>(delay_us * 65'536 / 1'000'000);
  }
  return block;
}

std::optional<Duration> round_trip_from(const ReportBlock& block, std::uint64_t ntp_now) {
  if (block.last_sr == 0) return std::nullopt;
  const std::uint32_t round_trip = ntp_middle(ntp_now) - block.last_sr - block.delay_since_last_sr;
  if (round_trip > 60u << 16) return std::nullopt;  // negative, or a minute: not a round trip
  return Duration(static_cast<std::int64_t>(round_trip) * 1'000'000 / 65'536);
}

}  // namespace parlour::rtc

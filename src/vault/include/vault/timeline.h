// From RTP time to the recording's one clock, the server's UTC (e2ee-evidence 5).
//
//   RTP time ──(line through the stream's sender reports)──► sender's NTP clock ──(least arrival − NTP)──►
//   server
//
// Streams of one endpoint share its NTP clock, so its sound and picture stay together however their delays
// differ; the second step is common to all streams of an endpoint and follows a drift between the clocks. A
// stream without reports is placed by its least delayed packet. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "vault/log_survey.h"

namespace parlour::vault {

// y = offset + slope · x, fitted in floating point over differences small enough for it; used for clocks
// only.
struct ClockLine {
  double origin_x = 0, origin_y = 0;
  double slope = 1;
  double at(double x) const { return origin_y + slope * (x - origin_x); }
};

// Least squares with the slope held within `slope_slack` of `nominal`; with fewer than two distinct x the
// slope is nominal.
ClockLine fit_clock(const std::vector<std::pair<double, double>>& points, double nominal, double slope_slack);

class StreamClock {
 public:
  StreamClock() = default;
  StreamClock(ClockLine to_utc_us, std::uint32_t anchor) : line_(to_utc_us), anchor_(anchor) {}
  // `ticks`: RTP time since the stream's anchor, extended.
  UtcTime utc(std::int64_t ticks) const;
  std::uint32_t anchor() const { return anchor_; }

 private:
  ClockLine line_;
  std::uint32_t anchor_ = 0;
};

using StreamKey = std::pair<std::uint32_t, std::uint32_t>;  // part, stream
std::map<StreamKey, StreamClock> make_clocks(const LogSurvey& survey);

}  // namespace parlour::vault

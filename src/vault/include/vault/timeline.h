// From RTP time to the recording's one clock, the server's UTC (e2ee-evidence 5).
//
//   RTP time ──(stretch by stretch, from the stream's sender reports)──► sender's NTP clock
//            ──(least arrival − NTP)──► server
//
// Streams of one endpoint share its NTP clock, so its sound and picture stay together however their delays
// differ; the second step is common to all streams of an endpoint and follows a drift between the clocks. A
// stream without reports is placed by its least delayed packet.
//
// A browser's RTP clock of sound counts samples: while nothing is captured it stands still (a stalled or
// unplugged microphone, a computer that sleeps). From there on a new stretch begins, later by as long as that
// lasted. Three witnesses are heard, because each alone is wrong at times:
//
//   reports      NTP moved and RTP did not               a sleeping computer's NTP clock stood still as well;
//   a
//                                                        device's clock may be corrected in the call
//   packets      they come later than RTP time says,     a full queue in the network does that too, for a
//   while
//                and go on doing so
//   other streams of the endpoint                        what all of them show at once is their NTP clock
//
// The edge lies between the two packets that came further apart than their RTP times. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "vault/account.h"
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
  // From a tick on the line holds, until the next stretch.
  struct Stretch {
    std::int64_t from_ticks = 0;
    ClockLine to_utc_us;
    // Where the one before ended: the packet before the step, whose RTP clock then stood still.
    std::int64_t ticks_before = 0;
    bool stood_still = false;
  };

  StreamClock(std::vector<Stretch> stretches, std::int64_t utc_offset_us, const SurveyedStream& stream);
  // `ticks`: RTP time since the stream's anchor, extended. `arrival` bounds what a sender may claim: nothing
  // is seen before it was captured, and nothing is on its way for ever.
  UtcTime utc(std::int64_t ticks, SteadyTime arrival) const;
  // Of a packet of which nothing else is known.
  UtcTime utc(SteadyTime arrival) const { return {arrival.us + utc_offset_us_}; }
  std::uint32_t anchor() const { return anchor_; }
  UtcTime first() const { return first_; }  // of the packet that arrived first

  // When nothing was captured: from the end of the last packet before each step, `packet` long, to the first
  // after it. Where packets were lost there too, the edge is somewhere inside.
  std::vector<Span> standstills(Duration packet) const;
  std::size_t stretches() const { return stretches_.size(); }

  static constexpr Duration kAheadMax = std::chrono::milliseconds(500);
  static constexpr Duration kBehindMax = std::chrono::seconds(10);

 private:
  UtcTime on_line(const Stretch& stretch, std::int64_t ticks) const;

  std::vector<Stretch> stretches_;
  std::int64_t utc_offset_us_ = 0;
  std::uint32_t anchor_ = 0;
  UtcTime first_;
};

using StreamKey = std::pair<std::uint32_t, std::uint32_t>;  // part, stream
std::map<StreamKey, StreamClock> make_clocks(const LogSurvey& survey);

}  // namespace parlour::vault

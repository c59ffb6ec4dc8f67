#include "vault/timeline.h"

#include <algorithm>
#include <cmath>

namespace parlour::vault {
namespace {

// Oscillators of computers and telephones are within 100 ppm; what is beyond comes from noise.
constexpr double kDriftMax = 300e-6;
// Least delays are taken per window; drift is followed only over enough windows to see it.
constexpr std::int64_t kWindowUs = 30'000'000;
constexpr std::size_t kDriftWindows = 4;

double ntp_to_us(std::uint64_t ntp) {
  return static_cast<double>(ntp >> 32) * 1e6 + static_cast<double>(ntp & 0xFFFFFFFFu) * 1e6 / 4294967296.0;
}

struct SenderClock {
  // (sender's NTP µs, arrival − NTP) of all reports of the endpoint.
  std::vector<std::pair<double, double>> delays;

  // Sender's NTP µs → server steady µs.
  ClockLine line() const {
    std::map<std::int64_t, std::pair<double, double>> least;  // by window
    for (const auto& [ntp, delay] : delays) {
      const auto window = static_cast<std::int64_t>(ntp) / kWindowUs;
      auto [at, added] = least.emplace(window, std::pair{ntp, delay});
      if (!added && delay < at->second.second) at->second = {ntp, delay};
    }
    std::vector<std::pair<double, double>> points;
    if (least.size() >= kDriftWindows) {
      for (const auto& [window, point] : least) points.emplace_back(point.first, point.first + point.second);
    } else {
      auto best = std::min_element(delays.begin(), delays.end(),
                                   [](const auto& a, const auto& b) { return a.second < b.second; });
      points.emplace_back(best->first, best->first + best->second);
    }
    return fit_clock(points, 1.0, kDriftMax);
  }
};

// RTP time nearest to the line that the anchor and the arrival time suggest, so that reports extend like
// packets do.
std::int64_t extended_ticks(const SurveyedStream& stream, const SurveyedReport& report) {
  const auto anchor = static_cast<std::int64_t>(stream.first_rtp_time.value_or(report.rtp_time));
  const std::int64_t expected = (report.arrival.us - stream.least_delay_us) *
                                static_cast<std::int64_t>(stream.info.clock_rate) / 1'000'000;
  const std::int64_t raw = static_cast<std::int64_t>(report.rtp_time) - anchor;
  const std::int64_t turn = std::int64_t{1} << 32;
  const std::int64_t turns = (expected - raw + (expected > raw ? turn / 2 : -turn / 2)) / turn;
  return raw + turns * turn;
}

}  // namespace

ClockLine fit_clock(const std::vector<std::pair<double, double>>& points, double nominal,
                    double slope_slack) {
  ClockLine line;
  line.slope = nominal;
  if (points.empty()) return line;
  const auto count = static_cast<double>(points.size());
  for (const auto& [x, y] : points) {
    line.origin_x += (x - points[0].first) / count;
    line.origin_y += (y - points[0].second) / count;
  }
  line.origin_x += points[0].first;
  line.origin_y += points[0].second;
  double xx = 0, xy = 0;
  for (const auto& [x, y] : points) {
    xx += (x - line.origin_x) * (x - line.origin_x);
    xy += (x - line.origin_x) * (y - line.origin_y);
  }
  if (xx > 0) line.slope = std::clamp(xy / xx, nominal * (1 - slope_slack), nominal * (1 + slope_slack));
  return line;
}

UtcTime StreamClock::utc(std::int64_t ticks) const {
  return {static_cast<std::int64_t>(std::llround(line_.at(static_cast<double>(ticks))))};
}

std::map<StreamKey, StreamClock> make_clocks(const LogSurvey& survey) {
  std::map<std::pair<std::uint32_t, std::uint64_t>, SenderClock> senders;  // by part and endpoint
  for (const auto& [key, stream] : survey.streams)
    for (const SurveyedReport& report : stream.reports)
      senders[{stream.part, stream.info.endpoint}].delays.emplace_back(
          ntp_to_us(report.ntp), static_cast<double>(report.arrival.us) - ntp_to_us(report.ntp));

  std::map<StreamKey, StreamClock> clocks;
  for (const auto& [key, stream] : survey.streams) {
    if (!stream.first_rtp_time) continue;
    const auto part = survey.parts.find(stream.part);
    const auto utc_offset = static_cast<double>(part == survey.parts.end() ? 0 : part->second.utc_offset_us);
    const double us_per_tick = 1e6 / stream.info.clock_rate;
    ClockLine line;
    if (stream.reports.empty()) {
      line = {0, static_cast<double>(stream.least_delay_us), us_per_tick};
    } else {
      std::vector<std::pair<double, double>> points;
      for (const SurveyedReport& report : stream.reports)
        points.emplace_back(static_cast<double>(extended_ticks(stream, report)), ntp_to_us(report.ntp));
      const ClockLine to_sender = fit_clock(points, us_per_tick, kDriftMax);
      const ClockLine to_server = senders.at({stream.part, stream.info.endpoint}).line();
      line = {to_sender.origin_x, to_server.at(to_sender.origin_y), to_sender.slope * to_server.slope};
    }
    line.origin_y += utc_offset;
    clocks.emplace(key, StreamClock(line, *stream.first_rtp_time));
  }
  return clocks;
}

}  // namespace parlour::vault

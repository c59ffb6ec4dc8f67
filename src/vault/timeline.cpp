#include "vault/timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "rtp_steps.h"

namespace parlour::vault {
namespace {

// Least delays are taken per window; drift is followed only over enough windows to see it.
constexpr std::int64_t kWindowUs = 30'000'000;
constexpr std::size_t kDriftWindows = 4;
// Streams of one endpoint report at different moments: what two of them say within this time is one event.
constexpr Duration kSameEvent = std::chrono::seconds(8);
// A stretch's own reports move it against the line of all by no more; a step was found to be as large as
// that.
constexpr double kStretchMoveMax = 150'000;
// A sender's reports may not move its media away from when they came by more than devices and encoders take.
constexpr double kAheadOfArrival = 100'000;
constexpr double kBehindArrival = 2'000'000;

double ntp_to_us(std::uint64_t ntp) {
  return static_cast<double>(ntp >> 32) * 1e6 + static_cast<double>(ntp & 0xFFFFFFFFu) * 1e6 / 4294967296.0;
}

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

// One page's clocks: the NTP clock that its streams share, in epochs between which it was corrected or stood
// still, and the RTP clock of each.
class Sender {
 public:
  explicit Sender(std::int64_t utc_offset_us) : utc_offset_us_(utc_offset_us) {}

  void add(const StreamKey& key, const SurveyedStream& stream) {
    std::vector<RtpReport> reports;
    for (const SurveyedReport& report : stream.reports) {
      const auto ticks = static_cast<double>(extended_ticks(stream, report));
      reports.push_back({ticks * 1e6 / stream.info.clock_rate, ntp_to_us(report.ntp), report.arrival});
    }
    streams_.push_back({key, &stream, RtpSteps(stream, std::move(reports))});
  }

  void place(std::map<StreamKey, StreamClock>& clocks) {
    for (One& one : streams_) one.steps.find();
    settle_differences();
    fit_epochs();
    for (One& one : streams_)
      clocks.emplace(one.key, StreamClock(stretches(one), utc_offset_us_, *one.stream));
  }

 private:
  struct One {
    StreamKey key;
    const SurveyedStream* stream;
    RtpSteps steps;
  };
  struct Difference {
    std::size_t stream;
    ReportStep step;
  };

  // What reports say beyond the steps is their NTP clock's doing if all streams show it, and otherwise that
  // of the one RTP clock.
  void settle_differences() {
    std::vector<std::vector<ReportStep>> said;
    for (const One& one : streams_) said.push_back(one.steps.differences());
    for (std::size_t at = 0; at < streams_.size(); ++at)
      for (const ReportStep& step : said[at]) {
        if (is_rtp(at, step, said))
          streams_[at].steps.accept(step);
        else
          note_epoch(step);
      }
    for (const ReportStep& correction : corrections_) epochs_.push_back(correction.at);
    std::sort(epochs_.begin(), epochs_.end());
  }

  bool is_rtp(std::size_t at, const ReportStep& step,
              const std::vector<std::vector<ReportStep>>& said) const {
    const bool packets_say =
        step.packets_us * step.us > 0 && std::abs(step.packets_us) >= std::abs(step.us) / 2;
    // Nothing that large stands still without a packet that comes late.
    if (!packets_say && std::abs(step.us) >= 100'000 && std::abs(step.piece_jump_us) < std::abs(step.us) / 2)
      return false;
    bool others = false;
    for (std::size_t other = 0; other < streams_.size(); ++other) {
      const auto& reports = streams_[other].steps.reports();
      if (other == at || reports.size() < 2) continue;
      if (reports.front().arrival > step.after || reports.back().arrival < step.at) continue;
      others = true;
      for (const ReportStep& theirs : said[other])
        if (same_event(step.after, step.at, step.us, theirs))
          return packets_say && std::abs(step.packets_us) < 2 * std::abs(step.us);
    }
    if (others || packets_say) return true;
    // Alone: a correction of the NTP clock moves no packet.
    return std::abs(step.piece_jump_us) >= 0.8 * std::abs(step.us) && std::abs(step.us) >= 100'000;
  }

  // What two streams say within a while, and of the same size.
  static bool same_event(SteadyTime after, SteadyTime at, double us, const ReportStep& other) {
    return other.after <= at + kSameEvent && other.at >= after - kSameEvent &&
           std::abs(other.us - us) < std::max(30'000.0, 0.3 * std::abs(us));
  }

  void note_epoch(const ReportStep& step) {
    for (ReportStep& known : corrections_)
      if (same_event(known.after, known.at, known.us, step)) {
        known.at = std::min(known.at, step.at);
        return;
      }
    corrections_.push_back(step);
  }

  std::size_t epoch_of(SteadyTime arrival) const {
    return static_cast<std::size_t>(std::upper_bound(epochs_.begin(), epochs_.end(), arrival) -
                                    epochs_.begin());
  }

  // Sender's NTP µs → server steady µs, for each epoch: by its least delayed reports.
  void fit_epochs() {
    std::vector<std::vector<std::pair<double, double>>> delays(epochs_.size() + 1);
    for (const One& one : streams_)
      for (const RtpReport& report : one.steps.reports())
        delays[epoch_of(report.arrival)].emplace_back(report.ntp_us,
                                                      static_cast<double>(report.arrival.us) - report.ntp_us);
    for (const auto& of_epoch : delays) lines_.push_back(line(of_epoch));
  }

  static ClockLine line(const std::vector<std::pair<double, double>>& delays) {
    if (delays.empty()) return {};
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

  std::vector<StreamClock::Stretch> stretches(const One& one) const {
    const RtpSteps& steps = one.steps;
    // RTP time with its steps → server, by all reports of the stream; then each stretch by its own.
    std::vector<std::pair<double, double>> points;
    std::vector<std::vector<std::size_t>> of_stretch(steps.steps().size() + 1);
    for (const RtpReport& report : steps.reports()) {
      of_stretch[steps.stretch_of(report)].push_back(points.size());
      points.emplace_back(steps.time_us(report), lines_[epoch_of(report.arrival)].at(report.ntp_us));
    }
    ClockLine all = points.empty() ? by_arrival(one) : fit_clock(points, 1.0, kDriftMax);
    std::vector<double> moved(of_stretch.size(), 0);
    for (std::size_t stretch = 0; stretch < of_stretch.size(); ++stretch) {
      if (of_stretch[stretch].empty()) {
        moved[stretch] = stretch == 0 ? 0 : moved[stretch - 1];
        continue;
      }
      std::vector<double> off;
      for (std::size_t point : of_stretch[stretch])
        off.push_back(points[point].second - all.at(points[point].first));
      moved[stretch] = std::clamp(median(std::move(off)), -kStretchMoveMax, kStretchMoveMax);
    }
    hold_to_arrival(one, all);

    std::vector<StreamClock::Stretch> made;
    double shift = 0;
    for (std::size_t stretch = 0; stretch <= steps.steps().size(); ++stretch) {
      StreamClock::Stretch next;
      if (stretch > 0) {
        const RtpStep& step = steps.steps()[stretch - 1];
        shift += step.us;
        next.from_ticks = step.from_ticks;
        next.ticks_before = step.ticks_before;
        next.stood_still = step.us > 0;
      }
      const double x = static_cast<double>(next.from_ticks) * steps.us_per_tick() + shift;
      next.to_utc_us = {static_cast<double>(next.from_ticks),
                        all.at(x) + moved[stretch] + static_cast<double>(utc_offset_us_),
                        all.slope * steps.us_per_tick()};
      made.push_back(next);
    }
    return made;
  }

  static std::optional<double> least(const RtpSteps& steps) {
    return steps.least_delay({std::numeric_limits<std::int64_t>::min()},
                             {std::numeric_limits<std::int64_t>::max()});
  }

  static ClockLine by_arrival(const One& one) {
    return {0, least(one.steps).value_or(static_cast<double>(one.stream->least_delay_us)), 1};
  }

  // Reports are the sender's word: within what devices and networks do, they are followed.
  static void hold_to_arrival(const One& one, ClockLine& all) {
    std::optional<double> soonest;  // after the time that the line tells
    for (const DelayPiece& piece : one.stream->pieces) {
      const double came = static_cast<double>(piece.first_ticks) * one.steps.us_per_tick() +
                          static_cast<double>(piece.least_delay_us);
      const double lag = came - all.at(one.steps.time_us(piece.first_ticks));
      soonest = soonest ? std::min(*soonest, lag) : lag;
    }
    if (soonest && (*soonest < -kAheadOfArrival || *soonest > kBehindArrival)) all = by_arrival(one);
  }

  std::int64_t utc_offset_us_;
  std::vector<One> streams_;
  std::vector<ReportStep> corrections_;  // of the NTP clock
  std::vector<SteadyTime> epochs_;       // when each but the first began
  std::vector<ClockLine> lines_;         // of each epoch
};

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

StreamClock::StreamClock(std::vector<Stretch> stretches, std::int64_t utc_offset_us,
                         const SurveyedStream& stream)
    : stretches_(std::move(stretches)),
      utc_offset_us_(utc_offset_us),
      anchor_(stream.first_rtp_time.value_or(0)) {
  first_ = utc(0, stream.first_arrival);
}

UtcTime StreamClock::on_line(const Stretch& stretch, std::int64_t ticks) const {
  return {static_cast<std::int64_t>(std::llround(stretch.to_utc_us.at(static_cast<double>(ticks))))};
}

UtcTime StreamClock::utc(std::int64_t ticks, SteadyTime arrival) const {
  auto after =
      std::upper_bound(stretches_.begin() + 1, stretches_.end(), ticks,
                       [](std::int64_t at, const Stretch& stretch) { return at < stretch.from_ticks; });
  return std::clamp(on_line(*std::prev(after), ticks), utc(arrival) - kBehindMax, utc(arrival) + kAheadMax);
}

std::vector<Span> StreamClock::standstills(Duration packet) const {
  std::vector<Span> spans;
  for (std::size_t i = 1; i < stretches_.size(); ++i) {
    if (!stretches_[i].stood_still) continue;
    const Span span{on_line(stretches_[i - 1], stretches_[i].ticks_before) + packet,
                    on_line(stretches_[i], stretches_[i].from_ticks)};
    if (span.to > span.from) spans.push_back(span);
  }
  return spans;
}

std::map<StreamKey, StreamClock> make_clocks(const LogSurvey& survey) {
  std::map<std::pair<std::uint32_t, std::uint64_t>, Sender> senders;  // by part and endpoint
  for (const auto& [key, stream] : survey.streams) {
    if (!stream.first_rtp_time) continue;
    const auto part = survey.parts.find(stream.part);
    const std::int64_t utc_offset = part == survey.parts.end() ? 0 : part->second.utc_offset_us;
    senders.try_emplace({stream.part, stream.info.endpoint}, utc_offset).first->second.add(key, stream);
  }
  std::map<StreamKey, StreamClock> clocks;
  for (auto& [endpoint, sender] : senders) sender.place(clocks);
  return clocks;
}

}  // namespace parlour::vault

#include "rtp_steps.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace parlour::vault {
namespace {

// Packets on both sides of a possible step that show the least delay there.
constexpr Duration kNear = std::chrono::seconds(4);
// How long a delay has to last before it is no queue of the network.
constexpr Duration kLasting = std::chrono::seconds(60);
// A report that arrives so near to a step may have been made on either side of it.
constexpr Duration kDoubtBefore = std::chrono::milliseconds(300);
constexpr Duration kDoubtAfter = std::chrono::milliseconds(100);
// Below, the network's own unsteadiness is as large.
constexpr double kStepMin = 40'000;
// What reports say of themselves: a report's place on the RTP clock is as exact as a packet's sending is.
constexpr double kReportStepMin = 25'000;
// Without a report that says so, a step has to be this large to be believed.
constexpr double kUnreportedMin = 150'000;
// The reports say that the RTP clock went on: both clocks may have stood still, in a computer that slept.
constexpr double kSleepMin = 1'000'000;
constexpr double kBackwardMin = 1'000'000;
// Delays that move like that are looked into closely; a network does it now and then, a hostile sender
// always.
constexpr std::size_t kLookedAtMax = 20'000;

}  // namespace

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

RtpSteps::RtpSteps(const SurveyedStream& stream, std::vector<RtpReport> reports)
    : stream_(stream), reports_(std::move(reports)), us_per_tick_(1e6 / stream.info.clock_rate) {
  std::stable_sort(reports_.begin(), reports_.end(),
                   [](const RtpReport& a, const RtpReport& b) { return a.arrival < b.arrival; });
}

std::size_t RtpSteps::stretch_of(std::int64_t ticks) const {
  return static_cast<std::size_t>(
      std::upper_bound(steps_.begin(), steps_.end(), ticks,
                       [](std::int64_t at, const RtpStep& step) { return at < step.from_ticks; }) -
      steps_.begin());
}

// By arrival: a report that is made while nothing is captured lets RTP time run on, beyond where it will
// stand.
std::size_t RtpSteps::stretch_of(const RtpReport& report) const {
  std::size_t stretch = 0;
  while (stretch < steps_.size() && steps_[stretch].arrival <= report.arrival) ++stretch;
  return stretch;
}

double RtpSteps::time_us(std::int64_t ticks) const {
  return static_cast<double>(ticks) * us_per_tick_ + shift(stretch_of(ticks));
}

double RtpSteps::time_us(const RtpReport& report) const {
  return report.ticks_us + shift(stretch_of(report));
}

std::optional<double> RtpSteps::least_delay(SteadyTime from, SteadyTime to) const {
  const auto& pieces = stream_.pieces;
  auto piece = std::lower_bound(pieces.begin(), pieces.end(), from,
                                [](const DelayPiece& one, SteadyTime at) { return one.from < at; });
  std::optional<double> least;
  for (; piece != pieces.end() && piece->from < to; ++piece) {
    const double delay = static_cast<double>(piece->least_delay_us) - shift(stretch_of(piece->first_ticks));
    least = least ? std::min(*least, delay) : delay;
  }
  return least;
}

std::size_t RtpSteps::first_after(SteadyTime at) const {
  return static_cast<std::size_t>(
      std::upper_bound(stream_.pieces.begin(), stream_.pieces.end(), at,
                       [](SteadyTime time, const DelayPiece& one) { return time < one.from; }) -
      stream_.pieces.begin());
}

void RtpSteps::add(const RtpStep& step) {
  auto at = std::upper_bound(steps_.begin(), steps_.end(), step.from_ticks,
                             [](std::int64_t ticks, const RtpStep& one) { return ticks < one.from_ticks; });
  if (at != steps_.begin() && std::prev(at)->from_ticks == step.from_ticks)
    std::prev(at)->us += step.us;
  else
    steps_.insert(at, step);
  shifts_.clear();
  double sum = 0;
  for (const RtpStep& one : steps_) shifts_.push_back(sum += one.us);
}

void RtpSteps::find() {
  const auto& pieces = stream_.pieces;
  std::size_t looked_at = 0;
  for (std::size_t i = 1; i < pieces.size() && steps_.size() < kStepsMax; ++i) {
    const DelayPiece& piece = pieces[i];
    if (std::abs(piece.jump_us) < DelayPiece::kJumpMin) continue;
    const SteadyTime begun =
        steps_.empty() ? SteadyTime{std::numeric_limits<std::int64_t>::min()} : steps_.back().arrival;
    // A piece that began long ago ends right before this one.
    const auto before =
        least_delay(std::max(begun, std::min(piece.from - kNear, pieces[i - 1].from)), piece.from);
    const auto after = least_delay(piece.from, piece.from + kNear);
    if (!before || !after) continue;
    // Both with the shift of the steps so far, so that what is left is this one.
    const double us = *after - *before;
    if (std::abs(us) < kStepMin || ++looked_at > kLookedAtMax || !is_step(i, us)) continue;
    add({piece.first_ticks, piece.ticks_before, piece.from, us});
  }
  std::erase_if(reports_, [&](const RtpReport& report) {
    return std::any_of(steps_.begin(), steps_.end(), [&](const RtpStep& step) {
      return report.arrival >= step.arrival - kDoubtBefore && report.arrival <= step.arrival + kDoubtAfter;
    });
  });
}

bool RtpSteps::is_step(std::size_t index, double us) const {
  const DelayPiece& piece = stream_.pieces[index];
  const auto said = reported(index);
  if (said && *said * us > 0 && std::abs(*said) >= std::abs(us) / 2) return true;
  if (us < 0) return !said && us <= -kBackwardMin && static_cast<double>(piece.jump_us) <= us / 2;
  if (us < (said ? kSleepMin : kUnreportedMin)) return false;
  if (static_cast<double>(piece.jump_us) < us / 2) return false;
  // A queue in the network is worked off some time.
  const auto& pieces = stream_.pieces;
  const auto before = least_delay(std::min(piece.from - kNear, pieces[index - 1].from), piece.from);
  const auto lasting = least_delay(piece.from, piece.from + kLasting);
  return before && lasting && *lasting - *before >= us * 0.8;
}

// How much further NTP went than RTP time between the reports next to a piece's beginning.
std::optional<double> RtpSteps::reported(std::size_t index) const {
  const SteadyTime at = stream_.pieces[index].from;
  auto first_after = [&](SteadyTime moment) {
    return std::upper_bound(reports_.begin(), reports_.end(), moment,
                            [](SteadyTime time, const RtpReport& one) { return time < one.arrival; });
  };
  const auto next = first_after(at + kDoubtAfter), clear = first_after(at - kDoubtBefore);
  if (clear == reports_.begin() || next == reports_.end()) return std::nullopt;
  const RtpReport& before = *std::prev(clear);
  return (next->ntp_us - before.ntp_us) - (time_us(*next) - time_us(before));
}

std::vector<ReportStep> RtpSteps::differences() const {
  std::vector<ReportStep> found;
  if (reports_.empty()) return found;
  double taken = 0;
  auto offset = [&](std::size_t at) { return reports_[at].ntp_us - time_us(reports_[at]) - taken; };
  // Where NTP − RTP time stands, followed no faster than clocks drift, so that many small steps add up in it.
  std::vector<double> begins;
  for (std::size_t i = 0; i < std::min<std::size_t>(reports_.size(), 3); ++i) begins.push_back(offset(i));
  double stands = median(std::move(begins));
  for (std::size_t i = 1; i < reports_.size() && found.size() < kStepsMax; ++i) {
    double us = offset(i) - stands;
    // One report alone may be late by a busy sender's doing.
    const double next = i + 1 == reports_.size() ? us : offset(i + 1) - stands;
    if (std::abs(us) >= kReportStepMin && us * next > 0 && std::abs(next) >= kReportStepMin) {
      // Where the next one says something else altogether, more has happened until then.
      if (std::abs(next - us) < kReportStepMin && std::abs(next) < std::abs(us)) us = next;
      ReportStep step{i, reports_[i - 1].arrival, reports_[i].arrival, us, {}, 0, 0};
      const auto& pieces = stream_.pieces;
      const std::size_t first = first_after(step.after), end = first_after(step.at + kDoubtBefore);
      for (std::size_t at = first; at < end; ++at)
        if (at > 0 && static_cast<double>(pieces[at].jump_us) * us > 0 &&
            std::abs(static_cast<double>(pieces[at].jump_us)) > std::abs(step.piece_jump_us)) {
          step.piece = at;
          step.piece_jump_us = static_cast<double>(pieces[at].jump_us);
        }
      // No packet shows it: many small ones, of which the reports see the sum.
      if (std::abs(step.piece_jump_us) < std::abs(us) / 2)
        step.piece = first < end ? std::optional(first + (end - first) / 2) : std::nullopt;
      const auto before = least_delay(step.after - kNear, step.after);
      const auto after = least_delay(step.at, step.at + kNear);
      if (before && after) step.packets_us = *after - *before;
      found.push_back(step);
      taken += us;
    }
    const double drifts =
        kDriftMax * static_cast<double>((reports_[i].arrival - reports_[i - 1].arrival).count());
    stands += std::clamp(offset(i) - stands, -drifts, drifts);
  }
  return found;
}

void RtpSteps::accept(const ReportStep& difference) {
  if (steps_.size() >= kStepsMax) return;
  if (!difference.piece || *difference.piece == 0) return;
  const DelayPiece& piece = stream_.pieces[*difference.piece];
  add({piece.first_ticks, piece.ticks_before, piece.from, difference.us});
}

}  // namespace parlour::vault

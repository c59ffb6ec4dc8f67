// Where the RTP clock of one stream left the time: steps between its stretches, found from how late packets
// came and from what the sender's reports say (timeline.h). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vault/log_survey.h"

namespace parlour::vault {

// Oscillators of computers and telephones are within 100 ppm; what is beyond comes from noise.
constexpr double kDriftMax = 300e-6;
double median(std::vector<double> values);  // of at least one

// A sender report on the stream's extended RTP time.
struct RtpReport {
  double ticks_us = 0;  // RTP time since the anchor
  double ntp_us = 0;
  SteadyTime arrival;
};

struct RtpStep {
  std::int64_t from_ticks = 0;    // of the first packet after it
  std::int64_t ticks_before = 0;  // of the last before it
  SteadyTime arrival;             // of the first after it
  double us = 0;                  // by how much later the stream goes on; below 0: earlier
};

// What the reports say against the time as the steps tell it so far: NTP went `us` further than RTP time did,
// from `at` on. Whether that is the RTP clock's doing or the NTP clock's the stream alone does not always
// know.
struct ReportStep {
  std::size_t report = 0;  // the first that says so
  SteadyTime after, at;    // arrival of the last report before it, and of this one
  double us = 0;
  // Of the packets between: the one that came latest (or earliest) after the one before it, and by how much
  // the least delay moved.
  std::optional<std::size_t> piece;
  double piece_jump_us = 0;
  double packets_us = 0;
};

class RtpSteps {
 public:
  RtpSteps(const SurveyedStream& stream, std::vector<RtpReport> reports);

  // Steps that packets show, and reports confirm or do not know better. Reports next to one are then left
  // out.
  void find();
  // What reports say beyond the steps, in order.
  std::vector<ReportStep> differences() const;
  // Takes such a difference for the RTP clock's doing.
  void accept(const ReportStep& difference);

  const std::vector<RtpStep>& steps() const { return steps_; }
  const std::vector<RtpReport>& reports() const { return reports_; }
  double us_per_tick() const { return us_per_tick_; }
  // RTP time with the steps in it, in µs: of a packet, and of a report.
  double time_us(std::int64_t ticks) const;
  double time_us(const RtpReport& report) const;
  // The step that came last before that packet, or report; counted from 1, 0: none.
  std::size_t stretch_of(std::int64_t ticks) const;
  std::size_t stretch_of(const RtpReport& report) const;
  // Least arrival − time_us() of pieces that began in [from, to); nothing without any.
  std::optional<double> least_delay(SteadyTime from, SteadyTime to) const;

  // A hostile stream's, that is more than any microphone has.
  static constexpr std::size_t kStepsMax = 2000;

 private:
  double shift(std::size_t stretch) const { return stretch == 0 ? 0 : shifts_[stretch - 1]; }
  std::optional<double> reported(std::size_t piece) const;
  bool is_step(std::size_t piece, double us) const;
  void add(const RtpStep& step);
  std::size_t first_after(SteadyTime at) const;

  const SurveyedStream& stream_;
  std::vector<RtpReport> reports_;
  double us_per_tick_;
  std::vector<RtpStep> steps_;  // by RTP time
  std::vector<double> shifts_;  // sum of the steps up to each
};

}  // namespace parlour::vault

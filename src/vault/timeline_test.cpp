#include "vault/timeline.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace parlour::vault {
namespace {

constexpr std::int64_t kUtcOffset = 1'800'000'000'000'000;

std::uint64_t ntp_of(double us) {
  const auto whole = static_cast<std::uint64_t>(us);
  return (whole / 1'000'000) << 32 | (whole % 1'000'000) * 4'294'967'296u / 1'000'000;
}

// Streams of two people over `minutes`, whose clocks drift against the server's and each other's.
LogSurvey survey(double minutes, double ppm_of_second, SeededRandom& random) {
  LogSurvey made;
  made.parts[1].part = 1;
  made.parts[1].utc_offset_us = kUtcOffset;
  for (std::uint32_t id = 0; id < 4; ++id) {
    const bool second = id >= 2, audio = id % 2 == 0;
    const double ppm = second ? ppm_of_second : 0, offset = second ? 5e6 : 0;
    const double delay = second ? 40'000 : 5'000;
    SurveyedStream& stream = made.streams[{1, id}];
    stream.info.stream = id;
    stream.info.endpoint = second ? 2 : 1;
    stream.info.clock_rate = audio ? 48000 : 90000;
    stream.first_rtp_time = 0xFFFFF000u;
    stream.least_delay_us = static_cast<std::int64_t>(delay);
    stream.packets = 1;
    for (double t = 0; t <= minutes * 60e6; t += 1e6) {
      // The sender's clock, from which both its NTP time and its RTP time run.
      const double sender = 1e12 + offset + t * (1 + ppm * 1e-6);
      const double jitter = random.u32() % 20'000;
      stream.reports.push_back(
          {static_cast<std::uint32_t>(
               0xFFFFF000u + static_cast<std::uint64_t>(t * (1 + ppm * 1e-6) * stream.info.clock_rate / 1e6)),
           ntp_of(sender),
           {static_cast<std::int64_t>(t + delay + jitter)}});
    }
  }
  return made;
}

double error_ms(const std::map<StreamKey, StreamClock>& clocks, std::uint32_t id, double t_us, double ppm,
                double delay) {
  const double rate = id % 2 == 0 ? 48000 : 90000;
  const auto ticks = static_cast<std::int64_t>(t_us * (1 + ppm * 1e-6) * rate / 1e6);
  const UtcTime utc = clocks.at({1, id}).utc(ticks);
  return (static_cast<double>(utc.us - kUtcOffset) - t_us - delay) / 1000;
}

TEST(Timeline, SoundAndPictureStayTogetherForHalfAnHour) {
  SeededRandom random(5);
  const auto clocks = make_clocks(survey(30, 60, random));
  for (double minute : {0.0, 10.0, 20.0, 30.0}) {
    const double t = minute * 60e6;
    EXPECT_NEAR(error_ms(clocks, 0, t, 0, 5'000), 0, 5) << minute;
    EXPECT_NEAR(error_ms(clocks, 1, t, 0, 5'000), 0, 5) << minute;
    // The second person's clock runs 60 ppm fast: 108 ms in half an hour, were it not followed.
    EXPECT_NEAR(error_ms(clocks, 2, t, 60, 40'000), 0, 5) << minute;
    EXPECT_NEAR(error_ms(clocks, 3, t, 60, 40'000), 0, 5) << minute;
  }
}

TEST(Timeline, AStreamWithoutReportsIsPlacedByItsArrival) {
  LogSurvey made;
  made.parts[1].utc_offset_us = kUtcOffset;
  SurveyedStream& stream = made.streams[{1, 1}];
  stream.info.clock_rate = 48000;
  stream.first_rtp_time = 1000;
  stream.least_delay_us = 77'000;
  const auto clocks = make_clocks(made);
  EXPECT_EQ(clocks.at({1, 1}).utc(48000).us, kUtcOffset + 77'000 + 1'000'000);
}

TEST(Timeline, OneReportIsEnoughAndAWildOneDoesNotTurnTheLine) {
  SeededRandom random(5);
  LogSurvey made = survey(0.001, 0, random);
  EXPECT_NEAR(error_ms(make_clocks(made), 0, 1e6, 0, 5'000), 0, 25);
  const ClockLine line = fit_clock({{0, 0}, {1, 1'000'000}}, 1.0, 300e-6);
  EXPECT_LE(line.slope, 1.0003);
}

}  // namespace
}  // namespace parlour::vault

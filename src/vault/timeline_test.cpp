#include "vault/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

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
  const UtcTime utc = clocks.at({1, id}).utc(ticks, {static_cast<std::int64_t>(t_us + delay)});
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
  EXPECT_EQ(clocks.at({1, 1}).utc(48000, {1'077'000}).us, kUtcOffset + 77'000 + 1'000'000);
}

TEST(Timeline, OneReportIsEnoughAndAWildOneDoesNotTurnTheLine) {
  SeededRandom random(5);
  LogSurvey made = survey(0.001, 0, random);
  EXPECT_NEAR(error_ms(make_clocks(made), 0, 1e6, 0, 5'000), 0, 25);
  const ClockLine line = fit_clock({{0, 0}, {1, 1'000'000}}, 1.0, 300e-6);
  EXPECT_LE(line.slope, 1.0003);
}

// ---- Fault A1: where the RTP clock stands still ----
//
// One browser with a microphone and a camera, packet by packet, on the server's steady clock (µs). Its NTP
// clock and what is captured are functions of time; the network delays, and now and then loses.
class Page {
 public:
  explicit Page(std::uint64_t seed) : random_(seed) { survey_.parts[1].utc_offset_us = kUtcOffset; }

  // A microphone that captures nothing in [from, to): RTP time of sound does not move.
  void microphone_still(double from, double to) { still_.push_back({from, to}); }
  // A computer that sleeps: nothing is captured, and its NTP clock stands still too.
  void sleep(double from, double to) {
    sleeps_.push_back({from, to});
    still_.push_back({from, to});
  }
  void correct_ntp(double at, double by) { corrections_.push_back({at, by}); }
  void cut(double from, double to) { cuts_.push_back({from, to}); }
  // A queue in the network that grows at once and is worked off over `length`.
  void queue(double at, double by, double length) { queues_.push_back({at, by, length}); }
  void slower_for_good(double at, double by) { slower_.push_back({at, by}); }

  double seconds = 60;
  double sound_report_every = 5, picture_report_every = 1;
  double jitter_us = 15'000;
  bool camera = true;

  void run() {
    stream(0, 48000, 0.02, sound_report_every);
    if (camera) stream(1, 90000, 0.04, picture_report_every);
    clocks_ = make_clocks(survey_);
  }

  // How far from its capture a stream's packet is placed, the network's least delay taken off, in ms; the
  // largest over [from, to), without the frames at the edges of a hole.
  double worst_ms(std::uint32_t id, double from, double to) const {
    double worst = 0;
    for (const Sent& sent : sent_.at(id))
      if (sent.at >= from && sent.at < to) {
        const UtcTime placed = clocks_.at({1, id}).utc(sent.ticks, {sent.arrival_us});
        const double error = static_cast<double>(placed.us - kUtcOffset) / 1000 - sent.at * 1000 - 20;
        if (std::abs(error) > std::abs(worst)) worst = error;
      }
    return worst;
  }
  // On the page's clock of capture: what the network's least delay, as the reports show it, adds is taken
  // off.
  std::vector<std::pair<double, double>> standstills(std::uint32_t id) const {
    const Sent& sent = sent_.at(id).front();
    const double way =
        static_cast<double>(clocks_.at({1, id}).utc(sent.ticks, {sent.arrival_us}).us - kUtcOffset) / 1e6 -
        sent.at;
    std::vector<std::pair<double, double>> found;
    for (const Span& span : clocks_.at({1, id}).standstills(std::chrono::milliseconds(20)))
      found.emplace_back(static_cast<double>(span.from.us - kUtcOffset) / 1e6 - way,
                         static_cast<double>(span.to.us - kUtcOffset) / 1e6 - way);
    return found;
  }

 private:
  struct Sent {
    double at;
    std::int64_t ticks;
    std::int64_t arrival_us;
  };
  static bool inside(const std::vector<std::pair<double, double>>& spans, double at) {
    return std::any_of(spans.begin(), spans.end(),
                       [&](const auto& span) { return at >= span.first && at < span.second; });
  }
  double ntp_us(double at) const {
    double ntp = 1e12 + 7'300'000 + at * 1e6;
    for (const auto& [from, to] : sleeps_) ntp -= (std::clamp(at, from, to) - from) * 1e6;
    for (const auto& [when, by] : corrections_) ntp += at >= when ? by * 1e6 : 0;
    return ntp;
  }
  double delay_us(double at) {
    double delay = 20'000 + static_cast<double>(random_.u32() % 1000) / 1000 * jitter_us;
    for (const auto& [from, by, length] : queues_)
      if (at >= from && at < from + length) delay += by * 1e6 * (1 - (at - from) / length);
    for (const auto& [when, by] : slower_) delay += at >= when ? by * 1e6 : 0;
    return delay;
  }

  void stream(std::uint32_t id, std::uint32_t rate, double step, double report_every) {
    SurveyedStream& made = survey_.streams[{1, id}];
    made.info.stream = id;
    made.info.endpoint = 1;
    made.info.clock_rate = rate;
    made.least_delay_us = std::numeric_limits<std::int64_t>::max();
    DelayTracker delays;
    const std::uint32_t base = 0xFFFE0000u;
    std::int64_t ticks = 0, newest = 0;
    double last_capture = 0, report_at = report_every / 2;
    const auto interval = static_cast<std::int64_t>(rate * step);
    for (double at = 0; at < seconds; at += step) {
      const bool asleep = inside(sleeps_, at);
      const bool captured = !asleep && !(id == 0 && inside(still_, at));
      if (captured) {
        // A camera's frames carry the time of their capture; that of a sleeping computer stands still.
        ticks = id == 0 ? newest
                        : static_cast<std::int64_t>((ntp_us(at) - uncorrected(at) - ntp_us(0)) * rate / 1e6);
        newest = ticks + interval;
        last_capture = at;
        const auto arrival = static_cast<std::int64_t>(at * 1e6 + delay_us(at));
        if (!inside(cuts_, at)) {
          sent_[id].push_back({at, ticks, arrival});
          if (!made.first_rtp_time) {
            first_ = ticks;
            made.first_rtp_time = base + static_cast<std::uint32_t>(ticks);
            made.first_arrival = {arrival};
          }
          sent_[id].back().ticks = ticks - first_;
          const std::int64_t delay = arrival - (ticks - first_) * 1'000'000 / rate;
          made.least_delay_us = std::min(made.least_delay_us, delay);
          delays.packet(made.pieces, {arrival}, ticks - first_, delay);
        }
      }
      if (at >= report_at && !asleep && made.first_rtp_time) {
        report_at = at + report_every;
        // As browsers do: the last packet's RTP time, and what has passed since.
        const auto rtp = ticks + static_cast<std::int64_t>((at - last_capture) * rate);
        const auto late = static_cast<std::int64_t>(random_.u32() % 10'000);
        if (!inside(cuts_, at))
          made.reports.push_back({base + static_cast<std::uint32_t>(rtp),
                                  ntp_of(ntp_us(at)),
                                  {static_cast<std::int64_t>(at * 1e6 + delay_us(at)) + late}});
      }
    }
  }
  double uncorrected(double at) const {
    double by = 0;
    for (const auto& [when, amount] : corrections_) by += at >= when ? amount * 1e6 : 0;
    return by;
  }

  SeededRandom random_;
  LogSurvey survey_;
  std::int64_t first_ = 0;
  std::vector<std::pair<double, double>> still_, sleeps_, cuts_, corrections_, slower_;
  struct Queue {
    double at, by, length;
  };
  std::vector<Queue> queues_;
  std::map<std::uint32_t, std::vector<Sent>> sent_;
  std::map<StreamKey, StreamClock> clocks_;
};

void expect_in_place(const Page& page) {
  for (std::uint32_t id : {0u, 1u}) {
    if (id == 1 && !page.camera) continue;
    EXPECT_NEAR(page.worst_ms(id, 0, page.seconds), 0, 35) << "stream " << id;
  }
}
void expect_one_hole(const Page& page, double from, double to, double within = 0.02) {
  const auto holes = page.standstills(0);
  ASSERT_EQ(holes.size(), 1u);
  EXPECT_NEAR(holes[0].first, from, within);
  EXPECT_NEAR(holes[0].second, to, within);
}

TEST(FaultA1TimeLine, AMicrophoneThatStalledGoesOnWhereItWasSpoken) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Page page(seed);
    page.microphone_still(10.13, 15.13);
    page.run();
    expect_in_place(page);
    expect_one_hole(page, 10.13, 15.13);
    EXPECT_TRUE(page.standstills(1).empty());
  }
}

TEST(FaultA1TimeLine, WithoutACameraAndWithOneReportOrNone) {
  for (const double every : {5.0, 40.0, 1000.0}) {
    Page page(3);
    page.camera = false;
    page.sound_report_every = every;
    page.microphone_still(21.01, 24.01);
    page.run();
    expect_in_place(page);
    expect_one_hole(page, 21.01, 24.01);
  }
}

TEST(FaultA1TimeLine, AComputerThatSleptStandsStillWithAllItsClocks) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Page page(seed);
    page.sleep(20.01, 32.01);
    page.run();
    expect_in_place(page);
    expect_one_hole(page, 20.01, 32.01);
    EXPECT_EQ(page.standstills(1).size(), 1u);
  }
}

TEST(FaultA1TimeLine, ManyStallsOneAfterTheOtherAddUpToNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Page page(seed);
    page.seconds = 120;
    for (int i = 0; i < 20; ++i) page.microphone_still(5.0 + 5 * i, 5.0 + 5 * i + 0.1 * (1 + i % 7));
    page.run();
    expect_in_place(page);
    EXPECT_EQ(page.standstills(0).size(), 20u);
  }
}

TEST(FaultA1TimeLine, ManySmallOnesThatNoPacketShows) {
  Page page(2);
  page.seconds = 300;
  page.jitter_us = 4'000;
  for (int i = 0; i < 90; ++i) page.microphone_still(5.0 + 3 * i, 5.0 + 3 * i + 0.02);
  page.run();
  EXPECT_NEAR(page.worst_ms(0, 0, 300), 0, 60);  // 20 ms each 3 s, and a report every 5 s
  EXPECT_NEAR(page.worst_ms(1, 0, 300), 0, 35);
}

TEST(FaultA1TimeLine, ACorrectedClockOfTheDeviceMovesNothing) {
  for (const double by : {-3600.0, -2.0, -0.3, 0.3, 2.0, 3600.0})
    for (const bool camera : {true, false}) {
      Page page(4);
      page.camera = camera;
      page.correct_ntp(27.3, by);
      page.run();
      expect_in_place(page);
      EXPECT_TRUE(page.standstills(0).empty()) << by << camera;
    }
}

TEST(FaultA1TimeLine, ACorrectionAndASleepRightAfterItAreTwoThings) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Page page(seed);
    page.correct_ntp(15.3, 12.7);
    page.sleep(20.01, 28.01);
    page.run();
    expect_in_place(page);
    expect_one_hole(page, 20.01, 28.01);
  }
}

TEST(FaultA1TimeLine, AQueueInTheNetworkIsNoHole) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Page page(seed);
    page.queue(12, 0.8, 6);
    page.queue(30, 4, 15);
    page.slower_for_good(50, 0.12);
    page.run();
    EXPECT_NEAR(page.worst_ms(0, 0, 60), 0, 45);
    EXPECT_NEAR(page.worst_ms(1, 0, 60), 0, 45);
    EXPECT_TRUE(page.standstills(0).empty());
    EXPECT_TRUE(page.standstills(1).empty());
  }
}

TEST(FaultA1TimeLine, AnEdgeInsideACutIsNamedAsTheWholeInterval) {
  Page page(6);
  page.microphone_still(21, 26.01);
  page.cut(19.01, 23);
  page.run();
  expect_in_place(page);
  expect_one_hole(page, 19.01, 26.01);
}

TEST(FaultA1TimeLine, PacketsThatJumpToAndFroAreNoBurden) {
  LogSurvey made;
  made.parts[1].utc_offset_us = kUtcOffset;
  SurveyedStream& stream = made.streams[{1, 1}];
  stream.info.clock_rate = 48000;
  stream.first_rtp_time = 0;
  DelayTracker delays;
  constexpr std::int64_t kPackets = 600'000;  // ten minutes of a thousand a second
  for (std::int64_t i = 0; i < kPackets; ++i) {
    const std::int64_t delay = i / 16 % 2 == 0 ? 0 : 80'000;
    delays.packet(stream.pieces, {i * 1000 + delay}, i * 48, delay);
  }
  EXPECT_LE(stream.pieces.size(), 600u * 67);
  const auto clocks = make_clocks(made);
  EXPECT_LE(clocks.at({1, 1}).stretches(), 2001u);
}

TEST(FaultA1TimeLine, ReportsThatLieMoveNoSoundFromWhereItCame) {
  LogSurvey made;
  made.parts[1].utc_offset_us = kUtcOffset;
  SurveyedStream& stream = made.streams[{1, 1}];
  stream.info.clock_rate = 48000;
  stream.first_rtp_time = 0;
  DelayTracker delays;
  for (std::int64_t i = 0; i < 3000; ++i) {
    delays.packet(stream.pieces, {i * 20'000 + 50'000}, i * 960, 50'000);
    // Each report claims another hour for the same sound.
    if (i % 50 == 0)
      stream.reports.push_back(
          {static_cast<std::uint32_t>(i * 960),
           ntp_of(1e12 + static_cast<double>(i) * 20'000 + static_cast<double>(i) * 72e6),
           {i * 20'000 + 50'000}});
  }
  stream.least_delay_us = 50'000;
  const auto clocks = make_clocks(made);
  for (std::int64_t i = 0; i < 3000; i += 100) {
    const SteadyTime arrival{i * 20'000 + 50'000};
    EXPECT_LE(std::abs(clocks.at({1, 1}).utc(i * 960, arrival).us - kUtcOffset - arrival.us), 10'000'000);
  }
}

}  // namespace
}  // namespace parlour::vault

#include "vault/manifest.h"

#include <gtest/gtest.h>

namespace parlour::vault {
namespace {

UtcTime at(std::int64_t ms) {
  return {1'790'000'000'000'000 + ms * 1000};
}

// A day of a bad line: the recorder is away 1,300 times, and of each of eight tracks 14,000 times something
// is missing, every few seconds of it for another reason.
OpenedRecording troubled() {
  OpenedRecording opened;
  opened.started = at(0);
  opened.ended = at(86'400'000);
  for (std::int64_t i = 0; i < 1300; ++i)
    opened.present.push_back({at(i * 60'000), at(i * 60'000 + 50'000 - (i * 7) % 900)});
  static constexpr GapCause kCauses[] = {GapCause::kLoss, GapCause::kNetwork, GapCause::kPause,
                                         GapCause::kTailNotAttested};
  for (std::int64_t track = 0; track < 8; ++track) {
    TrackAccount account;
    account.participant = "000000000000000" + std::to_string(track);
    std::vector<Gap> gaps;
    for (std::int64_t i = 0; i < 14'000; ++i)
      gaps.push_back({kCauses[static_cast<std::size_t>(i) % 4],
                      {at(i * 6000 + track), at(i * 6000 + track + 20 + (i * 13) % 700)},
                      1,
                      2});
    for (const Gap& gap : gaps)
      if (gap.cause != GapCause::kTailNotAttested) opened.missing.push_back(gap.span);
    account.gaps_total = gaps.size();
    account.gaps = gaps_to_fit(std::move(gaps), OpenedRecording::kTrackListMax, account.gaps_within);
    opened.tracks.push_back(std::move(account));
  }
  return opened;
}

// What serve and the vault's socket have room for, whatever the recording.
TEST(FaultR1, TheSummaryOfTheWorstRecordingFitsAFrameAndAnEntry) {
  const OpenedRecording opened = troubled();
  const Json summary = make_summary(opened);
  const JsonArray& intervals = *summary.find("intervals")->as_array();
  const JsonArray& gaps = *summary.find("gaps")->as_array();
  EXPECT_EQ(intervals.size(), kSummaryIntervals);
  EXPECT_LE(gaps.size(), kSummaryGaps);
  EXPECT_GT(gaps.size(), kSummaryGaps / 2);
  EXPECT_EQ(summary.integer_or("gaps_total"), 8 * 14'000);
  EXPECT_GT(summary.integer_or("intervals_joined_ms"), 10'000);
  EXPECT_GT(summary.integer_or("gaps_joined_ms"), 0);
  EXPECT_LT(write_json(summary).size(), audit::kEntryBytesMax);
  // From the first moment to the last, whoever's it is: not the first track's alone.
  auto begin = [](const Json& pair) { return *(*pair.as_array())[0].as_integer(); };
  auto end = [](const Json& pair) { return *(*pair.as_array())[1].as_integer(); };
  EXPECT_EQ(begin(gaps.front()), at(0).us / 1000);
  EXPECT_GE(end(gaps.back()), at(13'998 * 6000).us / 1000);
  EXPECT_EQ(begin(intervals.front()), opened.present.front().from.us / 1000);
  EXPECT_EQ(end(intervals.back()), opened.present.back().to.us / 1000);
}

TEST(FaultR1, AFewSpansAndGapsAreNamedEachByItself) {
  OpenedRecording opened;
  opened.started = at(0);
  opened.ended = at(10'000);
  opened.present = {{at(0), at(4000)}, {at(6000), at(10'000)}};
  TrackAccount account;
  account.gaps = {{GapCause::kServer, {at(4000), at(6000)}, 0, 0},
                  {GapCause::kLoss, {at(7000), at(7020)}, 1, 0}};
  opened.missing = {{at(4000), at(6000)}, {at(7000), at(7020)}};
  account.gaps_total = 2;
  opened.tracks.push_back(account);
  const Json summary = make_summary(opened);
  EXPECT_EQ(summary.find("intervals")->as_array()->size(), 2u);
  EXPECT_EQ(summary.integer_or("intervals_joined_ms", -1), 0);
  EXPECT_EQ(summary.find("gaps")->as_array()->size(), 2u);
  EXPECT_EQ(summary.integer_or("gaps_joined_ms", -1), 0);
}

TEST(FaultR1, GapsThatAreTooManyJoinTheNearestOfTheirOwnKind) {
  std::vector<Gap> gaps;
  for (std::int64_t i = 0; i < 10'000; ++i)
    gaps.push_back({i % 5 == 0 ? GapCause::kPause : GapCause::kNetwork,
                    {at(i * 1000), at(i * 1000 + 100 + i % 50)},
                    3,
                    1});
  Duration within{7};
  EXPECT_EQ(gaps_to_fit(gaps, 10'000, within).size(), 10'000u);
  EXPECT_EQ(within, Duration(0));
  const std::vector<Gap> fitted = gaps_to_fit(gaps, 2000, within);
  EXPECT_LE(fitted.size(), 2000u);
  EXPECT_GT(within, Duration(0));
  std::uint64_t missing = 0, skipped = 0;
  Duration paused(0), before(0);
  for (const Gap& gap : fitted) {
    missing += gap.missing;
    skipped += gap.skipped;
    if (gap.cause == GapCause::kPause) paused += gap.span.to - gap.span.from;
  }
  for (const Gap& gap : gaps)
    if (gap.cause == GapCause::kPause) before += gap.span.to - gap.span.from;
  EXPECT_EQ(missing, 30'000u);
  EXPECT_EQ(skipped, 10'000u);
  EXPECT_GE(paused, before);
  // Each that there was lies in one of them.
  for (const Gap& gap : gaps) {
    bool found = false;
    for (const Gap& one : fitted)
      found = found || ((one.cause == GapCause::kPause) == (gap.cause == GapCause::kPause) &&
                        one.span.from <= gap.span.from && one.span.to >= gap.span.to);
    ASSERT_TRUE(found);
  }
}

}  // namespace
}  // namespace parlour::vault

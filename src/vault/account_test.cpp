#include "vault/account.h"

#include <gtest/gtest.h>

namespace parlour::vault {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kAudio = milliseconds(20);
UtcTime at_ms(std::int64_t ms) {
  return {1'000'000'000 + ms * 1000};
}
Window window(std::int64_t to_ms) {
  return {at_ms(0), at_ms(to_ms), {}, {}};
}

void take(KidAccount& account, std::uint32_t from, std::uint32_t to, std::int64_t start_ms) {
  for (std::uint32_t counter = from; counter < to; ++counter)
    EXPECT_TRUE(account.take(counter, at_ms(start_ms + std::int64_t{counter - from} * 20)));
}

TEST(Account, ACounterCountsOnceInWhateverOrder) {
  KidAccount account;
  for (std::uint32_t counter : {5u, 3u, 4u, 0u, 2u, 1u}) EXPECT_TRUE(account.take(counter, at_ms(counter)));
  for (std::uint32_t counter = 0; counter < 6; ++counter) EXPECT_FALSE(account.take(counter, at_ms(9)));
  EXPECT_EQ(account.runs().size(), 1u);
  EXPECT_EQ(account.frames(), 6u);
}

TEST(Account, AttestedAndWholeIsNoGap) {
  KidAccount account;
  take(account, 0, 500, 0);
  account.attest(499, true);
  EXPECT_TRUE(find_gaps(account, window(10'000), kAudio).gaps.empty());
}

TEST(Account, MissingCountersAreAGapAndTimeWithoutThemIsNot) {
  KidAccount account;
  take(account, 0, 100, 0);         // to 2 s
  take(account, 100, 200, 62'000);  // a muted minute
  take(account, 350, 500, 67'000);  // 150 lost: 3 s
  account.attest(499, true);
  const KidGaps gaps = find_gaps(account, window(70'000), kAudio);
  ASSERT_EQ(gaps.gaps.size(), 1u);
  EXPECT_EQ(gaps.gaps[0].cause, GapCause::kNetwork);
  EXPECT_EQ(gaps.gaps[0].missing, 150u);
  EXPECT_EQ((gaps.gaps[0].span.to - gaps.gaps[0].span.from), seconds(3));
}

TEST(Account, TheCauseFollowsFromPlaceAndLength) {
  Window w = window(60'000);
  w.absences = {{at_ms(10'000), at_ms(14'000)}};
  w.damaged = {{at_ms(30'000), at_ms(40'000)}};
  EXPECT_EQ(cause_of({at_ms(10'000), at_ms(14'100)}, w), GapCause::kServer);
  EXPECT_EQ(cause_of({at_ms(31'000), at_ms(33'000)}, w), GapCause::kStorage);
  EXPECT_EQ(cause_of({at_ms(20'000), at_ms(23'000)}, w), GapCause::kNetwork);
  EXPECT_EQ(cause_of({at_ms(20'000), at_ms(20'060)}, w), GapCause::kLoss);
}

TEST(Account, FramesBeforeTheCaptureBeganOrAfterItEndedAreNoGapOfIt) {
  KidAccount account;
  take(account, 10, 100, 0);  // 0..9 were sent before
  account.attest(109, true);  // 100..109 after the end at 1.8 s
  const KidGaps gaps = find_gaps(account, window(1'800), kAudio);
  EXPECT_TRUE(gaps.gaps.empty());
  EXPECT_EQ(gaps.outside, 20u);
}

TEST(Account, WhatNobodyAttestedIsNamedAsTheTail) {
  KidAccount account;
  take(account, 0, 500, 0);
  account.attest(299, false);
  const KidGaps gaps = find_gaps(account, window(10'000), kAudio);
  ASSERT_EQ(gaps.gaps.size(), 1u);
  EXPECT_EQ(gaps.gaps[0].cause, GapCause::kTailNotAttested);
  EXPECT_EQ(gaps.unattested, 200u);
}

TEST(Account, FramesAfterAFinalProgressAreThereButNotAttested) {
  KidAccount account;
  take(account, 0, 500, 0);
  account.attest(497, true);
  const KidGaps gaps = find_gaps(account, window(10'000), kAudio);
  EXPECT_TRUE(gaps.gaps.empty());
  EXPECT_EQ(gaps.unattested, 2u);
}

TEST(Account, AKeyOfWhichNothingCameIsNotForgotten) {
  KidAccount account;
  account.attest(41, true);
  EXPECT_EQ(find_gaps(account, window(10'000), kAudio).missing, 42u);
}

TEST(Gaps, NearLossesAreOneEventAndOtherCausesStayApart) {
  auto gaps = join_gaps({{GapCause::kLoss, {at_ms(0), at_ms(20)}, 1, 0},
                         {GapCause::kLoss, {at_ms(500), at_ms(520)}, 1, 0},
                         {GapCause::kLoss, {at_ms(5'000), at_ms(5'020)}, 1, 0},
                         {GapCause::kNetwork, {at_ms(5'500), at_ms(9'000)}, 170, 0}});
  ASSERT_EQ(gaps.size(), 3u);
  EXPECT_EQ(gaps[0].missing, 2u);
  EXPECT_EQ(gaps[2].cause, GapCause::kNetwork);
  // Pictures that depend on a lost one prolong its gap.
  gaps = join_gaps({{GapCause::kNetwork, {at_ms(0), at_ms(3'000)}, 60, 0},
                    {GapCause::kLoss, {at_ms(3'000), at_ms(3'400)}, 0, 8}});
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].cause, GapCause::kNetwork);
  EXPECT_EQ(gaps[0].skipped, 8u);
}

TEST(FaultH6, AKeyOfNothingButHolesTakesBoundedMemoryAndIsNamed) {
  KidAccount account;
  std::uint32_t refused = 0;
  for (std::uint32_t counter = 0; counter < 600'000; counter += 2)
    refused += account.take(counter, UtcTime{std::int64_t{counter} * 20'000}) ? 0 : 1;
  EXPECT_EQ(account.runs().size(), KidAccount::kRunsMax);
  EXPECT_EQ(refused, 300'000 - KidAccount::kRunsMax);
  EXPECT_EQ(account.frames(), KidAccount::kRunsMax);
  // What continues a run is taken as ever.
  EXPECT_TRUE(account.take(1, UtcTime{20'000}));
}

}  // namespace
}  // namespace parlour::vault

#include "app/stops.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace parlour::app {
namespace {

Json entry(const char* type, std::int64_t at_ms, Json data = JsonObject{}) {
  return JsonObject{{"type", type}, {"time", to_rfc3339(UtcTime{at_ms * 1000})}, {"data", std::move(data)}};
}
std::vector<Stop> stops_of(const std::vector<Json>& entries, std::int64_t from, std::int64_t to) {
  Stops stops;
  for (const Json& one : entries) stops.observe(one);
  return stops.between(from, to);
}
Json reason(const char* code) {
  return JsonObject{{"reason", code}};
}

TEST(FaultA4, AHeldCallIsHeldUntilItsPicturesFlowAgain) {
  EXPECT_EQ(
      stops_of({entry("media.resumed", 900, reason("start")), entry("meeting.started", 1000),
                entry("meeting.held", 5000), entry("meeting.resumed", 9000),
                entry("recording.gap", 9500, JsonObject{{"from", 5200}, {"to", 9400}, {"cause", "held"}}),
                entry("meeting.ended", 20'000)},
               1000, 20'000),
      (std::vector<Stop>{{5000, 9400, "held"}}));
}

TEST(FaultA4, WhatCouldNotBeRecordedIsNamedWithItsOwnReason) {
  EXPECT_EQ(
      stops_of({entry("meeting.started", 1000), entry("media.stopped", 4000, reason("disk.full")),
                entry("recording.gap", 8000, JsonObject{{"from", 3000}, {"to", 6000}, {"cause", "server"}}),
                entry("media.resumed", 7000, reason("ok")),
                entry("recording.gap", 9000, JsonObject{{"from", 8000}, {"to", 8500}, {"cause", "network"}})},
               1000, 10'000),
      (std::vector<Stop>{{3000, 4000, "server"}, {4000, 7000, "stopped"}}))
      << "a network that is cut is the account of the tracks";
}

TEST(FaultA4, NothingIsStoppedBeforeTheCallBeganOrAfterItsEnd) {
  const std::vector<Json> entries = {entry("media.stopped", 500, reason("recording.stalled")),
                                     entry("meeting.started", 1000), entry("meeting.held", 8000),
                                     entry("meeting.ended", 9000), entry("media.stopped", 9001)};
  EXPECT_EQ(stops_of(entries, 1000, 8500), (std::vector<Stop>{{8000, 8500, "held"}}));
  EXPECT_EQ(stops_of(entries, 0, 9000), (std::vector<Stop>{{8000, 9000, "held"}}));
  EXPECT_TRUE(stops_of({}, 5, 5).empty());
}

TEST(FaultA4, AHeldCallThatNobodyTookUpAgainIsHeldToTheEnd) {
  EXPECT_EQ(stops_of({entry("meeting.started", 1000), entry("meeting.held", 4000)}, 1000, 6000),
            (std::vector<Stop>{{4000, 6000, "held"}}));
}

TEST(FaultA4, AHeldCallThatIsTakenUpAndNeverFlowsAgainIsHeldToTheEnd) {
  EXPECT_EQ(stops_of({entry("meeting.started", 1000), entry("meeting.held", 4000),
                      entry("media.stopped", 4001, reason("held")), entry("meeting.resumed", 7000),
                      entry("meeting.ended", 9000)},
                     1000, 12'000),
            (std::vector<Stop>{{4000, 9000, "held"}}));
}

TEST(FaultA4, ARestartStopsTheCallUntilItsPicturesFlowAgain) {
  EXPECT_EQ(
      stops_of({entry("server.started", 500), entry("meeting.started", 1000), entry("server.started", 4000),
                entry("media.resumed", 6000, reason("ok")), entry("server.started", 8000),
                entry("meeting.ended", 9000), entry("server.started", 9500)},
               1000, 12'000),
      (std::vector<Stop>{{4000, 6000, "server"}, {8000, 9000, "server"}}));
}

Json track(const std::vector<std::pair<int, int>>& intervals, const std::vector<std::pair<int, int>>& gaps) {
  JsonArray held, missing;
  for (const auto& [from, to] : intervals) held.push_back(JsonArray{from, to});
  for (const auto& [from, to] : gaps)
    missing.push_back(JsonObject{{"from_ms", from}, {"to_ms", to}, {"cause", "server"}});
  return JsonObject{{"intervals", std::move(held)}, {"gaps", std::move(missing)}};
}

TEST(FaultA4, AnOutageThatTracksAndLogBothTellOfIsMissingOnce) {
  const JsonArray tracks{track({{0, 200}, {400, 1000}}, {{200, 400}}),
                         track({{0, 200}, {400, 1000}}, {{200, 400}})};
  // The vault's figure is of what was sent: 800 of 1000.
  EXPECT_EQ(coverage_of_call(800, tracks, {}, 1000), 800);
  EXPECT_EQ(coverage_of_call(800, tracks, {{200, 400, "server"}}, 1000), 800);
  EXPECT_EQ(coverage_of_call(800, tracks, {{300, 400, "server"}}, 1000), 800);
  // What is missing beside the stop is missing too: half of 500 are in it, and the other half was never sent.
  EXPECT_EQ(coverage_of_call(500, {track({{0, 250}}, {{250, 500}})}, {{500, 1000, "held"}}, 1000), 250);
}

TEST(FaultA4, ACallThatWasStoppedToItsEndIsNotWhollyRecorded) {
  EXPECT_EQ(coverage_of_call(1000, {track({{0, 600}}, {})}, {{600, 1200, "held"}}, 1200), 500);
  EXPECT_EQ(coverage_of_call(0, {track({}, {{0, 100}})}, {{0, 100, "server"}}, 100), 0);
  EXPECT_EQ(coverage_of_call(1000, {}, {}, 0), 1000);
}

}  // namespace
}  // namespace parlour::app

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

}  // namespace
}  // namespace parlour::app

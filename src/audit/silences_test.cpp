// Why a recording lacks something, as its log says: honest houses are believed, a liar only so far, and what
// is believed is shown.
#include "silences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "testing/story.h"

namespace parlour::audit {
namespace {

using testing::add_raw;
using testing::Case;
using ::testing::HasSubstr;
using testing::Story;

TEST(Silences, AreCountedOnceEachForTheMostTellingReason) {
  Silences silences;
  silences.hold(100'000, 99'000);
  silences.stop(100'001);
  silences.gap(101'000, 290'000);
  silences.take_up(200'000, 199'000);
  silences.resume(300'000, 299'000);
  silences.close(400'000, 399'000);
  const auto account = silences.account({0, 400'000}, {{0, 100'000}, {300'000, 398'000}}, true);
  EXPECT_EQ(account.ms, (SilenceTimes{100'000, 100'000, 0, 0, 0}));
  EXPECT_EQ(account.unexplained_ms, 2'000);
  EXPECT_FALSE(account.gap_too_long);
  EXPECT_EQ(silences.longest_hold_ms(), 99'000);
  EXPECT_EQ(silences.longest_stop_ms(), 0) << "nobody counts while fewer than two are there";
}

TEST(Silences, AGapAloneIsBelievedForAMoment) {
  Silences silences;
  silences.gap(10'000, 20'000);
  silences.gap(40'000, 90'000);
  const auto account =
      silences.account({0, 1'000'000}, {{0, 10'000}, {20'000, 40'000}, {90'000, 1'000'000}}, true);
  EXPECT_EQ(account.ms, (SilenceTimes{0, 0, 0, 0, 25'000}));
  EXPECT_EQ(account.unexplained_ms, 35'000);
  EXPECT_TRUE(account.gap_too_long);
}

TEST(Silences, WithoutARecordingAGapAndAPauseExplainNothing) {
  Silences silences;
  silences.gap(0, 5'000);
  silences.pause(5'000);
  silences.close(10'000, 10'000);
  EXPECT_EQ(silences.account({0, 10'000}, {}, false).unexplained_ms, 10'000);
  EXPECT_EQ(silences.account({0, 10'000}, {}, true).unexplained_ms, 0);
}

// The house goes on meanwhile, and writes.
void house_goes_on(Story& s, Duration by) {
  s.later(by);
  s.later(1ms);
}

const std::vector<Case>& dishonest() {
  static const std::vector<Case> cases{
      {"a moment is recorded, and one gap has the rest", "gap.too_long", 11,
       [](Story& s) {
         s.begin();
         s.gap(s.from + 1, s.now_ms());
         s.end();
         s.seal();
         s.verified({{s.from, s.from + 1}});
       }},
      {"a moment each ten seconds, and gaps between them", "gap.too_long", 11,
       [](Story& s) {
         s.begin();
         testing::Spans moments;
         for (std::int64_t at = s.from; at < s.now_ms(); at += 10'000) {
           moments.emplace_back(at, at + 1);
           s.gap(at + 1, std::min(at + 10'000, s.now_ms()));
         }
         s.end();
         s.seal();
         s.verified(moments);
       }},
      {"a hold that is said to have begun long before", "coverage.uncovered", 11,
       [](Story& s) {
         s.begin();
         add_raw(s, s.draft("meeting.held"),
                 [&](Json& json) { testing::set_data(json, "from", s.from + 10'000); });
         s.end();
         s.seal();
         s.verified({{s.from, s.from + 10'000}});
       }},
      {"stopped from the beginning, and the call goes on", "stopped.too_long", 11,
       [](Story& s) {
         s.roster();
         s.connect();
         s.stop_media("vault.down");
         s.start();
         house_goes_on(s, 20min);
         s.end();
       }},
      {"ten seconds are recorded, then stopped, and the call goes on", "stopped.too_long", 11,
       [](Story& s) {
         s.request();
         s.capture();
         s.roster();
         s.connect();
         s.start();
         s.packets();
         s.at(10s);
         s.stop_media();
         const std::int64_t stopped = s.now_ms();
         house_goes_on(s, 20min);
         s.end();
         s.seal();
         s.verified({{s.from, stopped}});
       }},
      {"taken up by two, and never let through", "stopped.too_long", 11,
       [](Story& s) {
         s.begin();
         s.hold();
         const std::int64_t held = s.now_ms();
         s.at(60s);
         s.take_up();
         s.connect();
         house_goes_on(s, 20min);
         s.end();
         s.seal();
         s.verified({{s.from, held}});
       }},
      {"restarted, never let through, and the call goes on", "stopped.too_long", 11,
       [](Story& s) {
         s.begin();
         const std::int64_t lost = s.now_ms();
         s.restart(10s);
         house_goes_on(s, 20min);
         s.end();
         s.seal();
         s.verified({{s.from, lost}});
       }},
      {"held for an hour in a type with five minutes", "held.too_long", 11,
       [](Story& s) {
         s.begin();
         s.hold();
         const std::int64_t held = s.now_ms();
         house_goes_on(s, 1h);
         s.end();
         s.seal();
         s.verified({{s.from, held}});
       }},
      {"recorded while it was held", "stopped.recorded", 11,
       [](Story& s) {
         s.begin();
         s.hold();
         s.at(60s);
         s.take_up();
         s.flow();
         s.end();
         s.kept();
       }},
      {"somebody's first packet while it was held", "stopped.recorded", 11,
       [](Story& s) {
         s.begin();
         s.hold();
         const std::int64_t held = s.now_ms();
         s.at(60s);
         s.packets();
         s.end();
         s.seal();
         s.verified({{s.from, held}});
       }},
      {"a Roster without a recorder where one is demanded", "demanded.roster_off", 11,
       [](Story& s) {
         s.begin();
         s.roster("off");
         s.end();
         s.kept();
       }},
      {"nine recordings of one meeting", "recordings.too_many", 11,
       [](Story& s) {
         s.begin();
         const std::string own = s.recording;
         for (int i = 0; i < 8; ++i) {
           s.recording = s.uuid();
           s.request();
         }
         s.recording = own;
         s.end();
         s.kept();
       }},
  };
  return cases;
}

TEST(FaultH5, WhatALiarSaysOfMissingTimeIsNotBelievedWithoutEnd) {
  for (const Case& one : dishonest()) testing::expect_named(one);
}

TEST(FaultH5, WhatAnHonestHouseWritesOfMissingTimeStaysGood) {
  const std::vector<std::pair<const char*, std::function<void(Story&)>>> honest{
      {"held, taken up, and let through again",
       [](Story& s) {
         s.begin();
         s.hold();
         const std::int64_t held = s.now_ms();
         s.at(90s);
         s.take_up();
         s.connect();
         s.at(8s);
         s.next_part(held, "held");
         s.flow();
         const std::int64_t back = s.now_ms();
         s.at(60s);
         s.end();
         s.seal();
         s.verified({{s.from, held}, {back, s.to}});
       }},
      {"held, taken up, and the other one's path never came",
       [](Story& s) {
         s.begin();
         s.hold();
         const std::int64_t held = s.now_ms();
         s.at(90s);
         s.take_up();
         house_goes_on(s, 20min);
         s.end();
         s.seal();
         s.verified({{s.from, held}});
       }},
      {"held, taken up, and ended by the house as nothing could be recorded",
       [](Story& s) {
         s.begin();
         s.hold();
         const std::int64_t held = s.now_ms();
         s.at(90s);
         s.take_up();
         s.connect();
         house_goes_on(s, 121s);
         s.end();
         s.seal();
         s.verified({{s.from, held}});
       }},
      {"held, and ended",
       [](Story& s) {
         s.begin();
         s.hold();
         const std::int64_t held = s.now_ms();
         house_goes_on(s, 301s);
         s.end();
         s.seal();
         s.verified({{s.from, held}});
       }},
      {"stopped, then held, taken up, and let through",
       [](Story& s) {
         s.begin();
         s.stop_media("disk.full");
         const std::int64_t stopped = s.now_ms();
         s.at(60s);
         s.add(s.draft("meeting.held"));
         s.at(60s);
         s.take_up();
         s.connect();
         s.at(20s);
         s.next_part(stopped, "server");
         s.flow();
         const std::int64_t back = s.now_ms();
         s.at(60s);
         s.end();
         s.seal();
         s.verified({{s.from, stopped}, {back, s.to}});
       }},
      {"restarted before anybody had a path, and begun much later",
       [](Story& s) {
         s.roster();
         s.restart(10s);
         house_goes_on(s, 600s);
         s.begin();
         s.flow();
         s.at(60s);
         s.end();
         s.seal();
         s.verified({{s.from, s.to}});
       }},
      {"killed, and no further part could be begun",
       [](Story& s) {
         s.begin();
         const std::int64_t lost = s.now_ms();
         s.restart(40s);
         house_goes_on(s, 120s);
         s.end();
         s.seal();
         s.verified({{s.from, lost}});
       }},
      {"killed, and an operator worked before it came back",
       [](Story& s) {
         s.begin();
         const std::int64_t lost = s.now_ms();
         s.at(60s);
         s.add(EntryBuilder("user.created")
                   .actor({ActorKind::kOperator, "operator"})
                   .subject("user", s.uuid())
                   .set("roles", JsonArray{Json("agent")}));
         s.restart(40s);
         s.next_part(lost, "server");
         s.flow();
         const std::int64_t back = s.now_ms();
         s.at(60s);
         s.end();
         s.seal();
         s.verified({{s.from, lost}, {back, s.to}});
       }},
      {"killed while it was stopped",
       [](Story& s) {
         s.begin();
         s.stop_media();
         const std::int64_t stopped = s.now_ms();
         s.at(60s);
         s.restart(40s);
         house_goes_on(s, 100s);
         s.next_part(stopped, "server");
         s.flow();
         const std::int64_t back = s.now_ms();
         s.at(60s);
         s.end();
         s.seal();
         s.verified({{s.from, stopped}, {back, s.to}});
       }},
      {"killed three times while it was held",
       [](Story& s) {
         s.begin();
         s.hold();
         const std::int64_t held = s.now_ms();
         for (int i = 0; i < 3; ++i) {
           s.at(200s);
           s.restart(10s);
         }
         s.at(60s);
         s.take_up();
         s.connect();
         s.next_part(held, "held");
         s.flow();
         const std::int64_t back = s.now_ms();
         s.at(60s);
         s.end();
         s.seal();
         s.verified({{s.from, held}, {back, s.to}});
       }},
      {"a disk that was full for an hour, so that nobody could write its end",
       [](Story& s) {
         s.begin();
         s.stop_media("disk.full");
         const std::int64_t stopped = s.now_ms();
         s.at(1h);
         s.end();
         s.seal();
         s.verified({{s.from, stopped}});
       }},
      {"a writer that fell behind for some seconds",
       [](Story& s) {
         s.begin();
         s.add(s.about("recording.gap")
                   .set("from", s.now_ms() - 4'000)
                   .set("to", s.now_ms())
                   .set("cause", "overflow"));
         const std::int64_t gap = s.now_ms() - 137;
         s.end();
         s.seal();
         s.verified({{s.from, gap - 4'000}, {gap, s.to}});
       }},
      {"one came, the call was held, and the other came",
       [](Story& s) {
         s.roster();
         s.add(s.draft("participant.connected").subject("participant", s.first).set("role", "customer"));
         s.hold();
         s.at(60s);
         s.take_up();
         s.add(s.draft("participant.connected").subject("participant", s.second).set("role", "staff"));
         s.end([](EntryBuilder& entry) { entry.set("duration_ms", 0); });
       }},
  };
  for (const auto& [name, tell] : honest) testing::expect_good(name, tell);
}

TEST(FaultH5, TimeThatOnlyTheLogExplainsIsShownInTheVerdict) {
  Story log;
  log.begin();
  log.hold();
  const std::int64_t held = log.now_ms();
  log.at(90s);
  log.take_up();
  log.flow();
  const std::int64_t back = log.now_ms();
  log.at(60s);
  log.end();
  log.seal();
  log.verified({{log.from, held}, {back, log.to}});
  log.fresh();
  log.roster();
  log.connect();
  log.stop_media();
  log.start();
  log.at(100s);
  log.end();
  const Report report = testing::judged(log);
  EXPECT_EQ(report.exit_status(), 0) << report.to_text();
  EXPECT_THAT(report.verdict, HasSubstr("; of 2 of them 3 min 10.4 s are in no recording"));
  EXPECT_THAT(report.verdict, HasSubstr("(1 had no media at all)"));
  EXPECT_THAT(report.to_text(), HasSubstr("held 1 min 30.1 s, stopped 1 min 40.3 s, of 2 meetings"));
  EXPECT_THAT(report.to_text(), HasSubstr(log.meeting));
  const Json json = *parse_json(report.to_json());
  const Json* completeness = json.find("completeness");
  ASSERT_NE(completeness, nullptr);
  EXPECT_EQ(completeness->integer_or("explained_meetings"), 2);
  EXPECT_GE(completeness->find("explained")->integer_or("held_ms"), 90'000);
  const Json& second = completeness->find("meetings")->as_array()->at(1);
  EXPECT_EQ(second.string_or("coverage"), "no_media");
  EXPECT_EQ(second.find("explained")->integer_or("stopped_ms"), second.integer_or("window_ms"));
}

// More unfinished meetings than are kept at once: those that nobody waits for are let go, and whoever is
// still in a call is not taken for a liar.
TEST(FaultH5, ManyUnfinishedMeetingsDoNotMakeAnHonestOneBad) {
  Story log;
  log.begin();
  const std::string meeting = log.meeting, recording = log.recording;
  const std::int64_t from = log.from;
  for (int i = 0; i < 50; ++i) {
    log.fresh();
    log.roster("recorded", 1);
    log.add(log.draft("participant.connected").subject("participant", log.first).set("role", "staff"));
    if (i % 2 == 0) {
      log.add(log.draft("meeting.expired"));
    } else {
      log.from = log.now_ms();
      log.end([](EntryBuilder& entry) { entry.set("duration_ms", 0); });
    }
  }
  log.meeting = meeting;
  log.recording = recording;
  log.from = from;
  log.end();
  log.kept();
  VerifyOptions options;
  options.keys = {log.verifier_key()};
  options.completeness.open_at_once_max = 4;
  const Report good = verify_bundle(log.bundle(), options);
  EXPECT_EQ(good.exit_status(), 0) << good.to_text();

  for (int i = 0; i < 5; ++i) {
    log.fresh();
    log.begin();
  }
  const Report bad = verify_bundle(log.bundle(), options);
  EXPECT_EQ(bad.exit_status(), 11);
  EXPECT_THAT(bad.to_json(), HasSubstr("\"meetings.too_many_open\""));
}

// --- what somebody who wants to be slow can write

EntryView view(std::uint64_t seq, std::string_view type, std::string_view meeting, std::string_view subject,
               std::string_view data) {
  EntryView entry;
  entry.seq = seq;
  entry.time = UtcTime{static_cast<std::int64_t>(1'795'000'000'000'000 + seq)};
  entry.type = type;
  entry.meeting = meeting;
  entry.subject = subject;
  entry.data = data;
  entry.outcome = "ok";
  return entry;
}

std::chrono::milliseconds took(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

constexpr std::string_view kMeeting = "01a1ee56-62d1-717e-ac06-f33e6310841f";

std::string subject_of(std::uint64_t number) {
  char text[96];
  std::snprintf(text, sizeof text, R"({"id":"01a1ee56-62d1-717e-ac06-%012llx","kind":"recording"})",
                static_cast<unsigned long long>(number));
  return text;
}

TEST(FaultH10, ManyRecordingsOfOneMeetingAreNotLookedThroughForEach) {
  CompletenessReport report;
  const auto time = took([&] {
    CompletenessAudit audit;
    for (std::uint64_t i = 0; i < 200'000; ++i) {
      const std::string subject = subject_of(i / 2);
      audit.observe(view(i, i % 2 == 0 ? "recording.sealed" : "recording.verified", kMeeting, subject,
                         R"({"intervals":[[1,2]],"segments":1})"));
    }
    audit.observe(view(200'000, "meeting.ended", kMeeting, "{}", R"({"duration_ms":0})"));
    report = audit.finish();
  });
  ASSERT_EQ(report.meetings.size(), 1u);
  EXPECT_THAT(report.meetings[0].findings, ::testing::Contains(Finding::kTooManyRecordings));
  EXPECT_LE(report.meetings[0].recordings.size(), 8u);
  EXPECT_LT(time.count(), 5'000);
}

TEST(FaultH10, RequestsThatEndInTheOrderInWhichTheyWereMadeAreFoundAtOnce) {
  constexpr std::uint64_t kMany = 300'000;
  CompletenessReport report;
  const auto time = took([&] {
    CompletenessAudit audit;
    for (std::uint64_t i = 0; i < kMany; ++i)
      audit.observe(view(i, "recording.play_requested", kMeeting, "{}", "{}"));
    for (std::uint64_t i = 0; i < kMany - 1; ++i)
      audit.observe(
          view(kMany + i, "recording.played", kMeeting, "{}", R"({"request":)" + std::to_string(i) + "}"));
    report = audit.finish();
  });
  EXPECT_EQ(report.open_requests, 1u);
  EXPECT_EQ(report.first_open_request, kMany - 1);
  EXPECT_LT(time.count(), 5'000);
}

TEST(FaultH10, RangesOfOneMeetingAreJudgedInOneGo) {
  const auto time = took([] {
    Silences silences;
    Ranges intervals;
    for (std::int64_t i = 0; i < 200'000; ++i) {
      intervals.emplace_back(i * 10, i * 10 + 3);
      silences.gap(i * 10 + 5, i * 10 + 8);
    }
    silences.close(2'000'000, 2'000'000);
    EXPECT_EQ(silences.account({0, 2'000'000}, joined(std::move(intervals)), true).ms[4], 200'000);
  });
  EXPECT_LT(time.count(), 5'000);
}

}  // namespace
}  // namespace parlour::audit

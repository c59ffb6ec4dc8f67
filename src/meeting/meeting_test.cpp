#include "meeting/meeting.h"

#include <gtest/gtest.h>

#include "meeting/gate.h"
#include "meeting/notice.h"

namespace parlour::meeting {
namespace {

constexpr UtcTime kStart{1'795'000'000'000'000};

Json setting(Json value) {
  return JsonObject{{"value", std::move(value)}, {"mode", "fixed"}};
}
Json text(const char* en, const char* nl) {
  return JsonObject{{"en", en}, {"nl", nl}};
}

Json document(const char* rule) {
  bool recorded = std::string_view(rule) != "never";
  Json doc;
  doc.set("title", text("Advice", "Advies"));
  doc.set("entry",
          JsonObject{{"duration_min", setting(45)}, {"before_min", setting(15)}, {"after_min", setting(60)}});
  doc.set("lobby", JsonObject{{"device_check", setting(true)}});
  doc.set("notice",
          JsonObject{{"basis", setting(std::string_view(rule) == "required" ? "legal_duty" : "none")},
                     {"why", setting(text("The law.", "De wet."))},
                     {"other_ways", setting(text("Call us.", "Bel ons."))}});
  doc.set("recording",
          JsonObject{{"rule", setting(rule)},
                     {"kinds", setting(recorded ? Json(JsonArray{"a", "v"}) : Json(JsonArray{}))}});
  doc.set("steward", JsonObject{{"hold_s", setting(300)}});
  doc.set("retention", JsonObject{{"recording_keep", setting(recorded ? "P7Y" : "")}});
  return doc;
}

struct World {
  SeededRandom random{7};
  TypePolicy policy;
  Meeting meeting;
  ParticipantId staff, customer;
  explicit World(const char* rule)
      : policy(*parse_type_policy(document(rule))),
        meeting{.id = MeetingId::make(kStart, random),
                .type = TypeId::make(kStart, random),
                .agent = UserId::make(kStart, random),
                .start = kStart},
        staff(ParticipantId::make(kStart, random)),
        customer(ParticipantId::make(kStart, random)) {
    meeting.participants.push_back({.id = staff, .role = ParticipantRole::kStaff, .user = meeting.agent});
    meeting.participants.push_back(
        {.id = customer, .role = ParticipantRole::kCustomer, .customer = CustomerId::make(kStart, random)});
  }
  std::string run(const Command& command, UtcTime now = kStart) {
    Decision decision = decide(meeting, policy, command, now);
    if (!decision) return decision.error().code;
    for (const Event& event : *decision) apply(meeting, event, now);
    return decision->empty() ? "nothing" : "ok";
  }
  void wait() {
    NoticeRef notice{"n", 1, "00", "en"};
    EXPECT_EQ(run(command::OpenLink{customer}), "ok");
    EXPECT_EQ(run(command::ReportDevice{customer, {"ok", "ok", "heard", "good"}}), "ok");
    EXPECT_EQ(run(command::AcknowledgeNotice{customer, notice, notice}), "ok");
    EXPECT_EQ(run(command::EnterWaiting{customer}), "ok");
    EXPECT_EQ(run(command::EnterStaff{staff}), "ok");
  }
};

TEST(MeetingRules, TheWholePathOfARecordedCall) {
  World world("required");
  world.wait();
  EXPECT_EQ(world.meeting.phase, Phase::kOpen);
  EXPECT_EQ(world.run(command::Admit{world.staff, {world.staff, world.customer}, true}), "ok");
  EXPECT_EQ(world.meeting.phase, Phase::kLive);
  EXPECT_FALSE(world.meeting.started_at);
  RecordingId recording = RecordingId::make(kStart, world.random);
  EXPECT_EQ(world.run(command::RequestRecording{recording, "auto"}), "ok");
  EXPECT_EQ(world.run(command::Connect{world.staff}), "ok");
  EXPECT_EQ(world.run(command::Connect{world.customer}), "ok");
  EXPECT_TRUE(world.meeting.started_at);
  EXPECT_EQ(world.run(command::End{"staff"}, kStart + 10min), "ok");
  EXPECT_EQ(world.run(command::End{"staff"}, kStart + 11min), "nothing");
  EXPECT_EQ(world.meeting.ended_at, kStart + 10min);
  EXPECT_EQ(world.run(command::RecordingFact{RecordingPhase::kSealed, ""}), "ok");
  EXPECT_EQ(world.run(command::RecordingFact{RecordingPhase::kVerified, ""}), "ok");
  EXPECT_EQ(world.run(command::RecordingFact{RecordingPhase::kFailed, "late"}), "nothing");
}

TEST(MeetingRules, NobodyWaitsWithoutNoticeAndDeviceCheck) {
  World world("required");
  EXPECT_EQ(world.run(command::EnterWaiting{world.customer}), "notice.missing");
  NoticeRef shown{"n", 1, "00", "en"};
  NoticeRef newer{"n", 2, "11", "en"};
  EXPECT_EQ(world.run(command::AcknowledgeNotice{world.customer, shown, newer}), "notice.changed");
  EXPECT_EQ(world.run(command::AcknowledgeNotice{world.customer, shown, shown}), "ok");
  EXPECT_EQ(world.run(command::EnterWaiting{world.customer}), "device.missing");
}

TEST(MeetingRules, TheEntryWindowHolds) {
  World world("never");
  NoticeRef notice{"n", 1, "00", "en"};
  world.run(command::ReportDevice{world.customer, {}});
  world.run(command::AcknowledgeNotice{world.customer, notice, notice});
  EXPECT_EQ(world.run(command::EnterWaiting{world.customer}, kStart - 16min), "entry.early");
  EXPECT_EQ(world.run(command::EnterWaiting{world.customer}, kStart + 60min), "entry.late");
  EXPECT_EQ(world.run(command::Expire{}, kStart + 59min), "nothing");
  EXPECT_EQ(world.run(command::Expire{}, kStart + 60min), "ok");
  EXPECT_EQ(world.run(command::EnterWaiting{world.customer}), "meeting.expired");
}

TEST(MeetingRules, NoRecorderNoAdmissionWhereRecordingIsRequired) {
  World required("required");
  required.wait();
  EXPECT_EQ(required.run(command::Admit{required.staff, {required.staff, required.customer}, false}),
            "recorder.down");
  World never("never");
  never.wait();
  EXPECT_EQ(never.run(command::Admit{never.staff, {never.staff, never.customer}, false}), "ok");
  EXPECT_EQ(never.run(command::RequestRecording{RecordingId::make(kStart, never.random), "manual"}),
            "recording.never");
}

TEST(MeetingRules, DecliningTheNoticeCancelsKindly) {
  World world("required");
  EXPECT_EQ(world.run(command::DeclineNotice{world.customer, {"n", 1, "00", "en"}}), "ok");
  EXPECT_EQ(world.meeting.phase, Phase::kCancelled);
  EXPECT_EQ(world.meeting.cancelled->by, "customer");
}

TEST(MeetingRules, OnlyWaitingPeopleAreAdmittedOrDenied) {
  World world("never");
  EXPECT_EQ(world.run(command::Admit{world.staff, {world.customer}, true}), "participant.not_waiting");
  EXPECT_EQ(world.run(command::Deny{world.customer, "not_now"}), "participant.not_waiting");
  world.wait();
  EXPECT_EQ(world.run(command::Deny{world.customer, "because"}), "reason.unknown");
  EXPECT_EQ(world.run(command::Deny{world.customer, "not_now"}), "ok");
  EXPECT_EQ(world.run(command::EnterWaiting{world.customer}), "ok") << "a declined person may come again";
}

TEST(TypePolicy, RefusesContradictionsByTheirPlace) {
  auto pointer_of = [](const Json& doc) {
    auto policy = parse_type_policy(doc);
    return policy ? std::string("accepted") : policy.error().pointer;
  };
  EXPECT_EQ(pointer_of(document("required")), "accepted");
  EXPECT_EQ(pointer_of(document("never")), "accepted");
  Json no_basis = document("required");
  no_basis.set("notice", JsonObject{{"basis", setting("none")},
                                    {"why", setting(text("a", "b"))},
                                    {"other_ways", setting(text("a", "b"))}});
  EXPECT_EQ(pointer_of(no_basis), "/notice/basis/value");
  Json kept = document("never");
  kept.set("retention", JsonObject{{"recording_keep", setting("P7Y")}});
  EXPECT_EQ(pointer_of(kept), "/retention/recording_keep/value");
  Json unknown = document("never");
  unknown.set("surprise", JsonObject{});
  EXPECT_EQ(pointer_of(unknown), "/surprise");
  // Nobody can begin such a recording yet, so no type may say that somebody could.
  EXPECT_EQ(pointer_of(document("optional")), "/recording/rule/value");
  EXPECT_EQ(parse_type_policy(document("optional")).error().reason,
            "optional recording is not built yet: choose required or never");
  EXPECT_EQ(pointer_of(Json(1)), "");
}

TEST(TypePolicy, KeepsByTheCivilCalendar) {
  EXPECT_EQ(add_keep(*from_rfc3339("2028-02-29T10:00:00Z"), "P1Y"), from_rfc3339("2029-02-28T10:00:00Z"));
  EXPECT_EQ(add_keep(*from_rfc3339("2026-11-24T10:00:00Z"), "P7Y"), from_rfc3339("2033-11-24T10:00:00Z"));
  EXPECT_EQ(add_keep(*from_rfc3339("2026-11-24T10:00:00Z"), "P30D"), from_rfc3339("2026-12-24T10:00:00Z"));
  for (const char* bad : {"", "P", "P0Y", "PxY", "7Y", "P7M", "P-1Y", "P99999Y"})
    EXPECT_FALSE(add_keep(kStart, bad)) << bad;
}

TEST(Gate, EveryRow) {
  GateFacts good{true, true, true, true, RecordingRule::kRequired, RosterMode::kRecorded, true, true, false};
  EXPECT_EQ(gate(good), GateAnswer::kOpen);
  auto with = [&](auto change) {
    GateFacts facts = good;
    change(facts);
    return gate(facts);
  };
  EXPECT_EQ(with([](GateFacts& f) { f.sender_admitted = false; }), GateAnswer::kNotAdmitted);
  EXPECT_EQ(with([](GateFacts& f) { f.receiver_admitted = false; }), GateAnswer::kNotAdmitted);
  EXPECT_EQ(with([](GateFacts& f) { f.sender_notice_settled = false; }), GateAnswer::kNoticeMissing);
  EXPECT_EQ(with([](GateFacts& f) { f.meeting_live = false; }), GateAnswer::kNotLive);
  EXPECT_EQ(with([](GateFacts& f) { f.path_met = false; }), GateAnswer::kNoPath);
  EXPECT_EQ(with([](GateFacts& f) { f.path_met = false, f.receiver_is_recorder = true; }),
            GateAnswer::kNoPath);
  EXPECT_EQ(with([](GateFacts& f) { f.mode = RosterMode::kOff; }), GateAnswer::kNoRecorderKey);
  EXPECT_EQ(with([](GateFacts& f) { f.recorder_acknowledged_sender = false; }), GateAnswer::kNoRecorderKey);
  EXPECT_EQ(with([](GateFacts& f) { f.capture_started = false; }), GateAnswer::kNoCapture);
  EXPECT_EQ(with([](GateFacts& f) { f.mode = RosterMode::kPaused, f.recorder_acknowledged_sender = false; }),
            GateAnswer::kOpen);
  EXPECT_EQ(with([](GateFacts& f) { f.receiver_is_recorder = true, f.mode = RosterMode::kPaused; }),
            GateAnswer::kNotRecorded);
  EXPECT_EQ(with([](GateFacts& f) { f.receiver_is_recorder = true, f.receiver_admitted = false; }),
            GateAnswer::kOpen);
  EXPECT_EQ(with([](GateFacts& f) {
              f.rule = RecordingRule::kNever, f.mode = RosterMode::kOff, f.capture_started = false,
              f.recorder_acknowledged_sender = false;
            }),
            GateAnswer::kOpen);
  EXPECT_EQ(with([](GateFacts& f) { f.rule = RecordingRule::kNever, f.receiver_is_recorder = true; }),
            GateAnswer::kNotRecorded);
}

TEST(Access, DenyByDefaultAndHardSeparations) {
  SeededRandom random(3);
  UserId me = UserId::make(kStart, random), other = UserId::make(kStart, random);
  auto user = [&](UserRole role) {
    Actor actor;
    actor.kind = ActorKind::kUser, actor.user = me, actor.role = role;
    return actor;
  };
  ResourceFacts mine{me, std::nullopt}, theirs{other, std::nullopt};
  EXPECT_FALSE(allowed(user(UserRole::kAgent), Action::kMeetingStart, mine));
  EXPECT_EQ(allowed(user(UserRole::kAgent), Action::kMeetingStart, theirs)->code, "access.not_yours");
  EXPECT_EQ(allowed(user(UserRole::kAdministrator), Action::kRecordingPlay, mine)->who,
            std::vector<std::string>{"compliance"});
  EXPECT_FALSE(allowed(user(UserRole::kCompliance), Action::kRecordingPlay, theirs));
  EXPECT_TRUE(allowed(user(UserRole::kCompliance), Action::kMeetingSchedule, mine));
  EXPECT_TRUE(allowed(Actor::operator_at_console(), Action::kRecordingPlay, mine));
  Actor customer;
  customer.kind = ActorKind::kCustomer;
  customer.participant = ParticipantId::make(kStart, random);
  EXPECT_FALSE(allowed(customer, Action::kMeetingJoin, {me, customer.participant}));
  EXPECT_TRUE(allowed(customer, Action::kMeetingJoin, {me, ParticipantId::make(kStart, random)}));
  EXPECT_TRUE(allowed(customer, Action::kMeetingJoin, {me, std::nullopt}));
  EXPECT_TRUE(allowed(customer, Action::kMeetingStart, {me, customer.participant}));
}

// The term is the type's; what nothing does (destroy at its end, clear backups, hold) is not said.
TEST(Notice, FaultB8PromisesNothingThatNothingKeeps) {
  MeetingType type;
  type.policy = *parse_type_policy(document("required"));
  for (const char* language : {"en", "nl"}) {
    Notice notice = make_notice(type, "Example Bank", language);
    EXPECT_EQ(notice.version, 3);
    const char* term = notice.language == "nl" ? "Ten minste 7 jaar" : "At least 7 years";
    for (const std::string& said : {notice.kept, notice.text}) {
      for (const char* word :
           {"destroy", "backup", "legal hold", "35", "vernietig", "reservekopie", "bewaarplicht"})
        EXPECT_EQ(said.find(word), std::string::npos) << word << ": " << said;
      EXPECT_NE(said.find(term), std::string::npos) << said;
    }
  }
}

// "As the text before the conversation said": whichever text it was.
TEST(Notice, FaultB8SaysWhatTheGoodbyeRefersTo) {
  for (const char* rule : {"required", "never"}) {
    MeetingType type;
    type.policy = *parse_type_policy(document(rule));
    EXPECT_NE(make_notice(type, "Example Bank", "en").text.find("Example Bank always keeps a log"),
              std::string::npos);
    EXPECT_NE(make_notice(type, "Example Bank", "nl").text.find("houdt Example Bank altijd een logboek bij"),
              std::string::npos);
  }
}

// Limits are printed in characters and counted in them.
TEST(MeetingRules, AReasonIsCountedInCharacters) {
  for (const char* one : {"a", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x94\x92"}) {
    std::string most, more;
    for (int i = 0; i < 300; ++i) most += one;
    more = most + one;
    EXPECT_EQ(World("never").run(command::Cancel{"agent", most}), "ok") << one;
    EXPECT_EQ(World("never").run(command::Cancel{"agent", more}), "reason.missing") << one;
  }
  EXPECT_EQ(World("never").run(command::Cancel{"agent", ""}), "reason.missing");
}

TEST(Notice, SaysWhatTheTypeEnforces) {
  World world("required");
  MeetingType type{world.meeting.type, 3, world.policy, ""};
  Notice english = make_notice(type, "Example Bank", "en");
  EXPECT_NE(english.text.find("must be recorded"), std::string::npos);
  EXPECT_NE(english.text.find("7 years"), std::string::npos);
  EXPECT_NE(make_notice(type, "Example Bank", "nl").text.find("7 jaar"), std::string::npos);
  EXPECT_EQ(english.what, "Picture and sound");
  World never("never");
  MeetingType quiet{never.meeting.type, 1, never.policy, ""};
  EXPECT_NE(make_notice(quiet, "Example Bank", "en").text.find("is not recorded"), std::string::npos);
}

}  // namespace
}  // namespace parlour::meeting

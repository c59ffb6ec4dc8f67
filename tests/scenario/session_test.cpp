// Accounts and sessions: who is let in, and how fast an end takes effect (security check 37), playing
// included.
#include "world.h"

namespace parlour::scenario {
namespace {

using app::Recordings;
using meeting::Actor;
using meeting::UserRole;

std::unique_ptr<Page> console(World& world, const Login& login) {
  auto page = std::make_unique<Page>(world, true, login.token, "");
  EXPECT_EQ(page->say_code(JsonObject{{"type", "watch"}, {"as", "staff"}, {"csrf", login.csrf}}), "ok");
  return page;
}

// A meeting with a recording that can be played.
meeting::RecordingId recorded(World& world, Visit& visit) {
  visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  world.admit(*ada, {carl.get()});
  world.pass(1min);
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
  return *world.meeting(visit).recording;
}

Result<Recordings::Playback, meeting::Refusal> play(World& world, const Actor& actor,
                                                    const meeting::RecordingId& recording,
                                                    bool download = false) {
  std::optional<Result<Recordings::Playback, meeting::Refusal>> out;
  world.recordings->play(
      actor, recording, download ? "" : "complaint", download, download ? "asked by the court" : "",
      [&](Result<Recordings::Playback, meeting::Refusal> playback) { out = std::move(playback); });
  world.time.settle();
  return std::move(*out);
}

TEST(Session, FailuresLookAlikeAndBackOff) {
  World world;
  EXPECT_EQ(world.refused_log_in("ada@example.org", "wrong"), "login.failed");
  EXPECT_EQ(world.refused_log_in("nobody@example.org", "wrong"), "login.failed");
  EXPECT_EQ(world.last_entry("auth.login_failed").string_or("outcome"), "denied");
  for (int i = 0; i < 4; ++i) {
    world.pass(1min);
    EXPECT_EQ(world.refused_log_in("ada@example.org", "wrong"), "login.failed");
  }
  EXPECT_EQ(world.refused_log_in("ada@example.org", "correct horse battery"), "login.wait");
  EXPECT_EQ(world.last_entry("auth.locked").find("data")->integer_or("failures"), 5)
      << "said once, when it begins";
  world.pass(1min);
  EXPECT_EQ(world.refused_log_in("ada@example.org", "correct horse battery"), "let in");
  world.passwords.busy = true;
  EXPECT_EQ(world.refused_log_in("ada@example.org", "correct horse battery"), "login.busy");
}

TEST(Session, ADisabledAccountIsOutOfListsAndCallsWithinFiveSeconds) {
  World world;
  auto list = console(world, world.agent);
  auto [visit, ada, carl] = world.in_call("never");
  ASSERT_TRUE(world.accounts->disable_user(Actor::operator_at_console(), "ada@example.org"));
  world.pass(5s);
  EXPECT_EQ(list->close_code(), 1008);
  EXPECT_FALSE(ada->open());
  EXPECT_FALSE(world.media.anything_flows());
  EXPECT_EQ(carl->count("held"), 1u) << "the customer is told, not dropped";
  EXPECT_TRUE(carl->open());
  EXPECT_EQ(world.refused_log_in("ada@example.org", "correct horse battery"), "login.failed");
  Page again(world, true, world.agent.token, "");
  EXPECT_EQ(again.resume_from(*ada, 0).string_or("code"), "session.missing");
}

TEST(Session, ANewPasswordEndsEverySessionOfTheAccountAndNoOther) {
  World world;
  Login second = world.log_in("ada@example.org");
  auto list = console(world, world.agent), other = console(world, second),
       officers = console(world, world.compliance);
  ASSERT_TRUE(
      world.accounts->set_password(Actor::operator_at_console(), "ada@example.org", "another long password"));
  world.pass(5s);
  EXPECT_FALSE(list->open());
  EXPECT_FALSE(other->open());
  EXPECT_TRUE(officers->open());
  EXPECT_FALSE(world.accounts->session(world.agent.token));
  EXPECT_EQ(world.refused_log_in("ada@example.org", "correct horse battery"), "login.failed");
  EXPECT_EQ(world.refused_log_in("ada@example.org", "another long password"), "let in");
}

TEST(Session, LoggingOutLeavesTheCall) {
  World world;
  auto list = console(world, world.agent);
  auto [visit, ada, carl] = world.in_call("never");
  world.live().close_sockets_of(world.agent.actor.session);
  world.accounts->log_out(world.agent.token);
  world.pass(0s);
  EXPECT_FALSE(list->open());
  EXPECT_FALSE(ada->open());
  EXPECT_EQ(carl->count("held"), 1u);
  EXPECT_FALSE(world.media.anything_flows());
}

TEST(Session, AListThatNobodyUsesEndsWithItsSession) {
  World world;
  auto list = console(world, world.agent);
  world.pass(29min);
  EXPECT_TRUE(list->open());
  world.pass(1min + 5s);
  EXPECT_FALSE(list->open()) << "a page that only listens is not active";
  EXPECT_EQ(world.last_entry("auth.logout").find("data")->string_or("cause"), "idle");
}

TEST(Session, ACallKeepsItsSessionUntilTheAbsoluteLimit) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  world.pass(2h);
  EXPECT_TRUE(ada->open()) << "who talks is there";
  world.pass(10h + 5s);
  EXPECT_FALSE(ada->open());
  EXPECT_EQ(world.last_entry("auth.logout").find("data")->string_or("cause"), "absolute_limit");
  world.pass(6min);
}

TEST(Playing, TheRangesOfEachTrackAreLoggedUnderItsName) {
  World world;
  Visit visit;
  auto recording = recorded(world, visit);
  auto playback = play(world, world.compliance.actor, recording);
  ASSERT_TRUE(playback);
  ASSERT_EQ(playback->tracks.size(), 2u);
  EXPECT_TRUE(world.recordings->track(world.compliance.actor, playback->id, 1));
  Actor stranger = world.compliance.actor;
  stranger.session = "another";
  EXPECT_FALSE(world.recordings->track(stranger, playback->id, 1)) << "a handle belongs to its session";
  world.recordings->sent(playback->id, 0, 0, 500'000);
  world.recordings->sent(playback->id, 1, 250'000, 250'000);
  world.recordings->sent(playback->id, 0, 500'000, 100'000);
  ASSERT_TRUE(world.recordings->close(world.compliance.actor, playback->id));
  EXPECT_EQ(world.vault.open_handles(), 0u);
  ASSERT_EQ(world.count(visit, "recording.played"), 2u);
  auto entries = world.log.entries({.type = "recording.played", .ascending = true});
  const Json& first = *entries[0].entry.find("data");
  EXPECT_EQ(first.string_or("track"), "p1.webm");
  EXPECT_EQ(write_json(*first.find("ranges_ms")), "[[0,36000]]");
  EXPECT_EQ(first.integer_or("bytes"), 600'000);
  const Json& second = *entries[1].entry.find("data");
  EXPECT_EQ(second.string_or("track"), "p2.webm");
  EXPECT_EQ(write_json(*second.find("ranges_ms")), "[[15750,30500]]")
      << "on the recording's clock, its offset included";
  EXPECT_EQ(first.integer_or("request"), second.integer_or("request"));
}

TEST(Playing, StopsWithinFiveSecondsOfTheSessionsEnd) {
  World world;
  Visit visit;
  auto recording = recorded(world, visit);
  auto playback = play(world, world.compliance.actor, recording);
  ASSERT_TRUE(playback);
  world.recordings->sent(playback->id, 0, 0, 1000);
  ASSERT_EQ(world.vault.open_handles(), 1u);
  ASSERT_TRUE(world.accounts->disable_user(Actor::operator_at_console(), "olga@example.org"));
  world.pass(5s);
  EXPECT_EQ(world.vault.open_handles(), 0u) << "the vault gives no more bytes";
  EXPECT_FALSE(world.recordings->track(world.compliance.actor, playback->id, 0));
  EXPECT_EQ(world.count(visit, "recording.played"), 1u);
}

TEST(Playing, ADownloadIsLoggedWithItsReasonUnreadable) {
  World world;
  Visit visit;
  auto recording = recorded(world, visit);
  auto playback = play(world, world.compliance.actor, recording, true);
  ASSERT_TRUE(playback);
  world.recordings->sent(playback->id, 0, 0, 1'000'000);
  world.pass(11min);  // nobody closed it
  EXPECT_EQ(world.count(visit, "recording.downloaded"), 1u);
  EXPECT_EQ(world.last_entry("recording.downloaded").find("data")->integer_or("bytes"), 1'000'000);
  EXPECT_EQ(write_json(world.last_entry("recording.download_requested")).find("court"), std::string::npos);
  // The officer reads it beside the entry; the adviser does not.
  auto reason_for = [&world, &visit](const Actor& reader) {
    auto page = world.views->timeline(reader, visit.meeting);
    if (page)
      for (const app::AuditEntry& entry : page->items)
        if (!entry.typed_reason.empty()) return entry.typed_reason;
    return std::string();
  };
  EXPECT_EQ(reason_for(world.compliance.actor), "asked by the court");
  EXPECT_EQ(reason_for(world.agent.actor), "");
}

TEST(Playing, AfterACrashTheNextStartClosesWhatWasOpen) {
  World world;
  Visit visit;
  auto recording = recorded(world, visit);
  ASSERT_TRUE(play(world, world.compliance.actor, recording));
  world.restart();
  EXPECT_EQ(world.count(visit, "recording.played"), 1u);
  Json entry = world.last_entry("recording.played");
  EXPECT_EQ(entry.find("data")->integer_or("request"),
            world.last_entry("recording.play_requested").integer_or("seq"));
}

TEST(Playing, WhatTheVaultDoesNotOpenIsClosedInTheLog) {
  World world;
  Visit visit;
  auto recording = recorded(world, visit);
  world.signer_up = false;
  auto playback = play(world, world.compliance.actor, recording);
  ASSERT_FALSE(playback);
  EXPECT_EQ(playback.error().code, "vault.unavailable");
  EXPECT_EQ(world.count(visit, "recording.played"), 1u);
  EXPECT_TRUE(world.store->open_playbacks().empty());
}

TEST(Playing, AnAdministratorNeverPlays) {
  World world;
  Visit visit;
  auto recording = recorded(world, visit);
  world.add_user("root@example.org", UserRole::kAdministrator);
  Login root = world.log_in("root@example.org");
  for (const Actor& actor : {root.actor, world.agent.actor}) {
    auto playback = play(world, actor, recording);
    ASSERT_FALSE(playback);
    // Who may not even know of the meeting is told what is told of one that is not there (fault H10).
    EXPECT_EQ(playback.error().code.substr(0, 7),
              actor.role == UserRole::kAdministrator ? "not_fou" : "access.");
  }
  EXPECT_EQ(world.count(visit, "access.denied"), 2u);
  EXPECT_EQ(world.count(visit, "recording.play_requested"), 0u);
}

TEST(Proof, IsVerifiedAndExported) {
  World world;
  Visit visit;
  recorded(world, visit);
  std::optional<int> exit;
  world.views->verify(world.compliance.actor, [&](Result<app::AuditVerdict, meeting::Refusal> verdict) {
    ASSERT_TRUE(verdict);
    exit = verdict->exit;
  });
  world.time.settle();
  EXPECT_EQ(exit, 0);
  std::optional<Bytes> bundle;
  world.views->export_proof(world.compliance.actor, visit.meeting, [&](Result<Bytes, meeting::Refusal> made) {
    ASSERT_TRUE(made);
    bundle = std::move(*made);
  });
  world.time.settle();
  ASSERT_TRUE(bundle);
  EXPECT_NE(to_string(*bundle).find("carl@example.net"), std::string::npos)
      << "disclosed to this meeting's proof";
  auto refused = world.views->timeline(world.log_in("ada@example.org").actor, visit.meeting);
  EXPECT_TRUE(refused) << "an agent reads its own meetings";
}

}  // namespace
}  // namespace parlour::scenario

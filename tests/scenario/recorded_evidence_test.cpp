// Who can write to the database against what pages and the verifier say of recordings, and a vault's job that
// nobody makes run twice.
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "world.h"

namespace parlour::scenario {
namespace {

using app::Recordings;
using meeting::Actor;
using meeting::UserRole;

meeting::RecordingId recorded(World& world, Visit& visit) {
  visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  world.admit(*ada, {carl.get()});
  world.pass(1min);
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
  return *world.meeting(visit).recording;
}

std::optional<Result<Recordings::Playback, meeting::Refusal>> ask(World& world, const Actor& actor,
                                                                  const meeting::RecordingId& recording,
                                                                  bool download = false) {
  std::optional<Result<Recordings::Playback, meeting::Refusal>> out;
  world.recordings->play(
      actor, recording, download ? "" : "complaint", download, download ? "asked by the court" : "",
      [&](Result<Recordings::Playback, meeting::Refusal> playback) { out = std::move(playback); });
  world.time.settle();
  return out;
}

std::string code_of(const std::optional<Result<Recordings::Playback, meeting::Refusal>>& asked) {
  return !asked ? "no answer" : *asked ? "opened" : asked->error().code;
}

app::RecordingView shown(World& world, const Visit& visit) {
  auto found = world.recordings->of_meeting(world.compliance.actor, visit.meeting);
  EXPECT_TRUE(found);
  EXPECT_EQ(found->size(), 1u);
  return found->front();
}

void run(World& world, const std::string& sql) {
  EXPECT_TRUE(world.store->database().execute_script(sql)) << sql;
}

TEST(FaultR2, WhatIsChangedBesideTheLogIsNamedAndNothingIsOpened) {
  struct Change {
    const char* sql;
    std::set<std::string> differs;
    bool opens;
  };
  for (const Change& change : {
           Change{"UPDATE recording SET manifest = ''", {"manifest"}, false},
           Change{"UPDATE recording SET manifest = replace(manifest, 'p1.webm', 'p9.webm')",
                  {"manifest"},
                  false},
           Change{
               "UPDATE recording SET manifest = replace(manifest, 'p1.webm', 'p9.webm'), manifest_sha256 = "
               "'0000000000000000000000000000000000000000000000000000000000000000'",
               {"manifest"},
               false},
           Change{"UPDATE recording SET summary = '{\"coverage_permille\":1000,\"duration_ms\":5}'",
                  {"summary"},
                  false},
           Change{"UPDATE recording SET phase = 'failed', reason = 'disk'", {"state"}, false},
           Change{"UPDATE recording SET phase = 'sealed'", {"state"}, false},
           Change{"UPDATE recording SET keep_until = keep_until - 86400000000", {"keep_until"}, true},
           Change{"UPDATE recording SET keep_until = NULL", {"keep_until"}, true},
           Change{"UPDATE recording SET started_at = started_at + 60000000", {"times"}, true},
       }) {
    SCOPED_TRACE(change.sql);
    World world;
    Visit visit;
    const auto recording = recorded(world, visit);
    if (change.differs.contains("manifest")) world.expected_verdict = 10;
    EXPECT_EQ(shown(world, visit).facts.differs, std::set<std::string>{});
    EXPECT_TRUE(shown(world, visit).row.keep_until);
    run(world, change.sql);
    const app::RecordingView view = shown(world, visit);
    EXPECT_EQ(view.facts.differs, change.differs);
    EXPECT_EQ(view.facts.opens(), change.opens);
    EXPECT_EQ(world.recordings->list(world.compliance.actor, "", 50).items.front().facts.differs,
              change.differs);
    for (const bool download : {false, true})
      EXPECT_EQ(code_of(ask(world, world.compliance.actor, recording, download)),
                change.opens ? "opened" : "recording.differs");
    EXPECT_EQ(world.count(visit, "recording.play_requested"), change.opens ? 1u : 0u);
  }
}

TEST(FaultR2, PlaysAreTheLogsWhateverTheDatabaseSays) {
  World world;
  Visit visit;
  const auto recording = recorded(world, visit);
  auto asked = ask(world, world.compliance.actor, recording);
  ASSERT_EQ(code_of(asked), "opened");
  const auto playback = (*asked)->id;
  world.recordings->sent(playback, 0, 1000, 16'000 * 30);
  ASSERT_EQ(shown(world, visit).facts.plays.size(), 1u);
  EXPECT_EQ(shown(world, visit).facts.plays.front().sent.count(), 30u) << "before the log has it";
  world.pass(61s);
  world.recordings->sent(playback, 1, 1000, 16'000 * 40);
  ASSERT_TRUE(world.recordings->close(world.compliance.actor, playback));
  ASSERT_EQ(code_of(ask(world, world.compliance.actor, recording, true)), "opened");
  run(world, "PRAGMA foreign_keys = OFF; DELETE FROM playback;");
  const app::RecordingView view = shown(world, visit);
  ASSERT_EQ(view.facts.plays.size(), 2u);
  const app::Play& play = view.facts.plays[0];
  EXPECT_EQ(play.purpose, "complaint");
  EXPECT_EQ(play.sent.count(), 41u) << "seconds 0 to 30 of one track, 1 to 41 of the other";
  EXPECT_FALSE(view.users.at(play.user).empty());
  EXPECT_FALSE(play.download);
  EXPECT_TRUE(view.facts.plays[1].download);
}

TEST(FaultR2, VerifyLooksAtWhatStandsBesideTheLog) {
  World world;
  Visit visit;
  const auto recording = recorded(world, visit);
  ASSERT_EQ(code_of(ask(world, world.compliance.actor, recording, true)), "opened");
  auto verdict = [&] {
    std::optional<app::AuditVerdict> out;
    world.views->verify(world.compliance.actor, [&](Result<app::AuditVerdict, meeting::Refusal> found) {
      if (found) out = *found;
    });
    world.time.settle();
    return out ? *out : app::AuditVerdict{};
  };
  EXPECT_EQ(verdict().exit, 0) << verdict().text;
  for (const std::string& line : verdict().not_checked)
    EXPECT_EQ(line.find("The manifests of"), std::string::npos);
  const auto before = world.store->load(recording);
  auto found = [&](const std::string& sql, int exit, const std::string& said) {
    SCOPED_TRACE(sql);
    run(world, sql);
    const app::AuditVerdict bad = verdict();
    EXPECT_EQ(bad.exit, exit) << bad.text;
    EXPECT_EQ(bad.text.substr(0, 4), "BAD:");
    ASSERT_FALSE(bad.faults.empty());
    EXPECT_NE(bad.faults.front().find(said), std::string::npos) << bad.faults.front();
  };
  found("UPDATE recording SET manifest = ''", 10, "is not in the database");
  found("UPDATE recording SET manifest = 'x'", 10, "is not the one that it names");
  world.store->save(*before);
  found("UPDATE audit_private SET value = 'asked by the client' WHERE field = 'reason'", 9, "reason");
  run(world, "UPDATE audit_private SET value = 'asked by the court' WHERE field = 'reason'");
  found("UPDATE audit_entry SET type = 'server.stopped' WHERE type = 'recording.download_requested'", 10,
        "lists leave it out");
  run(world, "UPDATE audit_entry SET type = 'recording.download_requested' WHERE type = 'server.stopped'");
  EXPECT_EQ(verdict().exit, 0) << verdict().text;
}

TEST(FaultR2, AReasonIsShownOnlyAsWhatTheEntryCommitsTo) {
  World world;
  Visit visit;
  const auto recording = recorded(world, visit);
  ASSERT_EQ(code_of(ask(world, world.compliance.actor, recording, true)), "opened");
  auto entry = [&] {
    auto page = world.views->timeline(world.compliance.actor, visit.meeting);
    EXPECT_TRUE(page);
    for (const app::AuditEntry& one : page->items)
      if (one.entry.string_or("type") == "recording.download_requested") return one;
    return app::AuditEntry{};
  };
  EXPECT_EQ(entry().typed_reason, "asked by the court");
  EXPECT_FALSE(entry().typed_reason_differs);
  run(world, "UPDATE audit_private SET value = 'asked by the client' WHERE field = 'reason'");
  EXPECT_EQ(entry().typed_reason, "");
  EXPECT_TRUE(entry().typed_reason_differs);
  run(world, "DELETE FROM audit_private WHERE field = 'reason'");
  EXPECT_FALSE(entry().typed_reason_differs) << "erased";
}

TEST(FaultR2, AnEntryThatIsChangedWhileTheServerRunsClosesTheLog) {
  World world;
  Visit visit;
  (void)recorded(world, visit);
  (void)shown(world, visit);
  world.expected_verdict = 6;
  run(world,
      "UPDATE audit_entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'coverage_permille\":1000', "
      "'coverage_permille\":999') AS BLOB) WHERE type = 'recording.verified'");
  EXPECT_THROW((void)world.recordings->of_meeting(world.compliance.actor, visit.meeting), app::StoreFailure);
  ASSERT_TRUE(world.log.alarm());
  EXPECT_EQ(world.log.alarm()->code, "head.fork");
}

TEST(FaultR4, OnePersonHoldsSoManyPlaybacksAndNoMore) {
  World world;
  Visit visit;
  const auto recording = recorded(world, visit);
  std::vector<meeting::PlaybackId> open;
  for (std::size_t i = 0; i < Recordings::kOpenAPerson; ++i) {
    auto asked = ask(world, world.compliance.actor, recording);
    ASSERT_EQ(code_of(asked), "opened");
    open.push_back((*asked)->id);
  }
  EXPECT_EQ(code_of(ask(world, world.compliance.actor, recording)), "playback.many");
  world.add_user("otto@example.org", UserRole::kCompliance);
  EXPECT_EQ(code_of(ask(world, world.log_in("otto@example.org").actor, recording)), "opened");
  ASSERT_TRUE(world.recordings->close(world.compliance.actor, open.front()));
  EXPECT_EQ(code_of(ask(world, world.compliance.actor, recording)), "opened");
}

TEST(FaultR5, WhoAsksIsAnsweredWhenTheDatabaseRefusesAndTheEndIsLoggedLater) {
  World world;
  world.store_may_fail = true;
  Visit visit;
  const auto recording = recorded(world, visit);
  world.break_rows("audit_entry", "NEW.type = 'recording.played'");
  world.signer_up = false;
  EXPECT_EQ(code_of(ask(world, world.compliance.actor, recording)), "vault.unavailable");
  world.signer_up = true;
  // The vault has opened it, and then a table is not there.
  std::optional<Result<Recordings::Playback, meeting::Refusal>> answered;
  world.recordings->play(
      world.compliance.actor, recording, "complaint", false, "",
      [&](Result<Recordings::Playback, meeting::Refusal> playback) { answered = std::move(playback); });
  world.hide_table("participant");
  world.time.settle();
  EXPECT_EQ(code_of(answered), "storage");
  EXPECT_EQ(world.vault.open_handles(), 0u);
  world.show_tables();
  EXPECT_EQ(world.store->open_playbacks().size(), 2u);
  world.mend();
  world.pass(3s);
  EXPECT_TRUE(world.store->open_playbacks().empty());
  EXPECT_EQ(world.count(visit, "recording.play_requested"), 2u);
  EXPECT_EQ(world.count(visit, "recording.played"), 2u);
  EXPECT_EQ(world.last_entry("recording.played").string_or("reason"), "not_opened");
}

TEST(FaultR6, AJobWhoseResultIsInTheLogNeverRunsAgain) {
  World world;
  Visit visit;
  const auto recording = recorded(world, visit);
  world.pass(10s);
  ASSERT_EQ(world.vault.jobs_acknowledged, 1);
  const int started = world.vault.jobs_started;
  const auto before = world.store->load(recording);
  const auto key = world.store->envelopes(recording).back().ct;
  run(world, "UPDATE outbox SET done = 0");
  run(world, "UPDATE recording SET phase = 'sealed'");
  world.pass(1min);
  EXPECT_EQ(world.vault.jobs_started, started) << "another rendition, with another key, would take its place";
  EXPECT_EQ(world.store->envelopes(recording).back().ct, key);
  EXPECT_EQ(world.store->load(recording)->manifest, before->manifest);
  EXPECT_EQ(world.count(visit, "recording.verified"), 1u);
  EXPECT_TRUE(world.store->pending().empty()) << "and it does not go round and round";
}

TEST(FaultR6, TheVaultGivesUpOnlyWhatWasStoredHoweverOftenItIsAsked) {
  World world;
  Visit visit = world.schedule("required");
  {
    auto [ada, carl] = world.both_enter(visit);
    world.admit(*ada, {carl.get()});
    world.pass(1min);
    world.signer_up = false;
    ada->say(JsonObject{{"type", "end"}});
    world.pass(5s);
  }
  // The meeting's row says that all is over: the vault's result is stored all the same.
  run(world, "UPDATE meeting SET recording_phase = 'verified'");
  world.vault.loses_acknowledgements = 2;
  world.signer_up = true;
  world.pass(8s);
  EXPECT_EQ(world.count(visit, "recording.verified"), 1u);
  EXPECT_EQ(world.vault.jobs_acknowledged, 0);
  world.pass(30s);
  EXPECT_EQ(world.vault.jobs_acknowledged, 1);
  EXPECT_TRUE(world.store->pending().empty());
}

// Sound of somebody of whom no file was made, and far more gaps than a page shows.
TEST(FaultR9, AGapWithoutAFileIsNobodyElses) {
  World world;
  JsonArray gaps;
  for (std::int64_t i = 0; i < 3000; ++i)
    gaps.push_back(JsonObject{{"from_ms", i * 10}, {"to_ms", i * 10 + 1 + i % 7}, {"cause", "loss"}});
  gaps.push_back(JsonObject{{"from_ms", 31'000}, {"to_ms", 31'500}, {"cause", "storage"}});
  world.vault.tracks = JsonArray{JsonObject{{"participant", "0123456789abcdef"},
                                            {"kind", "audio"},
                                            {"intervals", JsonArray{}},
                                            {"gaps_total", 14'000},
                                            {"gaps", std::move(gaps)}}};
  Visit visit;
  (void)recorded(world, visit);
  const app::RecordingView view = shown(world, visit);
  const JsonArray& listed = *view.row.summary.find("gaps")->as_array();
  EXPECT_EQ(listed.size(), 2000u);
  EXPECT_EQ(view.row.summary.integer_or("gaps_total"), 14'000);
  EXPECT_TRUE(listed.back().find("track")->is_null());
  EXPECT_EQ(listed.back().integer_or("to_ms"), 31'500) << "the longest are shown, in order of time";
}

}  // namespace
}  // namespace parlour::scenario

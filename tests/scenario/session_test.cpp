// Accounts and sessions: who is let in, and how fast an end takes effect (security check 37), playing
// included.
#include <set>

#include "base/encoding.h"
#include "crypto/hash.h"
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
  EXPECT_EQ(carl->last("held")->string_or("cause"), "session");
  EXPECT_TRUE(carl->open());
  EXPECT_EQ(world.refused_log_in("ada@example.org", "correct horse battery"), "login.failed");
  Page again(world, true, world.agent.token, "");
  EXPECT_EQ(again.resume_from(*ada, 0).string_or("code"), "session.missing");
}

// faults.md G3.
TEST(Session, FaultG3ADisabledAccountComesBackWithANewPasswordAndARoleChangeEndsSessions) {
  World world;
  const Actor operator_actor = Actor::operator_at_console();
  ASSERT_TRUE(world.accounts->disable_user(operator_actor, "ada@example.org"));
  EXPECT_FALSE(world.accounts->create_user(operator_actor, "ada@example.org", "Ada Again", UserRole::kAgent,
                                           "correct horse battery"));
  EXPECT_FALSE(world.accounts->enable_user(operator_actor, "ada@example.org", "short"));
  EXPECT_EQ(world.refused_log_in("ada@example.org", "correct horse battery"), "login.failed");
  ASSERT_TRUE(world.accounts->enable_user(operator_actor, "ADA@example.org", "another horse battery"));
  EXPECT_FALSE(world.accounts->enable_user(operator_actor, "ada@example.org", "another horse battery"))
      << "enabled already";
  EXPECT_FALSE(world.accounts->session(world.agent.token)) << "old sessions stay ended";

  EXPECT_FALSE(world.accounts->set_role(operator_actor, "olga@example.org", UserRole::kCompliance));
  ASSERT_TRUE(world.accounts->session(world.compliance.token));
  ASSERT_TRUE(world.accounts->set_role(operator_actor, "olga@example.org", UserRole::kAgent));
  EXPECT_FALSE(world.accounts->session(world.compliance.token));
  auto users = world.accounts->users(operator_actor);
  ASSERT_TRUE(users);
  auto olga = std::find_if(users->begin(), users->end(),
                           [](const auto& user) { return user.email.reveal() == "olga@example.org"; });
  ASSERT_NE(olga, users->end());
  EXPECT_EQ(olga->role, UserRole::kAgent);
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
  EXPECT_EQ(write_json(*first.find("ranges_ms")), "[[0,38000]]");
  EXPECT_EQ(first.integer_or("bytes"), 600'000);
  const Json& second = *entries[1].entry.find("data");
  EXPECT_EQ(second.string_or("track"), "p2.webm");
  EXPECT_EQ(write_json(*second.find("ranges_ms")), "[[16000,33000]]")
      << "on the recording's clock, its offset included";
  EXPECT_EQ(first.integer_or("request"), second.integer_or("request"));
}

// Everything that the log says of plays: seconds by track, and bytes.
struct Logged {
  std::map<std::string, std::set<std::int64_t>> seconds;  // on the recording's clock
  std::map<std::string, std::int64_t> bytes;
  std::size_t entries = 0;
};
Logged logged(World& world) {
  Logged out;
  for (const app::AuditEntry& entry : world.log.entries({.type = "recording.played", .limit = 100'000})) {
    EXPECT_LE(entry.bytes.size(), 16u * 1024);
    const Json& data = *entry.entry.find("data");
    const std::string track = data.string_or("track");
    ++out.entries;
    out.bytes[track] += data.integer_or("bytes");
    for (const Json& range : *data.find("ranges_ms")->as_array()) {
      const std::int64_t from = *(*range.as_array())[0].as_integer(),
                         to = *(*range.as_array())[1].as_integer();
      EXPECT_EQ((to - from) % 1000, 0);
      for (std::int64_t at = from; at < to; at += 1000) out.seconds[track].insert(at / 1000);
    }
  }
  return out;
}

TEST(FaultH3, NineHundredSingleBytesHideNothingOfWhatFollows) {
  World world;
  Visit visit;
  auto recording = recorded(world, visit);
  auto playback = play(world, world.compliance.actor, recording);
  ASSERT_TRUE(playback);
  for (std::uint64_t i = 0; i < 900; ++i) world.recordings->sent(playback->id, 0, 2 * i, 1);
  world.recordings->sent(playback->id, 0, 0, TestVault::kTrackBytes);
  ASSERT_TRUE(world.recordings->close(world.compliance.actor, playback->id));
  const Logged log = logged(world);
  EXPECT_EQ(log.seconds.at("p1.webm").size(), 60u);
  EXPECT_EQ(log.bytes.at("p1.webm"), 900 + static_cast<std::int64_t>(TestVault::kTrackBytes));
}

TEST(FaultH3, TheLogsSecondsAreTheBytesSentInAnyOrderAndSizeOfRanges) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SeededRandom random(seed);
    auto below = [&](std::uint64_t end) { return (std::uint64_t{random.u32()} << 16 | random.u32()) % end; };
    World world;
    // Up to four hours; heads, seconds with nothing in them, seconds that overlap a little.
    const std::size_t length = seed % 3 == 0 ? 4 * 3600 : 60 + below(3600);
    world.vault.seconds[0].clear();
    std::vector<std::pair<std::uint64_t, std::uint64_t>> truth;
    std::int64_t end = 0;
    for (std::size_t i = 0; i < length; ++i) {
      const bool empty = below(9) == 0;
      const auto size = empty ? 0 : static_cast<std::int64_t>(1 + below(50'000));
      auto skipped = empty ? 0 : static_cast<std::int64_t>(below(40));
      if (!empty && end > 60'000 && below(5) == 0) skipped = -static_cast<std::int64_t>(below(300));
      world.vault.seconds[0].emplace_back(skipped, size);
      const std::int64_t from = end + skipped;
      truth.emplace_back(from, from + size);
      if (!empty) end = from + size;
    }
    Visit visit;
    auto recording = recorded(world, visit);
    auto playback = play(world, world.compliance.actor, recording);
    ASSERT_TRUE(playback);
    std::set<std::int64_t> expected;
    std::int64_t bytes = 0;
    const std::size_t pieces = 200 + below(900);
    for (std::size_t i = 0; i < pieces; ++i) {
      const std::uint64_t from = below(static_cast<std::uint64_t>(end));
      const std::uint64_t size = 1 + below(i % 50 == 0 ? 3'000'000 : 200);
      world.recordings->sent(playback->id, 0, from, size);
      bytes += static_cast<std::int64_t>(size);
      for (std::size_t second = 0; second < truth.size(); ++second)
        if (truth[second].first < truth[second].second && truth[second].first < from + size &&
            truth[second].second > from)
          expected.insert(static_cast<std::int64_t>(second));
      if (i % 100 == 0) world.pass(61s);  // the log is written while it plays
      if (i == pieces / 2) {
        EXPECT_GE(logged(world).entries, 1u);
      }
    }
    if (seed % 2 == 0) {
      ASSERT_TRUE(world.recordings->close(world.compliance.actor, playback->id));
    } else {
      world.recordings->close_session(world.compliance.actor.session);
    }
    const Logged log = logged(world);
    EXPECT_EQ(log.seconds.at("p1.webm"), expected) << "seed " << seed;
    EXPECT_EQ(log.bytes.at("p1.webm"), bytes) << "seed " << seed;
    EXPECT_TRUE(world.store->open_playbacks().empty());
  }
}

TEST(FaultH3, WithoutTheListOfItsSecondsAnyByteOfAFileCountsAsAllOfIt) {
  World world;
  world.vault.seconds[0] = {{1000, 16'000}, {-20'000, 16'000}};  // begins before the file: no such list
  Visit visit;
  auto recording = recorded(world, visit);
  auto playback = play(world, world.compliance.actor, recording);
  ASSERT_TRUE(playback);
  world.recordings->sent(playback->id, 0, 5, 1);
  ASSERT_TRUE(world.recordings->close(world.compliance.actor, playback->id));
  EXPECT_EQ(logged(world).seconds.at("p1.webm"), (std::set<std::int64_t>{0, 1, 2}));
}

TEST(FaultH3, WhatIsPlayedIsInTheLogWithinAMinuteAndOverACrash) {
  World world;
  Visit visit;
  auto recording = recorded(world, visit);
  auto playback = play(world, world.compliance.actor, recording);
  ASSERT_TRUE(playback);
  world.recordings->sent(playback->id, 0, 1000, 16'000);
  world.pass(63s);
  EXPECT_EQ(logged(world).seconds.at("p1.webm"), (std::set<std::int64_t>{0})) << "nobody has closed it";
  world.recordings->sent(playback->id, 0, 17'000, 16'000);
  world.pass(3s);
  EXPECT_EQ(world.count(visit, "recording.played"), 1u);
  world.restart();
  EXPECT_EQ(logged(world).seconds.at("p1.webm"), (std::set<std::int64_t>{0, 1}));
  EXPECT_EQ(world.last_entry("recording.played").string_or("reason"), "interrupted");
  EXPECT_EQ(world.last_entry("recording.played").find("data")->integer_or("bytes"), 16'000);
  EXPECT_TRUE(world.store->open_playbacks().empty());
}

TEST(FaultH3, ClosingBeforeTheLastBytesAreSentKeepsNoneFromTheLog) {
  World world;
  Visit visit;
  auto recording = recorded(world, visit);
  auto playback = play(world, world.compliance.actor, recording);
  ASSERT_TRUE(playback);
  world.recordings->sending(playback->id, true);
  ASSERT_TRUE(world.recordings->close(world.compliance.actor, playback->id));
  EXPECT_EQ(world.vault.open_handles(), 0u) << "no more bytes come";
  EXPECT_FALSE(world.recordings->track(world.compliance.actor, playback->id, 0));
  EXPECT_EQ(world.count(visit, "recording.played"), 0u);
  world.recordings->sent(playback->id, 0, 1000, 16'000);  // was on its way
  world.recordings->sending(playback->id, false);
  EXPECT_EQ(logged(world).seconds.at("p1.webm"), (std::set<std::int64_t>{0}));
  EXPECT_TRUE(world.store->open_playbacks().empty());
}

TEST(FaultH3, OneRecordThatFailsStopsNothingElse) {
  World world;
  world.store_may_fail = true;
  Visit broken_visit, visit;
  auto broken = recorded(world, broken_visit);
  auto other = recorded(world, visit);
  world.add_user("otto@example.org", UserRole::kCompliance);
  Login otto = world.log_in("otto@example.org");
  auto first = play(world, world.compliance.actor, broken);
  auto second = play(world, otto.actor, other);
  auto third = play(world, world.compliance.actor, other);
  ASSERT_TRUE(first && second && third);
  const std::string id = to_hex(broken_visit.meeting.bytes());
  world.break_rows("audit_entry", "NEW.type = 'recording.played' AND NEW.meeting = x'" + id + "'");
  for (const auto* playback : {&*first, &*second, &*third})
    world.recordings->sent(playback->id, 0, 1000, 16'000);
  world.pass(63s);
  EXPECT_EQ(logged(world).entries, 2u) << "the timer comes to the others";
  EXPECT_FALSE(world.recordings->track(world.compliance.actor, first->id, 0)) << "no entry, no bytes";
  EXPECT_TRUE(world.recordings->track(world.compliance.actor, third->id, 0));
  // Meetings still expire, and whoever logs out is out.
  Visit forgotten = world.schedule("never");
  world.pass(2h);
  EXPECT_EQ(world.meeting(forgotten).phase, meeting::Phase::kExpired);
  EXPECT_EQ(world.vault.open_handles(), 0u) << "all sessions are over";
  EXPECT_EQ(world.store->open_playbacks().size(), 1u) << "it alone waits for the database";
  world.mend();
  world.pass(3s);
  EXPECT_TRUE(world.store->open_playbacks().empty());
  EXPECT_EQ(logged(world).entries, 3u);
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

TEST(FaultA5, ADownloadIsOneFileWithItsProofAndTheLogHasTheHashOfWhatWasSent) {
  World world;
  Visit visit;
  auto recording = recorded(world, visit);
  auto download = play(world, world.compliance.actor, recording, true);
  ASSERT_TRUE(download);
  auto archive = world.recordings->archive(world.compliance.actor, download->id);
  ASSERT_TRUE(archive);
  EXPECT_EQ(archive->name, "recording-2026-11-18-" + visit.meeting.text())
      << "date and number, nothing personal";
  ASSERT_EQ(archive->files.size(), 2u);
  EXPECT_EQ(archive->files[1].name, "p2.webm");
  EXPECT_EQ(archive->files[1].crc32, 4'000'000'001u);
  EXPECT_EQ(archive->manifest, world.store->load(recording)->manifest);
  EXPECT_NE(to_string(archive->proof).find("carl@example.net"), std::string::npos);
  EXPECT_EQ(world.last_entry("audit.exported").find("data")->string_or("purpose"), "download");
  Actor stranger = world.compliance.actor;
  stranger.session = "another";
  EXPECT_FALSE(world.recordings->archive(stranger, download->id));
  archive->size = 100;
  archive->ledger->sent(0, as_bytes("the first"));
  archive->ledger->sent(4, as_bytes("first bytes"));  // the connection broke in between
  world.pass(9min);
  world.recordings->archive_sent(download->id);
  world.pass(9min);
  EXPECT_EQ(world.count(visit, "recording.downloaded"), 0u) << "it is still being fetched";
  ASSERT_TRUE(world.recordings->close(world.compliance.actor, download->id));
  EXPECT_FALSE(world.recordings->archive(world.compliance.actor, download->id));
  EXPECT_EQ(world.count(visit, "recording.downloaded"), 1u);
  EXPECT_EQ(world.count(visit, "recording.played"), 0u);
  const Json entry = world.last_entry("recording.downloaded");
  const Json& data = *entry.find("data");
  EXPECT_EQ(data.string_or("file"), "archive");
  EXPECT_EQ(data.integer_or("bytes"), 15);
  EXPECT_EQ(data.integer_or("size"), 100);
  EXPECT_EQ(data.string_or("sha256"), to_hex(crypto::sha256(as_bytes("the first bytes"))));
}

TEST(FaultA5, ARecordingWithoutChecksumsIsFetchedFileByFileWithTheirHashes) {
  World world;
  world.vault.checksums = false;
  Visit visit;
  auto recording = recorded(world, visit);
  auto download = play(world, world.compliance.actor, recording, true);
  ASSERT_TRUE(download);
  EXPECT_FALSE(world.recordings->archive(world.compliance.actor, download->id));
  world.recordings->sent(download->id, 0, 0, 1'000'000);
  world.recordings->sent(download->id, 1, 0, 500);
  world.pass(63s);
  EXPECT_EQ(world.count(visit, "recording.downloaded"), 0u);
  ASSERT_TRUE(world.recordings->close(world.compliance.actor, download->id));
  auto entries = world.log.entries({.type = "recording.downloaded", .ascending = true});
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].entry.find("data")->string_or("sha256"), std::string(64, 'a'));
  EXPECT_EQ(entries[1].entry.find("data")->string_or("file"), "p2.webm");
  EXPECT_EQ(entries[1].entry.find("data")->integer_or("bytes"), 500);
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

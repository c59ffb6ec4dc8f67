// The verifier on honest and on deliberately broken bundles: each exit status, the place it names, and
// completeness.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "audit/verify/verify_bundle.h"
#include "audit/verify/verify_main.h"
#include "base/encoding.h"
#include "testing/bundle_parts.h"
#include "testing/sample_log.h"

namespace parlour::audit {
namespace {

using testing::BundleParts;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SampleLog;

VerifyOptions pinned(const SampleLog& log) {
  VerifyOptions options;
  options.keys = {log.verifier_key()};
  return options;
}

SampleLog usual_log() {
  SampleLog log;
  log.add_meeting("required");
  log.older_heads.push_back(log.signed_head());
  log.add_logged_checkpoint();
  log.add_meeting("never");
  log.add_meeting("optional");
  return log;
}

// Makes an entry again after a change of its JSON; canonical, so only the change shows.
Bytes changed(const Bytes& entry, const std::function<void(Json&)>& change) {
  Json json = *parse_json(as_text(entry));
  change(json);
  return to_bytes(write_json_canonical(json));
}

class Verify : public ::testing::Test {
 protected:
  Report run(const BundleParts& changed_parts) { return verify_bundle(changed_parts.pack(), options); }
  SampleLog log = usual_log();
  VerifyOptions options = pinned(log);
  BundleParts parts = BundleParts::unpack(log.bundle());
};

TEST_F(Verify, HonestBundlePasses) {
  Report report = verify_bundle(log.bundle(), options);
  EXPECT_EQ(report.exit_status(), 0) << report.to_text();
  EXPECT_EQ(report.entries, log.entries.size());
  EXPECT_EQ(report.fault_count, 0u);
  EXPECT_THAT(report.verdict, HasSubstr("GOOD"));
  EXPECT_THAT(report.not_checked, Contains(HasSubstr("--since")));
  EXPECT_EQ(report.completeness.required, 1u);
  EXPECT_EQ(report.completeness.verified, 1u);
  EXPECT_EQ(report.completeness.forbidden, 1u);
  EXPECT_EQ(report.completeness.optional, 1u);
  // And packed again by somebody else, from its parts in any order.
  std::reverse(parts.members.begin(), parts.members.end());
  EXPECT_EQ(run(parts).exit_status(), 0);
}

TEST_F(Verify, EmptyLogAndSingleEntryPass) {
  BundleBuilder empty(sign_checkpoint({"bank.example/audit", 0, empty_root()}, log.key));
  EXPECT_EQ(verify_bundle(*empty.finish(), options).exit_status(), 0);
  MerkleTree one;
  one.append(leaf_hash(log.entries[0]));
  BundleBuilder single(sign_checkpoint({"bank.example/audit", 1, one.root()}, log.key));
  single.add_entry(log.entries[0]);
  EXPECT_EQ(verify_bundle(*single.finish(), options).exit_status(), 0);
}

TEST_F(Verify, KeyMustBePinnedAndTheRightOne) {
  options.keys.clear();
  Report report = run(parts);
  EXPECT_EQ(report.exit_status(), 5);
  EXPECT_THAT(report.verdict, HasSubstr("not pinned"));
  options.keys = {make_verifier_key(log.head().origin, log.other_key.public_key())};
  EXPECT_EQ(run(parts).exit_status(), 5);
  options.keys.push_back(log.verifier_key());
  EXPECT_EQ(run(parts).exit_status(), 0);
}

TEST_F(Verify, WhatIsNoBundleIsStatusOne) {
  EXPECT_EQ(verify_bundle({}, options).exit_status(), 1);
  EXPECT_EQ(verify_bundle(as_bytes("hello"), options).exit_status(), 1);
  parts.erase("entries.jsonl");
  EXPECT_EQ(run(parts).exit_status(), 1);
}

TEST_F(Verify, AlteredEntryIsNamed) {
  parts.entries[9] = changed(parts.entries[9], [](Json& entry) { entry.set("cause", "somebody-else"); });
  Report report = run(parts);
  EXPECT_EQ(report.exit_status(), 3);
  EXPECT_EQ(report.first_bad_seq, 9u);
}

TEST_F(Verify, AlteredEntryWithoutTilesIsNarrowedDownByOlderHeads) {
  std::size_t place = log.entries.size() - 3;
  parts.entries[place] =
      changed(parts.entries[place], [](Json& entry) { entry.set("cause", "somebody-else"); });
  parts.erase("tile/0/000.p/" + std::to_string(log.entries.size()));
  Report report = run(parts);
  EXPECT_EQ(report.exit_status(), 3);
  std::uint64_t covered = parse_checkpoint_text(parse_note(log.older_heads[0])->text)->size;
  EXPECT_THAT(report.verdict, HasSubstr("entries " + std::to_string(covered) + " to"));
}

TEST_F(Verify, NonCanonicalEntryIsMalformedEvenWhenItMeansTheSame) {
  std::string text = to_string(parts.entries[5]);
  text.insert(1, " ");
  parts.entries[5] = to_bytes(text);
  Report report = run(parts);
  EXPECT_EQ(report.exit_status(), 2);
  EXPECT_EQ(report.first_bad_seq, 5u);
  EXPECT_THAT(report.faults, Contains(::testing::Field(&Fault::status, Status::kAltered)));
}

TEST_F(Verify, MissingMovedAndDoubledEntriesAreStatusFourWithThePlace) {
  BundleParts dropped = parts;
  dropped.entries.erase(dropped.entries.begin() + 7);
  Report report = run(dropped);
  EXPECT_EQ(report.exit_status(), 4);
  EXPECT_EQ(report.first_bad_seq, 7u);

  BundleParts swapped = parts;
  std::swap(swapped.entries[4], swapped.entries[11]);
  report = run(swapped);
  EXPECT_EQ(report.exit_status(), 4);
  EXPECT_EQ(report.first_bad_seq, 4u);

  BundleParts doubled = parts;
  doubled.entries.insert(doubled.entries.begin() + 3, doubled.entries[3]);
  report = run(doubled);
  EXPECT_EQ(report.exit_status(), 4);
  EXPECT_EQ(report.first_bad_seq, 4u);

  BundleParts cut = parts;
  cut.entries.resize(12);
  report = run(cut);
  EXPECT_EQ(report.exit_status(), 4);
  EXPECT_EQ(report.first_bad_seq, 12u);
}

TEST_F(Verify, ForgedLogUnderAnotherKeyIsStatusFive) {
  // Everything fits together, only nobody we know signed it.
  SampleLog forged(77);
  forged.add_meeting("required");
  std::string note = sign_checkpoint(forged.head(), forged.other_key);
  BundleBuilder builder(note);
  for (const Bytes& entry : forged.entries) builder.add_entry(entry);
  EXPECT_EQ(verify_bundle(*builder.finish(), options).exit_status(), 5);
  // The same with the index and tiles of the true bundle left in place.
  BundleParts mixed = parts;
  mixed.entries = forged.entries;
  mixed.replace_head(note);
  EXPECT_EQ(run(mixed).exit_status(), 5);
}

TEST_F(Verify, LogBegunWithAnotherKeyIsStatusFive) {
  Bytes first = changed(log.entries[0], [](Json& entry) {
    entry.set("data", JsonObject{{"key_id", "00000000"}});
  });
  MerkleTree tree;
  tree.append(leaf_hash(first));
  BundleBuilder builder(sign_checkpoint({log.head().origin, 1, tree.root()}, log.key));
  builder.add_entry(first);
  EXPECT_EQ(verify_bundle(*builder.finish(), options).exit_status(), 5);
}

TEST_F(Verify, SinceFindsRollbackForkAndForeignHeads) {
  SampleLog later = usual_log();  // the same seed, the same history
  later.add_meeting("never");
  options.since = log.signed_head();
  Report report = verify_bundle(later.bundle(), options);
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_THAT(report.not_checked, Not(Contains(HasSubstr("--since"))));

  options.since = later.signed_head();
  report = verify_bundle(log.bundle(), options);
  EXPECT_EQ(report.exit_status(), 6);
  EXPECT_EQ(report.first_bad_seq, log.entries.size());

  // A log that the true key signed, but with another history.
  SampleLog fork(2);
  fork.add_meeting("never");
  fork.add_meeting("never");
  fork.add_meeting("never");
  ASSERT_GT(fork.entries.size(), 10u);
  SampleLog small;
  small.add_meeting("never");
  options.since = small.signed_head();
  EXPECT_EQ(verify_bundle(fork.bundle(), options).exit_status(), 6);

  options.since = sign_checkpoint(log.head(), log.other_key);
  EXPECT_EQ(run(parts).exit_status(), 5);
  options.since = "not a head";
  EXPECT_EQ(run(parts).exit_status(), 1);
}

TEST_F(Verify, ForkAgainstAHeadInsideTheBundleOrTheLogIsStatusSix) {
  Checkpoint wrong = *parse_checkpoint_text(parse_note(log.older_heads[0])->text);
  wrong.root[3] ^= 1;
  parts.set("checkpoints/" + std::to_string(wrong.size), to_bytes(sign_checkpoint(wrong, log.key)));
  EXPECT_EQ(run(parts).exit_status(), 6);

  SampleLog lying;
  Checkpoint claimed = lying.head();
  claimed.root[0] ^= 1;
  lying.add(EntryBuilder("audit.checkpoint")
                .actor({ActorKind::kSystem, "vault"})
                .set("size", claimed.size)
                .hash("root", claimed.root)
                .set("key_id", lying.verifier_key().id_text()));
  Report report = verify_bundle(lying.bundle(), options);
  EXPECT_EQ(report.exit_status(), 6);
  EXPECT_EQ(report.first_bad_seq, lying.entries.size() - 1);
}

TEST_F(Verify, DisclosedValueThatDoesNotOpenItsCommitmentIsStatusNine) {
  std::string rows = to_string(parts.get("private.jsonl"));
  std::size_t at = rows.find("Dana");
  ASSERT_NE(at, std::string::npos);
  BundleParts renamed = parts;
  std::string other = rows;
  other.replace(at, 4, "Dora");
  renamed.set("private.jsonl", to_bytes(other));
  EXPECT_EQ(run(renamed).exit_status(), 9);

  BundleParts fewer = parts;
  fewer.set("private.jsonl", to_bytes(rows.substr(rows.find('\n') + 1)));
  EXPECT_EQ(run(fewer).exit_status(), 9);

  BundleParts twice = parts;
  twice.set("private.jsonl", to_bytes(rows + rows.substr(rows.rfind('\n', rows.size() - 2) + 1)));
  EXPECT_EQ(run(twice).exit_status(), 9);

  // Not disclosed at all is honest when the export says so.
  BundleBuilder without(log.signed_head());
  for (const Bytes& entry : log.entries) without.add_entry(entry);
  Report report = verify_bundle(*without.finish(), options);
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_THAT(report.not_checked, Contains(HasSubstr("personal values")));
  EXPECT_THAT(report.not_checked, Contains(HasSubstr("manifests of 1")));
}

TEST_F(Verify, OtherManifestIsStatusTen) {
  std::string name = "manifests/" + log.manifests[0].first + ".json";
  BundleParts other = parts;
  other.set(name, to_bytes("{}"));
  EXPECT_EQ(run(other).exit_status(), 10);
  BundleParts missing = parts;
  missing.erase(name);
  EXPECT_EQ(run(missing).exit_status(), 10);
  BundleParts stranger = parts;
  stranger.set("manifests/0192.json", to_bytes("{}"));
  EXPECT_EQ(run(stranger).exit_status(), 10);
}

TEST_F(Verify, TimeBackwardsIsStatusTwelve) {
  SampleLog back;
  back.add_meeting("never");
  back.now = back.now - 60s;
  back.add_meeting("never");
  Report report = verify_bundle(back.bundle(), options);
  EXPECT_EQ(report.exit_status(), 12);
  SampleLog little;
  little.add_meeting("never");
  little.now = little.now - 3s;
  little.add_meeting("never");
  EXPECT_EQ(verify_bundle(little.bundle(), options).exit_status(), 0);
  options.now = little.now - 24h;
  EXPECT_THAT(verify_bundle(little.bundle(), options).not_checked, Contains(HasSubstr("clock")));
}

TEST_F(Verify, HelpingPartsDecideOnlyWhenTheEvidenceIsGood) {
  for (const char* name : {"README.txt", "bundle.json"}) {
    BundleParts other = parts;
    other.set(name, to_bytes("x"));
    EXPECT_EQ(run(other).exit_status(), 2) << name;
    other.entries.pop_back();
    EXPECT_EQ(run(other).exit_status(), 4) << name;
  }
  BundleParts extra = parts;
  extra.set("letter.txt", to_bytes("trust me"));
  EXPECT_EQ(run(extra).exit_status(), 2);
  BundleParts head = parts;
  head.erase("checkpoints/" + std::to_string(log.entries.size()));
  EXPECT_EQ(run(head).exit_status(), 4);  // the older head covers fewer entries
}

TEST_F(Verify, AThousandFaultsOfOneKindDoNotHideTheFirstOfAnother) {
  SampleLog long_log;
  for (int i = 0; i < 150; ++i) long_log.add_meeting("never");
  ASSERT_GT(long_log.entries.size(), 2100u);
  BundleParts broken = BundleParts::unpack(long_log.bundle());
  for (std::size_t i = 0; i < 2000; i += 2) std::swap(broken.entries[i], broken.entries[i + 1]);
  broken.entries[2050].insert(broken.entries[2050].begin(), ' ');
  Report report = run(broken);
  EXPECT_EQ(report.exit_status(), 2);
  EXPECT_EQ(report.first_bad_seq, 2050u);
  EXPECT_GT(report.fault_count, 1000u);
  EXPECT_LT(report.faults.size(), 1100u);
}

// A head is named when it was signed, and whenever somebody finds that it was: how often is nobody's fault.
TEST(FaultH10, ThousandsOfEntriesThatNameHeadsOfLongAgoAreNoFork) {
  SampleLog log;
  std::vector<Checkpoint> heads;
  for (int i = 0; i < 200; ++i) {
    log.add_meeting("never");
    heads.push_back(log.head());
  }
  auto name = [&](const Checkpoint& head) {
    log.add(EntryBuilder("audit.checkpoint")
                .actor({ActorKind::kSystem, "vault"})
                .set("size", head.size)
                .hash("root", head.root)
                .set("key_id", log.verifier_key().id_text()),
            1ms);
  };
  for (int i = 0; i < 20; ++i)
    for (int j = 0; j < 100; ++j) name(heads[static_cast<std::size_t>(j * 37 % 100)]);
  const Report good = verify_bundle(log.bundle(), pinned(log));
  EXPECT_EQ(good.exit_status(), 0) << good.to_text();

  Checkpoint other = heads[3];
  other.root[0] = static_cast<std::uint8_t>(other.root[0] ^ 1);
  name(other);
  const Report forked = verify_bundle(log.bundle(), pinned(log));
  EXPECT_EQ(forked.exit_status(), 6);
  EXPECT_EQ(forked.first_bad_seq, log.entries.size() - 1);
}

// --- completeness
// -----------------------------------------------------------------------------------------------

class Completeness : public ::testing::Test {
 protected:
  Report judged() {
    VerifyOptions options = pinned(log);
    return verify_bundle(log.bundle(), options);
  }
  void start(std::string_view demand) {
    log.meeting = log.uuid();
    log.recording = log.uuid();
    log.add(log.draft("meeting.started")
                .set("recording", demand)
                .set("agent", log.agent)
                .set("policy_sha256", to_hex(crypto::sha256(as_bytes("policy " + std::string(demand))))));
    from = log.now_ms();
  }
  EntryBuilder about(std::string_view type) { return log.draft(type).subject("recording", log.recording); }
  void capture() { log.add(about("recording.capture_started").set("part", 0)); }
  void end() {
    log.add(log.draft("meeting.ended").set("duration_ms", log.now_ms() - from).set("end_cause", "left"), 60s);
    to = log.now_ms();
  }
  void seal() {
    log.add(about("recording.sealed")
                .set("segments", 1)
                .set("last_hash", std::string(64, 'b'))
                .set("envelopes_sha256", std::string(64, 'c')));
  }
  void verified(const std::vector<std::pair<std::int64_t, std::int64_t>>& intervals) {
    log.add(about("recording.verified")
                .set("manifest_sha256", std::string(64, 'd'))
                .ranges("intervals", intervals)
                .ranges("gaps", {})
                .set("coverage_permille", 1000));
  }
  void later(Duration by) {
    log.add(EntryBuilder("server.stopped").actor({ActorKind::kSystem, "serve"}), by);
  }
  std::string reason(const Report& report) { return report.completeness.meetings.at(0).reason; }

  SampleLog log;
  std::int64_t from = 0, to = 0;
};

TEST_F(Completeness, RequiredWithoutAnyRecordingIsStatusElevenAtOnce) {
  start("required");
  end();
  Report report = judged();
  EXPECT_EQ(report.exit_status(), 11);
  EXPECT_EQ(report.first_bad_seq, 8u);
  EXPECT_THAT(reason(report), HasSubstr("no recording"));
}

TEST_F(Completeness, RunningAndFreshlyEndedMeetingsArePendingUntilTheirGraceIsOver) {
  start("required");
  capture();
  EXPECT_EQ(judged().exit_status(), 0);
  EXPECT_EQ(judged().completeness.pending, 1u);
  end();
  seal();
  EXPECT_EQ(judged().exit_status(), 0);
  later(20min);
  EXPECT_EQ(judged().exit_status(), 11);
  EXPECT_THAT(reason(judged()), HasSubstr("never sealed and verified"));
  verified({{from, to}});
  EXPECT_EQ(judged().exit_status(), 0);
}

TEST_F(Completeness, MeetingThatNeverEndsIsAViolationAfterADay) {
  start("required");
  capture();
  later(25h);
  EXPECT_EQ(judged().exit_status(), 11);
}

TEST_F(Completeness, FailedRecordingIsAViolationUnlessItWasVerifiedAfterAll) {
  start("required");
  capture();
  end();
  log.add(about("recording.failed").set("cause", "disk"));
  EXPECT_EQ(judged().exit_status(), 11);
  seal();
  verified({{from, to}});
  EXPECT_EQ(judged().exit_status(), 0);
}

TEST_F(Completeness, HoleThatNothingExplainsIsAViolationAndAnExplainedOneIsCounted) {
  for (const bool explained : {false, true}) {
    log = SampleLog();
    start("required");
    capture();
    log.now = log.now + 60s;
    if (explained)
      log.add(
          about("recording.gap").set("from", from + 19'000).set("to", from + 29'000).set("cause", "network"));
    end();
    seal();
    verified({{from, from + 20'000}, {from + 30'000, to}});
    Report report = judged();
    const MeetingCoverage meeting = report.completeness.meetings[0];
    if (explained) {
      EXPECT_EQ(report.exit_status(), 0);  // one second is within the tolerance
      EXPECT_EQ(meeting.uncovered_ms, 1'000);
      EXPECT_EQ(meeting.explained_ms, 9'000);
    } else {
      EXPECT_EQ(report.exit_status(), 11);
      EXPECT_EQ(meeting.uncovered_ms, 10'000);
      EXPECT_EQ(report.completeness.uncovered_ms, 10'000);
    }
  }
}

TEST_F(Completeness, StoppedMediaNeedNoRecording) {
  start("required");
  log.add(log.draft("media.stopped").set("reason", "vault_down"), 0s);
  end();
  EXPECT_EQ(judged().exit_status(), 0);
  EXPECT_EQ(judged().completeness.no_media, 1u);
}

TEST_F(Completeness, AGapAloneDoesNotStandForARecording) {
  start("required");
  log.add(about("recording.gap").set("from", from).set("to", from + 100'000).set("cause", "disk"), 0s);
  end();
  EXPECT_EQ(judged().exit_status(), 11);
}

TEST_F(Completeness, HeldMeetingExplainsUntilItIsTakenUpAgain) {
  start("required");
  capture();
  log.add(log.draft("meeting.held").set("reason", "agent_lost"), 10s);
  std::int64_t held = log.now_ms();
  log.add(log.draft("meeting.resumed"), 120s);
  std::int64_t resumed = log.now_ms();
  end();
  seal();
  verified({{from, held}, {resumed, to}});
  Report report = judged();
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_EQ(report.completeness.meetings[0].explained_ms, 120'000);
}

TEST_F(Completeness, ExemptionNeedsAnotherPersonsApproval) {
  start("required");
  end();
  auto exempted = [&](std::string_view approver) {
    log.add(about("recording.exempted")
                .actor({ActorKind::kUser, log.agent})
                .set("reason", "technical")
                .set("approver", approver));
  };
  exempted(log.agent);
  EXPECT_EQ(judged().exit_status(), 11);
  EXPECT_THAT(reason(judged()), HasSubstr("second person"));
  const std::string officer = log.uuid();
  log.add(EntryBuilder("user.created")
              .actor({ActorKind::kOperator, "operator"})
              .subject("user", officer)
              .set("roles", JsonArray{Json("compliance")}));
  exempted(officer);
  EXPECT_EQ(judged().exit_status(), 0);
  EXPECT_EQ(judged().completeness.exempted, 1u);
}

TEST_F(Completeness, ForbiddenRecordingIsStatusEleven) {
  start("never");
  capture();
  end();
  Report report = judged();
  EXPECT_EQ(report.exit_status(), 11);
  EXPECT_THAT(reason(report), HasSubstr("forbids"));
}

TEST_F(Completeness, DemandMayNotChangeInTheMeeting) {
  start("required");
  log.add(log.draft("meeting.started").set("recording", "never").set("policy_sha256", std::string(64, 'a')));
  end();
  EXPECT_EQ(judged().exit_status(), 11);
}

TEST_F(Completeness, PlayRequestWithoutAnEndIsNamed) {
  log.add_meeting("required", false);
  log.add(
      about("recording.play_requested").set("rendition", "av").set("purpose", "audit").set("session", "s"));
  Report report = judged();
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_THAT(report.not_checked, Contains(HasSubstr("no end in the log")));
}

// --- the command
// ---------------------------------------------------------------------------------------------------

class Command : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::path(::testing::TempDir()) / ("audit_verify_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    write("bundle.zip", log.bundle());
    write("key", to_bytes(log.verifier_key().text() + "\n"));
    write("head", to_bytes(log.signed_head()));
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const char* name, const Bytes& bytes) {
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  std::string path(const char* name) { return (folder / name).string(); }
  int run(std::vector<std::string> arguments) {
    out.str("");
    err.str("");
    return audit_verify_main(arguments, log.now, log.random, out, err);
  }

  SampleLog log = usual_log();
  std::filesystem::path folder;
  std::ostringstream out, err;
};

TEST_F(Command, VerifiesWithTheKeyAsTextOrFile) {
  EXPECT_EQ(run({path("bundle.zip"), "--key", log.verifier_key().text()}), 0);
  EXPECT_THAT(out.str(), HasSubstr("GOOD"));
  EXPECT_EQ(run({"--key", path("key"), path("bundle.zip"), "--since", path("head"), "--json"}), 0);
  auto json = parse_json(out.str().substr(0, out.str().size() - 1));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->integer_or("status", -1), 0);
  EXPECT_EQ(json->find("completeness")->integer_or("verified"), 1);
}

TEST_F(Command, FaultsComeWithTheirStatusInBothForms) {
  BundleParts parts = BundleParts::unpack(log.bundle());
  parts.entries.erase(parts.entries.begin() + 5);
  write("bad.zip", parts.pack());
  EXPECT_EQ(run({path("bad.zip"), "--key", path("key"), "--json"}), 4);
  auto json = parse_json(out.str().substr(0, out.str().size() - 1));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->integer_or("first_bad_seq"), 5);
  EXPECT_EQ(json->string_or("name"), "sequence");
  EXPECT_EQ(run({path("bad.zip"), "--key", path("key")}), 4);
  EXPECT_THAT(out.str(), HasSubstr("BAD"));
  EXPECT_EQ(run({path("bundle.zip")}), 5);
}

TEST_F(Command, WrongUseIsStatusOneWithWords) {
  EXPECT_EQ(run({}), 1);
  EXPECT_THAT(err.str(), HasSubstr("usage"));
  EXPECT_EQ(run({path("bundle.zip"), "--key"}), 1);
  EXPECT_EQ(run({path("bundle.zip"), "--colour"}), 1);
  EXPECT_EQ(run({path("bundle.zip"), path("bundle.zip")}), 1);
  EXPECT_EQ(run({path("nothing.zip"), "--key", path("key")}), 1);
  EXPECT_EQ(run({path("bundle.zip"), "--key", "no-key"}), 1);
  EXPECT_EQ(run({path("bundle.zip"), "--key", path("key"), "--since", path("nothing")}), 1);
  EXPECT_THAT(out.str(), HasSubstr("NOT VERIFIED"));
}

}  // namespace
}  // namespace parlour::audit

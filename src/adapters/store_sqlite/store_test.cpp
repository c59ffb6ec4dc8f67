#include "store_sqlite/store.h"

#include <gtest/gtest.h>

#include "audit/format/checkpoint.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "schema.h"
#include "sql/migrate.h"
#include "store_sqlite/audit_log.h"

namespace parlour::store_sqlite {
namespace {

using namespace app;

constexpr UtcTime kNow{1'795'000'000'000'000};

class TestClock final : public Clock {
 public:
  Now now() const override { return {SteadyTime{us}, UtcTime{kNow.us + us}}; }
  std::int64_t us = 0;
};

const char* kDocument =
    R"({"title":{"en":"Advice","nl":"Advies"},"entry":{},"lobby":{},"notice":{"basis":{"value":"none"},"why":{"value":{"en":"w","nl":"w"}},"other_ways":{"value":{"en":"o","nl":"o"}}},"recording":{"rule":{"value":"never"}},"steward":{},"retention":{}})";

struct World {
  SeededRandom random{5};
  TestClock clock;
  std::unique_ptr<SqliteStore> store;
  SqliteAuditLog log;
  MeetingType type;
  User user;
  Customer customer;
  World()
      : store(std::move(*SqliteStore::open_in_memory(kNow))),
        log(*store, clock, random, "boot-1"),
        user{UserId::make(kNow, random),
             Redacted(std::string("a@example.org")),
             Redacted(std::string("A. Adviser")),
             meeting::UserRole::kAgent,
             "hash",
             false,
             kNow},
        customer{CustomerId::make(kNow, random), Redacted(std::string("C. Customer")),
                 Redacted(std::string("c@example.org"))} {
    EXPECT_TRUE(log.load());
    type.id = TypeId::make(kNow, random);
    type.document = kDocument;
    type.document_sha256 = std::string(64, '0');
    Work work(*store);
    store->put(type, kNow);
    store->put(user);
    store->put(customer);
    work.commit();
  }
  Meeting meeting_at(UtcTime start) {
    Meeting m{.id = MeetingId::make(start, random),
              .type = type.id,
              .type_version = 1,
              .agent = user.id,
              .start = start};
    m.participants.push_back({.id = ParticipantId::make(start, random),
                              .role = meeting::ParticipantRole::kStaff,
                              .user = user.id});
    m.participants.push_back({.id = ParticipantId::make(start, random),
                              .role = meeting::ParticipantRole::kCustomer,
                              .customer = customer.id});
    return m;
  }
  // Signs like the vault, with consistency checked.
  crypto::Ed25519Key key = crypto::Ed25519Key::generate();
  audit::Checkpoint last{"test/audit", 0, {}};
  bool vault_answers = true;
  std::function<void()> meanwhile = [] {};  // what happens while the vault is asked
  void append_one() {
    AuditRecord record;
    record.type = "server.stopped";
    Work work(*store);
    log.append(record);
    work.commit();
  }
  void with_signer() {
    audit::VerifierKey verifier = audit::make_verifier_key("test/audit", key.public_key());
    log.set_signer(
        {[this](const SignRequest& request, const std::function<void(SignAnswer)>& done) {
           audit::Checkpoint next{"test/audit", request.size, request.root};
           if (last.size > 0 && !audit::heads_consistent(last, next, request.consistency))
             return done(fail(VaultFault{"head.fork", "not proven"}));
           last = next;
           done(audit::sign_checkpoint(next, key));
         },
         [this](const std::function<void(HeadAnswer)>& done) {
           meanwhile();
           if (!vault_answers) return done(fail(VaultFault{"vault.down", ""}));
           done(VaultHead{last.size, last.root, last.size > 0 ? audit::sign_checkpoint(last, key) : ""});
         },
         "test/audit",
         {verifier}});
  }
  AuditVerdict verify() {
    AuditVerdict out;
    log.verify([&out](AuditVerdict verdict) { out = std::move(verdict); });
    return out;
  }
};

TEST(StoreSqlite, ATypeThatCouldBePublishedOnceAndIsNotBuiltHidesNoOther) {
  World world;
  MeetingType old = world.type;
  old.id = TypeId::make(kNow, world.random);
  old.document.replace(old.document.find("\"never\""), 7, "\"optional\"");
  Work work(*world.store);
  world.store->put(old, kNow);
  work.commit();
  ASSERT_EQ(world.store->latest().size(), 1u);
  EXPECT_EQ(world.store->latest().front().id, world.type.id);
  EXPECT_EQ(world.store->all().size(), 1u);
  EXPECT_FALSE(world.store->find(old.id, old.version));
  EXPECT_TRUE(world.store->find(world.type.id, world.type.version));
}

TEST(SqliteStore, AMeetingComesBackAsItWasSaved) {
  World world;
  Meeting m = world.meeting_at(kNow);
  m.phase = meeting::Phase::kCancelled;
  m.cancelled = meeting::Cancelled{"customer", "ill", kNow};
  m.participants[1].device = meeting::DeviceResult{"ok", "none", "heard", "good"};
  m.participants[1].waiting_since = kNow;
  world.store->save(m);
  std::optional<Meeting> back = world.store->load(m.id);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->phase, m.phase);
  EXPECT_EQ(back->cancelled->reason, "ill");
  ASSERT_EQ(back->participants.size(), 2u);
  EXPECT_EQ(back->participants[1].device, m.participants[1].device);
  EXPECT_EQ(back->participants[1].customer, world.customer.id);
}

TEST(SqliteStore, PagesOfMeetingsNeitherSkipNorRepeat) {
  World world;
  for (int i = 0; i < 7; ++i) world.store->save(world.meeting_at(kNow + 1min * (i / 2)));
  std::set<MeetingId> seen;
  MeetingFilter filter;
  filter.limit = 2;
  for (;;) {
    std::vector<Meeting> page = world.store->list(filter);
    for (Meeting& m : page) EXPECT_TRUE(seen.insert(m.id).second);
    if (page.size() < 2) break;
    filter.after = {page.back().start, page.back().id};
  }
  EXPECT_EQ(seen.size(), 7u);
  filter = {};
  filter.text = "custom";
  EXPECT_EQ(world.store->list(filter).size(), 7u);
  filter.text = "100%_";
  EXPECT_EQ(world.store->list(filter).size(), 0u);
}

TEST(SqliteStore, ARolledBackWorkLeavesNothing) {
  World world;
  Meeting m = world.meeting_at(kNow);
  AuditRecord record;
  record.type = "server.stopped";
  {
    Work work(*world.store);
    world.store->save(m);
    world.log.append(record);
  }
  EXPECT_FALSE(world.store->load(m.id));
  EXPECT_EQ(world.log.size(), 0u);
}

TEST(SqliteStore, SessionsAreFoundByTheirPublicIdAndGoWithTheirUser) {
  World world;
  User other = world.user;
  other.id = UserId::make(kNow, world.random);
  other.email = Redacted(std::string("b@example.org"));
  world.store->put(other);
  auto put = [&](const User& user, std::uint8_t n) {
    Hash hash{n};
    world.store->put(SessionRow{hash, "session-" + std::to_string(n), user.id, "csrf", kNow, kNow});
    return hash;
  };
  Hash first = put(world.user, 1), second = put(world.user, 2), third = put(other, 3);
  ASSERT_TRUE(world.store->session_by_id("session-2"));
  EXPECT_EQ(world.store->session_by_id("session-2")->token_hash, second);
  EXPECT_FALSE(world.store->session_by_id("session-4"));
  world.store->remove_sessions_of(world.user.id);
  EXPECT_FALSE(world.store->session(first));
  EXPECT_FALSE(world.store->session(second));
  EXPECT_TRUE(world.store->session(third));
}

TEST(SqliteStore, APlaybackRemembersWhichEntryAskedForIt) {
  World world;
  Meeting m = world.meeting_at(kNow);
  world.store->save(m);
  RecordingRow recording{.id = RecordingId::make(kNow, world.random), .meeting = m.id, .requested_at = kNow};
  world.store->save(recording);
  PlaybackRow playback{
      .id = PlaybackId::make(kNow, world.random), .recording = recording.id, .user = world.user.id};
  playback.created = kNow;
  playback.request = 42;
  world.store->save(playback);
  ASSERT_EQ(world.store->open_playbacks().size(), 1u);
  EXPECT_EQ(world.store->open_playbacks().front().request, 42u);
  playback.closed = true;
  world.store->save(playback);
  EXPECT_TRUE(world.store->open_playbacks().empty());
}

// Version 2 on a database of version 1 that holds sessions and playbacks.
TEST(SqliteStore, ADatabaseOfVersionOneIsCarriedOver) {
  auto database = std::move(*sql::Database::open_in_memory());
  std::vector<sql::Migration> first(migrations().begin(), migrations().begin() + 1);
  ASSERT_TRUE(sql::migrate(database, first, kNow));
  ASSERT_TRUE(database.execute_script(R"sql(
    INSERT INTO user VALUES (x'aa', 'a@example.org', 'A', 'agent', 'hash', 0, 1);
    INSERT INTO type_version VALUES (x'cc', 1, '{}', '', 1);
    INSERT INTO meeting VALUES (x'dd', x'cc', 1, x'aa', 'en', 1, 45, 'ended', NULL, NULL, '', NULL, NULL, NULL, x'bb', 'verified', '');
    INSERT INTO recording VALUES (x'bb', x'dd', 'verified', '', 1, 1, NULL, NULL, NULL, '', '', '{}', NULL);
    INSERT INTO session VALUES (x'01', 'a', x'aa', 'csrf', 1, 2);
    INSERT INTO playback VALUES (x'02', x'bb', x'aa', 'a', 'complaint', 0, 3, 0, '[]'))sql"));
  ASSERT_TRUE(sql::migrate(database, migrations(), kNow));
  auto request = database.query_one("SELECT request FROM playback WHERE session = 'a'", {},
                                    [](sql::Row& row) { return row.integer(0); });
  ASSERT_TRUE(request && *request);
  EXPECT_EQ(**request, 0) << "unknown: it is closed without an entry";
  EXPECT_FALSE(database.execute("INSERT INTO session VALUES (x'03', 'a', x'aa', 'csrf', 1, 2)"))
      << "a public id names one session";
}

// A database of today holds links whose tokens were random: they go on opening, and a new one begins at
// version 1.
TEST(SqliteStore, FaultD1LinksOfADatabaseOfVersionThreeGoOnOpening) {
  auto database = std::move(*sql::Database::open_in_memory());
  std::vector<sql::Migration> before(migrations().begin(), migrations().begin() + 3);
  ASSERT_TRUE(sql::migrate(database, before, kNow));
  ASSERT_TRUE(database.execute_script(R"sql(
    INSERT INTO user VALUES (x'aa', 'a@example.org', 'A', 'agent', 'hash', 0, 1);
    INSERT INTO type_version VALUES (x'cc', 1, '{}', '', 1);
    INSERT INTO meeting VALUES (x'dd', x'cc', 1, x'aa', 'en', 1, 45, 'scheduled', NULL, NULL, '', NULL, NULL, NULL, NULL, 'off', '');
    INSERT INTO participant VALUES (x'ee', x'dd', 1, 'customer', NULL, NULL, 'invited', NULL, NULL, NULL, NULL, NULL, NULL, 0);
    INSERT INTO link VALUES (x'01', x'dd', x'ee', 7, 0);
    INSERT INTO link VALUES (x'02', x'dd', x'ee', 6, 1))sql"));
  ASSERT_TRUE(sql::migrate(database, migrations(), kNow));
  auto kept = database.query_one(
      "SELECT issued, version, id IS NULL FROM link WHERE token_hash = x'01' AND revoked = 0", {},
      [](sql::Row& row) {
        return std::array{row.integer(0), row.integer(1), row.integer(2)};
      });
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ(**kept, (std::array<std::int64_t, 3>{7, 0, 1}));
}

TEST(SqliteAuditLog, EntriesAreGaplessSignedProvenAndVerified) {
  World world;
  world.with_signer();
  for (int i = 0; i < 5; ++i) {
    AuditRecord record;
    record.type = "server.stopped";
    Work work(*world.store);
    EXPECT_EQ(world.log.append(record), static_cast<std::uint64_t>(i));
    work.commit();
  }
  bool signed_head = false;
  world.log.checkpoint([&](bool good) { signed_head = good; });
  EXPECT_TRUE(signed_head);
  EXPECT_EQ(world.log.head().size, 5u);
  auto proof = world.log.prove(3);
  ASSERT_TRUE(proof);
  EXPECT_TRUE(
      audit::verify_inclusion(3, 5, audit::leaf_hash(as_bytes(proof->entry)), proof->path, world.last.root));
  EXPECT_FALSE(world.log.prove(5)) << "the checkpoint's own entry is beyond the head";
  world.log.checkpoint([](bool) {});
  AuditVerdict verdict = world.verify();
  EXPECT_EQ(verdict.exit, 0) << verdict.text << (verdict.faults.empty() ? "" : verdict.faults.front());
}

TEST(SqliteAuditLog, FaultR2ARecordingThatIsVerifiedMeanwhileIsNoFaultOfTheDatabase) {
  World world;
  world.with_signer();
  world.append_one();
  Meeting m = world.meeting_at(kNow);
  world.store->save(m);
  RecordingRow row{.id = meeting::RecordingId::make(kNow, world.random), .meeting = m.id};
  row.phase = meeting::RecordingPhase::kVerified;
  row.requested_at = kNow;
  row.manifest = "{}";
  row.manifest_sha256 = to_hex(crypto::sha256(as_bytes(row.manifest)));
  world.meanwhile = [&] {
    AuditRecord record;
    record.type = "recording.verified";
    record.meeting = m.id;
    record.subject = {"recording", row.id.text()};
    record.type_version = 1;
    record.data = JsonObject{{"manifest_sha256", row.manifest_sha256},
                             {"summary_sha256", std::string(64, '0')},
                             {"intervals", JsonArray{}},
                             {"gaps", JsonArray{}},
                             {"coverage_permille", 1000}};
    Work work(*world.store);
    world.store->save(row);
    world.log.append(record);
    work.commit();
  };
  AuditVerdict verdict = world.verify();
  EXPECT_EQ(verdict.exit, 0) << verdict.text;
  // Without its entry it is one.
  world.meanwhile = [] {};
  row.id = meeting::RecordingId::make(kNow, world.random);
  {
    Work work(*world.store);
    world.store->save(row);
    work.commit();
  }
  EXPECT_EQ(world.verify().exit, 10);
}

TEST(SqliteAuditLog, AChangedRowIsFoundAtTheNextStart) {
  World world;
  world.with_signer();
  AuditRecord record;
  record.type = "server.stopped";
  Work work(*world.store);
  world.log.append(record);
  work.commit();
  world.log.checkpoint([](bool) {});
  ASSERT_TRUE(
      world.store->database().execute("UPDATE audit_entry SET bytes = CAST('{}' AS BLOB) WHERE seq = 0"));
  SqliteAuditLog again(*world.store, world.clock, world.random, "boot-2");
  EXPECT_FALSE(again.load());
}

// What a database says of its own heads is not believed: the vault's last one decides.
TEST(SqliteAuditLog, FaultH4ALogThatDoesNotGoOnFromTheVaultsLastHeadIsNeverGood) {
  auto signed_world = [](World& world, int entries) {
    world.with_signer();
    for (int i = 0; i < entries; ++i) world.append_one();
    world.log.checkpoint([](bool) {});
    ASSERT_EQ(world.last.size, static_cast<std::uint64_t>(entries));
  };
  auto run = [](World& world, const char* sql) { ASSERT_TRUE(world.store->database().execute(sql)); };
  auto alarm_of = [](World& world) {
    SqliteAuditLog again(*world.store, world.clock, world.random, "boot-2");
    if (!again.load()) return std::string("own head");
    again.set_signer(
        {nullptr, nullptr, "test/audit", {audit::make_verifier_key("test/audit", world.key.public_key())}});
    const auto& alarm =
        again.compare({world.last.size, world.last.root,
                       world.last.size > 0 ? audit::sign_checkpoint(world.last, world.key) : ""});
    if (!alarm) return std::string();
    // From then on nothing is written.
    EXPECT_THROW(
        {
          Work work(*world.store);
          again.append({.type = "server.stopped"});
        },
        StoreFailure);
    return alarm->code;
  };
  {
    World world;
    signed_world(world, 6);
    EXPECT_EQ(alarm_of(world), "");
    // Rolled back to before the last head, and that head taken out: what is left fits together.
    run(world, "DELETE FROM audit_entry WHERE seq >= 4");
    run(world, "UPDATE audit_head SET next = 4");
    run(world, "DELETE FROM audit_checkpoint");
    EXPECT_EQ(alarm_of(world), "head.rollback");
  }
  {
    World world;
    signed_world(world, 6);
    run(world, "DELETE FROM audit_checkpoint");
    run(world,
        "UPDATE audit_entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'server.stopped', "
        "'server.started') AS BLOB) WHERE seq = 3");
    EXPECT_EQ(alarm_of(world), "head.fork");
    // And when it has grown beyond what the vault signed.
    for (int i = 0; i < 4; ++i) world.append_one();
    EXPECT_EQ(alarm_of(world), "head.fork");
  }
  {
    World world;
    signed_world(world, 6);
    const auto other = crypto::Ed25519Key::generate();
    auto forged = audit::sign_checkpoint(world.last, other);
    ASSERT_TRUE(world.store->database().execute("UPDATE audit_checkpoint SET note = $1", {forged}));
    EXPECT_EQ(alarm_of(world), "head.signature");
  }
  {
    // Beneath a running server, and a vault that has seen more than it.
    World world;
    signed_world(world, 6);
    EXPECT_EQ(world.verify().exit, 0);
    run(world, "DELETE FROM audit_entry WHERE seq >= 4");
    run(world, "UPDATE audit_head SET next = 4");
    AuditVerdict verdict = world.verify();
    EXPECT_EQ(verdict.exit, 6) << verdict.text;
    EXPECT_EQ(verdict.text.find("GOOD"), std::string::npos) << verdict.text;
    EXPECT_NE(verdict.text.find("head.rollback"), std::string::npos) << verdict.text;
    ASSERT_TRUE(world.log.alarm());
  }
  {
    World world;
    signed_world(world, 6);
    world.vault_answers = false;
    AuditVerdict verdict = world.verify();
    EXPECT_EQ(verdict.exit, 1);
    EXPECT_NE(verdict.text.find("NOT VERIFIED"), std::string::npos);
    EXPECT_FALSE(world.log.alarm()) << "a vault that is away is no alarm";
  }
  {
    // The vault's refusal is told and ends the service.
    World world;
    signed_world(world, 6);
    std::vector<std::string> told;
    world.log.set_watch({[&](const LogAlarm& alarm) { told.push_back("alarm " + alarm.code); },
                         [&](const VaultFault& fault) { told.push_back("refused " + fault.code); }});
    world.last.root[0] ^= 1;
    world.append_one();
    bool good = true;
    world.log.checkpoint([&](bool signed_head) { good = signed_head; });
    EXPECT_FALSE(good);
    EXPECT_EQ(told, (std::vector<std::string>{"refused head.fork", "alarm head.fork"}));
  }
}

TEST(SqliteAuditLog, TheCustomersAddressStandsInOneTable) {
  World world;
  world.with_signer();
  Meeting m = world.meeting_at(kNow);
  AuditRecord record;
  record.type = "meeting.scheduled";
  record.meeting = m.id;
  record.data.set("start_planned", 1);
  record.personal.push_back(
      {"customer_email", world.customer.email, "customer/" + world.customer.id.text() + "/email"});
  Work work(*world.store);
  world.store->save(m);
  world.log.append(record);
  work.commit();
  world.log.checkpoint([](bool) {});
  auto value = world.store->database().query_one("SELECT count(*) FROM audit_private WHERE value IS NOT NULL",
                                                 {}, [](sql::Row& row) { return row.integer(0); });
  EXPECT_EQ(**value, 0);
  // The proof discloses it all the same, and it opens its commitment.
  auto bundle = world.log.bundle(m.id);
  ASSERT_TRUE(bundle);
  EXPECT_NE(to_string(*bundle).find("c@example.org"), std::string::npos);
  EXPECT_EQ(to_string(*world.log.bundle(std::nullopt)).find("c@example.org"), std::string::npos);
}

TEST(SqliteAuditLog, ARecordOutsideTheCatalogueFailsTheWork) {
  World world;
  AuditRecord record;
  record.type = "made.up";
  Work work(*world.store);
  EXPECT_THROW(world.log.append(record), StoreFailure);
}

}  // namespace
}  // namespace parlour::store_sqlite

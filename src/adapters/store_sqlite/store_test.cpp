#include "store_sqlite/store.h"

#include <gtest/gtest.h>

#include "audit/format/checkpoint.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
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
  void with_signer() {
    audit::VerifierKey verifier = audit::make_verifier_key("test/audit", key.public_key());
    log.set_signer(
        [this](SignRequest request, std::function<void(std::optional<std::string>)> done) {
          audit::Checkpoint next{"test/audit", request.size, request.root};
          if (last.size > 0 && !audit::heads_consistent(last, next, request.consistency))
            return done(std::nullopt);
          last = next;
          done(audit::sign_checkpoint(next, key));
        },
        "test/audit", {verifier});
  }
};

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
  AuditVerdict verdict = world.log.verify();
  EXPECT_EQ(verdict.exit, 0) << verdict.text << (verdict.faults.empty() ? "" : verdict.faults.front());
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

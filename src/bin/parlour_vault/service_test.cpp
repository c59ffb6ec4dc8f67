// What the vault does in a running installation: acknowledges keys, signs heads and Policy, and opens what a
// proven entry asks for, and nothing else.
#include <gtest/gtest.h>

#include "test_world.h"

namespace parlour::vault_test {
namespace {

using e2ee::CallMode;

std::string code_of(const Result<std::vector<std::string>, vault::VaultRefusal>& result) {
  return result ? "accepted" : result.error().code;
}

TEST(Acknowledging, E2ee12AWrongKeyWrappedToTheRecorderIsNotAcknowledged) {
  World world;
  world.introduce();
  const auto roster = e2ee::sign(world.next_roster(), world.agent->hello.ep, world.agent->sig);
  world.roster_hash = roster.hash();
  ASSERT_TRUE(world.tell(roster));
  const Bytes other(e2ee::kBaseKeySize, 9);
  const auto spoiled = world.sender_key(*world.agent, true, &other);
  EXPECT_EQ(code_of(world.tell(e2ee::sign(spoiled, world.agent->hello.ep, world.agent->sig))), "key.wrong");
}

TEST(Acknowledging, TheAnswerIsSignedCumulativeAndTheSameWhenAskedAgain) {
  World world;
  world.introduce();
  const auto roster = e2ee::sign(world.next_roster(), world.agent->hello.ep, world.agent->sig);
  world.roster_hash = roster.hash();
  ASSERT_TRUE(world.tell(roster));
  const std::string first = write_json(e2ee::to_json(
      e2ee::sign(world.sender_key(*world.agent, true), world.agent->hello.ep, world.agent->sig)));
  auto one = world.tell(first);
  ASSERT_TRUE(one);
  auto two = world.tell(
      e2ee::sign(world.sender_key(*world.customer, true), world.customer->hello.ep, world.customer->sig));
  ASSERT_TRUE(two);
  const auto message = *e2ee::parse_signed_message(two->front());
  EXPECT_EQ(message.signer, e2ee::kSignerRecorder);
  EXPECT_TRUE(e2ee::verify_signature(message, world.vault->keys().recorder().public_key()));
  EXPECT_EQ(e2ee::parse_key_ack(message.body)->have.size(), 4u);
  auto again = world.tell(first);
  ASSERT_TRUE(again) << again.error().code;
  EXPECT_EQ(e2ee::parse_key_ack(e2ee::parse_signed_message(again->front())->body)->have.size(), 4u);

  // After a lost connection the call's messages are told again, old ones too, and after a restart; all is as
  // before.
  for (const std::string& text : std::vector<std::string>(world.messages)) {
    auto answered = world.vault->calls().announce(to_base64url(world.call), text, world.clock.now().utc);
    ASSERT_TRUE(answered) << answered.error().code;
  }
  world.open_vault();
  std::vector<std::string> answers;
  for (const std::string& text : std::vector<std::string>(world.messages)) {
    auto answered = world.vault->calls().announce(to_base64url(world.call), text, world.clock.now().utc);
    ASSERT_TRUE(answered) << answered.error().code;
    answers.insert(answers.end(), answered->begin(), answered->end());
  }
  EXPECT_EQ(e2ee::parse_key_ack(e2ee::parse_signed_message(answers.back())->body)->have.size(), 4u);
}

TEST(Acknowledging, AnEpochThatTimedOutDoesNotBlockWhatIsToldAgainAfterARestart) {
  World world;
  world.introduce();
  world.run_epoch();
  const auto never_settled = e2ee::sign(world.next_roster(), world.agent->hello.ep, world.agent->sig);
  world.roster_hash = never_settled.hash();
  ASSERT_TRUE(world.tell(never_settled));
  world.clock.time_us += 6'000'000;
  world.run_epoch();
  world.open_vault();
  std::size_t acknowledgements = 0;
  for (const std::string& text : std::vector<std::string>(world.messages)) {
    auto answered = world.vault->calls().announce(to_base64url(world.call), text, world.clock.now().utc);
    ASSERT_TRUE(answered) << answered.error().code;
    acknowledgements += answered->size();
  }
  EXPECT_EQ(acknowledgements, 4u);
}

TEST(Acknowledging, E2ee14InATypeThatIsNeverRecordedTheVaultRefusesWrapsAndSaysNothing) {
  World world(kNeverType);
  world.introduce();
  const auto roster = e2ee::sign(world.next_roster(CallMode::kOff), world.agent->hello.ep, world.agent->sig);
  world.roster_hash = roster.hash();
  ASSERT_TRUE(world.tell(roster));
  EXPECT_NE(code_of(world.tell(
                e2ee::sign(world.sender_key(*world.agent, true), world.agent->hello.ep, world.agent->sig))),
            "accepted");
  auto without =
      world.tell(e2ee::sign(world.sender_key(*world.agent, false), world.agent->hello.ep, world.agent->sig));
  ASSERT_TRUE(without) << without.error().code;
  EXPECT_TRUE(without->empty());
  World recorded(kNeverType);
  recorded.introduce();
  EXPECT_NE(code_of(recorded.tell(e2ee::sign(recorded.next_roster(CallMode::kRecorded),
                                             recorded.agent->hello.ep, recorded.agent->sig))),
            "accepted");
}

TEST(Acknowledging, E2ee11ASubstitutedRecorderAndAForgedPolicyAreRefused) {
  World world;
  world.introduce();
  e2ee::Roster roster = world.next_roster();
  roster.rec->kem = crypto::P256Key::generate().public_key();
  EXPECT_NE(code_of(world.tell(e2ee::sign(roster, world.agent->hello.ep, world.agent->sig))), "accepted");
  auto policy = *e2ee::parse_policy(e2ee::parse_signed_message(world.vault->policies().text())->body);
  policy.version += 1;
  EXPECT_NE(code_of(world.tell(e2ee::sign(policy, crypto::P256Key::generate()))), "accepted");
  EXPECT_EQ(code_of(world.tell("{\"t\":\"nonsense\"}")).substr(0, 8), "message.");
  World other;
  EXPECT_EQ(code_of(world.tell(other.agent->hello_message)), "message.call");
}

class GrantTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::signal(SIGPIPE, SIG_IGN);
    world_ = new World;
    World::Source media;
    media.opus = make_opus(world_->root, 2);
    media.vp8 = make_vp8(world_->root, 2, 20, 20);
    world_->introduce();
    world_->start_part();
    world_->run_epoch();
    world_->talk({{world_->agent, &media}}, 4);
    world_->tell_progress(true);
    world_->close_part();
    world_->open_recording();
  }
  static void TearDownTestSuite() { delete world_; }

  std::string grant(const vault::EntryProof& proof, const std::string& session,
                    const std::string& rendition = "av",
                    std::optional<recording::RecordingId> recording = std::nullopt) {
    auto ticket = world_->vault->grant(recording.value_or(world_->recording_id), rendition, session, proof,
                                       world_->envelope);
    if (ticket) ticket_ = *ticket;
    return ticket ? "granted" : ticket.error().code;
  }

  static World* world_;
  vault::Token ticket_{};
};
World* GrantTest::world_ = nullptr;

TEST_F(GrantTest, APlayNeedsItsOwnFreshEntryOnce) {
  const vault::EntryProof proof = world_->play_entry("s1");
  EXPECT_EQ(grant(proof, "s2"), "grant.session");
  EXPECT_EQ(grant(proof, "s1", "audio"), "grant.rendition");
  EXPECT_EQ(grant(proof, "s1", "av", recording::RecordingId::make({1}, world_->random)), "grant.recording");
  vault::EntryProof altered = proof;
  altered.entry.back() = ' ';
  EXPECT_EQ(grant(altered, "s1"), "proof.invalid");
  altered = proof;
  altered.index += 1;
  EXPECT_EQ(grant(altered, "s1"), "proof.invalid");
  altered = proof;
  audit::Checkpoint forged = world_->vault->heads().last().checkpoint;
  altered.checkpoint = audit::sign_checkpoint(forged, crypto::Ed25519Key::generate());
  EXPECT_EQ(grant(altered, "s1"), "proof.checkpoint");

  EXPECT_EQ(grant(proof, "s1"), "granted");
  EXPECT_EQ(grant(proof, "s1"), "grant.used");
  // Used stays used over a restart.
  world_->open_vault();
  EXPECT_EQ(grant(proof, "s1"), "grant.used");
}

TEST_F(GrantTest, OtherEntriesAndStaleOnesOpenNothing) {
  const vault::EntryProof other =
      world_->log_entry(audit::EntryBuilder("recording.stopped")
                            .actor({audit::ActorKind::kSystem, "recorder", "s1", "", ""})
                            .subject("recording", world_->recording_id.text())
                            .meeting(kMeeting)
                            .set("cause", "ended"));
  EXPECT_EQ(grant(other, "s1"), "grant.entry");
  const vault::EntryProof denied = world_->log_entry(
      audit::EntryBuilder("recording.play_requested")
          .actor({audit::ActorKind::kUser, "018f3c1e-7a50-7b3e-9c41-0123456789ae", "s1", "", ""})
          .subject("recording", world_->recording_id.text())
          .meeting(kMeeting)
          .set("rendition", "av")
          .set("purpose", "complaint")
          .set("session", "s1")
          .denied("no_right"));
  EXPECT_EQ(grant(denied, "s1"), "grant.entry");
  const vault::EntryProof stale = world_->play_entry("s1");
  world_->clock.time_us += 61'000'000;
  EXPECT_EQ(grant(stale, "s1"), "grant.stale");
  EXPECT_EQ(grant(world_->play_entry("s1", "recording.download_requested"), "s1"), "granted");
}

TEST_F(GrantTest, TicketsAreExchangedOnceInTimeAndBySession) {
  ASSERT_EQ(grant(world_->play_entry("s1"), "s1"), "granted");
  auto wrong = world_->vault->exchange(ticket_, "s2");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(world_->vault->exchange(ticket_, "s1").error().code,
            "grant.ticket");  // a wrong session uses it up

  ASSERT_EQ(grant(world_->play_entry("s1"), "s1"), "granted");
  world_->clock.time_us += 61'000'000;
  EXPECT_EQ(world_->vault->exchange(ticket_, "s1").error().code, "grant.ticket");

  ASSERT_EQ(grant(world_->play_entry("s1"), "s1"), "granted");
  auto stream = world_->vault->exchange(ticket_, "s1");
  ASSERT_TRUE(stream);
  ASSERT_EQ(stream->second.size(), 1u);
  const std::string name = stream->second[0].name;
  const std::uint64_t size = stream->second[0].bytes;
  auto whole = world_->vault->range(stream->first, name, 0, size);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->size(), size);
  auto middle = world_->vault->range(stream->first, name, 65'000, 2'000);  // over a chunk's edge
  ASSERT_TRUE(middle);
  EXPECT_TRUE(equal(*middle, ByteView(*whole).subspan(65'000, 2'000)));
  EXPECT_EQ(world_->vault->range(stream->first, name, size - 10, 100)->size(), 10u);
  EXPECT_EQ(world_->vault->range(stream->first, name, size + 10, 100)->size(), 0u);
  for (const char* path : {"../manifest.json", "manifest.json", "", "x.webm/../../keys", "..webm"})
    EXPECT_EQ(world_->vault->range(stream->first, path, 0, 10).error().code, "rendition.missing") << path;
  world_->vault->release(stream->first);
  EXPECT_EQ(world_->vault->range(stream->first, name, 0, 10).error().code, "grant.handle");
  EXPECT_EQ(world_->vault->range(vault::Token{}, name, 0, 10).error().code, "grant.handle");
}

TEST_F(GrantTest, TooManyGrantsInAMinuteAreRefused) {
  world_->clock.time_us += 120'000'000;
  int granted = 0;
  for (int i = 0; i < 40; ++i) granted += grant(world_->play_entry("s1"), "s1") == "granted" ? 1 : 0;
  EXPECT_EQ(granted, static_cast<int>(vault::Grants::kGrantsPerMinute));
  world_->clock.time_us += 61'000'000;
  EXPECT_EQ(grant(world_->play_entry("s1"), "s1"), "granted");
}

TEST(Heads, OnlyWhatGoesOnFromTheLastOneIsSigned) {
  World world;
  auto entry = [&](const char* code) {
    return audit::EntryBuilder("server.stopped")
        .actor({audit::ActorKind::kSystem, "serve", "", "", ""})
        .set("cause", code);
  };
  for (const char* code : {"one", "two", "three"}) world.log_entry(entry(code));
  vault::HeadSigner& heads = world.vault->heads();
  const vault::SignedHead last = heads.last();
  EXPECT_EQ(last.checkpoint.size, 3u);
  // The same head again is no fork.
  EXPECT_EQ(heads.sign(3, last.checkpoint.root, {})->note, last.note);
  crypto::Hash256 other{};
  EXPECT_EQ(heads.sign(3, other, {}).error().code, "head.fork");
  EXPECT_EQ(heads.sign(2, other, {}).error().code, "head.rollback");
  EXPECT_EQ(heads.sign(4, other, {}).error().code, "head.fork");
  // A second history of the same length, with its own honest proofs.
  audit::MerkleTree fork;
  for (int i = 0; i < 5; ++i) fork.append(audit::leaf_hash(as_bytes("forged")));
  EXPECT_EQ(heads.sign(5, fork.root(), *audit::make_consistency_proof(3, 5, fork.reader())).error().code,
            "head.fork");
  world.open_vault();
  EXPECT_EQ(world.vault->heads().last().note, last.note);
  EXPECT_EQ(world.vault->heads().sign(4, other, {}).error().code, "head.fork");
  world.log_entry(entry("four"));
  EXPECT_EQ(world.vault->heads().last().checkpoint.size, 4u);
}

TEST(Heads, AMissingStateFileIsAFaultAndNotANewBeginning) {
  World world;
  world.vault.reset();
  fs::remove(world.root / "vault" / "state" / "head.json");
  auto opened =
      vault::Vault::open({world.root / "vault", world.root}, world.muxer, world.random, world.clock, "test");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "head.state");
}

TEST(PolicySigning, OnlyPublishedDocumentsBecomePolicy) {
  World world;
  const std::string type_id = "018f3c1e-7a50-7b3e-9c41-0123456789af";
  const std::string document =
      R"({"recording":{"rule":{"value":"required","mode":"fixed"},"kinds":{"value":["a","v"],"mode":"fixed"}}})";
  const vault::EntryProof proof =
      world.log_entry(audit::EntryBuilder("type.version_published")
                          .actor({audit::ActorKind::kSystem, "serve", "", "", ""})
                          .subject("type", type_id)
                          .set("version", "2")
                          .set("diff", JsonArray{})
                          .hash("policy_sha256", crypto::sha256(as_bytes(document))));
  auto sign = [&](std::string id, std::uint32_t version, std::string text) {
    auto made = world.vault->policies().sign({{std::move(id), version, std::move(text), proof}},
                                             world.clock.now().utc);
    return made ? std::string("signed") : made.error().code;
  };
  EXPECT_EQ(sign(type_id, 3, document), "policy.entry");
  EXPECT_EQ(sign(kNeverType, 2, document), "policy.entry");
  std::string relaxed = document;
  relaxed.replace(relaxed.find("required"), 8, "optional");
  EXPECT_EQ(sign(type_id, 2, relaxed), "policy.document");
  EXPECT_EQ(sign(type_id, 2, document), "signed");
  const auto policy = *e2ee::parse_policy(e2ee::parse_signed_message(world.vault->policies().text())->body);
  EXPECT_EQ(policy.version, 2);
  ASSERT_NE(policy.find_type(type_id, 2), nullptr);
  EXPECT_EQ(policy.find_type(type_id, 2)->record, e2ee::RecordRule::kRequired);
  EXPECT_NE(policy.find_type(kRequiredType, 1), nullptr);
  // The same again changes nothing; the Policy survives a restart.
  EXPECT_EQ(sign(type_id, 2, document), "signed");
  const std::string text = world.vault->policies().text();
  world.open_vault();
  EXPECT_EQ(world.vault->policies().text(), text);
  EXPECT_EQ(e2ee::parse_policy(e2ee::parse_signed_message(text)->body)->version, 2);
}

TEST(PolicySigning, AVaultWithoutTheOrganisationKeyTakesOnlyWhatThatKeySigned) {
  World world;
  const crypto::P256Key organisation = crypto::P256Key::generate();
  vault::KeyStoreOptions options{"Example Bank", "vault.test/audit", false, organisation.public_key()};
  ASSERT_TRUE(vault::Vault::init(world.root / "second", options, std::nullopt, world.clock.now().utc));
  auto second =
      vault::Vault::open({world.root / "second", world.root}, world.muxer, world.random, world.clock, "test");
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->policies().sign({}, world.clock.now().utc).error().code, "policy.no_key");
  e2ee::Policy policy;
  policy.org = "Example Bank";
  policy.version = 4;
  policy.rec = {(*second)->keys().compliance_id(), (*second)->keys().compliance().public_key(),
                (*second)->keys().recorder().public_key(), 1'700'000'000, 1'900'000'000};
  auto text = [&](const crypto::P256Key& key) { return write_json(e2ee::to_json(e2ee::sign(policy, key))); };
  const UtcTime now = world.clock.now().utc;
  EXPECT_EQ((*second)->policies().put(text(crypto::P256Key::generate()), now).error().code,
            "policy.signature");
  EXPECT_TRUE((*second)->policies().put(text(organisation), now));
  policy.version = 3;
  EXPECT_EQ((*second)->policies().put(text(organisation), now).error().code, "policy.older");
  policy.version = 5;
  policy.rec.kem = crypto::P256Key::generate().public_key();
  EXPECT_EQ((*second)->policies().put(text(organisation), now).error().code, "policy.recorder");
  policy.rec.kem = (*second)->keys().compliance().public_key();
  EXPECT_EQ((*second)->policies().put(text(organisation), UtcTime{1'900'000'000'000'000}).error().code,
            "policy.expired");
  EXPECT_TRUE((*second)->policies().put(text(organisation), now));
}

// A vault that was used by a program before this one starts, gives its old Policy to nobody, and signs the
// next with a higher version and the same types.
TEST(PolicySigning, GoesOnFromAPolicyOfTheFormOfBefore) {
  World world;
  const fs::path file = world.root / "vault" / "state" / "policy.json";
  auto kept = e2ee::parse_signed_message(world.vault->policies().text());
  ASSERT_TRUE(kept);
  const e2ee::Policy before = *e2ee::parse_policy(kept->body);
  std::string body(as_text(kept->body));
  const std::string news = R"(,"staff":[],"next_root":null)";
  ASSERT_NE(body.find(news), std::string::npos);
  body.erase(body.find(news), news.size());
  const std::string text =
      write_json(e2ee::to_json(e2ee::sign_message(e2ee::MessageType::kPolicy, std::string(e2ee::kSignerRoot),
                                                  to_bytes(body), *world.vault->keys().organisation_key())));
  ASSERT_TRUE(vault::replace_file(file, as_bytes(text)));
  world.open_vault();
  EXPECT_EQ(world.vault->policies().text(), "");
  auto next = world.vault->policies().sign({}, world.clock.now().utc);
  ASSERT_TRUE(next) << next.error().text;
  const e2ee::Policy after = *e2ee::parse_policy(e2ee::parse_signed_message(*next)->body);
  EXPECT_EQ(after.version, before.version + 1);
  EXPECT_EQ(after.types, before.types);
}

TEST(KeyStoreFiles, ArePrivateAndRefusedOtherwise) {
  World world;
  for (const auto& found : fs::recursive_directory_iterator(world.root / "vault")) {
    const auto mode = fs::status(found.path()).permissions();
    EXPECT_EQ(mode & (fs::perms::group_all | fs::perms::others_all), fs::perms::none)
        << found.path().filename();
  }
  EXPECT_EQ(vault::Vault::init(world.root / "vault", {"B", "b/audit", true, std::nullopt}, std::nullopt, {})
                .error()
                .code,
            "vault.exists");
  fs::permissions(world.root / "vault" / "keys" / "compliance-1.pem", fs::perms::others_read,
                  fs::perm_options::add);
  EXPECT_EQ(vault::KeyStore::load(world.root / "vault").error().code, "vault.permissions");
}

}  // namespace
}  // namespace parlour::vault_test

// What a server or a member could try with signed messages: acceptance tests 9 to 12 of e2ee.md 11.
#include <gtest/gtest.h>

#include "call_fixture.h"
#include "e2ee/call_code.h"

namespace parlour::e2ee {
namespace {

using testing::kTypeId;
using testing::Person;
using testing::TestCall;
using testing::TwoPeople;

TEST(CallChainAttack, E2EE09_AMemberWithoutTheStewardsSignatureIsRefused) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  Person& intruder = call.person(Role::kGuest);
  ASSERT_EQ(call.outcome(intruder.hello_message), "accepted");
  Roster next = call.next_roster({&call.adviser, &call.customer, &intruder});
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, next)), "signer");
  EXPECT_EQ(call.outcome(sign(next, call.adviser.hello.ep, intruder.sig)), "signature");
  EXPECT_EQ(call.outcome(sign_message(MessageType::kRoster, "root", encode(next), call.root)), "signer");
  EXPECT_EQ(call.chain.newest_epoch(), 1) << "a refused message changes nothing";
}

TEST(CallChainAttack, E2EE09_NobodyTakesOverAsSteward) {
  TwoPeople call;
  Person& other = call.person(Role::kAgent);
  ASSERT_EQ(call.outcome(other.hello_message), "accepted");
  call.run_epoch({&call.adviser, &call.customer, &other});
  Roster next = call.next_roster({&call.adviser, &call.customer, &other});
  next.steward = other.idx;
  EXPECT_EQ(call.outcome(call.signed_by(other, next)), "signer");
  next.steward = call.customer.idx;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, next)), "steward_not_agent");
  next.steward = 99;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, next)), "steward_not_member");
}

TEST(CallChainAttack, E2EE09_ASecondBrowserThatTheStewardAdmitsChangesTheCode) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  Hash256 root = root_fingerprint(call.root.public_key());
  CallCode before = call_code(root, call.chain.newest()->roster);
  Person& second = call.person(Role::kCustomer);
  ASSERT_EQ(call.outcome(second.hello_message), "accepted");
  call.run_epoch({&call.adviser, &call.customer, &second});
  EXPECT_NE(call_code(root, call.chain.newest()->roster), before);
}

TEST(CallChainAttack, E2EE10_AReplacedHelloKeyIsRefusedOrChangesTheCode) {
  TwoPeople call;
  // A key in the Roster that is not the Hello's.
  Roster swapped = call.next_roster({&call.adviser, &call.customer});
  swapped.members[1].kem = crypto::P256Key::generate().public_key();
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, swapped)), "member_bind");
  swapped = call.next_roster({&call.adviser, &call.customer});
  swapped.members[1].role = Role::kGuest;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, swapped)), "member_bind");
  // A Hello with another key needs its owner's signature …
  Hello forged = call.customer.hello;
  forged.kem = crypto::P256Key::generate().public_key();
  EXPECT_EQ(call.outcome(sign_message(MessageType::kHello, signer_of(forged.ep), encode(forged), call.root)),
            "signature");
  // … and one that the server signs with a key of its own is another person: codes differ, the link's proof
  // fails.
  Person impostor;
  impostor.role = Role::kCustomer;
  impostor.idx = 1;
  call.make_hello(impostor, std::nullopt);
  ASSERT_EQ(call.outcome(impostor.hello_message), "accepted");
  Hash256 root = root_fingerprint(call.root.public_key());
  EXPECT_NE(call_code(root, call.next_roster({&call.adviser, &call.customer})),
            call_code(root, call.next_roster({&call.adviser, &impostor})));
  Bytes secret(16, 0x5A);
  EXPECT_NE(link_proof_of_customer(secret, call.customer.hello.bind()),
            link_proof_of_customer(secret, impostor.hello.bind()));
}

TEST(CallChainAttack, E2EE11_ASubstitutedComplianceKeyIsRefused) {
  TwoPeople call;
  Roster roster = call.next_roster({&call.adviser, &call.customer});
  roster.rec->kem = crypto::P256Key::generate().public_key();
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, roster)), "recorder_key");
  roster = call.next_roster({&call.adviser, &call.customer});
  roster.rec->sig = crypto::P256Key::generate().public_key();
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, roster)), "recorder_key");
  // A Policy that names the server's own key is not the organisation's.
  Policy forged = call.policy;
  forged.version += 1;
  forged.rec.kem = crypto::P256Key::generate().public_key();
  EXPECT_EQ(call.outcome(sign(forged, crypto::P256Key::generate())), "signature");
}

TEST(CallChainAttack, E2EE11_AnOlderPolicyIsRefused) {
  TwoPeople call;
  Policy older = call.policy;
  older.version -= 1;
  EXPECT_EQ(call.outcome(sign(older, call.root)), "policy_older");
  CallChain remembering(CallChain::Config{call.root.public_key(), std::nullopt, call.policy.version + 1, 8});
  EXPECT_EQ(remembering.accept(sign(call.policy, call.root), call.now).error().fault,
            ChainFault::kPolicyOlder);
}

TEST(CallChainAttack, E2EE11_ARelabelledTypeIsRefused) {
  PolicyType lax{kTypeId, 4, RecordRule::kNever, {}, 0};
  TestCall call;
  call.policy.types.push_back(lax);
  Person& adviser = call.person(Role::kAgent);
  call.introduce();
  Roster roster = call.next_roster({&adviser});
  roster.type_version = 4;  // prev was made for version 3
  roster.mode = CallMode::kOff;
  roster.rec.reset();
  EXPECT_EQ(call.outcome(call.signed_by(adviser, roster)), "previous");
  roster = call.next_roster({&adviser});
  roster.type_version = 5;
  roster.prev = start_hash(call.call, roster.policy, roster.type_id, 5);
  EXPECT_EQ(call.outcome(call.signed_by(adviser, roster)), "type_unknown");
  call.run_epoch({&adviser});
  roster = call.next_roster({&adviser}, CallMode::kOff);
  roster.type_version = 4;
  EXPECT_EQ(call.outcome(call.signed_by(adviser, roster)), "type_changed");
}

TEST(CallChainAttack, E2EE11_TheTypeRulesTheMode) {
  {
    TwoPeople required;
    EXPECT_EQ(required.outcome(required.signed_by(required.adviser,
                                                  required.next_roster({&required.adviser}, CallMode::kOff))),
              "mode_forbidden");
    EXPECT_EQ(required.outcome(required.signed_by(
                  required.adviser, required.next_roster({&required.adviser}, CallMode::kPaused))),
              "mode_forbidden");
    Roster roster = required.next_roster({&required.adviser});
    roster.rec.reset();
    EXPECT_EQ(required.outcome(required.signed_by(required.adviser, roster)), "recorder_missing");
  }
  TwoPeople never({kTypeId, 3, RecordRule::kNever, {}, 0});
  EXPECT_EQ(never.outcome(never.signed_by(never.adviser, never.next_roster({&never.adviser}))),
            "mode_forbidden");
  Roster roster = never.next_roster({&never.adviser});
  roster.mode = CallMode::kOff;
  EXPECT_EQ(never.outcome(never.signed_by(never.adviser, roster)), "recorder_unexpected");
  EXPECT_EQ(
      never.outcome(never.signed_by(never.adviser, never.next_roster({&never.adviser}, CallMode::kOff))),
      "accepted");
}

TEST(CallChainAttack, AnOptionalTypePausesOnlyARecordingAndOnlyIfItMay) {
  TwoPeople call({kTypeId, 3, RecordRule::kOptional, {true, true}, 0});
  call.run_epoch({&call.adviser, &call.customer}, CallMode::kOff);
  auto paused = [&] {
    return call.outcome(
        call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}, CallMode::kPaused)));
  };
  EXPECT_EQ(paused(), "mode_forbidden") << "nothing is recorded";
  call.run_epoch({&call.adviser, &call.customer});
  EXPECT_EQ(paused(), "mode_forbidden") << "the type knows no pause";
}

TEST(CallChainAttack, E2EE11_AStrippedWrapToTheRecorderIsRefused) {
  for (Kind stripped : {Kind::kAudio, Kind::kPictures}) {
    TwoPeople call;
    ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
              "accepted");
    SenderKey key = call.sender_key(call.customer);
    std::erase_if(key.wraps,
                  [&](const KeyWrap& wrap) { return wrap.to == kRecorderIdx && wrap.kind == stripped; });
    EXPECT_EQ(call.outcome(call.signed_by(call.customer, key)), "recorder_wrap_missing");
  }
}

TEST(CallChainAttack, E2EE11_AWrapToTheRecorderBeyondTheTypesKindsIsRefused) {
  TwoPeople call({kTypeId, 3, RecordRule::kRequired, {true, false}, 0});
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  SenderKey key = call.sender_key(call.customer);
  SenderKey honest = key;
  KeyWrap extra = key.wraps.back();
  ASSERT_EQ(extra.to, kRecorderIdx);
  extra.kind = Kind::kPictures;
  key.wraps.push_back(extra);
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, key)), "recorder_wrap_unexpected");
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, honest)), "accepted");
  // The recorder acknowledges audio, which is all that it may have.
  KeyAck ack = call.ack(kRecorderIdx);
  ack.have.push_back({1, Kind::kPictures, honest.commit_pictures});
  EXPECT_EQ(call.outcome(sign(ack, kSignerRecorder, call.rec_sig)), "ack_commit");
  EXPECT_EQ(call.outcome(call.recorder_ack()), "accepted");
  EXPECT_TRUE(call.chain.recorder_acknowledged(1, 1));
}

TEST(CallChainAttack, E2EE11_APauseWithAWrapToTheRecorderIsRefused) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  KeyWrap kept = call.chain.newest()->sender(1)->key->wraps.back();
  ASSERT_EQ(kept.to, kRecorderIdx);
  ASSERT_EQ(call.outcome(call.signed_by(
                call.adviser, call.next_roster({&call.adviser, &call.customer}, CallMode::kPaused))),
            "accepted");
  SenderKey key = call.sender_key(call.customer);
  key.wraps.push_back(kept);
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, key)), "recorder_wrap_unexpected");
}

TEST(CallChainAttack, E2EE12_AWrongKeyForTheRecorderIsFoundBeforeItAcknowledges) {
  TwoPeople call;
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  // The chain cannot see inside a wrap, so the message passes …
  ASSERT_EQ(call.outcome(call.signed_by(call.customer, call.sender_key(call.customer, Bytes(32, 0x66)))),
            "accepted");
  // … and the vault finds it: it opens, and is not what was committed to.
  const SenderKey& key = *call.chain.newest()->sender(1)->key;
  EXPECT_EQ(unwrap_base_key(key, kRecorderIdx, Kind::kAudio, call.rec_kem).error(),
            UnwrapError::kCommitMismatch);
  EXPECT_TRUE(unwrap_base_key(key, kRecorderIdx, Kind::kPictures, call.rec_kem));
  // Without its acknowledgement of both kinds the sender cannot switch.
  KeyAck partial = call.ack(kRecorderIdx);
  std::erase_if(partial.have, [](const KeyHave& have) { return have.kind == Kind::kAudio; });
  ASSERT_EQ(call.outcome(sign(partial, kSignerRecorder, call.rec_sig)), "accepted");
  EXPECT_FALSE(call.chain.recorder_acknowledged(1, 1));
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, call.activated(call.customer))), "not_acknowledged");
}

}  // namespace
}  // namespace parlour::e2ee

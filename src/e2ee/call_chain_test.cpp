#include "e2ee/call_chain.h"

#include <gtest/gtest.h>

#include "call_fixture.h"
#include "e2ee/call_code.h"

namespace parlour::e2ee {
namespace {

using testing::kTypeId;
using testing::Person;
using testing::TestCall;

struct TwoPeople : TestCall {
  explicit TwoPeople(PolicyType type = {kTypeId, 3, RecordRule::kRequired, {true, true}, 600})
      : TestCall(std::move(type)), adviser(person(Role::kAgent)), customer(person(Role::kCustomer)) {
    introduce();
  }
  Person& adviser;
  Person& customer;
};

// ---- How a call goes
// -----------------------------------------------------------------------------------------------

TEST(CallChain, FollowsARecordedCallFromTheFirstRosterToTheSwitch) {
  TwoPeople call;
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  EXPECT_EQ(call.chain.newest_epoch(), 1);
  EXPECT_EQ(call.chain.type()->version, 3u);
  EXPECT_EQ(call.chain.hello_of(1)->name.reveal(), "Carl Customer");

  for (Person* who : {&call.adviser, &call.customer}) {
    ASSERT_EQ(call.outcome(call.signed_by(*who, call.sender_key(*who))), "accepted");
  }
  const std::uint8_t both[] = {0, 1};
  EXPECT_FALSE(call.chain.all_acknowledged(1, 0, both));
  ASSERT_EQ(call.outcome(call.signed_by(call.customer, call.ack(1))), "accepted");
  EXPECT_FALSE(call.chain.all_acknowledged(1, 0, both)) << "the recorder has not acknowledged";
  EXPECT_FALSE(call.chain.recorder_acknowledged(1, 0));
  ASSERT_EQ(call.outcome(call.recorder_ack()), "accepted");
  EXPECT_TRUE(call.chain.recorder_acknowledged(1, 0));
  EXPECT_TRUE(call.chain.all_acknowledged(1, 0, both));
  EXPECT_FALSE(call.chain.all_acknowledged(1, 1, both)) << "the adviser has not acknowledged the customer's";
  EXPECT_TRUE(call.chain.all_acknowledged(1, 1, {})) << "nobody but the recorder is connected";

  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.activated(call.adviser))), "accepted");
  EXPECT_FALSE(call.chain.switched(1));
  ASSERT_EQ(call.outcome(call.signed_by(call.customer, call.activated(call.customer))), "accepted");
  EXPECT_TRUE(call.chain.switched(1));
  EXPECT_EQ(call.chain.active_epoch(1), 1);
  EXPECT_EQ(call.chain.epoch(1)->sender(1)->activated_at, call.now);

  ASSERT_EQ(call.outcome(call.signed_by(call.customer, call.progress(call.customer, 1, 500))), "accepted");
  EXPECT_EQ(call.chain.epoch(1)->sender(1)->progress->last[0].counter, 500u);
}

TEST(CallChain, RecipientsOpenTheKeysThatTheChainLetThrough) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  const SenderKey& key = *call.chain.newest()->sender(1)->key;
  for (Kind kind : {Kind::kAudio, Kind::kPictures}) {
    auto by_adviser = unwrap_base_key(key, 0, kind, call.adviser.kem);
    auto by_recorder = unwrap_base_key(key, kRecorderIdx, kind, call.rec_kem);
    ASSERT_TRUE(by_adviser && by_recorder);
    EXPECT_TRUE(equal(by_adviser->view(), TestCall::base_key(call.customer, 1, kind)));
    EXPECT_TRUE(equal(by_recorder->view(), by_adviser->view()));
  }
  EXPECT_EQ(unwrap_base_key(key, 0, Kind::kAudio, call.customer.kem).error(), UnwrapError::kCannotOpen);
  EXPECT_EQ(unwrap_base_key(key, 1, Kind::kAudio, call.customer.kem).error(), UnwrapError::kNoWrap);
}

TEST(CallChain, TellsRepetitionsFromNews) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  for (const SignedMessage& message :
       {sign(call.policy, call.root), call.customer.hello_message, call.signed_by(call.customer, call.ack(1)),
        call.recorder_ack(), call.signed_by(call.customer, call.activated(call.customer))}) {
    auto event = call.accept(message);
    ASSERT_TRUE(event) << to_text(event.error().fault);
    EXPECT_TRUE(event->repeated) << to_text(message.type);
  }
}

TEST(CallChain, PauseTakesTheRecorderOutAndResumePutsItBack) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  call.run_epoch({&call.adviser, &call.customer}, CallMode::kPaused);
  EXPECT_FALSE(call.chain.recorder_acknowledged(2, 0));
  EXPECT_EQ(call.chain.pause_ends(), call.now + 600s);
  const SenderKey& paused = *call.chain.newest()->sender(0)->key;
  EXPECT_EQ(paused.find(kRecorderIdx, Kind::kAudio), nullptr);
  call.run_epoch({&call.adviser, &call.customer});
  EXPECT_FALSE(call.chain.pause_ends());
  EXPECT_TRUE(call.chain.recorder_acknowledged(3, 0));
}

TEST(CallChain, StewardHandsOverAndLosesTheRightToSign) {
  TwoPeople call;
  Person& senior = call.person(Role::kAgent);
  ASSERT_EQ(call.outcome(senior.hello_message), "accepted");
  call.run_epoch({&call.adviser, &call.customer});
  Roster next = call.next_roster({&call.adviser, &call.customer, &senior});
  next.steward = senior.idx;
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, next)), "accepted");
  call.now = call.now + 5s;
  Roster third = call.next_roster({&call.adviser, &call.customer, &senior});
  third.steward = senior.idx;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, third)), "signer");
  EXPECT_EQ(call.outcome(call.signed_by(senior, third)), "accepted");
}

TEST(CallChain, StewardGoesOnWithTheChainAfterAReload) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  Person& again = call.renewed(call.adviser);
  ASSERT_EQ(call.outcome(again.hello_message), "accepted");
  Roster next = call.next_roster({&again});
  next.members = {call.customer.member(), again.member()};
  EXPECT_EQ(call.outcome(call.signed_by(again, next)), "accepted");
  EXPECT_EQ(call.chain.newest()->roster.steward, again.idx);
}

TEST(CallChain, RenewalNeedsTheKeptKey) {
  TwoPeople call;
  Person& stranger = call.person(Role::kCustomer);
  call.make_hello(stranger, call.customer.hello.ep);
  EXPECT_EQ(call.outcome(stranger.hello_message), "renews_foreign");
}

TEST(CallChain, OneEpochIsPendingAtATime) {
  TwoPeople call;
  Person& guest = call.person(Role::kGuest);
  ASSERT_EQ(call.outcome(guest.hello_message), "accepted");
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  EXPECT_EQ(
      call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer, &guest}))),
      "epoch_pending");
  call.now = call.now + 5s;  // the silent have had their time
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &guest}))),
            "accepted");
}

TEST(CallChain, PendingEpochDoesNotKeepALeaverIn) {
  TwoPeople call;
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  call.exchange_keys({&call.adviser, &call.customer});
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.activated(call.adviser))), "accepted");
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser}))), "accepted");
}

TEST(CallChain, LeaverStillTellsHowFarItCame) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  call.run_epoch({&call.adviser});
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, call.progress(call.customer, 1, 77, true))),
            "accepted");
  EXPECT_TRUE(call.chain.epoch(1)->sender(1)->progress->final);
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, call.progress(call.customer, 2, 78))), "not_member");
}

TEST(CallChain, ASkippedEpochKeepsTheOlderOneOpenForItsSender) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  EXPECT_EQ(call.chain.oldest_epoch_in_use(1), 1);
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  call.now = call.now + 5s;
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  EXPECT_EQ(call.chain.oldest_epoch_in_use(1), 1);
  call.exchange_keys({&call.adviser, &call.customer});
  ASSERT_EQ(call.outcome(call.signed_by(call.customer, call.activated(call.customer, {{{1, 1, 0}, 9}}))),
            "accepted");
  EXPECT_EQ(call.chain.oldest_epoch_in_use(1), 2);
}

TEST(CallChain, ForgetsOldEpochsButNotWhatTheyProve) {
  TwoPeople call;
  for (int i = 0; i < 20; ++i) call.run_epoch({&call.adviser, &call.customer});
  EXPECT_EQ(call.chain.newest_epoch(), 20);
  EXPECT_EQ(call.chain.epochs().size(), 16u);
  EXPECT_EQ(call.chain.epoch(4), nullptr);
  EXPECT_NE(call.chain.epoch(5), nullptr);
}

TEST(CallChain, AFloodOfHellosDoesNotPushOutMembers) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  Person flooder;
  flooder.role = Role::kGuest;
  for (std::size_t i = 0; i < CallChain::kHellosMax + 5; ++i) {
    call.make_hello(flooder, std::nullopt);
    ASSERT_EQ(call.outcome(flooder.hello_message), "accepted");
  }
  EXPECT_NE(call.chain.hello_of(0), nullptr);
  EXPECT_NE(call.chain.hello_of(1), nullptr);
  call.run_epoch({&call.adviser, &call.customer});
}

// ---- Acceptance tests 9 to 12
// ---------------------------------------------------------------------------------------

TEST(CallChain, E2EE09_AMemberWithoutTheStewardsSignatureIsRefused) {
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

TEST(CallChain, E2EE09_NobodyTakesOverAsSteward) {
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

TEST(CallChain, E2EE09_ASecondBrowserThatTheStewardAdmitsChangesTheCode) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  Hash256 root = root_fingerprint(call.root.public_key());
  CallCode before = call_code(root, call.chain.newest()->roster);
  Person& second = call.person(Role::kCustomer);
  ASSERT_EQ(call.outcome(second.hello_message), "accepted");
  call.run_epoch({&call.adviser, &call.customer, &second});
  EXPECT_NE(call_code(root, call.chain.newest()->roster), before);
}

TEST(CallChain, E2EE10_AReplacedHelloKeyIsRefusedOrChangesTheCode) {
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

TEST(CallChain, E2EE11_ASubstitutedComplianceKeyIsRefused) {
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

TEST(CallChain, E2EE11_AnOlderPolicyIsRefused) {
  TwoPeople call;
  Policy older = call.policy;
  older.version -= 1;
  EXPECT_EQ(call.outcome(sign(older, call.root)), "policy_older");
  CallChain remembering(CallChain::Config{call.root.public_key(), std::nullopt, call.policy.version + 1, 8});
  EXPECT_EQ(remembering.accept(sign(call.policy, call.root), call.now).error().fault,
            ChainFault::kPolicyOlder);
}

TEST(CallChain, E2EE11_ARelabelledTypeIsRefused) {
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

TEST(CallChain, E2EE11_TheTypeRulesTheMode) {
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

TEST(CallChain, AnOptionalTypePausesOnlyARecordingAndOnlyIfItMay) {
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

TEST(CallChain, E2EE11_AStrippedWrapToTheRecorderIsRefused) {
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

TEST(CallChain, E2EE11_AWrapToTheRecorderBeyondTheTypesKindsIsRefused) {
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

TEST(CallChain, E2EE11_APauseWithAWrapToTheRecorderIsRefused) {
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

TEST(CallChain, E2EE12_AWrongKeyForTheRecorderIsFoundBeforeItAcknowledges) {
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

// ---- Other refusals
// -------------------------------------------------------------------------------------------------

TEST(CallChain, RostersFollowEachOther) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  Roster roster = call.next_roster({&call.adviser, &call.customer});
  roster.epoch = 3;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, roster)), "epoch_not_next");
  roster = call.next_roster({&call.adviser, &call.customer});
  roster.prev[0] ^= 1;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, roster)), "previous");
  roster = call.next_roster({&call.adviser, &call.customer});
  roster.call[0] ^= 1;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, roster)), "other_call");
  roster = call.next_roster({&call.adviser, &call.customer});
  roster.time_ms -= 1;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, roster)), "time");
  roster = call.next_roster({&call.adviser, &call.customer});
  roster.policy[0] ^= 1;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, roster)), "policy_unknown");
}

TEST(CallChain, AnIndexIsNeverUsedAgain) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  call.run_epoch({&call.adviser});
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "idx_reused");
  Person& other = call.person(Role::kAgent);
  ASSERT_EQ(call.outcome(other.hello_message), "accepted");
  other.idx = call.adviser.idx;  // still in use by somebody else
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&other}))), "idx_reused");
}

TEST(CallChain, AMemberWhoStaysKeepsIndexAndKeys) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  Person& moved = call.customer;
  moved.idx = 9;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &moved}))),
            "member_changed");
}

TEST(CallChain, AMemberNeedsItsHello) {
  TwoPeople call;
  Person& silent = call.person(Role::kGuest);
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &silent}))),
            "hello_unknown");
}

TEST(CallChain, APauseEnds) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  call.run_epoch({&call.adviser, &call.customer}, CallMode::kPaused);
  Person& guest = call.person(Role::kGuest);
  ASSERT_EQ(call.outcome(guest.hello_message), "accepted");
  call.now = call.now + 601s;
  EXPECT_EQ(call.outcome(call.signed_by(
                call.adviser, call.next_roster({&call.adviser, &call.customer, &guest}, CallMode::kPaused))),
            "pause_too_long");
  Roster backdated = call.next_roster({&call.adviser, &call.customer, &guest}, CallMode::kPaused);
  backdated.time_ms -= 601'000;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, backdated)), "pause_too_long")
      << "the server's clock counts too";
  EXPECT_EQ(
      call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer, &guest}))),
      "accepted");
}

TEST(CallChain, AnExpiredRecorderRecordsNothing) {
  TwoPeople call;
  call.now = UtcTime{(call.policy.rec.expires_s + 1) * 1'000'000};
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser}))),
            "recorder_expired");
}

TEST(CallChain, WrapsGoToExactlyTheRoster) {
  TwoPeople call;
  Person& guest = call.person(Role::kGuest);
  ASSERT_EQ(call.outcome(guest.hello_message), "accepted");
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  SenderKey key = call.sender_key(call.adviser);
  SenderKey without = key;
  std::erase_if(without.wraps,
                [](const KeyWrap& wrap) { return wrap.to == 1 && wrap.kind == Kind::kPictures; });
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, without)), "wrap_missing");
  SenderKey beyond = key;
  KeyWrap extra = key.wraps.front();
  extra.to = guest.idx;
  beyond.wraps.insert(beyond.wraps.begin() + 2, extra);
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, beyond)), "wrap_unexpected");
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, key)), "accepted");
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.sender_key(call.adviser))), "sender_key_twice")
      << "the same keys in new wraps are another message";
}

TEST(CallChain, OnlyTheSenderSpeaksForItself) {
  TwoPeople call;
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  SenderKey key = call.sender_key(call.adviser);
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, key)), "signer");
  EXPECT_EQ(call.outcome(sign(key, call.adviser.hello.ep, call.customer.sig)), "signature");
  key.roster[0] ^= 1;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, key)), "roster_hash");
  key = call.sender_key(call.adviser);
  key.epoch = 2;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, key)), "epoch_unknown");
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, call.activated(call.customer))), "no_sender_key");
}

TEST(CallChain, AcknowledgesOnlyWhatWasCommitted) {
  TwoPeople call;
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  KeyAck early{call.call, 1, call.chain.newest()->roster_hash, 1, {{0, Kind::kAudio, {}}}};
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, early)), "no_sender_key");
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.sender_key(call.adviser))), "accepted");
  KeyAck wrong = call.ack(1);
  wrong.have[0].commit[0] ^= 1;
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, wrong)), "ack_commit");
  KeyAck own{call.call,
             1,
             call.chain.newest()->roster_hash,
             0,
             {{0, Kind::kAudio, call.chain.newest()->sender(0)->key->commit_audio}}};
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, own)), "ack_commit");
  EXPECT_EQ(call.outcome(sign(call.ack(kRecorderIdx), kSignerRecorder, call.adviser.sig)), "signature");
  EXPECT_EQ(call.outcome(sign(call.ack(kRecorderIdx), signer_of(call.adviser.hello.ep), call.adviser.sig)),
            "signer");
}

TEST(CallChain, TheRecorderIsNoMemberOfAnUnrecordedCall) {
  TwoPeople call({kTypeId, 3, RecordRule::kOptional, {true, true}, 0});
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser}, CallMode::kOff))),
            "accepted");
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.sender_key(call.adviser))), "accepted");
  EXPECT_EQ(call.outcome(call.recorder_ack()), "not_member");
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.activated(call.adviser))), "accepted");
}

TEST(CallChain, CountersNeverGoBack) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  ASSERT_EQ(call.outcome(call.signed_by(call.customer, call.progress(call.customer, 1, 100))), "accepted");
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, call.progress(call.customer, 1, 99))),
            "counter_went_back");
  Progress forgetful = call.progress(call.customer, 1, 0);
  forgetful.last.clear();
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, forgetful)), "counter_went_back");
  Progress foreign = call.progress(call.customer, 1, 100);
  foreign.last.insert(foreign.last.begin(), {{1, 0, 0}, 5});
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, foreign)), "foreign_kid");
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}))),
            "accepted");
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, call.progress(call.customer, 2, 1))), "not_activated");
  call.exchange_keys({&call.adviser, &call.customer});
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, call.activated(call.customer, {{{1, 1, 0}, 99}}))),
            "counter_went_back");
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, call.activated(call.customer, {{{2, 1, 0}, 1}}))),
            "foreign_kid");
  ASSERT_EQ(call.outcome(call.signed_by(call.customer, call.activated(call.customer, {{{1, 1, 0}, 101}}))),
            "accepted");
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, call.progress(call.customer, 1, 102))), "epoch_over");
}

TEST(CallChain, APolicyStaysForTheWholeCall) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  Policy newer = call.policy;
  newer.version += 1;
  EXPECT_EQ(call.outcome(sign(newer, call.root)), "policy_changed");
}

TEST(CallChain, RefusesEveryChangedByteOfAMessage) {
  TwoPeople call;
  SignedMessage roster = call.signed_by(call.adviser, call.next_roster({&call.adviser, &call.customer}));
  for (std::size_t at = 0; at < roster.body.size(); ++at) {
    SignedMessage broken = roster;
    broken.body[at] ^= 1;
    EXPECT_FALSE(call.accept(broken)) << "byte " << at;
  }
  for (std::size_t at = 0; at < roster.signature.size(); ++at) {
    SignedMessage broken = roster;
    broken.signature[at] ^= 1;
    EXPECT_EQ(call.outcome(broken), "signature");
  }
  SignedMessage retyped = roster;
  retyped.type = MessageType::kHello;
  EXPECT_EQ(call.outcome(retyped), "malformed");
  EXPECT_EQ(call.outcome(roster), "accepted");
}

}  // namespace
}  // namespace parlour::e2ee

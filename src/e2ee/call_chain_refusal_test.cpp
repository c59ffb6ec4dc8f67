// Messages that break a rule of the chain are refused by name, each rule alone.
#include <gtest/gtest.h>

#include "call_fixture.h"

namespace parlour::e2ee {
namespace {

using testing::kTypeId;
using testing::Person;
using testing::TwoPeople;

TEST(CallChainRefusal, RostersFollowEachOther) {
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

TEST(CallChainRefusal, FaultH9ACallStaysInItsMeeting) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  EXPECT_EQ(call.chain.meeting(), call.meeting);
  Roster roster = call.next_roster({&call.adviser, &call.customer});
  roster.meeting[0] ^= 1;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, roster)), "meeting_other");
  // Who knows the meeting does not take the first Roster's word.
  TwoPeople other;
  MeetingId expected = other.meeting;
  expected[15] ^= 1;
  other.chain = CallChain({.root = other.root.public_key(), .meeting = expected});
  other.introduce();
  EXPECT_EQ(
      other.outcome(other.signed_by(other.adviser, other.next_roster({&other.adviser, &other.customer}))),
      "meeting_other");
}

TEST(CallChainRefusal, EverybodyGetsBothKinds) {
  TwoPeople call;
  Roster roster = call.next_roster({&call.adviser, &call.customer});
  roster.members[1].kinds = {true, false};
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, roster)), "member_kinds");
}

TEST(CallChainRefusal, ALinkProofIsTheStewardsToACustomerOfItsRosterAndSaidOnce) {
  TwoPeople call;
  Person& guest = call.person(Role::kGuest);
  ASSERT_EQ(call.outcome(guest.hello_message), "accepted");
  call.run_epoch({&call.adviser, &call.customer});
  const LinkProof proof = call.link_proof(call.customer);
  LinkProof bad = proof;
  bad.call[0] ^= 1;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, bad)), "other_call");
  bad = proof;
  bad.roster[0] ^= 1;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, bad)), "roster_hash");
  bad = proof;
  bad.to = call.adviser.idx;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, bad)), "link_proof_to");
  bad.to = guest.idx;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, bad)), "link_proof_to");
  EXPECT_EQ(call.outcome(call.signed_by(call.customer, proof)), "signer");
  SignedMessage forged = call.signed_by(call.adviser, proof);
  forged.signature = call.signed_by(call.customer, proof).signature;
  EXPECT_EQ(call.outcome(forged), "signature");
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, proof)), "accepted");
  auto again = call.accept(call.signed_by(call.adviser, proof));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->repeated);
  bad = proof;
  bad.mac[0] ^= 1;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, bad)), "link_proof_twice");
  // Overtaken by the next Roster it still counts; two Rosters later it is over.
  const LinkProof late = call.link_proof(call.customer);
  call.run_epoch({&call.adviser, &call.customer});
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, late)), "accepted");
  call.run_epoch({&call.adviser, &call.customer});
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, late)), "roster_hash");
}

TEST(CallChainRefusal, AnIndexIsNeverUsedAgain) {
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

TEST(CallChainRefusal, AMemberWhoStaysKeepsIndexAndKeys) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  Person& moved = call.customer;
  moved.idx = 9;
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &moved}))),
            "member_changed");
}

TEST(CallChainRefusal, AMemberNeedsItsHello) {
  TwoPeople call;
  Person& silent = call.person(Role::kGuest);
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser, &silent}))),
            "hello_unknown");
}

TEST(CallChainRefusal, APauseEnds) {
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

TEST(CallChainRefusal, AnExpiredRecorderRecordsNothing) {
  TwoPeople call;
  call.now = UtcTime{(call.policy.rec.expires_s + 1) * 1'000'000};
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser}))),
            "recorder_expired");
}

TEST(CallChainRefusal, WrapsGoToExactlyTheRoster) {
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

TEST(CallChainRefusal, OnlyTheSenderSpeaksForItself) {
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

TEST(CallChainRefusal, AcknowledgesOnlyWhatWasCommitted) {
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

TEST(CallChainRefusal, TheRecorderIsNoMemberOfAnUnrecordedCall) {
  TwoPeople call({kTypeId, 3, RecordRule::kOptional, {true, true}, 0});
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.next_roster({&call.adviser}, CallMode::kOff))),
            "accepted");
  ASSERT_EQ(call.outcome(call.signed_by(call.adviser, call.sender_key(call.adviser))), "accepted");
  EXPECT_EQ(call.outcome(call.recorder_ack()), "not_member");
  EXPECT_EQ(call.outcome(call.signed_by(call.adviser, call.activated(call.adviser))), "accepted");
}

TEST(CallChainRefusal, CountersNeverGoBack) {
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

TEST(CallChainRefusal, APolicyStaysForTheWholeCall) {
  TwoPeople call;
  call.run_epoch({&call.adviser, &call.customer});
  Policy newer = call.policy;
  newer.version += 1;
  EXPECT_EQ(call.outcome(sign(newer, call.root)), "policy_changed");
}

TEST(CallChainRefusal, RefusesEveryChangedByteOfAMessage) {
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

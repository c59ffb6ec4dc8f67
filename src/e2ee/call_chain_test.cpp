// How a call goes: Rosters, keys, switches, pauses, leavers, reloads.
#include <gtest/gtest.h>

#include "call_fixture.h"

namespace parlour::e2ee {
namespace {

using testing::Person;
using testing::TestCall;
using testing::TwoPeople;

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

}  // namespace
}  // namespace parlour::e2ee

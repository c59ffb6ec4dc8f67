// A database that refuses in the middle of an act: memory and storage never part. What was not written was
// not done; what cannot be read is not believed.
#include "world.h"

namespace parlour::scenario {
namespace {

using meeting::Phase;
using meeting::RecordingPhase;

// The socket of a page that was not answered is closed; the page comes back and says it again, as the web
// client does.
std::unique_ptr<Page> come_back(World& world, const Visit& visit, const Page& old, bool staff) {
  auto page =
      std::make_unique<Page>(world, staff, staff ? world.agent.token : "", staff ? "" : visit.guest_token);
  EXPECT_TRUE(page->resume_from(old, old.last_n()).bool_or("resumed"));
  return page;
}

// Who waits says nothing that is stored; what a Roster makes part of the call is stored with it or not at
// all.
TEST(StoreFailure, AHelloNeedsTheDatabaseOnlyWhenARosterNamesIt) {
  World world;
  world.store_may_fail = true;
  Visit visit = world.schedule("never");
  auto carl = world.guest_page(visit);
  world.break_table("call_message");
  carl->hello();
  EXPECT_TRUE(carl->open());
  auto ada = world.staff_page(visit, world.agent);
  ada->hello();
  world.sign_roster(*ada, {carl.get()});
  EXPECT_EQ(ada->close_code(), 1011);
  world.mend();
  EXPECT_TRUE(world.store->messages(carl->call()).empty()) << "no half of it";
  ada = come_back(world, visit, *ada, true);
  EXPECT_EQ(carl->say_hello_again().string_or("type"), "ok");
  world.admit(*ada, {carl.get()});
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  ada->say(JsonObject{{"type", "end"}});
}

TEST(StoreFailure, ARosterThatWasNotStoredAdmittedNobody) {
  World world;
  world.store_may_fail = true;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  for (const char* table : {"call_message", "audit_entry", "participant"}) {
    SCOPED_TRACE(table);
    world.break_table(table);
    world.sign_roster(*ada, {carl.get()});
    EXPECT_EQ(ada->close_code(), 1011);
    world.mend();
    EXPECT_EQ(world.chain_of(carl->call()).newest_epoch(), 0);
    EXPECT_EQ(world.meeting(visit).phase, Phase::kOpen);
    EXPECT_EQ(carl->count("admitted"), 0u);
    EXPECT_FALSE(world.media.anything_flows());
    EXPECT_FALSE(world.recorder.running());
    auto back = come_back(world, visit, *ada, true);
    ada = std::move(back);
  }
  // Had the memory kept epoch 1, this one would be refused as a second.
  world.admit(*ada, {carl.get()});
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  EXPECT_EQ(world.count(visit, "roster.accepted"), 1u);
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(StoreFailure, KeysAndSwitchesThatWereNotStoredCanBeSaidAgain) {
  World world;
  world.store_may_fail = true;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  ASSERT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
  ada->sender_key();
  auto fails_once = [&world, &visit, &page = carl](auto say) {
    world.break_table("call_message");
    say(*page);
    EXPECT_EQ(page->close_code(), 1011);
    world.mend();
    page = come_back(world, visit, *page, false);
    EXPECT_EQ(say(*page).string_or("type"), "ok");
  };
  fails_once([](Page& page) { return page.sender_key(); });
  ada->acknowledge();
  fails_once([](Page& page) { return page.acknowledge(); });
  ada->activate();
  EXPECT_FALSE(world.chain_of(carl->call()).switched(1));
  fails_once([](Page& page) { return page.activate(); });
  EXPECT_TRUE(world.chain_of(carl->call()).switched(1));
  world.pass(1s);
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  world.connect({ada.get(), carl.get()});
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(StoreFailure, AnAcknowledgementOfTheRecorderThatWasNotStoredDoesNotCount) {
  World world;
  world.store_may_fail = true;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  ASSERT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
  ada->sender_key();
  world.break_rows("call_message", "NEW.sender = 'recorder'");
  carl->sender_key();
  EXPECT_GT(world.time.store_failures, 0);
  EXPECT_FALSE(world.media.recorded(carl->endpoint()));
  EXPECT_EQ(carl->activate_code(), "e2ee.not_acknowledged") << "the chain in memory does not have it either";
  world.mend();
  world.pass(2s);  // the vault is told again, and answers the same
  world.exchange_rest({ada.get(), carl.get()});
  world.pass(1s);
  EXPECT_TRUE(world.media.recorded(carl->endpoint()));
  world.connect({ada.get(), carl.get()});
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(StoreFailure, APartWhoseEnvelopeWasNotStoredIsGivenUp) {
  World world;
  world.store_may_fail = true;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  world.break_table("key_envelope");
  ASSERT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
  world.exchange_keys({ada.get(), carl.get()});
  world.pass(1s);
  EXPECT_FALSE(world.media.anything_flows()) << "what it writes could never be opened";
  EXPECT_FALSE(world.recorder.running());
  world.mend();
  world.pass(5s);
  EXPECT_TRUE(world.media.recorded(carl->endpoint()));
  world.connect({ada.get(), carl.get()});
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kVerified);
}

TEST(StoreFailure, ASealIsTriedUntilItIsWritten) {
  World world;
  world.store_may_fail = true;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  ada->say(JsonObject{{"type", "end"}});
  world.break_table("outbox");
  world.pass(10s);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kCapturing);
  EXPECT_EQ(world.count(visit, "recording.sealed"), 0u);
  world.mend();
  world.pass(10s);
  EXPECT_EQ(world.count(visit, "recording.sealed"), 1u);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kVerified);
}

TEST(StoreFailure, WhatTheVaultFoundIsAskedForUntilItIsWritten) {
  World world;
  world.store_may_fail = true;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  world.break_rows("artefact", "NEW.kind = 'recording_av'");
  ada->say(JsonObject{{"type", "end"}});
  world.pass(10s);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kSealed);
  EXPECT_EQ(world.count(visit, "recording.verified"), 0u);
  world.mend();
  world.pass(10s);
  EXPECT_EQ(world.count(visit, "recording.verified"), 1u);
  EXPECT_TRUE(world.store->pending().empty());
}

TEST(StoreFailure, WhileTheCallCannotBeReadNothingOfItFlows) {
  World world;
  world.store_may_fail = true;
  auto [visit, ada, carl] = world.in_call("never");
  ASSERT_TRUE(world.media.anything_flows());
  e2ee::SignedMessage words = ada->progress();
  world.hide_table("call_message");
  ada->e2ee(words);
  EXPECT_EQ(ada->close_code(), 1011);
  EXPECT_FALSE(world.media.anything_flows()) << "nobody knows whose keys these are";
  world.pass(5s);
  EXPECT_FALSE(world.media.anything_flows());
  world.show_tables();
  world.pass(1s);
  EXPECT_TRUE(world.media.anything_flows());
  EXPECT_EQ(carl->count("resync"), 1u);
  auto back = come_back(world, visit, *ada, true);
  EXPECT_EQ(back->e2ee(words).string_or("type"), "ok");
  back->say(JsonObject{{"type", "end"}});
}

TEST(StoreFailure, AHoldThatWasNotWrittenIsMadeUpFor) {
  World world;
  world.store_may_fail = true;
  auto [visit, ada, carl] = world.in_call("never");
  std::string first = carl->call();
  ada->drop();
  world.break_table("call");
  world.pass(35s);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kLive) << "the hold and the next call are one act";
  EXPECT_EQ(carl->call(), first);
  world.mend();
  world.pass(3s);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kHeld);
  EXPECT_NE(carl->call(), first);
  auto again = world.staff_page(visit, world.agent);
  again->hello();
  carl->hello();
  world.admit(*again, {carl.get()});
  EXPECT_TRUE(world.media.anything_flows());
  again->say(JsonObject{{"type", "end"}});
}

TEST(StoreFailure, APageThatWasNotLetInIsNotThoughtConnected) {
  World world;
  world.store_may_fail = true;
  auto [visit, ada, carl] = world.in_call("never");
  carl->drop();
  world.break_table("participant");
  Page back(world, false, "", visit.guest_token);
  back.resume_from(*carl, carl->last_n());
  EXPECT_EQ(back.close_code(), 1011);
  world.mend();
  auto again = come_back(world, visit, *carl, false);
  EXPECT_TRUE(again->open());
  again->drop();
  world.pass(31s);
  EXPECT_EQ(world.count(visit, "participant.left"), 1u);
  ada->say(JsonObject{{"type", "end"}});
}

}  // namespace
}  // namespace parlour::scenario

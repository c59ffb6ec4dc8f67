// A call from the waiting room to its end, and what becomes of it.
#include "world.h"

namespace parlour::scenario {
namespace {

using app::RecordingRow;
using meeting::Phase;
using meeting::RecordingPhase;

TEST(Call, ARequiredTypeRunsFromTheLinkToAVerifiedRecording) {
  World world;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  EXPECT_FALSE(world.media.anything_flows()) << "nothing flows in the waiting room";
  EXPECT_EQ(carl->last("queue")->string_or("adviser"), "here");

  world.admit(*ada, {carl.get()});
  EXPECT_EQ(carl->count("admitted"), 1u);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kLive);
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  EXPECT_TRUE(world.media.flows(ada->endpoint(), carl->endpoint()));
  EXPECT_TRUE(world.media.recorded(carl->endpoint()));
  EXPECT_EQ(carl->last("recording")->string_or("state"), "capturing");
  EXPECT_TRUE(carl->last("media")->bool_or("allowed"));
  world.recorder.first_packet(carl->endpoint(), 0);
  world.recorder.first_packet(carl->endpoint(), 0);
  EXPECT_EQ(world.count(visit, "recording.first_packet"), 1u) << "the first packet of a stream is one fact";

  world.pass(1min);
  EXPECT_EQ(ada->say_code(JsonObject{{"type", "end"}}), "ok");
  EXPECT_EQ(carl->last("ended")->string_or("reason"), "staff");
  EXPECT_TRUE(carl->last("ended")->bool_or("recorded"));
  EXPECT_FALSE(world.media.anything_flows());
  EXPECT_EQ(carl->last_words().string_or("type"), "ok") << "the final Progress still counts";
  world.pass(5s);
  EXPECT_FALSE(carl->open());
  EXPECT_EQ(world.media.endpoints(), 0u);
  EXPECT_FALSE(world.recorder.running());
  meeting::Meeting after = world.meeting(visit);
  EXPECT_EQ(after.phase, Phase::kEnded);
  EXPECT_EQ(after.recording_phase, RecordingPhase::kVerified);
  EXPECT_EQ(world.vault.jobs_acknowledged, 1);
  EXPECT_EQ(world.live().find(visit.meeting), nullptr) << "nothing of it is kept in memory";
}

TEST(Call, ANeverTypeIsNotTouchedByRecorderVaultAndDisk) {
  World world;
  world.vault.set_up(false);
  world.recorder.has_space = false;
  auto [visit, ada, carl] = world.in_call("never");
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  EXPECT_FALSE(world.media.recorded(carl->endpoint()));
  EXPECT_EQ(carl->last("recording")->string_or("state"), "none");
  world.pass(10min);
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  ada->say(JsonObject{{"type", "end"}});
  EXPECT_FALSE(carl->last("ended")->bool_or("recorded"));
  world.pass(5s);
  for (const std::string& kind : world.entries(visit)) EXPECT_FALSE(kind.starts_with("recording.")) << kind;
  EXPECT_FALSE(world.meeting(visit).recording);
}

TEST(Call, WithoutTheRecorderNobodyIsAdmittedToARequiredType) {
  World world;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  world.vault.set_up(false);
  EXPECT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("code"), "recorder.down");
  world.vault.set_up(true);
  world.recorder.has_space = false;
  EXPECT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("code"), "recorder.down");
  EXPECT_FALSE(world.media.anything_flows());
  EXPECT_EQ(carl->count("admitted"), 0u);
  world.recorder.has_space = true;
  world.admit(*ada, {carl.get()});
  EXPECT_TRUE(world.media.anything_flows());
}

TEST(FaultPages, KeysThatTheRecorderDoesNotAcknowledgeKeepMediaOffAndEndTheCallAfterTwoMinutesAsThat) {
  World world;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  world.vault.acknowledges = false;
  ASSERT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
  for (Page* page : {ada.get(), carl.get()}) page->sender_key();
  world.pass(6s);
  EXPECT_FALSE(world.media.anything_flows());
  EXPECT_FALSE(carl->last("media")->bool_or("allowed"));
  EXPECT_EQ(carl->last("media")->string_or("reason"), "keys_missing") << "its disk is well";
  EXPECT_EQ(carl->last("recording")->string_or("state"), "capturing")
      << "the recorder writes, and has not stopped";
  EXPECT_EQ(world.count(visit, "media.stopped"), 0u) << "what never ran has not stopped";
  ASSERT_NE(carl->last("media")->find("ends_at"), nullptr) << "everybody is told when it ends";
  std::int64_t ends_at = carl->last("media")->integer_or("ends_at");
  world.pass(100s);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kLive);
  world.pass(20s);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kEnded);
  EXPECT_EQ(carl->last("ended")->string_or("reason"), "keys_missing");
  EXPECT_NEAR(static_cast<double>(world.meeting(visit).ended_at->us) / 1000, static_cast<double>(ends_at),
              1000);
  EXPECT_EQ(world.last_entry("meeting.ended").find("data")->string_or("end_cause"), "keys_missing");
  world.pass(5s);
}

TEST(FaultPages, WhoIsAskedInARunningCallStopsItForWantOfKeysAndNotOfADisk) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  // The customer reloads; the page asks its person whether to go on, so no key of it comes.
  auto again = world.guest_page(visit);
  again->keep_signing_key_of(*carl);
  again->hello(carl->ep_bytes());
  ASSERT_EQ(ada->sign_roster({again.get()}).string_or("type"), "ok");
  ada->sender_key();
  world.pass(6s);
  EXPECT_FALSE(world.media.flows(again->endpoint(), ada->endpoint()));
  EXPECT_FALSE(ada->last("media")->bool_or("allowed", true));
  EXPECT_EQ(again->last("media")->string_or("reason"), "keys_missing");
  EXPECT_NE(again->last("recording")->string_or("state"), "stalled");
  ASSERT_EQ(world.count(visit, "media.stopped"), 1u);
  EXPECT_EQ(world.last_entry("media.stopped").find("data")->string_or("reason"), "keys_missing");
  again->sender_key();
  world.exchange_rest({ada.get(), again.get()});
  world.pass(1s);
  EXPECT_TRUE(world.media.flows(again->endpoint(), ada->endpoint()));
  EXPECT_TRUE(again->last("media")->bool_or("allowed"));
  // A disk that falls silent afterwards has stopped what ran.
  world.recorder.stalled = true;
  world.pass(2600ms);
  EXPECT_EQ(again->last("recording")->string_or("state"), "stalled");
  EXPECT_EQ(again->last("media")->string_or("reason"), "recording.stalled");
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(FaultPages, ARecorderThatNeverBeganHasNotStopped) {
  World world;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  world.recorder.starts = false;
  ASSERT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
  world.exchange_keys({ada.get(), carl.get()});
  world.pass(6s);
  EXPECT_EQ(carl->last("media")->string_or("reason"), "recording.not_begun");
  EXPECT_EQ(carl->last("recording")->string_or("state"), "requested");
  EXPECT_EQ(world.count(visit, "media.stopped"), 0u);
  ASSERT_NE(carl->last("media")->find("ends_at"), nullptr);
  world.pass(2min);
  EXPECT_EQ(carl->last("ended")->string_or("reason"), "recording_lost");
  world.pass(5s);
}

TEST(Call, MediaStopWithinTwoSecondsOfASilentDiskAndComeBackWithIt) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  world.recorder.stalled = true;
  world.pass(2600ms);
  EXPECT_FALSE(world.media.anything_flows()) << "the lease ran out by itself";
  EXPECT_EQ(carl->last("recording")->string_or("state"), "stalled");
  EXPECT_EQ(carl->last("media")->string_or("reason"), "recording.stalled");
  EXPECT_EQ(world.count(visit, "media.stopped"), 1u);
  world.pass(60s);
  world.recorder.stalled = false;
  world.pass(1s);
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  EXPECT_TRUE(carl->last("media")->bool_or("allowed"));
  EXPECT_EQ(carl->last("recording")->string_or("state"), "capturing");
  world.pass(3min);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kLive) << "two minutes are counted anew";
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(Call, AFailedPartIsFollowedByAnotherAndItsGapIsNamed) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  world.recorder.overflow(40);
  world.recorder.fail("disk.full");
  EXPECT_FALSE(world.media.recorded(carl->endpoint()));
  EXPECT_FALSE(world.media.anything_flows()) << "no record, no call";
  world.pass(5s);
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  EXPECT_EQ(world.count(visit, "recording.capture_started"), 2u);
  EXPECT_EQ(world.count(visit, "recording.gap"), 2u)
      << "the queue that ran over, and the time between the parts";
  EXPECT_EQ(world.last_entry("recording.stopped").string_or("outcome"), "failed");
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
  EXPECT_EQ(world.store->of_meeting(visit.meeting).front().parts, 2u);
}

TEST(Call, ARecorderThatGetsNoPacketsIsNoRecorder) {
  World world;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  world.recorder.attaches = false;
  world.recorder.attach_delay = 800ms;
  ASSERT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
  world.exchange_keys({ada.get(), carl.get()});
  for (int i = 0; i < 100; ++i) {
    world.pass(100ms);
    EXPECT_FALSE(world.media.anything_flows()) << "its log ticks and is durable, and holds nothing";
  }
  EXPECT_NE(carl->last("recording")->string_or("state"), "capturing");
  EXPECT_EQ(world.last_entry("recording.stopped").find("data")->string_or("cause"), "media.sink");
  world.recorder.attaches = true;
  world.pass(5s);
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  world.connect({ada.get(), carl.get()});
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(Call, FaultH9ARosterOfAnotherMeetingIsRefused) {
  World world;
  Visit visit = world.schedule("never");
  auto [ada, carl] = world.both_enter(visit);
  e2ee::Roster roster = ada->next_roster({carl.get()});
  roster.meeting[15] ^= 1;
  Json reply = ada->sign(roster);
  EXPECT_EQ(reply.string_or("code"), "e2ee.meeting_other");
  EXPECT_EQ(carl->count("admitted"), 0u);
}

// The steward's word about a link's secret goes to the members, is kept for who comes back, and is nobody
// else's.
TEST(Call, TheStewardsLinkProofReachesTheCustomerAndIsKept) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  EXPECT_EQ(carl->link_proof(carl->idx()).string_or("code"), "e2ee.signer");
  EXPECT_EQ(ada->link_proof(ada->idx()).string_or("code"), "e2ee.link_proof_to");
  EXPECT_EQ(ada->link_proof(carl->idx()).string_or("type"), "ok");
  EXPECT_EQ(carl->last("e2ee")->find("m")->string_or("t"), "LinkProof");
  EXPECT_EQ(world.chain_of(ada->call()).newest()->link_proofs.size(), 1u);
}

TEST(Call, ACustomerLeavesAndCannotComeBackUnseen) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  EXPECT_EQ(carl->say_code(JsonObject{{"type", "leave"}}), "ok");
  EXPECT_FALSE(world.media.anything_flows()) << "at once, before anybody signs a Roster";
  EXPECT_EQ(world.count(visit, "participant.left"), 1u);
  EXPECT_FALSE(carl->open());
  auto again = world.guest_page(visit);
  again->hello();
  EXPECT_EQ(again->last("welcome")->string_or("state"), "waiting");
  EXPECT_FALSE(world.media.anything_flows());
  ada->say(JsonObject{{"type", "end"}});
}

TEST(Call, OneScreenAtATime) {
  World world;
  Visit visit = world.schedule("never");
  auto [ada, carl] = world.both_enter(visit);
  EXPECT_EQ(carl->say_code(JsonObject{{"type", "share.start"}}), "not_admitted");
  world.admit(*ada, {carl.get()});
  EXPECT_EQ(carl->say_code(JsonObject{{"type", "share.start"}}), "ok");
  EXPECT_EQ(ada->say_code(JsonObject{{"type", "share.start"}}), "share.busy");
  EXPECT_EQ(ada->last("share")->string_or("participant"), carl->participant().text());
  EXPECT_EQ(carl->say_code(JsonObject{{"type", "share.stop"}}), "ok");
  EXPECT_EQ(ada->say_code(JsonObject{{"type", "share.start"}}), "ok");
  ada->say(JsonObject{{"type", "end"}});
}

TEST(Call, AStoppedStreamIsToldLoggedAndHarmsNobodyElse) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  world.media.report(carl->endpoint(), app::media_fact::GuardTripped{carl->endpoint(), 1, "plaintext"});
  EXPECT_EQ(carl->last("guard")->integer_or("slot"), 1);
  EXPECT_EQ(world.count(visit, "plaintext_guard"), 1u);
  EXPECT_TRUE(world.media.flows(ada->endpoint(), carl->endpoint()));
  ada->say(JsonObject{{"type", "end"}});
}

TEST(Call, TheNameOfAFailedCheckIsWrittenOnlyWhenItIsOne) {
  World world;
  Visit visit = world.schedule("never");
  auto [ada, carl] = world.both_enter(visit);
  auto logged = [&world, &page = carl](const std::string& check) {
    EXPECT_EQ(page->say_code(JsonObject{{"type", "failed"}, {"check", check}, {"detail", ""}}), "ok");
    return world.last_entry("participant.check_failed").string_or("reason");
  };
  EXPECT_EQ(logged("roster.prev"), "roster.prev");
  EXPECT_EQ(logged("Carl <carl@example.net>\nend"), "unknown");
  EXPECT_EQ(logged(""), "unknown");
  EXPECT_EQ(logged(std::string(64, 'a')), std::string(64, 'a'));
  EXPECT_EQ(logged(std::string(65, 'a')), "unknown");
}

}  // namespace
}  // namespace parlour::scenario

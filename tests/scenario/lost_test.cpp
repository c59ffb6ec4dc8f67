// People whose browser, network or server is lost, and who comes back how.
#include <set>

#include "base/encoding.h"
#include "world.h"

namespace parlour::scenario {
namespace {

using meeting::Phase;
using meeting::RecordingPhase;

TEST(Lost, ACustomerHasThirtySecondsAndGoesOnWhereItWas) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  std::uint64_t heard = carl->last_n();
  carl->drop();
  EXPECT_EQ(world.last_entry("participant.lost").find("subject")->string_or("id"),
            carl->participant().text());
  ada->say(JsonObject{{"type", "self"}, {"mic", true}, {"camera", true}});
  world.pass(29s);
  Page back(world, false, "", visit.guest_token);
  Json reply = back.resume_from(*carl, heard);
  EXPECT_TRUE(reply.bool_or("resumed"));
  EXPECT_EQ(back.count("resync"), 0u) << "what was missed is replayed";
  EXPECT_EQ(world.count(visit, "participant.reconnected"), 1u);
  EXPECT_TRUE(world.media.flows(ada->endpoint(), back.endpoint()));
  world.pass(1min);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kLive);

  back.drop();
  world.pass(31s);
  EXPECT_EQ(world.count(visit, "participant.left"), 1u);
  Page late(world, false, "", visit.guest_token);
  EXPECT_EQ(late.resume_from(back, 0).string_or("code"), "resume.unknown");
  ada->say(JsonObject{{"type", "end"}});
}

TEST(Lost, ATokenOpensOnlyItsOwnPersonsPage) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  // A customer's browser with the adviser's token, and the other way round.
  Page thief(world, false, "", visit.guest_token);
  thief.enter(visit.csrf, std::nullopt);
  Page second(world, false, "", visit.guest_token);
  Json stolen = second.say(JsonObject{{"type", "enter"},
                                      {"form", 2},
                                      {"as", "guest"},
                                      {"csrf", visit.csrf},
                                      {"resume", JsonObject{{"token", ada->token()}, {"last_n", 0}}}});
  EXPECT_EQ(stolen.string_or("code"), "resume.unknown");
  EXPECT_TRUE(ada->open());
  Page third(world, true, world.agent.token, "");
  stolen = third.say(JsonObject{{"type", "enter"},
                                {"form", 2},
                                {"as", "staff"},
                                {"csrf", world.agent.csrf},
                                {"meeting", visit.meeting.text()},
                                {"resume", JsonObject{{"token", carl->token()}, {"last_n", 0}}}});
  EXPECT_EQ(stolen.string_or("code"), "resume.unknown");
  EXPECT_TRUE(carl->open());
  ada->say(JsonObject{{"type", "end"}});
}

TEST(Lost, WhenTheStewardIsLostTheCustomerIsHeldFiveMinutes) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  ada->drop();
  world.pass(29s);
  EXPECT_EQ(carl->count("held"), 0u);
  world.pass(2s);
  ASSERT_EQ(carl->count("held"), 1u);
  EXPECT_EQ(carl->last("media")->string_or("reason"), "held");
  EXPECT_EQ(carl->count("call.new"), 1u);
  EXPECT_FALSE(world.media.anything_flows());
  EXPECT_EQ(world.meeting(visit).phase, Phase::kHeld);
  world.pass(4min + 55s);
  EXPECT_EQ(carl->count("ended"), 0u);
  world.pass(10s);
  EXPECT_EQ(carl->last("ended")->string_or("reason"), "held_too_long");
  world.pass(5s);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kVerified);
}

TEST(FaultPages, AnAdviserWhoLeavesIsNotCalledLostAndOneWhoIsLostHasNotLeft) {
  for (bool left : {true, false}) {
    World world;
    auto [visit, ada, carl] = world.in_call("required");
    if (left)
      EXPECT_EQ(ada->say_code(JsonObject{{"type", "leave"}}), "ok");
    else
      ada->drop();
    world.pass(31s);
    const std::string_view cause = left ? "left" : "lost";
    EXPECT_EQ(carl->last("held")->string_or("cause"), cause);
    EXPECT_EQ(world.last_entry("meeting.held").find("data")->string_or("reason"), cause);
    // After a restart nobody here knows any more how it was: nothing is claimed.
    world.restart();
    Page again(world, false, "", visit.guest_token);
    again.resume_from(*carl, carl->last_n());
    ASSERT_TRUE(again.last("held"));
    EXPECT_EQ(again.last("held")->find("cause"), nullptr);
    world.pass(6min);
  }
}

TEST(Lost, AnAdviserTakesTheMeetingUpAgainInANewCall) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  std::string first_call = ada->call();
  ada->drop();
  world.pass(2min);
  auto again = world.staff_page(visit, world.agent);
  EXPECT_NE(again->call(), first_call);
  EXPECT_TRUE(again->last("welcome")->bool_or("steward"));
  EXPECT_EQ(again->count("held"), 0u) << "the customer is held for this page; it opens the next call";
  again->hello();
  carl->hello();
  world.admit(*again, {carl.get()});
  EXPECT_EQ(world.meeting(visit).phase, Phase::kLive);
  EXPECT_TRUE(world.media.flows(carl->endpoint(), again->endpoint()));
  EXPECT_TRUE(world.media.recorded(carl->endpoint()));
  EXPECT_EQ(world.count(visit, "meeting.resumed"), 1u);
  EXPECT_EQ(world.count(visit, "notice.acknowledged"), 1u) << "notice and identity are kept";
  again->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

// Rosters of a part, by their epochs; each must find the Hellos that it names in the same part, before it.
std::vector<std::int64_t> rosters_of(const std::vector<std::string>& messages) {
  std::set<std::string> hellos;
  std::vector<std::int64_t> epochs;
  for (const std::string& text : messages) {
    auto message = e2ee::parse_signed_message(text);
    if (!message) continue;
    const std::string type = parse_json(text)->string_or("t");
    if (type == "Hello") hellos.insert(to_base64url(message->hash()));
    if (type != "Roster") continue;
    auto body = parse_json(as_text(*from_base64url(parse_json(text)->string_or("b"))));
    epochs.push_back(body->integer_or("epoch"));
    for (const Json& member : *body->find("members")->as_array())
      EXPECT_TRUE(hellos.contains(member.string_or("hello"))) << "epoch " << epochs.back();
  }
  return epochs;
}

TEST(Lost, EachPartOfARecordingHasWhatItsOwnEpochsNeed) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(5s);
  // A reload: a second epoch of the same call, in the same part.
  e2ee::EndpointId before = carl->ep_bytes();
  auto carl_again = world.guest_page(visit);
  carl_again->keep_signing_key_of(*carl);
  carl_again->hello(before);
  ASSERT_EQ(ada->sign_roster({carl_again.get()}).string_or("type"), "ok");
  world.exchange_keys({ada.get(), carl_again.get()});
  world.pass(5s);
  EXPECT_EQ(rosters_of(world.recorder.written().at(1)), (std::vector<std::int64_t>{1, 2}));
  // The adviser is lost and the meeting taken up again: another call, in a part of its own.
  ada->drop();
  world.pass(1min);
  EXPECT_FALSE(world.recorder.running()) << "what was recorded of the old call has ended";
  auto other = world.staff_page(visit, world.agent);
  other->hello();
  carl_again->hello();
  world.admit(*other, {carl_again.get()});
  world.pass(5s);
  EXPECT_EQ(rosters_of(world.recorder.written().at(2)), (std::vector<std::int64_t>{1}));
  EXPECT_TRUE(world.media.flows(carl_again->endpoint(), other->endpoint()));
  EXPECT_EQ(world.last_entry("recording.gap").find("data")->string_or("cause"), "held");
  other->say(JsonObject{{"type", "end"}});
  world.pass(5s);
  EXPECT_EQ(world.count(visit, "recording.sealed"), 1u);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kVerified);
}

TEST(Lost, ATakeoverFromAnotherComputerDoesNotWaitForTheLostOne) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  std::string first_call = ada->call();
  ada->drop();
  world.pass(3s);
  EXPECT_EQ(carl->count("held"), 0u);

  auto other = world.staff_page(visit, world.agent, /*take_over=*/true);
  EXPECT_NE(other->call(), first_call) << "no takeover inside a call: a new one begins";
  EXPECT_EQ(carl->count("held"), 1u) << "at once, with words";
  EXPECT_EQ(carl->call(), other->call());
  EXPECT_FALSE(world.media.anything_flows()) << "the old keys are worth nothing any more";
  other->hello();
  carl->hello();
  world.admit(*other, {carl.get()});
  EXPECT_TRUE(world.media.flows(carl->endpoint(), other->endpoint()));
  EXPECT_EQ(world.meeting(visit).phase, Phase::kLive);

  // The computer that was lost wakes up: it learns that it was replaced, and disturbs nobody.
  Page woken(world, true, world.agent.token, "");
  woken.resume_from(*ada, ada->last_n());
  EXPECT_EQ(woken.close_code(), 4001);
  EXPECT_TRUE(other->open());
  world.pass(1min);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kLive);
  other->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(Lost, NobodyTakesOverWhileTheStewardIsThere) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  Page other(world, true, world.agent.token, "");
  Json refused = other.say(JsonObject{{"type", "enter"},
                                      {"form", 2},
                                      {"as", "staff"},
                                      {"csrf", world.agent.csrf},
                                      {"meeting", visit.meeting.text()},
                                      {"take_over", true}});
  EXPECT_EQ(refused.string_or("code"), "takeover.present");
  EXPECT_TRUE(ada->open());
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  EXPECT_EQ(carl->count("held"), 0u);
  // Another agent is not let in at all, whether or not the steward is there.
  world.add_user("eve@example.org", meeting::UserRole::kAgent);
  Login eve = world.log_in("eve@example.org");
  ada->drop();
  Page hers(world, true, eve.token, "");
  refused = hers.say(JsonObject{{"type", "enter"},
                                {"form", 2},
                                {"as", "staff"},
                                {"csrf", eve.csrf},
                                {"meeting", visit.meeting.text()},
                                {"take_over", true}});
  EXPECT_EQ(refused.string_or("code"), "not_found") << "not yours looks like not there";
  EXPECT_EQ(carl->count("held"), 0u);
  EXPECT_EQ(world.count(visit, "access.denied"), 1u);
}

TEST(Lost, AStewardWhoReloadsGoesOnWithTheSameCall) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  e2ee::EndpointId before = ada->ep_bytes();
  ada->drop();
  Page reloaded(world, true, world.agent.token, "");
  reloaded.keep_signing_key_of(*ada);
  reloaded.enter(world.agent.csrf, visit.meeting);
  EXPECT_EQ(reloaded.call(), ada->call());
  std::vector<std::string> kinds;
  const Json welcome = *reloaded.last("welcome");
  for (const Json& one : *welcome.find("chain")->as_array()) {
    EXPECT_TRUE(e2ee::signed_message_from_json(one)) << "signed messages as they are, nothing around them";
    kinds.push_back(one.string_or("t"));
  }
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "Roster"), 1);
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "SenderKey"), 2);
  reloaded.hello(before);
  ASSERT_EQ(reloaded.sign_roster({carl.get()}).string_or("type"), "ok");
  world.exchange_keys({&reloaded, carl.get()});
  EXPECT_TRUE(world.media.flows(carl->endpoint(), reloaded.endpoint()));
  world.pass(1min);
  EXPECT_EQ(carl->count("held"), 0u) << "the page that was dropped is not missed";
  reloaded.say(JsonObject{{"type", "end"}});
}

TEST(Lost, AnEarlierLossOfTheRecordingDoesNotEndTheNextCall) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.recorder.stalled = true;
  world.pass(20s);
  ada->drop();
  world.pass(31s);
  ASSERT_EQ(world.meeting(visit).phase, Phase::kHeld);
  world.recorder.stalled = false;
  world.pass(4min);
  auto again = world.staff_page(visit, world.agent);
  again->hello();
  carl->hello();
  ASSERT_EQ(again->sign_roster({carl.get()}).string_or("type"), "ok");
  world.pass(2s);  // keys take a moment
  EXPECT_EQ(world.meeting(visit).phase, Phase::kLive);
  world.exchange_keys({again.get(), carl.get()});
  world.connect({again.get(), carl.get()});
  world.pass(1s);
  EXPECT_TRUE(world.media.anything_flows());
  again->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(Restart, TheCallGoesOnAsANewPart) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  world.restart();
  world.pass(1s);
  EXPECT_FALSE(world.media.anything_flows()) << "no page is back yet";
  Page ada_back(world, true, world.agent.token, ""), carl_back(world, false, "", visit.guest_token);
  EXPECT_TRUE(ada_back.resume_from(*ada, ada->last_n()).bool_or("resumed"));
  EXPECT_TRUE(carl_back.resume_from(*carl, carl->last_n()).bool_or("resumed"));
  EXPECT_EQ(carl_back.count("resync"), 1u);
  world.pass(2s);
  EXPECT_TRUE(world.media.flows(carl_back.endpoint(), ada_back.endpoint()))
      << "the same keys, a new endpoint";
  EXPECT_TRUE(world.media.recorded(carl_back.endpoint()));
  EXPECT_EQ(world.count(visit, "recording.gap"), 1u);
  ada_back.say(JsonObject{{"type", "end"}});
  world.pass(5s);
  EXPECT_EQ(world.store->of_meeting(visit.meeting).front().parts, 2u);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kVerified);
}

TEST(Restart, NobodyComesBackAndWhatWasRecordedIsSealed) {
  World world;
  Visit visit = world.schedule("required");
  {
    auto [ada, carl] = world.both_enter(visit);
    world.admit(*ada, {carl.get()});
    world.pass(10s);
    world.restart();
  }
  world.pass(6min);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kEnded);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kVerified);
}

// The crash comes after the end was written and before the last part was: the rows say "capturing" for ever
// unless the next start looks for them.
TEST(Restart, ARecordingOfAMeetingThatIsOverIsSealedAtTheNextStart) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  ada->say(JsonObject{{"type", "end"}});
  ASSERT_EQ(world.meeting(visit).phase, Phase::kEnded);
  ASSERT_EQ(world.store->in_phase(RecordingPhase::kCapturing).size(), 1u);
  world.restart();
  EXPECT_TRUE(world.store->in_phase(RecordingPhase::kCapturing).empty());
  EXPECT_EQ(world.count(visit, "recording.sealed"), 1u);
  world.pass(5s);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kVerified);
  world.restart();
  world.pass(5s);
  EXPECT_EQ(world.count(visit, "recording.sealed"), 1u) << "once";
}

TEST(Restart, ARecordingWhoseLogCouldNotBeReadIsSealedOnceItCan) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  ada->say(JsonObject{{"type", "end"}});
  world.recorder.log_readable = false;
  world.restart();
  ASSERT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kFailed);
  world.recorder.log_readable = true;
  world.restart();
  world.pass(5s);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kVerified);
  EXPECT_EQ(world.count(visit, "recording.sealed"), 1u);
}

TEST(Restart, ARecordingWhoseLogCannotBeReadFailsWithWords) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  ada->say(JsonObject{{"type", "end"}});
  world.recorder.log_readable = false;
  world.restart();
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kFailed);
  EXPECT_EQ(world.last_entry("recording.failed").find("data")->string_or("cause"), "log.unreadable");
  world.expected_verdict = 11;  // a demanded recording is missing, and the verifier says so
}

TEST(Restart, ARecordingThatNeverBeganIsNotSealed) {
  World world;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  world.vault.acknowledges = false;
  world.recorder.attaches = false;
  ASSERT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
  world.vault.set_up(false);
  ada->say(JsonObject{{"type", "end"}});
  world.restart();
  EXPECT_NE(world.meeting(visit).recording_phase, RecordingPhase::kCapturing);
  EXPECT_NE(world.meeting(visit).recording_phase, RecordingPhase::kRequested);
  world.vault.set_up(true);
  world.pass(10s);
}

TEST(Recording, AJobThatFailsIsSaidAndLogged) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  world.vault.job_failure = "chain.broken";
  ada->say(JsonObject{{"type", "end"}});
  world.pass(10s);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kFailed);
  EXPECT_EQ(world.last_entry("recording.failed").find("data")->string_or("cause"), "chain.broken");
  EXPECT_TRUE(world.store->pending().empty());
  world.expected_verdict = 11;
}

TEST(Recording, AVaultThatIsAwayDelaysTheJobAndLosesNothing) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  world.vault.set_up(false);
  world.pass(1min);
  EXPECT_TRUE(world.media.anything_flows()) << "a running recording goes on without it (e2ee.md 10)";
  ada->say(JsonObject{{"type", "end"}});
  world.pass(1min);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kSealed);
  world.vault.set_up(true);
  world.pass(10s);
  EXPECT_EQ(world.meeting(visit).recording_phase, RecordingPhase::kVerified);
}

}  // namespace
}  // namespace parlour::scenario

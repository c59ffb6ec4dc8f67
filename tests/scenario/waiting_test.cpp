// Before the call: links, notice, waiting room, second devices, declining and cancelling.
#include <cctype>

#include "app/token.h"
#include "world.h"

namespace parlour::scenario {
namespace {

using meeting::Phase;

std::unique_ptr<Page> console(World& world, const Login& login) {
  auto page = std::make_unique<Page>(world, true, login.token, "");
  EXPECT_EQ(page->say_code(JsonObject{{"type", "watch"}, {"as", "staff"}, {"csrf", login.csrf}}), "ok");
  world.pass(300ms);
  return page;
}
Json decline(const Visit& visit, const std::string& reason) {
  return JsonObject{{"type", "decline"},
                    {"meeting", visit.meeting.text()},
                    {"participant", visit.customer.text()},
                    {"reason", reason}};
}
std::size_t waiting_on(const Page& page) {
  return page.last("waiting")->find("list")->as_array()->size();
}

// Letters and digits only, so that what mail and chat programs put around a link is no part of it; made from
// the link key, so that the database alone opens nothing and a later message can carry the same link.
TEST(Waiting, FaultD1ALinksTokenIsLettersAndDigitsAndComesFromTheLinkKey) {
  World world;
  Visit visit = world.schedule("required");
  const std::string first = visit.link_token;
  ASSERT_EQ(first.size(), 32u) << "160 bits";
  EXPECT_EQ(first.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos) << first;
  auto row = world.store->newest_link(visit.customer);
  ASSERT_TRUE(row && row->id);
  EXPECT_EQ(row->version, 1u);
  EXPECT_EQ(app::make_link_token(*world.context, *row->id, row->version).text, first);
  EXPECT_EQ(app::make_link_token(*world.context, *row->id, row->version).hash, row->token_hash);

  auto second = world.meetings->issue_link(world.agent.actor, visit.meeting);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->starts_with("https://localhost:8443/j#"));
  auto next = world.store->newest_link(visit.customer);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->id, row->id);
  EXPECT_EQ(next->version, 2u);
  EXPECT_NE(next->token_hash, row->token_hash);
  EXPECT_FALSE(world.guests->open_link(first, "en")) << "replaced";
  std::string shouted = second->substr(second->find('#') + 1);
  for (char& c : shouted) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(world.guests->open_link(shouted, "en")) << "a program that writes in capitals";
}

// Links that are out today were random and in mixed case; their hash is all that is there, and they go on
// opening.
TEST(Waiting, FaultD1ALinkFromBeforeTheKeyGoesOnOpening) {
  World world;
  Visit visit = world.schedule("required");
  const std::string old = "Ab_dEfghijklmnopqrstuvwxyz-12345";
  world.store->revoke_links(visit.customer);
  auto hash = world.context->digest.sha256(old);
  {
    app::Work work(*world.store);
    world.store->put_link({hash, visit.meeting, visit.customer, world.time.now().utc, false});
    work.commit();
  }
  EXPECT_TRUE(world.guests->open_link(old, "en"));
  EXPECT_FALSE(world.guests->open_link("ab_defghijklmnopqrstuvwxyz-12345", "en")) << "its case counts";
  auto fresh = world.meetings->issue_link(world.agent.actor, visit.meeting);
  ASSERT_TRUE(fresh);
  EXPECT_FALSE(world.guests->open_link(old, "en"));
}

TEST(Waiting, TheWayInHasItsOrder) {
  World world;
  Visit visit = world.schedule("required");
  auto opened = world.guests->open_link(visit.link_token, "nl");
  ASSERT_TRUE(opened);
  auto enter = [&] {
    Page page(world, false, "", opened->token);
    return page.say_code(
        JsonObject{{"type", "enter"}, {"form", 2}, {"as", "guest"}, {"csrf", opened->invitation.csrf}});
  };
  EXPECT_EQ(enter(), "device.missing");
  EXPECT_FALSE(
      world.guests->report_device(*world.guests->session(opened->token), {"none", "ok", "heard", "good"}));
  EXPECT_EQ(enter(), "notice.missing");
  visit.guest_token = opened->token;
  visit.csrf = opened->invitation.csrf;
  world.answer_notice(visit, "shown");
  world.answer_notice(visit, "acknowledged");
  EXPECT_EQ(enter(), "ok");
  Page other(world, false, "", opened->token);
  EXPECT_EQ(other.say_code(
                JsonObject{{"type", "enter"}, {"form", 2}, {"as", "guest"}, {"csrf", "of another page"}}),
            "session.missing");
  EXPECT_EQ(other.close_code(), 1008);
  // Loaded before the signed messages changed, or after they have changed again: it is told to reload.
  for (const Json& form : {Json(), Json(1), Json(3), Json("2")}) {
    Page outdated(world, false, "", opened->token);
    EXPECT_EQ(outdated.say_code(JsonObject{
                  {"type", "enter"}, {"form", form}, {"as", "guest"}, {"csrf", opened->invitation.csrf}}),
              "page.outdated");
    EXPECT_EQ(outdated.close_code(), 1008);
  }
  Page mute(world, false, "", opened->token);
  world.pass(11s);
  EXPECT_FALSE(mute.open()) << "who says nothing is not kept";
}

TEST(Waiting, AnEndpointIntroducesItselfOnce) {
  World world;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  EXPECT_EQ(carl->say_hello_again().string_or("type"), "ok") << "the same one, after a resume";
  Json answer = carl->say_another_hello();
  EXPECT_EQ(answer.string_or("code"), "hello.endpoint_used") << write_json(answer);
  world.admit(*ada, {carl.get()});
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
}

TEST(Waiting, BeforeAdmissionTheNewestDeviceWinsAfterItsOwnCheck) {
  World world;
  Visit visit = world.schedule("never");
  auto phone = world.guest_page(visit);
  phone->hello();
  // The same link on a computer: its own session, its own check.
  auto opened = world.guests->open_link(visit.link_token, "en");
  ASSERT_TRUE(opened);
  Page unchecked(world, false, "", opened->token);
  EXPECT_EQ(unchecked.say_code(JsonObject{
                {"type", "enter"}, {"form", 2}, {"as", "guest"}, {"csrf", opened->invitation.csrf}}),
            "device.missing")
      << "the check of the telephone is not this device's";
  EXPECT_FALSE(
      world.guests->report_device(*world.guests->session(opened->token), {"ok", "ok", "heard", "good"}));
  EXPECT_TRUE(phone->open()) << "opening the link takes nothing away";
  Page asking(world, false, "", opened->token);
  asking.enter(opened->invitation.csrf, std::nullopt);
  EXPECT_EQ(asking.last_code(), "waiting.elsewhere") << "fault H10: nobody is sent away without a question";
  EXPECT_TRUE(phone->open());
  Page computer(world, false, "", opened->token);
  computer.enter(opened->invitation.csrf, std::nullopt, /*take_over=*/true);
  EXPECT_EQ(phone->last("ended")->string_or("reason"), "other_device");
  EXPECT_FALSE(phone->open());
  EXPECT_EQ(computer.last("welcome")->string_or("state"), "waiting");
  auto ada = world.staff_page(visit, world.agent);
  EXPECT_EQ(waiting_on(*ada), 1u);
  EXPECT_EQ(world.count(visit, "link.opened"), 1u);
  EXPECT_EQ(world.count(visit, "waiting.entered"), 1u) << "one person waits, whatever the device";
}

TEST(Waiting, AfterAdmissionASecondDeviceWaitsForTheAdviser) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  auto second = world.guest_page(visit);
  second->hello();
  EXPECT_TRUE(carl->open());
  EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
  EXPECT_FALSE(world.media.flows(ada->endpoint(), second->endpoint()));
  ASSERT_EQ(waiting_on(*ada), 1u);
  EXPECT_TRUE(ada->last("waiting")->find("list")->as_array()->front().bool_or("second_device"));
  auto answer = [customer = visit.customer.text(), &adviser = *ada](const char* type) {
    return adviser.say_code(JsonObject{{"type", type}, {"participant", customer}});
  };
  EXPECT_EQ(carl->say_code(JsonObject{{"type", "second.allow"}, {"participant", visit.customer.text()}}),
            "access.denied");
  EXPECT_EQ(answer("second.refuse"), "ok");
  EXPECT_EQ(second->last("declined")->string_or("reason"), "other_device");
  EXPECT_TRUE(carl->open());

  auto third = world.guest_page(visit);
  third->hello();
  EXPECT_EQ(answer("second.allow"), "ok");
  EXPECT_EQ(world.sign_roster(*ada, {carl.get(), third.get()}).string_or("code"), "roster.person_twice")
      << "fault C1: instead of the first, never beside it";
  EXPECT_TRUE(carl->open());
  const std::size_t told = carl->count("e2ee");
  ASSERT_EQ(world.sign_roster(*ada, {third.get()}).string_or("type"), "ok");
  world.exchange_keys({ada.get(), third.get()});
  EXPECT_EQ(carl->last("ended")->string_or("reason"), "other_device");
  EXPECT_EQ(carl->count("e2ee"), told)
      << "fault C1: the first is told why, and nothing that it would take for another reason";
  EXPECT_FALSE(world.media.flows(carl->endpoint(), ada->endpoint()));
  EXPECT_TRUE(world.media.flows(ada->endpoint(), third->endpoint()));
  EXPECT_EQ(world.count(visit, "waiting.admitted"), 1u) << "the person was in already";
  ada->say(JsonObject{{"type", "end"}});
}

TEST(Waiting, EachReasonForDecliningReachesTheCustomer) {
  World world;
  for (const char* reason : {"not_now", "wrong_person", "unrecorded", "closed"}) {
    Visit visit = world.schedule("never");
    auto [ada, carl] = world.both_enter(visit);
    EXPECT_EQ(ada->say_code(decline(visit, reason)), "ok");
    EXPECT_EQ(carl->last("declined")->string_or("reason"), reason);
    EXPECT_FALSE(carl->open());
    EXPECT_EQ(world.last_entry("waiting.denied").string_or("reason"), reason);
    EXPECT_EQ(world.meeting(visit).phase, Phase::kScheduled);
  }
  Visit visit = world.schedule("never");
  auto [ada, carl] = world.both_enter(visit);
  EXPECT_EQ(ada->say_code(decline(visit, "because I say so")), "reason.unknown");
  EXPECT_EQ(carl->say_code(decline(visit, "closed")), "access.denied");
  EXPECT_TRUE(carl->open());
}

TEST(Waiting, TheConsolesListDeclinesWithoutEntering) {
  World world;
  Visit visit = world.schedule("required");
  auto list = console(world, world.agent);
  auto carl = world.guest_page(visit);
  carl->hello();
  world.pass(300ms);
  ASSERT_EQ(waiting_on(*list), 1u);
  EXPECT_EQ(list->say_code(decline(visit, "never heard of it")), "reason.unknown");
  EXPECT_TRUE(list->open()) << "a refusal leaves the list as it is";
  EXPECT_EQ(list->say_code(decline(visit, "not_now")), "ok");
  EXPECT_EQ(carl->last("declined")->string_or("reason"), "not_now");
  EXPECT_EQ(world.count(visit, "staff.entered"), 0u) << "nobody was in the meeting";
  EXPECT_EQ(world.last_entry("waiting.denied").find("actor")->string_or("session"),
            world.agent.actor.session);
  world.pass(300ms);
  EXPECT_EQ(waiting_on(*list), 0u);
  EXPECT_EQ(list->say_code(decline(visit, "not_now")), "not_found") << "nobody waits there any more";
  EXPECT_EQ(list->say_code(JsonObject{{"type", "end"}}), "message.unknown")
      << "declining is all that the list can do";
}

TEST(Waiting, AConsoleDeclinesOnlyInItsOwnMeetings) {
  World world;
  world.add_user("eve@example.org", meeting::UserRole::kAgent);
  auto hers = console(world, world.log_in("eve@example.org"));
  auto officers = console(world, world.compliance);
  Visit visit = world.schedule("never");
  auto carl = world.guest_page(visit);
  world.pass(300ms);
  EXPECT_EQ(waiting_on(*hers), 0u);
  EXPECT_EQ(hers->say_code(decline(visit, "closed")), "not_found") << "not yours looks like not there";
  EXPECT_EQ(officers->say_code(decline(visit, "closed")), "not_found");
  Visit nowhere = visit;
  nowhere.meeting = meeting::MeetingId::make(world.time.now().utc, world.random);
  EXPECT_EQ(hers->say_code(decline(nowhere, "closed")), "not_found");
  EXPECT_TRUE(carl->open());
  EXPECT_EQ(world.count(visit, "access.denied"), 2u);
}

TEST(Waiting, BothSidesMayCancelAndTheOtherOneIsTold) {
  World world;
  Visit visit = world.schedule("never");
  auto carl = world.guest_page(visit);
  EXPECT_FALSE(world.meetings->cancel(world.compliance.actor, visit.meeting, "no"));
  ASSERT_TRUE(world.meetings->cancel(world.agent.actor, visit.meeting, "I am ill"));
  EXPECT_EQ(carl->last("ended")->string_or("reason"), "cancelled");
  EXPECT_EQ(world.meeting(visit).cancelled->by, "agent");
  EXPECT_TRUE(world.guests->open_link(visit.link_token, "en")) << "the page says kindly that it is over";
  EXPECT_EQ(world.last_entry("link.rejected").string_or("reason"), "cancelled");

  visit = world.schedule("never");
  world.come(visit);
  EXPECT_FALSE(world.guests->cancel(*world.guests->session(visit.guest_token), "other plans"));
  EXPECT_EQ(world.meeting(visit).cancelled->by, "customer");
  auto entry = world.last_entry("meeting.cancelled");
  EXPECT_EQ(write_json(entry).find("other plans"), std::string::npos)
      << "what somebody typed is no part of the log";

  visit = world.schedule("required");
  world.come(visit);
  world.answer_notice(visit, "declined");
  EXPECT_EQ(world.meeting(visit).phase, Phase::kCancelled);
  EXPECT_EQ(world.count(visit, "notice.declined"), 1u);

  visit = world.schedule("never");
  auto [ada, again] = world.both_enter(visit);
  world.admit(*ada, {again.get()});
  auto refused = world.meetings->cancel(world.agent.actor, visit.meeting, "too late");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "meeting.live");
  ada->say(JsonObject{{"type", "end"}});
}

TEST(Waiting, WhoLeavesTheWaitingRoomLeavesTheList) {
  World world;
  Visit visit = world.schedule("never");
  auto [ada, carl] = world.both_enter(visit);
  EXPECT_EQ(waiting_on(*ada), 1u);
  EXPECT_EQ(carl->say_code(JsonObject{{"type", "leave"}}), "ok");
  EXPECT_EQ(waiting_on(*ada), 0u);
  EXPECT_EQ(world.count(visit, "waiting.left"), 1u);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kScheduled);
}

// What a page says of a place that is kept is what happens (fault B8).
TEST(Waiting, FaultB8APlaceIsKeptForTheTimeThatThePageNames) {
  World world;
  Visit visit = world.schedule("never");
  auto [ada, carl] = world.both_enter(visit);
  const auto minutes = std::chrono::minutes(carl->last("queue")->integer_or("kept_min"));
  EXPECT_EQ(minutes, 10min);
  const std::int64_t since = ada->last("waiting")->find("list")->as_array()->front().integer_or("since");
  world.pass(1min);
  carl->drop();
  const Json away = ada->last("waiting")->find("list")->as_array()->front();
  EXPECT_EQ(away.integer_or("away_since"), world.time.now().utc.us / 1000);
  EXPECT_EQ(ada->sign_roster({carl.get()}).string_or("code"), "participant.away")
      << "nobody is let in who is not there";
  world.pass(minutes - 1s);
  ASSERT_EQ(waiting_on(*ada), 1u);
  Page back(world, false, "", visit.guest_token);
  EXPECT_TRUE(back.resume_from(*carl, carl->last_n()).bool_or("resumed"));
  const Json here = ada->last("waiting")->find("list")->as_array()->front();
  EXPECT_TRUE(here.find("away_since")->is_null());
  EXPECT_EQ(here.integer_or("since"), since);
  EXPECT_EQ(back.last("queue")->integer_or("waited_s"), 11 * 60 - 1);
  EXPECT_EQ(world.count(visit, "waiting.left"), 0u);
  world.admit(*ada, {&back});
  EXPECT_TRUE(world.media.flows(back.endpoint(), ada->endpoint()));
  ada->say(JsonObject{{"type", "end"}});
}

TEST(Waiting, FaultB8AfterThatTimeThePlaceIsGone) {
  World world;
  Visit visit = world.schedule("never");
  auto [ada, carl] = world.both_enter(visit);
  carl->drop();
  world.pass(10min + 1s);
  EXPECT_EQ(waiting_on(*ada), 0u);
  EXPECT_EQ(world.count(visit, "waiting.left"), 1u);
  Page late(world, false, "", visit.guest_token);
  EXPECT_EQ(late.resume_from(*carl, 0).string_or("code"), "resume.unknown");
}

TEST(Waiting, FaultB8ARestartOfTheServerKeepsThePlaceToo) {
  World world;
  Visit visit = world.schedule("never");
  auto [ada, carl] = world.both_enter(visit);
  world.restart();
  auto again = world.staff_page(visit, world.agent);
  world.pass(9min);
  ASSERT_EQ(waiting_on(*again), 1u);
  Page back(world, false, "", visit.guest_token);
  EXPECT_TRUE(back.resume_from(*carl, carl->last_n()).bool_or("resumed"));
  EXPECT_EQ(back.say_hello_again().string_or("type"), "ok")
      << "who waits says it again: nothing of it was stored";
  again->hello();
  world.admit(*again, {&back});
  EXPECT_TRUE(world.media.flows(back.endpoint(), again->endpoint()));
  again->say(JsonObject{{"type", "end"}});
}

TEST(Waiting, FaultB9AClosedPageIsGoneAtOnceAndAReloadedOneKeepsItsPlace) {
  World world;
  Visit visit = world.schedule("never");
  auto [ada, carl] = world.both_enter(visit);
  world.pass(1min);
  carl->drop(1001);
  EXPECT_EQ(waiting_on(*ada), 0u) << "nobody is there to be let in";
  world.pass(1s);
  auto reloaded = world.guest_page(visit);
  reloaded->hello();
  EXPECT_EQ(waiting_on(*ada), 1u);
  EXPECT_EQ(reloaded->last("queue")->integer_or("waited_s"), 61);
  EXPECT_EQ(world.count(visit, "waiting.left"), 0u);
  reloaded->drop(1001);
  world.pass(4s);
  EXPECT_EQ(world.count(visit, "waiting.left"), 1u);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kScheduled);
}

TEST(Waiting, AMeetingThatNobodyCameToExpires) {
  World world;
  Visit visit = world.schedule("never");
  world.pass(64min);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kScheduled);
  world.pass(2min);
  EXPECT_EQ(world.meeting(visit).phase, Phase::kExpired);
  EXPECT_EQ(world.count(visit, "meeting.expired"), 1u);
}

TEST(Waiting, AReplacedLinkOpensNothingAndWhoWaitsByItIsOutWithinSeconds) {
  World world;
  Visit visit = world.schedule("never");
  auto carl = world.guest_page(visit);
  ASSERT_TRUE(world.meetings->issue_link(world.agent.actor, visit.meeting));
  EXPECT_EQ(carl->last("ended")->string_or("reason"), "link_replaced") << "and not another device of theirs";
  EXPECT_FALSE(carl->open());
  world.pass(5s);
  EXPECT_FALSE(world.guests->open_link(visit.link_token, "en"));
  EXPECT_EQ(world.last_entry("link.rejected").string_or("reason"), "replaced");
  EXPECT_FALSE(world.guests->open_link("A-guess-of-thirty-two-characters", "en"));
  EXPECT_EQ(world.last_entry("link.rejected").string_or("reason"), "unknown");
}

TEST(Waiting, AReplacedLinkTakesNobodyOutOfTheCall) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  ASSERT_TRUE(world.meetings->issue_link(world.agent.actor, visit.meeting));
  world.pass(5s);
  EXPECT_TRUE(carl->open()) << "admitted by the steward's signature, removed by one";
  ada->say(JsonObject{{"type", "end"}});
}

}  // namespace
}  // namespace parlour::scenario

// Whether picture and sound can pass is the media plane's fact: it is told before admission, gates
// everything, and is measured by the device check.
#include "world.h"

namespace parlour::scenario {
namespace {

using app::media_fact::Connected;
using app::media_fact::Gone;
using app::media_fact::Heard;
using app::media_fact::Silent;

std::string path_in_list(const Page& staff) {
  const Json list = *staff.last("waiting")->find("list");
  return list.as_array()->empty() ? "" : list.as_array()->front().string_or("path");
}
std::string person(const Page& page, const Page& of, std::string_view field) {
  const Json people = *page.last("people")->find("list");
  for (const Json& one : *people.as_array())
    if (one.string_or("participant") == of.participant().text()) return one.string_or(field);
  return "";
}
std::string recorder_state(const Page& page) {
  return page.last("recording")->string_or("state");
}

struct Blocked {
  World world;
  Visit visit = world.schedule("required");
  World::Both both;

  // The customer's network lets no UDP through; the adviser's does.
  Blocked() {
    world.media.lets_through = [](app::EndpointKey) { return false; };
    both = world.both_enter(visit);
    world.media.report(both.ada->endpoint(), Connected{both.ada->endpoint()});
  }
  Page& ada() { return *both.ada; }
  Page& carl() { return *both.carl; }
  void open() { world.media.report(carl().endpoint(), Connected{carl().endpoint()}); }
};

TEST(FaultB4, TheAdviserIsToldBeforeAdmissionThatNobodyCanBeReached) {
  Blocked it;
  EXPECT_EQ(path_in_list(it.ada()), "pending");
  it.world.pass(9s);
  EXPECT_EQ(path_in_list(it.ada()), "pending");
  it.world.pass(2s);
  EXPECT_EQ(path_in_list(it.ada()), "none") << "although its page said that the network is good";
  it.open();
  EXPECT_EQ(path_in_list(it.ada()), "up");
  it.world.media.report(it.carl().endpoint(), Silent{it.carl().endpoint()});
  EXPECT_EQ(path_in_list(it.ada()), "none");
  it.world.media.report(it.carl().endpoint(), Heard{it.carl().endpoint()});
  EXPECT_EQ(path_in_list(it.ada()), "up");
}

TEST(FaultB4, NothingFlowsIsRecordedOrCalledAConversationWhileTheCustomerCanNotBeReached) {
  Blocked it;
  it.world.admit(it.ada(), {&it.carl()});
  it.world.pass(30s);
  EXPECT_FALSE(it.world.media.anything_flows());
  EXPECT_FALSE(it.world.media.recorded(it.ada().endpoint()));
  EXPECT_NE(recorder_state(it.ada()), "capturing");
  EXPECT_NE(recorder_state(it.carl()), "capturing");
  EXPECT_EQ(it.world.count(it.visit, "recording.capture_started"), 0u);
  EXPECT_FALSE(it.ada().last("media")->bool_or("allowed"));
  EXPECT_EQ(it.ada().last("media")->string_or("reason"), "no_path");
  EXPECT_EQ(person(it.ada(), it.carl(), "path"), "none");
  // Both pages have said "connected": the server's own fact stands against it.
  EXPECT_EQ(person(it.ada(), it.carl(), "state"), "admitted");
  EXPECT_EQ(it.world.count(it.visit, "meeting.started"), 0u);
  it.ada().say(JsonObject{{"type", "end"}});
  const Json ended = *it.carl().last("ended");
  EXPECT_FALSE(ended.bool_or("recorded", true));
  EXPECT_FALSE(ended.bool_or("conversation", true));
  EXPECT_TRUE(ended.bool_or("no_path")) << "measured: this is what the goodbye may say of the network";
  EXPECT_EQ(ended.find("kept_until"), nullptr);
}

// No conversation came about, and nobody's network is to blame.
TEST(FaultPages, TheNetworkIsBlamedForNothingThatItDidNotDo) {
  struct End {
    const char* name;
    std::function<Json(World&, Page& ada, Page& carl)> go;
  };
  const Json leave = JsonObject{{"type", "leave"}};
  const Json end = JsonObject{{"type", "end"}};
  const End ends[] = {
      {"the customer leaves where the page asks",
       [&](World& world, Page&, Page& carl) {
         world.pass(20s);
         return carl.say(leave);
       }},
      {"the adviser ends it early",
       [&](World& world, Page& ada, Page& carl) {
         world.pass(20s);
         ada.say(end);
         return *carl.last("ended");
       }},
      {"the adviser leaves", [&](World&, Page& ada, Page&) { return ada.say(leave); }},
      {"the adviser's session ends",
       [&](World& world, Page& ada, Page&) {
         world.accounts->log_out(world.agent.token);
         world.pass(5s);
         return *ada.last("ended");
       }},
  };
  for (const char* type : {"required", "never"}) {
    for (const End& way : ends) {
      SCOPED_TRACE(std::string(way.name) + ", " + type);
      World world;
      Visit visit = world.schedule(type);
      auto [ada, carl] = world.both_enter(visit);
      ASSERT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
      ada->sender_key();
      const Json told = way.go(world, *ada, *carl);
      EXPECT_FALSE(told.bool_or("conversation", true)) << write_json(told);
      EXPECT_FALSE(told.bool_or("no_path", true)) << write_json(told);
      EXPECT_FALSE(told.bool_or("recorded", true)) << "nobody's packet was written";
      ada->say(end);
      world.pass(6min);
    }
    // One second after Admit, while a path is still being tried.
    World world;
    world.media.lets_through = [](app::EndpointKey) { return false; };
    Visit visit = world.schedule(type);
    auto [ada, carl] = world.both_enter(visit);
    ASSERT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
    world.pass(1s);
    EXPECT_FALSE(carl->say(leave).bool_or("no_path", true));
    ada->say(end);
    world.pass(5s);
  }
}

TEST(FaultPages, WhoIsLeftAloneBeforeAConversationSpeaksToNobodyOnTheRecord) {
  World world;
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  ASSERT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
  ada->sender_key();
  world.pass(65s);
  // The customer, whom the page asks whether to go on, has not answered: left out.
  ASSERT_EQ(ada->sign_roster({}).string_or("type"), "ok");
  world.exchange_keys({ada.get()});
  world.pass(10s);
  EXPECT_FALSE(world.media.recorded(ada->endpoint()));
  EXPECT_EQ(recorder_state(*ada), "requested");
  // And comes back by the answer.
  carl->hello(carl->ep_bytes());
  world.admit(*ada, {carl.get()});
  EXPECT_TRUE(world.media.recorded(ada->endpoint()));
  EXPECT_EQ(recorder_state(*carl), "capturing");
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(FaultB4, ItGoesOnByItselfWhenTheNetworkDoes) {
  Blocked it;
  it.world.admit(it.ada(), {&it.carl()});
  it.world.pass(60s);
  EXPECT_TRUE(it.carl().open()) << "nobody is thrown out for a network";
  it.open();
  it.world.pass(500ms);
  EXPECT_TRUE(it.world.media.flows(it.ada().endpoint(), it.carl().endpoint()));
  EXPECT_TRUE(it.world.media.flows(it.carl().endpoint(), it.ada().endpoint()));
  EXPECT_TRUE(it.world.media.recorded(it.carl().endpoint()));
  EXPECT_EQ(recorder_state(it.carl()), "capturing");
  EXPECT_TRUE(it.carl().last("media")->bool_or("allowed"));
  EXPECT_EQ(person(it.ada(), it.carl(), "state"), "connected");
  EXPECT_EQ(it.world.count(it.visit, "meeting.started"), 1u);
  // A path that is lost afterwards is a gap of the call, and stops nobody.
  it.world.media.report(it.carl().endpoint(), Silent{it.carl().endpoint()});
  EXPECT_TRUE(it.world.media.recorded(it.ada().endpoint()));
  it.world.recorder.first_packet(it.carl().endpoint(), 0);
  it.ada().say(JsonObject{{"type", "end"}});
  EXPECT_TRUE(it.carl().last("ended")->bool_or("recorded"));
  EXPECT_TRUE(it.carl().last("ended")->bool_or("conversation"));
  it.world.pass(5s);
}

TEST(FaultB4, ACallThatIsNotRecordedWaitsForTheSameFact) {
  World world;
  Visit visit = world.schedule("never");
  world.media.lets_through = [](app::EndpointKey) { return false; };
  World::Both both = world.both_enter(visit);
  world.admit(*both.ada, {both.carl.get()});
  EXPECT_FALSE(world.media.anything_flows());
  EXPECT_EQ(both.ada->last("media")->string_or("reason"), "no_path");
  for (Page* page : {both.ada.get(), both.carl.get()})
    world.media.report(page->endpoint(), Connected{page->endpoint()});
  EXPECT_TRUE(world.media.flows(both.ada->endpoint(), both.carl->endpoint()));
  EXPECT_TRUE(both.ada->last("media")->bool_or("allowed"));
}

TEST(FaultB4, AnAssociationThatIsOverGetsAnotherEndpointAndALostOneDoesNot) {
  Blocked it;
  const app::EndpointKey first = it.carl().endpoint();
  it.world.media.report(first, Gone{first, false});
  EXPECT_EQ(it.carl().say_code(JsonObject{{"type", "ice.restart"}}), "ok");
  EXPECT_EQ(it.carl().endpoint(), first);
  it.world.media.report(first, Gone{first, true});
  EXPECT_EQ(it.carl().say_code(JsonObject{{"type", "ice.restart"}}), "ok");
  EXPECT_NE(it.carl().endpoint(), first);
}

TEST(FaultB4, TheDeviceCheckAsksTheMediaPlaneAndLeavesNothingBehind) {
  World world;
  Visit visit = world.schedule("required");
  world.come(visit);
  bool open = false;
  world.media.lets_through = [&](app::EndpointKey) { return open; };
  const Json probe = JsonObject{{"type", "probe"}, {"as", "guest"}, {"csrf", visit.csrf}};
  {
    Page page(world, false, "", visit.guest_token);
    EXPECT_EQ(page.say_code(probe), "ok");
    ASSERT_TRUE(page.last("offer"));
    EXPECT_EQ(page.say_code(JsonObject{{"type", "answer"}, {"gen", 1}, {"sdp", "v=0"}}), "ok");
    EXPECT_EQ(page.say_code(JsonObject{{"type", "answer"}, {"gen", 1}, {"sdp", "x"}}), "answer.malformed");
    EXPECT_EQ(page.say_code(JsonObject{{"type", "end"}}), "message.unknown");
    world.pass(11s);
    EXPECT_TRUE(page.open());
    EXPECT_FALSE(page.last("path"));
    world.media.report(page.endpoint(), Connected{page.endpoint()});
    EXPECT_EQ(page.last("path")->string_or("state"), "up");
    world.pass(20s);
    EXPECT_FALSE(page.open()) << "no check is kept for longer than 30 s";
  }
  EXPECT_EQ(world.media.endpoints(), 0u);
  open = true;
  Page quick(world, false, "", visit.guest_token);
  EXPECT_EQ(quick.say_code(probe), "ok");
  EXPECT_TRUE(quick.last("path"));
  quick.drop();
  EXPECT_EQ(world.media.endpoints(), 0u);

  Page stranger(world, false, "", visit.guest_token);
  EXPECT_EQ(stranger.say_code(JsonObject{{"type", "probe"}, {"as", "guest"}, {"csrf", "of another page"}}),
            "session.missing");
  EXPECT_FALSE(stranger.open());
  Page staff(world, true, world.agent.token, "");
  EXPECT_EQ(staff.say_code(JsonObject{{"type", "probe"}, {"as", "staff"}, {"csrf", world.agent.csrf}}), "ok");
  std::vector<std::unique_ptr<Page>> many;
  std::string last;
  for (const Login* who : {&world.agent, &world.compliance}) {
    for (int i = 0; i < 40; ++i) {
      many.push_back(std::make_unique<Page>(world, true, who->token, ""));
      last = many.back()->say_code(JsonObject{{"type", "probe"}, {"as", "staff"}, {"csrf", who->csrf}});
    }
    if (who == &world.agent) {
      EXPECT_EQ(last, "rate.exceeded") << "one person does not ask for everybody's";
    }
  }
  EXPECT_EQ(last, "probe.busy");
}

}  // namespace
}  // namespace parlour::scenario

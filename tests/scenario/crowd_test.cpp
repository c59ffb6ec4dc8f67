// What one person can make the house do and keep, who holds a link and was never let in: nothing that others
// would notice, and nothing that stays (fault H2, and the rates of fault H10). Beside it a recorded call runs
// that must never stall.
#include <ctime>

#include "world.h"

namespace parlour::scenario {
namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::int64_t rows(World& world, const std::string& table) {
  auto count = world.store->database().query_one("SELECT count(*) FROM " + table, {},
                                                 [](sql::Row& row) { return row.integer(0); });
  return count->value_or(-1);
}

// A recorded call of other people, and a link to another meeting in bad hands.
struct House {
  World world;
  World::Call call = world.in_call("required");
  Visit visit = world.schedule("required");
  std::unique_ptr<Page> mallory = world.guest_page(visit);

  void others_are_well() {
    world.pass(3s);
    EXPECT_TRUE(world.media.flows(call.carl->endpoint(), call.ada->endpoint()));
    EXPECT_TRUE(world.media.recorded(call.carl->endpoint()));
    EXPECT_EQ(world.count(call.visit, "media.stopped"), 0u) << "the recorded call stalled";
    EXPECT_EQ(world.count(call.visit, "recording.gap"), 0u);
  }
  // The adviser of the attacked meeting comes, lets the newest device in, and they talk.
  void admission_works() {
    mallory->hello();
    auto ada = world.staff_page(visit, world.agent);
    ASSERT_TRUE(ada->last("welcome")) << "the adviser does not get in";
    EXPECT_LT(write_json(*ada->last("welcome")).size(), 16u * 1024);
    ada->hello();
    world.admit(*ada, {mallory.get()});
    EXPECT_TRUE(world.media.flows(mallory->endpoint(), ada->endpoint()));
    ada->say(JsonObject{{"type", "end"}});
    world.pass(5s);
  }
  void end() {
    others_are_well();
    call.ada->say(JsonObject{{"type", "end"}});
    world.pass(5s);
  }
};

TEST(FaultH2, AThousandHellosAndFiftyRefusedMessagesCostTheOthersNothing) {
  House house;
  World& world = house.world;
  const std::int64_t messages = rows(world, "call_message"), entries = rows(world, "audit_entry");
  const double before = cpu_seconds();
  for (int i = 0; i < 1000 && house.mallory->open(); ++i) house.mallory->hello();
  for (int i = 0; i < 50 && house.mallory->open(); ++i) house.mallory->say_another_hello();
  EXPECT_LT(cpu_seconds() - before, 1.5) << "seconds of the thread that everybody needs";
  EXPECT_EQ(rows(world, "call_message"), messages) << "who was never let in has said nothing in a call";
  EXPECT_EQ(rows(world, "audit_entry"), entries);
  EXPECT_FALSE(house.mallory->open()) << "no page of ours says so much";
  world.pass(2min);
  house.mallory = world.guest_page(house.visit);
  house.admission_works();
  house.end();
}

TEST(FaultH2, LongHellosAreRefusedAndTheAdviserStillGetsIn) {
  House house;
  World& world = house.world;
  const std::int64_t messages = rows(world, "call_message");
  int refused = 0;
  for (int i = 0; i < 48; ++i) {
    world.pass(5s);
    refused += house.mallory->hello_of(16 * 1024) == "hello.too_long" ? 1 : 0;
  }
  EXPECT_EQ(refused, 48);
  EXPECT_EQ(rows(world, "call_message"), messages);
  house.admission_works();
  house.end();
}

TEST(FaultH2, MoreSmallHellosThanTheChainHoldsPushNobodyOut) {
  House house;
  World& world = house.world;
  auto ada = world.staff_page(house.visit, world.agent);
  ada->hello();
  for (int i = 0; i < 600; ++i) {
    world.pass(5s);
    house.mallory->hello();
    ASSERT_EQ(house.mallory->last_code(), "ok") << i;
  }
  EXPECT_EQ(ada->last("waiting")->find("list")->as_array()->size(), 1u);
  // The adviser's Hello was said before all of them, and still counts.
  world.admit(*ada, {house.mallory.get()});
  EXPECT_TRUE(world.media.flows(house.mallory->endpoint(), ada->endpoint()));
  EXPECT_EQ(world.store->messages(ada->call()).size(), 11u)
      << "2 Hellos, a Roster, 2 keys, 4 acknowledgements, 2 switches";
  ada->say(JsonObject{{"type", "end"}});
  house.end();
}

TEST(FaultH2, TheConsolesListDoesNotCarryWhatGuestsSay) {
  House house;
  World& world = house.world;
  Page list(world, true, world.agent.token, "");
  list.say(JsonObject{{"type", "watch"}, {"as", "staff"}, {"csrf", world.agent.csrf}});
  EXPECT_EQ(house.mallory->hello_of(1500), "ok");
  world.pass(300ms);
  const Json told = *list.last("waiting");
  ASSERT_EQ(told.find("list")->as_array()->size(), 1u);
  EXPECT_TRUE(told.find("list")->as_array()->front().bool_or("ready"));
  EXPECT_LT(write_json(told).size(), 1024u) << "200 of them would be too much for the console's socket";
  house.end();
}

TEST(FaultH2, ARosterNamesTheHelloThatWasSeenOrNobody) {
  House house;
  World& world = house.world;
  house.mallory->hello();
  auto ada = world.staff_page(house.visit, world.agent);
  ada->hello();
  e2ee::Roster seen = ada->next_roster({house.mallory.get()});
  house.mallory->hello();
  EXPECT_EQ(ada->sign(seen).string_or("code"), "roster.unknown_member")
      << "the one on the screen was replaced";
  EXPECT_EQ(rows(world, "call_message"),
            static_cast<std::int64_t>(world.store->messages(house.call.ada->call()).size()));
  house.mallory->say(JsonObject{{"type", "leave"}});
  EXPECT_EQ(ada->sign_roster({house.mallory.get()}).string_or("code"), "roster.unknown_member");
  house.end();
}

TEST(FaultH2, AReloadLoopLeavesNothingAndIsSlowedByPersonNotBySocket) {
  House house;
  World& world = house.world;
  const std::int64_t entries = rows(world, "audit_entry");
  int came_in = 0;
  for (int i = 0; i < 300; ++i) {
    house.mallory = world.guest_page(house.visit);
    came_in += house.mallory->last("welcome") ? 1 : 0;
    house.mallory->say(JsonObject{{"type", "leave"}});
  }
  EXPECT_LE(came_in, 14);
  EXPECT_LE(rows(world, "audit_entry") - entries, 30);
  EXPECT_LE(rows(world, "presence"), 3);
  EXPECT_EQ(house.mallory->close_code(), 1013) << "later, not never";
  world.pass(1min);
  house.mallory = world.guest_page(house.visit);
  EXPECT_TRUE(house.mallory->last("welcome"));
  house.admission_works();
  house.end();
}

TEST(FaultH2, OneCookieHasOnlySoManySockets) {
  House house;
  World& world = house.world;
  std::vector<std::unique_ptr<Page>> pages;
  for (int i = 0; i < 100; ++i)
    pages.push_back(std::make_unique<Page>(world, false, "", house.visit.guest_token));
  EXPECT_LE(std::count_if(pages.begin(), pages.end(), [](auto& page) { return page->open(); }), 16);
  for (auto& page : pages) page->drop();
  world.pass(1s);
  Page again(world, false, "", house.visit.guest_token);
  EXPECT_TRUE(again.open());
  house.end();
}

TEST(FaultH2, ALinkThatIsOpenedAgainAndAgainKeepsFewSessions) {
  World world;
  Visit visit = world.schedule("never");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(world.guests->open_link(visit.link_token, "en"));
  EXPECT_LE(rows(world, "guest_session"), 32);
  EXPECT_EQ(world.count(visit, "link.opened"), 1u);
}

TEST(FaultH2, ProgressOfALongCallIsKeptOnce) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  const std::size_t before = world.store->messages(ada->call()).size();
  for (int i = 0; i < 100; ++i) {
    world.pass(10s);
    EXPECT_EQ(carl->say_progress(100 + i), "ok");
  }
  EXPECT_EQ(world.store->messages(ada->call()).size(), before + 1);
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(FaultH10, FourHundredShareTogglesAreFewEntries) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  for (int i = 0; i < 400 && carl->open(); ++i) {
    carl->say(JsonObject{{"type", i % 2 == 0 ? "share.start" : "share.stop"}});
    world.pass(100ms);
  }
  EXPECT_LE(world.count(visit, "share.started") + world.count(visit, "share.stopped"), 40u);
  EXPECT_TRUE(ada->last("share")->find("participant")->is_null()) << "an end is never refused";
  EXPECT_TRUE(carl->open());
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

TEST(FaultH10, SwitchesAreFoldedAndTheLastOneIsTold) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  const std::size_t before = ada->count("people");
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(carl->say_code(JsonObject{{"type", "self"}, {"mic", i % 2 == 0}, {"camera", true}}), "ok");
    if (i % 10 == 9) world.pass(1s);
  }
  world.pass(1s);
  EXPECT_LE(ada->count("people") - before, 130u);
  const Json people = *ada->last("people");
  for (const Json& person : *people.find("list")->as_array())
    EXPECT_FALSE(person.string_or("role") == "customer" && person.bool_or("mic"));
  ada->say(JsonObject{{"type", "end"}});
}

}  // namespace
}  // namespace parlour::scenario

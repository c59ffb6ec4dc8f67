// What people are told on their way out of a call, and about those who are lost: facts B1, B6 and B7 of the
// page.
#include "world.h"

namespace parlour::scenario {
namespace {

using app::RecordingRow;

// The recording's own word: of the row that sealing writes.
std::optional<std::int64_t> kept_until(World& world, const Visit& visit) {
  std::vector<RecordingRow> rows = world.store->of_meeting(visit.meeting);
  if (rows.empty() || !rows.front().keep_until) return std::nullopt;
  return rows.front().keep_until->us / 1000;
}

enum class Capture { kNever, kBefore, kNoPacket, kAfter };

struct Told {
  std::optional<bool> recorded;
  std::optional<std::int64_t> until;
};
Told told_by(const Json& message) {
  Told told;
  if (message.find("recorded") != nullptr) told.recorded = message.bool_or("recorded");
  if (message.find("kept_until") != nullptr) told.until = message.integer_or("kept_until");
  return told;
}

// A call of a type that is never recorded; of one that must be, whose recorder has not begun, or has written
// nobody's packet yet; and one that is recorded.
World::Call call_with(World& world, Capture capture) {
  if (capture != Capture::kBefore) {
    World::Call call = world.in_call(capture == Capture::kNever ? "never" : "required");
    if (capture == Capture::kAfter) world.recorder.first_packet(call.carl->endpoint(), 0);
    return call;
  }
  Visit visit = world.schedule("required");
  auto [ada, carl] = world.both_enter(visit);
  world.vault.acknowledges = false;
  world.recorder.starts = false;
  EXPECT_EQ(world.sign_roster(*ada, {carl.get()}).string_or("type"), "ok");
  for (Page* page : {ada.get(), carl.get()}) page->sender_key();
  return {visit, std::move(ada), std::move(carl)};
}

struct WayOut {
  const char* name;
  // Takes the customer (or the adviser) out and gives the message by which the page learnt it.
  std::function<Json(World&, World::Call&)> go;
};

const WayOut kWaysOut[] = {
    {"the customer leaves",
     [](World&, World::Call& call) {
       return call.carl->say(JsonObject{{"type", "leave"}});
     }},
    {"the adviser leaves",
     [](World&, World::Call& call) {
       return call.ada->say(JsonObject{{"type", "leave"}});
     }},
    {"the adviser ends, told to the adviser",
     [](World&, World::Call& call) {
       return call.ada->say(JsonObject{{"type", "end"}});
     }},
    {"the adviser ends, told to the customer",
     [](World&, World::Call& call) {
       call.ada->say(JsonObject{{"type", "end"}});
       return *call.carl->last("ended");
     }},
    {"a newer page of the customer takes the place",
     [](World& world, World::Call& call) {
       e2ee::EndpointId before = call.carl->ep_bytes();
       auto again = world.guest_page(call.visit);
       again->keep_signing_key_of(*call.carl);
       again->hello(before);
       EXPECT_EQ(call.ada->sign_roster({again.get()}).string_or("type"), "ok");
       return *call.carl->last("ended");
     }},
    {"the adviser's session ends",
     [](World& world, World::Call& call) {
       world.accounts->log_out(world.agent.token);
       world.pass(5s);
       return *call.ada->last("ended");
     }},
    {"another computer takes over from a lost one",
     [](World& world, World::Call& call) {
       call.ada->drop();
       auto other = world.staff_page(call.visit, world.agent, /*take_over=*/true);
       Page woken(world, true, world.agent.token, "");
       woken.resume_from(*call.ada, call.ada->last_n());
       EXPECT_EQ(woken.close_code(), 4001);
       EXPECT_EQ(woken.last("ended")->string_or("reason"), "other_device");
       return *woken.last("ended");
     }},
    {"the adviser is away until the meeting is over",
     [](World& world, World::Call& call) {
       call.ada->drop();
       world.pass(6min);
       Page woken(world, true, world.agent.token, "");
       EXPECT_EQ(woken.resume_from(*call.ada, call.ada->last_n()).string_or("code"), "meeting.over");
       EXPECT_EQ(woken.last("ended")->string_or("reason"), "held_too_long");
       return *woken.last("ended");
     }},
    {"held too long, told to the customer",
     [](World& world, World::Call& call) {
       call.ada->drop();
       world.pass(6min);
       return *call.carl->last("ended");
     }},
};

TEST(FaultB1, EveryWayOutTellsTheTruthAboutTheRecording) {
  for (const WayOut& way : kWaysOut) {
    for (Capture capture : {Capture::kNever, Capture::kBefore, Capture::kNoPacket, Capture::kAfter}) {
      SCOPED_TRACE(std::string(way.name) + (capture == Capture::kNever      ? ", never recorded"
                                            : capture == Capture::kBefore   ? ", before the capture"
                                            : capture == Capture::kNoPacket ? ", before the first packet"
                                                                            : ", recorded"));
      World world;
      World::Call call = call_with(world, capture);
      world.pass(10s);
      const Json message = way.go(world, call);
      const Told told = told_by(message);
      ASSERT_TRUE(told.recorded) << write_json(message);
      EXPECT_EQ(*told.recorded, capture == Capture::kAfter) << write_json(message);
      EXPECT_EQ(told.until.has_value(), capture == Capture::kAfter);
      if (world.meeting(call.visit).phase != meeting::Phase::kEnded)
        call.ada->say(JsonObject{{"type", "end"}});
      world.pass(6min);
      if (capture == Capture::kAfter) {
        EXPECT_EQ(told.until, kept_until(world, call.visit)) << "the printed time is the enforced one";
      }
    }
  }
}

TEST(FaultB1, ADatabaseThatRefusesMakesNobodySayThatNothingWasRecorded) {
  World world;
  auto [visit, ada, carl] = world.in_call("required");
  world.pass(10s);
  world.store_may_fail = true;
  world.hide_table("recording");
  ada->say(JsonObject{{"type", "end"}});
  if (auto ended = carl->last("ended")) {
    EXPECT_TRUE(ended->bool_or("recorded", true)) << write_json(*ended);
  }
  world.show_tables();
  world.pass(10s);
}

// Who shares, by what the other page was told last.
std::string sharing(const Page& page) {
  auto share = page.last("share");
  return share ? share->string_or("participant") : "";
}
bool marked_sharing(const Page& page) {
  const Json people = *page.last("people");
  for (const Json& person : *people.find("list")->as_array())
    if (person.bool_or("sharing")) return true;
  return false;
}

TEST(FaultB6, AShareEndsWithWhateverEndsTheOneWhoShares) {
  struct End {
    const char* name;
    std::function<void(World&, World::Call&)> happen;
  };
  const End ends[] = {
      {"stopped",
       [](World&, World::Call& call) {
         call.carl->say(JsonObject{{"type", "share.stop"}});
       }},
      {"left",
       [](World&, World::Call& call) {
         call.carl->say(JsonObject{{"type", "leave"}});
       }},
      {"silent for 5 s",
       [](World& world, World::Call& call) {
         world.media.report(call.carl->endpoint(), app::media_fact::Silent{call.carl->endpoint()});
       }},
      {"its connection closed",
       [](World& world, World::Call& call) {
         world.media.report(call.carl->endpoint(), app::media_fact::Gone{call.carl->endpoint()});
       }},
      {"lost for 30 s",
       [](World& world, World::Call& call) {
         call.carl->drop();
         world.pass(31s);
       }},
      {"stopped by the guard",
       [](World& world, World::Call& call) {
         world.media.report(call.carl->endpoint(),
                            app::media_fact::GuardTripped{call.carl->endpoint(), 2, "plaintext"});
       }},
      {"stopped by a check of its own",
       [](World&, World::Call& call) {
         call.carl->say(JsonObject{{"type", "failed"}, {"check", "roster.prev"}, {"detail", ""}});
       }},
      {"reloaded",
       [](World& world, World::Call& call) {
         e2ee::EndpointId before = call.carl->ep_bytes();
         auto again = world.guest_page(call.visit);
         again->keep_signing_key_of(*call.carl);
         again->hello(before);
         EXPECT_EQ(call.ada->sign_roster({again.get()}).string_or("type"), "ok");
       }},
  };
  for (const End& end : ends) {
    SCOPED_TRACE(end.name);
    World world;
    World::Call call = world.in_call("never");
    ASSERT_EQ(call.carl->say_code(JsonObject{{"type", "share.start"}}), "ok");
    ASSERT_EQ(sharing(*call.ada), call.carl->participant().text());
    ASSERT_TRUE(marked_sharing(*call.ada));
    end.happen(world, call);
    EXPECT_EQ(sharing(*call.ada), "");
    EXPECT_FALSE(marked_sharing(*call.ada));
    EXPECT_EQ(world.count(call.visit, "share.stopped"), 1u);
    EXPECT_EQ(call.ada->say_code(JsonObject{{"type", "share.start"}}), "ok") << "nobody else is sharing";
    call.ada->say(JsonObject{{"type", "end"}});
    world.pass(5s);
  }
}

TEST(FaultB6, AShareEndsWithItsCall) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  ASSERT_EQ(carl->say_code(JsonObject{{"type", "share.start"}}), "ok");
  ada->drop();
  world.pass(31s);
  ASSERT_EQ(carl->count("held"), 1u);
  EXPECT_EQ(sharing(*carl), "") << "its own page takes the screen back";
  auto again = world.staff_page(visit, world.agent);
  EXPECT_EQ(sharing(*again), "");
  again->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

bool told_silent(const Page& page, const meeting::ParticipantId& of) {
  const Json people = *page.last("people");
  for (const Json& person : *people.find("list")->as_array())
    if (person.string_or("participant") == of.text()) return person.bool_or("silent");
  return false;
}

TEST(FaultB7, WhoIsSilentIsToldToTheOtherLongBeforeTheSocketIsGivenUp) {
  World world;
  auto [visit, ada, carl] = world.in_call("never");
  EXPECT_FALSE(told_silent(*ada, carl->participant()));
  world.media.report(carl->endpoint(), app::media_fact::Silent{carl->endpoint()});
  EXPECT_TRUE(told_silent(*ada, carl->participant()));
  EXPECT_TRUE(carl->open());
  EXPECT_EQ(world.count(visit, "participant.lost"), 0u) << "the socket is there";
  world.media.report(carl->endpoint(), app::media_fact::Heard{carl->endpoint()});
  EXPECT_FALSE(told_silent(*ada, carl->participant()));
  // The adviser's silence is told to the customer.
  world.media.report(ada->endpoint(), app::media_fact::Silent{ada->endpoint()});
  EXPECT_TRUE(told_silent(*carl, ada->participant()));
  ada->say(JsonObject{{"type", "end"}});
  world.pass(5s);
}

}  // namespace
}  // namespace parlour::scenario

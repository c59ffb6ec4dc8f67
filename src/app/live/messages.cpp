// What a page says, one handler for each message (docs/features/signalling.md). Each answers with `ok` or
// `refused`.
#include <array>

#include "app/live_meeting.h"

namespace parlour::app {
namespace {

using namespace meeting;

// The name of a client's check as the log takes it: 1 to 64 of a-z 0-9 . _ -, whatever the client sent.
std::string check_name(const std::string& text) {
  bool good = !text.empty() && text.size() <= 64 &&
              text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
  return good ? text : "unknown";
}

}  // namespace

void LiveMeeting::on_message(PresenceId id, const Json& message) {
  using Handler = void (LiveMeeting::*)(Presence&, std::int64_t, const Json&);
  static constexpr std::array<std::pair<std::string_view, Handler>, 13> kHandlers{{
      {"e2ee", &LiveMeeting::take_e2ee},
      {"answer", &LiveMeeting::take_answer},
      {"ice.restart", &LiveMeeting::take_ice_restart},
      {"self", &LiveMeeting::take_self},
      {"share.start", &LiveMeeting::take_share_start},
      {"share.stop", &LiveMeeting::take_share_stop},
      {"connected", &LiveMeeting::take_connected},
      {"decline", &LiveMeeting::take_decline},
      {"second.allow", &LiveMeeting::take_second},
      {"second.refuse", &LiveMeeting::take_second},
      {"leave", &LiveMeeting::take_leave},
      {"end", &LiveMeeting::take_end},
      {"failed", &LiveMeeting::take_failed},
  }};
  Presence* presence = find(id);
  if (presence == nullptr) return;
  const std::string type = message.string_or("type");
  const std::int64_t re = message.integer_or("id", -1);
  if (over_ && type != "e2ee") return;
  for (const auto& [name, handler] : kHandlers)
    if (name == type) return (this->*handler)(*presence, re, message);
  refuse(*presence, re, {"message.unknown", "This message is not known here.", {}});
}

// After the end only the last Progress of each: how much there was to record.
void LiveMeeting::take_e2ee(Presence& presence, std::int64_t re, const Json& message) {
  const Json* inner = message.find("m");
  if (over_ && (inner == nullptr || inner->string_or("t") != "Progress")) return;
  on_signed(presence, re, inner != nullptr ? *inner : Json());
}

void LiveMeeting::take_answer(Presence& presence, std::int64_t re, const Json& message) {
  std::int64_t generation = message.integer_or("gen");
  if (generation < 0 || generation > UINT32_MAX) generation = 0;  // none of ours
  context_.media.accept_answer(
      presence.endpoint, static_cast<std::uint32_t>(generation), message.string_or("sdp"),
      [this, alive = alive_, id = presence.id, re](Result<void, std::string> result) {
        Presence* target = *alive ? find(id) : nullptr;
        if (target == nullptr) return;
        if (result) return ok(*target, re);
        refuse(*target, re, {"answer." + result.error(), "The answer was refused: " + result.error(), {}});
      });
}

void LiveMeeting::take_ice_restart(Presence& presence, std::int64_t re, const Json&) {
  // A finished or failed DTLS association never comes back: its page gets another endpoint.
  if (presence.path_over)
    attach_media(presence);
  else
    offer(presence, true);
  ok(presence, re);
}

void LiveMeeting::take_self(Presence& presence, std::int64_t re, const Json& message) {
  presence.mic = message.bool_or("mic");
  presence.camera = message.bool_or("camera");
  // Never refused, since what is shown has to be what is: beyond the rate the newest is told a moment later.
  if (listener_.may(presence.participant, Talk::kSelf))
    push_people();
  else
    people_due_ = true;
  ok(presence, re);
}

void LiveMeeting::take_share_start(Presence& presence, std::int64_t re, const Json&) {
  if (!presence.member)
    return refuse(presence, re, {"not_admitted", "Only people in the call can share.", {}});
  if (sharing_ && sharing_ != presence.id)
    return refuse(presence, re, {"share.busy", "Somebody else is sharing.", {}});
  set_sharing(presence, true, presence.actor);
  ok(presence, re);
}

void LiveMeeting::take_share_stop(Presence& presence, std::int64_t re, const Json&) {
  set_sharing(presence, false, presence.actor);
  ok(presence, re);
}

// The others go back to the faces at once: what stood on the shared screen last may be the wrong window.
// `actor`: who did it; the system, where the one who shared is lost or stopped.
void LiveMeeting::set_sharing(Presence& presence, bool start, const Actor& actor) {
  if (start == (sharing_ == presence.id)) return;
  AuditRecord record;
  record.type = start ? "share.started" : "share.stopped";
  record.actor = actor;
  record.meeting = meeting_.id;
  record.subject = {"participant", presence.participant.text()};
  // The end is told before it is written: a database that refuses must not leave a screen standing.
  if (start)
    note(context_, record), sharing_ = presence.id;
  else
    sharing_.reset();
  push_all("share", JsonObject{{"participant", start ? Json(presence.participant.text()) : Json()}});
  push_people();
  if (!start) note(context_, std::move(record));
}

// Nothing to do with what the person wants: their page is lost or gone, or sends nothing more.
void LiveMeeting::end_sharing() {
  Presence* presence = sharing_ ? find(*sharing_) : nullptr;
  if (presence != nullptr) set_sharing(*presence, false, Actor::system());
}

void LiveMeeting::take_connected(Presence& presence, std::int64_t re, const Json&) {
  if (!presence.member) return refuse(presence, re, {"not_admitted", "Not in the call.", {}});
  // What the page says counts once the media plane says so too: a page without a path is not in the
  // conversation.
  presence.says_connected = true;
  if (presence.path == MediaPath::kUp) {
    Decision decision = run(command::Connect{presence.participant}, presence.actor);
    if (!decision) return refuse(presence, re, decision.error());
  }
  push_people();
  ok(presence, re);
}

// The customer whom a message of the adviser names; answers by itself when there is none.
std::optional<ParticipantId> LiveMeeting::customer_named(Presence& presence, std::int64_t re,
                                                         const Json& message) {
  if (!presence.staff) {
    refuse(presence, re, {"access.denied", "Only the adviser can do this.", {"agent"}});
    return std::nullopt;
  }
  auto participant = ParticipantId::from_text(message.string_or("participant"));
  const Participant* person = participant ? meeting_.find(*participant) : nullptr;
  if (person != nullptr && person->role == ParticipantRole::kCustomer) return *participant;
  refuse(presence, re, {"participant.unknown", "No such customer.", {}});
  return std::nullopt;
}

void LiveMeeting::take_decline(Presence& presence, std::int64_t re, const Json& message) {
  auto participant = customer_named(presence, re, message);
  if (!participant) return;
  if (auto refusal = decline(*participant, message.string_or("reason"), presence.actor))
    return refuse(presence, re, *refusal);
  ok(presence, re);
}

// A second device: allowed by the Roster that names it, which follows; refused here and now.
void LiveMeeting::take_second(Presence& presence, std::int64_t re, const Json& message) {
  auto participant = customer_named(presence, re, message);
  if (!participant) return;
  if (message.string_or("type") == "second.refuse") turn_away(*participant, "other_device");
  ok(presence, re);
}

void LiveMeeting::take_leave(Presence& presence, std::int64_t re, const Json&) {
  ok(presence, re, farewell(JsonObject{}));
  leave(presence, "left");
}

void LiveMeeting::take_end(Presence& presence, std::int64_t re, const Json&) {
  if (!presence.staff)
    return refuse(presence, re, {"access.denied", "Only the adviser can end the meeting.", {"agent"}});
  ok(presence, re, farewell(JsonObject{}));
  end("staff", presence.actor);
}

void LiveMeeting::take_failed(Presence& presence, std::int64_t re, const Json& message) {
  AuditRecord record;
  record.type = "participant.check_failed";
  record.actor = presence.actor;
  record.meeting = meeting_.id;
  record.subject = {"participant", presence.participant.text()};
  record.outcome = "failed";
  record.reason = check_name(message.string_or("check"));
  const bool for_good = record.reason != "steward.silent";  // sends again as soon as the adviser is heard
  // A page that is not ours must not fill the log.
  if (listener_.may(presence.participant, Talk::kFailed)) note(context_, std::move(record));
  ok(presence, re);
  if (for_good) stopped(presence);
}

}  // namespace parlour::app

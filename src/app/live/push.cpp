// What pages are told (docs/features/signalling.md): facts only, whole lists each time.
#include <algorithm>
#include <array>

#include "app/live_meeting.h"
#include "farewell.h"

namespace parlour::app {

using namespace meeting;

namespace {

// LiveMeeting::why_not_recording().
constexpr std::array<std::string_view, 5> kNotRecording{"vault.down", "disk.full", "keys_missing",
                                                        "recording.stalled", "recording.not_begun"};

Json text_json(const Text& text) {
  return JsonObject{{"en", text.en}, {"nl", text.nl}};
}
std::int64_t ms(UtcTime time) {
  return time.us / 1000;
}

}  // namespace

void LiveMeeting::ok(Presence& presence, std::int64_t re, Json body) {
  if (re < 0) return;
  body.set("re", re);
  push(presence, "ok", std::move(body));
}

Json LiveMeeting::farewell(Json body) const {
  add_farewell(context_, meeting_, type_, packet_written_, body);
  // Measured, and never guessed from a conversation that did not come about: somebody in the call was out of
  // reach for as long as anybody could have been reached.
  bool unreachable = false;
  for (const auto& [id, presence] : presences_)
    unreachable = unreachable || (presence->member && presence->path == MediaPath::kNone);
  body.set("no_path", unreachable && !paths_once_met_ && !meeting_.started_at);
  return body;
}

Json LiveMeeting::replaced(std::uint64_t n) const {
  return farewell(
      JsonObject{{"type", "ended"}, {"n", static_cast<std::int64_t>(n)}, {"reason", "other_device"}});
}

void LiveMeeting::refuse(Presence& presence, std::int64_t re, const Refusal& refusal) {
  Json body = JsonObject{{"re", re}, {"code", refusal.code}, {"text", refusal.text}};
  if (!refusal.who.empty()) {
    JsonArray who;
    for (const std::string& role : refusal.who) who.emplace_back(role);
    body.set("who", std::move(who));
  }
  push(presence, "refused", std::move(body));
}

void LiveMeeting::push_all(std::string_view type, const Json& body) {
  for (auto& [id, presence] : presences_) push(*presence, type, body);
}

Json LiveMeeting::meeting_json() const {
  JsonArray kinds;
  for (const std::string& kind : type_.policy.kinds) kinds.emplace_back(kind);
  std::string adviser;
  if (auto user = context_.people.user(meeting_.agent)) adviser = user->name.reveal();
  return JsonObject{{"id", meeting_.id.text()},
                    {"type_id", type_.id.text()},
                    {"type_version", type_.version},
                    {"type_title", text_json(type_.policy.title)},
                    {"record", to_text(type_.policy.recording)},
                    {"kinds", std::move(kinds)},
                    {"adviser", adviser},
                    {"start", ms(meeting_.start)},
                    {"duration_min", meeting_.duration_min},
                    {"pause_max_s", type_.policy.pause_max_s}};
}

Json LiveMeeting::welcome_body(Presence& presence) {
  Json policy;
  if (auto parsed = parse_json(policy_)) policy = *parsed;
  JsonArray chain;
  // A waiting guest sees nothing of the call; staff and members see what they need to go on with it.
  if (presence.staff || presence.member)
    for (const ChainIndex::Said& said : chain_.all())
      if (said.kind != "Progress") chain.push_back(said.message);
  std::optional<RosterView> roster = rules_ ? rules_->roster() : std::nullopt;
  Json body = JsonObject{{"you", JsonObject{{"participant", presence.participant.text()},
                                            {"role", presence.staff ? "staff" : "customer"},
                                            {"name", presence.name}}},
                         {"meeting", meeting_json()},
                         {"org", JsonObject{{"name", context_.organisation.name}}},
                         {"call", call_},
                         {"policy", policy},
                         {"root", context_.call_rules.root_public_key()},
                         {"resume", presence.token.empty() ? Json() : Json(presence.token)},
                         {"now", ms(context_.clock.now().utc)},
                         {"chain", std::move(chain)},
                         {"state", presence.member || presence.staff ? "admitted" : "waiting"},
                         {"steward", presence.staff}};
  return body;
}

Json LiveMeeting::recording_json() const {
  std::string state = "none";
  if (meeting_.recording) {
    switch (meeting_.recording_phase) {
      case RecordingPhase::kOff:
        break;
      case RecordingPhase::kRequested:
        state = "requested";
        break;
      case RecordingPhase::kCapturing:
        // "Recording" is said of people, not of a file: of nobody who can be reached, nothing is recorded
        // yet.
        state = !paths_met_                        ? "requested"
                : capturing() && !capture_.stalled ? "capturing"
                : ran_in_call_                     ? "stalled"
                                                   : "requested";
        break;
      case RecordingPhase::kFailed:
        state = "failed";
        break;
      default:
        state = "stopped";
    }
  }
  Json body = JsonObject{{"state", state}};
  body.set("since", ms(context_.clock.now().utc));
  if (!meeting_.recording_reason.empty()) body.set("reason", meeting_.recording_reason);
  return body;
}

Json LiveMeeting::media_json() const {
  Json body = JsonObject{{"allowed", media_allowed_}, {"reason", media_reason_}};
  // It is counted while the recording is what is missing, and not people.
  const bool told =
      std::find(kNotRecording.begin(), kNotRecording.end(), media_reason_) != kNotRecording.end();
  if (!media_allowed_ && not_flowing_since_ && told) {
    Now now = context_.clock.now();
    UtcTime ends =
        now.utc + (*not_flowing_since_ + std::chrono::seconds(type_.policy.loss_end_s) - now.steady);
    body.set("ends_at", ms(ends));
  }
  return body;
}

Json LiveMeeting::people_json() const {
  JsonArray list;
  for (const Participant& person : meeting_.participants) {
    const Presence* page = nullptr;
    for (const auto& [id, presence] : presences_)
      if (presence->participant == person.id && (page == nullptr || presence->member)) page = presence.get();
    if (page == nullptr) continue;
    std::string state = !page->member                                  ? "waiting"
                        : !page->wire                                  ? "reconnecting"
                        : page->stopped                                ? "stopped"
                        : person.phase == ParticipantPhase::kConnected ? "connected"
                                                                       : "admitted";
    list.push_back(JsonObject{{"participant", person.id.text()},
                              {"role", to_text(person.role)},
                              {"name", page->name},
                              {"ep", page->ep},
                              {"state", state},
                              {"path", to_text(page->path)},
                              {"mic", page->mic},
                              {"camera", page->camera},
                              {"sharing", sharing_ == page->id},
                              {"silent", page->silent}});
  }
  if (rules_)
    if (auto roster = rules_->roster(); roster && roster->recorder)
      list.push_back(JsonObject{{"participant", "recorder"},
                                {"role", "recorder"},
                                {"name", ""},
                                {"ep", "rec"},
                                {"state", capturing() && paths_met_ ? "connected" : "admitted"},
                                {"path", "up"},
                                {"mic", false},
                                {"camera", false},
                                {"sharing", false},
                                {"silent", false}});
  return JsonObject{{"list", std::move(list)}};
}

// The people of a meeting are shown to those in it; who waits sees only itself.
void LiveMeeting::push_people() {
  Json all = people_json();
  for (auto& [id, presence] : presences_) {
    if (presence->staff || presence->member) {
      push(*presence, "people", all);
    }
  }
}

Json LiveMeeting::waiting_list(bool with_hellos) const {
  JsonArray list;
  for (const auto& [id, presence] : presences_) {
    const Participant* person = meeting_.find(presence->participant);
    if (presence->staff || presence->member || person == nullptr || presence->page_closed) continue;
    bool second = false;
    for (const auto& [other_id, other] : presences_)
      second = second || (other_id != id && other->participant == presence->participant && other->member);
    Json device = JsonObject{
        {"camera", "none"}, {"microphone", "none"}, {"speaker", "skipped"}, {"network", "unknown"}};
    if (person->device)
      device = JsonObject{{"camera", person->device->camera},
                          {"microphone", person->device->microphone},
                          {"speaker", person->device->speaker},
                          {"network", person->device->network}};
    list.push_back(JsonObject{{"meeting", meeting_.id.text()},
                              {"participant", presence->participant.text()},
                              {"name", presence->name},
                              {"type_title", text_json(type_.policy.title)},
                              {"since", ms(person->waiting_since.value_or(context_.clock.now().utc))},
                              {"notice", person->notice_settled ? "acknowledged" : "none"},
                              {"device", std::move(device)},
                              {"path", to_text(presence->path)},
                              {"ready", !presence->hello.is_null()},
                              {"hello", with_hellos ? presence->hello : Json()},
                              {"away_since", presence->away_since ? Json(ms(*presence->away_since)) : Json()},
                              {"second_device", second}});
  }
  return Json(std::move(list));
}

void LiveMeeting::push_waiting() {
  Json list = waiting_list(true);
  bool adviser = false;
  for (auto& [id, presence] : presences_) adviser = adviser || (presence->staff && presence->wire);
  std::int64_t place = 0;
  for (auto& [id, presence] : presences_) {
    if (presence->staff) {
      push(*presence, "waiting", JsonObject{{"list", list}});
    } else if (!presence->member) {
      const UtcTime now = context_.clock.now().utc;
      const Participant* person = meeting_.find(presence->participant);
      const UtcTime since = person != nullptr ? person->waiting_since.value_or(now) : now;
      const std::int64_t waited_s = (now - since).count() / 1'000'000;
      push(*presence, "queue",
           JsonObject{{"place", ++place},
                      {"adviser", adviser ? "here" : "away"},
                      {"kept_min", type_.policy.place_kept_min},
                      {"waited_s", waited_s}});
    }
  }
  listener_.waiting_changed(meeting_.id);
}

void LiveMeeting::push_recording() {
  push_all("recording", recording_json());
}

Json LiveMeeting::held_json(UtcTime until) const {
  Json body = JsonObject{{"until", ms(until)}};
  if (!held_cause_.empty()) body.set("cause", held_cause_);
  return body;
}

void LiveMeeting::push_state(Presence& presence) {
  push(presence, "media", media_json());
  push(presence, "recording", recording_json());
  Presence* sharing = sharing_ ? find(*sharing_) : nullptr;
  push(presence, "share",
       JsonObject{{"participant", sharing != nullptr ? Json(sharing->participant.text()) : Json()}});
  // An adviser who enters is who the customers are held for: that page opens the next call.
  if (held_until_ && !presence.staff) {
    Now now = context_.clock.now();
    push(presence, "held", held_json(now.utc + (*held_until_ - now.steady)));
  }
}

}  // namespace parlour::app

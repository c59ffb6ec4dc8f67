#include "app/live_meeting.h"

#include <algorithm>

#include "app/token.h"

namespace parlour::app {
namespace {

using namespace meeting;

constexpr Duration kLastWords = 700ms;
constexpr Duration kReconnectTime = 30s;  // e2ee.md 9
constexpr Duration kReloadTime = 3s;      // a closed page of the waiting room may be one that is loaded anew
constexpr std::size_t kReplayMessages = 512;
constexpr std::size_t kReplayBytes = 1024 * 1024;
constexpr std::size_t kPresencesMax = 16;  // pages in one meeting, second devices included

Actor system() {
  return Actor::system();
}

}  // namespace

LiveMeeting::LiveMeeting(Context& context, MediaKeys& keys, Meeting meeting, MeetingType type,
                         Listener listener)
    : context_(context),
      keys_(keys),
      meeting_(std::move(meeting)),
      type_(std::move(type)),
      listener_(std::move(listener)),
      room_(keys.next_room()) {
  context_.media.open_room(room_, recording_demanded());
  room_open_ = true;
  // What was before is not known here in detail: nothing that was said or recorded may be denied.
  packet_written_ = meeting_.recording.has_value();
  paths_once_met_ = meeting_.started_at.has_value() || meeting_.recording.has_value();
}

LiveMeeting::~LiveMeeting() {
  *alive_ = false;
  if (last_words_ != 0) context_.scheduler.cancel(last_words_);
  for (auto& [id, presence] : presences_) {
    if (presence->lost_timer != 0) context_.scheduler.cancel(presence->lost_timer);
    if (presence->wire) presence->wire->close(1001, "server stops");
  }
  if (room_open_) context_.media.close_room(room_);
}

Decision LiveMeeting::run(const Command& command, const Actor& actor,
                          const std::function<void(const Meeting&)>& inside) {
  reload();
  return act(context_, meeting_, type_, command, actor, inside);
}

// The customer's steps by HTTP and the clock change the stored meeting beside us: what is stored is what
// counts.
void LiveMeeting::reload() {
  if (std::optional<Meeting> stored = context_.meetings.load(meeting_.id)) meeting_ = std::move(*stored);
}

LiveMeeting::Presence* LiveMeeting::find(PresenceId id) {
  auto found = presences_.find(id);
  return found == presences_.end() ? nullptr : found->second.get();
}
LiveMeeting::Presence* LiveMeeting::by_ep(const std::string& ep) {
  for (auto& [id, presence] : presences_)
    if (!ep.empty() && presence->ep == ep) return presence.get();
  return nullptr;
}
LiveMeeting::Presence* LiveMeeting::by_endpoint(EndpointKey endpoint) {
  for (auto& [id, presence] : presences_)
    if (presence->endpoint == endpoint) return presence.get();
  return nullptr;
}
LiveMeeting::Presence* LiveMeeting::member_of(const ParticipantId& participant) {
  for (auto& [id, presence] : presences_)
    if (presence->participant == participant && presence->member) return presence.get();
  return nullptr;
}

Result<LiveMeeting::PresenceId, Refusal> LiveMeeting::enter(Entering entering) {
  reload();
  const Participant* person = meeting_.find(entering.participant);
  if (person == nullptr)
    return fail(Refusal{"participant.unknown", "No such participant in this meeting.", {}});
  if (presences_.size() >= kPresencesMax)
    return fail(Refusal{"meeting.full", "Too many pages are open in this meeting.", {}});
  bool staff = person->role == ParticipantRole::kStaff;
  if (staff && entering.take_over)
    if (auto refusal = take_over(entering.participant)) return fail(*refusal);
  // Whoever waits is not sent away by another browser with the same link unless that one says so.
  if (!staff && !entering.take_over)
    for (auto& [id, presence] : presences_)
      if (presence->participant == entering.participant && !presence->member && presence->wire &&
          presence->actor.session != entering.actor.session)
        return fail(Refusal{"waiting.elsewhere", "Somebody waits with this link on another device.", {}});
  Decision decision = staff ? run(command::EnterStaff{entering.participant}, entering.actor)
                            : run(command::EnterWaiting{entering.participant}, entering.actor);
  if (!decision) return fail(decision.error());
  if (!open_call())
    return fail(
        Refusal{"policy.missing", "The organisation's signed policy does not list this type yet.", {}});

  // Until admission the newest page of a person wins; a member's page stays, and the new one waits beside it.
  std::vector<PresenceId> older;
  for (auto& [id, presence] : presences_)
    if (presence->participant == entering.participant && !presence->member) older.push_back(id);
  for (PresenceId id : older) remove_presence(id, "other_device", true);

  Presence& presence = add_presence(entering);
  push(presence, "welcome", welcome_body(presence));
  push_state(presence);
  attach_media(presence);
  push_people();
  push_waiting();
  return presence.id;
}

// An adviser takes the meeting up again from another browser (e2ee.md 4.5). Nobody takes over inside a call:
// while the steward's socket lives, that page is in charge; once it is lost, nothing is waited for, and a new
// call begins.
std::optional<Refusal> LiveMeeting::take_over(const ParticipantId& adviser) {
  Presence* steward = member_of(adviser);
  if (steward == nullptr) return std::nullopt;
  if (steward->wire)
    return Refusal{"takeover.present", "Another browser of yours is in this call. Leave it there first.", {}};
  taken_over_.insert(steward->token_hash);
  remove_presence(steward->id, "", false);
  hold("lost");
  return std::nullopt;
}

LiveMeeting::Presence& LiveMeeting::add_presence(const Entering& entering) {
  auto presence =
      std::make_unique<Presence>(Presence{.id = ++last_presence_, .participant = entering.participant});
  Token token = make_token(context_);
  presence->token_hash = token.hash;
  presence->token = token.text;
  presence->staff = meeting_.find(entering.participant)->role == ParticipantRole::kStaff;
  presence->name = entering.name;
  presence->actor = entering.actor;
  presence->wire = entering.wire;
  Work work(context_.unit);
  context_.calls.put(
      PresenceRow{presence->token_hash, meeting_.id, presence->participant, "", context_.clock.now().utc});
  work.commit();
  Presence& out = *presence;
  presences_.emplace(out.id, std::move(presence));
  return out;
}

void LiveMeeting::attach_media(Presence& presence) {
  if (presence.endpoint != 0) context_.media.remove_endpoint(presence.endpoint);
  presence.endpoint = keys_.next_endpoint();
  presence.silent = false;
  presence.path = MediaPath::kPending;
  presence.path_since = context_.clock.now().steady;
  presence.path_came = presence.path_over = false;
  context_.media.add_endpoint(presence.endpoint, room_);
  arm_guard(presence);
  offer(presence, false);
  refresh_gate();
}

void LiveMeeting::offer(Presence& presence, bool restart) {
  PresenceId id = presence.id;
  EndpointKey endpoint = presence.endpoint;
  context_.media.make_offer(endpoint, restart, [this, alive = alive_, id, endpoint](MediaOffer made) {
    if (!*alive) return;
    Presence* target = find(id);
    if (target == nullptr || target->endpoint != endpoint) return;
    JsonArray map;
    for (const OfferedStream& stream : made.streams) {
      Presence* sender = by_endpoint(stream.sender);
      map.push_back(JsonObject{
          {"mid", stream.mid}, {"ep", sender != nullptr ? sender->ep : ""}, {"slot", stream.slot}});
    }
    target->offers = made.generation;
    push(*target, "offer", JsonObject{{"gen", made.generation}, {"sdp", made.sdp}, {"map", std::move(map)}});
  });
}

std::optional<LiveMeeting::PresenceId> LiveMeeting::resume(const ParticipantId& participant,
                                                           const Hash& token_hash, std::uint64_t last_n,
                                                           std::shared_ptr<Wire> wire) {
  Presence* found = nullptr;
  // Of the same person only: the token alone makes nobody somebody else.
  for (auto& [id, presence] : presences_)
    if (presence->token_hash == token_hash && presence->participant == participant) found = presence.get();
  if (found == nullptr) return std::nullopt;
  Presence& presence = *found;
  if (presence.wire) presence.wire->close(4001, "a newer socket took over");
  presence.wire = std::move(wire);
  presence.away_since.reset();
  presence.page_closed = false;
  if (presence.lost_timer != 0) context_.scheduler.cancel(presence.lost_timer);
  presence.lost_timer = 0;
  bool replayable =
      last_n <= presence.n && presence.endpoint != 0 &&
      (presence.replay.empty() ? last_n == presence.n : last_n + 1 >= presence.replay.front().first);
  if (replayable) {
    for (const auto& [n, text] : presence.replay)
      if (n > last_n) presence.wire->send(text);
  } else {
    push(presence, "resync", welcome_body(presence));
    push_state(presence);
    attach_media(presence);
  }
  if (presence.member) {
    Decision decision = run(command::Return{presence.participant}, presence.actor);
    if (decision && presence.says_connected && presence.path == MediaPath::kUp)
      decision = run(command::Connect{presence.participant}, presence.actor);
  }
  push_people();
  push_waiting();
  return presence.id;
}

// The database refused while this socket was being let in: it is bound to nothing, so the page has to come
// again.
void LiveMeeting::wire_refused(const std::shared_ptr<Wire>& wire) {
  for (auto& [id, presence] : presences_)
    if (presence->wire == wire) wait_for(*presence);
}

// A call does not wait long for who is lost. A place in the waiting room is kept while a telephone is locked.
Duration LiveMeeting::time_to_come_back(const Presence& presence) const {
  if (presence.page_closed) return kReloadTime;
  if (presence.staff || presence.member) return kReconnectTime;
  return std::chrono::minutes(type_.policy.place_kept_min);
}

// Its socket is gone, it has a time to come back.
void LiveMeeting::wait_for(Presence& presence) {
  presence.wire = nullptr;
  PresenceId id = presence.id;
  if (presence.lost_timer != 0) context_.scheduler.cancel(presence.lost_timer);
  presence.lost_timer = context_.scheduler.after(time_to_come_back(presence), [this, alive = alive_, id] {
    if (*alive) lost_for_good(id);
  });
}

// Who is behind this page may no longer be here: the session ended, the account was closed.
void LiveMeeting::dismiss(PresenceId id) {
  Presence* presence = find(id);
  if (presence == nullptr || over_) return;
  push(*presence, "ended", farewell(JsonObject{{"reason", "session"}}));
  if (presence->wire) presence->wire->close(1008, "session ended");
  presence->wire = nullptr;
  leave(*presence, "session");
}

bool LiveMeeting::is_member(PresenceId id) const {
  auto found = presences_.find(id);
  return found != presences_.end() && found->second->member;
}

void LiveMeeting::on_wire_closed(PresenceId id, const std::shared_ptr<Wire>& wire, bool page_closed) {
  Presence* presence = find(id);
  if (presence == nullptr || presence->wire != wire) return;
  if (over_) {
    presence->wire = nullptr;
    return;
  }
  presence->page_closed = page_closed && !presence->staff && !presence->member;
  presence->away_since = context_.clock.now().utc;
  lose(*presence);
}

void LiveMeeting::lose(Presence& presence) {
  // The timer first: should the database refuse the rest, the person is still missed in time.
  wait_for(presence);
  if (presence.member) (void)run(command::Lose{presence.participant}, presence.actor);
  push_people();
  push_waiting();
}

void LiveMeeting::lost_for_good(PresenceId id) {
  Presence* presence = find(id);
  if (presence == nullptr || presence->wire) return;
  // Tried again until it is done: removing the presence cancels this.
  presence->lost_timer = context_.scheduler.after(2s, [this, alive = alive_, id] {
    if (*alive) lost_for_good(id);
  });
  leave(*presence, "lost");
}

// The person is gone: by their own act ("left"), because their log-in has ended ("session"), or lost for 30 s
// ("lost").
void LiveMeeting::leave(Presence& presence, std::string_view cause) {
  PresenceId id = presence.id;
  ParticipantId participant = presence.participant;
  bool member = presence.member;
  bool staff = presence.staff;
  Actor actor = presence.actor;
  remove_presence(id, "", false);
  bool elsewhere = false;
  for (auto& [other_id, other] : presences_) elsewhere = elsewhere || other->participant == participant;
  if (member && staff) {
    hold(cause);
  } else if (member || !elsewhere) {
    (void)run(command::Leave{participant}, actor);
  }
  refresh_gate();
  push_people();
  push_waiting();
  if (idle()) listener_.over(meeting_.id);
}

void LiveMeeting::remove_presence(PresenceId id, std::string_view ended_reason, bool tell) {
  Presence* presence = find(id);
  if (presence == nullptr) return;
  {
    Work work(context_.unit);
    context_.calls.remove_presence(presence->token_hash);
    work.commit();
  }
  forget_waiting_hello(*presence);
  if (sharing_ == id) end_sharing();
  if (tell) push(*presence, "ended", farewell(JsonObject{{"reason", std::string(ended_reason)}}));
  if (presence->wire) presence->wire->close(1000, "left");
  if (presence->lost_timer != 0) context_.scheduler.cancel(presence->lost_timer);
  if (presence->endpoint != 0) context_.media.remove_endpoint(presence->endpoint);
  presences_.erase(id);
}

// The adviser is gone for good (e2ee.md 4.5): media stop, customers are held with words that say how, the
// call's chain is over.
void LiveMeeting::hold(std::string_view cause) {
  std::optional<NextCall> next = prepare_call();
  Decision decision =
      run(command::Hold{std::string(cause)}, system(), [&](const Meeting&) { store_call(next); });
  if (!decision || decision->empty()) return;
  held_until_ = context_.clock.now().steady + std::chrono::seconds(type_.policy.hold_s);
  held_cause_ = cause;
  for (auto& [id, presence] : presences_) presence->member = false;
  begin_call(std::move(next));
  not_flowing_since_.reset();  // a recording that was missed before is counted anew in the next call
  capture_.stalled = false;
  set_media_state(false, "held");
  push_all("held", held_json(context_.clock.now().utc + std::chrono::seconds(type_.policy.hold_s)));
  push_people();
  push_waiting();
  end_sharing();
}

void LiveMeeting::end(const std::string& cause, const Actor& actor) {
  if (over_) return;
  Decision decision = run(command::End{cause}, actor, [this](const Meeting&) {
    context_.calls.remove_presences(meeting_.id);
    context_.sessions.remove_guests_of(meeting_.id);
  });
  if (decision && !decision->empty()) finish(cause);
}

void LiveMeeting::on_cancelled() {
  reload();
  finish(meeting_.phase == Phase::kExpired ? "expired" : "cancelled");
}

// A fresh link: whoever waits by the old one leaves the queue. Members stay; they were let in by sight.
void LiveMeeting::on_link_replaced() {
  if (over_) return;
  std::vector<PresenceId> waiting;
  for (auto& [id, presence] : presences_)
    if (!presence->staff && !presence->member) waiting.push_back(id);
  for (PresenceId id : waiting) {
    ParticipantId participant = find(id)->participant;
    Actor actor = find(id)->actor;
    remove_presence(id, "link_replaced", true);
    if (member_of(participant) == nullptr) (void)run(command::Leave{participant}, actor);
  }
  push_people();
  push_waiting();
}

// Everybody is told and media stop at once; pages have a moment for their final Progress, which says to the
// recording how much there was to record.
void LiveMeeting::finish(const std::string& reason) {
  if (over_) return;
  over_ = true;
  push_all("ended", farewell(JsonObject{{"reason", reason}}));
  listener_.waiting_changed(meeting_.id);
  bool somebody = false;
  for (auto& [id, presence] : presences_) somebody = somebody || (presence->member && presence->wire);
  if (!somebody) return finish_last();
  last_words_ = context_.scheduler.after(kLastWords, [this, alive = alive_] {
    if (*alive) finish_last();
  });
  refresh_gate();
}

// The chain ends, and a running capture is sealed.
void LiveMeeting::finish_last() {
  last_words_ = 0;
  for (auto& [id, presence] : presences_) {
    if (presence->wire) presence->wire->close(1000, "ended");
    if (presence->lost_timer != 0) context_.scheduler.cancel(presence->lost_timer);
    context_.media.remove_endpoint(presence->endpoint);
  }
  presences_.clear();
  if (!call_.empty()) context_.vault.close_call(call_);
  context_.media.close_room(room_);
  room_open_ = false;
  if (capture_.active) {
    context_.recorder.stop(*meeting_.recording);
  } else if (meeting_.recording && meeting_.recording_phase == RecordingPhase::kCapturing) {
    // The last part ended by a fault; what is durable is sealed all the same.
    to_seal_ = capture_fact::Stopped{"log.unreadable", 0, "", true};
    seal_what_stopped();
  } else if (meeting_.recording_phase == RecordingPhase::kRequested) {
    recording_failed("never_started");
  }
  if (idle()) listener_.over(meeting_.id);
}

bool LiveMeeting::idle() const {
  return presences_.empty() && !capture_.active && !to_seal_ && (over_ || meeting_.phase != Phase::kHeld);
}

// The others are told that nothing more comes from there: silence alone looks like a network.
void LiveMeeting::stopped(Presence& presence) {
  if (presence.stopped) return;
  presence.stopped = true;
  if (sharing_ == presence.id) end_sharing();
  push_people();
}

// Nothing comes from there, whatever its socket does: the others are told long before the socket is given up,
// and a screen that it shared is taken away.
void LiveMeeting::set_silent(Presence& presence, bool silent) {
  if (presence.silent == silent) return;
  presence.silent = silent;
  if (silent && sharing_ == presence.id) end_sharing();
  push_people();
}

// From the call page, or from the console's list without entering.
std::optional<Refusal> LiveMeeting::decline(const ParticipantId& participant, const std::string& reason,
                                            const Actor& actor) {
  Decision decision = run(command::Deny{participant, reason}, actor);
  if (!decision) return decision.error();
  turn_away(participant, reason);
  return std::nullopt;
}

// The pages of a person that are not in the call.
void LiveMeeting::turn_away(const ParticipantId& participant, const std::string& reason) {
  std::vector<PresenceId> waiting;
  for (auto& [id, presence] : presences_)
    if (presence->participant == participant && !presence->member) waiting.push_back(id);
  for (PresenceId id : waiting) {
    push(*find(id), "declined", farewell(JsonObject{{"reason", reason}}));
    remove_presence(id, "", false);
  }
  push_people();
  push_waiting();
}

void LiveMeeting::on_media_fact(const MediaFact& fact) {
  if (over_) return;
  if (auto* tripped = std::get_if<media_fact::GuardTripped>(&fact)) {
    Presence* presence = by_endpoint(tripped->endpoint);
    if (presence == nullptr) return;
    AuditRecord record;
    record.type = "plaintext_guard";
    record.actor = presence->actor;
    record.meeting = meeting_.id;
    record.subject = {"participant", presence->participant.text()};
    record.outcome = "denied";
    record.reason = tripped->reason;
    record.data.set("rule", tripped->reason);
    record.data.set("kind", tripped->slot == 0 ? "audio" : tripped->slot == 1 ? "camera" : "screen");
    note(context_, std::move(record));
    push(*presence, "guard", JsonObject{{"slot", tripped->slot}, {"reason", tripped->reason}});
    stopped(*presence);
  } else if (auto* silent = std::get_if<media_fact::Silent>(&fact)) {
    if (Presence* presence = by_endpoint(silent->endpoint)) {
      if (presence->path == MediaPath::kUp) note_path(*presence, MediaPath::kNone);
      set_silent(*presence, true);
    }
  } else if (auto* heard = std::get_if<media_fact::Heard>(&fact)) {
    if (Presence* presence = by_endpoint(heard->endpoint)) {
      if (presence->path_came && !presence->path_over) note_path(*presence, MediaPath::kUp);
      set_silent(*presence, false);
    }
  } else if (auto* gone = std::get_if<media_fact::Gone>(&fact)) {
    if (Presence* presence = by_endpoint(gone->endpoint)) {
      presence->path_over = presence->path_over || gone->for_good;
      note_path(*presence, MediaPath::kNone);
      set_silent(*presence, true);
    }
  } else if (auto* connected = std::get_if<media_fact::Connected>(&fact)) {
    if (Presence* presence = by_endpoint(connected->endpoint)) {
      presence->path_came = true;
      note_path(*presence, MediaPath::kUp);
      set_silent(*presence, false);
    }
  } else if (auto* quality = std::get_if<media_fact::Quality>(&fact)) {
    if (Presence* presence = by_endpoint(quality->endpoint))
      push(*presence, "quality",
           JsonObject{{"loss_up", quality->loss_up_permille},
                      {"loss_down", quality->loss_down_permille},
                      {"rtt_ms", quality->rtt_ms}});
  } else if (auto* needed = std::get_if<media_fact::OfferNeeded>(&fact)) {
    if (Presence* presence = by_endpoint(needed->endpoint)) offer(*presence, false);
  }
}

std::string_view to_text(MediaPath path) {
  switch (path) {
    case MediaPath::kPending:
      return "pending";
    case MediaPath::kUp:
      return "up";
    case MediaPath::kNone:
      return "none";
  }
  return "";
}

void LiveMeeting::note_path(Presence& presence, MediaPath path) {
  if (presence.path == path) return;
  presence.path = path;
  if (path == MediaPath::kUp && presence.says_connected && presence.member)
    (void)run(command::Connect{presence.participant}, presence.actor);
  meet_paths();
  push_people();
  push_waiting();
}

void LiveMeeting::watch_paths(SteadyTime now) {
  for (auto& [id, presence] : presences_)
    if (presence->path == MediaPath::kPending && presence->endpoint != 0 &&
        now >= presence->path_since + kPathPatience)
      note_path(*presence, MediaPath::kNone);
}

// The conversation can begin. Afterwards a lost path is a gap of the call, with its own words, and stops
// nobody.
void LiveMeeting::meet_paths() {
  if (paths_met_) return;
  std::size_t reachable = 0;
  for (auto& [id, presence] : presences_)
    reachable += presence->member && presence->path == MediaPath::kUp ? 1 : 0;
  if (reachable < 2) return;
  paths_met_ = paths_once_met_ = true;
  refresh_gate();
  watch_capture(context_.clock.now().steady);
  push_recording();
}

void LiveMeeting::tick() {
  Now now = context_.clock.now();
  // A live meeting without its adviser's page is held, whatever went wrong on the way.
  if (!over_ && meeting_.phase == Phase::kLive && rules_ && rules_->roster()) {
    bool staff = false;
    for (auto& [id, presence] : presences_) staff = staff || presence->staff;
    if (!staff) hold("lost");
  }
  if (!over_ && held_until_ && now.steady >= *held_until_) return end("held_too_long", system());
  if (over_ && room_open_ && last_words_ == 0) return finish_last();
  if (over_) return seal_what_stopped();
  if (std::exchange(people_due_, false)) push_people();
  if (chain_lost_) read_chain_again();
  if (retell_at_ && now.steady >= *retell_at_) {
    retell_at_.reset();
    announce_all_to_vault();
  }
  watch_paths(now.steady);
  watch_capture(now.steady);
}

void LiveMeeting::restore() {
  // What was before is not known in detail: nothing that was said or recorded may be denied.
  paths_met_ = meeting_.started_at.has_value() || meeting_.recording.has_value();
  ran_in_call_ = meeting_.recording_phase == RecordingPhase::kCapturing;
  for (const PresenceRow& row : context_.calls.presences(meeting_.id)) {
    const Participant* person = meeting_.find(row.participant);
    if (person == nullptr) continue;
    auto presence = std::make_unique<Presence>(
        Presence{.id = ++last_presence_, .token_hash = row.token_hash, .participant = row.participant});
    presence->staff = person->role == ParticipantRole::kStaff;
    presence->ep = row.ep;
    presence->says_connected = true;
    presence->n = 1u << 30;  // replay from before the restart is not possible: the page gets a resync
    presence->actor.kind = presence->staff ? ActorKind::kUser : ActorKind::kCustomer;
    presence->actor.user = person->user;
    if (!presence->staff) presence->actor.participant = person->id;
    if (person->user) {
      if (auto user = context_.people.user(*person->user))
        presence->name = user->name.reveal(), presence->actor.role = user->role;
    } else if (person->customer) {
      if (auto customer = context_.people.customer(*person->customer))
        presence->name = customer->name.reveal();
    }
    presences_.emplace(presence->id, std::move(presence));
  }
  read_chain();
  for (auto& [id, presence] : presences_) {
    if (presence->member) (void)run(command::Lose{presence->participant}, system());
    presence->away_since = context_.clock.now().utc;
    wait_for(*presence);
  }
  if (meeting_.phase == Phase::kHeld)
    held_until_ = context_.clock.now().steady + std::chrono::seconds(type_.policy.hold_s);
  if (meeting_.phase == Phase::kLive && presences_.empty()) return end("server", system());
  if (meeting_.phase == Phase::kLive && meeting_.recording) {
    announce_all_to_vault();
    start_capture();
  }
}

void LiveMeeting::push(Presence& presence, std::string_view type, Json body) {
  Json message;
  message.set("type", type);
  if (type != "ok" && type != "refused") {
    message.set("n", static_cast<std::int64_t>(++presence.n));
  }
  if (const JsonObject* members = body.as_object())
    for (const JsonMember& member : *members) message.set(member.first, member.second);
  std::string text = write_json(message);
  if (type != "ok" && type != "refused") {
    presence.replay_bytes += text.size();
    presence.replay.emplace_back(presence.n, text);
    while (presence.replay.size() > kReplayMessages || presence.replay_bytes > kReplayBytes) {
      presence.replay_bytes -= presence.replay.front().second.size();
      presence.replay.pop_front();
    }
  }
  if (presence.wire) presence.wire->send(std::move(text));
}

}  // namespace parlour::app

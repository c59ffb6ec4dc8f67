#include "app/live_meetings.h"

#include <algorithm>

#include "farewell.h"

namespace parlour::app {
namespace {

using namespace meeting;

constexpr Duration kTick = 250ms;
constexpr std::size_t kChecksInTurn =
    8;  // ticks until each session was looked at: an ended one is out within 5 s
constexpr std::uint16_t kPolicyClose = 1008;
constexpr std::uint16_t kReplaced = 4001;
constexpr std::uint16_t kTryAgain = 1011;
constexpr std::int64_t kLastNMax = std::int64_t{1} << 53;  // what a browser can count to
constexpr std::uint16_t kTryLater = 1013;
constexpr int kSocketsOfGuest = 16;  // open at once with one cookie
constexpr int kSocketsOfStaff = 64;
constexpr std::size_t kFirstMessage = 4 * 1024;  // nobody is known yet

// The form of the signed messages that a page reads and writes; it says so when it enters. Rises when they
// change in place: a page that was loaded before can do nothing but reload.
constexpr std::int64_t kMessageForm = 2;

// What is counted apart here; the rest is counted as a message, and by its handler where it can be told
// later.
std::optional<Talk> talk_of(const std::string& type, const Json& message) {
  if (type == "e2ee") {
    const Json* inner = message.find("m");
    const std::string kind = inner != nullptr ? inner->string_or("t") : "";
    return kind == "Hello" ? Talk::kHello : Talk::kSigned;
  }
  static const std::map<std::string, Talk, std::less<>> kTalks{
      {"answer", Talk::kAnswer},       {"ice.restart", Talk::kRestart}, {"share.start", Talk::kShare},
      {"connected", Talk::kConnected}, {"decline", Talk::kDesk},        {"second.allow", Talk::kDesk},
      {"second.refuse", Talk::kDesk}};
  auto found = kTalks.find(type);
  return found == kTalks.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

LiveMeetings::LiveMeetings(Context& context, Accounts& accounts, Guests& guests, std::function<void()> sealed)
    : context_(context),
      accounts_(accounts),
      guests_(guests),
      sealed_(std::move(sealed)),
      checks_(context, keys_) {
  context_.media.on_fact([this](RoomKey room, const MediaFact& fact) {
    for (auto& [id, meeting] : meetings_)
      if (meeting->room() == room) return meeting->on_media_fact(fact);
    checks_.on_media_fact(room, fact);
  });
  timer_ = context_.scheduler.after(kTick, [this] { tick(); });
}

LiveMeetings::~LiveMeetings() {
  *alive_ = false;
  context_.scheduler.cancel(timer_);
  context_.media.on_fact({});
}

void LiveMeetings::tick() {
  timer_ = context_.scheduler.after(kTick, [this] { tick(); });
  // One meeting's trouble with the database must not keep the others from being watched.
  const std::function<void()> duties[] = {
      [this] { each_alone(meetings_, [](auto& item) { item.second->tick(); }); },
      [this] {
        std::erase_if(meetings_, [](auto& item) { return item.second->idle(); });
        check_sessions();
      },
      [this] { checks_.tick(context_.clock.now().steady); },
      [this] {
        if (watchers_due_) push_watchers();
      }};
  each_alone(duties, [](const std::function<void()>& duty) { duty(); });
}

const LiveMeeting* LiveMeetings::find(const MeetingId& meeting) const {
  auto found = meetings_.find(meeting);
  return found == meetings_.end() ? nullptr : found->second.get();
}

LiveMeeting* LiveMeetings::live(const MeetingId& id) {
  auto found = meetings_.find(id);
  if (found != meetings_.end()) return found->second.get();
  std::optional<Meeting> meeting = context_.meetings.load(id);
  if (!meeting || meeting->over()) return nullptr;
  std::optional<MeetingType> type = context_.types.find(meeting->type, meeting->type_version);
  if (!type) return nullptr;
  LiveMeeting::Listener listener;
  listener.waiting_changed = [this](const MeetingId&) { watchers_due_ = true; };
  listener.over = [](const MeetingId&) {};  // tick() takes idle ones away: never inside their own call
  listener.sealed = [this](const RecordingId&) { sealed_(); };
  listener.may = [this](const ParticipantId& person, Talk talk) { return may(person.text(), talk); };
  auto made = std::make_unique<LiveMeeting>(context_, keys_, *meeting, *type, listener);
  return meetings_.emplace(id, std::move(made)).first->second.get();
}

LiveMeetings::SocketId LiveMeetings::socket_opened(std::shared_ptr<Wire> wire, std::string staff_token,
                                                   std::string guest_token) {
  SocketId id = ++last_socket_;
  Socket socket;
  socket.wire = std::move(wire);
  socket.staff_token = std::move(staff_token);
  socket.guest_token = std::move(guest_token);
  Socket& made = sockets_.emplace(id, std::move(socket)).first->second;
  if (++open_sockets_[cookie_of(made)] > (made.staff_token.empty() ? kSocketsOfGuest : kSocketsOfStaff) &&
      !cookie_of(made).empty())
    close(made, kPolicyClose, "too many pages are open");
  // Who says nothing is not kept: a socket without a first message is closed.
  context_.scheduler.after(10s, [this, alive = alive_, id] {
    if (!*alive) return;
    auto found = sockets_.find(id);
    if (found != sockets_.end() && !found->second.meeting && !found->second.watcher && !checks_.running(id))
      found->second.wire->close(kPolicyClose, "nothing was said");
  });
  return id;
}

void LiveMeetings::socket_closed(SocketId id, std::uint16_t code) {
  auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  Socket socket = std::move(found->second);
  sockets_.erase(found);
  checks_.end(id);
  if (auto open = open_sockets_.find(cookie_of(socket)); open != open_sockets_.end() && --open->second <= 0)
    open_sockets_.erase(open);
  if (!socket.meeting) return;
  auto meeting = meetings_.find(*socket.meeting);
  if (meeting != meetings_.end())
    meeting->second->on_wire_closed(socket.presence, socket.wire, code == 1000 || code == 1001);
}

void LiveMeetings::socket_message(SocketId id, std::string_view text) {
  auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  Socket& socket = found->second;
  if (socket.closing) return;
  // Before a byte of it is read: who may say so much at all?
  if (socket.person.empty() ? text.size() > kFirstMessage : !may(socket.person, Talk::kAny))
    return close(socket, kPolicyClose, "too much");
  auto message = parse_json(text);
  if (!message || !message->is_object() || message->string_or("type").empty())
    return close(socket, kPolicyClose, "not a message of this protocol");
  std::string type = message->string_or("type");
  if (!socket.person.empty() && talks_too_much(socket, *message, type)) return;
  if (socket.meeting) {
    auto meeting = meetings_.find(*socket.meeting);
    if (meeting != meetings_.end()) meeting->second->on_message(socket.presence, *message);
    return;
  }
  if (socket.watcher) return watcher_message(socket, *message);
  if (checks_.running(id)) return checks_.message(id, *message);
  if (type == "enter") {
    // The page comes again when the database refused in the middle of this: nothing here is bound to its
    // socket yet.
    std::shared_ptr<Wire> wire = socket.wire;
    try {
      return enter(socket, *message);
    } catch (const StoreFailure&) {
      for (auto& [meeting_id, meeting] : meetings_) meeting->wire_refused(wire);
      wire->close(kTryAgain, "storage");
      throw;
    }
  }
  if (type == "watch") return watch(socket, *message);
  if (type == "probe") return probe(id, socket, *message);
  refuse(socket, *message, {"enter.first", "The first message is enter, watch or probe.", {}}, true);
}

std::string LiveMeetings::cookie_of(const Socket& socket) const {
  return socket.staff_token.empty() ? socket.guest_token : socket.staff_token;
}

bool LiveMeetings::may(const std::string& person, Talk talk) {
  return rates_.take(person, talk, context_.clock.now().steady);
}

// True: it was refused here.
bool LiveMeetings::talks_too_much(Socket& socket, const Json& message, const std::string& type) {
  std::optional<Talk> talk = talk_of(type, message);
  if (!talk || may(socket.person, *talk)) return false;
  refuse(socket, message,
         {"rate.exceeded", "That was more often than this page has to. Wait a moment and try again.", {}},
         false);
  return true;
}

bool LiveMeetings::waits(SocketId id) const {
  auto found = sockets_.find(id);
  if (found == sockets_.end()) return true;
  const Socket& socket = found->second;
  if (!socket.session.empty()) return false;
  auto meeting = socket.meeting ? meetings_.find(*socket.meeting) : meetings_.end();
  return meeting == meetings_.end() || !meeting->second->is_member(socket.presence);
}

void LiveMeetings::refuse(Socket& socket, const Json& message, const Refusal& refusal, bool last) {
  Json body = JsonObject{{"type", "refused"},
                         {"re", message.integer_or("id", -1)},
                         {"code", refusal.code},
                         {"text", refusal.text}};
  if (!refusal.who.empty()) {
    JsonArray who;
    for (const std::string& role : refusal.who) who.emplace_back(role);
    body.set("who", std::move(who));
  }
  socket.wire->send(write_json(body));
  if (last) close(socket, kPolicyClose, refusal.code);
}

// What it sent before it knows is not read any more.
void LiveMeetings::close(Socket& socket, std::uint16_t code, std::string_view reason) {
  socket.closing = true;
  socket.wire->close(code, reason);
}

void LiveMeetings::enter(Socket& socket, const Json& message) {
  if (message.integer_or("form") != kMessageForm)
    return refuse(socket, message,
                  {"page.outdated", "This page was loaded before an upgrade. Reload it to go on.", {}}, true);
  bool staff = message.string_or("as") == "staff";
  LiveMeeting::Entering entering{.participant = ParticipantId::from_bytes({})};
  std::optional<MeetingId> meeting_id;
  bool device_missing = false;
  if (staff) {
    std::optional<SessionView> session = accounts_.session(socket.staff_token);
    if (!session || session->csrf != message.string_or("csrf"))
      return refuse(socket, message, {"session.missing", "Log in first.", {}}, true);
    meeting_id = MeetingId::from_text(message.string_or("meeting"));
    std::optional<Meeting> meeting = meeting_id ? context_.meetings.load(*meeting_id) : std::nullopt;
    if (!meeting) return refuse(socket, message, {"not_found", "There is no such meeting.", {}}, true);
    if (auto refusal = allowed(session->actor(), Action::kMeetingStart, {meeting->agent, std::nullopt})) {
      note_denied(context_, session->actor(), Action::kMeetingStart, *refusal, meeting_id);
      Refusal seen = as_seen_by(session->actor(), *meeting, *refusal);
      if (seen.code == "not_found") seen.text = "There is no such meeting.";  // the very words
      return refuse(socket, message, seen, true);
    }
    entering.participant = meeting->staff()->id;
    entering.name = session->user.name.reveal();
    entering.actor = session->actor();
    socket.session = session->id;
    socket.person = entering.participant.text();
    if (!may(socket.person, message.find("resume") != nullptr ? Talk::kResume : Talk::kEnter))
      return close(socket, kTryLater, "too often");
  } else {
    std::optional<Guests::Session> session = guests_.session(socket.guest_token);
    if (!session || session->row.csrf != message.string_or("csrf"))
      return refuse(socket, message, {"session.missing", "Open your link again.", {}}, true);
    // By whom and not by which socket: before anything is looked up or written for it.
    socket.person = session->row.participant.text();
    if (!may(socket.person, message.find("resume") != nullptr ? Talk::kResume : Talk::kEnter))
      return close(socket, kTryLater, "too often");
    std::optional<Invitation> invitation = guests_.invitation(*session, "");
    if (!invitation) return refuse(socket, message, {"not_found", "There is no such meeting.", {}}, true);
    ResourceFacts facts{invitation->meeting.agent, session->row.participant};
    if (auto refusal = allowed(session->actor(), Action::kMeetingJoin, facts))
      return refuse(socket, message, *refusal, true);
    meeting_id = invitation->meeting.id;
    entering.participant = session->row.participant;
    entering.name = invitation->customer_name;
    entering.actor = session->actor();
    socket.guest_session = session->row.id;
    device_missing = invitation->type.policy.device_check && !invitation->device_checked;
  }
  LiveMeeting* meeting = live(*meeting_id);
  const Json* resume = message.find("resume");
  if (resume != nullptr && !resume->is_object()) resume = nullptr;
  const auto last_n = static_cast<std::uint64_t>(
      resume == nullptr ? 0 : std::clamp<std::int64_t>(resume->integer_or("last_n"), 0, kLastNMax));
  if (meeting == nullptr) {
    if (resume != nullptr) tell_over(socket, *meeting_id, last_n);
    return refuse(socket, message, {"meeting.over", "The meeting is over.", {}}, true);
  }
  if (resume != nullptr) {
    Hash token = context_.digest.sha256(resume->string_or("token"));
    if (meeting->was_taken_over(token)) {
      socket.wire->send(write_json(meeting->replaced(last_n + 1)));
      return socket.wire->close(kReplaced, "another browser took over");
    }
    auto presence = meeting->resume(entering.participant, token, last_n, socket.wire);
    if (presence) {
      socket.meeting = meeting_id;
      socket.presence = *presence;
      socket.wire->send(
          write_json(JsonObject{{"type", "ok"}, {"re", message.integer_or("id", -1)}, {"resumed", true}}));
      return;
    }
    return refuse(socket, message, {"resume.unknown", "This page was away for too long; enter anew.", {}},
                  true);
  }
  // The newest device of a link wins after its own check, not after another one's.
  if (device_missing)
    return refuse(socket, message, {"device.missing", "The device check has not been done.", {}}, true);
  entering.wire = socket.wire;
  entering.take_over = message.bool_or("take_over");
  auto presence = meeting->enter(std::move(entering));
  if (!presence) return refuse(socket, message, presence.error(), true);
  socket.meeting = meeting_id;
  socket.presence = *presence;
  socket.wire->send(
      write_json(JsonObject{{"type", "ok"}, {"re", message.integer_or("id", -1)}, {"resumed", false}}));
}

// A page of this meeting comes back when it is over: how it ended, and what is recorded, before the refusal.
void LiveMeetings::tell_over(Socket& socket, const MeetingId& id, std::uint64_t last_n) {
  std::optional<Meeting> meeting = context_.meetings.load(id);
  std::optional<MeetingType> type =
      meeting ? context_.types.find(meeting->type, meeting->type_version) : std::nullopt;
  if (!type || !meeting->over()) return;
  Json ended = ended_while_away(context_, *meeting, *type);
  ended.set("n", static_cast<std::int64_t>(last_n + 1));
  socket.wire->send(write_json(ended));
}

void LiveMeetings::watch(Socket& socket, const Json& message) {
  std::optional<SessionView> session = accounts_.session(socket.staff_token);
  if (!session || session->csrf != message.string_or("csrf"))
    return refuse(socket, message, {"session.missing", "Log in first.", {}}, true);
  socket.session = session->id;
  socket.person = session->user.id.text();
  socket.watcher = std::move(session);
  socket.wire->send(write_json(JsonObject{{"type", "ok"}, {"re", message.integer_or("id", -1)}}));
  watchers_due_ = true;
}

// The device check asks the media plane, under the session that the page has anyway.
void LiveMeetings::probe(SocketId id, Socket& socket, const Json& message) {
  const std::string csrf = message.string_or("csrf");
  if (message.string_or("as") == "staff") {
    std::optional<SessionView> session = accounts_.session(socket.staff_token);
    if (!session || session->csrf != csrf)
      return refuse(socket, message, {"session.missing", "Log in first.", {}}, true);
    socket.session = session->id;
    socket.person = session->user.id.text();
  } else {
    std::optional<Guests::Session> session = guests_.session(socket.guest_token);
    if (!session || session->row.csrf != csrf)
      return refuse(socket, message, {"session.missing", "Open your link again.", {}}, true);
    socket.guest_session = session->row.id;
    socket.person = session->row.participant.text();
  }
  if (!may(socket.person, Talk::kRestart))
    return refuse(
        socket, message,
        {"rate.exceeded", "That was more often than this page has to. Wait a moment and try again.", {}},
        true);
  if (!checks_.begin(id, socket.wire))
    return refuse(socket, message, {"probe.busy", "Too many networks are being checked; try again.", {}},
                  true);
  socket.wire->send(write_json(JsonObject{{"type", "ok"}, {"re", message.integer_or("id", -1)}}));
}

// The console's list answers without a page in the meeting: the one act that it has is to decline.
void LiveMeetings::watcher_message(Socket& socket, const Json& message) {
  auto refused = [&](Refusal refusal) { refuse(socket, message, refusal, false); };
  if (message.string_or("type") != "decline")
    return refused({"message.unknown", "This message is not known here.", {}});
  std::optional<SessionView> session = accounts_.session(socket.staff_token);
  if (!session) return refuse(socket, message, {"session.missing", "Log in first.", {}}, true);
  auto meeting_id = MeetingId::from_text(message.string_or("meeting"));
  auto found = meeting_id ? meetings_.find(*meeting_id) : meetings_.end();
  if (found == meetings_.end()) return refused({"not_found", "Nobody waits in such a meeting.", {}});
  LiveMeeting& meeting = *found->second;
  if (auto refusal =
          allowed(session->actor(), Action::kMeetingStart, {meeting.meeting().agent, std::nullopt})) {
    note_denied(context_, session->actor(), Action::kMeetingStart, *refusal, meeting_id);
    return refused(
        {"not_found", "Nobody waits in such a meeting.", {}});  // "not yours" looks like "not there"
  }
  auto participant = ParticipantId::from_text(message.string_or("participant"));
  const Participant* person = participant ? meeting.meeting().find(*participant) : nullptr;
  if (person == nullptr || person->role != ParticipantRole::kCustomer)
    return refused({"participant.unknown", "No such customer.", {}});
  if (auto refusal = meeting.decline(*participant, message.string_or("reason"), session->actor()))
    return refused(*refusal);
  socket.wire->send(write_json(JsonObject{{"type", "ok"}, {"re", message.integer_or("id", -1)}}));
}

// Sessions end in other places: logged out, account closed, new password, link replaced, too long idle, too
// old. Whoever is behind a socket is asked for again, and leaves when the answer is no.
void LiveMeetings::check_sessions() {
  // A share of them at each tick, so that many sockets are no pause for everybody else.
  const std::size_t share = (sockets_.size() + kChecksInTurn - 1) / kChecksInTurn;
  std::vector<SocketId> turn;
  auto next = sockets_.upper_bound(session_cursor_);
  for (std::size_t looked = 0; looked < share; ++looked) {
    if (next == sockets_.end()) next = sockets_.begin();
    session_cursor_ = next->first;
    turn.push_back(next->first);
    ++next;
  }
  each_alone(turn, [this](SocketId id) {
    auto found = sockets_.find(id);
    if (found != sockets_.end() && !may_stay(found->second)) drop(id);
  });
}

bool LiveMeetings::may_stay(Socket& socket) {
  auto meeting = socket.meeting ? meetings_.find(*socket.meeting) : meetings_.end();
  bool in_meeting = meeting != meetings_.end() && !meeting->second->meeting().over();
  if (!socket.session.empty()) {
    // Being in a meeting is being active; a console that only shows lists is not.
    std::optional<SessionView> session =
        accounts_.session(socket.staff_token, in_meeting ? Accounts::Use::kActive : Accounts::Use::kLook);
    if (!session) return false;
    if (socket.watcher) socket.watcher = session;
    return !in_meeting || !allowed(session->actor(), Action::kMeetingStart,
                                   {meeting->second->meeting().agent, std::nullopt});
  }
  // A customer in the call was admitted by the steward's signature and leaves by one; until then the link
  // decides.
  if (!in_meeting || meeting->second->is_member(socket.presence)) return true;
  return guests_.session(socket.guest_token).has_value();
}

void LiveMeetings::drop(SocketId id) {
  auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  Socket& socket = found->second;
  std::shared_ptr<Wire> wire = socket.wire;
  auto meeting = socket.meeting ? meetings_.find(*socket.meeting) : meetings_.end();
  LiveMeeting::PresenceId presence = std::exchange(socket.presence, 0);
  socket.session.clear();
  socket.watcher.reset();
  checks_.end(id);
  // The page is told first what becomes of its conversation.
  if (meeting != meetings_.end()) meeting->second->dismiss(presence);
  wire->close(kPolicyClose, "session ended");
}

void LiveMeetings::push_watchers() {
  watchers_due_ = false;
  for (auto& [id, socket] : sockets_) {
    if (!socket.watcher) continue;
    JsonArray list;
    for (auto& [meeting_id, meeting] : meetings_) {
      if (allowed(socket.watcher->actor(), Action::kMeetingStart, {meeting->meeting().agent, std::nullopt}))
        continue;
      const Json waiting = meeting->waiting_list(false);
      for (const Json& item : *waiting.as_array()) list.push_back(item);
    }
    socket.wire->send(write_json(JsonObject{{"type", "waiting"}, {"n", 0}, {"list", std::move(list)}}));
  }
}

void LiveMeetings::restore() {
  const std::function<void()> duties[] = {[this] {
                                            each_alone(context_.meetings.unfinished(),
                                                       [this](const Meeting& meeting) {
                                                         if (meeting.phase == Phase::kScheduled) return;
                                                         if (LiveMeeting* made = live(meeting.id))
                                                           made->restore();
                                                       });
                                          },
                                          [this] { seal_left_behind(RecordingPhase::kRequested); },
                                          [this] { seal_left_behind(RecordingPhase::kCapturing); },
                                          [this] { seal_left_behind(RecordingPhase::kFailed); }};
  each_alone(duties, [](const std::function<void()>& duty) { duty(); });
}

// Meetings that ended while their last part was being written: sealed now.
void LiveMeetings::seal_left_behind(RecordingPhase phase) {
  each_alone(context_.recordings.in_phase(phase), [&](const RecordingRow& row) {
    if (phase == RecordingPhase::kFailed && row.reason != LiveMeeting::kLogUnreadable) return;
    std::optional<Meeting> meeting = context_.meetings.load(row.meeting);
    std::optional<MeetingType> type =
        meeting ? context_.types.find(meeting->type, meeting->type_version) : std::nullopt;
    if (!type || !meeting->over()) return;
    LiveMeeting::Listener listener{[](const MeetingId&) {}, [](const MeetingId&) {},
                                   [this](const RecordingId&) { sealed_(); },
                                   [](const ParticipantId&, Talk) { return true; }};
    LiveMeeting(context_, keys_, *meeting, *type, listener).seal_left_behind();
  });
}

void LiveMeetings::on_vault_up(bool up) {
  each_alone(meetings_, [up](auto& item) { item.second->on_vault_up(up); });
}

void LiveMeetings::cancelled(const MeetingId& meeting) {
  auto found = meetings_.find(meeting);
  if (found != meetings_.end()) found->second->on_cancelled();
}

void LiveMeetings::link_replaced(const MeetingId& meeting) {
  auto found = meetings_.find(meeting);
  if (found != meetings_.end()) found->second->on_link_replaced();
}

void LiveMeetings::close_sockets_of(const std::string& session) {
  std::vector<SocketId> gone;
  for (auto& [id, socket] : sockets_)
    if (!session.empty() && (socket.session == session || socket.guest_session == session))
      gone.push_back(id);
  each_alone(gone, [this](SocketId id) { drop(id); });
}

}  // namespace parlour::app

// One meeting that people are in: their pages, the call's chain, the gate's settings, the capture.
//
// It turns what pages say and what media, recorder and vault report into commands on the rules, and tells
// everybody what became fact. Nothing here decides who may do what: meeting::decide, meeting::gate,
// meeting::allowed and the call's rules do. It can be made again from storage after a restart of the server.
// Thread: the app thread.
//
//   live/live_meeting.cpp  pages: entering, leaving, losing and resuming
//   live/roster.cpp        signed messages: admission, keys, epochs, the gate
//   live/capture.cpp       the recorder: start, stall, parts, seal
//   live/push.cpp          what pages are told (docs/features/signalling.md)
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "app/act.h"
#include "app/chain_index.h"
#include "app/rate.h"

namespace parlour::app {

// Keys for the media plane, never used again in a process.
class MediaKeys {
 public:
  RoomKey next_room() { return ++room_; }
  EndpointKey next_endpoint() { return ++endpoint_; }

 private:
  RoomKey room_ = 0;
  EndpointKey endpoint_ = 0;
};

// kPending: not yet, and for less than kPathPatience. kNone: not for longer, or not any more.
enum class MediaPath { kPending, kUp, kNone };
std::string_view to_text(MediaPath path);
constexpr Duration kPathPatience = std::chrono::seconds(10);

class LiveMeeting {
 public:
  // What the registry of live meetings has to know.
  struct Listener {
    std::function<void(const MeetingId&)> waiting_changed;  // the console's lists
    std::function<void(const MeetingId&)> over;             // nobody is in it and nothing is pending
    std::function<void(const RecordingId&)> sealed;         // the vault's job can start
    std::function<bool(const ParticipantId&, Talk)> may;    // one more of these by this person
  };

  LiveMeeting(Context& context, MediaKeys& keys, Meeting meeting, MeetingType type, Listener listener);
  ~LiveMeeting();
  LiveMeeting(const LiveMeeting&) = delete;
  LiveMeeting& operator=(const LiveMeeting&) = delete;

  // After a restart: pages have 30 s to come back, a running recording goes on as a new part.
  void restore();
  // For a meeting that was over when the server stopped, with a recording that was not sealed yet.
  // Why a recording failed whose log could not be read; it may be mended.
  static constexpr std::string_view kLogUnreadable = "log.unreadable";
  void seal_left_behind();

  // A page enters. Returns its presence, or why not. `name`: what others may see.
  using PresenceId = std::uint64_t;
  struct Entering {
    ParticipantId participant;
    std::string name;
    meeting::Actor actor;
    std::shared_ptr<Wire> wire;
    bool take_over = false;
  };
  Result<PresenceId, meeting::Refusal> enter(Entering entering);
  // The socket of a known page again. Nothing when this person's page with the token is not known here.
  std::optional<PresenceId> resume(const ParticipantId& participant, const Hash& token_hash,
                                   std::uint64_t last_n, std::shared_ptr<Wire> wire);
  // Another browser of the same adviser has taken this page's place.
  bool was_taken_over(const Hash& token_hash) const { return taken_over_.contains(token_hash); }
  void wire_refused(const std::shared_ptr<Wire>& wire);
  void dismiss(PresenceId presence);
  bool is_member(PresenceId presence) const;
  // For a page whose place another browser took: why, and what is recorded. `n`: the number of this push.
  Json replaced(std::uint64_t n) const;
  std::optional<meeting::Refusal> decline(const ParticipantId& participant, const std::string& reason,
                                          const meeting::Actor& actor);

  void on_message(PresenceId presence, const Json& message);
  // `page_closed`: the browser said good-bye for the page; otherwise it may come back.
  void on_wire_closed(PresenceId presence, const std::shared_ptr<Wire>& wire, bool page_closed);
  void on_media_fact(const MediaFact& fact);
  void on_vault_up(bool up);
  // Outside acts: cancelled by the console or the customer's page.
  void on_cancelled();
  void on_link_replaced();
  void tick();  // twice a second: stalls, leases, time-outs

  const Meeting& meeting() const { return meeting_; }
  RoomKey room() const { return room_; }
  // Who waits. Hellos are for the page that admits; the console's list, which has many meetings, goes
  // without.
  Json waiting_list(bool with_hellos) const;
  bool idle() const;

 private:
  struct Presence {
    PresenceId id = 0;
    Hash token_hash{};
    std::string token;  // given once, in welcome
    ParticipantId participant;
    bool staff = false;
    std::string name;
    meeting::Actor actor;
    std::shared_ptr<Wire> wire;         // null: lost
    std::optional<UtcTime> away_since;  // lost since then
    bool page_closed = false;           // and not to be waited for
    std::uint64_t n = 0;
    std::deque<std::pair<std::uint64_t, std::string>> replay;
    std::size_t replay_bytes = 0;
    EndpointKey endpoint = 0;
    std::string ep;
    Json hello;  // the signed message; until a Roster names it, it is kept here alone
    std::string hello_text;
    bool member = false;  // the newest Roster names its ep
    bool mic = false, camera = false;
    std::uint64_t offers = 0;
    bool silent = false;  // nothing has come from its media connection for some seconds
    bool stopped =
        false;  // its browser sends nothing more: a check failed there, or the guard stopped it here
    // Whether picture and sound can pass between this page and us: the media plane's fact, never the page's
    // word.
    MediaPath path = MediaPath::kPending;
    SteadyTime path_since{};
    bool path_came = false;       // this endpoint was connected
    bool path_over = false;       // and can't be any more
    bool says_connected = false;  // the page's own fact; it counts once the path is there
    TimerId lost_timer = 0;
  };
  struct Capture {
    std::uint32_t part = 0;
    bool active = false;    // the recorder runs
    bool started = false;   // header durable, envelope opens
    bool attached = false;  // the media plane hands its packets to it
    std::string fault;      // why it was stopped, when that was us
    bool ending =
        false;  // stopped on purpose: the call that it records is over, the next one gets a part of its own
    std::set<std::string> hellos;  // whose Hellos stand in this part, by endpoint
    SteadyTime durable{};
    bool stalled = false;
    std::set<std::pair<EndpointKey, int>> first_packets;
    std::optional<SteadyTime> retry_at;
  };

  // pages
  Presence* find(PresenceId id);
  Presence* by_ep(const std::string& ep);
  Presence* by_endpoint(EndpointKey endpoint);
  Presence* member_of(const ParticipantId& participant);
  Presence& add_presence(const Entering& entering);
  void attach_media(Presence& presence);
  void arm_guard(Presence& presence);
  void stopped(Presence& presence);
  void set_silent(Presence& presence, bool silent);
  void offer(Presence& presence, bool restart);
  void note_path(Presence& presence, MediaPath path);
  void watch_paths(SteadyTime now);
  void meet_paths();
  void remove_presence(PresenceId id, std::string_view ended_reason, bool tell);
  void lose(Presence& presence);
  Duration time_to_come_back(const Presence& presence) const;
  void wait_for(Presence& presence);
  void turn_away(const ParticipantId& participant, const std::string& reason);
  std::optional<meeting::Refusal> take_over(const ParticipantId& adviser);
  void lost_for_good(PresenceId id);
  void leave(Presence& presence, std::string_view cause);
  void hold(std::string_view cause);
  void end(const std::string& cause, const meeting::Actor& actor);
  void finish(const std::string& reason);
  void finish_last();
  void refuse(Presence& presence, std::int64_t re, const meeting::Refusal& refusal);
  void ok(Presence& presence, std::int64_t re, Json body = JsonObject{});
  // What stays of the conversation, for whoever goes.
  Json farewell(Json body) const;
  void reload();
  std::uint32_t recorded_parts() const;
  meeting::Decision run(const meeting::Command& command, const meeting::Actor& actor,
                        const std::function<void(const Meeting&)>& inside = {});

  // signed messages
  bool open_call();
  void new_call();
  struct NextCall {
    std::string call, policy;
    std::unique_ptr<CallRules> rules;
  };
  std::optional<NextCall> prepare_call();
  void store_call(const std::optional<NextCall>& next);  // inside a unit of work
  void begin_call(std::optional<NextCall> next);
  void forget_chain();
  void read_chain();
  const ChainIndex::Said& remember(CallStore::Message stored, Json message);
  CallStore::Message store_message(const std::string& from, const Json& message);  // inside a unit of work
  void forget_waiting_hello(Presence& presence);
  void read_chain_again();
  // One handler for each message of a page; `re` is the message's id, for the answer.
  void take_e2ee(Presence& presence, std::int64_t re, const Json& message);
  void take_answer(Presence& presence, std::int64_t re, const Json& message);
  void take_ice_restart(Presence& presence, std::int64_t re, const Json& message);
  void take_self(Presence& presence, std::int64_t re, const Json& message);
  void take_share_start(Presence& presence, std::int64_t re, const Json& message);
  void take_share_stop(Presence& presence, std::int64_t re, const Json& message);
  void take_connected(Presence& presence, std::int64_t re, const Json& message);
  void take_decline(Presence& presence, std::int64_t re, const Json& message);
  void take_second(Presence& presence, std::int64_t re, const Json& message);
  void take_leave(Presence& presence, std::int64_t re, const Json& message);
  void take_end(Presence& presence, std::int64_t re, const Json& message);
  void take_failed(Presence& presence, std::int64_t re, const Json& message);
  void set_sharing(Presence& presence, bool start, const meeting::Actor& actor);
  void end_sharing();
  std::optional<ParticipantId> customer_named(Presence& presence, std::int64_t re, const Json& message);
  void on_signed(Presence& presence, std::int64_t id, const Json& message);
  std::optional<meeting::Refusal> take_hello(Presence& presence, const Json& message);
  std::optional<meeting::Refusal> take_roster(Presence& presence, const Json& message);
  std::optional<meeting::Refusal> take_other(Presence& presence, const Json& message);
  void store_and_spread(const std::string& from, const Json& message, const Presence* except);
  void tell_vault(const std::string& message);
  void announce_all_to_vault();
  void take_from_recorder(const std::vector<std::string>& messages);
  void store_from_recorder(const std::vector<std::string>& messages);
  void roster_taken(const RosterView& roster);
  void refresh_gate();
  bool recorder_has_all_keys() const;

  // recorder
  bool recording_demanded() const;
  void start_capture();
  bool capturing() const { return capture_.started && capture_.attached && !capture_.ending; }
  // The newest Roster, with the Hellos that it names, into the log: without them the vault opens nothing of
  // its epoch.
  void spread_late(const ChainIndex::Said& said);
  void log_roster();
  void log_hello(const ChainIndex::Said& hello);
  void end_part();
  std::string_view why_not_recording(SteadyTime now) const;
  void tell_not_recording(SteadyTime now);
  void on_capture(const CaptureFact& fact);
  void take_capture_fact(const CaptureFact& fact);
  void capture_running();
  void seal_what_stopped();
  void watch_capture(SteadyTime now);
  void set_media_state(bool allowed, const std::string& reason);
  void seal(const capture_fact::Stopped& stopped);
  void recording_failed(const std::string& reason);

  // pushes
  void push(Presence& presence, std::string_view type, Json body);
  void push_all(std::string_view type, const Json& body);
  void push_members(std::string_view type, const Json& body);
  Json welcome_body(Presence& presence);
  Json meeting_json() const;
  Json recording_json() const;
  Json media_json() const;
  Json people_json() const;
  Json held_json(UtcTime until) const;
  void push_state(Presence& presence);
  void push_people();
  void push_waiting();
  void push_recording();

  Context& context_;
  MediaKeys& keys_;
  Meeting meeting_;
  MeetingType type_;
  Listener listener_;
  RoomKey room_ = 0;
  bool room_open_ = false;
  PresenceId last_presence_ = 0;
  std::map<PresenceId, std::unique_ptr<Presence>> presences_;

  std::string call_;    // id, "" when none is open
  std::string policy_;  // signed Policy of this call
  std::unique_ptr<CallRules> rules_;
  ChainIndex chain_;                          // what members have said in this call
  std::map<std::string, ParticipantId> eps_;  // who said Hello under which ep: members and who waits
  std::uint16_t taken_epoch_ = 0;             // of the Roster whose effects are in force
  bool chain_lost_ = false;                   // not readable: nothing flows until it is
  std::optional<SteadyTime> retell_at_;       // the vault's answer was not stored: ask again
  std::set<Hash> taken_over_;                 // tokens of pages whose place another browser took

  Capture capture_;
  std::optional<UtcTime> ended_cleanly_;          // when the last part did, in this process
  bool resumed_ = false;                          // the next part belongs to a call that follows another one
  std::optional<SteadyTime> seal_at_;             // not before
  std::optional<capture_fact::Stopped> to_seal_;  // over, stopped, not sealed in the database yet
  bool media_allowed_ = false;
  std::string media_reason_ = "not_admitted";
  std::optional<SteadyTime> not_flowing_since_;
  std::optional<SteadyTime> held_until_;
  std::string held_cause_;  // command::Hold's; "": from before a restart, not known
  // Two members of this call could be reached at once: until then nothing flows and nothing is recorded, so
  // that nobody speaks, on the record, to somebody who can't be there.
  bool paths_met_ = false;
  bool paths_once_met_ = false;  // in this meeting
  bool ran_in_call_ = false;     // the recorder has written something of this call: only then can it stop
  bool packet_written_ = false;  // of anybody; true as well where a restart made us forget
  std::optional<PresenceId> sharing_;
  bool people_due_ = false;  // somebody's switches changed more often than is told at once
  bool over_ = false;
  TimerId last_words_ = 0;  // running: pages may still sign their final Progress
  std::shared_ptr<bool> alive_ =
      std::make_shared<bool>(true);  // callbacks check it: they may come after the end
};

}  // namespace parlour::app

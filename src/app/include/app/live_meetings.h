// All live meetings and the sockets that lead to them: who may enter where, the console's lists, the restart.
#pragma once

#include "app/accounts.h"
#include "app/live_meeting.h"
#include "app/meetings.h"
#include "app/network_checks.h"
#include "app/rate.h"

namespace parlour::app {

class LiveMeetings {
 public:
  LiveMeetings(Context& context, Accounts& accounts, Guests& guests, std::function<void()> sealed);
  ~LiveMeetings();

  // A socket, from its opening to its end. Tokens are the cookies of the upgrade request ("" when absent).
  using SocketId = std::uint64_t;
  SocketId socket_opened(std::shared_ptr<Wire> wire, std::string staff_token, std::string guest_token);
  void socket_message(SocketId socket, std::string_view text);
  // `code`: the WebSocket's; 1000 and 1001 are a browser's good-bye for a page.
  void socket_closed(SocketId socket, std::uint16_t code = 1006);

  void restore();  // once, after the start
  void on_vault_up(bool up);
  void cancelled(const MeetingId& meeting);
  void link_replaced(const MeetingId& meeting);
  void close_sockets_of(const std::string& session);  // logged out; who is in a meeting leaves it
  // Is this socket a member's, or of staff? The others can wait a moment.
  bool waits(SocketId socket) const;
  // One more of these by this person, whatever it comes by.
  bool may(const std::string& person, Talk talk);
  const LiveMeeting* find(const MeetingId& meeting) const;

 private:
  struct Socket {
    std::shared_ptr<Wire> wire;
    std::string staff_token, guest_token;
    std::optional<MeetingId> meeting;
    LiveMeeting::PresenceId presence = 0;
    std::optional<SessionView> watcher;
    std::string session;        // public id of the staff session behind it
    std::string guest_session;  // or of the customer's
    std::string person;         // who is counted: the participant, or the user of a console
    bool closing = false;       // by us: nothing more of it is read
  };
  std::string cookie_of(const Socket& socket) const;
  bool talks_too_much(Socket& socket, const Json& message, const std::string& type);
  void enter(Socket& socket, const Json& message);
  void tell_over(Socket& socket, const MeetingId& id, std::uint64_t last_n);
  void watch(Socket& socket, const Json& message);
  void probe(SocketId id, Socket& socket, const Json& message);
  void watcher_message(Socket& socket, const Json& message);
  void check_sessions();
  void seal_left_behind(meeting::RecordingPhase phase);
  bool may_stay(Socket& socket);
  void drop(SocketId id);
  void refuse(Socket& socket, const Json& message, const meeting::Refusal& refusal, bool last);
  void close(Socket& socket, std::uint16_t code, std::string_view reason);
  LiveMeeting* live(const MeetingId& id);
  void push_watchers();
  void tick();

  Context& context_;
  Accounts& accounts_;
  Guests& guests_;
  std::function<void()> sealed_;
  MediaKeys keys_;
  NetworkChecks checks_;
  std::map<MeetingId, std::unique_ptr<LiveMeeting>> meetings_;
  std::map<SocketId, Socket> sockets_;
  SocketId last_socket_ = 0;
  TimerId timer_ = 0;
  SocketId session_cursor_ = 0;              // the last socket whose session was looked at
  std::map<std::string, int> open_sockets_;  // by cookie
  Rates rates_;
  bool watchers_due_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace parlour::app

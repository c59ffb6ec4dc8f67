// All live meetings and the sockets that lead to them: who may enter where, the console's lists, the restart.
#pragma once

#include "app/accounts.h"
#include "app/live_meeting.h"
#include "app/meetings.h"

namespace parlour::app {

class LiveMeetings {
 public:
  LiveMeetings(Context& context, Accounts& accounts, Guests& guests, std::function<void()> sealed);
  ~LiveMeetings();

  // A socket, from its opening to its end. Tokens are the cookies of the upgrade request ("" when absent).
  using SocketId = std::uint64_t;
  SocketId socket_opened(std::shared_ptr<Wire> wire, std::string staff_token, std::string guest_token);
  void socket_message(SocketId socket, std::string_view text);
  void socket_closed(SocketId socket);

  void restore();  // once, after the start
  void on_vault_up(bool up);
  void cancelled(const MeetingId& meeting);
  void link_replaced(const MeetingId& meeting);
  void close_sockets_of(const std::string& session);  // logged out; who is in a meeting leaves it
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
  };
  void enter(Socket& socket, const Json& message);
  void tell_over(Socket& socket, const MeetingId& id, std::uint64_t last_n);
  void watch(Socket& socket, const Json& message);
  void watcher_message(Socket& socket, const Json& message);
  void check_sessions();
  bool may_stay(Socket& socket);
  void drop(SocketId id);
  void refuse(Socket& socket, const Json& message, const meeting::Refusal& refusal, bool close);
  LiveMeeting* live(const MeetingId& id);
  void push_watchers();
  void tick();

  Context& context_;
  Accounts& accounts_;
  Guests& guests_;
  std::function<void()> sealed_;
  MediaKeys keys_;
  std::map<MeetingId, std::unique_ptr<LiveMeeting>> meetings_;
  std::map<SocketId, Socket> sockets_;
  SocketId last_socket_ = 0;
  TimerId timer_ = 0;
  SteadyTime sessions_checked_{};
  bool watchers_due_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace parlour::app

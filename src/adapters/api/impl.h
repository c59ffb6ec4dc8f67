// The inside of Api: shared helpers and the routes by subject, a file each.
#pragma once

#include <atomic>
#include <mutex>
#include <unordered_map>

#include "api/api.h"
#include "http/websocket.h"

namespace parlour::api {

class Body;

constexpr std::string_view kSessionCookie = "__Host-parlour-session";
constexpr std::string_view kDeviceCookie = "__Host-parlour-device";
constexpr std::string_view kGuestCookie = "__Host-parlour-guest";

http::Response refusal_response(const meeting::Refusal& refusal);
http::Response body_problem(const Body& body);

struct Api::Impl final : http::WsHandler {
  Impl(UseCases cases_in, runtime::Executor& executor_in, std::string origin)
      : cases(std::move(cases_in)), executor(executor_in), base_origin(std::move(origin)) {}

  void add_routes(http::Router& router);
  void add_session_routes(http::Router& router);
  void add_guest_routes(http::Router& router);
  void add_recording_routes(http::Router& router);

  using Lane = runtime::Executor::Lane;
  void on_app(http::Reply reply, std::function<void(http::Reply)> run, Lane lane = Lane::kFirst);
  http::Router::Function staff(bool changes,
                               std::function<void(const app::SessionView&, http::Request, http::Reply)> run);
  http::Router::Function guest(
      bool changes, std::function<void(const app::Guests::Session&, http::Request, http::Reply)> run);
  static std::size_t limit_of(const http::Request& request);

  void on_open(std::shared_ptr<http::WsChannel> channel, http::Request request) override;
  void on_text(const std::shared_ptr<http::WsChannel>& channel, std::string text) override;
  void on_close(const std::shared_ptr<http::WsChannel>& channel, std::uint16_t code) override;

  UseCases cases;
  runtime::Executor& executor;
  std::string base_origin;
  // A socket's messages keep their order: it changes the lane only when none of them waits in the other.
  struct Channel {
    std::atomic<bool> waits = true;    // its page is at the door
    std::atomic<int> at_the_door = 0;  // tasks of it in the guests' lane
    std::atomic<int> inside = 0;       // and in the other
    std::atomic<std::size_t> bytes = 0;
    bool goes_to_the_door() const { return at_the_door > 0 || (waits && inside == 0); }
  };
  std::shared_ptr<Channel> channel_of(std::uint64_t id);

  std::mutex channels_mutex;
  std::unordered_map<std::uint64_t, std::shared_ptr<Channel>> channels;

  // App thread only.
  std::unordered_map<std::uint64_t, app::LiveMeetings::SocketId> sockets;
  http::RateLimiter link_misses{{.per_minute = 20, .burst = 20}};
  http::RateLimiter noted_misses{{.per_minute = 60, .burst = 200}};  // of all addresses together
};

}  // namespace parlour::api

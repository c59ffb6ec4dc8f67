// The inside of Api: shared helpers and the routes by subject, a file each.
#pragma once

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

  void on_app(http::Reply reply, std::function<void(http::Reply)> run);
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
  // App thread only.
  std::unordered_map<std::uint64_t, app::LiveMeetings::SocketId> sockets;
  http::RateLimiter link_misses{{.per_minute = 20, .burst = 20}};
};

}  // namespace parlour::api

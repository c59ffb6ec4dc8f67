// Log in, who is it, log out.
#include "body.h"
#include "http/problem.h"
#include "impl.h"
#include "json_views.h"

namespace parlour::api {

using namespace app;
using http::Method;
using http::Reply;
using http::Request;
using http::Response;

namespace {

constexpr std::int64_t kDeviceSeconds =
    180 * 24 * 3600;  // a browser that is not used for so long is a stranger again

}  // namespace

void Api::Impl::add_session_routes(http::Router& router) {
  // "Nobody" is an answer and no error: each visit of the log-in page asks.
  router.add(Method::kGet, "/api/v1/session", [this](Request request, Reply reply) {
    on_app(reply, [this, request = std::move(request)](Reply answer) {
      auto session = cases.accounts.session(std::string(request.cookie(kSessionCookie)));
      answer(session ? Response::json(200, session_json(*session, cases.context.organisation))
                     : Response::empty(204));
    });
  });
  router.add(Method::kPost, "/api/v1/session", [this](Request request, Reply reply) {
    if (!http::is_same_origin(request, base_origin))
      return reply(http::problem(403, "csrf", "This request does not come from our own page."));
    on_app(reply, [this, request = std::move(request)](Reply answer) {
      Body body(request.body);
      std::string email = body.string("email", 1, 254);
      std::string password = body.string("password", 1, 1024);
      if (!body.good()) return answer(body_problem(body));
      auto cookie = [&](std::string_view name) -> std::optional<std::string> {
        std::string_view value = request.cookie(name);
        return value.empty() ? std::nullopt : std::optional(std::string(value));
      };
      cases.accounts.log_in(
          {email, password, http::subscriber_of(request.peer), cookie(kSessionCookie), cookie(kDeviceCookie)},
          [this, answer](Result<SessionView, Accounts::LoginRefusal> session) {
            if (!session) {
              const Accounts::LoginRefusal& refusal = session.error();
              bool wait = refusal.refusal.code != "login.failed";
              std::int64_t seconds = (refusal.retry_after.count() + 999'999) / 1'000'000;
              Response response = http::problem(wait ? 429 : 401, refusal.refusal.code, refusal.refusal.text,
                                                "", {{"retry_after_s", seconds}});
              if (seconds > 0) response.set_header("Retry-After", std::to_string(seconds));
              return answer(std::move(response));
            }
            Response response = Response::json(200, session_json(*session, cases.context.organisation));
            response.add_header("Set-Cookie",
                                http::host_cookie("parlour-session", session->token, std::nullopt));
            if (!session->device_token.empty())
              response.add_header("Set-Cookie",
                                  http::host_cookie("parlour-device", session->device_token, kDeviceSeconds));
            answer(std::move(response));
          });
    });
  });
  router.add(Method::kDelete, "/api/v1/session",
             staff(true, [this](auto& session, Request request, Reply reply) {
               // Out first. What then fails on the way is tried again by the timers that look after ended
               // sessions, and keeps nobody logged in.
               cases.accounts.log_out(std::string(request.cookie(kSessionCookie)));
               executor.post([this, id = session.id] { cases.live.close_sockets_of(id); });
               executor.post([this, id = session.id] { cases.recordings.close_session(id); });
               Response response = Response::empty(204);
               response.add_header("Set-Cookie", http::expired_host_cookie("parlour-session"));
               response.set_header("Clear-Site-Data", "\"cache\", \"storage\"");
               reply(std::move(response));
             }));
}

}  // namespace parlour::api

#include "closed_house.h"

#include "http/problem.h"

namespace parlour::bin {
namespace {

constexpr const char* kWaiting = "vault.unreachable";
constexpr std::int64_t kRetrySeconds = 5;

}  // namespace

http::RouteInfo ClosedHouse::route(http::Request&) {
  return {.body_limit = 0, .websocket = nullptr, .name = "closed"};
}

void ClosedHouse::handle(http::Request request, http::Reply reply) {
  const bool alarm = !alarm_.empty();
  const std::string reason = alarm ? alarm_ : kWaiting;
  if (request.path == "/api/v1/health") {
    http::Response response = http::Response::json(
        503, JsonObject{{"ready", false}, {"state", alarm ? "alarm" : "locked"}, {"reason", reason}});
    response.set_header("Retry-After", std::to_string(kRetrySeconds));
    return reply(std::move(response));
  }
  if (request.path.starts_with("/api/")) {
    http::Response response =
        alarm ? http::problem(503, reason, "Nothing is served: the audit log is not the one that was signed.")
              : http::problem(503, reason,
                              "Nothing is served yet: the vault does not answer. Try again later.");
    if (!alarm) response.set_header("Retry-After", std::to_string(kRetrySeconds));
    return reply(std::move(response));
  }
  // Scripts, styles and the icon as they are; every page's address is the one page.
  const std::size_t dot = request.path.rfind('.');
  if (request.path.starts_with("/assets/") ||
      (dot != std::string::npos && request.path.substr(dot) != ".html"))
    return reply(web_.answer(request));
  if (request.method != http::Method::kGet && request.method != http::Method::kHead)
    return reply(http::method_not_allowed("GET, HEAD"));
  request.path = "/closed.html";
  request.headers.erase("if-none-match");
  http::Response page = web_.answer(request);
  // A web client without that page: the words alone.
  if (page.status != 200)
    page = http::Response::text(503, "text/plain; charset=utf-8",
                                alarm ? "Closed: the audit log is not the one that was signed.\n"
                                      : "Not open yet: the vault does not answer.\n");
  page.status = 503;
  page.set_header("Cache-Control", "no-store");
  if (!alarm) page.set_header("Retry-After", std::to_string(kRetrySeconds));
  reply(std::move(page));
}

}  // namespace parlour::bin

#include "http/problem.h"

namespace parlour::http {

Response problem(int status, std::string_view name, std::string_view title, std::string_view detail,
                 JsonObject extra) {
  JsonObject members;
  members.emplace_back("type", "urn:parlour:problem:" + std::string(name));
  members.emplace_back("title", title);
  members.emplace_back("status", status);
  if (!detail.empty()) members.emplace_back("detail", detail);
  for (JsonMember& member : extra) members.push_back(std::move(member));
  return Response::text(status, "application/problem+json", write_json(Json(std::move(members))));
}

Response not_found() {
  return problem(404, "not-found", "There is nothing here.");
}

Response method_not_allowed(std::string_view allow) {
  Response response = problem(405, "method-not-allowed", "This cannot be done here.");
  response.set_header("Allow", allow);
  return response;
}

Response too_many_requests(std::int64_t retry_after_seconds) {
  Response response = problem(429, "too-many-requests", "Too many tries.", "Wait a little, then try again.");
  response.set_header("Retry-After", std::to_string(retry_after_seconds < 1 ? 1 : retry_after_seconds));
  return response;
}

Response internal_error() {
  return problem(500, "internal", "Something went wrong on our side.",
                 "Try again; if it stays, tell your organisation.");
}

}  // namespace parlour::http

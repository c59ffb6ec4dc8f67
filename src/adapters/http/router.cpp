#include "http/router.h"

#include <algorithm>
#include <cassert>

#include "http/problem.h"

namespace parlour::http {
namespace {

std::vector<std::string> split(std::string_view pattern) {
  assert(!pattern.empty() && pattern.front() == '/');
  std::vector<std::string> segments;
  std::string_view rest = pattern.substr(1);
  while (true) {
    std::size_t slash = rest.find('/');
    segments.emplace_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    rest = rest.substr(slash + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::equal(pattern.begin(), pattern.end(), path.begin(), path.end(),
                    [](const std::string& expected, const std::string& segment) {
                      return is_parameter(expected) ? !segment.empty() : expected == segment;
                    });
}

// True when `a` has a literal at the first place where the two differ in kind.
bool is_more_literal(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (is_parameter(a[i]) != is_parameter(b[i])) return !is_parameter(a[i]);
  return false;
}

}  // namespace

Router::Route& Router::find_or_add(std::string_view pattern) {
  for (Route& route : routes_)
    if (route.pattern == pattern) return route;
  routes_.push_back(Route{std::string(pattern), split(pattern), {}, nullptr});
  return routes_.back();
}

void Router::add(Method method, std::string_view pattern, Function function, std::size_t body_limit) {
  Route& route = find_or_add(pattern);
  assert(std::none_of(route.entries.begin(), route.entries.end(),
                      [&](const Entry& entry) { return entry.method == method; }) &&
         "a route is added once");
  route.entries.push_back(Entry{method, std::move(function), body_limit});
}

void Router::add_websocket(std::string_view pattern, WsHandler& handler) {
  Route& route = find_or_add(pattern);
  assert(route.websocket == nullptr && route.entries.empty());
  route.websocket = &handler;
}

void Router::set_fallback(Function function) {
  fallback_ = std::move(function);
}

std::vector<Router::Listed> Router::list() const {
  std::vector<Listed> all;
  for (const Route& route : routes_) {
    for (const Entry& entry : route.entries) all.push_back({entry.method, route.pattern});
    if (route.websocket != nullptr) all.push_back({Method::kGet, route.pattern});
  }
  return all;
}

const Router::Route* Router::match(Request& request) const {
  const Route* best = nullptr;
  for (const Route& route : routes_) {
    if (!fits(route.segments, request.segments)) continue;
    if (best == nullptr || is_more_literal(route.segments, best->segments)) best = &route;
  }
  if (best == nullptr) return nullptr;
  request.parameters.clear();
  for (std::size_t i = 0; i < best->segments.size(); ++i) {
    const std::string& segment = best->segments[i];
    if (is_parameter(segment))
      request.parameters[segment.substr(1, segment.size() - 2)] = request.segments[i];
  }
  return best;
}

namespace {

// HEAD is served by GET: the transport leaves the body out.
template <class Entries>
auto find_entry(Entries& entries, Method method) {
  auto of = [&](Method wanted) {
    return std::find_if(entries.begin(), entries.end(),
                        [&](const auto& entry) { return entry.method == wanted; });
  };
  auto found = of(method);
  return found == entries.end() && method == Method::kHead ? of(Method::kGet) : found;
}

}  // namespace

RouteInfo Router::route(Request& request) {
  const Route* route = match(request);
  if (route == nullptr) return {0, nullptr, fallback_ ? "static" : "none"};
  RouteInfo info{0, route->websocket, route->pattern};
  auto entry = find_entry(route->entries, request.method);
  if (entry != route->entries.end()) info.body_limit = entry->body_limit;
  return info;
}

void Router::handle(Request request, Reply reply) {
  const Route* route = match(request);
  if (route == nullptr) {
    if (fallback_) return fallback_(std::move(request), std::move(reply));
    return reply(not_found());
  }
  auto entry = find_entry(route->entries, request.method);
  if (entry != route->entries.end()) return entry->function(std::move(request), std::move(reply));
  if (route->websocket != nullptr) return reply(method_not_allowed("GET"));
  std::string allow;
  for (const Entry& known : route->entries) {
    if (!allow.empty()) allow += ", ";
    allow += to_text(known.method);
    if (known.method == Method::kGet) allow += ", HEAD";
  }
  reply(method_not_allowed(allow));
}

}  // namespace parlour::http

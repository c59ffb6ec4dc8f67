// Patterns to handlers: "/api/v1/meetings/{id}" with a method each; 404, 405 with Allow, HEAD served by GET.
//
// Literal segments win over parameters. A parameter takes exactly one non-empty segment; it is a value in
// Request::parameters and nothing else: the router never makes a file name of it.
// Filled before the server starts, then only read: any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/server.h"
#include "http/websocket.h"

namespace parlour::http {

class Router final : public Handler {
 public:
  using Function = std::function<void(Request, Reply)>;

  // `pattern` starts with "/"; two equal routes are a bug (assert). body_limit 0: the server's default.
  void add(Method method, std::string_view pattern, Function function, std::size_t body_limit = 0);
  // The handler outlives the server.
  void add_websocket(std::string_view pattern, WsHandler& handler);
  // Who answers when no pattern matches (static files). Without one: 404.
  void set_fallback(Function function);

  struct Listed {
    Method method;
    std::string pattern;
  };
  // For the check of the route table against contracts/openapi.yaml.
  std::vector<Listed> list() const;

  RouteInfo route(Request& request) override;
  void handle(Request request, Reply reply) override;

 private:
  struct Entry {
    Method method;
    Function function;
    std::size_t body_limit;
  };
  struct Route {
    std::string pattern;
    std::vector<std::string> segments;  // a parameter is "{name}"
    std::vector<Entry> entries;
    WsHandler* websocket = nullptr;
  };

  Route& find_or_add(std::string_view pattern);
  // Fills request.parameters on a match.
  const Route* match(Request& request) const;

  std::vector<Route> routes_;
  Function fallback_;
};

}  // namespace parlour::http

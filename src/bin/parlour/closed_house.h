// What the port answers while nothing may be served: one page in words under every address, health that says
// why, and a refusal for every other request. It touches neither database nor log.
//
// The page is the web client's closed.html; it asks for health and goes on by itself. Any thread.
#pragma once

#include <string>

#include "http/server.h"
#include "http/static_files.h"

namespace parlour::bin {

class ClosedHouse final : public http::Handler {
 public:
  // `web` outlives this. `alarm`: the code of what is wrong with the log; empty while the vault is waited
  // for.
  ClosedHouse(const http::StaticFiles& web, std::string alarm) : web_(web), alarm_(std::move(alarm)) {}

  http::RouteInfo route(http::Request& request) override;
  void handle(http::Request request, http::Reply reply) override;

 private:
  const http::StaticFiles& web_;
  const std::string alarm_;
};

}  // namespace parlour::bin

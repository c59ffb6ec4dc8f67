// The HTTP/1.1 server (RFC 9110, 9112): TLS, limits, time-outs, security headers; hands requests to a
// Handler.
//
// TLS 1.2 or later is required. Plain HTTP exists for development only: `plain_on_loopback` set and every
// address a loopback address; anything else is refused at start.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "http/websocket.h"

namespace parlour {
class Log;
}

namespace parlour::http {

// What the transport must know about a request before it reads the body.
struct RouteInfo {
  std::size_t body_limit = 0;      // 0: the server's default
  WsHandler* websocket = nullptr;  // not null: only WebSocket upgrades are served here
  std::string_view name =
      "other";  // the pattern, for the log (never the path, which may hold what is personal)
};

// Thread: the server's io threads, several at a time if there are several. Must not block: long work goes
// elsewhere and the Reply is called from there. The Router (http/router.h) is the one to use.
class Handler {
 public:
  virtual ~Handler() = default;
  // Called when the header is complete, before the body is read. `request` has everything but the body;
  // parameters may be filled in (upgrade requests reach the WsHandler with them). The views returned outlive
  // the server.
  virtual RouteInfo route(Request& request) = 0;
  // HEAD comes as kHead; the transport leaves the body out by itself.
  virtual void handle(Request request, Reply reply) = 0;
};

struct ServerConfig {
  std::vector<std::string> addresses = {"127.0.0.1"};  // numeric IPv4 or IPv6
  std::uint16_t port = 0;                              // 0: the system chooses; see Server::port()
  std::string certificate_pem;                         // chain, leaf first
  std::string private_key_pem;
  bool plain_on_loopback = false;
  // Scheme, host and port as browsers write an origin: "https://localhost:8443", no final slash. WebSockets
  // and the content security policy are tied to it. Empty: made of scheme, first address and port.
  std::string base_origin;
  int threads = 1;
  Log* log = nullptr;  // not owned; outlives the server

  std::size_t header_limit = 16 * 1024;
  std::size_t target_limit = 4 * 1024;
  std::size_t body_limit = 256 * 1024;
  std::size_t max_connections = 4096;
  std::size_t max_connections_per_subscriber =
      1024;  // see subscriber_of(); refusals are logged, once a minute

  Duration handshake_timeout = 10s;  // TLS
  Duration header_timeout =
      10s;                       // from a request's first byte to the end of its header, whatever trickles in
  Duration body_timeout = 30s;   // the whole body
  Duration idle_timeout = 60s;   // between requests
  Duration write_timeout = 30s;  // for each 64 KiB of an answer
  Duration reply_timeout = 60s;  // from handle() to the Reply; afterwards 503

  std::size_t ws_message_limit = 64 * 1024;
  std::size_t ws_queue_limit = 1024 * 1024;  // bytes waiting for a slow client
  std::int64_t ws_messages_per_second = 50;
  std::int64_t ws_messages_burst = 200;
  Duration ws_idle_timeout = 30s;  // a ping goes out after half of it
};

struct ServerError {
  enum class Kind { kTlsRequired, kBadCertificate, kBadAddress, kAddressInUse, kSystem };
  Kind kind;
  std::string text;  // for the operator
};

struct ServerCounters {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // over a limit
  std::uint64_t connections_open = 0;
  std::uint64_t websockets_open = 0;
  std::uint64_t requests = 0;
  std::uint64_t requests_malformed = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t websockets_refused = 0;       // foreign origin
  std::uint64_t websockets_closed_by_us = 0;  // 1002, 1003, 1007, 1008, 1009
};

class Server {
 public:
  // Binds, listens, starts the threads. The handler outlives the server.
  static Result<std::unique_ptr<Server>, ServerError> start(ServerConfig config, Handler& handler);
  ~Server();  // stop(0)
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  const std::string& base_origin() const;
  ServerCounters counters() const;

  // Stops accepting, closes WebSockets with 1001, lets running requests finish for at most `grace`, then
  // cuts. Afterwards no handler is called any more; a Reply may still be, without effect. Not from an io
  // thread.
  void stop(Duration grace);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour::http

// WebSockets (RFC 6455) as the application sees them: text messages in, text messages out, one close.
//
// The transport has done before on_open: Origin equals the configured base origin (else 403), protocol
// version 13. It does meanwhile: UTF-8 check (else 1007), messages of at most 64 KiB (else 1009), binary
// refused (1003), broken framing refused (1002), too many messages refused (1008), pings, idle time-out. No
// compression.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace parlour::http {

// RFC 6455 section 7.4.1, those that we send or see.
enum WsCloseCode : std::uint16_t {
  kWsNormal = 1000,
  kWsGoingAway = 1001,
  kWsProtocolError = 1002,
  kWsUnsupportedData = 1003,
  kWsNoStatus = 1005,
  kWsAbnormal = 1006,  // the connection went without a close frame; never sent
  kWsBadPayload = 1007,
  kWsPolicy = 1008,
  kWsTooBig = 1009,
  kWsInternal = 1011,
};

// One open socket. Any thread; all calls return at once. Held by shared pointers: the transport keeps one
// while the connection lives, the application may keep others as long as it likes.
class WsChannel {
 public:
  virtual ~WsChannel() = default;

  // Unique among the channels of one server, never 0.
  virtual std::uint64_t id() const = 0;

  // Queues one message of well-formed UTF-8; messages go out in the order of the calls. False when the
  // channel is closing or closed, or when the client reads so slowly that the queue would pass its limit: it
  // is then closed with 1008 and what was queued is dropped.
  virtual bool send_text(std::string text) = 0;

  // Sends what is queued, then a close frame; the connection is cut if the client does not follow within 2 s.
  // `reason` is cut at 123 bytes. Later calls are ignored.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;

  virtual bool is_open() const = 0;
};

// What the application does with sockets of a route.
// Thread: the transport's; for one channel one call at a time, in the order on_open, on_text…, on_close,
// which comes exactly once for each on_open. Must not block. The handler outlives the server.
class WsHandler {
 public:
  virtual ~WsHandler() = default;
  // `request` is the upgrade request: cookies, peer, query, parameters.
  virtual void on_open(std::shared_ptr<WsChannel> channel, Request request) = 0;
  virtual void on_text(const std::shared_ptr<WsChannel>& channel, std::string text) = 0;
  // `code` is what the client sent, or what we sent, or 1006.
  virtual void on_close(const std::shared_ptr<WsChannel>& channel, std::uint16_t code) = 0;
};

}  // namespace parlour::http

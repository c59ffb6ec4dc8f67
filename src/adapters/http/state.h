// What all connections of one server share. Internal to adapters/http.
//
// Held by shared pointers: a connection that the application still holds (a WsChannel, a Reply) keeps the
// io_context alive that its socket belongs to. Connections hold the state; the state holds connections only
// while they are open. Any thread.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "http/security_headers.h"
#include "http/server.h"
#include "log/log.h"

namespace parlour::http {

// A connection that the server can end.
class Connection {
 public:
  virtual ~Connection() = default;
  // kSoon: after the running answer, or with a WebSocket close frame. Any thread; returns at once.
  enum class How { kSoon, kNow };
  virtual void shut_down(How how) = 0;
};

class ServerState {
 public:
  ServerState(std::shared_ptr<boost::asio::io_context> io_context, ServerConfig server_config,
              Handler& server_handler, std::string origin, bool tls)
      : io(std::move(io_context)),
        config(std::move(server_config)),
        handler(server_handler),
        base_origin(std::move(origin)),
        is_tls(tls),
        security(base_origin, tls) {}

  // False: too many from this subscriber, or at all.
  bool admit(const std::string& subscriber) {
    std::lock_guard lock(mutex);
    std::size_t& count = per_subscriber[subscriber];
    if (stopping || admitted >= config.max_connections || count >= config.max_connections_per_subscriber) {
      note_refused(count < config.max_connections_per_subscriber ? "all" : "address");
      if (count == 0) per_subscriber.erase(subscriber);
      return false;
    }
    ++count;
    ++admitted;
    return true;
  }
  // The system gave no connection: out of descriptors, mostly.
  void accept_failed(int system_error) {
    std::lock_guard lock(mutex);
    if (config.log == nullptr || !minute_over(accept_failure_told)) return;
    config.log->error("http.accept_failed", {{"errno", system_error}});
  }
  void release(const std::string& subscriber) {
    std::lock_guard lock(mutex);
    --admitted;
    auto found = per_subscriber.find(subscriber);
    if (found != per_subscriber.end() && --found->second == 0) per_subscriber.erase(found);
  }

  // Keeps an open connection. When the server is stopping, it is told so at once.
  void add(const std::shared_ptr<Connection>& connection) {
    bool too_late;
    {
      std::lock_guard lock(mutex);
      connections.emplace(connection.get(), connection);
      too_late = stopping;
    }
    if (too_late) connection->shut_down(Connection::How::kNow);
  }
  void remove(const Connection* connection) {
    std::shared_ptr<Connection> dropped;  // before the lock, so that its destructor runs after it
    std::lock_guard lock(mutex);
    auto found = connections.find(connection);
    if (found == connections.end()) return;
    dropped = std::move(found->second);
    connections.erase(found);
    if (connections.empty()) all_gone.notify_all();
  }

  // Under the lock. An operator has to see that people are shut out, and not a line for each of them.
  void note_refused(std::string_view full) {
    ++refused_untold;
    if (stopping || config.log == nullptr || !minute_over(refusal_told)) return;
    config.log->warning("http.connections_refused",
                        {{"full", full}, {"count", refused_untold}, {"open", admitted}});
    refused_untold = 0;
  }
  static bool minute_over(std::chrono::steady_clock::time_point& told) {
    auto now = std::chrono::steady_clock::now();
    if (told != std::chrono::steady_clock::time_point{} && now - told < std::chrono::minutes(1)) return false;
    told = now;
    return true;
  }

  const std::shared_ptr<boost::asio::io_context>
      io;  // first, so that it goes last; shared with the start-up only
  const ServerConfig config;
  Handler& handler;
  const std::string base_origin;
  const bool is_tls;
  const SecurityHeaders security;

  std::mutex mutex;  // for the eight below
  std::condition_variable all_gone;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections;
  std::unordered_map<std::string, std::size_t> per_subscriber;
  std::size_t admitted = 0;
  bool stopping = false;
  std::size_t refused_untold = 0;
  std::chrono::steady_clock::time_point refusal_told{}, accept_failure_told{};

  std::atomic<std::uint64_t> next_channel_id = 1;

  std::atomic<std::uint64_t> connections_accepted = 0;
  std::atomic<std::uint64_t> connections_refused = 0;
  std::atomic<std::uint64_t> websockets_open = 0;
  std::atomic<std::uint64_t> requests = 0;
  std::atomic<std::uint64_t> requests_malformed = 0;
  std::atomic<std::uint64_t> timeouts = 0;
  std::atomic<std::uint64_t> websockets_refused = 0;
  std::atomic<std::uint64_t> websockets_closed_by_us = 0;
};

// One admitted connection; given back when this goes. Moves from the HTTP to the WebSocket session.
class Ticket {
 public:
  Ticket(std::shared_ptr<ServerState> state, std::string subscriber)
      : state_(std::move(state)), subscriber_(std::move(subscriber)) {}
  Ticket(Ticket&& other) noexcept = default;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() { give_back(); }
  void give_back() {
    if (state_ != nullptr) state_->release(subscriber_);
    state_ = nullptr;
  }

 private:
  std::shared_ptr<ServerState> state_;
  std::string subscriber_;
};

}  // namespace parlour::http

// The server under test with a few routes. Internal to the tests of adapters/http.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/problem.h"
#include "http/router.h"
#include "http/server.h"
#include "test_client.h"

namespace parlour::http {

// Waits for a fact instead of sleeping: true when it comes within `limit`.
inline bool eventually(const std::function<bool()>& fact,
                       std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  auto end = std::chrono::steady_clock::now() + limit;
  while (!fact()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// A body in memory behind the interface of one that is fetched; remembers what was reported. Thread: its
// mutex.
class MemorySource final : public RangeSource {
 public:
  explicit MemorySource(std::uint64_t size) : size_(size) {}

  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::size_t length, ReadDone done) override {
    if (fail_from && offset >= *fail_from) return done(std::nullopt);
    Bytes bytes(length);
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::uint8_t>((offset + i) % 251);
    done(std::move(bytes));
  }
  void on_sent(std::uint64_t offset, std::uint64_t count) override {
    std::lock_guard lock(mutex_);
    if (first_ == 0 && sent_ == 0) first_ = offset;
    EXPECT_EQ(offset, first_ + sent_) << "ascending and without gaps";
    sent_ += count;
  }
  void on_end() override {
    std::lock_guard lock(mutex_);
    ++ends_;
  }
  std::uint64_t sent() const {
    std::lock_guard lock(mutex_);
    return sent_;
  }
  int ends() const {
    std::lock_guard lock(mutex_);
    return ends_;
  }
  std::optional<std::uint64_t> fail_from;

 private:
  mutable std::mutex mutex_;
  std::uint64_t size_;
  std::uint64_t first_ = 0;
  std::uint64_t sent_ = 0;
  int ends_ = 0;
};

// Echoes text messages; "flood N" sends N large messages at once. Thread: its mutex.
class EchoSockets final : public WsHandler {
 public:
  void on_open(std::shared_ptr<WsChannel> channel, Request request) override {
    std::lock_guard lock(mutex_);
    ++opened;
    last_channel = channel;
    last_path = request.path;
  }
  void on_text(const std::shared_ptr<WsChannel>& channel, std::string text) override {
    ++texts;
    if (text.starts_with("flood ")) {
      for (int i = std::atoi(text.c_str() + 6); i > 0; --i)
        if (!channel->send_text(std::string(16'000, 'x'))) return;
      return;
    }
    if (text == "close me") return channel->close(kWsNormal, "as you wish");
    channel->send_text(std::move(text));
  }
  void on_close(const std::shared_ptr<WsChannel>&, std::uint16_t code) override {
    std::lock_guard lock(mutex_);
    codes.push_back(code);
  }
  std::vector<std::uint16_t> close_codes() const {
    std::lock_guard lock(mutex_);
    return codes;
  }
  std::shared_ptr<WsChannel> channel() const {
    std::lock_guard lock(mutex_);
    return last_channel;
  }

  std::atomic<int> opened = 0;
  std::atomic<int> texts = 0;
  std::string last_path;

 private:
  mutable std::mutex mutex_;
  std::vector<std::uint16_t> codes;
  std::shared_ptr<WsChannel> last_channel;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    config.plain_on_loopback = true;
    router.add(Method::kGet, "/hello/{name}", [](Request request, Reply reply) {
      reply(Response::text(200, "text/plain", "hello " + std::string(request.parameter("name"))));
    });
    router.add(Method::kPost, "/echo", [](Request request, Reply reply) {
      reply(Response::text(200, "text/plain", std::move(request.body)));
    });
    router.add(
        Method::kPost, "/large",
        [](Request request, Reply reply) {
          reply(Response::text(200, "text/plain", std::to_string(request.body.size())));
        },
        4'000'000);
    router.add(Method::kGet, "/lost", [](Request, Reply) {});
    router.add(Method::kGet, "/throws", [](Request, Reply) { throw std::runtime_error("secret detail"); });
    router.add(Method::kGet, "/held", [this](Request, Reply reply) {
      std::lock_guard lock(held_mutex);
      held = std::move(reply);
    });
    router.add(Method::kGet, "/big", [](Request, Reply reply) {
      reply(Response::text(200, "text/plain", std::string(20'000'000, 'b')));
    });
    router.add(Method::kGet, "/range", [this](Request, Reply reply) {
      Response response = Response::empty(200);
      response.set_header("Content-Type", "video/webm");
      response.body = source;
      reply(std::move(response));
    });
    router.add_websocket("/ws/{room}", sockets);
  }
  ~ServerTest() override {
    if (server) server->stop(Duration(0));
  }

  void start() {
    auto started = Server::start(config, router);
    ASSERT_TRUE(started) << started.error().text;
    server = std::move(*started);
  }
  std::uint16_t port() const { return server->port(); }
  TestClient::Answer ask(std::string_view request) { return TestClient(port()).ask(request); }
  static std::string get(std::string_view target, std::string_view fields = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n";
  }
  std::string upgrade(std::string_view fields = "") const {
    return get("/ws/1",
               "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: " +
                   server->base_origin() + "\r\n" + std::string(fields));
  }
  std::unique_ptr<TestClient> open_socket(int receive_buffer = 0) {
    auto client = std::make_unique<TestClient>(port(), receive_buffer);
    EXPECT_EQ(client->ask(upgrade()).status, 101);
    return client;
  }

  ServerConfig config;
  Router router;
  EchoSockets sockets;
  std::shared_ptr<MemorySource> source = std::make_shared<MemorySource>(1'000'000);
  std::mutex held_mutex;
  Reply held;
  std::unique_ptr<Server> server;
};

}  // namespace parlour::http

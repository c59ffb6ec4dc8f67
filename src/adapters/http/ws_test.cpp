// The WebSocket side over real sockets (RFC 6455, security check 26).
#include <gtest/gtest.h>

#include "test_server.h"

namespace parlour::http {
namespace {

constexpr std::uint8_t kText = 0x81;
constexpr std::uint8_t kClose = 0x88;

using WsTest = ServerTest;

TEST_F(WsTest, HandshakeAnswersRfc6455Section13Key) {
  start();
  TestClient client(port());
  auto answer = client.ask(upgrade());
  EXPECT_EQ(answer.status, 101);
  EXPECT_TRUE(answer.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_FALSE(answer.has("Sec-WebSocket-Extensions"));
  EXPECT_TRUE(eventually([&] { return sockets.opened == 1; }));
}

TEST_F(WsTest, EchoesTextInOrderAlsoWhenFragmented) {
  start();
  auto client = open_socket();
  client->send(TestClient::frame(kText, "one") + TestClient::frame(0x01, "tw") +
               TestClient::frame(0x89, "ping") + TestClient::frame(0x80, "o") +
               TestClient::frame(kText, "gr\xC3\xBC\xC3\x9F"));
  std::vector<std::string> texts;
  while (texts.size() < 3) {
    auto frame = client->read_frame();
    ASSERT_TRUE(frame);
    if (frame->first == 0x8A)
      EXPECT_EQ(frame->payload, "ping");
    else
      texts.push_back(frame->payload);
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"one", "two", "gr\xC3\xBC\xC3\x9F"}));
}

TEST_F(WsTest, NeverCompresses) {
  start();
  TestClient client(port());
  auto answer =
      client.ask(upgrade("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"));
  EXPECT_EQ(answer.status, 101);
  EXPECT_FALSE(answer.has("Sec-WebSocket-Extensions"));
  // RSV1 without having agreed on it.
  client.send(TestClient::frame(0xC1, "compressed?"));
  EXPECT_EQ(client.read_close_code(), 1002);
}

TEST_F(WsTest, ForeignOriginsAreRefusedBeforeTheHandshake) {
  start();
  for (std::string origin :
       {std::string("https://evil.example"), std::string("null"), server->base_origin() + ".evil.example",
        server->base_origin() + "/", std::string("http://127.0.0.1"), std::string("")}) {
    std::string request = get("/ws/1",
                              "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                                  (origin.empty() ? std::string() : "Origin: " + origin + "\r\n"));
    EXPECT_EQ(ask(request).status, 403) << origin;
  }
  EXPECT_EQ(server->counters().websockets_refused, 6u);
  EXPECT_EQ(sockets.opened, 0);
}

TEST_F(WsTest, OnlyTheRouteUpgrades) {
  start();
  std::string request = upgrade();
  request.replace(4, 5, "/hello/1");
  EXPECT_EQ(ask(request).status, 200) << "an ordinary route answers as if nothing had been asked";
  request = upgrade();
  request.replace(0, 3, "POST");
  EXPECT_EQ(ask(request).status, 405);
  EXPECT_EQ(ask(upgrade("Content-Length: 3\r\n") + "abc").status, 400);
}

struct Violation {
  const char* name;
  std::string bytes;
  int code;
};

TEST_F(WsTest, ViolationsCloseWithTheirCode) {
  start();
  const std::string invalid = "\xC3\x28";
  const Violation violations[] = {
      {"unmasked", TestClient::frame(kText, "abc", false), 1002},
      {"reserved bit 2", TestClient::frame(0xA1, "abc"), 1002},
      {"reserved bit 3", TestClient::frame(0x91, "abc"), 1002},
      {"reserved opcode 3", TestClient::frame(0x83, "abc"), 1002},
      {"reserved control opcode 11", TestClient::frame(0x8B, "abc"), 1002},
      {"continuation without a start", TestClient::frame(0x80, "abc"), 1002},
      {"new message inside a message", TestClient::frame(0x01, "a") + TestClient::frame(kText, "b"), 1002},
      {"fragmented ping", TestClient::frame(0x09, "a"), 1002},
      {"ping of 126 bytes", TestClient::frame(0x89, std::string(126, 'a')), 1002},
      {"close of 1 byte", TestClient::frame(kClose, "a"), 1002},
      {"close with a reserved code", TestClient::frame(kClose, std::string("\x03\xED", 2)), 1002},
      {"invalid UTF-8", TestClient::frame(kText, invalid), 1007},
      {"invalid UTF-8 in a later fragment", TestClient::frame(0x01, "\xC3") + TestClient::frame(0x80, "\x28"),
       1007},
      {"cut UTF-8 at the end", TestClient::frame(kText, "\xE2\x82"), 1007},
      {"surrogate", TestClient::frame(kText, "\xED\xA0\x80"), 1007},
      {"binary", TestClient::frame(0x82, "abc"), 1003},
      {"65537 bytes", TestClient::frame(kText, std::string(65'537, 'a')), 1009},
      {"length of 2^62", std::string("\x81\xFF\x40\0\0\0\0\0\0\0\1\2\3\4", 14), 1009},
      {"many fragments",
       [] {
         std::string all = TestClient::frame(0x01, std::string(30'000, 'a'));
         for (int i = 0; i < 3; ++i) all += TestClient::frame(0x00, std::string(30'000, 'a'));
         return all;
       }(),
       1009},
  };
  for (const Violation& violation : violations) {
    auto client = open_socket();
    client->send(violation.bytes);
    EXPECT_EQ(client->read_close_code(), violation.code) << violation.name;
    client->send(TestClient::frame(kClose, std::string("\x03\xE8", 2)));
    EXPECT_TRUE(client->is_closed_by_server()) << violation.name;
  }
  EXPECT_TRUE(eventually([&] { return sockets.close_codes().size() == std::size(violations); }));
  EXPECT_EQ(sockets.texts, 0);
  auto other = open_socket();
  other->send(TestClient::frame(kText, "still here"));
  EXPECT_EQ(other->read_frame()->payload, "still here");
}

TEST_F(WsTest, MessagesUpToTheLimitPass) {
  start();
  auto client = open_socket();
  client->send(TestClient::frame(kText, std::string(65'536, 'a')));
  auto frame = client->read_frame();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->payload.size(), 65'536u);
}

TEST_F(WsTest, TooManyMessagesCloseWithPolicy) {
  start();
  auto client = open_socket();
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += TestClient::frame(kText, "x");
  client->send(many);
  EXPECT_EQ(client->read_close_code(), 1008);
  EXPECT_LT(sockets.texts, 300);
  auto pings = open_socket();
  many.clear();
  for (int i = 0; i < 10'000; ++i) many += TestClient::frame(0x89, "");
  pings->send(many);
  EXPECT_EQ(pings->read_close_code(), 1008);
}

// RFC 6455 section 5.4 lets a message have empty fragments; without a count they would be work without end.
TEST_F(WsTest, FaultH10EmptyFragmentsAreCounted) {
  start();
  auto client = open_socket();
  std::string flood = TestClient::frame(0x01, "");
  for (int i = 0; i < 2000; ++i) flood += TestClient::frame(0x00, "");
  for (int i = 0; i < 200; ++i) client->send(flood.substr(i == 0 ? 0 : TestClient::frame(0x01, "").size()));
  EXPECT_TRUE(eventually([&] { return sockets.close_codes() == std::vector<std::uint16_t>{kWsPolicy}; }));
  EXPECT_EQ(server->counters().websockets_closed_by_us, 1u);
}

TEST_F(WsTest, ClientsThatDoNotReadAreClosedAndTheQueueIsBounded) {
  config.ws_queue_limit = 256 * 1024;
  start();
  auto client = open_socket(4096);
  client->send(TestClient::frame(kText, "flood 10000"));
  EXPECT_TRUE(eventually([&] { return sockets.close_codes().size() == 1; }));
  EXPECT_EQ(sockets.close_codes()[0], kWsPolicy);
  EXPECT_FALSE(sockets.channel()->send_text("more"));
  EXPECT_TRUE(eventually([&] { return server->counters().connections_open == 0; }));
}

TEST_F(WsTest, CloseFromOurSideSendsWhatIsQueuedFirst) {
  start();
  auto client = open_socket();
  client->send(TestClient::frame(kText, "flood 5") + TestClient::frame(kText, "close me"));
  for (int i = 0; i < 5; ++i) {
    auto frame = client->read_frame();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->payload.size(), 16'000u);
  }
  auto close = client->read_frame();
  ASSERT_TRUE(close);
  EXPECT_EQ(close->first, kClose);
  EXPECT_EQ(close->payload,
            "\x03\xE8"
            "as you wish");
  client->send(TestClient::frame(kClose, close->payload));
  EXPECT_TRUE(client->is_closed_by_server());
  EXPECT_TRUE(eventually([&] { return sockets.close_codes() == std::vector<std::uint16_t>{1000}; }));
}

TEST_F(WsTest, ClosesFromTheClientAreReportedWithTheirCode) {
  start();
  auto client = open_socket();
  client->send(TestClient::frame(kClose, std::string("\x03\xE9", 2)));
  EXPECT_EQ(client->read_close_code(), 1001);
  EXPECT_TRUE(client->is_closed_by_server());
  client->disconnect();
  EXPECT_TRUE(eventually([&] { return sockets.close_codes().size() == 1; }));
  auto vanished = open_socket();
  vanished->disconnect();
  EXPECT_TRUE(eventually([&] { return sockets.close_codes().size() == 2; }));
  EXPECT_EQ(sockets.close_codes(), (std::vector<std::uint16_t>{1001, 1006}));
  EXPECT_EQ(server->counters().websockets_open, 0u);
}

TEST_F(WsTest, ClientsThatIgnoreOurCloseAreCut) {
  start();
  auto client = open_socket();
  client->send(TestClient::frame(kText, "close me"));
  EXPECT_EQ(client->read_close_code(), 1000);
  EXPECT_TRUE(client->is_closed_by_server()) << "after 2 s";
}

TEST_F(WsTest, SilentClientsArePingedAndCutWhenTheyDoNotAnswer) {
  config.ws_idle_timeout = 400ms;
  start();
  auto client = open_socket();
  auto frame = client->read_frame();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->first, 0x89);
  EXPECT_TRUE(client->is_closed_by_server());
  EXPECT_TRUE(eventually([&] { return sockets.close_codes() == std::vector<std::uint16_t>{1006}; }));
}

TEST_F(WsTest, ChannelsAreUsedFromAnyThreadAndOutliveTheServer) {
  config.threads = 2;
  config.ws_queue_limit = 16 * 1024 * 1024;
  start();
  auto client = open_socket();
  ASSERT_TRUE(eventually([&] { return sockets.channel() != nullptr; }));
  auto channel = sockets.channel();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) channel->send_text("from a thread");
    });
  for (int i = 0; i < 400; ++i) ASSERT_EQ(client->read_frame()->payload, "from a thread");
  for (auto& thread : threads) thread.join();
  std::thread stopper([&] { server->stop(1s); });
  EXPECT_EQ(client->read_close_code(), 1001);
  client->disconnect();
  stopper.join();
  EXPECT_EQ(sockets.close_codes(), std::vector<std::uint16_t>{1001});
  server.reset();
  EXPECT_FALSE(channel->is_open());
  EXPECT_FALSE(channel->send_text("too late"));
  channel->close(1000, "");
}

TEST_F(WsTest, ManySocketsOpenAndCloseAtOnce) {
  config.threads = 2;
  start();
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(open_socket());
    for (auto& client : clients) client->send(TestClient::frame(kText, "hi"));
    for (auto& client : clients) EXPECT_EQ(client->read_frame()->payload, "hi");
  }
  EXPECT_TRUE(eventually([&] { return server->counters().connections_open == 0; }));
  EXPECT_EQ(sockets.close_codes().size(), 300u);
}

}  // namespace
}  // namespace parlour::http

// The HTTP side over real sockets: routing, framing, limits, time-outs, ranges, stop.
#include <gtest/gtest.h>

#include "test_server.h"

namespace parlour::http {
namespace {

constexpr const char* kAlwaysThere[] = {"Content-Security-Policy: default-src 'none'; script-src 'self'; ",
                                        "frame-ancestors 'none'",
                                        "Referrer-Policy: no-referrer\r\n",
                                        "X-Content-Type-Options: nosniff\r\n",
                                        "Permissions-Policy: camera=(self), ",
                                        "Cross-Origin-Opener-Policy: same-origin\r\n",
                                        "Cross-Origin-Resource-Policy: same-origin\r\n",
                                        "Cache-Control: no-store\r\n"};

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  start();
  TestClient client(port());
  for (int i = 0; i < 3; ++i) {
    auto answer = client.ask(get("/hello/world"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello world");
  }
  EXPECT_EQ(server->counters().connections_accepted, 1u);
  EXPECT_EQ(server->counters().requests, 3u);
}

TEST_F(ServerTest, ServesPipelinedRequestsInOrder) {
  start();
  TestClient client(port());
  client.send(get("/hello/a") + get("/hello/b") + get("/hello/c"));
  EXPECT_EQ(client.read_answer().body, "hello a");
  EXPECT_EQ(client.read_answer().body, "hello b");
  EXPECT_EQ(client.read_answer().body, "hello c");
}

TEST_F(ServerTest, HeadHasTheHeaderOfGetOnly) {
  start();
  TestClient client(port());
  client.send("HEAD /hello/x HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello/next"));
  auto head = client.read_answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has("Content-Length: 7\r\n"));
  EXPECT_EQ(client.read_answer().body, "hello next") << "no body stood between";
}

TEST_F(ServerTest, ReadsBodiesWithLengthAndChunked) {
  start();
  TestClient client(port());
  EXPECT_EQ(client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde").body, "abcde");
  EXPECT_EQ(client
                .ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: no\r\n\r\n")
                .body,
            "abcde");
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  EXPECT_EQ(client.ask("xyz").body, "xyz");
}

// Security check 10.
TEST_F(ServerTest, EveryAnswerCarriesTheSecurityHeaders) {
  config.body_limit = 10;
  start();
  const std::pair<int, std::string> cases[] = {
      {200, get("/hello/x")},
      {404, get("/nowhere")},
      {404, get("/%2e%2e/x")},
      {405, "DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "nonsense\r\n\r\n"},
      {400, get("/a?%zz")},
      {413, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"},
      {414, get("/" + std::string(5000, 'a'))},
      {417, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: miracles\r\n\r\n"},
      {426, get("/ws/1")},
      {431, get("/hello/x", "X: " + std::string(20'000, 'a') + "\r\n")},
      {500, get("/lost")},
      {500, get("/throws")},
      {403, get("/ws/1",
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://evil.example\r\n")},
      {101, upgrade()},
      {426, get("/ws/1",
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 7\r\nSec-WebSocket-Key: "
                "dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: " +
                    server->base_origin() + "\r\n")}};
  for (const auto& [status, request] : cases) {
    auto answer = ask(request);
    EXPECT_EQ(answer.status, status) << request.substr(0, 200);
    for (const char* field : kAlwaysThere) EXPECT_TRUE(answer.has(field)) << status << " lacks " << field;
    EXPECT_FALSE(answer.has("Strict-Transport-Security")) << "only over TLS";
    // Security check 44.
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    EXPECT_EQ(answer.body.find("oost"), std::string::npos);
    EXPECT_EQ((answer.header + answer.body).find("Beast"), std::string::npos);
  }
}

TEST_F(ServerTest, ErrorsAreProblemDocuments) {
  start();
  auto answer = ask("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.has("Allow: POST\r\n"));
  EXPECT_TRUE(answer.has("Content-Type: application/problem+json\r\n"));
  EXPECT_NE(answer.body.find("\"type\":\"urn:parlour:problem:method-not-allowed\""), std::string::npos);
}

// Security check 25.
TEST_F(ServerTest, RefusesAmbiguousFramingAndCloses) {
  start();
  const std::string start_line = "POST /echo HTTP/1.1\r\nHost: a\r\n";
  const std::string smuggled = "0\r\n\r\nGET /hello/smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string& request :
       {start_line + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled,
        start_line + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + smuggled,
        start_line + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        start_line + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        start_line + "Content-Length: 5, 5\r\n\r\nabcde",
        start_line + "Content-Length: +5\r\n\r\nabcde",
        start_line + "Content-Length: -1\r\n\r\n",
        start_line + "Content-Length: 0x5\r\n\r\nabcde",
        start_line + "Content-Length: 99999999999999999999\r\n\r\n",
        start_line + "Transfer-Encoding: gzip, chunked\r\n\r\n" + smuggled,
        start_line + "Transfer-Encoding: chunked, identity\r\n\r\n" + smuggled,
        start_line + "Transfer-Encoding: xchunked\r\n\r\n" + smuggled,
        start_line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled,
        start_line + "Transfer-Encoding : chunked\r\n\r\n" + smuggled,
        start_line + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + smuggled,
        start_line + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + smuggled,
        std::string("POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") + smuggled,
        std::string("GET /hello/x HTTP/1.1\r\n\r\n"),
        std::string("GET /hello/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        std::string("GET /hello/x HTTP/3.7\r\nHost: a\r\n\r\n"),
        std::string("GET /hello/x\r\n\r\n"),
        std::string("GET  /hello/x HTTP/1.1\r\nHost: a\r\n\r\n"),
        std::string("GET http://a/hello/x HTTP/1.1\r\nHost: a\r\n\r\n"),
        std::string("GET /hello/x HTTP/1.1\r\nHost: a\r\nBad\x01Name: x\r\n\r\n"),
        "GET /hello/x HTTP/1.1\r\nHost: a\r\nX: a" + std::string(1, '\0') + "b\r\n\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(600, '\0')}) {
    TestClient client(port());
    auto answer = client.ask(request);
    EXPECT_TRUE(answer.status == 400 || answer.status == 413) << answer.status << " for " << request;
    EXPECT_TRUE(answer.has("Connection: close\r\n")) << request;
    EXPECT_TRUE(client.is_closed_by_server()) << request;
  }
  EXPECT_EQ(ask(get("/hello/others")).status, 200);
}

// Security check 24.
TEST_F(ServerTest, TraversalIsNotFound) {
  start();
  for (const char* target : {"/hello/%2e%2e", "/hello/..%5c..%5cx", "/hello/a%00b", "/hello/%c0%ae%c0%ae",
                             "/../etc/passwd", "/hello/%2e%2e%2f%2e%2e%2fetc%2fpasswd"})
    EXPECT_EQ(ask(get(target)).status, 404) << target;
}

TEST_F(ServerTest, BodyLimitsAreHeldPerRouteAlsoWithoutALength) {
  start();
  std::string body(1'000'000, 'a');
  std::string length = "Content-Length: 1000000\r\n\r\n";
  EXPECT_EQ(ask("POST /large HTTP/1.1\r\nHost: a\r\n" + length + body).body, "1000000");
  auto refused = ask("POST /echo HTTP/1.1\r\nHost: a\r\n" + length + body);
  EXPECT_EQ(refused.status, 413);
  TestClient chunked(port());
  chunked.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 50; ++i) chunked.send("2710\r\n" + std::string(10'000, 'a') + "\r\n");
  EXPECT_EQ(chunked.read_answer().status, 413);
}

TEST_F(ServerTest, AMillionBytesOfHeaderAreRefused) {
  start();
  TestClient client(port());
  client.send("GET /hello/x HTTP/1.1\r\nHost: a\r\n");
  for (int i = 0; i < 100; ++i)
    if (!client.send("X-" + std::to_string(i) + ": " + std::string(10'000, 'a') + "\r\n")) break;
  EXPECT_EQ(client.read_answer().status, 431);
}

TEST_F(ServerTest, SlowClientsAreClosed) {
  config.header_timeout = 150ms;
  config.body_timeout = 150ms;
  config.idle_timeout = 150ms;
  start();
  TestClient silent(port());
  TestClient trickling(port());
  TestClient half_body(port());
  half_body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  // A byte now and then must not extend the time for the header.
  trickling.send("GET /hello/x HTTP/1.1\r\nHost: a\r\nX: ");
  auto begin = std::chrono::steady_clock::now();
  while (trickling.send("a") && std::chrono::steady_clock::now() - begin < 10s)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
  EXPECT_TRUE(silent.is_closed_by_server());
  EXPECT_TRUE(half_body.is_closed_by_server());
  EXPECT_TRUE(eventually([&] { return server->counters().connections_open == 0; }));
  EXPECT_GE(server->counters().timeouts, 3u);
}

TEST_F(ServerTest, ClientsThatDoNotReadAreClosed) {
  config.write_timeout = 200ms;
  start();
  TestClient client(port(), 4096);
  client.send(get("/big"));
  EXPECT_TRUE(eventually([&] { return server->counters().timeouts == 1; }));
  EXPECT_TRUE(eventually([&] { return server->counters().connections_open == 0; }));
}

TEST_F(ServerTest, SendsLargeBodiesWhole) {
  start();
  auto answer = ask(get("/big"));
  EXPECT_EQ(answer.body, std::string(20'000'000, 'b'));
}

TEST_F(ServerTest, HandlersThatNeverAnswerGetATimeout) {
  config.reply_timeout = 100ms;
  start();
  TestClient client(port());
  EXPECT_EQ(client.ask(get("/held")).status, 503);
  // The late answer must not become the answer of the next request.
  held(Response::text(200, "text/plain", "late"));
  EXPECT_EQ(client.ask(get("/hello/next")).body, "hello next");
}

TEST_F(ServerTest, AnswersComeFromAnyThreadAndCountOnce) {
  config.threads = 2;
  router.add(Method::kGet, "/thread", [](Request, Reply reply) {
    std::thread([reply = std::move(reply)] {
      reply(Response::text(200, "text/plain", "first"));
      reply(Response::text(200, "text/plain", "second"));
    }).detach();
  });
  start();
  TestClient client(port());
  for (int i = 0; i < 50; ++i) ASSERT_EQ(client.ask(get("/thread")).body, "first");
  EXPECT_EQ(client.ask(get("/hello/x")).body, "hello x");
}

TEST_F(ServerTest, ReplyMayOutliveTheServer) {
  start();
  TestClient client(port());
  client.send(get("/held"));
  ASSERT_TRUE(eventually([&] {
    std::lock_guard lock(held_mutex);
    return held != nullptr;
  }));
  server->stop(Duration(0));
  server.reset();
  held(Response::empty(204));
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerTest, StopLetsRunningRequestsFinish) {
  start();
  TestClient client(port());
  client.send(get("/held"));
  ASSERT_TRUE(eventually([&] {
    std::lock_guard lock(held_mutex);
    return held != nullptr;
  }));
  std::thread stopper([&] { server->stop(5s); });
  EXPECT_TRUE(eventually([&] { return !TestClient(port()).connected(); }));
  held(Response::text(200, "text/plain", "done"));
  auto answer = client.read_answer();
  EXPECT_EQ(answer.body, "done");
  EXPECT_TRUE(answer.has("Connection: close\r\n"));
  stopper.join();
}

TEST_F(ServerTest, RangesAreServedAndReported) {
  start();
  auto whole = ask(get("/range"));
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body.size(), 1'000'000u);
  EXPECT_TRUE(whole.has("Accept-Ranges: bytes\r\n"));
  EXPECT_TRUE(eventually([&] { return source->ends() == 1; }));
  EXPECT_EQ(source->sent(), 1'000'000u);

  source = std::make_shared<MemorySource>(1'000'000);
  auto part = ask(get("/range", "Range: bytes=100000-299999\r\n"));
  EXPECT_EQ(part.status, 206);
  EXPECT_TRUE(part.has("Content-Range: bytes 100000-299999/1000000\r\n"));
  ASSERT_EQ(part.body.size(), 200'000u);
  for (std::size_t i = 0; i < part.body.size(); i += 997)
    ASSERT_EQ(static_cast<std::uint8_t>(part.body[i]), (100'000 + i) % 251);
  EXPECT_TRUE(eventually([&] { return source->ends() == 1; }));
  EXPECT_EQ(source->sent(), 200'000u);

  source = std::make_shared<MemorySource>(1'000'000);
  EXPECT_EQ(ask(get("/range", "Range: bytes=1000000-\r\n")).status, 416);
  EXPECT_TRUE(eventually([&] { return source->ends() == 1; }));
  EXPECT_EQ(source->sent(), 0u);
}

TEST_F(ServerTest, ReportsWhatWentOutWhenTheClientVanishes) {
  source = std::make_shared<MemorySource>(50'000'000);
  start();
  TestClient client(port(), 4096);
  client.send(get("/range"));
  ASSERT_TRUE(client.fill(300'000));
  client.disconnect();
  ASSERT_TRUE(eventually([&] { return source->ends() == 1; }));
  EXPECT_GE(source->sent(), 299'000u);
  EXPECT_LT(source->sent(), 5'000'000u) << "what was never sent is not reported";
}

TEST_F(ServerTest, ASourceThatFailsIsSeenByTheClient) {
  source->fail_from = 0;
  start();
  EXPECT_EQ(ask(get("/range")).status, 503);
  source = std::make_shared<MemorySource>(1'000'000);
  source->fail_from = 500'000;
  auto cut = ask(get("/range"));
  EXPECT_EQ(cut.status, 200);
  EXPECT_LT(cut.body.size(), 1'000'000u);
  EXPECT_TRUE(eventually([&] { return source->ends() == 1; }));
}

// Security check 26: half-open connections.
TEST_F(ServerTest, ConnectionsAreBoundedAndOthersUnharmed) {
  config.max_connections = 200;
  config.max_connections_per_subscriber = 150;
  config.idle_timeout = 2s;
  start();
  std::vector<std::unique_ptr<TestClient>> half_open;
  for (int i = 0; i < 1000; ++i) {
    half_open.push_back(std::make_unique<TestClient>(port()));
    half_open.back()->send("G");
  }
  EXPECT_TRUE(eventually([&] {
    auto counters = server->counters();
    return counters.connections_accepted + counters.connections_refused == 1000;
  }));
  EXPECT_LE(server->counters().connections_open, 150u);
  EXPECT_GE(server->counters().connections_refused, 850u);
  half_open.clear();
  EXPECT_TRUE(eventually([&] { return server->counters().connections_open == 0; }));
  EXPECT_EQ(ask(get("/hello/x")).status, 200);
}

TEST(ServerStart, RefusesPlainHttpOutsideOfDevelopment) {
  Router router;
  auto kind = [&](ServerConfig config) {
    auto started = Server::start(std::move(config), router);
    EXPECT_FALSE(started);
    return started ? ServerError::Kind::kSystem : started.error().kind;
  };
  ServerConfig config;
  EXPECT_EQ(kind(config), ServerError::Kind::kTlsRequired);
  config.plain_on_loopback = true;
  config.addresses = {"127.0.0.1", "0.0.0.0"};
  EXPECT_EQ(kind(config), ServerError::Kind::kTlsRequired);
  config.addresses = {"localhost"};
  EXPECT_EQ(kind(config), ServerError::Kind::kBadAddress);
  config.addresses = {"127.0.0.1"};
  config.certificate_pem = "nonsense";
  config.private_key_pem = "nonsense";
  EXPECT_EQ(kind(config), ServerError::Kind::kBadCertificate);
}

TEST(ServerStart, NamesAPortInUse) {
  Router router;
  ServerConfig config;
  config.plain_on_loopback = true;
  auto first = Server::start(config, router);
  ASSERT_TRUE(first);
  config.port = (*first)->port();
  auto second = Server::start(config, router);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ServerError::Kind::kAddressInUse);
}

}  // namespace
}  // namespace parlour::http

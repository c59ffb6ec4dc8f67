// TLS as a browser's library speaks it: versions, headers, WebSocket upgrade, plain bytes on the TLS port.
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "crypto/certificate.h"
#include "test_server.h"

namespace parlour::http {
namespace {

namespace asio = boost::asio;

class TlsTest : public ServerTest {
 protected:
  TlsTest() {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    UtcTime utc{std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
    auto made = crypto::Certificate::make_self_signed("localhost", {"127.0.0.1"}, utc - 1h, 24h);
    EXPECT_TRUE(made);
    config.certificate_pem = made->certificate_pem();
    config.private_key_pem = made->private_key_pem();
    config.plain_on_loopback = false;
  }

  struct Outcome {
    bool connected = false;
    std::string protocol;
    std::string received;
  };
  // Connects with one version only, sends, reads to the end of the first header.
  Outcome talk(asio::ssl::context::method method, const std::string& request) {
    Outcome out;
    asio::io_context io;
    asio::ssl::context context(method);
    context.set_verify_mode(asio::ssl::verify_peer);
    context.add_certificate_authority(asio::buffer(config.certificate_pem));
    asio::ssl::stream<asio::ip::tcp::socket> stream(io, context);
    boost::system::error_code ec;
    stream.next_layer().connect({asio::ip::address_v4::loopback(), port()}, ec);
    if (!ec) stream.handshake(asio::ssl::stream_base::client, ec);
    if (ec) return out;
    out.connected = true;
    out.protocol = SSL_get_version(stream.native_handle());
    asio::write(stream, asio::buffer(request), ec);
    char scratch[4096];
    while (!ec && out.received.find("\r\n\r\n") == std::string::npos) {
      std::size_t got = stream.read_some(asio::buffer(scratch), ec);
      out.received.append(scratch, got);
    }
    return out;
  }
};

TEST_F(TlsTest, ServesTls12And13WithHsts) {
  start();
  for (auto method : {asio::ssl::context::tlsv12_client, asio::ssl::context::tlsv13_client}) {
    Outcome outcome = talk(method, get("/hello/x"));
    ASSERT_TRUE(outcome.connected);
    EXPECT_EQ(outcome.received.find("HTTP/1.1 200 OK\r\n"), 0u);
    EXPECT_NE(outcome.received.find("Strict-Transport-Security: max-age=31536000"), std::string::npos);
    EXPECT_NE(outcome.received.find("connect-src 'self' wss://127.0.0.1:"), std::string::npos);
  }
  EXPECT_EQ(server->base_origin(), "https://127.0.0.1:" + std::to_string(port()));
}

TEST_F(TlsTest, RefusesOldVersions) {
  start();
  EXPECT_FALSE(talk(asio::ssl::context::tlsv1_client, get("/hello/x")).connected);
  EXPECT_FALSE(talk(asio::ssl::context::tlsv11_client, get("/hello/x")).connected);
}

TEST_F(TlsTest, UpgradesToWebSockets) {
  start();
  Outcome outcome = talk(asio::ssl::context::tls_client, upgrade());
  EXPECT_EQ(outcome.received.find("HTTP/1.1 101 "), 0u);
  EXPECT_NE(outcome.received.find("Strict-Transport-Security"), std::string::npos);
  EXPECT_NE(outcome.received.find("Content-Security-Policy"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return sockets.close_codes().size() == 1; }));
}

TEST_F(TlsTest, PlainBytesAndSilenceAreClosed) {
  config.handshake_timeout = 200ms;
  start();
  TestClient plain(port());
  plain.send(get("/hello/x"));
  EXPECT_TRUE(plain.is_closed_by_server());
  TestClient silent(port());
  EXPECT_TRUE(silent.is_closed_by_server());
  EXPECT_TRUE(eventually([&] { return server->counters().connections_open == 0; }));
  EXPECT_EQ(server->counters().requests, 0u);
}

TEST_F(TlsTest, RefusesAKeyOfAnotherCertificate) {
  auto other = crypto::Certificate::make_self_signed("other", {}, UtcTime{0}, 24h);
  ASSERT_TRUE(other);
  config.private_key_pem = other->private_key_pem();
  auto started = Server::start(config, router);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ServerError::Kind::kBadCertificate);
}

TEST_F(TlsTest, ReportsRangesThatWentOutWhenTheClientVanishes) {
  source = std::make_shared<MemorySource>(50'000'000);
  start();
  Outcome outcome = talk(asio::ssl::context::tls_client, get("/range", "Range: bytes=0-\r\n"));
  EXPECT_EQ(outcome.received.find("HTTP/1.1 206 "), 0u);
  ASSERT_TRUE(eventually([&] { return source->ends() == 1; }));
  EXPECT_GT(source->sent(), 0u);
  EXPECT_LT(source->sent(), 20'000'000u);
}

}  // namespace
}  // namespace parlour::http

#include "stream.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/stream_traits.hpp>

namespace parlour::http {
namespace {

constexpr auto kCloseTimeout = std::chrono::seconds(2);
constexpr std::size_t kDrainLimit = 1024 * 1024;

// Shared by both kinds: FIN, then drain.
class Drain : public std::enable_shared_from_this<Drain> {
 public:
  Drain(boost::beast::tcp_stream& tcp, std::function<void()> done) : tcp_(tcp), done_(std::move(done)) {}

  void start() {
    error_code ec;
    tcp_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ec);
    if (ec) return finish();
    tcp_.expires_after(kCloseTimeout);
    read();
  }

 private:
  void read() {
    tcp_.async_read_some(asio::buffer(scratch_),
                         [self = shared_from_this()](error_code ec, std::size_t size) {
                           self->drained_ += size;
                           if (ec || self->drained_ > kDrainLimit) return self->finish();
                           self->read();
                         });
  }
  void finish() {
    error_code ignored;
    tcp_.socket().close(ignored);
    // Never from inside the call that started it: Beast's operations rely on that.
    asio::post(tcp_.get_executor(), std::move(done_));
  }

  boost::beast::tcp_stream& tcp_;
  std::function<void()> done_;
  std::size_t drained_ = 0;
  std::array<char, 4096> scratch_;
};

class PlainStream final : public Stream {
 public:
  explicit PlainStream(asio::ip::tcp::socket socket) : tcp_(std::move(socket)) {}

  bool is_tls() const override { return false; }
  void handshake(std::function<void(error_code)> done) override { done({}); }
  void read_some(asio::mutable_buffer buffer, IoDone done) override {
    tcp_.async_read_some(buffer, std::move(done));
  }
  void write_some(const Buffers& buffers, IoDone done) override {
    tcp_.async_write_some(buffers, std::move(done));
  }
  void close_gracefully(std::function<void()> done) override {
    std::make_shared<Drain>(tcp_, std::move(done))->start();
  }

 private:
  boost::beast::tcp_stream& get_tcp() override { return tcp_; }

  boost::beast::tcp_stream tcp_;
};

class TlsStream final : public Stream {
 public:
  TlsStream(asio::ip::tcp::socket socket, asio::ssl::context& context) : tls_(std::move(socket), context) {}

  bool is_tls() const override { return true; }
  void handshake(std::function<void(error_code)> done) override {
    tls_.async_handshake(asio::ssl::stream_base::server, std::move(done));
  }
  void read_some(asio::mutable_buffer buffer, IoDone done) override {
    tls_.async_read_some(buffer, std::move(done));
  }
  void write_some(const Buffers& buffers, IoDone done) override {
    tls_.async_write_some(buffers, std::move(done));
  }
  void close_gracefully(std::function<void()> done) override {
    if (!tcp().socket().is_open()) {
      asio::post(tcp().get_executor(), std::move(done));
      return;
    }
    tcp().expires_after(kCloseTimeout);
    tls_.async_shutdown([this, done = std::move(done)](error_code) mutable {
      std::make_shared<Drain>(tcp(), std::move(done))->start();
    });
  }

 private:
  boost::beast::tcp_stream& get_tcp() override { return tls_.next_layer(); }

  asio::ssl::stream<boost::beast::tcp_stream> tls_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(asio::ip::tcp::socket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

std::unique_ptr<Stream> make_tls_stream(asio::ip::tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsStream>(std::move(socket), context);
}

}  // namespace parlour::http

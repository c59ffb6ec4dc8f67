// One TCP connection, with or without TLS, behind one type.
//
// Why: Beast's composed operations are templates over the stream. Behind a virtual call they are instantiated
// once instead of once for each kind of stream, which is minutes of compile time; the price is one allocation
// per read or write of a few kilobytes. Internal to adapters/http. Thread: the connection's strand; the
// object lives until the last callback has run, which its owner guarantees by holding itself in the
// callbacks.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <functional>
#include <memory>

namespace boost::asio::ssl {
class context;
}

namespace parlour::http {

namespace asio = boost::asio;
using boost::system::error_code;

// The front of a buffer sequence; a copyable sequence itself.
struct Buffers {
  std::array<asio::const_buffer, 8> items;
  std::size_t count = 0;
  const asio::const_buffer* begin() const { return items.data(); }
  const asio::const_buffer* end() const { return items.data() + count; }
  void add(asio::const_buffer buffer) {
    if (buffer.size() > 0 && count < items.size()) items[count++] = buffer;
  }
};

class Stream {
 public:
  using IoDone = std::function<void(error_code, std::size_t)>;

  virtual ~Stream() = default;
  boost::beast::tcp_stream& tcp() { return get_tcp(); }

  // What may come in before somebody has looked at it; 0: no limit. Whoever looks sets `unseen` back. Without
  // it a client that sends frames which make no message (RFC 6455 allows empty fragments) would keep Beast
  // reading inside one operation for ever.
  std::size_t unseen = 0;
  std::size_t unseen_limit = 0;
  static constexpr auto kTooMuchUnseen = asio::error::message_size;
  virtual bool is_tls() const = 0;
  virtual void handshake(std::function<void(error_code)> done) = 0;
  virtual void read_some(asio::mutable_buffer buffer, IoDone done) = 0;
  virtual void write_some(const Buffers& buffers, IoDone done) = 0;
  // Says good-bye (TLS close_notify, FIN), then reads and forgets what the client still sends, for at most 2
  // s and 1 MiB: closing over unread bytes would send a reset, and the client might lose the answer that it
  // was sent.
  virtual void close_gracefully(std::function<void()> done) = 0;
  void close_now() {
    error_code ignored;
    tcp().socket().close(ignored);
  }

 private:
  virtual boost::beast::tcp_stream& get_tcp() = 0;
};

std::unique_ptr<Stream> make_plain_stream(asio::ip::tcp::socket socket);
std::unique_ptr<Stream> make_tls_stream(asio::ip::tcp::socket socket, asio::ssl::context& context);

// A Stream as Beast wants it: an AsyncStream with teardown. Completions come on the stream's own executor,
// which is also where every operation is started.
class AnyStream {
 public:
  using executor_type = asio::any_io_executor;
  using IoDone = Stream::IoDone;

  explicit AnyStream(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

  executor_type get_executor() { return stream_->tcp().get_executor(); }
  Stream* operator->() { return stream_.get(); }

  template <class MutableBuffers, class Token>
  auto async_read_some(const MutableBuffers& buffers, Token&& token) {
    asio::mutable_buffer first;
    for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at) {
      first = *at;
      if (first.size() > 0) break;
    }
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, asio::mutable_buffer buffer) {
          IoDone done = copyable(std::move(handler));
          if (stream_->unseen_limit > 0 && stream_->unseen > stream_->unseen_limit)
            return asio::post(stream_->tcp().get_executor(),
                              [done = std::move(done)] { done(make_error_code(Stream::kTooMuchUnseen), 0); });
          stream_->read_some(
              buffer, [stream = stream_.get(), done = std::move(done)](error_code ec, std::size_t size) {
                stream->unseen += size;
                done(ec, size);
              });
        },
        token, first);
  }

  template <class ConstBuffers, class Token>
  auto async_write_some(const ConstBuffers& buffers, Token&& token) {
    Buffers front;
    for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at)
      front.add(*at);
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& list) {
          stream_->write_some(list, copyable(std::move(handler)));
        },
        token, front);
  }

  // Found by Beast through argument-dependent look-up.
  friend void beast_close_socket(AnyStream& stream) { stream.stream_->close_now(); }
  friend void teardown(boost::beast::role_type, AnyStream& stream, error_code& ec) {
    stream.stream_->close_now();
    ec = {};
  }
  template <class TeardownHandler>
  friend void async_teardown(boost::beast::role_type, AnyStream& stream, TeardownHandler&& handler) {
    auto done = std::make_shared<std::decay_t<TeardownHandler>>(std::forward<TeardownHandler>(handler));
    stream.stream_->close_gracefully([done] { std::move (*done)(error_code()); });
  }

 private:
  // std::function wants copyable targets, Beast's handlers only move: they are called exactly once either
  // way.
  template <class Handler>
  static Stream::IoDone copyable(Handler handler) {
    auto shared = std::make_shared<Handler>(std::move(handler));
    return [shared](error_code ec, std::size_t size) { std::move (*shared)(ec, size); };
  }

  std::unique_ptr<Stream> stream_;
};

}  // namespace parlour::http

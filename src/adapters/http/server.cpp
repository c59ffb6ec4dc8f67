// The listener: configuration checks, TLS context, accept loop, threads, stop.
#include "http/server.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <thread>

#include "sessions.h"

namespace parlour::http {
namespace {

using asio::ip::tcp;

// Forward secrecy and AEAD only (TLS 1.2); TLS 1.3 has nothing else.
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

Result<std::unique_ptr<asio::ssl::context>, ServerError> make_tls(const ServerConfig& config) {
  using asio::ssl::context;
  auto tls = std::make_unique<context>(context::tls_server);
  auto refuse = [](std::string_view what) {
    return fail(ServerError{ServerError::Kind::kBadCertificate, std::string(what)});
  };
  error_code ec;
  tls->set_options(context::default_workarounds | context::no_sslv2 | context::no_sslv3 | context::no_tlsv1 |
                       context::no_tlsv1_1 | context::no_compression | SSL_OP_NO_RENEGOTIATION,
                   ec);
  if (ec || SSL_CTX_set_cipher_list(tls->native_handle(), kTls12Ciphers) != 1)
    return refuse("TLS cannot be set up");
  // An idle connection keeps no record buffers: 34 KiB less for each.
  SSL_CTX_set_mode(tls->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  tls->use_certificate_chain(asio::buffer(config.certificate_pem), ec);
  if (ec) return refuse("the certificate cannot be read");
  tls->use_private_key(asio::buffer(config.private_key_pem), context::pem, ec);
  if (ec) return refuse("the private key cannot be read or does not belong to the certificate");
  if (SSL_CTX_check_private_key(tls->native_handle()) != 1)
    return refuse("the private key does not belong to the certificate");
  return tls;
}

Result<tcp::acceptor, ServerError> listen_on(asio::io_context& io, const tcp::endpoint& endpoint) {
  error_code ec;
  tcp::acceptor acceptor(io);
  auto failed = [&] {
    auto kind =
        ec == asio::error::address_in_use ? ServerError::Kind::kAddressInUse : ServerError::Kind::kSystem;
    return fail(ServerError{kind, endpoint.address().to_string() + " port " +
                                      std::to_string(endpoint.port()) + ": " + ec.message()});
  };
  acceptor.open(endpoint.protocol(), ec);
  if (ec) return failed();
  acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  // So that "::" and "0.0.0.0" can be listed side by side.
  if (!ec && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return failed();
  return acceptor;
}

PeerAddress peer_of(const tcp::socket& socket) {
  error_code ec;
  auto endpoint = socket.remote_endpoint(ec);
  if (ec) return {};
  asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return {address.to_string(), endpoint.port()};
}

}  // namespace

struct Server::Impl {
  Impl(std::shared_ptr<ServerState> shared, std::unique_ptr<asio::ssl::context> context,
       std::vector<tcp::acceptor> bound, std::uint16_t bound_port)
      : state(std::move(shared)), tls(std::move(context)), acceptors(std::move(bound)), port(bound_port) {}

  void start() {
    for (tcp::acceptor& acceptor : acceptors) accept(acceptor);
    for (int i = 0; i < std::max(1, state->config.threads); ++i) threads.emplace_back([this] { run(); });
  }

  void run() {
    while (true) {
      // What gets here is a bug or no memory; one connection is lost, the others go on.
      try {
        state->io->run();
        return;
      } catch (const std::exception&) {
        if (state->config.log != nullptr) state->config.log->error("http.unexpected_exception");
      }
    }
  }

  void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept(
        asio::make_strand(*state->io), [this, &acceptor](error_code ec, tcp::socket socket) {
          if (ec == asio::error::operation_aborted || !acceptor.is_open()) return;
          if (!ec) {
            take(std::move(socket));
            return accept(acceptor);
          }
          if (ec == asio::error::no_descriptors || ec == asio::error::no_memory)
            state->accept_failed(ec.value());
          // Out of descriptors, or a client that left already: a moment later it may work again.
          auto timer =
              std::make_shared<asio::steady_timer>(acceptor.get_executor(), std::chrono::milliseconds(50));
          timer->async_wait([this, &acceptor, timer](error_code) {
            if (acceptor.is_open()) accept(acceptor);
          });
        });
  }

  void take(tcp::socket socket) {
    PeerAddress peer = peer_of(socket);
    std::string subscriber = subscriber_of(peer);
    if (!state->admit(subscriber)) {
      ++state->connections_refused;
      return;  // closes it
    }
    ++state->connections_accepted;
    Ticket ticket(state, subscriber);
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto executor = socket.get_executor();
    // On the connection's strand from here on.
    asio::post(executor, [this, ticket = std::make_shared<Ticket>(std::move(ticket)), peer = std::move(peer),
                          held = std::make_shared<tcp::socket>(std::move(socket))]() mutable {
      begin(std::move(*held), std::move(*ticket), std::move(peer));
    });
  }

  void begin(tcp::socket socket, Ticket ticket, PeerAddress peer) {
    if (!tls)
      return start_http_session(state, std::move(ticket), AnyStream(make_plain_stream(std::move(socket))),
                                std::move(peer));
    auto handshake = std::make_shared<Handshake>(state, std::move(ticket),
                                                 make_tls_stream(std::move(socket), *tls), std::move(peer));
    handshake->start();
  }

  // A connection before its TLS handshake is done.
  class Handshake final : public Connection, public std::enable_shared_from_this<Handshake> {
   public:
    Handshake(std::shared_ptr<ServerState> shared, Ticket ticket, std::unique_ptr<Stream> stream,
              PeerAddress peer)
        : state_(std::move(shared)),
          ticket_(std::move(ticket)),
          stream_(std::move(stream)),
          peer_(std::move(peer)) {}

    void start() {
      state_->add(shared_from_this());
      stream_->tcp().expires_after(state_->config.handshake_timeout);
      stream_->handshake([self = shared_from_this()](error_code ec) { self->done(ec); });
    }
    void shut_down(How) override {
      asio::post(executor_, [self = shared_from_this()] {
        if (self->stream_) self->stream_->close_now();
      });
    }

   private:
    void done(error_code ec) {
      if (ec == boost::beast::error::timeout) ++state_->timeouts;
      auto self = shared_from_this();
      if (!ec)
        start_http_session(state_, std::move(ticket_), AnyStream(std::move(stream_)), std::move(peer_));
      ticket_.give_back();
      state_->remove(this);
    }

    const std::shared_ptr<ServerState> state_;
    Ticket ticket_;
    std::unique_ptr<Stream> stream_;  // null once handed on
    PeerAddress peer_;
    const asio::any_io_executor executor_ = stream_->tcp().get_executor();
  };

  void stop(Duration grace) {
    if (threads.empty()) return;
    asio::post(*state->io, [this] {
      error_code ignored;
      for (tcp::acceptor& acceptor : acceptors) acceptor.close(ignored);
    });
    end_all(Connection::How::kSoon);
    wait_until_gone(grace);
    end_all(Connection::How::kNow);
    wait_until_gone(std::chrono::seconds(2));
    work.reset();
    state->io->stop();
    for (std::thread& thread : threads) thread.join();
    threads.clear();
    // The last completions of closed sockets; they hold what would otherwise hold itself in a circle.
    state->io->restart();
    state->io->poll();
    std::unordered_map<const Connection*, std::shared_ptr<Connection>> left;
    {
      std::lock_guard lock(state->mutex);
      left.swap(state->connections);
    }
  }

  void end_all(Connection::How how) {
    std::vector<std::shared_ptr<Connection>> all;
    {
      std::lock_guard lock(state->mutex);
      state->stopping = true;
      for (auto& [key, connection] : state->connections) all.push_back(connection);
    }
    for (auto& connection : all) connection->shut_down(how);
  }

  void wait_until_gone(Duration limit) {
    std::unique_lock lock(state->mutex);
    state->all_gone.wait_for(lock, limit, [this] { return state->connections.empty(); });
  }

  std::shared_ptr<ServerState> state;
  std::unique_ptr<asio::ssl::context> tls;  // null: plain
  std::vector<tcp::acceptor> acceptors;
  std::uint16_t port;
  asio::executor_work_guard<asio::io_context::executor_type> work{state->io->get_executor()};
  std::vector<std::thread> threads;
};

Result<std::unique_ptr<Server>, ServerError> Server::start(ServerConfig config, Handler& handler) {
  using Kind = ServerError::Kind;
  std::vector<asio::ip::address> addresses;
  for (const std::string& text : config.addresses) {
    error_code ec;
    addresses.push_back(asio::ip::make_address(text, ec));
    if (ec) return fail(ServerError{Kind::kBadAddress, "not a numeric address: " + text});
  }
  if (addresses.empty()) return fail(ServerError{Kind::kBadAddress, "no address to listen on"});

  std::unique_ptr<asio::ssl::context> tls;
  bool has_certificate = !config.certificate_pem.empty() || !config.private_key_pem.empty();
  if (has_certificate) {
    auto made = make_tls(config);
    if (!made) return fail(made.error());
    tls = std::move(*made);
    // OpenSSL has its own copy; ours need not lie in the configuration for as long as the server runs.
    std::fill(config.private_key_pem.begin(), config.private_key_pem.end(), '\0');
    config.private_key_pem.clear();
  } else {
    bool on_loopback =
        std::all_of(addresses.begin(), addresses.end(), [](const auto& a) { return a.is_loopback(); });
    if (!config.plain_on_loopback || !on_loopback)
      return fail(
          ServerError{Kind::kTlsRequired, "plain HTTP is for development on a loopback address only"});
  }

  auto io = std::make_shared<asio::io_context>(std::max(1, config.threads));
  std::uint16_t port = config.port;
  std::vector<tcp::acceptor> acceptors;
  for (const asio::ip::address& address : addresses) {
    auto bound = listen_on(*io, tcp::endpoint(address, port));
    if (!bound) return fail(bound.error());
    port = bound->local_endpoint().port();  // chosen once, the same for all addresses
    acceptors.push_back(std::move(*bound));
  }
  std::string origin = config.base_origin;
  if (origin.empty()) {
    const asio::ip::address& first = addresses.front();
    std::string host = first.is_v6() ? '[' + first.to_string() + ']' : first.to_string();
    origin = (tls ? "https://" : "http://") + host + ':' + std::to_string(port);
  }
  bool is_tls = tls != nullptr;
  auto state =
      std::make_shared<ServerState>(std::move(io), std::move(config), handler, std::move(origin), is_tls);
  auto impl = std::make_unique<Impl>(std::move(state), std::move(tls), std::move(acceptors), port);
  impl->start();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() {
  stop(Duration(0));
}
std::uint16_t Server::port() const {
  return impl_->port;
}
const std::string& Server::base_origin() const {
  return impl_->state->base_origin;
}
void Server::stop(Duration grace) {
  impl_->stop(grace);
}

ServerCounters Server::counters() const {
  const ServerState& state = *impl_->state;
  ServerCounters out;
  out.connections_accepted = state.connections_accepted;
  out.connections_refused = state.connections_refused;
  {
    std::lock_guard lock(impl_->state->mutex);
    out.connections_open = state.admitted;
  }
  out.websockets_open = state.websockets_open;
  out.requests = state.requests;
  out.requests_malformed = state.requests_malformed;
  out.timeouts = state.timeouts;
  out.websockets_refused = state.websockets_refused;
  out.websockets_closed_by_us = state.websockets_closed_by_us;
  return out;
}

}  // namespace parlour::http

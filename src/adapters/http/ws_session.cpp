// One WebSocket after its upgrade request was checked: framing by Beast, queue, limits and the end by us.
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>

#include "http/rate_limiter.h"
#include "sessions.h"

namespace parlour::http {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

constexpr auto kCloseTimeout = std::chrono::seconds(2);
constexpr std::size_t kReasonLimit = 123;  // RFC 6455 section 5.5: 125 bytes less the code

SteadyTime steady_now() {
  auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

class WsSession final : public WsChannel, public Connection, public std::enable_shared_from_this<WsSession> {
 public:
  WsSession(std::shared_ptr<ServerState> state, Ticket ticket, AnyStream stream, Request request,
            WsHandler& handler)
      : state_(std::move(state)),
        ticket_(std::move(ticket)),
        id_(state_->next_channel_id++),
        socket_(std::move(stream)),
        executor_(socket_.get_executor()),
        request_(std::move(request)),
        handler_(handler),
        rate_({state_->config.ws_messages_per_second * 60, state_->config.ws_messages_burst, 1}),
        close_timer_(executor_) {}

  void start(UpgradeRequest upgrade) {
    state_->add(shared_from_this());
    configure();
    auto held = std::make_shared<UpgradeRequest>(std::move(upgrade));
    socket_.async_accept(*held, [self = shared_from_this(), held](error_code ec) {
      if (ec) return self->finish();
      self->on_accepted();
    });
  }

  // WsChannel, any thread.

  std::uint64_t id() const override { return id_; }
  bool is_open() const override { return open_; }

  bool send_text(std::string text) override {
    if (!open_) return false;
    // Counted here and not on the strand: a caller that is faster than the strand must meet the limit as
    // well.
    std::size_t size = text.size() + kMessageOverhead;
    if (queued_bytes_.fetch_add(size) + size > state_->config.ws_queue_limit) {
      queued_bytes_ -= size;
      open_ = false;
      post([](WsSession& self) {
        ++self.state_->websockets_closed_by_us;
        self.drop_queue();
        self.begin_close(kWsPolicy, "too slow");
      });
      return false;
    }
    auto shared = std::make_shared<const std::string>(std::move(text));
    post([shared](WsSession& self) {
      if (self.stage_ != Stage::kOpen) return self.uncount(*shared);
      self.queue_.push_back(shared);
      if (!self.writing_) self.write_front();
    });
    return true;
  }

  void close(std::uint16_t code, std::string_view reason) override {
    if (!open_.exchange(false)) return;
    post([code, text = std::string(reason.substr(0, kReasonLimit))](WsSession& self) {
      self.begin_close(code, text);
    });
  }

  // Connection, any thread.

  void shut_down(How how) override {
    if (how == How::kSoon) return close(kWsGoingAway, "the server stops");
    open_ = false;
    post([](WsSession& self) { self.cut(); });
  }

 private:
  // kAccepting → kOpen → kClosing → kGone; kClosing: our close frame waits for the queue, or is sent.
  enum class Stage { kAccepting, kOpen, kClosing, kGone };
  static constexpr std::size_t kMessageOverhead =
      64;  // so that a flood of empty messages meets the limit too

  template <class Function>
  void post(Function function) {
    asio::post(executor_, [weak = weak_from_this(), function] {
      if (auto self = weak.lock()) function(*self);
    });
  }

  void configure() {
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = state_->config.header_timeout;
    timeout.idle_timeout = state_->config.ws_idle_timeout;
    timeout.keep_alive_pings = true;
    socket_.set_option(timeout);
    socket_.read_message_max(state_->config.ws_message_limit);
    // The longest message in fragments, and room for their headers.
    socket_.next_layer()->unseen_limit = 2 * state_->config.ws_message_limit + 4096;
    socket_.auto_fragment(false);
    socket_.text(true);
    // The 101, and the refusals that Beast writes itself (wrong version, bad key).
    socket_.set_option(websocket::stream_base::decorator(
        [fields = state_->security.fields()](websocket::response_type& response) {
          response.set(boost::beast::http::field::server, "parlour");  // else Beast adds its version
          for (const auto& [name, value] : fields) response.set(name, value);
        }));
    // Pings cost us an answer each. Called in the middle of a read: the close comes later.
    socket_.control_callback([this](websocket::frame_type, beast::string_view) {
      socket_.next_layer()->unseen = 0;
      if (!rate_.take("", steady_now())) refuse_later(kWsPolicy, "too many messages");
    });
  }

  void on_accepted() {
    if (stage_ != Stage::kAccepting) return;
    stage_ = Stage::kOpen;
    open_ = true;
    announced_ = true;
    ++state_->websockets_open;
    handler_.on_open(shared_from_this(), std::move(request_));
    read();
  }

  void read() {
    socket_.async_read(buffer_,
                       [self = shared_from_this()](error_code ec, std::size_t) { self->on_read(ec); });
  }

  void on_read(error_code ec) {
    if (ec == Stream::kTooMuchUnseen && stage_ == Stage::kOpen) {
      // Nothing is read any more: what it goes on sending is not worth a good-bye that waits for its own.
      ++state_->websockets_closed_by_us;
      close_code_ = kWsPolicy;
      return finish();
    }
    if (ec) {
      close_code_ = code_for(ec);
      return finish();
    }
    socket_.next_layer()->unseen = 0;
    if (stage_ == Stage::kOpen) {
      if (!socket_.got_text()) {
        refuse(kWsUnsupportedData, "text only");
      } else if (!rate_.take("", steady_now())) {
        refuse(kWsPolicy, "too many messages");
      } else {
        handler_.on_text(shared_from_this(), beast::buffers_to_string(buffer_.data()));
      }
    }
    buffer_.consume(buffer_.size());
    // Also while closing: the client's close frame ends it.
    if (stage_ != Stage::kGone) read();
  }

  std::uint16_t code_for(error_code ec) {
    if (close_code_ != 0) return close_code_;
    if (ec == websocket::error::closed) {
      auto code = static_cast<std::uint16_t>(socket_.reason().code);
      return code == 0 ? static_cast<std::uint16_t>(kWsNoStatus) : code;
    }
    std::uint16_t code = kWsAbnormal;
    if (ec == websocket::error::message_too_big)
      code = kWsTooBig;
    else if (ec == websocket::error::bad_frame_payload)
      code = kWsBadPayload;
    else if (ec == websocket::condition::protocol_violation)
      code = kWsProtocolError;
    if (code != kWsAbnormal) ++state_->websockets_closed_by_us;
    if (ec == beast::error::timeout) ++state_->timeouts;
    return code;
  }

  void refuse(std::uint16_t code, std::string_view reason) {
    if (stage_ != Stage::kOpen) return;
    open_ = false;
    ++state_->websockets_closed_by_us;
    drop_queue();
    begin_close(code, std::string(reason));
  }
  void refuse_later(std::uint16_t code, std::string_view reason) {
    if (stage_ == Stage::kOpen) post([code, reason](WsSession& self) { self.refuse(code, reason); });
  }

  void uncount(const std::string& text) { queued_bytes_ -= text.size() + kMessageOverhead; }

  void write_front() {
    writing_ = true;
    auto front = queue_.front();
    socket_.async_write(asio::buffer(*front), [self = shared_from_this(), front](error_code ec, std::size_t) {
      self->writing_ = false;
      if (!self->queue_.empty() && self->queue_.front() == front) self->queue_.pop_front();
      self->uncount(*front);
      if (ec || self->stage_ == Stage::kGone) return;  // the read ends with an error, too, and finishes
      if (!self->queue_.empty()) return self->write_front();
      if (self->stage_ == Stage::kClosing) self->send_close();
    });
  }

  // All but the message that is being written, which uncounts itself.
  void drop_queue() {
    while (queue_.size() > (writing_ ? 1u : 0u)) {
      uncount(*queue_.back());
      queue_.pop_back();
    }
  }

  void begin_close(std::uint16_t code, std::string reason) {
    if (stage_ == Stage::kAccepting) return cut();
    if (stage_ != Stage::kOpen) return;
    stage_ = Stage::kClosing;
    close_code_ = code;
    close_reason_ = std::move(reason);
    close_timer_.expires_after(kCloseTimeout);
    close_timer_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec) self->cut();
    });
    if (!writing_ && queue_.empty()) send_close();
  }

  void send_close() {
    websocket::close_reason reason;
    reason.code = close_code_;
    reason.reason.assign(close_reason_.data(), close_reason_.size());
    socket_.async_close(reason,
                        [self = shared_from_this()](error_code) {});  // the pending read ends and finishes
  }

  // The client does not follow; the pending read ends with an error.
  void cut() {
    if (stage_ == Stage::kGone) return;
    if (close_code_ == 0) close_code_ = kWsAbnormal;
    socket_.next_layer()->close_now();
    if (stage_ == Stage::kAccepting) finish();
  }

  void finish() {
    if (stage_ == Stage::kGone) return;
    stage_ = Stage::kGone;
    open_ = false;
    close_timer_.cancel();
    socket_.next_layer()->close_now();
    drop_queue();
    buffer_ = beast::flat_buffer();
    ticket_.give_back();
    auto self = shared_from_this();  // the registry's reference may be the last
    if (announced_) {
      --state_->websockets_open;
      handler_.on_close(self, close_code_);
    }
    state_->remove(this);
  }

  const std::shared_ptr<ServerState> state_;  // first: its io_context outlives the members below
  Ticket ticket_;
  const std::uint64_t id_;
  websocket::stream<AnyStream, false> socket_;  // false: built without compression
  const asio::any_io_executor executor_;
  Request request_;  // until on_open
  WsHandler& handler_;
  RateLimiter rate_;  // of this socket alone: one key
  beast::flat_buffer buffer_;
  std::deque<std::shared_ptr<const std::string>> queue_;  // the front is being written
  asio::steady_timer close_timer_;
  std::string close_reason_;
  std::uint16_t close_code_ = 0;
  Stage stage_ = Stage::kAccepting;
  bool writing_ = false;
  bool announced_ = false;
  std::atomic<bool> open_ = false;
  std::atomic<std::size_t> queued_bytes_ = 0;
};

}  // namespace

void start_ws_session(std::shared_ptr<ServerState> state, Ticket ticket, AnyStream stream,
                      UpgradeRequest upgrade, Request request, WsHandler& handler) {
  std::make_shared<WsSession>(std::move(state), std::move(ticket), std::move(stream), std::move(request),
                              handler)
      ->start(std::move(upgrade));
}

}  // namespace parlour::http

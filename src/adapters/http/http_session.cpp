// One HTTP connection: read a request, hand it on, write the answer, again.
//
//   read_request → on_header → (100-continue) → read_body → dispatch → … Reply … → send → write →
//   read_request
//        |             |                                                                      |
//        '-------------'--- malformed: answer and close                    upgrade: start_ws_session
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <optional>

#include "answer.h"
#include "http/problem.h"
#include "http/target.h"
#include "sessions.h"

namespace parlour::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

UtcTime utc_now() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

Method method_of(bhttp::verb verb) {
  switch (verb) {
    case bhttp::verb::get:
      return Method::kGet;
    case bhttp::verb::head:
      return Method::kHead;
    case bhttp::verb::post:
      return Method::kPost;
    case bhttp::verb::put:
      return Method::kPut;
    case bhttp::verb::patch:
      return Method::kPatch;
    case bhttp::verb::delete_:
      return Method::kDelete;
    case bhttp::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

Response malformed(std::string_view detail) {
  return problem(400, "malformed-request", "The request is malformed.", detail);
}

// Which answer a parse error deserves; nothing when there is nobody to answer.
std::optional<Response> answer_for(error_code ec) {
  if (ec == bhttp::error::end_of_stream || ec == bhttp::error::partial_message) return std::nullopt;
  if (ec == bhttp::error::header_limit || ec == bhttp::error::buffer_overflow)
    return problem(431, "header-too-large", "The request header is too large.");
  if (ec == bhttp::error::body_limit) return problem(413, "body-too-large", "The request body is too large.");
  if (ec.category() == error_code(bhttp::error::bad_method).category()) return malformed("");
  return std::nullopt;
}

class HttpSession;

// Carries one answer back, from whatever thread; the last copy of the Reply going unused means 500.
class PendingReply {
 public:
  PendingReply(std::weak_ptr<HttpSession> session, std::uint64_t number)
      : session_(std::move(session)), number_(number) {}
  ~PendingReply() { answer(internal_error()); }
  PendingReply(const PendingReply&) = delete;
  PendingReply& operator=(const PendingReply&) = delete;
  void answer(Response response);

 private:
  std::weak_ptr<HttpSession> session_;
  std::uint64_t number_;
  std::atomic<bool> used_ = false;
};

class HttpSession final : public Connection, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(std::shared_ptr<ServerState> state, Ticket ticket, AnyStream stream, PeerAddress peer)
      : state_(std::move(state)),
        ticket_(std::move(ticket)),
        stream_(std::move(stream)),
        executor_(stream_.get_executor()),
        peer_(std::move(peer)),
        buffer_(state_->config.header_limit + 16 * 1024),
        reply_timer_(executor_) {}

  void start() {
    state_->add(shared_from_this());
    read_request();
  }

  void shut_down(How how) override {
    asio::post(executor_, [self = shared_from_this(), how] {
      if (self->stage_ == Stage::kGone) return;
      self->stopping_ = true;
      bool idle = self->stage_ == Stage::kReading;
      if (how == How::kNow || idle) {
        self->stream_->close_now();
        self->finish();
      }
    });
  }

  // Any thread.
  void answer(std::uint64_t number, Response response) {
    auto shared = std::make_shared<Response>(std::move(response));
    asio::post(executor_, [weak = weak_from_this(), number, shared] {
      auto self = weak.lock();
      if (self && self->stage_ == Stage::kHandling && self->number_ == number) self->send(std::move(*shared));
    });
  }

 private:
  enum class Stage { kReading, kHandling, kWriting, kGone };
  using Parser = bhttp::request_parser<bhttp::string_body>;

  auto bind(void (HttpSession::*step)(error_code)) {
    return [self = shared_from_this(), step](error_code ec, std::size_t) {
      if (self->stage_ != Stage::kGone) (self.get()->*step)(ec);
    };
  }

  void read_request() {
    stage_ = Stage::kReading;
    if (stopping_) return close();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(state_->config.header_limit));
    parser_->body_limit(boost::none);  // set when the route is known
    context_ = {};
    route_name_ = "none";
    ++number_;
    if (buffer_.size() > 0) return read_header({});
    // Waiting for a next request may take longer than reading one.
    stream_->tcp().expires_after(state_->config.idle_timeout);
    stream_->read_some(buffer_.prepare(4096), [self = shared_from_this()](error_code ec, std::size_t size) {
      if (self->stage_ == Stage::kGone) return;
      self->buffer_.commit(size);
      self->read_header(ec);
    });
  }

  void read_header(error_code ec) {
    if (ec) return fail_reading(ec);
    began_ = std::chrono::steady_clock::now();
    stream_->tcp().expires_after(state_->config.header_timeout);
    bhttp::async_read_header(stream_, buffer_, *parser_, bind(&HttpSession::on_header));
  }

  void on_header(error_code ec) {
    if (ec) return fail_reading(ec);
    ++state_->requests;
    const auto& head = parser_->get();
    context_.is_head = head.method() == bhttp::verb::head;
    context_.is_http_1_0 = head.version() == 10;
    context_.keep_alive = parser_->keep_alive();
    if (auto refused = check_framing()) return refuse(std::move(*refused));
    bool too_long = head.target().size() > state_->config.target_limit;
    Result<Target, TargetError> target = fail(TargetError::kMalformed);
    if (!too_long) target = parse_target(view(head.target()));
    if (!target) {
      // A person whose mail program damaged an address gets a page that explains: such a request goes on
      // without a path, which no route matches.
      if (!wants_page(view(head.target())) && too_long)
        return refuse(problem(414, "target-too-long", "The address is too long."));
      if (!wants_page(view(head.target())))
        return refuse(target.error() == TargetError::kNoSuchPath ? not_found() : malformed("The address."));
      ++state_->requests_malformed;
      target = Target{};
    }

    request_ = Request();
    request_.method = method_of(head.method());
    request_.path = std::move(target->path);
    request_.segments = std::move(target->segments);
    request_.query = std::move(target->query);
    request_.peer = peer_;
    request_.is_tls = stream_->is_tls();
    take_headers();
    if (request_.method == Method::kGet) {
      context_.range = request_.header("range");
      context_.if_range = request_.header("if-range");
    }

    RouteInfo route = state_->handler.route(request_);
    route_name_ = route.name;
    if (route.websocket != nullptr && request_.method == Method::kGet) return upgrade(*route.websocket);
    std::uint64_t limit = route.body_limit > 0 ? route.body_limit : state_->config.body_limit;
    auto announced = parser_->content_length();
    if (announced && *announced > limit) return refuse(*answer_for(bhttp::error::body_limit));
    parser_->body_limit(limit);
    expect_or_read_body();
  }

  // A browser's address bar, and not a program of ours or a probe that speaks in our interface's place.
  bool wants_page(std::string_view target) const {
    const auto& head = parser_->get();
    return (head.method() == bhttp::verb::get || head.method() == bhttp::verb::head) &&
           !target.starts_with("/api/") &&
           view(head[bhttp::field::accept]).find("text/html") != std::string_view::npos;
  }

  // What Beast lets pass and we do not (RFC 9112 section 6.3; security check 25). Both Content-Length and
  // Transfer-Encoding, or two different lengths, are refused by Beast itself.
  std::optional<Response> check_framing() const {
    const auto& head = parser_->get();
    for (auto once : {bhttp::field::host, bhttp::field::content_length, bhttp::field::transfer_encoding,
                      bhttp::field::origin, bhttp::field::authorization, bhttp::field::content_type})
      if (head.count(once) > 1) return malformed("A field comes twice.");
    // A list of equal lengths would be allowed; somebody in front of us may read it in another way.
    if (head[bhttp::field::content_length].find(',') != beast::string_view::npos)
      return malformed("The length.");
    bool has_encoding = head.count(bhttp::field::transfer_encoding) > 0;
    if (has_encoding && head.count(bhttp::field::content_length) > 0) return malformed("Two lengths.");
    if (has_encoding &&
        (head.version() != 11 || lower_case(view(head[bhttp::field::transfer_encoding])) != "chunked"))
      return malformed("The transfer encoding.");
    if (head.version() != 11 && head.version() != 10) return malformed("The version.");
    if (head.version() == 11 && head[bhttp::field::host].empty()) return malformed("The host is missing.");
    return std::nullopt;
  }

  void take_headers() {
    for (const auto& field : parser_->get()) {
      std::string name = lower_case(view(field.name_string()));
      std::string& value = request_.headers[name];
      if (!value.empty()) value += name == "cookie" ? "; " : ", ";
      value += view(field.value());
    }
    request_.cookies = parse_cookies(request_.header("cookie"));
  }

  void expect_or_read_body() {
    std::string expect = lower_case(request_.header("expect"));
    if (expect.empty() || context_.is_http_1_0 || parser_->is_done()) return read_body({});
    if (expect != "100-continue")
      return refuse(problem(417, "expectation-failed", "This expectation is not met."));
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    Buffers buffers;
    buffers.add(asio::buffer(kContinue));
    stream_->write_some(buffers, [self = shared_from_this()](error_code ec, std::size_t size) {
      if (self->stage_ == Stage::kGone) return;
      // So few bytes go out at once or not at all; a client for which they do not is not worth more code.
      if (!ec && size != kContinue.size()) ec = asio::error::no_buffer_space;
      self->read_body(ec);
    });
  }

  void read_body(error_code ec) {
    if (ec) return fail_reading(ec);
    if (parser_->is_done()) return dispatch({});
    stream_->tcp().expires_after(state_->config.body_timeout);
    bhttp::async_read(stream_, buffer_, *parser_, bind(&HttpSession::dispatch));
  }

  void dispatch(error_code ec) {
    if (ec) return fail_reading(ec);
    request_.body = std::move(parser_->get().body());
    stage_ = Stage::kHandling;
    stream_->tcp().expires_never();
    start_reply_timer();
    auto pending = std::make_shared<PendingReply>(weak_from_this(), number_);
    // An exception is a bug of the handler; its Reply goes with it and answers 500.
    try {
      state_->handler.handle(std::move(request_),
                             [pending](Response response) { pending->answer(std::move(response)); });
    } catch (const std::exception&) {
      if (state_->config.log != nullptr)
        state_->config.log->error("http.handler_threw", {{"route", route_name_}});
    }
  }

  void start_reply_timer() {
    reply_timer_.expires_after(state_->config.reply_timeout);
    reply_timer_.async_wait([weak = weak_from_this(), number = number_](error_code ec) {
      auto self = weak.lock();
      if (ec || !self || self->number_ != number) return;
      ++self->state_->timeouts;
      if (self->stage_ == Stage::kHandling) {
        self->send(problem(503, "busy", "This took too long.", "Try again in a moment."));
      } else if (self->stage_ == Stage::kWriting && self->reading_source_) {
        self->close();  // the source never answered
      }
    });
  }

  // Answers a request whose body was not read: the connection cannot be used any more.
  void refuse(Response response) {
    context_.keep_alive = false;
    ++state_->requests_malformed;
    send(std::move(response));
  }

  void fail_reading(error_code ec) {
    if (ec == beast::error::timeout) {
      ++state_->timeouts;
      return finish();  // tcp_stream has closed the socket
    }
    if (auto response = answer_for(ec)) return refuse(std::move(*response));
    close();
  }

  void send(Response response) {
    stage_ = Stage::kWriting;
    reply_timer_.cancel();
    if (stopping_) context_.keep_alive = false;
    answer_ = std::make_shared<Answer>(std::move(response), context_, state_->security, utc_now());
    if (answer_->source() != nullptr) {
      // What lies in the socket's buffer counts as sent (RangeSource::on_sent); this bounds how much that can
      // be.
      error_code ignored;
      stream_->tcp().socket().set_option(asio::socket_base::send_buffer_size(128 * 1024), ignored);
    }
    write_next();
  }

  void write_next() {
    if (answer_->is_done()) return on_sent();
    if (answer_->wants_read()) return read_source();
    stream_->tcp().expires_after(state_->config.write_timeout);
    write_some();
  }

  void read_source() {
    reading_source_ = true;
    start_reply_timer();
    std::size_t size = answer_->read_size();
    answer_->source()->read(answer_->read_offset(), size,
                            [weak = weak_from_this(), number = number_, size](std::optional<Bytes> bytes) {
                              auto self = weak.lock();
                              if (!self) return;
                              auto shared = std::make_shared<std::optional<Bytes>>(std::move(bytes));
                              asio::post(self->executor_, [weak, number, size, shared] {
                                auto session = weak.lock();
                                if (session && session->number_ == number)
                                  session->on_source(std::move(*shared), size);
                              });
                            });
  }

  void on_source(std::optional<Bytes> bytes, std::size_t size) {
    if (stage_ != Stage::kWriting || !reading_source_) return;
    reading_source_ = false;
    reply_timer_.cancel();
    if (!bytes || bytes->size() != size) {
      if (answer_->body_sent() > 0) {
        stream_->close_now();  // the client must see that something is missing
        return finish();
      }
      return send(
          problem(503, "source-unavailable", "This cannot be read just now.", "Try again in a moment."));
    }
    answer_->set_piece(std::move(*bytes));
    write_next();
  }

  void write_some() {
    Buffers buffers;
    buffers.add(asio::buffer(answer_->header_left()));
    buffers.add(asio::buffer(answer_->piece_left()));
    stream_->write_some(
        buffers, [self = shared_from_this(), answer = answer_](error_code ec, std::size_t size) {
          bool piece_goes_on = size < answer->header_left().size() + answer->piece_left().size();
          answer->written(size);
          if (self->stage_ == Stage::kGone) return;
          if (ec) {
            if (ec == beast::error::timeout) ++self->state_->timeouts;
            self->log_request();
            return self->finish();
          }
          if (piece_goes_on) return self->write_some();  // under the same deadline
          self->write_next();
        });
  }

  void on_sent() {
    log_request();
    bool keep_alive = answer_->keep_alive();
    answer_.reset();
    if (!keep_alive) return close();
    read_request();
  }

  void log_request() {
    if (state_->config.log == nullptr) return;
    auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began_);
    LogLevel level = answer_->status() >= 500   ? LogLevel::kError
                     : answer_->status() >= 400 ? LogLevel::kInfo
                                                : LogLevel::kDebug;
    state_->config.log->write(level, "http.request",
                              {{"method", parlour::http::to_text(method_of(parser_->get().method()))},
                               {"route", route_name_},
                               {"status", answer_->status()},
                               {"sent", answer_->body_sent()},
                               {"took_us", Duration(took)}});
  }

  void upgrade(WsHandler& handler) {
    if (!beast::websocket::is_upgrade(parser_->get())) {
      Response response = problem(426, "upgrade-required", "Only WebSockets are served here.");
      response.set_header("Upgrade", "websocket");
      return refuse(std::move(response));
    }
    if (request_.header("origin") != state_->base_origin) {
      ++state_->websockets_refused;
      return refuse(problem(403, "foreign-origin", "This page may not connect here."));
    }
    // A body, or frames before our answer: no browser does it.
    if (!parser_->is_done() || buffer_.size() > 0)
      return refuse(malformed("Bytes after the upgrade request."));
    stage_ = Stage::kGone;
    stream_->tcp().expires_never();  // from here on the WebSocket's own timer counts
    auto self = shared_from_this();  // the registry's reference may be the last
    state_->remove(this);
    start_ws_session(state_, std::move(ticket_), std::move(stream_), parser_->release(), std::move(request_),
                     handler);
  }

  void close() {
    if (stage_ == Stage::kGone) return;
    reply_timer_.cancel();
    answer_.reset();
    stage_ = Stage::kReading;  // shut_down(kNow) may still cut it
    auto self = shared_from_this();
    stream_->close_gracefully([self] { self->finish(); });
  }

  // Nothing is done with the connection any more; callbacks that are still on their way find kGone.
  void finish() {
    if (stage_ == Stage::kGone) return;
    stage_ = Stage::kGone;
    reply_timer_.cancel();
    answer_.reset();
    stream_->close_now();
    ticket_.give_back();
    state_->remove(this);
  }

  const std::shared_ptr<ServerState> state_;  // first: its io_context outlives the members below
  Ticket ticket_;
  AnyStream stream_;
  const asio::any_io_executor executor_;
  const PeerAddress peer_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Request request_;
  AnswerContext context_;
  std::shared_ptr<Answer> answer_;  // shared with the write that is under way, which refers to its bytes
  asio::steady_timer reply_timer_;
  std::string_view route_name_ = "none";
  std::chrono::steady_clock::time_point began_;
  std::uint64_t number_ = 0;  // of the request on this connection: late answers to an earlier one are dropped
  Stage stage_ = Stage::kReading;
  bool reading_source_ = false;
  bool stopping_ = false;
};

void PendingReply::answer(Response response) {
  if (used_.exchange(true)) return;
  if (auto session = session_.lock()) session->answer(number_, std::move(response));
}

}  // namespace

void start_http_session(std::shared_ptr<ServerState> state, Ticket ticket, AnyStream stream,
                        PeerAddress peer) {
  std::make_shared<HttpSession>(std::move(state), std::move(ticket), std::move(stream), std::move(peer))
      ->start();
}

}  // namespace parlour::http

#include "api/api.h"

#include "body.h"
#include "http/problem.h"
#include "impl.h"
#include "json_views.h"

namespace parlour::api {

using namespace app;
using http::Reply;
using http::Request;
using http::Response;
using meeting::Refusal;

Response refusal_response(const Refusal& refusal) {
  int status = 409;
  const std::string& code = refusal.code;
  if (code == "not_found" || code == "link.unknown") status = 404;
  if (code.starts_with("access.")) status = 403;
  if (code == "session.missing" || code == "login.failed") status = 401;
  if (code.ends_with(".invalid") || code.ends_with(".unknown") || code == "reason.missing") status = 400;
  if (code == "link.unknown") status = 404;
  if (code.starts_with("vault.") || code == "storage") status = 503;
  JsonObject extra;
  if (!refusal.who.empty()) {
    JsonArray who;
    for (const std::string& role : refusal.who) who.emplace_back(role);
    extra.emplace_back("who", std::move(who));
  }
  return http::problem(status, code, refusal.text, "", std::move(extra));
}

Response body_problem(const Body& body) {
  return http::problem(400, "request.invalid", "The request cannot be used.", body.reason(),
                       {{"field", body.pointer()}});
}

Api::Api(UseCases cases, runtime::Executor& executor, std::string base_origin)
    : impl_(std::make_unique<Impl>(std::move(cases), executor, std::move(base_origin))) {}
Api::~Api() = default;

void Api::add_routes(http::Router& router) {
  impl_->add_routes(router);
}
void Api::set_log_key(std::string log_key) {
  impl_->cases.log_key = std::move(log_key);
}

void Api::Impl::on_app(Reply reply, std::function<void(Reply)> run, Lane lane) {
  executor.post([reply = std::move(reply), run = std::move(run)] { run(reply); }, lane);
}

// Staff routes: session from the cookie; changing ones need our own origin and the session's token as well.
http::Router::Function Api::Impl::staff(bool changes,
                                        std::function<void(const SessionView&, Request, Reply)> run) {
  return [this, changes, run](Request request, Reply reply) {
    if (changes && !http::is_same_origin(request, base_origin))
      return reply(http::problem(403, "csrf", "This request does not come from our own page."));
    on_app(reply, [this, changes, run, request = std::move(request)](Reply answer) {
      auto session = cases.accounts.session(std::string(request.cookie(kSessionCookie)));
      if (!session) return answer(http::problem(401, "session.missing", "Log in first."));
      if (changes && request.header("x-parlour-csrf") != session->csrf)
        return answer(http::problem(403, "csrf", "The session's token is missing; reload the page."));
      run(*session, request, answer);
    });
  };
}

http::Router::Function Api::Impl::guest(bool changes,
                                        std::function<void(const Guests::Session&, Request, Reply)> run) {
  return [this, changes, run](Request request, Reply reply) {
    if (changes && !http::is_same_origin(request, base_origin))
      return reply(http::problem(403, "csrf", "This request does not come from our own page."));
    on_app(
        reply,
        [this, changes, run, request = std::move(request)](Reply answer) {
          auto session = cases.guests.session(std::string(request.cookie(kGuestCookie)));
          if (!session) return answer(http::problem(401, "session.missing", "Open your link again."));
          if (changes && request.header("x-parlour-csrf") != session->row.csrf)
            return answer(http::problem(403, "csrf", "The session's token is missing; reload the page."));
          const bool forgets = changes && request.method == http::Method::kDelete;
          if (!forgets &&
              !cases.live.may(session->row.participant.text(), changes ? Talk::kChange : Talk::kPage))
            return answer(http::too_many_requests(3));
          run(*session, request, answer);
        },
        Lane::kGuests);
  };
}

void Api::Impl::add_routes(http::Router& router) {
  using http::Method;
  constexpr std::string_view kBase = "/api/v1";
  auto path = [&](std::string_view tail) { return std::string(kBase) + std::string(tail); };
  add_session_routes(router);
  add_guest_routes(router);
  add_recording_routes(router);

  router.add(Method::kGet, path("/types"), staff(false, [this](auto& session, Request, Reply reply) {
               JsonArray items;
               for (const MeetingType& type : cases.meetings.types(session.actor()))
                 items.push_back(type_json(type));
               reply(Response::json(200, JsonObject{{"items", std::move(items)}}));
             }));
  router.add(
      Method::kGet, path("/meetings"), staff(false, [this](auto& session, Request request, Reply reply) {
        MeetingFilter filter;
        filter.text = std::string(first_characters(request.query_value("q"), 100));
        if (auto from = from_rfc3339(request.query_value("from"))) filter.from = from;
        if (auto to = from_rfc3339(request.query_value("to"))) filter.to = to;
        filter.limit = limit_of(request);
        auto page = cases.meetings.list(session.actor(), filter, std::string(request.query_value("cursor")));
        JsonArray items;
        for (const MeetingView& view : page.items) items.push_back(meeting_json(view));
        reply(Response::json(200, JsonObject{{"items", std::move(items)},
                                             {"next", page.next.empty() ? Json() : Json(page.next)}}));
      }));
  router.add(
      Method::kPost, path("/meetings"), staff(true, [this](auto& session, Request request, Reply reply) {
        Body body(request.body);
        Meetings::New wanted{.type = TypeId::from_bytes({})};
        auto type = TypeId::from_text(body.string("type_id", 36, 36));
        if (type)
          wanted.type = *type;
        else
          body.fault("/type_id", "is not an id");
        wanted.customer_name = body.string("customer_name", 1, 100);
        wanted.customer_email = body.string("customer_email", 3, 254);
        auto start = from_rfc3339(body.string("start", 20, 27));
        if (start)
          wanted.start = *start;
        else
          body.fault("/start", "is not a time like 2026-11-24T14:30:00Z");
        if (auto duration = body.integer("duration_min", 5, 480, false))
          wanted.duration_min = static_cast<int>(*duration);
        if (auto language = body.choice("language", {"en", "nl"}, false); !language.empty())
          wanted.language = language;
        if (!body.good()) return reply(body_problem(body));
        auto made = cases.meetings.schedule(session.actor(), wanted);
        if (!made) return reply(refusal_response(made.error()));
        reply(Response::json(201, JsonObject{{"meeting", meeting_json(made->view)}, {"link", made->link}}));
      }));
  router.add(Method::kGet, path("/meetings/{meeting}"),
             staff(false, [this](auto& session, Request request, Reply reply) {
               auto id = MeetingId::from_text(request.parameter("meeting"));
               if (!id) return reply(http::not_found());
               auto view = cases.meetings.get(session.actor(), *id);
               reply(view ? Response::json(200, meeting_json(*view)) : http::not_found());
             }));
  router.add(Method::kPost, path("/meetings/{meeting}/cancel"),
             staff(true, [this](auto& session, Request request, Reply reply) {
               auto id = MeetingId::from_text(request.parameter("meeting"));
               if (!id) return reply(http::not_found());
               Body body(request.body);
               std::string reason = body.string("reason", 1, 300);
               if (!body.good()) return reply(body_problem(body));
               auto view = cases.meetings.cancel(session.actor(), *id, reason);
               reply(view ? Response::json(200, meeting_json(*view)) : refusal_response(view.error()));
             }));
  router.add(
      Method::kPost, path("/meetings/{meeting}/link"),
      staff(true, [this](auto& session, Request request, Reply reply) {
        auto id = MeetingId::from_text(request.parameter("meeting"));
        if (!id) return reply(http::not_found());
        auto link = cases.meetings.issue_link(session.actor(), *id);
        reply(link ? Response::json(201, JsonObject{{"link", *link}}) : refusal_response(link.error()));
      }));
  router.add(Method::kGet, path("/meetings/{meeting}/timeline"),
             staff(false, [this](auto& session, Request request, Reply reply) {
               auto id = MeetingId::from_text(request.parameter("meeting"));
               if (!id) return reply(http::not_found());
               auto page = cases.audit.timeline(session.actor(), *id);
               reply(page ? Response::json(200, entry_page_json(*page)) : refusal_response(page.error()));
             }));
  router.add(Method::kPost, path("/meetings/{meeting}/proof"),
             staff(true, [this](auto& session, Request request, Reply reply) {
               auto id = MeetingId::from_text(request.parameter("meeting"));
               if (!id) return reply(http::not_found());
               cases.audit.export_proof(session.actor(), *id, [reply](Result<Bytes, Refusal> bundle) {
                 if (!bundle) return reply(refusal_response(bundle.error()));
                 Response response = Response::text(200, "application/zip", to_string(*bundle));
                 response.set_header("Content-Disposition", "attachment; filename=\"parlour-proof.zip\"");
                 reply(std::move(response));
               });
             }));
  router.add(Method::kGet, path("/audit/entries"),
             staff(false, [this](auto& session, Request request, Reply reply) {
               AuditFilter filter;
               filter.type = std::string(request.query_value("type")).substr(0, 60);
               std::string before(request.query_value("before"));
               if (!before.empty())
                 filter.before = static_cast<std::uint64_t>(std::strtoull(before.c_str(), nullptr, 10));
               filter.limit = limit_of(request);
               auto page = cases.audit.entries(session.actor(), filter);
               reply(page ? Response::json(200, entry_page_json(*page)) : refusal_response(page.error()));
             }));
  router.add(Method::kPost, path("/audit/verify"), staff(true, [this](auto& session, Request, Reply reply) {
               cases.audit.verify(session.actor(), [this, reply](Result<AuditVerdict, Refusal> verdict) {
                 if (!verdict) return reply(refusal_response(verdict.error()));
                 Json json = verdict_json(*verdict);
                 json.set("checked_to", time_json(cases.context.audit.head().time));
                 reply(Response::json(200, json));
               });
             }));
  router.add(Method::kGet, path("/status"), staff(false, [this](auto&, Request, Reply reply) {
               reply(Response::json(
                   200, JsonObject{{"org", JsonObject{{"name", cases.context.organisation.name}}},
                                   {"version", cases.version},
                                   {"vault", cases.context.vault.up() ? "up" : "down"},
                                   {"log_key", cases.log_key},
                                   {"organisation_key", cases.context.call_rules.root_fingerprint()},
                                   {"log_size", static_cast<std::int64_t>(cases.context.audit.size())}}));
             }));
  router.add(Method::kGet, path("/health"), [this](Request, Reply reply) {
    on_app(reply, [](Reply answer) { answer(Response::json(200, JsonObject{{"ready", true}})); });
  });
  router.add_websocket(path("/call"), *this);
}

std::size_t Api::Impl::limit_of(const Request& request) {
  std::string text(request.query_value("limit"));
  std::size_t limit = text.empty() ? 50 : static_cast<std::size_t>(std::strtoul(text.c_str(), nullptr, 10));
  return std::clamp<std::size_t>(limit, 1, 200);
}

// --- signalling
// ---------------------------------------------------------------------------------------------------

namespace {

constexpr int kPendingMessages = 64;
constexpr std::size_t kPendingBytes = 256 * 1024;

class ChannelWire final : public Wire {
 public:
  explicit ChannelWire(std::shared_ptr<http::WsChannel> channel) : channel_(std::move(channel)) {}
  void send(std::string text) override { channel_->send_text(std::move(text)); }
  void close(std::uint16_t code, std::string_view reason) override { channel_->close(code, reason); }

 private:
  std::shared_ptr<http::WsChannel> channel_;
};

}  // namespace

std::shared_ptr<Api::Impl::Channel> Api::Impl::channel_of(std::uint64_t id) {
  std::lock_guard lock(channels_mutex);
  auto found = channels.find(id);
  return found == channels.end() ? nullptr : found->second;
}

void Api::Impl::on_open(std::shared_ptr<http::WsChannel> channel, Request request) {
  std::string staff_token(request.cookie(kSessionCookie));
  std::string guest_token(request.cookie(kGuestCookie));
  // Whoever comes with a staff cookie is asked for it with the first message; nobody else is inside yet.
  const Lane lane = staff_token.empty() ? Lane::kGuests : Lane::kFirst;
  auto made = std::make_shared<Channel>();
  made->waits = lane == Lane::kGuests;
  ++(lane == Lane::kGuests ? made->at_the_door : made->inside);
  {
    std::lock_guard lock(channels_mutex);
    channels[channel->id()] = made;
  }
  executor.post(
      [this, channel, made, lane, staff_token, guest_token] {
        --(lane == Lane::kGuests ? made->at_the_door : made->inside);
        sockets[channel->id()] =
            cases.live.socket_opened(std::make_shared<ChannelWire>(channel), staff_token, guest_token);
      },
      lane);
}

void Api::Impl::on_text(const std::shared_ptr<http::WsChannel>& channel, std::string text) {
  std::shared_ptr<Channel> from = channel_of(channel->id());
  if (!from) return;
  // Whoever sends faster than is read is no page of ours.
  if (from->at_the_door + from->inside > kPendingMessages || (from->bytes += text.size()) > kPendingBytes)
    return channel->close(http::kWsPolicy, "too many messages");
  const bool door = from->goes_to_the_door();
  ++(door ? from->at_the_door : from->inside);
  executor.post(
      [this, from, door, id = channel->id(), text = std::move(text)] {
        --(door ? from->at_the_door : from->inside);
        from->bytes -= text.size();
        auto found = sockets.find(id);
        if (found == sockets.end()) return;
        cases.live.socket_message(found->second, text);
        from->waits = cases.live.waits(found->second);
      },
      door ? Lane::kGuests : Lane::kFirst);
}

void Api::Impl::on_close(const std::shared_ptr<http::WsChannel>& channel, std::uint16_t code) {
  std::shared_ptr<Channel> from = channel_of(channel->id());
  {
    std::lock_guard lock(channels_mutex);
    channels.erase(channel->id());
  }
  const bool door = from && from->goes_to_the_door();
  executor.post(
      [this, code, id = channel->id()] {
        auto found = sockets.find(id);
        if (found == sockets.end()) return;
        LiveMeetings::SocketId socket = found->second;
        sockets.erase(found);
        cases.live.socket_closed(socket, code);
      },
      door ? Lane::kGuests : Lane::kFirst);
}

}  // namespace parlour::api

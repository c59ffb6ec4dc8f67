// The customer's way in: link, invitation, device check, notice, cancel, forget.
#include "body.h"
#include "http/problem.h"
#include "impl.h"
#include "json_views.h"

namespace parlour::api {

using namespace app;
using http::Method;
using http::Reply;
using http::Request;
using http::Response;
using meeting::Refusal;

void Api::Impl::add_guest_routes(http::Router& router) {
  router.add(Method::kPost, "/api/v1/link", [this](Request request, Reply reply) {
    if (!http::is_same_origin(request, base_origin))
      return reply(http::problem(403, "csrf", "This request does not come from our own page."));
    on_app(
        reply,
        [this, request = std::move(request)](Reply answer) {
          SteadyTime now = cases.context.clock.now().steady;
          std::string peer = http::subscriber_of(request.peer);
          Body body(request.body);
          std::string token = body.string("token", 22, 64);
          std::string language = body.choice("lang", {"en", "nl"}, false);
          if (!body.good()) return answer(body_problem(body));
          // A right link opens whatever others have tried from the same address; of the wrong ones 20 a
          // minute and address are answered as such, and only so many of all are written into the log.
          bool too_many = false;
          auto opened = cases.guests.open_link(token, language, [&](const std::string& person) {
            too_many = person.empty() ? !link_misses.take(peer, now) : !cases.live.may(person, Talk::kLink);
            return !too_many && (!person.empty() || noted_misses.take("", now));
          });
          if (!opened && too_many)
            return answer(http::too_many_requests(std::max<std::int64_t>(
                5, (link_misses.retry_after(peer, now).count() + 999'999) / 1'000'000)));
          if (!opened) return answer(refusal_response(opened.error()));
          Response response = Response::json(
              200,
              invitation_json(opened->invitation, cases.context.organisation, cases.context.clock.now().utc));
          response.add_header("Set-Cookie", http::host_cookie("parlour-guest", opened->token, std::nullopt));
          answer(std::move(response));
        },
        Lane::kGuests);
  });
  router.add(Method::kGet, "/api/v1/guest", guest(false, [this](auto& session, Request request, Reply reply) {
               std::string language(request.query_value("lang"));
               auto invitation =
                   cases.guests.invitation(session, language == "nl" || language == "en" ? language : "");
               if (!invitation) return reply(http::not_found());
               reply(Response::json(200, invitation_json(*invitation, cases.context.organisation,
                                                         cases.context.clock.now().utc)));
             }));
  router.add(Method::kDelete, "/api/v1/guest",
             guest(true, [this](auto& session, Request request, Reply reply) {
               cases.live.close_sockets_of(session.row.id);
               cases.guests.forget(std::string(request.cookie(kGuestCookie)));
               Response response = Response::empty(204);
               response.add_header("Set-Cookie", http::expired_host_cookie("parlour-guest"));
               response.set_header("Clear-Site-Data", "\"cache\", \"storage\"");
               reply(std::move(response));
             }));
  router.add(Method::kPost, "/api/v1/guest/device",
             guest(true, [this](auto& session, Request request, Reply reply) {
               Body body(request.body);
               meeting::DeviceResult device;
               device.camera = body.choice("camera", {"ok", "none", "refused", "failed"});
               device.microphone = body.choice("microphone", {"ok", "none", "refused", "failed"});
               device.speaker = body.choice("speaker", {"heard", "not_heard", "skipped"});
               device.network = body.choice("network", {"good", "fair", "poor", "unknown", "none"});
               if (!body.good()) return reply(body_problem(body));
               auto refusal = cases.guests.report_device(session, device);
               reply(refusal ? refusal_response(*refusal) : Response::empty(204));
             }));
  router.add(Method::kPost, "/api/v1/guest/notice",
             guest(true, [this](auto& session, Request request, Reply reply) {
               Body body(request.body);
               std::string act = body.choice("act", {"shown", "acknowledged", "declined"});
               meeting::NoticeRef seen;
               seen.text_id = body.string("text_id", 1, 100);
               seen.version = static_cast<int>(body.integer("version", 1, 1'000'000, true).value_or(0));
               seen.sha256 = body.string("sha256", 64, 64);
               seen.language = body.choice("lang", {"en", "nl"});
               if (!body.good()) return reply(body_problem(body));
               auto refusal = cases.guests.notice(session, act, seen);
               reply(refusal ? refusal_response(*refusal) : Response::empty(204));
             }));
  router.add(Method::kPost, "/api/v1/guest/cancel",
             guest(true, [this](auto& session, Request request, Reply reply) {
               Body body(request.body);
               std::string reason = body.string("reason", 1, 300);
               if (!body.good()) return reply(body_problem(body));
               auto refusal = cases.guests.cancel(session, reason);
               reply(refusal ? refusal_response(*refusal) : Response::empty(204));
             }));
}

}  // namespace parlour::api

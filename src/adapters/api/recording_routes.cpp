// Recordings: lists, playing with a purpose, downloading with a reason, and the bytes.
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

namespace {

// A track's bytes, from the vault to the socket past the app thread; what was sent is told to the use case.
class TrackSource final : public http::RangeSource, public std::enable_shared_from_this<TrackSource> {
 public:
  TrackSource(Vault& vault, Recordings& recordings, runtime::Executor& executor, PlaybackId playback,
              int number, Recordings::OpenTrack track)
      : vault_(vault),
        recordings_(recordings),
        executor_(executor),
        playback_(playback),
        number_(number),
        track_(std::move(track)) {}

  std::uint64_t size() const override { return track_.size; }
  void read(std::uint64_t offset, std::size_t length, ReadDone done) override {
    constexpr std::size_t kPiece = 32 * 1024;  // what a frame of the vault's socket holds
    gather(offset, length, kPiece, std::make_shared<Bytes>(), std::move(done));
  }
  void on_sent(std::uint64_t offset, std::uint64_t count) override {
    executor_.post([recordings = &recordings_, playback = playback_, number = number_, offset, count] {
      recordings->sent(playback, number, offset, count);
    });
  }
  void on_end() override {}

 private:
  void gather(std::uint64_t offset, std::size_t length, std::size_t piece, std::shared_ptr<Bytes> got,
              ReadDone done) {
    if (got->size() == length) return done(std::move(*got));
    auto next = static_cast<std::uint32_t>(std::min(piece, length - got->size()));
    vault_.range(
        track_.handle, track_.file, offset + got->size(), next,
        [this, self = shared_from_this(), offset, length, piece, got, done](Result<Bytes, VaultFault> bytes) {
          if (!bytes || bytes->empty()) return done(std::nullopt);
          append(*got, *bytes);
          gather(offset, length, piece, got, done);
        });
  }

  Vault& vault_;
  Recordings& recordings_;
  runtime::Executor& executor_;
  PlaybackId playback_;
  int number_;
  Recordings::OpenTrack track_;
};

}  // namespace

void Api::Impl::add_recording_routes(http::Router& router) {
  router.add(Method::kGet, "/api/v1/recordings",
             staff(false, [this](auto& session, Request request, Reply reply) {
               auto page = cases.recordings.list(session.actor(), std::string(request.query_value("cursor")),
                                                 limit_of(request));
               JsonArray items;
               for (const RecordingView& view : page.items) items.push_back(recording_json(view));
               reply(Response::json(200, JsonObject{{"items", std::move(items)},
                                                    {"next", page.next.empty() ? Json() : Json(page.next)}}));
             }));
  router.add(Method::kGet, "/api/v1/meetings/{meeting}/recordings",
             staff(false, [this](auto& session, Request request, Reply reply) {
               auto id = MeetingId::from_text(request.parameter("meeting"));
               if (!id) return reply(http::not_found());
               auto found = cases.recordings.of_meeting(session.actor(), *id);
               if (!found) return reply(refusal_response(found.error()));
               JsonArray items;
               for (const RecordingView& view : *found) items.push_back(recording_json(view));
               reply(Response::json(200, JsonObject{{"items", std::move(items)}}));
             }));
  auto play = [this](bool download) {
    return staff(true, [this, download](auto& session, Request request, Reply reply) {
      auto id = RecordingId::from_text(request.parameter("recording"));
      if (!id) return reply(http::not_found());
      Body body(request.body);
      std::string purpose = download ? ""
                                     : body.choice("purpose", {"client_request", "complaint", "supervision",
                                                               "quality", "follow_up"});
      std::string reason = download ? body.string("reason", 1, 300) : "";
      if (!body.good()) return reply(body_problem(body));
      cases.recordings.play(session.actor(), *id, purpose, download, reason,
                            [reply](Result<Recordings::Playback, Refusal> playback) {
                              reply(playback ? Response::json(201, playback_json(*playback))
                                             : refusal_response(playback.error()));
                            });
    });
  };
  router.add(Method::kPost, "/api/v1/recordings/{recording}/play", play(false));
  router.add(Method::kPost, "/api/v1/recordings/{recording}/download", play(true));
  router.add(Method::kGet, "/api/v1/play/{playback}/{track}",
             staff(false, [this](auto& session, Request request, Reply reply) {
               auto id = PlaybackId::from_text(request.parameter("playback"));
               std::string number(request.parameter("track"));
               if (!id || number.empty() || number.size() > 2 ||
                   number.find_first_not_of("0123456789") != std::string::npos)
                 return reply(http::not_found());
               auto track = cases.recordings.track(session.actor(), *id, std::atoi(number.c_str()));
               if (!track) return reply(http::not_found());
               Response response;
               response.set_header("Content-Type", "video/webm");
               response.body =
                   std::make_shared<TrackSource>(cases.context.vault, cases.recordings, executor, *id,
                                                 std::atoi(number.c_str()), std::move(*track));
               reply(std::move(response));
             }));
  router.add(Method::kDelete, "/api/v1/play/{playback}",
             staff(true, [this](auto& session, Request request, Reply reply) {
               auto id = PlaybackId::from_text(request.parameter("playback"));
               if (!id || !cases.recordings.close(session.actor(), *id)) return reply(http::not_found());
               reply(Response::empty(204));
             }));
}

}  // namespace parlour::api

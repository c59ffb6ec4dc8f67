// Recordings: lists, playing with a purpose, downloading with a reason, and the bytes.
#include "body.h"
#include "http/problem.h"
#include "http/target.h"
#include "impl.h"
#include "json_views.h"
#include "zip_plan.h"

namespace parlour::api {

using namespace app;
using http::Method;
using http::Reply;
using http::Request;
using http::Response;
using meeting::Refusal;

namespace {

// Where the built page (web/build_copy.ts) expects the facts.
constexpr std::string_view kCopyPageMark = "{{recording}}";

// A track's bytes, from the vault to the socket past the app thread; what was sent is told to the use case.
// Made on the app thread.
class TrackSource final : public http::RangeSource, public std::enable_shared_from_this<TrackSource> {
 public:
  TrackSource(Vault& vault, Recordings& recordings, runtime::Executor& executor, PlaybackId playback,
              int number, Recordings::OpenTrack track)
      : vault_(vault),
        recordings_(recordings),
        executor_(executor),
        playback_(playback),
        number_(number),
        track_(std::move(track)) {
    recordings_.sending(playback_, true);
  }
  // However the response ended: the log's last word waits for this.
  ~TrackSource() override {
    executor_.post(
        [recordings = &recordings_, playback = playback_] { recordings->sending(playback, false); },
        runtime::Executor::Lane::kFacts);
  }

  std::uint64_t size() const override { return track_.size; }
  void read(std::uint64_t offset, std::size_t length, ReadDone done) override {
    constexpr std::size_t kPiece = 32 * 1024;  // what a frame of the vault's socket holds
    gather(offset, length, kPiece, std::make_shared<Bytes>(), std::move(done));
  }
  void on_sent(std::uint64_t offset, std::uint64_t count) override {
    executor_.post([recordings = &recordings_, playback = playback_, number = number_, offset,
                    count] { recordings->sent(playback, number, offset, count); },
                   runtime::Executor::Lane::kFacts);
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

// A whole recording as one file that is made while it is sent: nothing of it is stored, and memory holds a
// piece of it at a time. Made on the app thread.
class ArchiveSource final : public http::RangeSource, public std::enable_shared_from_this<ArchiveSource> {
 public:
  ArchiveSource(Vault& vault, Recordings& recordings, runtime::Executor& executor, PlaybackId playback,
                const Recordings::Archive& archive)
      : vault_(vault),
        recordings_(recordings),
        executor_(executor),
        playback_(playback),
        handle_(archive.handle),
        files_(archive.files),
        plan_(std::static_pointer_cast<const ZipPlan>(archive.layout)),
        ledger_(archive.ledger) {
    recordings_.sending(playback_, true);
  }
  ~ArchiveSource() override {
    executor_.post(
        [recordings = &recordings_, playback = playback_] { recordings->sending(playback, false); },
        runtime::Executor::Lane::kFacts);
  }

  std::uint64_t size() const override { return plan_->size(); }
  void read(std::uint64_t offset, std::size_t length, ReadDone done) override {
    auto piece = std::make_shared<Piece>(Piece{offset, {}});
    piece->bytes.reserve(length);
    gather(piece, length, std::move(done));
  }
  void on_sent(std::uint64_t offset, std::uint64_t count) override {
    if (piece_ == nullptr || offset < piece_->offset ||
        offset + count > piece_->offset + piece_->bytes.size())
      return;
    ledger_->sent(offset, ByteView(piece_->bytes)
                              .subspan(static_cast<std::size_t>(offset - piece_->offset),
                                       static_cast<std::size_t>(count)));
    executor_.post([recordings = &recordings_, playback = playback_] { recordings->archive_sent(playback); });
  }
  void on_end() override {}

 private:
  struct Piece {
    std::uint64_t offset;
    Bytes bytes;
  };

  void gather(const std::shared_ptr<Piece>& piece, std::size_t length, ReadDone done) {
    constexpr std::uint64_t kFrame = 32 * 1024;  // what a frame of the vault's socket holds
    while (piece->bytes.size() < length) {
      const ZipPlan::Piece next =
          plan_->at(piece->offset + piece->bytes.size(), length - piece->bytes.size());
      if (next.size == 0) return done(std::nullopt);
      if (!next.source) {
        append(piece->bytes, next.bytes);
        continue;
      }
      return vault_.range(handle_, files_[*next.source].name, next.offset,
                          static_cast<std::uint32_t>(std::min(kFrame, next.size)),
                          [self = shared_from_this(), piece, length, done](Result<Bytes, VaultFault> bytes) {
                            if (!bytes || bytes->empty()) return done(std::nullopt);
                            append(piece->bytes, *bytes);
                            self->gather(piece, length, done);
                          });
    }
    piece_ = piece;
    done(Bytes(piece->bytes));
  }

  Vault& vault_;
  Recordings& recordings_;
  runtime::Executor& executor_;
  PlaybackId playback_;
  std::string handle_;
  std::vector<Recordings::Archive::File> files_;
  std::shared_ptr<const ZipPlan> plan_;
  std::shared_ptr<ArchiveLedger> ledger_;
  std::shared_ptr<const Piece> piece_;  // that is being sent
};

// The page in a download: what the built template says, with the recording's facts in place of its mark. As
// JSON inside a script element they must not end it.
std::string page_of(const std::string& page_template, const Recordings::Archive& archive) {
  Json recording = recording_json(archive.recording);
  recording.set("plays", JsonArray{});
  JsonArray files;
  for (const Recordings::Archive::File& file : archive.files)
    files.push_back(
        JsonObject{{"path", "tracks/" + file.name}, {"size", static_cast<std::int64_t>(file.size)}});
  const std::string facts =
      write_json(JsonObject{{"recording", std::move(recording)}, {"files", std::move(files)}});
  std::string harmless;
  for (char c : facts) c == '<' ? harmless += "\\u003c" : harmless += c;
  std::string page = page_template;
  if (const std::size_t mark = page.find(kCopyPageMark); mark != std::string::npos)
    page.replace(mark, kCopyPageMark.size(), harmless);
  return page;
}

// Once for each download.
void lay_out(Recordings::Archive& archive, const std::string& page_template) {
  auto plan = std::make_shared<ZipPlan>();
  plan->add("play.html", to_bytes(page_of(page_template, archive)));
  plan->add("manifest.json", to_bytes(archive.manifest));
  if (!archive.proof.empty()) plan->add("proof.zip", std::exchange(archive.proof, {}));
  for (const Recordings::Archive::File& file : archive.files)
    plan->add_outside("tracks/" + file.name, file.size, file.crc32);
  plan->finish();
  archive.size = plan->size();
  archive.layout = std::move(plan);
}

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
      cases.recordings.play(
          session.actor(), *id, purpose, download, reason,
          [this, reply, actor = session.actor()](Result<Recordings::Playback, Refusal> playback) {
            if (!playback) return reply(refusal_response(playback.error()));
            Json json = playback_json(*playback);
            if (auto archive = cases.recordings.archive(actor, playback->id)) {
              lay_out(*archive, cases.copy_page);
              json.set("archive", JsonObject{{"url", "/api/v1/play/" + playback->id.text() + "/archive"},
                                             {"name", archive->name + ".zip"},
                                             {"size", static_cast<std::int64_t>(archive->size)}});
            }
            reply(Response::json(201, json));
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
  router.add(
      Method::kGet, "/api/v1/play/{playback}/archive",
      staff(false, [this](auto& session, Request request, Reply reply) {
        auto id = PlaybackId::from_text(request.parameter("playback"));
        auto archive = id ? cases.recordings.archive(session.actor(), *id) : nullptr;
        if (!archive || !archive->layout) return reply(http::not_found());
        const std::string etag = '"' + id->text() + '"';
        // In order, so that the log can name the hash of what was sent.
        const bool goes_on = request.header("if-range").empty() || request.header("if-range") == etag;
        auto range = http::parse_range(request.header("range"), archive->size);
        if (goes_on && range && range->first > archive->ledger->bytes())
          return reply(http::problem(409, "download.order", "A download goes on where it broke.",
                                     "Ask for it from there, or from its beginning."));
        Response response;
        response.set_header("Content-Type", "application/zip");
        response.set_header("Content-Disposition", "attachment; filename=\"" + archive->name + ".zip\"");
        response.set_header("ETag", etag);
        response.body =
            std::make_shared<ArchiveSource>(cases.context.vault, cases.recordings, executor, *id, *archive);
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

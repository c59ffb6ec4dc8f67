#include "app/recordings.h"

#include <algorithm>

#include "app/accounts.h"
#include "app/token.h"

namespace parlour::app {
namespace {

using namespace meeting;

constexpr Duration kPollJob = 500ms;
constexpr Duration kRetryJob = 5s;
constexpr Duration kPlaybackIdle = 10min;

constexpr std::string_view kPurposes[] = {"client_request", "complaint", "supervision", "quality",
                                          "follow_up"};

AuditRecord entry_of(std::string_view type, const Actor& actor, const RecordingRow& row) {
  AuditRecord record;
  record.type = type;
  record.actor = actor;
  record.meeting = row.meeting;
  record.subject = {"recording", row.id.text()};
  return record;
}

// Adds [from, to) to a sorted list of ranges without overlap.
void merge_range(std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges, std::uint64_t from,
                 std::uint64_t to) {
  if (from >= to) return;
  ranges.emplace_back(from, to);
  std::sort(ranges.begin(), ranges.end());
  std::vector<std::pair<std::uint64_t, std::uint64_t>> merged;
  for (auto& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().second)
      merged.back().second = std::max(merged.back().second, range.second);
    else
      merged.push_back(range);
  }
  ranges = std::move(merged);
}

// [[from, to], …] in UTC milliseconds: what is missing from the recording. A tail that no final Progress
// attests is not missing; the manifest says so where it belongs.
Json gap_ranges(const Json& job) {
  JsonArray out;
  const Json* gaps = job.find("gaps");
  if (gaps == nullptr || gaps->as_array() == nullptr) return Json(std::move(out));
  for (const Json& gap : *gaps->as_array()) {
    if (gap.string_or("cause") == "tail_not_attested" || out.size() == 900) continue;
    out.push_back(JsonArray{Json(gap.integer_or("from")),
                            Json(std::max(gap.integer_or("from"), gap.integer_or("to")))});
  }
  return Json(std::move(out));
}

// What pages and lists show of a recording, from the signed manifest: {duration_ms, coverage_permille,
// tracks, gaps}. The vault knows people by their endpoints; this server knows whose they were.
Json summary_of(Context& context, const Meeting& meeting, const std::string& signed_manifest,
                const Json& job) {
  constexpr JsonLimits kManifest{.bytes = 16 * 1024 * 1024, .depth = 32, .values = 1'000'000};
  Json out = JsonObject{{"duration_ms", job.integer_or("duration_ms")},
                        {"coverage_permille", job.integer_or("coverage_permille")}};
  auto parsed = parse_json(signed_manifest, kManifest);
  const Json* manifest = parsed ? parsed->find("manifest") : nullptr;
  if (manifest == nullptr) return out;
  std::map<std::string, std::string> participant_of_ep;
  for (const CallRow& call : context.calls.calls(meeting.id))
    for (const CallStore::Message& message : context.calls.messages(call.call)) {
      auto hello = parse_json(message.message);
      if (!hello || hello->string_or("t") != "Hello") continue;
      auto body = from_base64url(hello->string_or("b"));
      auto fields = body ? parse_json(as_text(*body)) : parse_json("{}");
      if (fields) participant_of_ep[fields->string_or("ep")] = message.from;
    }
  auto items = [](const Json* list) {
    return list != nullptr && list->as_array() != nullptr ? *list->as_array() : JsonArray{};
  };
  std::map<std::string, std::string> participant_of;  // the manifest's id → ours
  for (const Json& person : items(manifest->find("participants")))
    for (const Json& ep : items(person.find("endpoints")))
      if (ep.as_string() != nullptr)
        participant_of[person.string_or("id")] = participant_of_ep[*ep.as_string()];
  // Nothing: an older manifest does not say, or the file has no such track.
  auto spans_of = [](const Json& rendition, std::string_view track, std::string_view name) {
    const Json* found = rendition.find(track);
    if (found == nullptr || !found->is_object()) return Json();
    const Json* spans = found->find(name);
    return spans != nullptr && spans->is_array() ? *spans : Json();
  };
  JsonArray tracks;
  for (const Json& rendition : items(manifest->find("renditions")))
    tracks.push_back(JsonObject{{"file", rendition.string_or("name")},
                                {"participant", participant_of[rendition.string_or("participant")]},
                                {"screen", rendition.string_or("content") == "screen"},
                                {"offset_ms", rendition.integer_or("offset_ms")},
                                {"duration_ms", rendition.integer_or("duration_ms")},
                                {"filled", spans_of(rendition, "sound", "filled")},
                                {"pictures", spans_of(rendition, "pictures", "shown")}});
  JsonArray gaps;
  for (const Json& track : items(manifest->find("tracks")))
    for (const Json& gap : items(track.find("gaps"))) {
      std::string cause = gap.string_or("cause");
      if (cause == "tail_not_attested" || gaps.size() == 2000) continue;
      if (cause == "storage") cause = "damage";
      static constexpr std::string_view kCauses[] = {"network", "loss",   "server",
                                                     "pause",   "damage", "source"};
      if (std::find(std::begin(kCauses), std::end(kCauses), cause) == std::end(kCauses)) cause = "loss";
      std::string kind = track.string_or("kind");
      gaps.push_back(JsonObject{{"participant", participant_of[track.string_or("participant")]},
                                {"kind", kind == "audio"    ? "a"
                                         : kind == "screen" ? "s"
                                                            : "v"},
                                {"from_ms", gap.integer_or("from_ms")},
                                {"to_ms", gap.integer_or("to_ms")},
                                {"cause", cause}});
    }
  out.set("tracks", std::move(tracks));
  out.set("gaps", std::move(gaps));
  return out;
}

}  // namespace

void RecordingJobs::run_pending() {
  if (!context_.vault.up()) return;
  for (const OutboxRow& row : context_.outbox.pending()) {
    if (row.kind != "vault.job" || running_[row.id]) continue;
    auto recording = RecordingId::from_text(row.subject);
    if (!recording) continue;
    running_[row.id] = true;
    try {
      start(row, *recording);
    } catch (const StoreFailure&) {
      running_.erase(row.id);
      throw;
    }
  }
}

void RecordingJobs::again(std::int64_t outbox) {
  running_[outbox] = false;
  context_.scheduler.after(kRetryJob, [this] { run_pending(); });
}

// One step of a job: what the database refused is tried again.
void RecordingJobs::step(std::int64_t outbox, const std::function<void()>& run) {
  try {
    run();
  } catch (const StoreFailure&) {
    again(outbox);
    throw;
  }
}

void RecordingJobs::start(const OutboxRow& row, const RecordingId& recording) {
  std::int64_t id = row.id;
  std::optional<RecordingRow> stored = context_.recordings.load(recording);
  if (!stored || !stored->sealed_seq) {
    running_.erase(id);
    return;
  }
  std::uint64_t seq = *stored->sealed_seq;
  // The vault opens what a signed head covers, nothing else.
  context_.audit.checkpoint([this, id, recording, seq](bool signed_head) {
    if (!signed_head) return again(id);
    step(id, [&] {
      std::vector<EnvelopeRow> parts;
      for (EnvelopeRow& envelope : context_.recordings.envelopes(recording))
        if (envelope.name.starts_with("part/")) parts.push_back(std::move(envelope));
      context_.vault.start_job(recording, seq, std::move(parts),
                               [this, id, recording](Result<VaultJob, VaultFault> job) {
                                 if (job) return take_status(id, recording, *job);
                                 if (job.error().code == "vault.down") return again(id);
                                 failed(id, recording, job.error().code);
                               });
    });
  });
}

void RecordingJobs::take_status(std::int64_t outbox, const RecordingId& recording, const VaultJob& job) {
  if (job.state == VaultJob::State::kDone) return finish(outbox, recording, job);
  if (job.state == VaultJob::State::kFailed) return failed(outbox, recording, job.failure);
  context_.scheduler.after(kPollJob, [this, outbox, recording] { poll(outbox, recording); });
}

void RecordingJobs::poll(std::int64_t outbox, const RecordingId& recording) {
  context_.vault.job_status(recording, [this, outbox, recording](Result<VaultJob, VaultFault> job) {
    if (job) return take_status(outbox, recording, *job);
    again(outbox);
  });
}

void RecordingJobs::finish(std::int64_t outbox, const RecordingId& recording, const VaultJob& job) {
  context_.vault.manifest(recording,
                          [this, outbox, recording, job](Result<std::string, VaultFault> manifest) {
                            if (!manifest) return again(outbox);
                            step(outbox, [&] { verified(outbox, recording, job, *manifest); });
                          });
}

void RecordingJobs::verified(std::int64_t outbox, const RecordingId& recording, const VaultJob& job,
                             const std::string& manifest) {
  std::optional<RecordingRow> row = context_.recordings.load(recording);
  std::optional<Meeting> meeting = row ? context_.meetings.load(row->meeting) : std::nullopt;
  std::optional<MeetingType> type =
      meeting ? context_.types.find(meeting->type, meeting->type_version) : std::nullopt;
  if (!type) return again(outbox);
  row->phase = RecordingPhase::kVerified;
  row->manifest = manifest;
  row->manifest_sha256 = job.manifest_sha256;
  row->summary = summary_of(context_, *meeting, manifest, job.summary);
  AuditRecord record = entry_of("recording.verified", Actor::system(), *row);
  record.type_version = meeting->type_version;
  record.data.set("manifest_sha256", job.manifest_sha256);
  const Json* intervals = job.summary.find("intervals");
  record.data.set("intervals",
                  intervals != nullptr && intervals->is_array() ? *intervals : Json(JsonArray{}));
  record.data.set("gaps", gap_ranges(job.summary));
  record.data.set("coverage_permille", job.summary.integer_or("coverage_permille"));
  auto store = [&](const Meeting& next) {
    context_.recordings.save(*row);
    for (const EnvelopeRow& envelope : job.envelopes) context_.recordings.put(envelope);
    for (const VaultJob::File& file : job.files)
      context_.recordings.put(ArtefactRow{recording.text() + "/" + file.name, "recording_av", next.id,
                                          "local", file.stored_bytes, file.stored_sha256, row->keep_until,
                                          "kept"});
    context_.audit.append(record);
    context_.outbox.done(outbox);
  };
  (void)act(context_, *meeting, *type, command::RecordingFact{RecordingPhase::kVerified, ""}, Actor::system(),
            store);
  running_.erase(outbox);
  context_.vault.acknowledge_job(recording);
  if (on_changed) on_changed(meeting->id);
}

void RecordingJobs::failed(std::int64_t outbox, const RecordingId& recording, const std::string& reason) {
  step(outbox, [&] { note_failed(outbox, recording, reason); });
}

void RecordingJobs::note_failed(std::int64_t outbox, const RecordingId& recording,
                                const std::string& reason) {
  std::optional<RecordingRow> row = context_.recordings.load(recording);
  std::optional<Meeting> meeting = row ? context_.meetings.load(row->meeting) : std::nullopt;
  std::optional<MeetingType> type =
      meeting ? context_.types.find(meeting->type, meeting->type_version) : std::nullopt;
  if (!type) return;
  row->phase = RecordingPhase::kFailed;
  row->reason = reason;
  (void)act(context_, *meeting, *type, command::RecordingFact{RecordingPhase::kFailed, reason},
            Actor::system(), [&](const Meeting&) {
              context_.recordings.save(*row);
              context_.outbox.done(outbox);
            });
  running_.erase(outbox);
  if (on_changed) on_changed(meeting->id);
}

RecordingView Recordings::view_of(RecordingRow row) {
  RecordingView view{.row = std::move(row), .type = MeetingType{}};
  view.playbacks = context_.recordings.playbacks(view.row.id);
  std::optional<Meeting> meeting = context_.meetings.load(view.row.meeting);
  if (meeting) {
    if (auto type = context_.types.find(meeting->type, meeting->type_version)) view.type = *type;
    for (const Participant& person : meeting->participants) {
      std::string name;
      if (person.user) {
        if (auto user = context_.people.user(*person.user)) name = user->name.reveal();
      } else if (person.customer) {
        if (auto customer = context_.people.customer(*person.customer)) name = customer->name.reveal();
      }
      view.people[person.id.text()] = {name, std::string(to_text(person.role))};
    }
  }
  for (const PlaybackRow& playback : view.playbacks)
    if (auto user = context_.people.user(playback.user))
      view.users[playback.user.text()] = user->name.reveal();
  return view;
}

Result<std::vector<RecordingView>, Refusal> Recordings::of_meeting(const Actor& actor, const MeetingId& id) {
  std::optional<Meeting> meeting = context_.meetings.load(id);
  if (!meeting) return fail(Refusal{"not_found", "There is nothing here.", {}});
  if (auto refusal = allowed(actor, Action::kRecordingList, {meeting->agent, std::nullopt})) {
    note_denied(context_, actor, Action::kRecordingList, *refusal, id);
    return fail(as_seen_by(actor, *meeting, *refusal));
  }
  std::vector<RecordingView> out;
  for (RecordingRow& row : context_.recordings.of_meeting(id)) out.push_back(view_of(std::move(row)));
  return out;
}

Recordings::Page Recordings::list(const Actor& actor, const std::string& cursor, std::size_t limit) {
  Page page;
  if (actor.role == UserRole::kAdministrator) return page;
  RecordingStore::Filter filter;
  if (allowed(actor, Action::kRecordingList, {})) filter.agent = actor.user;  // own only
  limit = std::min<std::size_t>(std::max<std::size_t>(limit, 1), 200);
  filter.limit = limit + 1;
  filter.after = RecordingId::from_text(cursor);
  std::vector<RecordingRow> rows = context_.recordings.list(filter);
  if (rows.size() > limit) {
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(limit), rows.end());
    page.next = rows.back().id.text();
  }
  for (RecordingRow& row : rows) page.items.push_back(view_of(std::move(row)));
  return page;
}

void Recordings::play(const Actor& actor, const RecordingId& recording, const std::string& purpose,
                      bool download, const std::string& typed_reason,
                      std::function<void(Result<Playback, Refusal>)> done) {
  Action action = download ? Action::kRecordingDownload : Action::kRecordingPlay;
  std::optional<RecordingRow> row = context_.recordings.load(recording);
  std::optional<Meeting> meeting = row ? context_.meetings.load(row->meeting) : std::nullopt;
  if (!meeting) return done(fail(Refusal{"not_found", "There is nothing here.", {}}));
  if (auto refusal = allowed(actor, action, {meeting->agent, std::nullopt})) {
    note_denied(context_, actor, action, *refusal, meeting->id);
    return done(fail(as_seen_by(actor, *meeting, *refusal)));
  }
  if (!download && std::find(std::begin(kPurposes), std::end(kPurposes), purpose) == std::end(kPurposes))
    return done(fail(Refusal{"purpose.unknown", "Say why: one of the purposes.", {}}));
  if (row->phase != RecordingPhase::kVerified)
    return done(
        fail(Refusal{"recording.not_ready", "The recording has not been opened and checked yet.", {}}));
  std::optional<EnvelopeRow> rendition;
  for (EnvelopeRow& envelope : context_.recordings.envelopes(recording))
    if (envelope.name == "rendition/av") rendition = std::move(envelope);
  if (!rendition) return done(fail(Refusal{"recording.shredded", "The recording's key is gone.", {}}));

  UtcTime now = context_.clock.now().utc;
  PlaybackRow playback{.id = PlaybackId::make(now, context_.random),
                       .recording = recording,
                       .user = *actor.user,
                       .session = actor.session,
                       .purpose = download ? "download" : purpose,
                       .download = download,
                       .created = now};
  AuditRecord record =
      entry_of(download ? "recording.download_requested" : "recording.play_requested", actor, *row);
  record.data.set("rendition", "av");
  record.data.set("purpose", playback.purpose);
  record.data.set("session", actor.session);
  if (!typed_reason.empty()) record.personal.push_back({"reason", Redacted<std::string>(typed_reason), ""});
  Work work(context_.unit);
  std::uint64_t seq = playback.request = context_.audit.append(record);
  context_.recordings.save(playback);
  work.commit();

  context_.audit.checkpoint([=, this, rendition = *rendition](bool signed_head) {
    // Asked for and not opened: the log says that as well.
    auto unavailable = [this, done, playback](std::string text) {
      Open nothing{playback, "", {}, {}, context_.clock.now().steady, "not_opened"};
      finish(nothing);
      done(fail(Refusal{"vault.unavailable", std::move(text), {}}));
    };
    if (!signed_head)
      return unavailable("The vault does not answer, so nothing can be opened. Try again later.");
    context_.vault.grant(
        recording, rendition, actor.session, seq, [=, this](Result<Vault::OpenedStream, VaultFault> opened) {
          if (!opened) return unavailable("The vault did not open it: " + opened.error().text);
          std::optional<RecordingRow> current = context_.recordings.load(recording);
          RecordingView view = view_of(*current);
          Playback out{.id = playback.id};
          out.duration_ms = current->summary.integer_or("duration_ms");
          if (const Json* tracks = current->summary.find("tracks");
              tracks != nullptr && tracks->as_array() != nullptr)
            for (const Json& item : *tracks->as_array()) {
              Track track;
              track.number = static_cast<int>(out.tracks.size());
              track.file = item.string_or("file");
              track.participant = item.string_or("participant");
              track.screen = item.bool_or("screen");
              track.offset_ms = item.integer_or("offset_ms");
              track.duration_ms = item.integer_or("duration_ms");
              if (const Json* filled = item.find("filled")) track.filled = *filled;
              if (const Json* pictures = item.find("pictures")) track.pictures = *pictures;
              auto person = view.people.find(track.participant);
              if (person != view.people.end())
                track.name = person->second.first, track.role = person->second.second;
              for (const VaultJob::File& file : opened->files)
                if (file.name == track.file) track.size = file.bytes;
              out.tracks.push_back(std::move(track));
            }
          open_.insert_or_assign(
              playback.id.text(),
              Open{playback, opened->handle, out.tracks, {}, context_.clock.now().steady, ""});
          done(std::move(out));
        });
  });
}

std::optional<Recordings::OpenTrack> Recordings::track(const Actor& actor, const PlaybackId& id, int number) {
  auto found = open_.find(id.text());
  if (found == open_.end() || found->second.row.session != actor.session ||
      found->second.row.user != *actor.user)
    return std::nullopt;
  Open& open = found->second;
  if (number < 0 || static_cast<std::size_t>(number) >= open.tracks.size()) return std::nullopt;
  open.last_use = context_.clock.now().steady;
  const Track& track = open.tracks[static_cast<std::size_t>(number)];
  return OpenTrack{open.handle, track.file, track.size};
}

void Recordings::sent(const PlaybackId& id, int number, std::uint64_t from, std::uint64_t count) {
  auto found = open_.find(id.text());
  if (found == open_.end()) return;
  found->second.last_use = context_.clock.now().steady;
  merge_range(found->second.sent[number], from, from + count);
}

bool Recordings::close(const Actor& actor, const PlaybackId& id) {
  auto found = open_.find(id.text());
  if (found == open_.end() || found->second.row.user != *actor.user) return false;
  finish(found->second);
  open_.erase(found);
  return true;
}

// What was really sent goes into the log: of a playback one entry for each track, named as the signed
// manifest names its file, with the bytes and, in milliseconds of the recording, the share of the track that
// they are.
void Recordings::finish(Open& open) {
  if (!open.handle.empty()) context_.vault.release(open.handle);
  std::optional<RecordingRow> row = context_.recordings.load(open.row.recording);
  if (!row) return;
  JsonArray stored;
  for (auto& [number, ranges] : open.sent)
    for (auto& [from, to] : ranges)
      stored.push_back(JsonObject{{"track", number},
                                  {"from", static_cast<std::int64_t>(from)},
                                  {"to", static_cast<std::int64_t>(to)}});
  open.row.closed = true;
  open.row.ranges = Json(std::move(stored));
  Work work(context_.unit);
  context_.recordings.save(open.row);
  // A playback of a version that did not note its request has nothing that an entry could name.
  if (open.row.request != 0)
    for (const AuditRecord& record : entries_of(open, *row)) context_.audit.append(record);
  work.commit();
}

std::vector<AuditRecord> Recordings::entries_of(const Open& open, const RecordingRow& recording) const {
  Actor actor;
  actor.kind = ActorKind::kUser;
  actor.user = open.row.user;
  actor.role = UserRole::kCompliance;
  actor.session = open.row.session;
  AuditRecord record =
      entry_of(open.row.download ? "recording.downloaded" : "recording.played", actor, recording);
  record.data.set("rendition", "av");
  record.reason = open.reason;
  record.data.set("request", static_cast<std::int64_t>(open.row.request));
  std::vector<AuditRecord> out;
  std::uint64_t all_bytes = 0;
  for (const auto& [number, ranges] : open.sent) {
    const Track& track = open.tracks[static_cast<std::size_t>(number)];
    std::uint64_t bytes = 0;
    JsonArray played;
    for (auto [from, to] : ranges) {
      bytes += to - from;
      if (track.size == 0) continue;
      auto at = [&](std::uint64_t byte) {
        return track.offset_ms +
               static_cast<std::int64_t>(static_cast<std::uint64_t>(track.duration_ms) * byte / track.size);
      };
      if (played.size() < 900) played.push_back(JsonArray{Json(at(from)), Json(at(to))});
    }
    all_bytes += bytes;
    AuditRecord of_track = record;
    of_track.data.set("track", track.file);
    of_track.data.set("session", open.row.session);
    of_track.data.set("bytes", static_cast<std::int64_t>(bytes));
    of_track.data.set("ranges_ms", Json(std::move(played)));
    if (!open.row.download) out.push_back(std::move(of_track));
  }
  if (open.row.download) {
    record.data.set("bytes", static_cast<std::int64_t>(all_bytes));
    record.data.set("sha256", recording.manifest_sha256);
    out.push_back(std::move(record));
  } else if (out.empty()) {
    record.data.set("session", open.row.session);
    record.data.set("bytes", 0);
    record.data.set("ranges_ms", JsonArray{});
    out.push_back(std::move(record));
  }
  return out;
}

void Recordings::close_all() {
  for (auto& [id, open] : open_) finish(open);
  open_.clear();
}

// After a crash: that somebody played is in the log already; how much was sent is not known any more, and the
// entry says so by its empty ranges and its reason.
void Recordings::close_left_open() {
  for (PlaybackRow& row : context_.recordings.open_playbacks()) {
    Open open{std::move(row), "", {}, {}, context_.clock.now().steady, "interrupted"};
    finish(open);
  }
}

void Recordings::close_stale() {
  SteadyTime now = context_.clock.now().steady;
  close_where([&](const Open& open) { return now - open.last_use >= kPlaybackIdle; });
}

void Recordings::close_session(const std::string& session) {
  close_where([&](const Open& open) { return open.row.session == session; });
}

void Recordings::close_ended_sessions() {
  close_where([&](const Open& open) {
    std::optional<SessionRow> session = context_.sessions.session_by_id(open.row.session);
    std::optional<User> user = session ? user_of(context_, *session) : std::nullopt;
    if (!user) return true;
    Actor actor;
    actor.kind = ActorKind::kUser;
    actor.user = user->id;
    actor.role = user->role;
    Action action = open.row.download ? Action::kRecordingDownload : Action::kRecordingPlay;
    return allowed(actor, action, {}).has_value();
  });
}

void Recordings::close_where(const std::function<bool(const Open&)>& due) {
  for (auto it = open_.begin(); it != open_.end();) {
    if (!due(it->second)) {
      ++it;
      continue;
    }
    finish(it->second);
    it = open_.erase(it);
  }
}

}  // namespace parlour::app

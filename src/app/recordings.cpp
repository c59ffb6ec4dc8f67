#include "app/recordings.h"

#include <algorithm>

#include "app/accounts.h"
#include "app/stops.h"
#include "app/token.h"

namespace parlour::app {
namespace {

using namespace meeting;

constexpr Duration kPollJob = 500ms;
constexpr Duration kRetryJob = 5s;
constexpr Duration kPlaybackIdle = 10min;
constexpr std::size_t kSpansATrack = 1000;
constexpr JsonLimits kManifestJson{.bytes = 16 * 1024 * 1024, .depth = 32, .values = 1'000'000};

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

using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;

// So many of each an entry may hold (audit::kEntryBytesMax).
constexpr std::size_t kGapsAnEntry = 240, kIntervalsAnEntry = 200;

Json ranges_json(const Ranges& ranges) {
  JsonArray out;
  for (const auto& [from, to] : ranges) out.push_back(JsonArray{Json(from), Json(to)});
  return Json(std::move(out));
}

// [[from, to], …] in UTC milliseconds: what is missing from the recording, whoever's it is. A tail that no
// final Progress attests is not missing; the manifest says so where it belongs. Where there are more than an
// entry holds, the closest become one: rather too much is named than too little.
Json gap_ranges(const Json& job) {
  Ranges gaps;
  if (const Json* list = job.find("gaps"); list != nullptr && list->as_array() != nullptr)
    for (const Json& gap : *list->as_array())
      if (gap.string_or("cause") != "tail_not_attested")
        gaps.emplace_back(gap.integer_or("from"), std::max(gap.integer_or("from"), gap.integer_or("to")));
  std::sort(gaps.begin(), gaps.end());
  std::vector<std::int64_t> between;
  for (std::int64_t apart = 0;;) {
    Ranges merged;
    between.clear();
    for (const auto& gap : gaps) {
      if (!merged.empty() && gap.first - merged.back().second <= apart) {
        merged.back().second = std::max(merged.back().second, gap.second);
        continue;
      }
      if (!merged.empty()) between.push_back(gap.first - merged.back().second);
      merged.push_back(gap);
    }
    if (merged.size() <= kGapsAnEntry) return ranges_json(merged);
    // So far apart that enough of them go.
    auto enough = between.begin() + static_cast<std::ptrdiff_t>(merged.size() - kGapsAnEntry - 1);
    std::nth_element(between.begin(), enough, between.end());
    apart = *enough;
  }
}

// When the recorder was there. Where there are more than an entry holds, it names the longest ones: what is
// covered is rather claimed too short.
Json interval_ranges(const Json& job) {
  Ranges intervals;
  if (const Json* list = job.find("intervals"); list != nullptr && list->as_array() != nullptr)
    for (const Json& interval : *list->as_array())
      if (const JsonArray* pair = interval.as_array(); pair != nullptr && pair->size() == 2 &&
                                                       (*pair)[0].as_integer() != nullptr &&
                                                       (*pair)[1].as_integer() != nullptr)
        intervals.emplace_back(*(*pair)[0].as_integer(), *(*pair)[1].as_integer());
  if (intervals.size() > kIntervalsAnEntry) {
    std::sort(intervals.begin(), intervals.end(),
              [](const auto& a, const auto& b) { return a.second - a.first > b.second - b.first; });
    intervals.resize(kIntervalsAnEntry);
  }
  std::sort(intervals.begin(), intervals.end());
  return ranges_json(intervals);
}

// Spans as the manifest has them: a track's `intervals`, what is `shown` of a file's pictures.
JsonArray spans_of(const Json* owner, std::string_view name) {
  JsonArray out;
  const Json* list = owner != nullptr ? owner->find(name) : nullptr;
  if (list != nullptr && list->as_array() != nullptr)
    for (const Json& span : *list->as_array())
      if (out.size() < kSpansATrack) out.push_back(span);
  return out;
}

// When picture and sound did not flow while it ran, in milliseconds of the recording; `all` of them together.
JsonArray stops_of(Context& context, const Meeting& meeting, std::int64_t started_ms,
                   std::int64_t duration_ms, std::int64_t& all) {
  Stops stops;
  for (const AuditEntry& entry :
       context.audit.entries({.meeting = meeting.id, .limit = 50'000, .ascending = true}))
    stops.observe(entry.entry);
  JsonArray out;
  for (const Stop& stop : stops.between(started_ms, started_ms + duration_ms)) {
    all += stop.to_ms - stop.from_ms;
    if (out.size() < 500)
      out.push_back(JsonObject{
          {"from_ms", stop.from_ms - started_ms}, {"to_ms", stop.to_ms - started_ms}, {"cause", stop.cause}});
  }
  return out;
}

// What pages and lists show of a recording, from the signed manifest and the log: {duration_ms,
// coverage_permille, tracks, gaps, stops}. The vault knows people by their endpoints; this server knows whose
// they were. The vault's coverage is of what was sent; the page's is of the call, so that times in which
// nothing could be sent count as not covered.
Json summary_of(Context& context, const Meeting& meeting, const std::string& signed_manifest,
                const Json& job) {
  Json out = JsonObject{{"duration_ms", job.integer_or("duration_ms")},
                        {"coverage_permille", job.integer_or("coverage_permille")}};
  auto parsed = parse_json(signed_manifest, kManifestJson);
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
  const JsonArray accounts = items(manifest->find("tracks"));
  auto account = [&](const std::string& participant, std::string_view kind) -> const Json* {
    for (const Json& track : accounts)
      if (track.string_or("participant") == participant && track.string_or("kind") == kind) return &track;
    return nullptr;
  };
  JsonArray tracks;
  // A person who came from two computers has two files: whose gap it is, is the file's.
  std::map<std::pair<std::string, bool>, std::int64_t> track_of;
  for (const Json& rendition : items(manifest->find("renditions"))) {
    const std::string person = rendition.string_or("participant");
    const bool screen = rendition.string_or("content") == "screen";
    track_of[{person, screen}] = static_cast<std::int64_t>(tracks.size());
    // The file's own account where the manifest has one, else that of what its person sent.
    const Json* of_file = rendition.find("pictures");
    const Json* of_sound = rendition.find("sound");
    const JsonArray pictures = of_file != nullptr && of_file->is_object()
                                   ? spans_of(of_file, "shown")
                                   : spans_of(account(person, screen ? "screen" : "video"), "intervals");
    tracks.push_back(JsonObject{
        {"file", rendition.string_or("name")},
        {"participant", participant_of[person]},
        {"screen", screen},
        {"offset_ms", rendition.integer_or("offset_ms")},
        {"duration_ms", rendition.integer_or("duration_ms")},
        {"sha256", rendition.string_or("sha256")},
        {"filled",
         of_sound != nullptr && of_sound->is_object() ? Json(spans_of(of_sound, "filled")) : Json()},
        {"pictures", pictures},
        {"sound", spans_of(screen ? nullptr : account(person, "audio"), "intervals")}});
  }
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
      auto file = track_of.find({track.string_or("participant"), kind == "screen"});
      gaps.push_back(JsonObject{{"participant", participant_of[track.string_or("participant")]},
                                {"track", file != track_of.end() ? file->second : 0},
                                {"kind", kind == "audio"    ? "a"
                                         : kind == "screen" ? "s"
                                                            : "v"},
                                {"from_ms", gap.integer_or("from_ms")},
                                {"to_ms", gap.integer_or("to_ms")},
                                {"cause", cause}});
    }
  out.set("tracks", std::move(tracks));
  out.set("gaps", std::move(gaps));
  const std::int64_t duration_ms = job.integer_or("duration_ms");
  std::int64_t stopped_ms = 0;
  out.set("stops", stops_of(context, meeting, manifest->integer_or("started_ms"), duration_ms, stopped_ms));
  if (duration_ms > 0)
    out.set("coverage_permille",
            job.integer_or("coverage_permille") * (duration_ms - stopped_ms) / duration_ms);
  return out;
}

// How the bytes of each track become time: as the signed manifest says.
std::vector<ByteClock> clocks_of(const RecordingRow& row, const std::vector<Recordings::Track>& tracks) {
  auto parsed = parse_json(row.manifest, kManifestJson);
  const Json* manifest = parsed ? parsed->find("manifest") : nullptr;
  const Json* renditions = manifest != nullptr ? manifest->find("renditions") : nullptr;
  std::vector<ByteClock> out;
  for (const Recordings::Track& track : tracks) {
    const Json* seconds = nullptr;
    if (renditions != nullptr && renditions->as_array() != nullptr)
      for (const Json& rendition : *renditions->as_array())
        if (rendition.string_or("name") == track.file) seconds = rendition.find("seconds");
    out.emplace_back(seconds, track.duration_ms);
  }
  return out;
}

}  // namespace

void RecordingJobs::run_pending() {
  if (!context_.vault.up()) return;
  each_alone(context_.outbox.pending(), [this](const OutboxRow& row) {
    if (row.kind != "vault.job" || running_[row.id]) return;
    auto recording = RecordingId::from_text(row.subject);
    if (!recording) return;
    running_[row.id] = true;
    try {
      start(row, *recording);
    } catch (const StoreFailure&) {
      running_.erase(row.id);
      throw;
    }
  });
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
  record.data.set("intervals", interval_ranges(job.summary));
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
      Open nothing{.row = playback, .handle = "", .reason = "not_opened"};
      log(nothing, true);
      done(fail(Refusal{"vault.unavailable", std::move(text), {}}));
    };
    if (!signed_head)
      return unavailable("The vault does not answer, so nothing can be opened. Try again later.");
    context_.vault.grant(recording, rendition, actor.session, seq,
                         [=, this](Result<Vault::OpenedStream, VaultFault> opened) {
                           if (!opened)
                             return unavailable("The vault did not open it: " + opened.error().text);
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
                               track.sha256 = item.string_or("sha256");
                               auto person = view.people.find(track.participant);
                               if (person != view.people.end())
                                 track.name = person->second.first, track.role = person->second.second;
                               for (const VaultJob::File& file : opened->files)
                                 if (file.name == track.file) track.size = file.bytes;
                               out.tracks.push_back(std::move(track));
                             }
                           Open open{.row = playback,
                                     .handle = opened->handle,
                                     .tracks = out.tracks,
                                     .clocks = clocks_of(*current, out.tracks),
                                     .last_use = context_.clock.now().steady};
                           if (playback.download) open.archive = make_archive(actor, *current, open);
                           open_.insert_or_assign(playback.id.text(), std::move(open));
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
  if (open.closing || open.refused) return std::nullopt;
  if (number < 0 || static_cast<std::size_t>(number) >= open.tracks.size()) return std::nullopt;
  open.last_use = context_.clock.now().steady;
  const Track& track = open.tracks[static_cast<std::size_t>(number)];
  return OpenTrack{open.handle, track.file, track.size};
}

std::shared_ptr<Recordings::Archive> Recordings::archive(const Actor& actor, const PlaybackId& id) {
  auto found = open_.find(id.text());
  if (found == open_.end() || found->second.row.session != actor.session ||
      found->second.row.user != *actor.user || found->second.closing)
    return nullptr;
  found->second.last_use = context_.clock.now().steady;
  return found->second.archive;
}

void Recordings::archive_sent(const PlaybackId& id) {
  auto found = open_.find(id.text());
  if (found != open_.end()) found->second.last_use = context_.clock.now().steady;
}

// The signed manifest, the proof and the renditions' names, sizes and checksums.
std::shared_ptr<Recordings::Archive> Recordings::make_archive(const Actor& actor, const RecordingRow& row,
                                                              const Open& open) {
  auto parsed = parse_json(row.manifest, kManifestJson);
  const Json* manifest = parsed ? parsed->find("manifest") : nullptr;
  const Json* renditions = manifest != nullptr ? manifest->find("renditions") : nullptr;
  std::optional<Meeting> meeting = context_.meetings.load(row.meeting);
  if (renditions == nullptr || renditions->as_array() == nullptr || !meeting) return nullptr;
  auto archive = std::make_shared<Archive>(Archive{.recording = view_of(row)});
  for (const Track& track : open.tracks) {
    const Json* crc32 = nullptr;
    for (const Json& rendition : *renditions->as_array())
      if (rendition.string_or("name") == track.file) crc32 = rendition.find("crc32");
    if (crc32 == nullptr || crc32->as_integer() == nullptr) return nullptr;
    archive->files.push_back({track.file, track.size, static_cast<std::uint32_t>(*crc32->as_integer())});
  }
  archive->name = "recording-" + to_rfc3339(row.started_at.value_or(row.requested_at)).substr(0, 10) + "-" +
                  row.meeting.text();
  archive->handle = open.handle;
  archive->manifest = row.manifest;
  archive->ledger = std::make_shared<ArchiveLedger>(context_.digest.begin());
  if (allowed(actor, Action::kAuditExport, {meeting->agent, std::nullopt})) return archive;
  std::optional<Bytes> proof = context_.audit.bundle(row.meeting);
  if (!proof) return archive;
  archive->proof = std::move(*proof);
  AuditRecord record;
  record.type = "audit.exported";
  record.actor = actor;
  record.meeting = row.meeting;
  record.data.set("size", static_cast<std::int64_t>(context_.audit.head().size));
  record.data.set("sha256", to_hex(context_.digest.sha256(as_text(archive->proof))));
  record.data.set("purpose", "download");
  note(context_, std::move(record));
  return archive;
}

void Recordings::sending(const PlaybackId& id, bool begins) {
  auto found = open_.find(id.text());
  if (found == open_.end()) return;
  Open& open = found->second;
  open.responses += begins ? 1 : -1;
  if (open.closing && finish(open)) open_.erase(found);
}

void Recordings::sent(const PlaybackId& id, int number, std::uint64_t from, std::uint64_t count) {
  auto found = open_.find(id.text());
  if (found == open_.end() || number < 0 || static_cast<std::size_t>(number) >= found->second.tracks.size())
    return;
  Open& open = found->second;
  const SteadyTime now = context_.clock.now().steady;
  open.last_use = now;
  open.changed = true;
  if (!open.since) open.since = now;
  Sent& sent = open.unlogged[number];
  sent.bytes += count;
  Seconds touched;
  open.clocks[static_cast<std::size_t>(number)].add(from, from + count, touched);
  const std::int64_t offset_ms = open.tracks[static_cast<std::size_t>(number)].offset_ms;
  for (const auto& [begin, end] : touched.ranges()) {
    sent.seconds.add(begin, end);
    const auto offset = static_cast<std::uint32_t>(std::max<std::int64_t>(0, offset_ms) / 1000);
    open.all.add(offset + begin, offset + end);
  }
  if (sent.seconds.ranges().size() >= kRangesAnEntry && !open.refused && !open.row.download) log(open, false);
}

bool Recordings::close(const Actor& actor, const PlaybackId& id) {
  auto found = open_.find(id.text());
  if (found == open_.end() || found->second.closing || found->second.row.user != *actor.user) return false;
  release(found->second);
  if (finish(found->second)) open_.erase(found);
  return true;
}

// From here on the vault gives no more bytes.
void Recordings::release(Open& open) {
  open.closing = true;
  if (open.archive) open.archive->handle.clear();
  if (!open.handle.empty()) context_.vault.release(std::exchange(open.handle, ""));
}

// False: it has to wait for responses that are still on their way; the last of them brings it here again.
bool Recordings::finish(Open& open) {
  if (open.responses > 0) return false;
  log(open, true);
  return true;
}

// What was really sent goes into the log: entries for each track, named as the signed manifest names its
// file, with the bytes and, in milliseconds of the recording, the whole seconds of the track that they are.
void Recordings::log(Open& open, bool last) {
  std::optional<RecordingRow> row = context_.recordings.load(open.row.recording);
  if (!row) return;
  // A playback of a version that did not note its request has nothing that an entry could name.
  std::vector<AuditRecord> records;
  if (open.row.request != 0) records = entries_of(open, *row, last);
  PlaybackRow stored = open.row;
  stored.closed = last;
  stored.ranges = JsonObject{{"seconds", static_cast<std::int64_t>(open.all.count())}};
  open.refused = true;  // until it is done
  Work work(context_.unit);
  context_.recordings.save(stored);
  for (const AuditRecord& record : records) context_.audit.append(record);
  work.commit();
  open.row = std::move(stored);
  open.refused = false;
  open.entries += records.size();
  open.unlogged.clear();
  open.left_behind.clear();
  open.since.reset();
  open.changed = false;
}

// Kept beside the log, so that a crash costs the log the last seconds at most.
void Recordings::save(Open& open) {
  std::optional<RecordingRow> row = context_.recordings.load(open.row.recording);
  if (!row) return;
  JsonArray unlogged;
  for (const AuditRecord& record : entries_of(open, *row, false)) unlogged.push_back(record.data);
  open.row.ranges =
      JsonObject{{"seconds", static_cast<std::int64_t>(open.all.count())}, {"unlogged", std::move(unlogged)}};
  Work work(context_.unit);
  context_.recordings.save(open.row);
  work.commit();
  open.changed = false;
}

void Recordings::keep() {
  const SteadyTime now = context_.clock.now().steady;
  each_alone(open_, [&](auto& item) {
    Open& open = item.second;
    if (open.closing || open.row.download) return;
    if (open.refused || (open.since && now - *open.since >= kLogEvery)) return log(open, false);
    if (open.changed) save(open);
  });
  close_where([](const Open& open) { return open.closing; });
}

AuditRecord Recordings::entry_base(const Open& open, const RecordingRow& recording) const {
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
  return record;
}

std::vector<AuditRecord> Recordings::entries_of(const Open& open, const RecordingRow& recording,
                                                bool last) const {
  const AuditRecord base = entry_base(open, recording);
  std::vector<AuditRecord> out = open.left_behind;
  if (open.row.download) return last ? download_entries(open, recording) : out;
  auto add = [&](const std::string& track, std::uint64_t bytes, JsonArray ranges) {
    AuditRecord record = base;
    if (!track.empty()) record.data.set("track", track);
    record.data.set("session", open.row.session);
    record.data.set("bytes", static_cast<std::int64_t>(bytes));
    record.data.set("ranges_ms", Json(std::move(ranges)));
    out.push_back(std::move(record));
  };
  for (const auto& [number, sent] : open.unlogged) {
    const Track& track = open.tracks[static_cast<std::size_t>(number)];
    auto at = [&](std::uint32_t second) { return Json(track.offset_ms + std::int64_t{second} * 1000); };
    std::uint64_t bytes = sent.bytes;
    JsonArray ranges;
    for (const auto& [from, to] : sent.seconds.ranges()) {
      if (ranges.size() == kRangesAnEntry)
        add(track.file, std::exchange(bytes, 0), std::exchange(ranges, {}));
      ranges.push_back(JsonArray{at(from), at(to)});
    }
    add(track.file, bytes, std::move(ranges));
  }
  // That a playback is over without anything sent is said too, and each crash in the middle of one.
  if (last && out.empty() && (open.entries == 0 || !open.reason.empty())) add("", 0, {});
  return out;
}

// One entry for each file that something was sent of: a rendition with the hash that the signed manifest has
// of it, the archive with the hash of what was sent of it, from its beginning to `bytes`.
std::vector<AuditRecord> Recordings::download_entries(const Open& open, const RecordingRow& recording) const {
  std::vector<AuditRecord> out;
  auto add = [&](const std::string& file, std::uint64_t bytes, std::uint64_t size,
                 const std::string& sha256) {
    AuditRecord record = entry_base(open, recording);
    if (!file.empty()) {
      record.data.set("file", file);
      record.data.set("size", static_cast<std::int64_t>(size));
    }
    // How much was sent before a crash, nobody knows.
    if (open.reason != "interrupted") record.data.set("bytes", static_cast<std::int64_t>(bytes));
    record.data.set("sha256", sha256);
    out.push_back(std::move(record));
  };
  for (const auto& [number, sent] : open.unlogged) {
    const Track& track = open.tracks[static_cast<std::size_t>(number)];
    add(track.file, sent.bytes, track.size, track.sha256.empty() ? recording.manifest_sha256 : track.sha256);
  }
  if (open.archive && open.archive->ledger->bytes() > 0) {
    const ArchiveLedger::Total total = open.archive->ledger->close();
    add("archive", total.bytes, open.archive->size, to_hex(total.sha256));
  }
  // Nothing was fetched, or how much is not known after a crash: the recording is named.
  if (out.empty()) add("", 0, 0, recording.manifest_sha256);
  return out;
}

void Recordings::close_all() {
  each_alone(open_, [&](auto& item) {
    release(item.second);
    log(item.second, true);
  });
  open_.clear();
}

// After a crash: that somebody played is in the log already; what was kept beside the log of what was sent is
// written now. The last seconds before the crash are not known, and the entry says so by its reason.
void Recordings::close_left_open() {
  for (PlaybackRow& row : context_.recordings.open_playbacks()) {
    const std::string id = row.id.text();
    Open open{.row = std::move(row), .handle = "", .reason = "interrupted", .closing = true};
    const Json* unlogged = open.row.ranges.find("unlogged");
    std::optional<RecordingRow> recording = context_.recordings.load(open.row.recording);
    if (recording && unlogged != nullptr && unlogged->as_array() != nullptr)
      for (const Json& data : *unlogged->as_array()) {
        AuditRecord record = entry_base(open, *recording);
        record.data = data;
        open.left_behind.push_back(std::move(record));
      }
    open_.insert_or_assign(id, std::move(open));
  }
  close_where([](const Open& open) { return open.closing; });
}

void Recordings::close_stale() {
  SteadyTime now = context_.clock.now().steady;
  close_where([&](const Open& open) { return open.responses == 0 && now - open.last_use >= kPlaybackIdle; });
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
  std::vector<std::string> done;
  auto take_away = [&] {
    for (const std::string& id : done) open_.erase(id);
  };
  try {
    each_alone(open_, [&](auto& item) {
      if (!due(item.second)) return;
      release(item.second);
      if (finish(item.second)) done.push_back(item.first);
    });
  } catch (const StoreFailure&) {
    take_away();
    throw;
  }
  take_away();
}

}  // namespace parlour::app

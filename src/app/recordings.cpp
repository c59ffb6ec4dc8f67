#include "app/recordings.h"

#include <algorithm>

#include "app/accounts.h"
#include "app/recording_summary.h"
#include "app/token.h"

namespace parlour::app {
namespace {

using namespace meeting;

constexpr Duration kPlaybackIdle = 10min;

constexpr std::string_view kPurposes[] = {"client_request", "complaint", "supervision", "quality",
                                          "follow_up"};

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

RecordingView Recordings::view_of(RecordingRow row) {
  RecordingView view{.row = std::move(row), .type = MeetingType{}};
  view.facts = facts_of(context_, view.row);
  view.row.manifest = {};
  // What was sent and is not in the log yet.
  for (Play& play : view.facts.plays)
    for (const auto& [id, open] : open_)
      if (open.row.request == play.request) {
        play.known = true;
        for (const auto& [from, to] : open.all.ranges()) play.sent.add(from, to);
      }
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
  for (const Play& play : view.facts.plays)
    if (auto id = UserId::from_text(play.user); id && !view.users.contains(play.user))
      if (auto user = context_.people.user(*id)) view.users[play.user] = user->name.reveal();
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
  const RecordingFacts facts = facts_of(context_, *row);
  if (!facts.opens())
    return done(fail(Refusal{"recording.differs",
                             "What is stored of this recording does not agree with the log, so nothing is "
                             "opened.",
                             {}}));
  if (row->phase != RecordingPhase::kVerified)
    return done(
        fail(Refusal{"recording.not_ready", "The recording has not been opened and checked yet.", {}}));
  const auto open_now = std::count_if(open_.begin(), open_.end(), [&](const auto& item) {
    return item.second.row.user == *actor.user && !item.second.closing;
  });
  if (static_cast<std::size_t>(open_now) >= kOpenAPerson)
    return done(fail(Refusal{
        "playback.many", "You have too many recordings open. Close some of them, then ask again.", {}}));
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
      about_recording(download ? "recording.download_requested" : "recording.play_requested", actor, *row);
  record.data.set("rendition", "av");
  record.data.set("purpose", playback.purpose);
  record.data.set("session", actor.session);
  if (!typed_reason.empty()) record.personal.push_back({"reason", Redacted<std::string>(typed_reason), ""});
  Work work(context_.unit);
  std::uint64_t seq = playback.request = context_.audit.append(record);
  context_.recordings.save(playback);
  work.commit();
  // From here on its end is told, whatever happens to it: it is over until the vault has opened it.
  const std::string key = playback.id.text();
  open_.insert_or_assign(key, Open{.row = playback,
                                   .actor = actor,
                                   .meeting = row->meeting,
                                   .manifest_sha256 = facts.manifest_sha256,
                                   .last_use = context_.clock.now().steady,
                                   .reason = "not_opened",
                                   .opening = true});

  // Asked for and not opened: the log says that as well, as soon as the database takes it.
  auto unavailable = [this, done, key](std::string text) {
    done(fail(Refusal{"vault.unavailable", std::move(text), {}}));
    give_up(key);
  };
  auto shared_row = std::make_shared<const RecordingRow>(std::move(*row));
  context_.audit.checkpoint([=, this, rendition = *rendition](bool signed_head) {
    if (!signed_head)
      return unavailable("The vault does not answer, so nothing can be opened. Try again later.");
    context_.vault.grant(
        recording, rendition, actor.session, seq, [=, this](Result<Vault::OpenedStream, VaultFault> opened) {
          if (!opened) return unavailable("The vault did not open it: " + opened.error().text);
          Result<Playback, Refusal> out =
              fail(Refusal{"storage", "The database refused. Nothing was opened; try again.", {}});
          try {
            out = start(*shared_row, key, *opened);
          } catch (const StoreFailure&) {
            done(out);
            give_up(key);
            throw;
          }
          done(std::move(out));
        });
  });
}

// Nothing will be sent of it: it ends with its entry, now or when the database takes one.
void Recordings::give_up(const std::string& key) {
  auto found = open_.find(key);
  if (found == open_.end()) return;
  found->second.opening = false;
  release(found->second);
  if (finish(found->second)) open_.erase(found);
}

// The vault has opened it.
Result<Recordings::Playback, Refusal> Recordings::start(const RecordingRow& row, const std::string& key,
                                                        const Vault::OpenedStream& opened) {
  auto found = open_.find(key);
  if (found == open_.end() || found->second.closing) {
    // Its session ended in between.
    context_.vault.release(opened.handle);
    if (found != open_.end()) give_up(key);
    return fail(Refusal{"vault.unavailable", "It was closed before the vault had opened it.", {}});
  }
  Open& open = found->second;
  open.handle = opened.handle;
  RecordingView view = view_of(row);
  Playback out{.id = open.row.id};
  out.duration_ms = row.summary.integer_or("duration_ms");
  if (const Json* tracks = row.summary.find("tracks"); tracks != nullptr && tracks->as_array() != nullptr)
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
      if (person != view.people.end()) track.name = person->second.first, track.role = person->second.second;
      for (const VaultJob::File& file : opened.files)
        if (file.name == track.file) track.size = file.bytes;
      out.tracks.push_back(std::move(track));
    }
  open.tracks = out.tracks;
  open.clocks = clocks_of(row, out.tracks);
  open.last_use = context_.clock.now().steady;
  if (open.row.download) open.archive = make_archive(row, open);
  open.reason = "";
  open.opening = false;
  return out;
}

std::optional<Recordings::OpenTrack> Recordings::track(const Actor& actor, const PlaybackId& id, int number) {
  auto found = open_.find(id.text());
  if (found == open_.end() || found->second.row.session != actor.session ||
      found->second.row.user != *actor.user)
    return std::nullopt;
  Open& open = found->second;
  if (open.opening || open.closing || open.refused) return std::nullopt;
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
std::shared_ptr<Recordings::Archive> Recordings::make_archive(const RecordingRow& row, const Open& open) {
  const Actor& actor = open.actor;
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
  // A playback of a version that did not note its request has nothing that an entry could name.
  std::vector<AuditRecord> records;
  if (open.row.request != 0) records = entries_of(open, last);
  PlaybackRow stored = open.row;
  stored.closed = last;
  stored.ranges = JsonObject{};
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
  JsonArray unlogged;
  for (const AuditRecord& record : entries_of(open, false)) unlogged.push_back(record.data);
  open.row.ranges = JsonObject{{"unlogged", std::move(unlogged)}};
  Work work(context_.unit);
  context_.recordings.save(open.row);
  work.commit();
  open.changed = false;
}

void Recordings::keep() {
  const SteadyTime now = context_.clock.now().steady;
  each_alone(open_, [&](auto& item) {
    Open& open = item.second;
    if (open.opening || open.closing || open.row.download) return;
    if (open.refused || (open.since && now - *open.since >= kLogEvery)) return log(open, false);
    if (open.changed) save(open);
  });
  close_where([](const Open& open) { return open.closing; });
}

AuditRecord Recordings::entry_base(const Open& open) const {
  const RecordingRow named{.id = open.row.recording, .meeting = open.meeting};
  AuditRecord record =
      about_recording(open.row.download ? "recording.downloaded" : "recording.played", open.actor, named);
  record.data.set("rendition", "av");
  record.reason = open.reason;
  record.data.set("request", static_cast<std::int64_t>(open.row.request));
  return record;
}

std::vector<AuditRecord> Recordings::entries_of(const Open& open, bool last) const {
  const AuditRecord base = entry_base(open);
  std::vector<AuditRecord> out = open.left_behind;
  if (open.row.download) return last ? download_entries(open) : out;
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
std::vector<AuditRecord> Recordings::download_entries(const Open& open) const {
  std::vector<AuditRecord> out;
  auto add = [&](const std::string& file, std::uint64_t bytes, std::uint64_t size,
                 const std::string& sha256) {
    AuditRecord record = entry_base(open);
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
    add(track.file, sent.bytes, track.size, track.sha256.empty() ? open.manifest_sha256 : track.sha256);
  }
  if (open.archive && open.archive->ledger->bytes() > 0) {
    const ArchiveLedger::Total total = open.archive->ledger->close();
    add("archive", total.bytes, open.archive->size, to_hex(total.sha256));
  }
  // Nothing was fetched, or how much is not known after a crash: the recording is named.
  if (out.empty()) add("", 0, 0, open.manifest_sha256);
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
    std::optional<RecordingRow> recording = context_.recordings.load(row.recording);
    if (!recording) continue;
    std::optional<User> user = context_.people.user(row.user);
    Actor actor;
    actor.kind = ActorKind::kUser;
    actor.user = row.user;
    if (user) actor.role = user->role;
    actor.session = row.session;
    Open open{.row = std::move(row),
              .actor = std::move(actor),
              .meeting = recording->meeting,
              .manifest_sha256 = recording->manifest_sha256,
              .reason = "interrupted",
              .closing = true};
    const Json* unlogged = open.row.ranges.find("unlogged");
    if (unlogged != nullptr && unlogged->as_array() != nullptr)
      for (const Json& data : *unlogged->as_array()) {
        AuditRecord record = entry_base(open);
        record.data = data;
        open.left_behind.push_back(std::move(record));
      }
    open_.insert_or_assign(id, std::move(open));
  }
  close_where([](const Open& open) { return open.closing; });
}

void Recordings::close_stale() {
  SteadyTime now = context_.clock.now().steady;
  close_where([&](const Open& open) {
    return !open.opening && open.responses == 0 && now - open.last_use >= kPlaybackIdle;
  });
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

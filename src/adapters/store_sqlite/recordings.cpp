#include "store_sqlite/store.h"

namespace parlour::store_sqlite {

using namespace app;
using sql::Row;

namespace {

constexpr std::string_view kRecordingColumns =
    "SELECT r.id, r.meeting, r.phase, r.reason, r.parts, r.requested_at, r.started_at, r.stopped_at, "
    "r.sealed_seq, r.manifest, "
    "r.manifest_sha256, r.summary, r.keep_until FROM recording r ";
constexpr JsonLimits kStoredJson{.bytes = 16 * 1024 * 1024, .depth = 32, .values = 1'000'000};

Json stored_json(Row& row, int column) {
  auto parsed = parse_json(row.text_view(column), kStoredJson);
  if (!parsed) {
    row.fail();
    return {};
  }
  return *parsed;
}

RecordingRow read_recording(Row& row) {
  RecordingRow out{.id = row.id<RecordingId>(0), .meeting = row.id<MeetingId>(1)};
  auto phase = meeting::recording_phase_from_text(row.text_view(2));
  if (!phase) row.fail();
  out.phase = phase.value_or(meeting::RecordingPhase::kFailed);
  out.reason = row.text(3);
  out.parts = static_cast<std::uint32_t>(row.integer(4));
  out.requested_at = row.time(5);
  out.started_at = row.optional_time(6);
  out.stopped_at = row.optional_time(7);
  if (auto seq = row.optional_integer(8)) out.sealed_seq = static_cast<std::uint64_t>(*seq);
  out.manifest = row.text(9);
  out.manifest_sha256 = row.text(10);
  out.summary = stored_json(row, 11);
  out.keep_until = row.optional_time(12);
  return out;
}

constexpr std::string_view kPlaybackColumns =
    "SELECT id, recording, user, session, purpose, download, created, closed, ranges, request FROM playback ";

}  // namespace

std::vector<RecordingRow> SqliteStore::recordings_by(std::string_view sql,
                                                     std::initializer_list<sql::Value> values) {
  return need(database_.query_all(sql, values, read_recording));
}

void SqliteStore::save(const RecordingRow& r) {
  std::optional<std::int64_t> seq;
  if (r.sealed_seq) seq = static_cast<std::int64_t>(*r.sealed_seq);
  run("INSERT INTO recording VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13) ON CONFLICT (id) DO UPDATE "
      "SET phase = $3, "
      "reason = $4, parts = $5, started_at = $7, stopped_at = $8, sealed_seq = $9, manifest = $10, "
      "manifest_sha256 = $11, "
      "summary = $12, keep_until = $13",
      {r.id, r.meeting, meeting::to_text(r.phase), r.reason, r.parts, r.requested_at, r.started_at,
       r.stopped_at, seq, r.manifest, r.manifest_sha256, write_json(r.summary), r.keep_until});
}
std::optional<RecordingRow> SqliteStore::load(const RecordingId& id) {
  auto found = recordings_by(std::string(kRecordingColumns) + "WHERE r.id = $1", {id});
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}
std::vector<RecordingRow> SqliteStore::of_meeting(const MeetingId& meeting) {
  return recordings_by(std::string(kRecordingColumns) + "WHERE r.meeting = $1 ORDER BY r.id", {meeting});
}
std::vector<RecordingRow> SqliteStore::list(const RecordingStore::Filter& filter) {
  return recordings_by(std::string(kRecordingColumns) +
                           "JOIN meeting m ON m.id = r.meeting WHERE ($1 IS NULL OR m.agent = $1) AND ($2 IS "
                           "NULL OR r.id < $2) "
                           "ORDER BY r.id DESC LIMIT $3",
                       {filter.agent, filter.after, static_cast<std::int64_t>(filter.limit)});
}
std::vector<RecordingRow> SqliteStore::in_phase(meeting::RecordingPhase phase) {
  return recordings_by(std::string(kRecordingColumns) + "WHERE r.phase = $1 ORDER BY r.id",
                       {meeting::to_text(phase)});
}
void SqliteStore::put(const EnvelopeRow& e) {
  run("INSERT INTO key_envelope VALUES ($1,$2,$3,$4,$5) ON CONFLICT (recording, name) DO UPDATE SET key_id = "
      "$3, enc = $4, ct = $5",
      {e.recording, e.name, e.key_id, e.enc, e.ct});
}
std::vector<EnvelopeRow> SqliteStore::envelopes(const RecordingId& recording) {
  return need(database_.query_all(
      "SELECT recording, name, key_id, enc, ct FROM key_envelope WHERE recording = $1 ORDER BY name",
      {recording}, [](Row& row) {
        return EnvelopeRow{row.id<RecordingId>(0), row.text(1), row.text(2), row.blob(3), row.blob(4)};
      }));
}
void SqliteStore::put(const ArtefactRow& a) {
  run("INSERT INTO artefact VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT (id) DO UPDATE SET size = $5, "
      "sha256 = $6, due = $7, state = $8",
      {a.id, a.kind, a.meeting, a.target, static_cast<std::int64_t>(a.size), a.sha256, a.due, a.state});
}
std::vector<PlaybackRow> SqliteStore::playbacks_by(std::string_view sql,
                                                   std::initializer_list<sql::Value> values) {
  return need(database_.query_all(sql, values, [](Row& row) {
    PlaybackRow out{
        .id = row.id<PlaybackId>(0), .recording = row.id<RecordingId>(1), .user = row.id<UserId>(2)};
    out.session = row.text(3);
    out.purpose = row.text(4);
    out.download = row.boolean(5);
    out.created = row.time(6);
    out.closed = row.boolean(7);
    out.ranges = stored_json(row, 8);
    out.request = static_cast<std::uint64_t>(row.integer(9));
    return out;
  }));
}
void SqliteStore::save(const PlaybackRow& p) {
  run("INSERT INTO playback VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) ON CONFLICT (id) DO UPDATE SET closed = "
      "$8, "
      "ranges = $9",
      {p.id, p.recording, p.user, p.session, p.purpose, p.download ? 1 : 0, p.created, p.closed ? 1 : 0,
       write_json(p.ranges), static_cast<std::int64_t>(p.request)});
}
std::vector<PlaybackRow> SqliteStore::open_playbacks() {
  return playbacks_by(std::string(kPlaybackColumns) + "WHERE closed = 0 ORDER BY created", {});
}

void SqliteStore::put(std::string_view kind, std::string_view subject) {
  run("INSERT INTO outbox (kind, subject, done) VALUES ($1,$2,0)", {kind, subject});
}
std::vector<OutboxRow> SqliteStore::pending() {
  return need(database_.query_all("SELECT id, kind, subject FROM outbox WHERE done = 0 ORDER BY id", {},
                                  [](Row& row) {
                                    return OutboxRow{row.integer(0), row.text(1), row.text(2)};
                                  }));
}
void SqliteStore::done(std::int64_t id) {
  run("UPDATE outbox SET done = 1 WHERE id = $1", {id});
}

}  // namespace parlour::store_sqlite

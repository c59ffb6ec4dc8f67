#include "store_sqlite/store.h"

namespace parlour::store_sqlite {

using namespace app;
using meeting::Participant;
using sql::Row;

namespace {

constexpr std::string_view kMeetingColumns =
    "SELECT m.id, m.type, m.type_version, m.agent, m.language, m.start, m.duration_min, m.phase, "
    "m.started_at, m.ended_at, "
    "m.end_reason, m.cancelled_by, m.cancel_reason, m.cancelled_at, m.recording, m.recording_phase, "
    "m.recording_reason "
    "FROM meeting m ";

Meeting read_meeting(Row& row) {
  Meeting out{.id = row.id<MeetingId>(0), .type = row.id<TypeId>(1), .agent = row.id<UserId>(3)};
  out.type_version = static_cast<int>(row.integer(2));
  out.language = row.text(4);
  out.start = row.time(5);
  out.duration_min = static_cast<int>(row.integer(6));
  auto phase = meeting::phase_from_text(row.text_view(7));
  if (!phase) row.fail();
  out.phase = phase.value_or(meeting::Phase::kScheduled);
  out.started_at = row.optional_time(8);
  out.ended_at = row.optional_time(9);
  out.end_reason = row.text(10);
  if (!row.is_null(11)) out.cancelled = meeting::Cancelled{row.text(11), row.text(12), row.time(13)};
  out.recording = row.optional_id<RecordingId>(14);
  auto recording = meeting::recording_phase_from_text(row.text_view(15));
  if (!recording) row.fail();
  out.recording_phase = recording.value_or(meeting::RecordingPhase::kOff);
  out.recording_reason = row.text(16);
  return out;
}

Participant read_participant(Row& row) {
  Participant out{.id = row.id<ParticipantId>(0)};
  out.role =
      row.text_view(1) == "staff" ? meeting::ParticipantRole::kStaff : meeting::ParticipantRole::kCustomer;
  out.user = row.optional_id<UserId>(2);
  out.customer = row.optional_id<CustomerId>(3);
  auto phase = meeting::participant_phase_from_text(row.text_view(4));
  if (!phase) row.fail();
  out.phase = phase.value_or(meeting::ParticipantPhase::kInvited);
  out.link_opened_at = row.optional_time(5);
  out.waiting_since = row.optional_time(6);
  if (!row.is_null(7))
    out.device = meeting::DeviceResult{row.text(7), row.text(8), row.text(9), row.text(10)};
  out.notice_settled = row.boolean(11);
  return out;
}

}  // namespace

std::vector<Meeting> SqliteStore::meetings_by(std::string_view sql,
                                              std::initializer_list<sql::Value> values) {
  std::vector<Meeting> found = need(database_.query_all(sql, values, read_meeting));
  for (Meeting& one : found)
    one.participants =
        need(database_.query_all("SELECT id, role, user, customer, phase, link_opened_at, waiting_since, "
                                 "camera, microphone, speaker, network, "
                                 "notice_settled FROM participant WHERE meeting = $1 ORDER BY ordinal",
                                 {one.id}, read_participant));
  return found;
}

std::optional<Meeting> SqliteStore::load(const MeetingId& id) {
  std::vector<Meeting> found = meetings_by(std::string(kMeetingColumns) + "WHERE m.id = $1", {id});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

void SqliteStore::save(const Meeting& m) {
  std::optional<std::string> by, reason;
  std::optional<UtcTime> at;
  if (m.cancelled) by = m.cancelled->by, reason = m.cancelled->reason, at = m.cancelled->at;
  run("INSERT INTO meeting (id, type, type_version, agent, language, start, duration_min, phase, started_at, "
      "ended_at, "
      "end_reason, cancelled_by, cancel_reason, cancelled_at, recording, recording_phase, recording_reason) "
      "VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17) "
      "ON CONFLICT (id) DO UPDATE SET language = $5, start = $6, duration_min = $7, phase = $8, started_at = "
      "$9, "
      "ended_at = $10, end_reason = $11, cancelled_by = $12, cancel_reason = $13, cancelled_at = $14, "
      "recording = $15, "
      "recording_phase = $16, recording_reason = $17",
      {m.id, m.type, m.type_version, m.agent, m.language, m.start, m.duration_min, meeting::to_text(m.phase),
       m.started_at, m.ended_at, m.end_reason, by, reason, at, m.recording,
       meeting::to_text(m.recording_phase), m.recording_reason});
  std::int64_t ordinal = 0;
  for (const Participant& p : m.participants) {
    std::optional<std::string> camera, microphone, speaker, network;
    if (p.device)
      camera = p.device->camera, microphone = p.device->microphone, speaker = p.device->speaker,
      network = p.device->network;
    run("INSERT INTO participant (id, meeting, ordinal, role, user, customer, phase, link_opened_at, "
        "waiting_since, camera, "
        "microphone, speaker, network, notice_settled) VALUES "
        "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14) "
        "ON CONFLICT (id) DO UPDATE SET phase = $7, link_opened_at = $8, waiting_since = $9, camera = $10, "
        "microphone = $11, speaker = $12, network = $13, notice_settled = $14",
        {p.id, m.id, ordinal++, meeting::to_text(p.role), p.user, p.customer, meeting::to_text(p.phase),
         p.link_opened_at, p.waiting_since, camera, microphone, speaker, network, p.notice_settled ? 1 : 0});
  }
}

std::vector<Meeting> SqliteStore::list(const MeetingFilter& filter) {
  std::int64_t after_start = filter.after ? filter.after->first.us : 0;
  MeetingId after_id = filter.after ? filter.after->second : MeetingId::from_bytes({});
  std::string like = "%";
  for (char c : filter.text) {
    if (c == '%' || c == '_' || c == '\\') like += '\\';
    like += c;
  }
  like += "%";
  return meetings_by(std::string(kMeetingColumns) +
                         "LEFT JOIN participant p ON p.meeting = m.id AND p.role = 'customer' LEFT JOIN "
                         "customer c ON c.id = p.customer "
                         "LEFT JOIN type_version t ON t.id = m.type AND t.version = m.type_version "
                         "WHERE ($1 IS NULL OR m.agent = $1) AND ($2 IS NULL OR m.start >= $2) AND ($3 IS "
                         "NULL OR m.start < $3) "
                         "AND ($4 = 0 OR m.start < $5 OR (m.start = $5 AND m.id < $6)) "
                         "AND ($7 = '%%' OR c.name LIKE $7 ESCAPE '\\' OR json_extract(t.document, "
                         "'$.title.en') LIKE $7 ESCAPE '\\' "
                         "OR json_extract(t.document, '$.title.nl') LIKE $7 ESCAPE '\\') "
                         "ORDER BY m.start DESC, m.id DESC LIMIT $8",
                     {filter.agent, filter.from, filter.to, filter.after ? 1 : 0, after_start, after_id, like,
                      static_cast<std::int64_t>(filter.limit)});
}

std::vector<Meeting> SqliteStore::unfinished() {
  return meetings_by(
      std::string(kMeetingColumns) + "WHERE m.phase IN ('scheduled','open','live','held') ORDER BY m.start",
      {});
}

void SqliteStore::put_link(const LinkRow& link) {
  run("INSERT INTO link (token_hash, meeting, participant, issued, revoked, id, version) "
      "VALUES ($1,$2,$3,$4,$5,$6,$7)",
      {link.token_hash, link.meeting, link.participant, link.issued, link.revoked ? 1 : 0, link.id,
       static_cast<std::int64_t>(link.version)});
}
void SqliteStore::revoke_links(const ParticipantId& participant) {
  run("UPDATE link SET revoked = 1 WHERE participant = $1", {participant});
}
std::optional<LinkRow> SqliteStore::link_by(std::string_view where,
                                            std::initializer_list<sql::Value> values) {
  return need(database_.query_one(
      "SELECT token_hash, meeting, participant, issued, revoked, id, version FROM link WHERE " +
          std::string(where),
      values, [](Row& row) {
        LinkRow link{row.bytes<32>(0), row.id<MeetingId>(1), row.id<ParticipantId>(2), row.time(3),
                     row.boolean(4)};
        if (!row.is_null(5)) link.id = row.id<meeting::LinkId>(5);
        link.version = static_cast<std::uint32_t>(row.integer(6));
        return link;
      }));
}
std::optional<LinkRow> SqliteStore::link(const Hash& token_hash) {
  return link_by("token_hash = $1", {token_hash});
}
std::optional<LinkRow> SqliteStore::newest_link(const ParticipantId& participant) {
  return link_by("participant = $1 AND id IS NOT NULL ORDER BY version DESC LIMIT 1", {participant});
}

}  // namespace parlour::store_sqlite

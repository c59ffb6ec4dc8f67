#include "schema.h"

namespace parlour::store_sqlite {

// Each personal column says so, with its fate: docs/features/data.md has the table.
//   customer.name, customer.email    personal; erased with the customer. The only place of a customer's
//   address. user.email, user.name            personal (staff); kept while the account's acts must be
//   explained. meeting.cancel_reason            personal (typed by a person); erased with the meeting.
//   audit_private.value              personal; erasable row by row. Empty where `reference` names the holding
//   row. call_message.message             holds display names (Hello); erased 90 days after the meeting.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE user (
  id BLOB PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL, role TEXT NOT NULL,
  password_hash TEXT NOT NULL, disabled INTEGER NOT NULL, created INTEGER NOT NULL) STRICT;
CREATE TABLE customer (id BLOB PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL) STRICT;
CREATE TABLE type_version (
  id BLOB NOT NULL, version INTEGER NOT NULL, document TEXT NOT NULL, sha256 TEXT NOT NULL, published INTEGER NOT NULL,
  PRIMARY KEY (id, version)) STRICT;
CREATE TABLE policy (n INTEGER PRIMARY KEY, message TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE meeting (
  id BLOB PRIMARY KEY, type BLOB NOT NULL, type_version INTEGER NOT NULL, agent BLOB NOT NULL REFERENCES user (id),
  language TEXT NOT NULL, start INTEGER NOT NULL, duration_min INTEGER NOT NULL, phase TEXT NOT NULL,
  started_at INTEGER, ended_at INTEGER, end_reason TEXT NOT NULL, cancelled_by TEXT, cancel_reason TEXT, cancelled_at INTEGER,
  recording BLOB, recording_phase TEXT NOT NULL, recording_reason TEXT NOT NULL,
  FOREIGN KEY (type, type_version) REFERENCES type_version (id, version)) STRICT;
CREATE INDEX meeting_by_start ON meeting (start DESC, id DESC);
CREATE INDEX meeting_by_agent ON meeting (agent, start DESC, id DESC);
CREATE INDEX meeting_by_phase ON meeting (phase);
CREATE TABLE participant (
  id BLOB PRIMARY KEY, meeting BLOB NOT NULL REFERENCES meeting (id), ordinal INTEGER NOT NULL, role TEXT NOT NULL,
  user BLOB REFERENCES user (id), customer BLOB REFERENCES customer (id), phase TEXT NOT NULL, link_opened_at INTEGER,
  waiting_since INTEGER, camera TEXT, microphone TEXT, speaker TEXT, network TEXT, notice_settled INTEGER NOT NULL) STRICT;
CREATE INDEX participant_by_meeting ON participant (meeting, ordinal);
CREATE TABLE link (
  token_hash BLOB PRIMARY KEY, meeting BLOB NOT NULL REFERENCES meeting (id), participant BLOB NOT NULL REFERENCES participant (id),
  issued INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT;
CREATE INDEX link_by_participant ON link (participant);
CREATE TABLE session (
  token_hash BLOB PRIMARY KEY, id TEXT NOT NULL, user BLOB NOT NULL REFERENCES user (id), csrf TEXT NOT NULL,
  created INTEGER NOT NULL, last_seen INTEGER NOT NULL) STRICT;
CREATE TABLE guest_session (
  token_hash BLOB PRIMARY KEY, id TEXT NOT NULL, meeting BLOB NOT NULL REFERENCES meeting (id),
  participant BLOB NOT NULL REFERENCES participant (id), csrf TEXT NOT NULL, created INTEGER NOT NULL) STRICT;
CREATE INDEX guest_session_by_meeting ON guest_session (meeting);
CREATE TABLE call (
  call TEXT PRIMARY KEY, meeting BLOB NOT NULL REFERENCES meeting (id), policy TEXT NOT NULL, created INTEGER NOT NULL,
  closed INTEGER NOT NULL) STRICT;
CREATE INDEX call_by_meeting ON call (meeting);
CREATE TABLE call_message (
  n INTEGER PRIMARY KEY, call TEXT NOT NULL REFERENCES call (call), sender TEXT NOT NULL, message TEXT NOT NULL,
  at INTEGER NOT NULL) STRICT;
CREATE INDEX call_message_by_call ON call_message (call, n);
CREATE TABLE presence (
  token_hash BLOB PRIMARY KEY, meeting BLOB NOT NULL REFERENCES meeting (id), participant BLOB NOT NULL REFERENCES participant (id),
  ep TEXT NOT NULL, created INTEGER NOT NULL) STRICT;
CREATE INDEX presence_by_meeting ON presence (meeting);
CREATE TABLE recording (
  id BLOB PRIMARY KEY, meeting BLOB NOT NULL REFERENCES meeting (id), phase TEXT NOT NULL, reason TEXT NOT NULL,
  parts INTEGER NOT NULL, requested_at INTEGER NOT NULL, started_at INTEGER, stopped_at INTEGER, sealed_seq INTEGER,
  manifest TEXT NOT NULL, manifest_sha256 TEXT NOT NULL, summary TEXT NOT NULL, keep_until INTEGER) STRICT;
CREATE INDEX recording_by_meeting ON recording (meeting);
CREATE INDEX recording_by_phase ON recording (phase);
CREATE TABLE key_envelope (
  recording BLOB NOT NULL REFERENCES recording (id), name TEXT NOT NULL, key_id TEXT NOT NULL, enc BLOB NOT NULL,
  ct BLOB NOT NULL, PRIMARY KEY (recording, name)) STRICT;
CREATE TABLE artefact (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, meeting BLOB NOT NULL REFERENCES meeting (id), target TEXT NOT NULL,
  size INTEGER NOT NULL, sha256 TEXT NOT NULL, due INTEGER, state TEXT NOT NULL) STRICT;
CREATE TABLE playback (
  id BLOB PRIMARY KEY, recording BLOB NOT NULL REFERENCES recording (id), user BLOB NOT NULL REFERENCES user (id),
  session TEXT NOT NULL, purpose TEXT NOT NULL, download INTEGER NOT NULL, created INTEGER NOT NULL, closed INTEGER NOT NULL,
  ranges TEXT NOT NULL) STRICT;
CREATE INDEX playback_by_recording ON playback (recording);
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, subject TEXT NOT NULL, done INTEGER NOT NULL) STRICT;
CREATE INDEX outbox_pending ON outbox (done, id);
CREATE TABLE audit_head (one INTEGER PRIMARY KEY CHECK (one = 1), next INTEGER NOT NULL) STRICT;
INSERT INTO audit_head VALUES (1, 0);
CREATE TABLE audit_entry (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, meeting BLOB, actor TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE INDEX audit_entry_by_meeting ON audit_entry (meeting, seq);
CREATE INDEX audit_entry_by_type ON audit_entry (type, seq);
CREATE TABLE audit_private (
  seq INTEGER NOT NULL, field TEXT NOT NULL, salt BLOB NOT NULL, value TEXT, reference TEXT NOT NULL,
  PRIMARY KEY (seq, field)) STRICT;
CREATE TABLE audit_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
)sql";

// 2: a playback knows the entry that asked for it, so that its end can name it after a crash; sessions are
// found by their public id and by their user.
constexpr std::string_view kVersion2 = R"sql(
ALTER TABLE playback ADD COLUMN request INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX session_by_id ON session (id);
CREATE INDEX session_by_user ON session (user);
)sql";

// 3: each device checks its own camera and microphone, whatever another one of the same person has done.
constexpr std::string_view kVersion3 =
    "ALTER TABLE guest_session ADD COLUMN device_checked INTEGER NOT NULL DEFAULT 0;";

// 4: browsers that an account knows, so that strangers' guesses never keep its owner out.
constexpr std::string_view kVersion4 = R"sql(
CREATE TABLE known_device (
  token_hash BLOB PRIMARY KEY, user BLOB NOT NULL REFERENCES user (id), last_seen INTEGER NOT NULL) STRICT;
CREATE INDEX known_device_by_user ON known_device (user, last_seen);
)sql";

// 5: a link's token is made from the link key, the link's id and its version (app/token.h). Links from before
// keep their hash and go on opening; they have no id, because nothing can make their tokens again.
constexpr std::string_view kVersion5 = R"sql(
ALTER TABLE link ADD COLUMN id BLOB;
ALTER TABLE link ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX link_by_id ON link (id, version);
)sql";

const std::vector<sql::Migration>& migrations() {
  static const std::vector<sql::Migration> kAll{
      {1, kVersion1}, {2, kVersion2}, {3, kVersion3}, {4, kVersion4}, {5, kVersion5}};
  return kAll;
}

}  // namespace parlour::store_sqlite

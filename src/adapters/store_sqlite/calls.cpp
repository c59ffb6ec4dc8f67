#include "store_sqlite/store.h"

namespace parlour::store_sqlite {

using namespace app;
using sql::Row;

namespace {
CallRow read_call(Row& row) {
  return CallRow{row.text(0), row.id<MeetingId>(1), row.text(2), row.time(3), row.boolean(4)};
}
}  // namespace

void SqliteStore::put(const CallRow& call) {
  run("INSERT INTO call VALUES ($1,$2,$3,$4,$5) ON CONFLICT (call) DO UPDATE SET closed = $5",
      {call.call, call.meeting, call.policy, call.created, call.closed ? 1 : 0});
}
std::optional<CallRow> SqliteStore::open_call(const MeetingId& meeting) {
  return need(database_.query_one(
      "SELECT call, meeting, policy, created, closed FROM call WHERE meeting = $1 AND closed = 0 "
      "ORDER BY created DESC, rowid DESC LIMIT 1",
      {meeting}, read_call));
}
std::vector<CallRow> SqliteStore::calls(const MeetingId& meeting) {
  return need(database_.query_all(
      "SELECT call, meeting, policy, created, closed FROM call WHERE meeting = $1 ORDER BY rowid", {meeting},
      read_call));
}
std::int64_t SqliteStore::add_message(const std::string& call, const Message& message) {
  auto row = need(database_.query_one(
      "INSERT INTO call_message (call, sender, message, at) VALUES ($1,$2,$3,$4) RETURNING n",
      {call, message.from, message.message, message.at}, [](Row& made) { return made.integer(0); }));
  return row.value_or(0);
}
void SqliteStore::remove_message(std::int64_t row) {
  run("DELETE FROM call_message WHERE n = $1", {row});
}
std::vector<CallStore::Message> SqliteStore::messages(const std::string& call) {
  return need(database_.query_all(
      "SELECT sender, message, at, n FROM call_message WHERE call = $1 ORDER BY n", {call}, [](Row& row) {
        return Message{row.text(0), row.text(1), row.time(2), row.integer(3)};
      }));
}
void SqliteStore::put(const PresenceRow& p) {
  run("INSERT INTO presence VALUES ($1,$2,$3,$4,$5) ON CONFLICT (token_hash) DO UPDATE SET ep = $4",
      {p.token_hash, p.meeting, p.participant, p.ep, p.created});
}
std::vector<PresenceRow> SqliteStore::presences(const MeetingId& meeting) {
  return need(
      database_.query_all("SELECT token_hash, meeting, participant, ep, created FROM presence WHERE meeting "
                          "= $1 ORDER BY created",
                          {meeting}, [](Row& row) {
                            return PresenceRow{row.bytes<32>(0), row.id<MeetingId>(1),
                                               row.id<ParticipantId>(2), row.text(3), row.time(4)};
                          }));
}
void SqliteStore::remove_presence(const Hash& token_hash) {
  run("DELETE FROM presence WHERE token_hash = $1", {token_hash});
}
void SqliteStore::remove_presences(const MeetingId& meeting) {
  run("DELETE FROM presence WHERE meeting = $1", {meeting});
}

}  // namespace parlour::store_sqlite

#include "store_sqlite/store.h"

namespace parlour::store_sqlite {

using namespace app;
using sql::Row;

void SqliteStore::put(const Customer& customer) {
  run("INSERT INTO customer VALUES ($1,$2,$3)",
      {customer.id, customer.name.reveal(), customer.email.reveal()});
}
std::optional<Customer> SqliteStore::customer(const CustomerId& id) {
  return need(database_.query_one("SELECT id, name, email FROM customer WHERE id = $1", {id}, [](Row& row) {
    return Customer{row.id<CustomerId>(0), Redacted(row.text(1)), Redacted(row.text(2))};
  }));
}

void SqliteStore::put(const User& user) {
  run("INSERT INTO user VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT (id) DO UPDATE SET email = $2, name = $3, "
      "role = $4, "
      "password_hash = $5, disabled = $6",
      {user.id, user.email.reveal(), user.name.reveal(), meeting::to_text(user.role), user.password_hash,
       user.disabled ? 1 : 0, user.created});
}
std::vector<User> SqliteStore::users_by(std::string_view sql, std::initializer_list<sql::Value> values) {
  return need(database_.query_all(sql, values, [](Row& row) {
    auto role = meeting::user_role_from_text(row.text_view(3));
    if (!role) row.fail();
    return User{row.id<UserId>(0),
                Redacted(row.text(1)),
                Redacted(row.text(2)),
                role.value_or(meeting::UserRole::kAgent),
                row.text(4),
                row.boolean(5),
                row.time(6)};
  }));
}
constexpr std::string_view kUserColumns =
    "SELECT id, email, name, role, password_hash, disabled, created FROM user ";
std::optional<User> SqliteStore::user(const UserId& id) {
  auto found = users_by(std::string(kUserColumns) + "WHERE id = $1", {id});
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}
std::optional<User> SqliteStore::user_by_email(std::string_view email) {
  auto found = users_by(std::string(kUserColumns) + "WHERE email = $1", {email});
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}
std::vector<User> SqliteStore::users() {
  return users_by(std::string(kUserColumns) + "ORDER BY created", {});
}

void SqliteStore::put(const SessionRow& s) {
  run("INSERT INTO session VALUES ($1,$2,$3,$4,$5,$6)",
      {s.token_hash, s.id, s.user, s.csrf, s.created, s.last_seen});
}
std::optional<SessionRow> SqliteStore::session_by(std::string_view sql,
                                                  std::initializer_list<sql::Value> values) {
  return need(database_.query_one(sql, values, [](Row& row) {
    return SessionRow{row.bytes<32>(0), row.text(1), row.id<UserId>(2),
                      row.text(3),      row.time(4), row.time(5)};
  }));
}
std::optional<SessionRow> SqliteStore::session(const Hash& token_hash) {
  return session_by(
      "SELECT token_hash, id, user, csrf, created, last_seen FROM session WHERE token_hash = $1",
      {token_hash});
}
std::optional<SessionRow> SqliteStore::session_by_id(const std::string& id) {
  return session_by("SELECT token_hash, id, user, csrf, created, last_seen FROM session WHERE id = $1", {id});
}
void SqliteStore::touch(const Hash& token_hash, UtcTime seen) {
  run("UPDATE session SET last_seen = $2 WHERE token_hash = $1", {token_hash, seen});
}
void SqliteStore::remove_session(const Hash& token_hash) {
  run("DELETE FROM session WHERE token_hash = $1", {token_hash});
}
void SqliteStore::remove_sessions_of(const UserId& user) {
  run("DELETE FROM session WHERE user = $1", {user});
}
void SqliteStore::put_device(const Hash& token_hash, const UserId& user, UtcTime seen) {
  run("INSERT INTO known_device VALUES ($1,$2,$3) ON CONFLICT (token_hash) DO UPDATE SET last_seen = $3",
      {token_hash, user, seen});
  run("DELETE FROM known_device WHERE user = $1 AND token_hash NOT IN "
      "(SELECT token_hash FROM known_device WHERE user = $1 ORDER BY last_seen DESC, token_hash LIMIT 20)",
      {user});
}
std::optional<UserId> SqliteStore::device(const Hash& token_hash) {
  return need(database_.query_one("SELECT user FROM known_device WHERE token_hash = $1", {token_hash},
                                  [](Row& row) { return row.id<UserId>(0); }));
}
void SqliteStore::remove_devices_of(const UserId& user) {
  run("DELETE FROM known_device WHERE user = $1", {user});
}
void SqliteStore::put(const GuestSessionRow& s) {
  run("INSERT INTO guest_session VALUES ($1,$2,$3,$4,$5,$6,$7)",
      {s.token_hash, s.id, s.meeting, s.participant, s.csrf, s.created, std::int64_t{s.device_checked}});
}
std::optional<GuestSessionRow> SqliteStore::guest(const Hash& token_hash) {
  return need(database_.query_one(
      "SELECT token_hash, id, meeting, participant, csrf, created, device_checked FROM guest_session "
      "WHERE token_hash = $1",
      {token_hash}, [](Row& row) {
        return GuestSessionRow{row.bytes<32>(0), row.text(1), row.id<MeetingId>(2), row.id<ParticipantId>(3),
                               row.text(4),      row.time(5), row.integer(6) != 0};
      }));
}
void SqliteStore::set_device_checked(const Hash& guest_token_hash) {
  run("UPDATE guest_session SET device_checked = 1 WHERE token_hash = $1", {guest_token_hash});
}
void SqliteStore::remove_guest(const Hash& token_hash) {
  run("DELETE FROM guest_session WHERE token_hash = $1", {token_hash});
}
void SqliteStore::trim_guests(const ParticipantId& participant, std::size_t keep) {
  run("DELETE FROM guest_session WHERE participant = $1 AND token_hash NOT IN (SELECT token_hash FROM "
      "guest_session WHERE participant = $1 ORDER BY created DESC, rowid DESC LIMIT $2)",
      {participant, static_cast<std::int64_t>(keep)});
}
void SqliteStore::remove_guests_of(const MeetingId& meeting) {
  run("DELETE FROM guest_session WHERE meeting = $1", {meeting});
}

}  // namespace parlour::store_sqlite

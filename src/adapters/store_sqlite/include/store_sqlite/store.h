// The stores of app on one SQLite database. Thread: the app thread. Errors: StoreFailure, as app/stores.h
// says.
#pragma once

#include <filesystem>
#include <memory>

#include "app/stores.h"
#include "sql/database.h"

namespace parlour::store_sqlite {

class SqliteStore final : public app::UnitOfWork,
                          public app::MeetingStore,
                          public app::PeopleStore,
                          public app::SessionStore,
                          public app::TypeStore,
                          public app::CallStore,
                          public app::RecordingStore,
                          public app::Outbox {
 public:
  // Opens, migrates. The error is a sentence for the operator.
  static Result<std::unique_ptr<SqliteStore>, std::string> open(const std::filesystem::path& file,
                                                                UtcTime now);
  static Result<std::unique_ptr<SqliteStore>, std::string> open_in_memory(UtcTime now);

  sql::Database& database() { return database_; }

  void begin() override;
  void commit() override;
  void rollback() noexcept override;

  std::optional<app::Meeting> load(const app::MeetingId& id) override;
  void save(const app::Meeting& meeting) override;
  std::vector<app::Meeting> list(const app::MeetingFilter& filter) override;
  std::vector<app::Meeting> unfinished() override;
  void put_link(const app::LinkRow& link) override;
  void revoke_links(const app::ParticipantId& participant) override;
  std::optional<app::LinkRow> link(const app::Hash& token_hash) override;
  std::optional<app::LinkRow> newest_link(const meeting::ParticipantId& participant) override;

  void put(const app::Customer& customer) override;
  std::optional<app::Customer> customer(const app::CustomerId& id) override;
  void put(const app::User& user) override;
  std::optional<app::User> user(const app::UserId& id) override;
  std::optional<app::User> user_by_email(std::string_view email) override;
  std::vector<app::User> users() override;

  void put(const app::SessionRow& session) override;
  std::optional<app::SessionRow> session(const app::Hash& token_hash) override;
  std::optional<app::SessionRow> session_by_id(const std::string& id) override;
  void touch(const app::Hash& token_hash, UtcTime seen) override;
  void remove_session(const app::Hash& token_hash) override;
  void remove_sessions_of(const app::UserId& user) override;
  void put_device(const app::Hash& token_hash, const app::UserId& user, UtcTime seen) override;
  std::optional<app::UserId> device(const app::Hash& token_hash) override;
  void remove_devices_of(const app::UserId& user) override;
  void put(const app::GuestSessionRow& session) override;
  std::optional<app::GuestSessionRow> guest(const app::Hash& token_hash) override;
  void set_device_checked(const app::Hash& guest_token_hash) override;
  void remove_guest(const app::Hash& token_hash) override;
  void trim_guests(const app::ParticipantId& participant, std::size_t keep) override;
  void remove_guests_of(const app::MeetingId& meeting) override;

  void put(const app::MeetingType& type, UtcTime published) override;
  std::vector<app::MeetingType> latest() override;
  std::vector<app::MeetingType> all() override;
  std::optional<app::MeetingType> find(const app::TypeId& id, int version) override;
  void put_policy(std::string_view signed_message, UtcTime at) override;
  std::optional<std::string> policy() override;

  void put(const app::CallRow& call) override;
  std::optional<app::CallRow> open_call(const app::MeetingId& meeting) override;
  std::vector<app::CallRow> calls(const app::MeetingId& meeting) override;
  std::int64_t add_message(const std::string& call, const Message& message) override;
  void remove_message(std::int64_t row) override;
  std::vector<Message> messages(const std::string& call) override;
  void put(const app::PresenceRow& presence) override;
  std::vector<app::PresenceRow> presences(const app::MeetingId& meeting) override;
  void remove_presence(const app::Hash& token_hash) override;
  void remove_presences(const app::MeetingId& meeting) override;

  void save(const app::RecordingRow& recording) override;
  std::optional<app::RecordingRow> load(const app::RecordingId& id) override;
  std::vector<app::RecordingRow> of_meeting(const app::MeetingId& meeting) override;
  std::vector<app::RecordingRow> list(const app::RecordingStore::Filter& filter) override;
  std::vector<app::RecordingRow> in_phase(meeting::RecordingPhase phase) override;
  void put(const app::EnvelopeRow& envelope) override;
  std::vector<app::EnvelopeRow> envelopes(const app::RecordingId& recording) override;
  void put(const app::ArtefactRow& artefact) override;
  void save(const app::PlaybackRow& playback) override;
  std::vector<app::PlaybackRow> open_playbacks() override;

  void put(std::string_view kind, std::string_view subject) override;
  std::vector<app::OutboxRow> pending() override;
  void done(std::int64_t id) override;

 private:
  explicit SqliteStore(sql::Database database) : database_(std::move(database)) {}
  static Result<std::unique_ptr<SqliteStore>, std::string> finish_opening(
      Result<sql::Database, sql::SqlError> opened, UtcTime now);
  void run(std::string_view sql, std::initializer_list<sql::Value> values);
  std::optional<app::LinkRow> link_by(std::string_view where, std::initializer_list<sql::Value> values);
  std::vector<app::Meeting> meetings_by(std::string_view sql, std::initializer_list<sql::Value> values);
  std::vector<app::RecordingRow> recordings_by(std::string_view sql,
                                               std::initializer_list<sql::Value> values);
  std::vector<app::PlaybackRow> playbacks_by(std::string_view sql, std::initializer_list<sql::Value> values);
  std::optional<app::SessionRow> session_by(std::string_view sql, std::initializer_list<sql::Value> values);
  std::vector<app::User> users_by(std::string_view sql, std::initializer_list<sql::Value> values);
  std::vector<app::MeetingType> types_by(std::string_view sql, std::initializer_list<sql::Value> values);

  sql::Database database_;
  std::optional<sql::Transaction> transaction_;
};

// For adapters on the same database: the value, or StoreFailure with the error's text.
template <class T>
T need(Result<T, sql::SqlError> result) {
  if (!result) throw app::StoreFailure(result.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

}  // namespace parlour::store_sqlite

// What the use cases need from storage: small ports by aggregate, all inside one unit of work.
//
// The event and its effect are one transaction (design.md 2.4): a use case opens a Work, changes rows,
// appends audit entries, puts outbox rows, and commits. A Work that isn't committed is rolled back. Errors:
// adapters throw StoreFailure (disk, corruption, busy); use cases let it pass, and the executor that runs
// them answers "storage". No entry, no act. Thread: the app thread.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/redacted.h"
#include "base/time.h"
#include "meeting/meeting.h"

namespace parlour::app {

using meeting::CustomerId;
using meeting::LinkId;
using meeting::Meeting;
using meeting::MeetingId;
using meeting::MeetingType;
using meeting::ParticipantId;
using meeting::PlaybackId;
using meeting::RecordingId;
using meeting::TypeId;
using meeting::UserId;
using Hash = ByteArray<32>;

class StoreFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Runs `run` on each item. One that the database refuses keeps no other from its turn; what was thrown last
// is thrown at the end.
template <class Items, class Run>
void each_alone(Items&& items, const Run& run) {
  std::optional<StoreFailure> failure;
  for (auto& item : items) {
    try {
      run(item);
    } catch (const StoreFailure& thrown) {
      failure = thrown;
    }
  }
  if (failure) throw *failure;
}

class UnitOfWork {
 public:
  virtual ~UnitOfWork() = default;
  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
};

class Work {
 public:
  explicit Work(UnitOfWork& unit) : unit_(&unit) { unit.begin(); }
  ~Work() {
    if (unit_ != nullptr) unit_->rollback();
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  void commit() {
    unit_->commit();
    unit_ = nullptr;
  }

 private:
  UnitOfWork* unit_;
};

// --- meetings and links
// --------------------------------------------------------------------------------------------
struct MeetingFilter {
  std::optional<UserId> agent;
  std::optional<UtcTime> from, to;                     // of the planned start
  std::string text;                                    // part of the type's title or of the customer's name
  std::optional<std::pair<UtcTime, MeetingId>> after;  // page: older than this one
  std::size_t limit = 50;
};
struct LinkRow {
  Hash token_hash{};
  MeetingId meeting;
  ParticipantId participant;
  UtcTime issued;
  bool revoked = false;
  std::optional<LinkId> id;   // nothing: from before tokens were made from a key; it cannot be made again
  std::uint32_t version = 0;  // of the id; each new link of a person is the next
};
class MeetingStore {
 public:
  virtual ~MeetingStore() = default;
  virtual std::optional<Meeting> load(const MeetingId& id) = 0;
  virtual void save(const Meeting& meeting) = 0;
  virtual std::vector<Meeting> list(const MeetingFilter& filter) = 0;  // newest planned start first
  virtual std::vector<Meeting> unfinished() = 0;                       // neither ended, cancelled nor expired
  virtual void put_link(const LinkRow& link) = 0;
  virtual void revoke_links(const ParticipantId& participant) = 0;
  virtual std::optional<LinkRow> link(const Hash& token_hash) = 0;
  virtual std::optional<LinkRow> newest_link(const ParticipantId& participant) = 0;  // of those with an id
};

// --- people: the only place of names and addresses
// --------------------------------------------------------------------
struct Customer {
  CustomerId id;
  Redacted<std::string> name, email;
};
struct User {
  UserId id;
  Redacted<std::string> email, name;
  meeting::UserRole role = meeting::UserRole::kAgent;
  std::string password_hash;
  bool disabled = false;
  UtcTime created;
};
class PeopleStore {
 public:
  virtual ~PeopleStore() = default;
  virtual void put(const Customer& customer) = 0;
  virtual std::optional<Customer> customer(const CustomerId& id) = 0;
  virtual void put(const User& user) = 0;
  virtual std::optional<User> user(const UserId& id) = 0;
  virtual std::optional<User> user_by_email(std::string_view email) = 0;  // compared without case
  virtual std::vector<User> users() = 0;
};

// --- sessions
// -----------------------------------------------------------------------------------------------------------
struct SessionRow {
  Hash token_hash{};
  std::string id;  // public, for the audit log
  UserId user;
  std::string csrf;
  UtcTime created, last_seen;
};
struct GuestSessionRow {
  Hash token_hash{};
  std::string id;
  MeetingId meeting;
  ParticipantId participant;
  std::string csrf;
  UtcTime created;
  bool device_checked = false;  // on this very device
};
class SessionStore {
 public:
  virtual ~SessionStore() = default;
  virtual void put(const SessionRow& session) = 0;
  virtual std::optional<SessionRow> session(const Hash& token_hash) = 0;
  virtual std::optional<SessionRow> session_by_id(const std::string& id) = 0;
  virtual void touch(const Hash& token_hash, UtcTime seen) = 0;
  virtual void remove_session(const Hash& token_hash) = 0;
  virtual void remove_sessions_of(const UserId& user) = 0;
  // Browsers that have logged in to an account, by the hash of the cookie that they were given. The newest 20
  // of a user.
  virtual void put_device(const Hash& token_hash, const UserId& user, UtcTime seen) = 0;
  virtual std::optional<UserId> device(const Hash& token_hash) = 0;
  virtual void remove_devices_of(const UserId& user) = 0;
  virtual void put(const GuestSessionRow& session) = 0;
  virtual std::optional<GuestSessionRow> guest(const Hash& token_hash) = 0;
  virtual void set_device_checked(const Hash& guest_token_hash) = 0;
  virtual void remove_guest(const Hash& token_hash) = 0;
  // Of one person's sessions only the newest `keep` stay.
  virtual void trim_guests(const ParticipantId& participant, std::size_t keep) = 0;
  virtual void remove_guests_of(const MeetingId& meeting) = 0;
};

// --- types and the signed Policy
// ----------------------------------------------------------------------------------------
class TypeStore {
 public:
  virtual ~TypeStore() = default;
  virtual void put(const MeetingType& type, UtcTime published) = 0;
  virtual std::vector<MeetingType> latest() = 0;  // newest version of each
  virtual std::vector<MeetingType> all() = 0;
  virtual std::optional<MeetingType> find(const TypeId& id, int version) = 0;
  virtual void put_policy(std::string_view signed_message, UtcTime at) = 0;  // {t,k,b,s}
  virtual std::optional<std::string> policy() = 0;                           // the newest
};

// --- calls: what a restart needs
// ----------------------------------------------------------------------------------------
struct CallRow {
  std::string call;  // 16 bytes, base64url
  MeetingId meeting;
  std::string policy;  // the signed Policy that this call uses
  UtcTime created;
  bool closed = false;
};
// A browser page in a meeting; outlives its socket by 30 s and the server by a restart.
struct PresenceRow {
  Hash token_hash{};
  MeetingId meeting;
  ParticipantId participant;
  std::string ep;  // base64url, "" before its Hello
  UtcTime created;
};
class CallStore {
 public:
  virtual ~CallStore() = default;
  virtual void put(const CallRow& call) = 0;
  virtual std::optional<CallRow> open_call(const MeetingId& meeting) = 0;
  virtual std::vector<CallRow> calls(const MeetingId& meeting) = 0;
  struct Message {
    std::string from;  // participant id or "recorder"
    std::string message;
    UtcTime at;            // its arrival: some of the chain's checks depend on it when it is read again
    std::int64_t row = 0;  // its place: given when it is stored
  };
  // Returns its row; rows rise in the order of acceptance.
  virtual std::int64_t add_message(const std::string& call, const Message& message) = 0;
  virtual void remove_message(std::int64_t row) = 0;
  virtual std::vector<Message> messages(const std::string& call) = 0;  // in the order of acceptance
  virtual void put(const PresenceRow& presence) = 0;
  virtual std::vector<PresenceRow> presences(const MeetingId& meeting) = 0;
  virtual void remove_presence(const Hash& token_hash) = 0;
  virtual void remove_presences(const MeetingId& meeting) = 0;
};

// --- recordings
// -----------------------------------------------------------------------------------------------------------
struct RecordingRow {
  RecordingId id;
  MeetingId meeting;
  meeting::RecordingPhase phase = meeting::RecordingPhase::kRequested;
  std::string reason;
  std::uint32_t parts = 0;
  UtcTime requested_at;
  std::optional<UtcTime> started_at, stopped_at;
  std::optional<std::uint64_t> sealed_seq;  // of the recording.sealed entry
  std::string manifest;                     // signed, as the vault gave it
  std::string manifest_sha256;              // hex
  Json summary;                             // of the job: duration, coverage, tracks, gaps
  std::optional<UtcTime> keep_until;
};
struct EnvelopeRow {
  RecordingId recording;
  std::string name;  // "part/1", "rendition/av"
  std::string key_id;
  Bytes enc, ct;
};
struct ArtefactRow {
  std::string id;  // of the artefact: recording id / file name
  std::string kind;
  MeetingId meeting;
  std::string target;
  std::uint64_t size = 0;
  std::string sha256;
  std::optional<UtcTime> due;
  std::string state;
};
struct PlaybackRow {
  PlaybackId id;
  RecordingId recording;
  UserId user;
  std::string session;
  std::string purpose;  // a code; a reason that somebody typed stands in audit_private only
  bool download = false;
  UtcTime created;
  bool closed = false;
  Json ranges;                // {unlogged: data of entries to be}; see app/recordings.cpp
  std::uint64_t request = 0;  // number of the entry that asked for it
};
class RecordingStore {
 public:
  virtual ~RecordingStore() = default;
  virtual void save(const RecordingRow& recording) = 0;
  virtual std::optional<RecordingRow> load(const RecordingId& id) = 0;
  virtual std::vector<RecordingRow> of_meeting(const MeetingId& meeting) = 0;
  struct Filter {
    std::optional<UserId> agent;
    std::optional<RecordingId> after;
    std::size_t limit = 50;
  };
  virtual std::vector<RecordingRow> list(const Filter& filter) = 0;  // newest first
  virtual std::vector<RecordingRow> in_phase(meeting::RecordingPhase phase) = 0;
  virtual void put(const EnvelopeRow& envelope) = 0;
  virtual std::vector<EnvelopeRow> envelopes(const RecordingId& recording) = 0;
  virtual void put(const ArtefactRow& artefact) = 0;
  virtual void save(const PlaybackRow& playback) = 0;
  virtual std::vector<PlaybackRow> open_playbacks() = 0;
};

// --- outbox
// ------------------------------------------------------------------------------------------------------------------
// Effects outside the database: idempotent, retried until done.
struct OutboxRow {
  std::int64_t id = 0;
  std::string kind;     // "vault.job"
  std::string subject;  // id
};
class Outbox {
 public:
  virtual ~Outbox() = default;
  virtual void put(std::string_view kind, std::string_view subject) = 0;
  virtual std::vector<OutboxRow> pending() = 0;
  virtual void done(std::int64_t id) = 0;
};

}  // namespace parlour::app

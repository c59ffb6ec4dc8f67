// The audit log as the use cases see it. An entry is appended inside the unit of work of its effect.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/stores.h"
#include "meeting/access.h"

namespace parlour::app {

// What a use case says; the adapter adds number, time and boot and makes the bytes.
struct AuditRecord {
  std::string type;  // a name of the catalogue
  meeting::Actor actor;
  std::optional<std::pair<std::string, std::string>> subject;  // kind, id
  std::optional<MeetingId> meeting;
  int type_version = 0;        // 0: none
  std::string outcome = "ok";  // ok | denied | failed
  std::string reason;          // a code
  Json data = JsonObject{};
  // A personal value is committed in the entry. `reference` names the row that holds the value
  // ("customer/<id>/email"), so that it stands in exactly one table; without one the value is kept beside its
  // salt.
  struct Personal {
    std::string field;
    Redacted<std::string> value;
    std::string reference;
  };
  std::vector<Personal> personal;
};

// A stored entry as readers get it.
struct AuditEntry {
  std::uint64_t seq = 0;
  Json entry;                // parsed
  std::string bytes;         // as it stands in the log
  std::string typed_reason;  // what somebody typed as reason; only if asked for, and not once it was erased
  bool typed_reason_differs = false;  // what is kept as that is not what the entry commits to; not given
};
struct AuditFilter {
  std::optional<MeetingId> meeting;
  std::string type;                     // "" for all
  std::string type_prefix;              // "recording." for all of them; "" for all
  std::optional<std::uint64_t> before;  // page: lower numbers
  std::size_t limit = 50;
  bool ascending = false;
  std::optional<UserId> agent;  // only entries of this agent's meetings, and its own acts
  bool typed_reasons = false;
};
struct AuditHead {
  std::uint64_t size = 0;  // entries covered by the newest signed checkpoint
  std::optional<UtcTime> time;
};
// The log is not what the vault's signer has signed: head.rollback (shorter), head.fork (other entries, found
// at a head or when one is read), or head.signature (its newest head is not of the vault's key). Nothing is
// served on such a log.
struct LogAlarm {
  std::string code;
  std::string text;  // for people, without a full stop
};
struct AuditVerdict {
  int exit = 1;
  std::string text;
  std::uint64_t entries = 0;
  std::vector<std::string> faults, not_checked;
};

class AuditLog {
 public:
  virtual ~AuditLog() = default;
  // Inside a unit of work. Throws StoreFailure when the record breaks the catalogue: no entry, no act.
  virtual std::uint64_t append(const AuditRecord& record) = 0;
  virtual std::vector<AuditEntry> entries(const AuditFilter& filter) = 0;
  virtual std::uint64_t size() = 0;  // stored entries
  virtual AuditHead head() = 0;

  // Has the signer sign a head over everything that is committed. `done(false)`: the vault did not answer or
  // refused. Called on the app thread. Calls while one is under way share its successor.
  virtual void checkpoint(std::function<void(bool)> done) = 0;
  // Once there is one it stays, and nothing is appended any more.
  virtual const std::optional<LogAlarm>& alarm() const = 0;

  // The whole log as a bundle with its newest head, disclosing private rows of `meeting` only. Empty without
  // a head.
  virtual std::optional<Bytes> bundle(const std::optional<MeetingId>& disclose) = 0;
  // Signs, asks the vault for its last head, and verifies the whole log against that one: what the database
  // says of its own heads is not believed. On the app thread. Without the vault there is no good verdict.
  virtual void verify(std::function<void(AuditVerdict)> done) = 0;
};

}  // namespace parlour::app

// One audit entry: the fixed head, and how a stored one is read.
//
// The bytes of an entry are canonical JSON (canonical.h) and are stored and hashed as they were written,
// never re-made. Members of version 1, all of them always there, null where nothing applies:
//   actor {kind, id, session, on_behalf_of [, device]} · brand · cause · custom {} · data {} · meeting ·
//   mono_boot {boot, us} · outcome · reason · seq · subject {kind, id} | null · time · type · type_version ·
//   v
// contracts/audit-entry.schema.json is the schema. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace parlour::audit {

constexpr std::int64_t kEntryVersion = 1;
constexpr std::size_t kEntryBytesMax = 16 * 1024;
// So many `intervals` a recording.verified names at most, which leaves room for the rest of it. Of a
// recording with more the nearest are named as one, no more of them than has to be.
constexpr std::size_t kVerifiedIntervalsMax = 200;

enum class ActorKind { kUser, kCustomer, kApi, kSystem, kOperator };
std::string_view to_text(ActorKind kind);
enum class Outcome { kOk, kDenied, kFailed };
std::string_view to_text(Outcome outcome);

struct Actor {
  ActorKind kind = ActorKind::kSystem;
  std::string id;       // pseudonymous: a UUID, or a component's name for kSystem; never an address or a name
  std::string session;  // the session's public row id, never the cookie; empty: none
  std::string on_behalf_of;  // id of the person acted for; empty: none
  std::string device;        // the firm's internal device number; empty: none
};

struct Subject {
  std::string kind;  // "participant", "recording", "user", "link", …
  std::string id;
};

// The head without its place in the log: what a use case knows.
struct EntryHead {
  std::string brand = "default";
  std::string type;  // a name of the catalogue
  Actor actor;
  std::optional<Subject> subject;
  std::string meeting;       // id; empty: none
  std::string type_version;  // of the meeting's type; empty: none
  std::string cause;         // request id; empty: none
  Outcome outcome = Outcome::kOk;
  std::string reason;  // code; empty: none
};

// The place in the log, known inside the transaction that writes the entry.
struct EntryPlace {
  std::uint64_t seq = 0;
  UtcTime time;      // written with milliseconds
  std::string boot;  // id of the boot of the writing machine
  SteadyTime mono;   // since that boot
};

// What a verifier reads from the bytes of one entry. Views point into those bytes.
struct EntryView {
  std::uint64_t seq = 0;
  UtcTime time;
  std::string_view type;
  std::string_view meeting;       // empty: none
  std::string_view type_version;  // empty: none
  std::string_view actor;         // raw JSON object
  std::string_view subject;       // raw JSON object or "null"
  std::string_view outcome;
  std::string_view data;          // raw JSON object
  std::uint32_t commitments = 0;  // committed values in the entry
};

struct EntryFault {
  std::size_t offset;
  std::string_view reason;
};

// Checks that the bytes are canonical and have version 1's head; unknown members are let be.
Result<EntryView, EntryFault> read_entry(std::string_view bytes);

// Exactly "YYYY-MM-DDThh:mm:ss.mmmZ".
std::optional<UtcTime> parse_entry_time(std::string_view text);

}  // namespace parlour::audit

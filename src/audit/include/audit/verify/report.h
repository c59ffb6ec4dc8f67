// What a verification found: the exit status, every fault, and in plain words what was and was not checked.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "audit/format/checkpoint.h"
#include "audit/verify/completeness.h"

namespace parlour::audit {

// The exit statuses of `parlour audit verify`. The status of a bundle is that of the first failing check in
// the order 1, 2, 4, 3, 5, 6, 7 … 12.
enum class Status : int {
  kGood = 0,
  kUsage = 1,          // wrong arguments, unreadable file, not a bundle
  kMalformed = 2,      // an entry is not canonical JSON with version 1's head, or a helping part is damaged
  kAltered = 3,        // the root over the entries is not the signed one
  kSequence = 4,       // an entry is missing, moved, doubled, or the number of entries is not the head's
  kSignature = 5,      // the head is not signed by the pinned key, or no key was pinned
  kFork = 6,           // not an extension of a head that was seen before
  kWitness = 7,        // reserved: witness quorum
  kTimestamp = 8,      // reserved: RFC 3161 time stamps
  kCommitment = 9,     // a disclosed value does not open its commitment
  kManifest = 10,      // a recording's manifest is not the one in the log
  kIncomplete = 11,    // a meeting without its demanded recording, or with a forbidden one
  kTimeBackwards = 12  // time runs backwards
};
std::string_view to_text(Status status);  // a short name: "good", "altered", …
int check_order(Status status);           // position in the order above

// "1 h 02 min 03.5 s"; without what is zero in front.
std::string time_text(std::int64_t ms);

struct Fault {
  Status status;
  std::optional<std::uint64_t> seq;  // where known
  std::string text;
  // A damaged helping part (container checksum, index, tile, README). It decides only when the evidence
  // itself is faultless, so that a fault of the evidence is never named after its side effects.
  bool helping_part = false;
  std::string finding;  // of status 10 and 11: a name for programs, as in finding.h
};

struct Report {
  Status status = Status::kGood;
  std::optional<std::uint64_t> first_bad_seq;  // the lowest seq among the faults of that status
  std::vector<Fault> faults;                   // in check order; at most 1,000 are kept
  std::uint64_t fault_count = 0;
  std::string verdict;                   // a sentence or two for people
  std::vector<std::string> not_checked;  // sentences
  std::uint64_t entries = 0;
  std::optional<Checkpoint> head;
  CompletenessReport completeness;

  int exit_status() const { return static_cast<int>(status); }
  std::string to_json() const;               // one line, members documented in docs/features/audit.md
  void write_json(std::ostream& out) const;  // the same, a meeting at a time
  std::string to_text() const;               // for a terminal; holds no control characters but newlines
};

}  // namespace parlour::audit

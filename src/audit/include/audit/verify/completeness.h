// Completeness (from the leaves alone): every meeting whose type demands a recording has one that was sealed,
// opened and verified over the whole meeting, or an audited exemption, or a deletion with its receipt; no
// meeting whose type forbids one was recorded.
//
// The window of a meeting runs from meeting.started (data.first_two_present if given) to meeting.ended. What
// the verified intervals do not cover must be explained by entries of the log: recording.gap {from, to},
// media.stopped to media.resumed and meeting.held to meeting.resumed (nothing was forwarded then),
// recording.paused to recording.resumed. What remains beyond the tolerance is a violation. A gap that is
// explained is reported, not forgiven in silence. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/format/entry.h"
#include "base/bytes.h"
#include "base/time.h"

namespace parlour::audit {

enum class Coverage {
  kVerified,   // recorded, verified, covered
  kExempted,   // by reason and approver
  kDeleted,    // after its due date, with a receipt
  kForbidden,  // never recorded, as the type says
  kOptional,   // the type demands nothing
  kNoMedia,    // demanded, but media were stopped the whole time: there was nothing to record
  kPending,    // running, or its end is younger than the grace period: no verdict yet
  kViolation,
};
std::string_view to_text(Coverage coverage);

struct MeetingCoverage {
  std::string meeting;
  std::uint64_t started_seq = 0;
  Coverage coverage = Coverage::kPending;
  std::string reason;             // of a violation or a pending one, in words
  std::int64_t window_ms = 0;     // length of the meeting's window
  std::int64_t explained_ms = 0;  // not recorded, with an entry that says why
  std::int64_t uncovered_ms = 0;  // not recorded, unexplained
  std::vector<std::string> recordings;
};

struct CompletenessReport {
  std::vector<MeetingCoverage> meetings;  // in order of their start
  std::uint64_t required = 0, verified = 0, exempted = 0, deleted = 0, forbidden = 0, optional = 0,
                no_media = 0, pending = 0;
  std::uint64_t violations = 0;
  std::int64_t uncovered_ms = 0;
  // Effects that were announced (X.requested) and have neither an end nor a failure: seq and type.
  std::vector<std::pair<std::uint64_t, std::string>> open_requests;
};

struct CompletenessOptions {
  // A recording is sealed and verified by jobs after the end; until then no verdict. Measured against the
  // last entry.
  Duration grace = std::chrono::minutes(15);
  // Between the first two present and the recorder's first durable tick, and at the end.
  std::int64_t tolerance_ms = 2'000;
  // A meeting that never ends in the log is a violation after this time.
  Duration open_max = std::chrono::hours(24);
};

class CompletenessAudit {
 public:
  explicit CompletenessAudit(const CompletenessOptions& options = {}) : options_(options) {}
  CompletenessAudit(const CompletenessAudit&) = delete;  // last_ points into meetings_
  CompletenessAudit& operator=(const CompletenessAudit&) = delete;
  // Entries in order. Cheap for those that do not matter here.
  void observe(const EntryView& entry);
  CompletenessReport finish() const;

  // The manifest hash of the last recording.verified of each recording (hex), for the manifests of a bundle.
  struct VerifiedManifest {
    std::uint64_t seq = 0;
    std::string sha256_hex;
  };
  const std::map<std::string, VerifiedManifest, std::less<>>& manifests() const { return manifests_; }

 private:
  using Range = std::pair<std::int64_t, std::int64_t>;  // Unix milliseconds
  struct Recording {
    bool captured = false, sealed = false, verified = false, failed = false;
    std::vector<Range> intervals;
  };
  // A stretch that one entry opens and another closes.
  struct Stretch {
    std::vector<Range> closed;
    std::optional<std::int64_t> open_since;
    void open(std::int64_t at) {
      if (!open_since) open_since = at;
    }
    void close(std::int64_t at);
  };
  struct Meeting {
    std::optional<std::uint64_t> started_seq;
    std::int64_t from_ms = 0;
    std::optional<std::int64_t> to_ms;
    std::optional<std::int64_t> tolerance_ms;
    std::string demand;  // required | optional | never
    bool demand_changed = false;
    std::string agent;
    bool exempted = false, bad_exemption = false, deleted = false;
    std::optional<std::uint64_t> captured_seq;
    Stretch no_media;         // media.stopped, meeting.held: nothing was forwarded
    Stretch paused;           // recording.paused
    std::vector<Range> gaps;  // recording.gap
    std::map<std::string, Recording, std::less<>> recordings;
  };

  void observe_meeting(Meeting& meeting, const EntryView& entry, std::string_view event);
  void observe_recording(Meeting& meeting, const EntryView& entry, std::string_view event);
  MeetingCoverage judge(const std::string& id, const Meeting& meeting) const;

  CompletenessOptions options_;
  std::map<std::string, Meeting, std::less<>> meetings_;
  decltype(meetings_)::iterator last_ = meetings_.end();  // of the entry before
  std::map<std::string, VerifiedManifest, std::less<>> manifests_;
  std::map<std::uint64_t, std::string> open_requests_;
  std::int64_t last_ms_ = 0;
};

}  // namespace parlour::audit

// Completeness (from the leaves alone): every meeting whose type demands a recording has one that was sealed
// and, after that, opened and verified over the whole meeting; or an audited exemption; or a deletion with
// its receipt. No meeting whose type forbids one was recorded. A log that contradicts itself is named, each
// contradiction with a code of its own (finding.h).
//
// The window of a meeting runs from meeting.started to meeting.ended, by the times of these entries. What the
// verified intervals do not cover must be explained by entries of the log, each reason within its bounds
// (silences.h). What remains beyond the tolerance of the type's document is a violation. What is explained is
// counted by its reason and shown in the verdict: nothing but the log speaks for it.
//
// Memory: under 256 bytes a meeting, whatever the log says; what a meeting needs while it runs is let go when
// it is settled. Time: linear in the entries, but for a sort of one meeting's ranges. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/format/entry.h"
#include "audit/verify/finding.h"
#include "base/bytes.h"
#include "base/time.h"

namespace parlour::audit {

enum class Coverage : std::uint8_t {
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

// Milliseconds by why nothing was recorded; the words are those of the report.
enum class Silence : std::uint8_t { kHeld, kStopped, kServer, kPaused, kGap, kCount };
std::string_view to_text(Silence silence);
constexpr std::size_t kSilences = static_cast<std::size_t>(Silence::kCount);
using SilenceTimes = std::array<std::int64_t, kSilences>;

struct MeetingCoverage {
  std::string meeting;
  std::uint64_t started_seq = 0;  // of its first entry where it never started
  Coverage coverage = Coverage::kPending;
  std::vector<Finding> findings;
  std::string reason;             // of a violation or a pending one, in words
  std::int64_t window_ms = 0;     // length of the meeting's window
  std::int64_t explained_ms = 0;  // not recorded, with an entry that says why
  SilenceTimes explained{};       // the same, by its reason
  std::int64_t uncovered_ms = 0;  // not recorded, unexplained
  std::vector<std::string> recordings;
};

namespace completeness {

using Id = std::array<std::uint8_t, 16>;  // a UUID; of any other text the first half of its SHA-256
Id id_of(std::string_view text);
std::string id_text(const Id& id);

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::uint64_t kNoSeq = UINT64_MAX;
// A meeting has one; a log that lies about it may name some more.
constexpr std::uint8_t kRecordingsMax = 8;

// What is kept of each meeting and recording to the end.
struct Meeting {
  Id id{};
  std::uint64_t seq = kNoSeq;  // of meeting.started, else of the first entry that mattered
  std::uint64_t findings = 0;  // bits
  std::int64_t window_ms = 0, uncovered_ms = 0;
  std::array<std::uint32_t, kSilences> explained_ms{};
  std::int64_t ended_ms = INT64_MAX;
  std::uint32_t live = kNone;  // while it is not settled
  std::uint32_t recordings = kNone;
  Coverage coverage = Coverage::kPending;
  std::uint8_t recordings_count = 0;
  bool started = false, demanded = false, never = false, settled = false;
};
struct Recording {
  Id id{};
  std::uint64_t sealed_seq = kNoSeq, verified_seq = kNoSeq;
  std::int64_t captured_ms = INT64_MAX, sealed_ms = INT64_MIN;
  std::array<std::uint8_t, 8> sealed_mark{}, manifest_mark{};  // the beginnings of their hashes
  std::uint32_t meeting = kNone, next = kNone;
  bool requested = false, captured = false, verified = false, failed = false, no_segments = false;
};

// Where things stand by their id: numbers of a deque, found by open addressing.
class Index {
 public:
  // With a key that the log's writer does not know, nobody can choose ids that stand in one place.
  using Key = std::array<std::uint64_t, 2>;
  explicit Index(const Key& key) : key_(key) {}

  // The number of `id`, or kNone.
  template <class At>
  std::uint32_t find(const Id& id, const At& at) const {
    if (places_.empty()) return kNone;
    for (std::size_t place = hash(id) & (places_.size() - 1);; place = (place + 1) & (places_.size() - 1)) {
      if (places_[place] == kNone || at(places_[place]).id == id) return places_[place];
    }
  }
  template <class At>
  void add(std::uint32_t number, const At& at) {
    if (used_ * 3 >= places_.size() * 2) grow(at);
    put(number, at);
    ++used_;
  }

 private:
  std::size_t hash(const Id& id) const;
  template <class At>
  void put(std::uint32_t number, const At& at) {
    std::size_t place = hash(at(number).id) & (places_.size() - 1);
    while (places_[place] != kNone) place = (place + 1) & (places_.size() - 1);
    places_[place] = number;
  }
  template <class At>
  void grow(const At& at) {
    std::vector<std::uint32_t> before = std::exchange(
        places_, std::vector<std::uint32_t>(std::max<std::size_t>(64, places_.size() * 2), kNone));
    for (std::uint32_t number : before)
      if (number != kNone) put(number, at);
  }
  Key key_;
  std::vector<std::uint32_t> places_;
  std::size_t used_ = 0;
};

}  // namespace completeness

// The meetings in order of their start, each made when it is asked for.
class MeetingList {
 public:
  std::size_t size() const { return order_.size(); }
  bool empty() const { return order_.empty(); }
  MeetingCoverage at(std::size_t index) const;
  MeetingCoverage operator[](std::size_t index) const { return at(index); }
  // Without the recordings and the words: cheap.
  Coverage coverage(std::size_t index) const { return meetings_[order_.at(index)].coverage; }
  std::int64_t explained_ms(std::size_t index) const;

 private:
  friend class CompletenessAudit;
  std::deque<completeness::Meeting> meetings_;
  std::deque<completeness::Recording> recordings_;
  std::vector<std::uint32_t> order_;
};

struct CompletenessReport {
  MeetingList meetings;
  std::uint64_t required = 0, verified = 0, exempted = 0, deleted = 0, forbidden = 0, optional = 0,
                no_media = 0, pending = 0;
  std::uint64_t violations = 0;
  std::int64_t uncovered_ms = 0;
  // Of the meetings that must be recorded and are accounted for: what no recording holds, and of how many.
  SilenceTimes explained{};
  std::uint64_t explained_meetings = 0;
  // Effects that were announced (X.requested) and have neither an end nor a failure.
  std::uint64_t open_requests = 0;
  std::uint64_t first_open_request = 0;
  // What an older log does not say, in sentences.
  std::vector<std::string> not_checked;
};

struct CompletenessOptions {
  // A recording is sealed and verified by jobs after the end; until then no verdict. Measured against the
  // last entry.
  Duration grace = std::chrono::minutes(15);
  // Where the meeting states none: between the first two present and the recorder's first durable tick.
  std::int64_t tolerance_ms = 2'000;
  // The greatest that a type's document can have (meeting/type_policy.cpp).
  std::int64_t tolerance_max_ms = 600'000;
  // The longest that a type's document can have a call go on without its recording, and be held (the same).
  std::int64_t loss_end_max_ms = 600'000, hold_max_ms = 1'800'000;
  // A meeting that never ends in the log is a violation after this time.
  Duration open_max = std::chrono::hours(24);
  // Two people in a recorded Roster whose media never meet: an hour of trying at the most.
  Duration start_max = std::chrono::hours(1);
  // Meetings that are kept unsettled at once. An honest log has those of a day.
  std::size_t open_at_once_max = 65'536;
  // Drawn anew for each log of others.
  completeness::Index::Key index_key{0x243F6A8885A308D3u, 0x13198A2E03707344u};
};

class CompletenessAudit {
 public:
  explicit CompletenessAudit(const CompletenessOptions& options = {});
  ~CompletenessAudit();
  CompletenessAudit(const CompletenessAudit&) = delete;
  CompletenessAudit& operator=(const CompletenessAudit&) = delete;
  // Entries in order. Cheap for those that do not matter here.
  void observe(const EntryView& entry);

  // Where a recording stands in the log; nothing when the log has no verified one of that id.
  struct VerifiedRecording {
    std::uint64_t verified_seq = 0;
    std::uint64_t sealed_seq = completeness::kNoSeq;
    std::string meeting;
  };
  std::optional<VerifiedRecording> verified_recording(std::string_view id) const;
  std::uint64_t verified_recordings() const { return verified_count_; }
  // What the manifest of that recording contradicts; before finish().
  void contradicted(std::string_view recording, Finding finding);

  CompletenessReport finish();  // once

 private:
  struct Live;
  struct Published;

  completeness::Meeting& meeting_of(const EntryView& entry);
  std::uint32_t number_of(const completeness::Id& meeting) const;
  Live& live_of(completeness::Meeting& meeting);
  Live* known_live(const completeness::Meeting& meeting);
  void let_go(completeness::Meeting& meeting);
  // The silences and intervals of a meeting that is not settled; `change` may add a range.
  template <class Change>
  void change_ranges(completeness::Meeting& meeting, const Change& change);
  void catch_up(Live& live);
  void find(completeness::Meeting& meeting, Finding finding);

  void observe_type(const EntryView& entry);
  void observe_request(const EntryView& entry);
  void observe_request_end(const EntryView& entry);
  void observe_play(completeness::Meeting& meeting);
  void observe_meeting(completeness::Meeting& meeting, const EntryView& entry, std::string_view event);
  void observe_start(completeness::Meeting& meeting, const EntryView& entry);
  void observe_end(completeness::Meeting& meeting, const EntryView& entry);
  void observe_silence(completeness::Meeting& meeting, const EntryView& entry, std::string_view event);
  void observe_deletion(completeness::Meeting& meeting, const EntryView& entry);
  void observe_people(completeness::Meeting& meeting, const EntryView& entry);
  void observe_roster(completeness::Meeting& meeting, const EntryView& entry);
  void observe_exemption(completeness::Meeting& meeting, const EntryView& entry);
  void observe_recording(completeness::Meeting& meeting, const EntryView& entry, std::string_view event);
  void observe_late(completeness::Meeting& meeting, const EntryView& entry, std::string_view event);
  void observe_forbidden(completeness::Meeting& meeting, std::uint32_t seen);
  // Nothing: more than a meeting can have.
  completeness::Recording* recording_of(completeness::Meeting& meeting, const EntryView& entry);
  void first_packet(completeness::Meeting& meeting, const EntryView& entry);
  void gap(completeness::Meeting& meeting, const completeness::Recording& recording, const EntryView& entry);
  void seal(completeness::Meeting& meeting, completeness::Recording& recording, const EntryView& entry);
  void verify(completeness::Meeting& meeting, completeness::Recording& recording, const EntryView& entry);

  bool may_settle(const completeness::Meeting& meeting, const Live& live) const;
  void settle(completeness::Meeting& meeting);
  void judge(completeness::Meeting& meeting, Live& live);
  void judge_unstarted(completeness::Meeting& meeting, const Live& live);
  void cover(completeness::Meeting& meeting, Live& live);
  template <class Run>
  void each_recording(const completeness::Meeting& meeting, const Run& run) const {
    for (std::uint32_t i = meeting.recordings; i != completeness::kNone; i = recordings_[i].next)
      run(recordings_[i]);
  }

  CompletenessOptions options_;
  std::deque<completeness::Meeting> meetings_;
  std::deque<completeness::Recording> recordings_;
  completeness::Index meeting_index_, recording_index_;
  std::uint32_t last_ = completeness::kNone;  // entries of one meeting mostly stand together
  std::deque<Live> live_;
  std::vector<std::uint32_t> free_;
  std::uint32_t oldest_ = completeness::kNone, newest_ = completeness::kNone;  // of live_, by age
  std::size_t open_ = 0;
  std::uint64_t ranges_ = 0;

  std::unique_ptr<Published> published_;  // types and users
  std::uint64_t verified_count_ = 0;
  std::uint64_t without_tolerance_ = 0, without_type_ = 0;
  // Seq of requests, times two, and one more where it ended: rising.
  std::vector<std::uint64_t> requests_;
  std::uint64_t requests_ended_ = 0, requests_dropped_ = 0;
  // When the server began, and when the one before wrote its last entry. An honest log has a few thousand.
  std::vector<std::pair<std::int64_t, std::int64_t>> restarts_;
  std::int64_t last_ms_ = 0;    // of the newest entry
  std::int64_t seen_ms_ = 0;    // of the one before
  std::int64_t served_ms_ = 0;  // of the newest that a running server wrote
};

}  // namespace parlour::audit

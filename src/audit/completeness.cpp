#include "audit/verify/completeness.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_map>

#include "audit/format/canonical.h"
#include "audit/format/text.h"
#include "base/encoding.h"
#include "base/id.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace parlour::audit {

using completeness::Id;
using completeness::id_of;
using completeness::kNone;
using completeness::kNoSeq;
using completeness::Meeting;
using completeness::Recording;

namespace {

using Range = std::pair<std::int64_t, std::int64_t>;
using enum Finding;

// Two clocks, or one that was corrected: entries and what they say of times may differ by this.
constexpr std::int64_t kClockMs = 5'000;
// The duration is taken where the rules run, the time where the entry is written; a machine may be slow.
constexpr std::int64_t kDurationSlackMs = 90'000;
// What a log keeps unsettled at once. An honest one has the meetings of a day.
constexpr std::size_t kLiveMax = 65'536;
constexpr std::uint64_t kRangesMax = 400'000;
constexpr std::size_t kPublishedMax = 65'536;
constexpr std::size_t kRequestsMax = 500'000;

// What was said of a meeting, for the types that forbid it.
enum Seen : std::uint32_t {
  kSeenRequested = 1,
  kSeenCaptured = 2,
  kSeenFirstPacket = 4,
  kSeenSealed = 8,
  kSeenVerified = 16,
  kSeenOther = 32,
  kSeenPlayed = 64,
  kSeenRoster = 128,
};
struct Forbidden {
  Seen seen;
  Finding finding;
};
constexpr Forbidden kForbidden[] = {
    {kSeenRequested, kNeverRequested}, {kSeenCaptured, kNeverCaptured}, {kSeenFirstPacket, kNeverFirstPacket},
    {kSeenSealed, kNeverSealed},       {kSeenVerified, kNeverVerified}, {kSeenOther, kNeverEntry},
    {kSeenPlayed, kNeverPlayed},       {kSeenRoster, kNeverRoster},
};

std::int64_t to_ms(UtcTime time) {
  return time.us / 1000;
}

std::optional<std::int64_t> data_integer(const EntryView& entry, std::string_view name) {
  auto raw = find_member(entry.data, name);
  return raw ? plain_integer(*raw) : std::nullopt;
}
std::string_view data_string(const EntryView& entry, std::string_view name) {
  auto raw = find_member(entry.data, name);
  return raw ? plain_string(*raw).value_or("") : "";
}
std::string_view member_string(std::string_view object, std::string_view name) {
  auto raw = find_member(object, name);
  return raw ? plain_string(*raw).value_or("") : "";
}

std::vector<Range> data_ranges(const EntryView& entry, std::string_view name) {
  std::vector<Range> ranges;
  auto raw = find_member(entry.data, name);
  auto json = parse_json(raw.value_or("[]"));
  if (!json || json->as_array() == nullptr) return ranges;
  for (const Json& item : *json->as_array()) {
    const JsonArray* pair = item.as_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_integer() || !(*pair)[1].is_integer())
      continue;
    Range range{*(*pair)[0].as_integer(), *(*pair)[1].as_integer()};
    if (range.first < range.second) ranges.push_back(range);
  }
  return ranges;
}

// The parts of `whole` that none of `taken` covers.
std::vector<Range> subtract(const std::vector<Range>& whole, std::vector<Range> taken) {
  std::sort(taken.begin(), taken.end());
  std::vector<Range> left;
  for (auto [from, to] : whole) {
    for (const Range& range : taken) {
      if (range.second <= from) continue;
      if (range.first >= to) break;
      if (range.first > from) left.emplace_back(from, range.first);
      from = range.second;
      if (from >= to) break;
    }
    if (from < to) left.emplace_back(from, to);
  }
  return left;
}

std::int64_t length(const std::vector<Range>& ranges) {
  std::int64_t sum = 0;
  for (const Range& range : ranges) sum += range.second - range.first;
  return sum;
}

// Takes "meeting." and the like off; false when the name does not start so.
bool take_prefix(std::string_view& name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return false;
  name.remove_prefix(prefix.size());
  return true;
}

// The entries that tell how a recording came about, its subject being the recording.
bool is_of_recording(std::string_view event) {
  constexpr std::string_view kEvents[] = {"requested", "capture_started", "first_packet", "gap",
                                          "sealed",    "verified",        "failed"};
  return std::find(std::begin(kEvents), std::end(kEvents), event) != std::end(kEvents);
}

std::array<std::uint8_t, 8> mark_of(std::string_view hash_hex) {
  std::array<std::uint8_t, 8> mark{};
  if (auto bytes = from_hex(hash_hex.substr(0, 16)); bytes && bytes->size() == mark.size())
    std::copy(bytes->begin(), bytes->end(), mark.begin());
  return mark;
}

std::uint64_t bit(Finding finding) {
  return std::uint64_t{1} << static_cast<unsigned>(finding);
}

}  // namespace

namespace completeness {

Id id_of(std::string_view text) {
  Id id{};
  if (auto uuid = uuid_from_text(text)) {
    static_assert(sizeof(*uuid) == sizeof(Id));
    std::memcpy(id.data(), uuid->data(), id.size());
    return id;
  }
  const crypto::Hash256 hash = crypto::sha256(as_bytes(text));
  std::copy_n(hash.begin(), id.size(), id.begin());
  return id;
}

std::string id_text(const Id& id) {
  ByteArray<16> uuid{};
  std::memcpy(uuid.data(), id.data(), id.size());
  return uuid_to_text(uuid);
}

}  // namespace completeness

std::string_view to_text(Coverage coverage) {
  switch (coverage) {
    case Coverage::kVerified:
      return "verified";
    case Coverage::kExempted:
      return "exempted";
    case Coverage::kDeleted:
      return "deleted";
    case Coverage::kForbidden:
      return "forbidden";
    case Coverage::kOptional:
      return "optional";
    case Coverage::kNoMedia:
      return "no_media";
    case Coverage::kPending:
      return "pending";
    case Coverage::kViolation:
      return "violation";
  }
  return "";
}

// --- what a meeting needs while it is not settled

struct CompletenessAudit::Live {
  std::uint32_t meeting = kNone;
  std::uint32_t seen = 0;
  std::int64_t from_ms = 0, start_ms = 0;
  std::int64_t tolerance_ms = -1, pause_max_ms = -1;
  std::array<std::uint8_t, 8> policy{};
  Id agent{};
  std::int64_t no_media_since = INT64_MAX, paused_since = INT64_MAX;  // INT64_MAX: not open
  std::int64_t roster_ms = INT64_MAX;                                 // of a recorded one with two people
  std::int64_t duration_ms = -1;
  std::array<Id, 2> connected{};  // who is in the call; zero: nobody
  Id sender{};                    // of the first packet
  bool two_connected = false, two_senders = false;
  bool exempted = false, bad_exemption = false, deleted = false, over = false;
  struct Ranges {
    std::vector<Range> no_media, paused, gaps, intervals;
  };
  std::unique_ptr<Ranges> ranges;  // made when there is one

  Ranges& all() {
    if (!ranges) ranges = std::make_unique<Ranges>();
    return *ranges;
  }
};

struct CompletenessAudit::Published {
  struct Type {
    std::string demand;  // empty: an older log does not say
    std::int64_t tolerance_ms = -1, pause_max_ms = -1;
  };
  std::map<std::string, Type, std::less<>> types;  // by the hash of their document
  std::set<Id> users;
  bool any_type = false, users_whole = true;
};

CompletenessAudit::CompletenessAudit(const CompletenessOptions& options)
    : options_(options), published_(std::make_unique<Published>()) {}
CompletenessAudit::~CompletenessAudit() = default;

Meeting& CompletenessAudit::meeting_of(const EntryView& entry) {
  const Id id = id_of(entry.meeting);
  if (last_ != kNone && meetings_[last_].id == id) return meetings_[last_];
  auto at = [this](std::uint32_t number) -> const Meeting& { return meetings_[number]; };
  last_ = meeting_index_.find(id, at);
  if (last_ == kNone) {
    last_ = static_cast<std::uint32_t>(meetings_.size());
    meetings_.emplace_back();
    meetings_.back().id = id;
    meetings_.back().seq = entry.seq;
    meeting_index_.add(last_, at);
  }
  return meetings_[last_];
}

CompletenessAudit::Live& CompletenessAudit::live_of(Meeting& meeting) {
  if (meeting.live != kNone) return live_[meeting.live];
  // More than any honest log leaves open at once: the longest open ones are judged by what is known.
  if (live_.size() - free_.size() >= kLiveMax) {
    while (live_[evict_ % live_.size()].meeting == kNone) ++evict_;
    settle(meetings_[live_[evict_++ % live_.size()].meeting]);
  }
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(live_.size()));
    live_.emplace_back();
  }
  meeting.live = free_.back();
  free_.pop_back();
  Live& live = live_[meeting.live];
  live = Live();
  live.meeting = static_cast<std::uint32_t>(meeting_index_.find(
      meeting.id, [this](std::uint32_t number) -> const Meeting& { return meetings_[number]; }));
  return live;
}

void CompletenessAudit::add_range(Meeting& meeting, std::vector<Range>& ranges, Range range) {
  if (range.first >= range.second) return;
  if (ranges_ >= kRangesMax) return find(meeting, kTooManyRanges);
  ++ranges_;
  ranges.push_back(range);
}

void CompletenessAudit::find(Meeting& meeting, Finding finding) {
  meeting.findings |= bit(finding);
  if (meeting.settled) meeting.coverage = Coverage::kViolation;
}

// --- entries

void CompletenessAudit::observe(const EntryView& entry) {
  last_ms_ = std::max(last_ms_, to_ms(entry.time));
  std::string_view event = entry.type;
  if (entry.meeting.empty()) {
    if (event == "type.version_published") return observe_type(entry);
    if (event == "user.created" && entry.outcome == "ok") {
      if (published_->users.size() < kPublishedMax)
        published_->users.insert(id_of(member_string(entry.subject, "id")));
      else
        published_->users_whole = false;
    }
    return;
  }
  if (take_prefix(event, "recording.")) {
    if (observe_request(entry)) {
      if (event == "play_requested" || event == "download_requested") {
        Meeting& meeting = meeting_of(entry);
        if (meeting.settled)
          observe_forbidden(meeting, kSeenPlayed);
        else if (meeting.live != kNone)
          live_of(meeting).seen |= kSeenPlayed;
      }
      return;
    }
    Meeting& meeting = meeting_of(entry);
    return meeting.settled ? observe_late(meeting, entry, event) : observe_recording(meeting, entry, event);
  }
  if (take_prefix(event, "meeting.")) {
    if (event == "scheduled" || event == "cancelled") return;
    Meeting& meeting = meeting_of(entry);
    return meeting.settled ? observe_late(meeting, entry, event) : observe_meeting(meeting, entry, event);
  }
  if (event == "media.stopped" || event == "media.resumed") {
    Meeting& meeting = meeting_of(entry);
    return meeting.settled ? observe_late(meeting, entry, event) : observe_meeting(meeting, entry, event);
  }
  if (event == "deletion.executed") return observe_deletion(meeting_of(entry), entry);
  const bool about_people = event == "roster.accepted" || event == "share.started" ||
                            event == "waiting.admitted" || event.substr(0, 12) == "participant.";
  if (about_people && event != "participant.check_failed") observe_people(meeting_of(entry), entry);
}

// Plays and downloads that were announced. True: the entry was one of these.
bool CompletenessAudit::observe_request(const EntryView& entry) {
  const std::string_view event = entry.type;
  if (event == "recording.play_requested" || event == "recording.download_requested") {
    if (requests_.size() >= kRequestsMax) std::erase(requests_, kNoSeq);
    if (requests_.size() >= kRequestsMax)
      ++requests_dropped_;
    else
      requests_.push_back(entry.seq);
    return true;
  }
  if (event != "recording.played" && event != "recording.downloaded") return false;
  auto request = data_integer(entry, "request");
  if (!request || *request < 0) return true;
  // Those that ended leave a hole in the list, which is taken out when it is full.
  auto found = std::find_if(requests_.rbegin(), requests_.rend(), [&](std::uint64_t seq) {
    return seq != kNoSeq && seq <= static_cast<std::uint64_t>(*request);
  });
  if (found != requests_.rend() && *found == static_cast<std::uint64_t>(*request)) *found = kNoSeq;
  while (!requests_.empty() && requests_.back() == kNoSeq) requests_.pop_back();
  return true;
}

void CompletenessAudit::observe_type(const EntryView& entry) {
  published_->any_type = true;
  std::string_view hash = data_string(entry, "policy_sha256");
  if (hash.empty() || entry.outcome != "ok" || published_->types.size() >= kPublishedMax) return;
  Published::Type type;
  type.demand = std::string(data_string(entry, "recording").substr(0, 16));
  if (auto tolerance = data_integer(entry, "tolerance_ms")) type.tolerance_ms = *tolerance;
  if (auto pause = data_integer(entry, "pause_max_s")) type.pause_max_ms = *pause * 1000;
  published_->types.emplace(std::string(hash), std::move(type));  // the first word on a document stands
}

void CompletenessAudit::observe_start(Meeting& meeting, const EntryView& entry) {
  const std::int64_t at = to_ms(entry.time);
  const std::string_view demand = data_string(entry, "recording"),
                         policy = data_string(entry, "policy_sha256");
  Live& live = live_of(meeting);
  if (meeting.started) {
    // Taken up again after a restart: the window runs on.
    const bool same = meeting.never      ? demand == "never"
                      : meeting.demanded ? demand != "never" && demand != "optional"
                                         : demand == "optional";
    if (!same) find(meeting, kDemandChanged);
    if (mark_of(policy) != live.policy) find(meeting, kTypeChanged);
    return;
  }
  meeting.started = true;
  meeting.seq = entry.seq;
  meeting.never = demand == "never";
  meeting.demanded = !meeting.never && demand != "optional";
  // Anything else than the three known words is treated as the strictest.
  if (meeting.demanded && demand != "required") find(meeting, kDemandUnknown);
  live.policy = mark_of(policy);
  live.agent = id_of(data_string(entry, "agent"));
  live.start_ms = at;
  live.from_ms = data_integer(entry, "first_two_present").value_or(at);
  if (live.from_ms > at + kClockMs) find(meeting, kStartedLate);

  const auto stated = data_integer(entry, "tolerance_ms");
  live.tolerance_ms = stated.value_or(options_.tolerance_ms);
  std::int64_t most = options_.tolerance_max_ms;
  auto published = published_->types.find(policy);
  if (published == published_->types.end()) {
    if (published_->any_type)
      find(meeting, kTypeUnpublished);
    else if (meeting.demanded)
      ++without_type_;
  } else {
    const Published::Type& type = published->second;
    if (!type.demand.empty() && type.demand != demand) find(meeting, kTypeDemand);
    if (type.tolerance_ms >= 0)
      most = std::min(most, type.tolerance_ms);
    else if (meeting.demanded)
      ++without_tolerance_;
    live.pause_max_ms = type.pause_max_ms;
  }
  if (stated && *stated > most) find(meeting, kToleranceBeyondType);
  live.tolerance_ms = std::min(live.tolerance_ms, most);
}

void CompletenessAudit::observe_end(Meeting& meeting, const EntryView& entry) {
  const std::int64_t at = to_ms(entry.time);
  const std::int64_t ended = data_integer(entry, "ended_at").value_or(at);
  Live& live = live_of(meeting);
  if (meeting.ended_ms != INT64_MAX) return find(meeting, kEndedTwice);
  meeting.ended_ms = ended;
  live.duration_ms = data_integer(entry, "duration_ms").value_or(-1);
  if (ended < at - kClockMs) find(meeting, kEndedEarly);
  if (!meeting.started) return;
  if (ended < live.from_ms) find(meeting, kWindowReversed);
  const std::int64_t lasted = at - live.start_ms;
  if (live.duration_ms >= 0 && std::abs(live.duration_ms - lasted) > kDurationSlackMs)
    find(meeting, kDurationContradicts);
  if (may_settle(meeting, live)) settle(meeting);
}

void CompletenessAudit::observe_meeting(Meeting& meeting, const EntryView& entry, std::string_view event) {
  const std::int64_t at = to_ms(entry.time);
  const bool after_end = meeting.ended_ms != INT64_MAX && at > meeting.ended_ms + kClockMs;
  Live& live = live_of(meeting);
  if (event == "started" || event == "ended") {
    if (entry.outcome != "ok") return find(meeting, kEntryRefused);
    if (event == "ended") return observe_end(meeting, entry);
    if (after_end) find(meeting, kActivityAfterEnd);
    observe_start(meeting, entry);
  } else if (event == "expired") {
    live.over = true;
  } else if (event == "held" || event == "media.stopped") {
    if (live.no_media_since == INT64_MAX)
      live.no_media_since = event == "held" ? data_integer(entry, "from").value_or(at) : at;
  } else if (event == "resumed" || event == "media.resumed") {
    if (after_end) find(meeting, kActivityAfterEnd);
    if (live.no_media_since != INT64_MAX) add_range(meeting, live.all().no_media, {live.no_media_since, at});
    live.no_media_since = INT64_MAX;
  }
}

void CompletenessAudit::observe_people(Meeting& meeting, const EntryView& entry) {
  const std::int64_t at = to_ms(entry.time);
  const std::string_view event = entry.type;
  const bool leaves =
      event == "participant.left" || event == "participant.lost" || event == "participant.removed";
  if (meeting.ended_ms != INT64_MAX && at > meeting.ended_ms + kClockMs && !leaves &&
      event != "participant.joined")
    find(meeting, kActivityAfterEnd);
  if (meeting.settled) {
    if (event == "roster.accepted" && data_string(entry, "mode") == "recorded")
      observe_forbidden(meeting, kSeenRoster);
    return;
  }
  if (event == "roster.accepted") {
    const std::string_view mode = data_string(entry, "mode");
    if (mode != "recorded" && mode != "paused") return;
    Live& live = live_of(meeting);
    live.seen |= kSeenRoster;
    if (data_integer(entry, "members").value_or(2) >= 2) live.roster_ms = std::min(live.roster_ms, at);
    return;
  }
  if (event != "participant.connected" && !leaves) return;
  if (leaves && meeting.live == kNone) return;
  const Id who = id_of(member_string(entry.subject, "id"));
  Live& live = live_of(meeting);
  for (Id& present : live.connected)
    if (present == who) present = Id{};
  if (leaves) return;
  (live.connected[0] == Id{} ? live.connected[0] : live.connected[1]) = who;
  live.two_connected |= live.connected[0] != Id{} && live.connected[1] != Id{};
}

void CompletenessAudit::observe_exemption(Meeting& meeting, const EntryView& entry) {
  Live& live = live_of(meeting);
  const std::string_view approver = data_string(entry, "approver");
  const bool by_another =
      !approver.empty() && approver != member_string(entry.actor, "id") && id_of(approver) != live.agent;
  if (entry.outcome != "ok") {
    find(meeting, kEntryRefused);
  } else if (!by_another || data_string(entry, "reason").empty()) {
    live.bad_exemption = true;
  } else if (!published_->users.empty() && published_->users_whole &&
             !published_->users.contains(id_of(approver))) {
    find(meeting, kExemptionUnknownApprover);
  } else {
    live.exempted = true;
  }
}

void CompletenessAudit::observe_deletion(Meeting& meeting, const EntryView& entry) {
  if (entry.outcome != "ok") return find(meeting, kEntryRefused);
  const auto due = data_integer(entry, "due");
  bool any = false, all = true;
  each_recording(meeting, [&](const Recording& recording) {
    any = true;
    all = all && recording.sealed_seq != kNoSeq && recording.verified;
  });
  if (!any || !all) find(meeting, kDeletionUnrecorded);
  if (!find_member(entry.data, "receipt")) find(meeting, kDeletionNoReceipt);
  if (!due || *due > to_ms(entry.time)) find(meeting, kDeletionEarly);
  if (!meeting.settled)
    live_of(meeting).deleted = true;
  else if (meeting.coverage == Coverage::kVerified)
    meeting.coverage = Coverage::kDeleted;
}

Recording& CompletenessAudit::recording_of(Meeting& meeting, const EntryView& entry) {
  const Id id = id_of(member_string(entry.subject, "id"));
  auto at = [this](std::uint32_t number) -> const Recording& { return recordings_[number]; };
  const auto meeting_number = meeting_index_.find(
      meeting.id, [this](std::uint32_t number) -> const Meeting& { return meetings_[number]; });
  std::uint32_t number = recording_index_.find(id, at);
  if (number == kNone) {
    number = static_cast<std::uint32_t>(recordings_.size());
    Recording recording;
    recording.id = id;
    recording.meeting = meeting_number;
    recording.next = std::exchange(meeting.recordings, number);
    recordings_.push_back(recording);
    recording_index_.add(number, at);
  } else if (recordings_[number].meeting != meeting_number) {
    // One recording, one meeting: whoever claims it second is no better than the first.
    find(meeting, kRecordingShared);
    find(meetings_[recordings_[number].meeting], kRecordingShared);
  }
  return recordings_[number];
}

void CompletenessAudit::observe_recording(Meeting& meeting, const EntryView& entry, std::string_view event) {
  const std::int64_t at = to_ms(entry.time);
  Live& live = live_of(meeting);
  if (event == "exempted") {
    live.seen |= kSeenOther;
    return observe_exemption(meeting, entry);
  }
  if (event == "paused" || event == "resumed") {
    live.seen |= kSeenOther;
    if (event == "paused") {
      if (live.paused_since == INT64_MAX) live.paused_since = at;
    } else if (live.paused_since != INT64_MAX) {
      add_range(meeting, live.all().paused, {live.paused_since, at});
      live.paused_since = INT64_MAX;
    }
    return;
  }
  if (!is_of_recording(event)) {
    // Plays, downloads and what later versions know: nothing about how it came about.
    if (event.substr(0, 4) != "play" && event.substr(0, 8) != "download") live.seen |= kSeenOther;
    return;
  }
  Recording& recording = recording_of(meeting, entry);
  if (event == "requested") {
    live.seen |= kSeenRequested;
    recording.requested = true;
    recording.captured_ms = std::min(recording.captured_ms, at);
  } else if (event == "capture_started") {
    live.seen |= kSeenCaptured;
    recording.captured = true;
    recording.captured_ms = std::min(recording.captured_ms, at);
  } else if (event == "first_packet") {
    live.seen |= kSeenFirstPacket;
    const std::string_view track = data_string(entry, "track");
    const std::string_view who = track.substr(0, track.find('/'));
    if (!who.empty() && who != "unknown") {
      if (live.sender == Id{}) live.sender = id_of(who);
      live.two_senders |= live.sender != id_of(who);
    }
  } else if (event == "gap") {
    live.seen |= kSeenOther;
    auto from = data_integer(entry, "from"), to = data_integer(entry, "to");
    if (entry.outcome != "ok") return find(meeting, kEntryRefused);
    if (!recording.captured && !recording.requested) find(meeting, kGapUnrecorded);
    if (recording.sealed_seq != kNoSeq) find(meeting, kGapAfterSealed);
    if (to && *to > at + kClockMs) find(meeting, kGapFuture);
    if (from && to) add_range(meeting, live.all().gaps, {*from, *to});
  } else if (event == "sealed") {
    live.seen |= kSeenSealed;
    if (entry.outcome != "ok") return find(meeting, kEntryRefused);
    seal(meeting, recording, entry);
  } else if (event == "verified") {
    live.seen |= kSeenVerified;
    if (entry.outcome != "ok") return find(meeting, kEntryRefused);
    verify(meeting, recording, entry);
  } else if (event == "failed") {
    live.seen |= kSeenOther;
    recording.failed = true;
  } else {
    live.seen |= kSeenOther;
  }
}

void CompletenessAudit::seal(Meeting& meeting, Recording& recording, const EntryView& entry) {
  const auto mark = mark_of(data_string(entry, "last_hash"));
  if (recording.sealed_seq != kNoSeq && recording.sealed_mark != mark) find(meeting, kRecordingSealedTwice);
  if (recording.verified && recording.verified_seq < entry.seq) find(meeting, kRecordingOrder);
  if (recording.sealed_seq != kNoSeq) return;
  recording.sealed_seq = entry.seq;
  recording.sealed_ms = to_ms(entry.time);
  recording.sealed_mark = mark;
  recording.no_segments = data_integer(entry, "segments").value_or(0) < 1;
}

void CompletenessAudit::verify(Meeting& meeting, Recording& recording, const EntryView& entry) {
  const auto mark = mark_of(data_string(entry, "manifest_sha256"));
  if (recording.verified) {
    if (recording.manifest_mark != mark) find(meeting, kRecordingVerifiedTwice);
    return;
  }
  recording.verified = true;
  recording.verified_seq = entry.seq;
  recording.manifest_mark = mark;
  ++verified_count_;
  Live& live = live_of(meeting);
  const std::vector<Range> intervals = data_ranges(entry, "intervals");
  if (!intervals.empty()) {
    // A server that was killed while its first part began has not said so; what it holds is a moment.
    if (!recording.captured && length(intervals) > kClockMs) find(meeting, kRecordingNotCaptured);
    if (recording.sealed_seq != kNoSeq && recording.no_segments) find(meeting, kRecordingNoSegments);
    const std::int64_t latest = recording.sealed_seq != kNoSeq ? recording.sealed_ms : to_ms(entry.time);
    for (const Range& range : intervals)
      if ((recording.captured && range.first < recording.captured_ms - kClockMs) ||
          range.second > latest + kClockMs)
        find(meeting, kRecordingOutside);
  }
  for (const Range& range : intervals) add_range(meeting, live.all().intervals, range);
  if (may_settle(meeting, live)) settle(meeting);
}

void CompletenessAudit::observe_forbidden(Meeting& meeting, std::uint32_t seen) {
  if (!meeting.never) return;
  for (const Forbidden& one : kForbidden)
    if ((seen & one.seen) != 0) find(meeting, one.finding);
}

// Whatever comes after the verdict of a meeting whose recording was verified.
void CompletenessAudit::observe_late(Meeting& meeting, const EntryView& entry, std::string_view event) {
  if (event == "started" || event == "media.resumed") return find(meeting, kActivityAfterEnd);
  if (event == "ended") return find(meeting, kEndedTwice);
  if (event == "held" || event == "media.stopped" || event == "expired") return;
  if (event == "resumed" && entry.type == "meeting.resumed") return find(meeting, kActivityAfterEnd);
  if (meeting.never) {
    if (event.substr(0, 4) == "play" || event.substr(0, 8) == "download") return;
    const std::uint32_t seen = event == "requested"         ? kSeenRequested
                               : event == "capture_started" ? kSeenCaptured
                               : event == "first_packet"    ? kSeenFirstPacket
                               : event == "sealed"          ? kSeenSealed
                               : event == "verified"        ? kSeenVerified
                                                            : kSeenOther;
    return observe_forbidden(meeting, seen);
  }
  if (!is_of_recording(event)) return;
  Recording& recording = recording_of(meeting, entry);
  if (event == "sealed") {
    if (recording.sealed_seq != kNoSeq && recording.sealed_mark != mark_of(data_string(entry, "last_hash")))
      find(meeting, kRecordingSealedTwice);
    if (recording.verified && recording.sealed_seq == kNoSeq) find(meeting, kRecordingOrder);
  } else if (event == "verified") {
    if (recording.verified && recording.manifest_mark != mark_of(data_string(entry, "manifest_sha256")))
      find(meeting, kRecordingVerifiedTwice);
  } else if (event == "gap") {
    find(meeting, kGapAfterSealed);
  }
  find(meeting, kEntryAfterSettled);
}

// --- verdicts

bool CompletenessAudit::may_settle(const Meeting& meeting, const Live& live) const {
  if (!meeting.started || meeting.ended_ms == INT64_MAX) return false;
  bool any = false;
  for (std::uint32_t i = meeting.recordings; i != kNone; i = recordings_[i].next) {
    const Recording& recording = recordings_[i];
    if (!recording.verified || recording.sealed_seq == kNoSeq) return false;
    any = true;
  }
  return any || (!meeting.demanded && live.seen == 0) || (meeting.never && !any);
}

void CompletenessAudit::settle(Meeting& meeting) {
  if (meeting.live == kNone) return;
  Live& live = live_[meeting.live];
  if (meeting.started)
    judge(meeting, live);
  else
    judge_unstarted(meeting, live);
  if (meeting.findings != 0) meeting.coverage = Coverage::kViolation;
  meeting.settled = true;
  if (live.ranges)
    ranges_ -= live.ranges->no_media.size() + live.ranges->paused.size() + live.ranges->gaps.size() +
               live.ranges->intervals.size();
  live = Live();
  free_.push_back(std::exchange(meeting.live, kNone));
}

// Whoever met in a call that named a recorder had a meeting, and that one must have started. Only a call in
// which the second person's media never came has none; then it lasted for no time.
void CompletenessAudit::judge_unstarted(Meeting& meeting, const Live& live) {
  meeting.coverage = Coverage::kOptional;
  if (live.two_connected) find(meeting, kConnectedWithoutStart);
  if (live.two_senders) find(meeting, kPacketsWithoutStart);
  if (meeting.ended_ms != INT64_MAX) {
    if (live.duration_ms > 0) find(meeting, kDurationWithoutStart);
  } else if (live.roster_ms != INT64_MAX &&
             (live.over || last_ms_ - live.roster_ms > options_.start_max.count() / 1000)) {
    find(meeting, kRosterWithoutStart);
  }
}

void CompletenessAudit::cover(Meeting& meeting, Live& live) {
  const std::int64_t end = meeting.ended_ms != INT64_MAX ? meeting.ended_ms : last_ms_;
  Live::Ranges& ranges = live.all();
  if (live.no_media_since < end) ranges.no_media.emplace_back(live.no_media_since, end);
  if (live.paused_since < end) ranges.paused.emplace_back(live.paused_since, end);
  bool any_verified = false;
  each_recording(meeting, [&](const Recording& recording) { any_verified |= recording.verified; });
  meeting.window_ms = std::max<std::int64_t>(0, end - live.from_ms);
  std::vector<Range> window;
  if (live.from_ms < end) window.emplace_back(live.from_ms, end);
  // Without any verified recording a gap explains nothing: only that no media flowed does.
  std::vector<Range> explained = ranges.no_media;
  if (any_verified) {
    explained.insert(explained.end(), ranges.paused.begin(), ranges.paused.end());
    // Nobody was in a recording that holds nothing: what it lacks is no gap, but the recording.
    const std::vector<Range> flowing = subtract(window, explained);
    if (length(flowing) > live.tolerance_ms && length(subtract(flowing, ranges.intervals)) == length(flowing))
      find(meeting, kRecordingEmpty);
    explained.insert(explained.end(), ranges.gaps.begin(), ranges.gaps.end());
  }
  if (live.pause_max_ms >= 0 && length(ranges.paused) > live.pause_max_ms + kClockMs)
    find(meeting, kPauseBeyondType);
  const std::vector<Range> unrecorded = subtract(window, ranges.intervals);
  meeting.uncovered_ms = length(subtract(unrecorded, explained));
  meeting.explained_ms = length(unrecorded) - meeting.uncovered_ms;
}

void CompletenessAudit::judge(Meeting& meeting, Live& live) {
  if (meeting.never) {
    observe_forbidden(meeting, live.seen);
    meeting.coverage = Coverage::kForbidden;
    return;
  }
  bool any = false, any_verified = false, waiting = false, failed = false;
  each_recording(meeting, [&](const Recording& recording) {
    any |= recording.captured || recording.sealed_seq != kNoSeq;
    any_verified |= recording.verified;
    const bool held = recording.captured || recording.sealed_seq != kNoSeq;
    waiting |= held && !recording.verified && !recording.failed;
    failed |= recording.failed && !recording.verified;
    if (recording.verified && recording.sealed_seq == kNoSeq) find(meeting, kRecordingNotSealed);
  });
  if (!meeting.demanded) {
    meeting.coverage = Coverage::kOptional;
    return;
  }
  const std::int64_t grace_ms = options_.grace.count() / 1000, open_max_ms = options_.open_max.count() / 1000;
  cover(meeting, live);
  const bool ended = meeting.ended_ms != INT64_MAX;
  if (live.exempted) {
    meeting.coverage = Coverage::kExempted;
  } else if (live.deleted) {
    meeting.coverage = Coverage::kDeleted;
  } else if (!ended) {
    meeting.coverage = Coverage::kPending;
    if (last_ms_ - live.from_ms >= open_max_ms) find(meeting, kNeverEnded);
  } else if (any_verified) {
    meeting.coverage = Coverage::kVerified;
    if (meeting.uncovered_ms > live.tolerance_ms) {
      if (waiting && last_ms_ - meeting.ended_ms < grace_ms)
        meeting.coverage = Coverage::kPending;
      else
        find(meeting, kUncovered);
    }
  } else if (meeting.uncovered_ms == 0 && !waiting && (live.seen & kSeenFirstPacket) == 0) {
    // No tolerance here: two seconds that were seen and heard without any recording are a violation.
    meeting.coverage = Coverage::kNoMedia;
  } else if (waiting && last_ms_ - meeting.ended_ms < grace_ms) {
    meeting.coverage = Coverage::kPending;
  } else if (live.bad_exemption) {
    find(meeting, kExemptionUnapproved);
  } else {
    find(meeting, !any ? kRecordingMissing : failed ? kRecordingFailed : kRecordingUnsettled);
  }
}

std::optional<CompletenessAudit::VerifiedRecording> CompletenessAudit::verified_recording(
    std::string_view id) const {
  const std::uint32_t number = recording_index_.find(
      id_of(id), [this](std::uint32_t at) -> const Recording& { return recordings_[at]; });
  if (number == kNone || !recordings_[number].verified) return std::nullopt;
  const Recording& recording = recordings_[number];
  return VerifiedRecording{recording.verified_seq, recording.sealed_seq,
                           completeness::id_text(meetings_[recording.meeting].id)};
}

void CompletenessAudit::contradicted(std::string_view recording, Finding finding) {
  const std::uint32_t number = recording_index_.find(
      id_of(recording), [this](std::uint32_t at) -> const Recording& { return recordings_[at]; });
  if (number == kNone) return;
  Meeting& meeting = meetings_[recordings_[number].meeting];
  // Of a meeting that started there is nothing to say about its start.
  if (finding == kVerifiedWithoutStart && meeting.started) return;
  if (!meeting.settled) (void)live_of(meeting);
  find(meeting, finding);
}

CompletenessReport CompletenessAudit::finish() {
  CompletenessReport report;
  for (std::size_t i = 0; i < meetings_.size(); ++i) {
    settle(meetings_[i]);
    const Meeting& meeting = meetings_[i];
    if (!meeting.started && meeting.findings == 0) continue;
    report.meetings.order_.push_back(static_cast<std::uint32_t>(i));
    switch (meeting.coverage) {
      case Coverage::kVerified:
        ++report.verified;
        break;
      case Coverage::kExempted:
        ++report.exempted;
        break;
      case Coverage::kDeleted:
        ++report.deleted;
        break;
      case Coverage::kForbidden:
        ++report.forbidden;
        break;
      case Coverage::kOptional:
        ++report.optional;
        break;
      case Coverage::kNoMedia:
        ++report.no_media;
        break;
      case Coverage::kPending:
        ++report.pending;
        break;
      case Coverage::kViolation:
        ++report.violations;
        report.uncovered_ms += meeting.uncovered_ms;
        break;
    }
    if (meeting.demanded) ++report.required;
  }
  report.meetings.meetings_ = std::move(meetings_);
  report.meetings.recordings_ = std::move(recordings_);
  std::sort(report.meetings.order_.begin(), report.meetings.order_.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              return report.meetings.meetings_[a].seq < report.meetings.meetings_[b].seq;
            });
  std::erase(requests_, kNoSeq);
  report.open_requests = requests_.size() + requests_dropped_;
  if (!requests_.empty()) report.first_open_request = requests_.front();
  if (without_type_ > 0)
    report.not_checked.push_back(
        "Whether " + std::to_string(without_type_) +
        " meetings demanded what their type says: this log names no published type.");
  if (without_tolerance_ > 0)
    report.not_checked.push_back("Whether the tolerance of " + std::to_string(without_tolerance_) +
                                 " meetings is their type's: the type was published by an older version, "
                                 "which did not write it down. It "
                                 "was held against the greatest that a type can have, " +
                                 std::to_string(options_.tolerance_max_ms / 1000) + " s.");
  return report;
}

MeetingCoverage MeetingList::at(std::size_t index) const {
  const Meeting& meeting = meetings_[order_.at(index)];
  MeetingCoverage out;
  out.meeting = completeness::id_text(meeting.id);
  out.started_seq = meeting.seq;
  out.coverage = meeting.coverage;
  out.window_ms = meeting.window_ms;
  out.explained_ms = meeting.explained_ms;
  out.uncovered_ms = meeting.uncovered_ms;
  for (unsigned i = 0; i < static_cast<unsigned>(kCount); ++i)
    if ((meeting.findings >> i & 1) != 0) out.findings.push_back(static_cast<Finding>(i));
  if (!out.findings.empty()) {
    out.reason = out.findings.front() == kUncovered ? std::to_string(meeting.uncovered_ms) +
                                                          " ms are neither recorded nor explained by the log"
                                                    : std::string(sentence_of(out.findings.front()));
  } else if (meeting.coverage == Coverage::kPending) {
    out.reason =
        meeting.ended_ms == INT64_MAX ? "it had not ended yet" : "its recording was not verified yet";
  }
  for (std::uint32_t i = meeting.recordings; i != kNone; i = recordings_[i].next)
    if (recordings_[i].captured || recordings_[i].verified || recordings_[i].sealed_seq != kNoSeq)
      out.recordings.push_back(completeness::id_text(recordings_[i].id));
  return out;
}

}  // namespace parlour::audit

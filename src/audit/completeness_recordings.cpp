// What a log says of recordings: how each came about, in which order, and whether it may be there at all.
#include <algorithm>

#include "base/json.h"
#include "completeness_live.h"

namespace parlour::audit {

using completeness::Id;
using completeness::id_of;
using completeness::kNone;
using completeness::kNoSeq;
using completeness::kRecordingsMax;
using completeness::Meeting;
using completeness::Recording;
using enum Finding;

namespace {

// More recordings than meetings, in the whole log.
constexpr std::size_t kExtraRecordingsMax = 65'536;

// The entries "recording.…". Those that tell how one came about have it as their subject.
struct Event {
  std::string_view name;
  Seen seen;
};
constexpr Event kEvents[] = {
    {"requested", kSeenRequested},
    {"capture_started", kSeenCaptured},
    {"first_packet", kSeenFirstPacket},
    {"gap", kSeenOther},
    {"sealed", kSeenSealed},
    {"verified", kSeenVerified},
    {"failed", kSeenOther},
};
const Event* event_of_recording(std::string_view name) {
  auto found = std::find_if(std::begin(kEvents), std::end(kEvents),
                            [name](const Event& event) { return event.name == name; });
  return found != std::end(kEvents) ? found : nullptr;
}
// Of plays and downloads nothing is said about how it came about.
std::uint32_t seen_of(std::string_view name) {
  if (const Event* event = event_of_recording(name)) return event->seen;
  return name.substr(0, 4) == "play" || name.substr(0, 8) == "download" ? 0u : std::uint32_t{kSeenOther};
}

struct Forbidden {
  Seen seen;
  Finding finding;
};
constexpr Forbidden kForbidden[] = {
    {kSeenRequested, kNeverRequested}, {kSeenCaptured, kNeverCaptured}, {kSeenFirstPacket, kNeverFirstPacket},
    {kSeenSealed, kNeverSealed},       {kSeenVerified, kNeverVerified}, {kSeenOther, kNeverEntry},
    {kSeenPlayed, kNeverPlayed},       {kSeenRoster, kNeverRoster},
};

Ranges ranges_of(const EntryView& entry, std::string_view name) {
  Ranges ranges;
  auto json = parse_json(find_member(entry.data, name).value_or("[]"));
  if (!json || json->as_array() == nullptr) return ranges;
  for (const Json& item : *json->as_array()) {
    const JsonArray* pair = item.as_array();
    if (pair != nullptr && pair->size() == 2 && (*pair)[0].is_integer() && (*pair)[1].is_integer())
      ranges.emplace_back(*(*pair)[0].as_integer(), *(*pair)[1].as_integer());
  }
  return joined(std::move(ranges));
}

}  // namespace

Recording* CompletenessAudit::recording_of(Meeting& meeting, const EntryView& entry) {
  const Id id = id_of(string_of(entry.subject, "id"));
  auto at = [this](std::uint32_t number) -> const Recording& { return recordings_[number]; };
  const std::uint32_t meeting_number = number_of(meeting.id);
  std::uint32_t number = recording_index_.find(id, at);
  if (number == kNone) {
    if (meeting.recordings_count >= kRecordingsMax ||
        recordings_.size() >= meetings_.size() + kExtraRecordingsMax) {
      find(meeting, kTooManyRecordings);
      return nullptr;
    }
    ++meeting.recordings_count;
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
  return &recordings_[number];
}

void CompletenessAudit::observe_recording(Meeting& meeting, const EntryView& entry, std::string_view event) {
  const std::int64_t at = ms_of(entry);
  live_of(meeting).seen |= seen_of(event);
  if (event == "exempted") return observe_exemption(meeting, entry);
  if (event == "paused" || event == "resumed")
    return change_ranges(meeting, [&](Live::Times& times) {
      event == "paused" ? times.silences.pause(at) : times.silences.unpause(at);
    });
  if (event_of_recording(event) == nullptr) return;
  Recording* recording = recording_of(meeting, entry);
  if (recording == nullptr) return;
  if (event == "requested" || event == "capture_started") {
    (event == "requested" ? recording->requested : recording->captured) = true;
    recording->captured_ms = std::min(recording->captured_ms, at);
  } else if (event == "first_packet") {
    first_packet(meeting, entry);
  } else if (event == "failed") {
    recording->failed = true;
  } else if (entry.outcome != "ok") {
    find(meeting, kEntryRefused);
  } else if (event == "gap") {
    gap(meeting, *recording, entry);
  } else if (event == "sealed") {
    seal(meeting, *recording, entry);
  } else {
    verify(meeting, *recording, entry);
  }
}

void CompletenessAudit::first_packet(Meeting& meeting, const EntryView& entry) {
  Live& live = live_of(meeting);
  if (live.times && live.times->silences.held() &&
      ms_of(entry) > live.times->silences.held_since() + kClockMs)
    find(meeting, kStoppedRecorded);
  const std::string_view track = string_of(entry.data, "track");
  const std::string_view who = track.substr(0, track.find('/'));
  if (who.empty() || who == "unknown") return;
  if (live.sender == Id{}) live.sender = id_of(who);
  live.two_senders |= live.sender != id_of(who);
}

void CompletenessAudit::gap(Meeting& meeting, const Recording& recording, const EntryView& entry) {
  const auto from = integer_of(entry.data, "from"), to = integer_of(entry.data, "to");
  if (!recording.captured && !recording.requested) find(meeting, kGapUnrecorded);
  if (recording.sealed_seq != kNoSeq) find(meeting, kGapAfterSealed);
  if (to && *to > ms_of(entry) + kClockMs) find(meeting, kGapFuture);
  if (from && to) change_ranges(meeting, [&](Live::Times& times) { times.silences.gap(*from, *to); });
}

void CompletenessAudit::seal(Meeting& meeting, Recording& recording, const EntryView& entry) {
  const auto mark = mark_of(string_of(entry.data, "last_hash"));
  if (recording.sealed_seq != kNoSeq && recording.sealed_mark != mark) find(meeting, kRecordingSealedTwice);
  if (recording.verified && recording.verified_seq < entry.seq) find(meeting, kRecordingOrder);
  if (recording.sealed_seq != kNoSeq) return;
  recording.sealed_seq = entry.seq;
  recording.sealed_ms = ms_of(entry);
  recording.sealed_mark = mark;
  recording.no_segments = integer_of(entry.data, "segments").value_or(0) < 1;
}

void CompletenessAudit::verify(Meeting& meeting, Recording& recording, const EntryView& entry) {
  const auto mark = mark_of(string_of(entry.data, "manifest_sha256"));
  if (recording.verified) {
    if (recording.manifest_mark != mark) find(meeting, kRecordingVerifiedTwice);
    return;
  }
  recording.verified = true;
  recording.verified_seq = entry.seq;
  recording.manifest_mark = mark;
  ++verified_count_;
  const Ranges intervals = ranges_of(entry, "intervals");
  if (!intervals.empty()) {
    // A server that was killed while its first part began has not said so; what it holds is a moment.
    if (!recording.captured && length(intervals) > kClockMs) find(meeting, kRecordingNotCaptured);
    if (recording.sealed_seq != kNoSeq && recording.no_segments) find(meeting, kRecordingNoSegments);
    const std::int64_t latest = recording.sealed_seq != kNoSeq ? recording.sealed_ms : ms_of(entry);
    for (const Range& range : intervals)
      if ((recording.captured && range.first < recording.captured_ms - kClockMs) ||
          range.second > latest + kClockMs)
        find(meeting, kRecordingOutside);
  }
  change_ranges(meeting, [&](Live::Times& times) {
    times.intervals.insert(times.intervals.end(), intervals.begin(), intervals.end());
  });
  if (may_settle(meeting, live_of(meeting))) settle(meeting);
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
  if (meeting.never) return observe_forbidden(meeting, seen_of(event));
  if (event_of_recording(event) == nullptr) return;
  find(meeting, kEntryAfterSettled);
  const Recording* found = recording_of(meeting, entry);
  if (found == nullptr) return;
  const Recording& recording = *found;
  if (event == "sealed") {
    if (recording.sealed_seq != kNoSeq &&
        recording.sealed_mark != mark_of(string_of(entry.data, "last_hash")))
      find(meeting, kRecordingSealedTwice);
    if (recording.verified && recording.sealed_seq == kNoSeq) find(meeting, kRecordingOrder);
  } else if (event == "verified") {
    if (recording.verified && recording.manifest_mark != mark_of(string_of(entry.data, "manifest_sha256")))
      find(meeting, kRecordingVerifiedTwice);
  } else if (event == "gap") {
    find(meeting, kGapAfterSealed);
  }
}

}  // namespace parlour::audit

// The verdict on a meeting, and the report on all of them.
#include <algorithm>
#include <limits>

#include "completeness_live.h"

namespace parlour::audit {

using completeness::id_of;
using completeness::kNone;
using completeness::kNoSeq;
using completeness::Meeting;
using completeness::Recording;
using enum Finding;

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

std::string_view to_text(Silence silence) {
  switch (silence) {
    case Silence::kHeld:
      return "held";
    case Silence::kStopped:
      return "stopped";
    case Silence::kServer:
      return "server";
    case Silence::kPaused:
      return "paused";
    case Silence::kGap:
      return "gap";
    case Silence::kCount:
      break;
  }
  return "";
}

bool CompletenessAudit::may_settle(const Meeting& meeting, const Live& live) const {
  if (meeting.ended_ms == INT64_MAX && (meeting.started || !live.over)) return false;
  bool any = false, all = true;
  each_recording(meeting, [&](const Recording& recording) {
    any = true;
    all = all && recording.verified && recording.sealed_seq != kNoSeq;
  });
  if (!all) return false;
  // A demanded one that is not there may be exempted yet.
  return any || !meeting.started || meeting.never ||
         (!meeting.demanded && (live.seen & kSeenOfRecording) == 0);
}

void CompletenessAudit::settle(Meeting& meeting) {
  Live* live = known_live(meeting);
  if (live == nullptr) return;
  if (meeting.started)
    judge(meeting, *live);
  else
    judge_unstarted(meeting, *live);
  if (meeting.findings != 0) meeting.coverage = Coverage::kViolation;
  meeting.settled = true;
  let_go(meeting);
}

// Whoever met in a call that named a recorder had a meeting, and that one must have started. Only a call in
// which the second person's media never came has none; then it lasted for no time.
void CompletenessAudit::judge_unstarted(Meeting& meeting, const Live& live) {
  meeting.coverage = Coverage::kOptional;
  if (live.two_connected_ms != INT64_MAX) find(meeting, kConnectedWithoutStart);
  if (live.two_senders) find(meeting, kPacketsWithoutStart);
  if (meeting.ended_ms != INT64_MAX) {
    if (live.duration_ms > 0) find(meeting, kDurationWithoutStart);
  } else if (live.roster_ms != INT64_MAX &&
             (live.over || last_ms_ - live.roster_ms > options_.start_max.count() / 1000)) {
    find(meeting, kRosterWithoutStart);
  }
}

void CompletenessAudit::cover(Meeting& meeting, Live& live) {
  const bool ended = meeting.ended_ms != INT64_MAX;
  const Range window{live.start_ms, std::max(live.start_ms, ended ? meeting.ended_ms : last_ms_)};
  Live::Times& times = live.all();
  Silences& silences = times.silences;
  const std::size_t before = times.size();
  if (!ended) silences.close(window.second, last_ms_);
  times.intervals = joined(std::move(times.intervals));
  ranges_ += times.size();
  ranges_ -= before;
  bool any_verified = false;
  each_recording(meeting, [&](const Recording& recording) { any_verified |= recording.verified; });
  if (any_verified) {
    // Nobody was in a recording that holds nothing: what it lacks is no gap, but the recording.
    const Ranges flowing = without(joined({window}), silences.quiet());
    if (length(flowing) > live.tolerance_ms && common(flowing, times.intervals).empty())
      find(meeting, kRecordingEmpty);
  }
  if (live.pause_max_ms >= 0 && silences.paused_ms() > live.pause_max_ms + kClockMs)
    find(meeting, kPauseBeyondType);
  if (silences.longest_stop_ms() > live.stop_max_ms + kSlackMs) find(meeting, kStoppedTooLong);
  if (silences.longest_hold_ms() > live.hold_max_ms + kSlackMs) find(meeting, kHeldTooLong);
  if (silences.recorded_while_held(times.intervals)) find(meeting, kStoppedRecorded);
  const Silences::Account account = silences.account(window, times.intervals, any_verified);
  if (account.gap_too_long && account.unexplained_ms > live.tolerance_ms) find(meeting, kGapTooLong);
  meeting.window_ms = window.second - window.first;
  meeting.uncovered_ms = account.unexplained_ms;
  for (std::size_t i = 0; i < kSilences; ++i)
    meeting.explained_ms[i] = static_cast<std::uint32_t>(
        std::min<std::int64_t>(account.ms[i], std::numeric_limits<std::uint32_t>::max()));
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
  if ((live.seen & kSeenRosterOff) != 0) find(meeting, kDemandedRosterOff);
  const std::int64_t grace_ms = options_.grace.count() / 1000, open_max_ms = options_.open_max.count() / 1000;
  cover(meeting, live);
  const bool ended = meeting.ended_ms != INT64_MAX;
  if (live.exempted) {
    meeting.coverage = Coverage::kExempted;
  } else if (live.deleted) {
    meeting.coverage = Coverage::kDeleted;
  } else if (!ended) {
    meeting.coverage = Coverage::kPending;
    if (last_ms_ - live.start_ms >= open_max_ms) find(meeting, kNeverEnded);
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

namespace {

std::int64_t explained_of(const Meeting& meeting) {
  std::int64_t sum = 0;
  for (const std::uint32_t ms : meeting.explained_ms) sum += ms;
  return sum;
}

}  // namespace

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
    if (!meeting.demanded) continue;
    ++report.required;
    const std::int64_t explained = explained_of(meeting);
    if (meeting.coverage == Coverage::kViolation || explained == 0) continue;
    ++report.explained_meetings;
    for (std::size_t silence = 0; silence < kSilences; ++silence)
      report.explained[silence] += meeting.explained_ms[silence];
  }
  report.meetings.meetings_ = std::move(meetings_);
  report.meetings.recordings_ = std::move(recordings_);
  std::sort(report.meetings.order_.begin(), report.meetings.order_.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              return report.meetings.meetings_[a].seq < report.meetings.meetings_[b].seq;
            });
  report.open_requests = requests_.size() - requests_ended_ + requests_dropped_;
  const auto open = std::find_if(requests_.begin(), requests_.end(),
                                 [](std::uint64_t request) { return (request & 1) == 0; });
  if (open != requests_.end()) report.first_open_request = *open >> 1;
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

std::int64_t MeetingList::explained_ms(std::size_t index) const {
  return explained_of(meetings_[order_.at(index)]);
}

MeetingCoverage MeetingList::at(std::size_t index) const {
  const Meeting& meeting = meetings_[order_.at(index)];
  MeetingCoverage out;
  out.meeting = completeness::id_text(meeting.id);
  out.started_seq = meeting.seq;
  out.coverage = meeting.coverage;
  out.window_ms = meeting.window_ms;
  out.explained_ms = explained_of(meeting);
  std::copy(meeting.explained_ms.begin(), meeting.explained_ms.end(), out.explained.begin());
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

#include "audit/verify/completeness.h"

#include <algorithm>

#include "audit/format/canonical.h"
#include "audit/format/text.h"
#include "base/json.h"

namespace parlour::audit {
namespace {

using Range = std::pair<std::int64_t, std::int64_t>;

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

}  // namespace

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

void CompletenessAudit::Stretch::close(std::int64_t at) {
  if (open_since && *open_since < at) closed.emplace_back(*open_since, at);
  open_since.reset();
}

void CompletenessAudit::observe(const EntryView& entry) {
  last_ms_ = std::max(last_ms_, to_ms(entry.time));
  std::string_view event = entry.type;
  if (entry.meeting.empty()) return;
  bool about_meeting = take_prefix(event, "meeting.");
  bool about_recording = !about_meeting && take_prefix(event, "recording.");
  bool about_media = event == "media.stopped" || event == "media.resumed";
  if (!about_meeting && !about_recording && !about_media && event != "deletion.executed") return;
  // Entries of one meeting mostly stand together.
  if (last_ == meetings_.end() || last_->first != entry.meeting) {
    last_ = meetings_.find(entry.meeting);
    if (last_ == meetings_.end()) last_ = meetings_.emplace(std::string(entry.meeting), Meeting()).first;
  }
  if (about_recording) {
    observe_recording(last_->second, entry, event);
  } else {
    observe_meeting(last_->second, entry, event);
  }
}

void CompletenessAudit::observe_meeting(Meeting& meeting, const EntryView& entry, std::string_view event) {
  std::int64_t at = to_ms(entry.time);
  if (event == "started") {
    std::string_view demand = data_string(entry, "recording");
    if (meeting.started_seq) {
      meeting.demand_changed |= demand != meeting.demand;
      return;  // taken up again after a restart: the window runs on
    }
    meeting.started_seq = entry.seq;
    meeting.demand = demand;
    meeting.agent = data_string(entry, "agent");
    meeting.from_ms = data_integer(entry, "first_two_present").value_or(at);
    meeting.tolerance_ms = data_integer(entry, "tolerance_ms");
  } else if (event == "ended") {
    meeting.to_ms = data_integer(entry, "ended_at").value_or(at);
  } else if (event == "held") {
    meeting.no_media.open(data_integer(entry, "from").value_or(at));
  } else if (event == "media.stopped") {
    meeting.no_media.open(at);
  } else if (event == "resumed" || event == "media.resumed") {
    meeting.no_media.close(at);
  } else if (event == "deletion.executed") {
    auto due = data_integer(entry, "due");
    meeting.deleted |= due && *due <= at && find_member(entry.data, "receipt").has_value();
  }
}

void CompletenessAudit::observe_recording(Meeting& meeting, const EntryView& entry, std::string_view event) {
  std::int64_t at = to_ms(entry.time);
  if (event == "play_requested" || event == "download_requested") {
    open_requests_.emplace(entry.seq, entry.type);
    return;
  }
  if (event == "played" || event == "downloaded") {
    auto request = data_integer(entry, "request");
    if (request && *request >= 0) open_requests_.erase(static_cast<std::uint64_t>(*request));
    return;
  }
  if (event == "gap") {
    auto from = data_integer(entry, "from"), to = data_integer(entry, "to");
    if (from && to && *from < *to) meeting.gaps.emplace_back(*from, *to);
    return;
  }
  if (event == "exempted") {
    std::string_view approver = data_string(entry, "approver");
    bool by_another =
        !approver.empty() && approver != member_string(entry.actor, "id") && approver != meeting.agent;
    (by_another && !data_string(entry, "reason").empty() ? meeting.exempted : meeting.bad_exemption) = true;
    return;
  }
  if (event == "paused") return meeting.paused.open(at);
  if (event == "resumed") return meeting.paused.close(at);

  std::string id(member_string(entry.subject, "id"));
  Recording& recording = meeting.recordings[id];
  if (event == "capture_started" || event == "first_packet") {
    recording.captured = true;
    if (!meeting.captured_seq) meeting.captured_seq = entry.seq;
  } else if (event == "sealed") {
    recording.captured = recording.sealed = true;
    if (!meeting.captured_seq) meeting.captured_seq = entry.seq;
  } else if (event == "verified") {
    recording.verified = true;
    recording.intervals = data_ranges(entry, "intervals");
    manifests_[id] = {entry.seq, std::string(data_string(entry, "manifest_sha256"))};
  } else if (event == "failed") {
    recording.failed = true;
  }
}

MeetingCoverage CompletenessAudit::judge(const std::string& id, const Meeting& meeting) const {
  MeetingCoverage result;
  result.meeting = harmless_text(id, kCodeBytesMax);
  result.started_seq = meeting.started_seq.value_or(0);
  auto decide = [&](Coverage coverage, std::string reason = "") {
    result.coverage = coverage;
    result.reason = std::move(reason);
    return result;
  };
  for (const auto& [recording_id, recording] : meeting.recordings)
    if (recording.captured || recording.verified)
      result.recordings.push_back(harmless_text(recording_id, kCodeBytesMax));

  if (meeting.demand_changed)
    return decide(Coverage::kViolation, "the demand for a recording changed in the meeting");
  if (meeting.demand == "never") {
    if (meeting.captured_seq)
      return decide(Coverage::kViolation, "its type forbids recording, but it was recorded (entry " +
                                              std::to_string(*meeting.captured_seq) + ")");
    return decide(Coverage::kForbidden);
  }
  if (meeting.demand == "optional") return decide(Coverage::kOptional);
  // Anything else than the three known words is treated as the strictest.
  std::int64_t grace_ms = options_.grace.count() / 1000, open_max_ms = options_.open_max.count() / 1000;
  std::int64_t end = meeting.to_ms.value_or(last_ms_);
  result.window_ms = std::max<std::int64_t>(0, end - meeting.from_ms);

  std::vector<Range> intervals;
  bool any_verified = false, waiting = false, failed = false;
  for (const auto& [recording_id, recording] : meeting.recordings) {
    any_verified |= recording.verified;
    waiting |= recording.captured && !recording.verified && !recording.failed;
    failed |= recording.failed && !recording.verified;
    intervals.insert(intervals.end(), recording.intervals.begin(), recording.intervals.end());
  }
  Stretch no_media = meeting.no_media, paused = meeting.paused;
  no_media.close(end);
  paused.close(end);
  // Without any verified recording a gap explains nothing: only that no media flowed does.
  std::vector<Range> explained = no_media.closed;
  if (any_verified) {
    explained.insert(explained.end(), paused.closed.begin(), paused.closed.end());
    explained.insert(explained.end(), meeting.gaps.begin(), meeting.gaps.end());
  }
  std::vector<Range> window;
  if (meeting.from_ms < end) window.emplace_back(meeting.from_ms, end);
  std::vector<Range> unrecorded = subtract(window, intervals);
  result.uncovered_ms = length(subtract(unrecorded, explained));
  result.explained_ms = length(unrecorded) - result.uncovered_ms;

  if (meeting.exempted) return decide(Coverage::kExempted);
  if (meeting.deleted) return decide(Coverage::kDeleted);
  if (!meeting.to_ms) {
    if (last_ms_ - meeting.from_ms < open_max_ms) return decide(Coverage::kPending, "it had not ended yet");
    return decide(Coverage::kViolation, "it never ended");
  }
  bool covered = result.uncovered_ms <= meeting.tolerance_ms.value_or(options_.tolerance_ms);
  if (covered && any_verified) return decide(Coverage::kVerified);
  // No tolerance here: two seconds that were seen and heard without any recording are a violation.
  if (result.uncovered_ms == 0 && !any_verified && !waiting) return decide(Coverage::kNoMedia);
  if (waiting && last_ms_ - *meeting.to_ms < grace_ms)
    return decide(Coverage::kPending, "its recording was not verified yet");
  if (meeting.bad_exemption)
    return decide(Coverage::kViolation,
                  "it was exempted without a reason or without a second person's approval");
  if (!any_verified && !meeting.captured_seq) return decide(Coverage::kViolation, "no recording was made");
  if (!any_verified && failed) return decide(Coverage::kViolation, "its recording failed");
  if (!any_verified) return decide(Coverage::kViolation, "its recording was never sealed and verified");
  return decide(Coverage::kViolation,
                std::to_string(result.uncovered_ms) + " ms are neither recorded nor explained by the log");
}

CompletenessReport CompletenessAudit::finish() const {
  CompletenessReport report;
  for (const auto& [id, meeting] : meetings_) {
    if (!meeting.started_seq) continue;
    MeetingCoverage coverage = judge(id, meeting);
    switch (coverage.coverage) {
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
        break;
    }
    if (meeting.demand != "never" && meeting.demand != "optional") ++report.required;
    if (coverage.coverage == Coverage::kViolation) report.uncovered_ms += coverage.uncovered_ms;
    report.meetings.push_back(std::move(coverage));
  }
  std::sort(report.meetings.begin(), report.meetings.end(),
            [](const MeetingCoverage& a, const MeetingCoverage& b) { return a.started_seq < b.started_seq; });
  for (const auto& [seq, type] : open_requests_) report.open_requests.emplace_back(seq, type);
  return report;
}

}  // namespace parlour::audit

#include "audit/verify/completeness.h"

#include <algorithm>
#include <cstring>

#include "base/encoding.h"
#include "base/id.h"
#include "completeness_live.h"
#include "crypto/hash.h"

namespace parlour::audit {

using completeness::Id;
using completeness::id_of;
using completeness::kNone;
using completeness::kNoSeq;
using completeness::Meeting;
using completeness::Recording;
using enum Finding;

namespace {

constexpr std::size_t kPublishedMax = 65'536;
constexpr std::size_t kRequestsMax = 500'000;
constexpr std::size_t kRestartsMax = 65'536;

// Takes "meeting." and the like off; false when the name does not start so.
bool take_prefix(std::string_view& name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return false;
  name.remove_prefix(prefix.size());
  return true;
}

// Written by a running server: not by an operator's command, and not what a server writes of its keys before
// it says that it began.
bool is_of_the_server(const EntryView& entry) {
  if (!entry.meeting.empty()) return true;
  return entry.type != "recorder.key" && entry.type != "log.key" &&
         string_of(entry.actor, "kind") != "operator";
}

}  // namespace

std::array<std::uint8_t, 8> mark_of(std::string_view hash_hex) {
  std::array<std::uint8_t, 8> mark{};
  if (auto bytes = from_hex(hash_hex.substr(0, 16)); bytes && bytes->size() == mark.size())
    std::copy(bytes->begin(), bytes->end(), mark.begin());
  return mark;
}

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

std::size_t Index::hash(const Id& id) const {
  std::uint64_t low = 0, high = 0;
  std::memcpy(&low, id.data(), sizeof low);
  std::memcpy(&high, id.data() + sizeof low, sizeof high);
  // The halves of the product of two keyed numbers: each bit of the id moves all of them.
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(low ^ key_[0]) * (high ^ key_[1]);
  return static_cast<std::size_t>(static_cast<std::uint64_t>(product) ^
                                  static_cast<std::uint64_t>(product >> 64));
}

}  // namespace completeness

CompletenessAudit::CompletenessAudit(const CompletenessOptions& options)
    : options_(options),
      meeting_index_(options.index_key),
      recording_index_(options.index_key),
      published_(std::make_unique<Published>()) {}
CompletenessAudit::~CompletenessAudit() = default;

std::uint32_t CompletenessAudit::number_of(const Id& meeting) const {
  return meeting_index_.find(meeting,
                             [this](std::uint32_t number) -> const Meeting& { return meetings_[number]; });
}

Meeting& CompletenessAudit::meeting_of(const EntryView& entry) {
  const Id id = id_of(entry.meeting);
  if (last_ != kNone && meetings_[last_].id == id) return meetings_[last_];
  last_ = number_of(id);
  if (last_ == kNone) {
    last_ = static_cast<std::uint32_t>(meetings_.size());
    meetings_.emplace_back();
    meetings_.back().id = id;
    meetings_.back().seq = entry.seq;
    meeting_index_.add(last_, [this](std::uint32_t number) -> const Meeting& { return meetings_[number]; });
  }
  return meetings_[last_];
}

CompletenessAudit::Live* CompletenessAudit::known_live(const Meeting& meeting) {
  if (meeting.live == kNone) return nullptr;
  Live& live = live_[meeting.live];
  if (meeting.ended_ms == INT64_MAX) catch_up(live);
  return &live;
}

CompletenessAudit::Live& CompletenessAudit::live_of(Meeting& meeting) {
  if (Live* known = known_live(meeting)) return *known;
  // More than any honest log leaves open at once: the longest open one is judged by what is known of it.
  if (open_ >= options_.open_at_once_max) {
    Meeting& oldest = meetings_[live_[oldest_].meeting];
    bool waiting = oldest.ended_ms == INT64_MAX;
    each_recording(oldest, [&](const Recording& one) { waiting |= one.captured && !one.verified; });
    if (waiting) find(oldest, kTooManyOpen);
    settle(oldest);
  }
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(live_.size()));
    live_.emplace_back();
  }
  meeting.live = free_.back();
  free_.pop_back();
  ++open_;
  Live& live = live_[meeting.live];
  live = Live();
  live.meeting = number_of(meeting.id);
  live.restarts = static_cast<std::uint32_t>(restarts_.size());
  live.older = std::exchange(newest_, meeting.live);
  (live.older != kNone ? live_[live.older].newer : oldest_) = meeting.live;
  return live;
}

void CompletenessAudit::let_go(Meeting& meeting) {
  Live& live = live_[meeting.live];
  if (live.times) ranges_ -= live.times->size();
  (live.older != kNone ? live_[live.older].newer : oldest_) = live.newer;
  (live.newer != kNone ? live_[live.newer].older : newest_) = live.older;
  live = Live();
  free_.push_back(std::exchange(meeting.live, kNone));
  --open_;
}

// Every restart of the server stopped the media of every call; of a meeting it is noted when something is
// heard of it again.
void CompletenessAudit::catch_up(Live& live) {
  if (live.restarts == restarts_.size()) return;
  const auto [at, away_from] = restarts_[live.restarts];
  const std::int64_t again = restarts_.back().first;
  live.restarts = static_cast<std::uint32_t>(restarts_.size());
  change_ranges(meetings_[live.meeting], [&, at = at, away_from = away_from](Live::Times& times) {
    times.silences.restart(away_from, at, away_from);
    if (again != at) times.silences.count_from(again);
  });
}

void CompletenessAudit::find(Meeting& meeting, Finding finding) {
  meeting.findings |= std::uint64_t{1} << static_cast<unsigned>(finding);
  if (meeting.settled) meeting.coverage = Coverage::kViolation;
}

// --- entries

void CompletenessAudit::observe(const EntryView& entry) {
  seen_ms_ = last_ms_;
  last_ms_ = std::max(last_ms_, ms_of(entry));
  std::string_view event = entry.type;
  const std::int64_t served_ms = served_ms_;
  if (is_of_the_server(entry)) served_ms_ = std::max(served_ms_, ms_of(entry));
  if (entry.meeting.empty()) {
    if (event == "type.version_published") return observe_type(entry);
    if (event == "server.started" && restarts_.size() < kRestartsMax) {
      restarts_.emplace_back(ms_of(entry), served_ms);
    } else if (event == "user.created" && entry.outcome == "ok") {
      if (published_->users.size() < kPublishedMax)
        published_->users.insert(id_of(string_of(entry.subject, "id")));
      else
        published_->users_whole = false;
    }
    return;
  }
  if (take_prefix(event, "recording.")) {
    if (event == "played" || event == "downloaded") return observe_request_end(entry);
    if (event == "play_requested" || event == "download_requested") {
      observe_request(entry);
      return observe_play(meeting_of(entry));
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

// Plays and downloads that were announced, and have no end yet.
void CompletenessAudit::observe_request(const EntryView& entry) {
  if (requests_.size() >= kRequestsMax && requests_ended_ >= kRequestsMax / 2) {
    std::erase_if(requests_, [](std::uint64_t request) { return (request & 1) != 0; });
    requests_ended_ = 0;
  }
  if (requests_.size() >= kRequestsMax)
    ++requests_dropped_;
  else
    requests_.push_back(entry.seq << 1);
}

void CompletenessAudit::observe_request_end(const EntryView& entry) {
  const auto request = integer_of(entry.data, "request");
  if (!request || *request < 0) return;
  const std::uint64_t open = static_cast<std::uint64_t>(*request) << 1;
  auto found = std::lower_bound(requests_.begin(), requests_.end(), open);
  if (found == requests_.end() || *found != open) return;
  *found |= 1;
  ++requests_ended_;
}

void CompletenessAudit::observe_play(Meeting& meeting) {
  if (meeting.settled)
    observe_forbidden(meeting, kSeenPlayed);
  else if (Live* live = known_live(meeting))
    live->seen |= kSeenPlayed;
}

void CompletenessAudit::observe_type(const EntryView& entry) {
  published_->any_type = true;
  std::string_view hash = string_of(entry.data, "policy_sha256");
  if (hash.empty() || entry.outcome != "ok" || published_->types.size() >= kPublishedMax) return;
  auto seconds = [&](std::string_view name) {
    const auto value = integer_of(entry.data, name);
    return value && *value >= 0 && *value < INT32_MAX ? *value * 1000 : -1;
  };
  Published::Type type;
  type.demand = std::string(string_of(entry.data, "recording").substr(0, 16));
  type.tolerance_ms = integer_of(entry.data, "tolerance_ms").value_or(-1);
  type.pause_max_ms = seconds("pause_max_s");
  type.stop_max_ms = seconds("loss_end_s");
  type.hold_max_ms = seconds("hold_s");
  published_->types.emplace(std::string(hash), std::move(type));  // the first word on a document stands
}

void CompletenessAudit::observe_start(Meeting& meeting, const EntryView& entry) {
  const std::int64_t at = ms_of(entry);
  const std::string_view demand = string_of(entry.data, "recording"),
                         policy = string_of(entry.data, "policy_sha256");
  Live& live = live_of(meeting);
  if (meeting.started) {
    // Said again: the window runs on.
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
  live.agent = id_of(string_of(entry.data, "agent"));
  live.start_ms = at;
  if (live.times) live.times->silences.meeting_started(at);
  // It starts when the second of them is connected, in the same moment.
  if (live.two_connected_ms < at - kClockMs) find(meeting, kStartedLate);

  const auto stated = integer_of(entry.data, "tolerance_ms");
  live.tolerance_ms = stated.value_or(options_.tolerance_ms);
  live.stop_max_ms = options_.loss_end_max_ms;
  live.hold_max_ms = options_.hold_max_ms;
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
    if (type.stop_max_ms >= 0) live.stop_max_ms = std::min(live.stop_max_ms, type.stop_max_ms);
    if (type.hold_max_ms >= 0) live.hold_max_ms = std::min(live.hold_max_ms, type.hold_max_ms);
  }
  if (stated && *stated > most) find(meeting, kToleranceBeyondType);
  live.tolerance_ms = std::min(live.tolerance_ms, most);
}

void CompletenessAudit::observe_end(Meeting& meeting, const EntryView& entry) {
  const std::int64_t at = ms_of(entry);
  Live& live = live_of(meeting);
  if (meeting.ended_ms != INT64_MAX) return find(meeting, kEndedTwice);
  meeting.ended_ms = at;
  live.duration_ms = integer_of(entry.data, "duration_ms").value_or(-1);
  if (live.times) change_ranges(meeting, [&](Live::Times& times) { times.silences.close(at, seen_ms_); });
  if (meeting.started) {
    if (at < live.start_ms) find(meeting, kWindowReversed);
    const std::int64_t lasted = at - live.start_ms;
    if (live.duration_ms >= 0 && std::abs(live.duration_ms - lasted) > kSlackMs)
      find(meeting, kDurationContradicts);
  }
  if (may_settle(meeting, live)) settle(meeting);
}

void CompletenessAudit::observe_meeting(Meeting& meeting, const EntryView& entry, std::string_view event) {
  if (event == "started" || event == "ended") {
    if (entry.outcome != "ok") return find(meeting, kEntryRefused);
    if (event == "ended") return observe_end(meeting, entry);
    if (meeting.ended_ms != INT64_MAX && ms_of(entry) > meeting.ended_ms + kClockMs)
      find(meeting, kActivityAfterEnd);
    observe_start(meeting, entry);
  } else if (event == "expired") {
    Live& live = live_of(meeting);
    live.over = true;
    if (may_settle(meeting, live)) settle(meeting);
  } else {
    observe_silence(meeting, entry, event);
  }
}

void CompletenessAudit::observe_silence(Meeting& meeting, const EntryView& entry, std::string_view event) {
  const std::int64_t at = ms_of(entry);
  const bool hold = event == "held", stop = event == "media.stopped";
  const bool take_up = event == "resumed", resume = event == "media.resumed";
  if (!hold && !stop && !take_up && !resume) return;
  if (meeting.ended_ms != INT64_MAX) {
    if ((take_up || resume) && at > meeting.ended_ms + kClockMs) find(meeting, kActivityAfterEnd);
    return;
  }
  // Everybody is let in anew into the call that follows.
  if (hold) live_of(meeting).connected = {};
  change_ranges(meeting, [&](Live::Times& times) {
    Silences& silences = times.silences;
    if (hold) silences.hold(at, seen_ms_);
    if (stop) silences.stop(at);
    if (take_up) silences.take_up(at, seen_ms_);
    if (resume) silences.resume(at, seen_ms_);
  });
}

void CompletenessAudit::observe_people(Meeting& meeting, const EntryView& entry) {
  const std::int64_t at = ms_of(entry);
  const std::string_view event = entry.type;
  const bool leaves =
      event == "participant.left" || event == "participant.lost" || event == "participant.removed";
  if (meeting.ended_ms != INT64_MAX && at > meeting.ended_ms + kClockMs && !leaves &&
      event != "participant.joined")
    find(meeting, kActivityAfterEnd);
  if (event == "roster.accepted") return observe_roster(meeting, entry);
  if (meeting.settled || (event != "participant.connected" && !leaves)) return;
  if (leaves && meeting.live == kNone) return;
  const Id who = id_of(string_of(entry.subject, "id"));
  Live& live = live_of(meeting);
  for (Id& present : live.connected)
    if (present == who) present = Id{};
  if (leaves) return;
  (live.connected[0] == Id{} ? live.connected[0] : live.connected[1]) = who;
  if (live.connected[0] == Id{} || live.connected[1] == Id{}) return;
  live.two_connected_ms = std::min(live.two_connected_ms, at);
  if (live.times) live.times->silences.two_connected(at);
}

void CompletenessAudit::observe_roster(Meeting& meeting, const EntryView& entry) {
  const std::string_view mode = string_of(entry.data, "mode");
  const bool recorded = mode == "recorded" || mode == "paused";
  if (meeting.settled) {
    if (recorded) observe_forbidden(meeting, kSeenRoster);
    return;
  }
  if (!recorded && mode != "off") return;
  Live& live = live_of(meeting);
  live.seen |= recorded ? kSeenRoster : kSeenRosterOff;
  if (recorded && integer_of(entry.data, "members").value_or(2) >= 2)
    live.roster_ms = std::min(live.roster_ms, ms_of(entry));
}

void CompletenessAudit::observe_exemption(Meeting& meeting, const EntryView& entry) {
  Live& live = live_of(meeting);
  const std::string_view approver = string_of(entry.data, "approver");
  const bool by_another =
      !approver.empty() && approver != string_of(entry.actor, "id") && id_of(approver) != live.agent;
  if (entry.outcome != "ok") {
    find(meeting, kEntryRefused);
  } else if (!by_another || string_of(entry.data, "reason").empty()) {
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
  const auto due = integer_of(entry.data, "due");
  bool any = false, all = true;
  each_recording(meeting, [&](const Recording& recording) {
    any = true;
    all = all && recording.sealed_seq != kNoSeq && recording.verified;
  });
  if (!any || !all) find(meeting, kDeletionUnrecorded);
  if (!find_member(entry.data, "receipt")) find(meeting, kDeletionNoReceipt);
  if (!due || *due > ms_of(entry)) find(meeting, kDeletionEarly);
  if (!meeting.settled)
    live_of(meeting).deleted = true;
  else if (meeting.coverage == Coverage::kVerified)
    meeting.coverage = Coverage::kDeleted;
}

}  // namespace parlour::audit

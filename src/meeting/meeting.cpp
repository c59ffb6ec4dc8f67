#include "meeting/meeting.h"

#include <algorithm>
#include <array>

#include "base/characters.h"

namespace parlour::meeting {
namespace {

template <class E, std::size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

constexpr Names<Phase, 7> kPhases{{{Phase::kScheduled, "scheduled"},
                                   {Phase::kOpen, "open"},
                                   {Phase::kLive, "live"},
                                   {Phase::kHeld, "held"},
                                   {Phase::kEnded, "ended"},
                                   {Phase::kCancelled, "cancelled"},
                                   {Phase::kExpired, "expired"}}};
constexpr Names<ParticipantPhase, 8> kParticipantPhases{{{ParticipantPhase::kInvited, "invited"},
                                                         {ParticipantPhase::kArrived, "arrived"},
                                                         {ParticipantPhase::kWaiting, "waiting"},
                                                         {ParticipantPhase::kAdmitted, "admitted"},
                                                         {ParticipantPhase::kConnected, "connected"},
                                                         {ParticipantPhase::kReconnecting, "reconnecting"},
                                                         {ParticipantPhase::kLeft, "left"},
                                                         {ParticipantPhase::kDenied, "denied"}}};
constexpr Names<RecordingPhase, 7> kRecordingPhases{{{RecordingPhase::kOff, "off"},
                                                     {RecordingPhase::kRequested, "requested"},
                                                     {RecordingPhase::kCapturing, "capturing"},
                                                     {RecordingPhase::kStopping, "stopping"},
                                                     {RecordingPhase::kSealed, "sealed"},
                                                     {RecordingPhase::kVerified, "verified"},
                                                     {RecordingPhase::kFailed, "failed"}}};

template <class E, std::size_t N>
std::string_view name_of(const Names<E, N>& names, E value) {
  for (const auto& [key, name] : names)
    if (key == value) return name;
  return "";
}
template <class E, std::size_t N>
std::optional<E> value_of(const Names<E, N>& names, std::string_view text) {
  for (const auto& [key, name] : names)
    if (name == text) return key;
  return std::nullopt;
}

Unexpected<Refusal> refuse(std::string code, std::string text, std::vector<std::string> who = {}) {
  return fail(Refusal{std::move(code), std::move(text), std::move(who)});
}
Decision nothing() {
  return std::vector<Event>{};
}
template <class... E>
Decision events(E... event) {
  return std::vector<Event>{Event(std::move(event))...};
}

bool in_call(ParticipantPhase phase) {
  return phase == ParticipantPhase::kAdmitted || phase == ParticipantPhase::kConnected ||
         phase == ParticipantPhase::kReconnecting;
}

// One overload a command; each reads as the rule it is.
class Decider {
 public:
  Decider(const Meeting& meeting, const TypePolicy& policy, UtcTime now)
      : meeting_(meeting), policy_(policy), now_(now) {}

  Decision operator()(const command::Cancel& c) const {
    if (meeting_.phase == Phase::kCancelled) return nothing();
    if (meeting_.over()) return over();
    if (meeting_.phase == Phase::kLive || meeting_.phase == Phase::kHeld)
      return refuse("meeting.live", "The meeting is running; end it instead.");
    if (c.reason.empty() || characters(c.reason) > 300)
      return refuse("reason.missing", "A reason of 1 to 300 characters is needed.");
    return events(event::MeetingCancelled{c.by, c.reason});
  }

  Decision operator()(const command::OpenLink& c) const {
    const Participant* person = meeting_.find(c.participant);
    if (person == nullptr) return unknown();
    if (meeting_.over() || person->link_opened_at) return nothing();
    return events(event::LinkOpened{c.participant});
  }

  Decision operator()(const command::ReportDevice& c) const {
    if (auto no = not_enterable(c.participant)) return fail(*no);
    return events(event::DeviceChecked{c.participant, c.device});
  }

  Decision operator()(const command::ShowNotice& c) const {
    if (auto no = not_enterable(c.participant)) return fail(*no);
    return events(event::NoticeShown{c.participant, c.notice});
  }
  Decision operator()(const command::AcknowledgeNotice& c) const {
    if (auto no = not_enterable(c.participant)) return fail(*no);
    if (c.notice != c.expected)
      return refuse("notice.changed",
                    "The notice is not the one in force; reload the page and read it again.");
    if (meeting_.find(c.participant)->notice_settled) return nothing();
    return events(event::NoticeAcknowledged{c.participant, c.notice});
  }
  Decision operator()(const command::DeclineNotice& c) const {
    if (auto no = not_enterable(c.participant)) return fail(*no);
    if (meeting_.phase == Phase::kLive || meeting_.phase == Phase::kHeld)
      return refuse("meeting.live", "The meeting is running; leave it instead.");
    // A legal duty is told, not asked: who doesn't want it doesn't have this call, and nobody loses more than
    // that.
    return events(event::NoticeDeclined{c.participant, c.notice},
                  event::MeetingCancelled{"customer", "notice_declined"});
  }

  Decision operator()(const command::EnterWaiting& c) const {
    if (auto no = not_enterable(c.participant)) return fail(*no);
    const Participant& person = *meeting_.find(c.participant);
    if (in_call(person.phase) || person.phase == ParticipantPhase::kWaiting) return nothing();
    EntryWindow window = entry_window(meeting_, policy_);
    if (now_ < window.opens) return refuse("entry.early", "The meeting is not open yet.");
    if (now_ >= window.closes && meeting_.phase == Phase::kScheduled)
      return refuse("entry.late", "The time of this meeting is over.");
    if (!person.notice_settled) return refuse("notice.missing", "The notice has not been acknowledged.");
    if (policy_.device_check && !person.device)
      return refuse("device.missing", "The device check has not been done.");
    return events(event::WaitingEntered{c.participant});
  }
  Decision operator()(const command::LeaveWaiting& c) const {
    const Participant* person = meeting_.find(c.participant);
    if (person == nullptr) return unknown();
    if (person->phase != ParticipantPhase::kWaiting) return nothing();
    return events(event::WaitingLeft{c.participant});
  }

  Decision operator()(const command::EnterStaff& c) const {
    const Participant* person = meeting_.find(c.participant);
    if (person == nullptr || person->role != ParticipantRole::kStaff) return unknown();
    if (meeting_.over()) return over();
    if (person->phase == ParticipantPhase::kArrived || in_call(person->phase)) return nothing();
    return events(event::StaffEntered{c.participant});
  }

  Decision operator()(const command::Admit& c) const {
    if (meeting_.over()) return over();
    if (policy_.recording == RecordingRule::kRequired && !c.recorder_ready)
      return refuse("recorder.down", "The recorder is not available, and this type must be recorded.");
    std::vector<Event> out;
    std::size_t inside = 0;
    for (const Participant& person : meeting_.participants) inside += in_call(person.phase) ? 1 : 0;
    for (const ParticipantId& id : c.participants) {
      const Participant* person = meeting_.find(id);
      if (person == nullptr) return unknown();
      if (in_call(person->phase)) continue;
      if (person->role == ParticipantRole::kCustomer) {
        if (person->phase != ParticipantPhase::kWaiting)
          return refuse("participant.not_waiting", "This person is not in the waiting room.");
        if (!person->notice_settled) return refuse("notice.missing", "The notice has not been acknowledged.");
      }
      if (++inside > static_cast<std::size_t>(policy_.people_max))
        return refuse("meeting.full", "The meeting has as many people as its type allows.");
      out.emplace_back(event::Admitted{id, c.by});
    }
    if (meeting_.phase == Phase::kHeld && !out.empty()) out.emplace_back(event::MeetingResumed{});
    return out;
  }
  Decision operator()(const command::Deny& c) const {
    const Participant* person = meeting_.find(c.participant);
    if (person == nullptr) return unknown();
    if (!is_decline_reason(c.reason))
      return refuse("reason.unknown", "Not one of the reasons for declining.");
    if (person->phase != ParticipantPhase::kWaiting)
      return refuse("participant.not_waiting", "This person is not in the waiting room.");
    return events(event::Denied{c.participant, c.reason});
  }

  Decision operator()(const command::Connect& c) const {
    const Participant* person = meeting_.find(c.participant);
    if (person == nullptr) return unknown();
    if (person->phase == ParticipantPhase::kConnected || !in_call(person->phase)) return nothing();
    std::vector<Event> out{event::Connected{c.participant}};
    std::size_t connected = 1;
    for (const Participant& other : meeting_.participants)
      connected += other.id != c.participant && other.phase == ParticipantPhase::kConnected ? 1 : 0;
    if (connected >= 2 && !meeting_.started_at) out.emplace_back(event::MeetingStarted{});
    return out;
  }
  Decision operator()(const command::Lose& c) const {
    const Participant* person = meeting_.find(c.participant);
    if (person == nullptr) return unknown();
    if (!in_call(person->phase) || person->phase == ParticipantPhase::kReconnecting) return nothing();
    return events(event::Lost{c.participant});
  }
  Decision operator()(const command::Return& c) const {
    const Participant* person = meeting_.find(c.participant);
    if (person == nullptr) return unknown();
    if (person->phase != ParticipantPhase::kReconnecting) return nothing();
    return events(event::Returned{c.participant});
  }
  Decision operator()(const command::Leave& c) const {
    const Participant* person = meeting_.find(c.participant);
    if (person == nullptr) return unknown();
    if (person->phase == ParticipantPhase::kWaiting) return events(event::WaitingLeft{c.participant});
    if (!in_call(person->phase) && person->phase != ParticipantPhase::kArrived) return nothing();
    return events(event::Left{c.participant});
  }

  Decision operator()(const command::Hold& c) const {
    if (meeting_.phase != Phase::kLive) return nothing();
    return events(event::MeetingHeld{c.cause});
  }
  Decision operator()(const command::Resume&) const {
    if (meeting_.phase != Phase::kHeld) return nothing();
    return events(event::MeetingResumed{});
  }
  Decision operator()(const command::End& c) const {
    if (meeting_.over()) return nothing();
    std::int64_t duration_ms = meeting_.started_at ? (now_ - *meeting_.started_at).count() / 1000 : 0;
    return events(event::MeetingEnded{c.cause, duration_ms});
  }
  Decision operator()(const command::Expire&) const {
    if (meeting_.phase != Phase::kScheduled && meeting_.phase != Phase::kOpen) return nothing();
    if (now_ < entry_window(meeting_, policy_).closes) return nothing();
    return events(event::MeetingExpired{});
  }

  Decision operator()(const command::RequestRecording& c) const {
    if (policy_.recording == RecordingRule::kNever)
      return refuse("recording.never", "Meetings of this type are never recorded.");
    if (meeting_.over()) return over();
    if (meeting_.recording) return nothing();
    return events(event::RecordingRequested{c.recording, c.by});
  }
  Decision operator()(const command::RecordingFact& c) const {
    if (!meeting_.recording) return refuse("recording.none", "There is no recording.");
    if (meeting_.recording_phase == c.phase && meeting_.recording_reason == c.reason) return nothing();
    if (meeting_.recording_phase == RecordingPhase::kVerified) return nothing();  // the last word
    return events(event::RecordingChanged{c.phase, c.reason});
  }

 private:
  static Unexpected<Refusal> unknown() {
    return refuse("participant.unknown", "No such participant in this meeting.");
  }
  Unexpected<Refusal> over() const {
    if (meeting_.phase == Phase::kCancelled) return refuse("meeting.cancelled", "The meeting was cancelled.");
    if (meeting_.phase == Phase::kExpired)
      return refuse("meeting.expired", "The time of this meeting is over.");
    return refuse("meeting.ended", "The meeting has ended.");
  }
  std::optional<Refusal> not_enterable(const ParticipantId& id) const {
    const Participant* person = meeting_.find(id);
    if (person == nullptr || person->role != ParticipantRole::kCustomer) return unknown().error;
    if (meeting_.over()) return over().error;
    return std::nullopt;
  }

  const Meeting& meeting_;
  const TypePolicy& policy_;
  UtcTime now_;
};

class Applier {
 public:
  Applier(Meeting& meeting, UtcTime now) : meeting_(meeting), now_(now) {}

  void operator()(const event::MeetingCancelled& e) {
    meeting_.phase = Phase::kCancelled;
    meeting_.cancelled = Cancelled{e.by, e.reason, now_};
    for (Participant& person : meeting_.participants)
      if (person.phase == ParticipantPhase::kWaiting) person.phase = ParticipantPhase::kLeft;
  }
  void operator()(const event::LinkOpened& e) {
    meeting_.find(e.participant)->link_opened_at = now_;
    set(e.participant, ParticipantPhase::kArrived);
  }
  void operator()(const event::DeviceChecked& e) { meeting_.find(e.participant)->device = e.device; }
  void operator()(const event::NoticeShown&) {}
  void operator()(const event::NoticeAcknowledged& e) { meeting_.find(e.participant)->notice_settled = true; }
  void operator()(const event::NoticeDeclined&) {}
  void operator()(const event::WaitingEntered& e) {
    set(e.participant, ParticipantPhase::kWaiting);
    meeting_.find(e.participant)->waiting_since = now_;
    if (meeting_.phase == Phase::kScheduled) meeting_.phase = Phase::kOpen;
  }
  void operator()(const event::WaitingLeft& e) {
    set(e.participant, ParticipantPhase::kArrived);
    meeting_.find(e.participant)->waiting_since.reset();
    if (meeting_.phase == Phase::kOpen) meeting_.phase = Phase::kScheduled;
  }
  void operator()(const event::StaffEntered& e) { set(e.participant, ParticipantPhase::kArrived); }
  void operator()(const event::Admitted& e) {
    set(e.participant, ParticipantPhase::kAdmitted);
    meeting_.find(e.participant)->waiting_since.reset();
    if (meeting_.phase == Phase::kScheduled || meeting_.phase == Phase::kOpen) meeting_.phase = Phase::kLive;
  }
  void operator()(const event::Denied& e) {
    set(e.participant, ParticipantPhase::kDenied);
    meeting_.find(e.participant)->waiting_since.reset();
    if (meeting_.phase == Phase::kOpen) meeting_.phase = Phase::kScheduled;
  }
  void operator()(const event::MeetingStarted&) { meeting_.started_at = now_; }
  void operator()(const event::Connected& e) { set(e.participant, ParticipantPhase::kConnected); }
  void operator()(const event::Lost& e) { set(e.participant, ParticipantPhase::kReconnecting); }
  void operator()(const event::Returned& e) { set(e.participant, ParticipantPhase::kAdmitted); }
  void operator()(const event::Left& e) { set(e.participant, ParticipantPhase::kLeft); }
  void operator()(const event::MeetingHeld&) {
    meeting_.phase = Phase::kHeld;
    // Customers keep their notice and identity, and are admitted anew into the next call (e2ee.md 4.5).
    for (Participant& person : meeting_.participants) {
      if (!in_call(person.phase)) continue;
      bool customer = person.role == ParticipantRole::kCustomer;
      person.phase = customer ? ParticipantPhase::kWaiting : ParticipantPhase::kLeft;
      if (customer) person.waiting_since = now_;
    }
  }
  void operator()(const event::MeetingResumed&) { meeting_.phase = Phase::kLive; }
  void operator()(const event::MeetingEnded& e) {
    meeting_.phase = Phase::kEnded;
    meeting_.ended_at = now_;
    meeting_.end_reason = e.cause;
    for (Participant& person : meeting_.participants)
      if (in_call(person.phase) || person.phase == ParticipantPhase::kWaiting)
        person.phase = ParticipantPhase::kLeft;
  }
  void operator()(const event::MeetingExpired&) { meeting_.phase = Phase::kExpired; }
  void operator()(const event::RecordingRequested& e) {
    meeting_.recording = e.recording;
    meeting_.recording_phase = RecordingPhase::kRequested;
    meeting_.recording_reason.clear();
  }
  void operator()(const event::RecordingChanged& e) {
    meeting_.recording_phase = e.phase;
    meeting_.recording_reason = e.reason;
  }

 private:
  void set(const ParticipantId& id, ParticipantPhase phase) {
    if (Participant* person = meeting_.find(id)) person->phase = phase;
  }

  Meeting& meeting_;
  UtcTime now_;
};

}  // namespace

std::string_view to_text(Phase phase) {
  return name_of(kPhases, phase);
}
std::optional<Phase> phase_from_text(std::string_view text) {
  return value_of(kPhases, text);
}
std::string_view to_text(ParticipantRole role) {
  return role == ParticipantRole::kStaff ? "staff" : "customer";
}
std::string_view to_text(ParticipantPhase phase) {
  return name_of(kParticipantPhases, phase);
}
std::optional<ParticipantPhase> participant_phase_from_text(std::string_view text) {
  return value_of(kParticipantPhases, text);
}
std::string_view to_text(RecordingPhase phase) {
  return name_of(kRecordingPhases, phase);
}
std::optional<RecordingPhase> recording_phase_from_text(std::string_view text) {
  return value_of(kRecordingPhases, text);
}

const Participant* Meeting::find(const ParticipantId& participant) const {
  for (const Participant& person : participants)
    if (person.id == participant) return &person;
  return nullptr;
}
Participant* Meeting::find(const ParticipantId& participant) {
  for (Participant& person : participants)
    if (person.id == participant) return &person;
  return nullptr;
}
const Participant* Meeting::staff() const {
  for (const Participant& person : participants)
    if (person.role == ParticipantRole::kStaff) return &person;
  return nullptr;
}
const Participant* Meeting::customer() const {
  for (const Participant& person : participants)
    if (person.role == ParticipantRole::kCustomer) return &person;
  return nullptr;
}

EntryWindow entry_window(const Meeting& meeting, const TypePolicy& policy) {
  using std::chrono::minutes;
  return {meeting.start - minutes(policy.before_min), meeting.start + minutes(policy.after_min)};
}

bool is_decline_reason(std::string_view reason) {
  static constexpr std::array<std::string_view, 4> kReasons{"not_now", "wrong_person", "unrecorded",
                                                            "closed"};
  return std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
}

Decision decide(const Meeting& meeting, const TypePolicy& policy, const Command& command, UtcTime now) {
  return std::visit(Decider(meeting, policy, now), command);
}

void apply(Meeting& meeting, const Event& event, UtcTime now) {
  std::visit(Applier(meeting, now), event);
}

}  // namespace parlour::meeting

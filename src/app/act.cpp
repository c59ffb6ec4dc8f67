#include "app/act.h"

namespace parlour::app {
namespace {

using namespace meeting;

Json notice_json(const NoticeRef& notice) {
  return JsonObject{{"text_id", notice.text_id},
                    {"version", std::to_string(notice.version)},
                    {"sha256", notice.sha256},
                    {"lang", notice.language}};
}

// One overload an event: the entry's name, its data and whom it is about.
class EntryWriter {
 public:
  EntryWriter(const Meeting& meeting, const MeetingType& type, AuditRecord& record)
      : meeting_(meeting), type_(type), record_(record) {}

  void operator()(const event::MeetingCancelled& e) {
    name("meeting.cancelled");
    record_.data.set("by", e.by);
    record_.personal.push_back(
        {"reason", Redacted<std::string>(e.reason), "meeting/" + meeting_.id.text() + "/cancel_reason"});
  }
  void operator()(const event::LinkOpened& e) { about("link.opened", e.participant); }
  void operator()(const event::DeviceChecked& e) {
    about("device.checked", e.participant);
    record_.data.set("camera", e.device.camera);
    record_.data.set("microphone", e.device.microphone);
    record_.data.set("speaker", e.device.speaker);
    record_.data.set("network", e.device.network);
  }
  void operator()(const event::NoticeShown& e) {
    about("notice.shown", e.participant);
    record_.data = notice_json(e.notice);
  }
  void operator()(const event::NoticeAcknowledged& e) {
    about("notice.acknowledged", e.participant);
    record_.data = notice_json(e.notice);
  }
  void operator()(const event::NoticeDeclined& e) {
    about("notice.declined", e.participant);
    record_.data = notice_json(e.notice);
  }
  void operator()(const event::WaitingEntered& e) { about("waiting.entered", e.participant); }
  void operator()(const event::WaitingLeft& e) { about("waiting.left", e.participant); }
  void operator()(const event::StaffEntered& e) { about("staff.entered", e.participant); }
  void operator()(const event::Admitted& e) {
    const Participant* person = meeting_.find(e.participant);
    about(person != nullptr && person->role == ParticipantRole::kStaff ? "participant.joined"
                                                                       : "waiting.admitted",
          e.participant);
    if (record_.type == "waiting.admitted") {
      record_.data.set("by", e.by.text());
    } else {
      record_.data.set("role", "staff");
    }
  }
  void operator()(const event::Denied& e) {
    about("waiting.denied", e.participant);
    record_.data.set("by", meeting_.agent.text());
    record_.reason = e.reason;
  }
  void operator()(const event::MeetingStarted&) {
    name("meeting.started");
    record_.data.set("recording", to_text(type_.policy.recording));
    record_.data.set("policy_sha256", type_.document_sha256);
    record_.data.set("agent", meeting_.agent.text());
    record_.data.set("tolerance_ms", type_.policy.coverage_tolerance_ms);
  }
  void operator()(const event::Connected& e) {
    about("participant.connected", e.participant);
    const Participant* person = meeting_.find(e.participant);
    record_.data.set("role", person != nullptr ? to_text(person->role) : "");
  }
  void operator()(const event::Lost& e) { about("participant.lost", e.participant); }
  void operator()(const event::Returned& e) { about("participant.reconnected", e.participant); }
  void operator()(const event::Left& e) { about("participant.left", e.participant); }
  void operator()(const event::MeetingHeld& e) {
    name("meeting.held");
    record_.data.set("reason", e.cause);
  }
  void operator()(const event::MeetingResumed&) { name("meeting.resumed"); }
  void operator()(const event::MeetingEnded& e) {
    name("meeting.ended");
    record_.data.set("duration_ms", e.duration_ms);
    record_.data.set("end_cause", e.cause);
  }
  void operator()(const event::MeetingExpired&) { name("meeting.expired"); }
  void operator()(const event::RecordingRequested& e) {
    name("recording.requested");
    record_.subject = {"recording", e.recording.text()};
    record_.data.set("mode", e.by);
  }
  // Sealed, verified and the rest have entries of their own with what was found; this is the plain change of
  // state.
  void operator()(const event::RecordingChanged& e) {
    name(e.phase == RecordingPhase::kFailed ? "recording.failed" : "recording.state");
    if (meeting_.recording) record_.subject = {"recording", meeting_.recording->text()};
    if (e.phase == RecordingPhase::kFailed) record_.outcome = "failed";
    record_.reason = e.reason;
    record_.data.set(e.phase == RecordingPhase::kFailed ? "cause" : "state",
                     e.phase == RecordingPhase::kFailed ? e.reason : std::string(to_text(e.phase)));
  }

 private:
  void name(std::string_view type) { record_.type = type; }
  void about(std::string_view type, const ParticipantId& participant) {
    name(type);
    record_.subject = {"participant", participant.text()};
  }

  const Meeting& meeting_;
  const MeetingType& type_;
  AuditRecord& record_;
};

}  // namespace

AuditRecord audit_record_of(const meeting::Meeting& meeting, const MeetingType& type,
                            const meeting::Event& event, const meeting::Actor& actor) {
  AuditRecord record;
  record.actor = actor;
  record.meeting = meeting.id;
  record.type_version = type.version;
  std::visit(EntryWriter(meeting, type, record), event);
  return record;
}

AuditRecord about_recording(std::string_view type, const meeting::Actor& actor, const RecordingRow& row) {
  AuditRecord record;
  record.type = type;
  record.actor = actor;
  record.meeting = row.meeting;
  record.subject = {"recording", row.id.text()};
  return record;
}

meeting::Decision act(Context& context, Meeting& meeting, const MeetingType& type,
                      const meeting::Command& command, const meeting::Actor& actor,
                      const std::function<void(const Meeting&)>& inside) {
  UtcTime now = context.clock.now().utc;
  meeting::Decision decision = meeting::decide(meeting, type.policy, command, now);
  if (!decision || decision->empty()) return decision;
  Meeting next = meeting;
  for (const meeting::Event& event : *decision) meeting::apply(next, event, now);
  Work work(context.unit);
  context.meetings.save(next);
  for (const meeting::Event& event : *decision)
    context.audit.append(audit_record_of(next, type, event, actor));
  if (inside) inside(next);
  work.commit();
  meeting = std::move(next);
  return decision;
}

std::uint64_t note(Context& context, AuditRecord record) {
  Work work(context.unit);
  std::uint64_t seq = context.audit.append(record);
  work.commit();
  return seq;
}

void note_denied(Context& context, const meeting::Actor& actor, meeting::Action action,
                 const meeting::Refusal& refusal, std::optional<MeetingId> about) {
  AuditRecord record;
  record.type = "access.denied";
  record.actor = actor;
  record.meeting = about;
  record.outcome = "denied";
  record.reason = refusal.code;
  record.data.set("action", to_text(action));
  note(context, std::move(record));
}

meeting::Refusal as_seen_by(const meeting::Actor& actor, const Meeting& about,
                            const meeting::Refusal& refusal) {
  if (!meeting::allowed(actor, Action::kMeetingRead, {about.agent, actor.participant})) return refusal;
  return {"not_found", "There is nothing here.", {}};
}

}  // namespace parlour::app

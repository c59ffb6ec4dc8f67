// A meeting's life as pure rules (design.md 4): decide() says what a command does to a state, apply() does
// it.
//
//   scheduled ──► open (someone waits) ──► live ⇄ held ──► ended          or cancelled, expired
//
// decide() never changes anything and asks no clock; apply() never refuses. A command that changes nothing
// gives no events. Media is told by app, the log is written by app: one event is one audit entry.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "meeting/access.h"
#include "meeting/ids.h"
#include "meeting/refusal.h"
#include "meeting/type_policy.h"

namespace parlour::meeting {

enum class Phase { kScheduled, kOpen, kLive, kHeld, kEnded, kCancelled, kExpired };
std::string_view to_text(Phase phase);
std::optional<Phase> phase_from_text(std::string_view text);

enum class ParticipantRole { kStaff, kCustomer };
std::string_view to_text(ParticipantRole role);

enum class ParticipantPhase {
  kInvited,
  kArrived,
  kWaiting,
  kAdmitted,
  kConnected,
  kReconnecting,
  kLeft,
  kDenied
};
std::string_view to_text(ParticipantPhase phase);
std::optional<ParticipantPhase> participant_phase_from_text(std::string_view text);

// Off → requested → capturing → stopping → sealed → verified; failed from anywhere, with a reason.
enum class RecordingPhase { kOff, kRequested, kCapturing, kStopping, kSealed, kVerified, kFailed };
std::string_view to_text(RecordingPhase phase);
std::optional<RecordingPhase> recording_phase_from_text(std::string_view text);

// What the customer's device check found; the words of contracts/openapi.yaml.
struct DeviceResult {
  std::string camera, microphone, speaker, network;
  friend bool operator==(const DeviceResult&, const DeviceResult&) = default;
};

// Which text was on the screen: exact, by hash (MiFID II DR Art 76(8): language and version are evidence).
struct NoticeRef {
  std::string text_id;
  int version = 0;
  std::string sha256;  // hex
  std::string language;
  friend bool operator==(const NoticeRef&, const NoticeRef&) = default;
};

struct Participant {
  ParticipantId id;
  ParticipantRole role = ParticipantRole::kCustomer;
  std::optional<UserId> user;          // staff
  std::optional<CustomerId> customer;  // customers
  ParticipantPhase phase = ParticipantPhase::kInvited;
  std::optional<UtcTime> link_opened_at;
  std::optional<UtcTime> waiting_since;
  std::optional<DeviceResult> device;
  bool notice_settled = false;
};

struct Cancelled {
  std::string by;  // "agent" | "customer"
  std::string reason;
  UtcTime at;
};

struct Meeting {
  MeetingId id;
  TypeId type;
  int type_version = 1;
  UserId agent;
  std::string language = "en";
  UtcTime start;
  int duration_min = 45;
  Phase phase = Phase::kScheduled;
  std::optional<UtcTime> started_at, ended_at;
  std::string end_reason;
  std::optional<Cancelled> cancelled;
  std::vector<Participant> participants;
  std::optional<RecordingId> recording;
  RecordingPhase recording_phase = RecordingPhase::kOff;
  std::string recording_reason;

  const Participant* find(const ParticipantId& participant) const;
  Participant* find(const ParticipantId& participant);
  const Participant* staff() const;
  const Participant* customer() const;
  bool over() const {
    return phase == Phase::kEnded || phase == Phase::kCancelled || phase == Phase::kExpired;
  }
};

// When the customer may enter: [opens, closes).
struct EntryWindow {
  UtcTime opens, closes;
};
EntryWindow entry_window(const Meeting& meeting, const TypePolicy& policy);

// --- commands
// ---------------------------------------------------------------------------------------------------
namespace command {
struct Cancel {
  std::string by, reason;
};
struct OpenLink {
  ParticipantId participant;
};
struct ReportDevice {
  ParticipantId participant;
  DeviceResult device;
};
struct ShowNotice {
  ParticipantId participant;
  NoticeRef notice;
};
struct AcknowledgeNotice {
  ParticipantId participant;
  NoticeRef notice;
  NoticeRef expected;
};
struct DeclineNotice {
  ParticipantId participant;
  NoticeRef notice;
};
struct EnterWaiting {
  ParticipantId participant;
};
struct LeaveWaiting {
  ParticipantId participant;
};
struct EnterStaff {
  ParticipantId participant;
};
struct Admit {
  ParticipantId by;
  std::vector<ParticipantId> participants;
  bool recorder_ready = false;
};
struct Deny {
  ParticipantId participant;
  std::string reason;
};
struct Connect {
  ParticipantId participant;
};
struct Lose {
  ParticipantId participant;
};
struct Return {
  ParticipantId participant;
};
struct Leave {
  ParticipantId participant;
};
struct Hold {
  std::string cause;  // "left": the adviser's own act; "session": the log-in ended; "lost": the page
};
struct Resume {};
struct End {
  std::string cause;
};
struct Expire {};
struct RequestRecording {
  RecordingId recording;
  std::string by;
};  // by: "auto" | "manual"
struct RecordingFact {
  RecordingPhase phase;
  std::string reason;
};
}  // namespace command
using Command =
    std::variant<command::Cancel, command::OpenLink, command::ReportDevice, command::ShowNotice,
                 command::AcknowledgeNotice, command::DeclineNotice, command::EnterWaiting,
                 command::LeaveWaiting, command::EnterStaff, command::Admit, command::Deny, command::Connect,
                 command::Lose, command::Return, command::Leave, command::Hold, command::Resume, command::End,
                 command::Expire, command::RequestRecording, command::RecordingFact>;

// --- events
// -----------------------------------------------------------------------------------------------------
namespace event {
struct MeetingCancelled {
  std::string by, reason;
};
struct LinkOpened {
  ParticipantId participant;
};
struct DeviceChecked {
  ParticipantId participant;
  DeviceResult device;
};
struct NoticeShown {
  ParticipantId participant;
  NoticeRef notice;
};
struct NoticeAcknowledged {
  ParticipantId participant;
  NoticeRef notice;
};
struct NoticeDeclined {
  ParticipantId participant;
  NoticeRef notice;
};
struct WaitingEntered {
  ParticipantId participant;
};
struct WaitingLeft {
  ParticipantId participant;
};
struct StaffEntered {
  ParticipantId participant;
};
struct Admitted {
  ParticipantId participant, by;
};
struct Denied {
  ParticipantId participant;
  std::string reason;
};
struct MeetingStarted {};
struct Connected {
  ParticipantId participant;
};
struct Lost {
  ParticipantId participant;
};
struct Returned {
  ParticipantId participant;
};
struct Left {
  ParticipantId participant;
};
struct MeetingHeld {
  std::string cause;
};
struct MeetingResumed {};
struct MeetingEnded {
  std::string cause;
  std::int64_t duration_ms = 0;
};
struct MeetingExpired {};
struct RecordingRequested {
  RecordingId recording;
  std::string by;
};
struct RecordingChanged {
  RecordingPhase phase;
  std::string reason;
};
}  // namespace event
using Event =
    std::variant<event::MeetingCancelled, event::LinkOpened, event::DeviceChecked, event::NoticeShown,
                 event::NoticeAcknowledged, event::NoticeDeclined, event::WaitingEntered, event::WaitingLeft,
                 event::StaffEntered, event::Admitted, event::Denied, event::MeetingStarted, event::Connected,
                 event::Lost, event::Returned, event::Left, event::MeetingHeld, event::MeetingResumed,
                 event::MeetingEnded, event::MeetingExpired, event::RecordingRequested,
                 event::RecordingChanged>;

using Decision = Result<std::vector<Event>, Refusal>;
Decision decide(const Meeting& meeting, const TypePolicy& policy, const Command& command, UtcTime now);
void apply(Meeting& meeting, const Event& event, UtcTime now);

// The reasons an adviser may decline with (contracts/signalling.schema.json); each has the customer's
// sentence.
bool is_decline_reason(std::string_view reason);

}  // namespace parlour::meeting

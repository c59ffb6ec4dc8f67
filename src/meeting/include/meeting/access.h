// allowed(): the one function that decides who may do what (design.md 6, compliance.md 4), with the three
// roles of the first path. Use cases call it first; adapters never decide. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "meeting/ids.h"
#include "meeting/refusal.h"

namespace parlour::meeting {

enum class UserRole { kAgent, kCompliance, kAdministrator };
std::string_view to_text(UserRole role);
std::optional<UserRole> user_role_from_text(std::string_view text);

enum class ActorKind { kUser, kCustomer, kSystem, kOperator };
std::string_view to_text(ActorKind kind);

// Who asks. Exactly one of user, participant is set for kUser and kCustomer.
struct Actor {
  ActorKind kind = ActorKind::kSystem;
  std::optional<UserId> user;
  UserRole role = UserRole::kAgent;          // for kUser
  std::optional<ParticipantId> participant;  // for kCustomer: the grant is bound to this participant
  std::string session;                       // public id of the session, "" where none

  static Actor system() { return {}; }
  static Actor operator_at_console() {
    Actor actor;
    actor.kind = ActorKind::kOperator;
    return actor;
  }
};

enum class Action {
  kMeetingSchedule,
  kMeetingRead,
  kMeetingCancel,
  kMeetingIssueLink,
  kMeetingStart,  // enter the call page as the adviser, admit, decline, end
  kMeetingJoin,   // customers
  kRecordingList,
  kRecordingPlay,
  kRecordingDownload,
  kAuditRead,
  kAuditExport,
  kAuditVerify,
  kTypeRead,
  kTypeEdit,
  kUserManage,
  kStatusRead,
};
std::string_view to_text(Action action);

// What about the resource matters to the decision.
struct ResourceFacts {
  std::optional<UserId> owner;               // the meeting's agent
  std::optional<ParticipantId> participant;  // the participant whose grant is used
};

// Empty: yes.
std::optional<Refusal> allowed(const Actor& actor, Action action, const ResourceFacts& facts);

// The actions that a role may do on something (own or all), for the console's menus. Not a decision.
std::vector<Action> actions_of(UserRole role);

}  // namespace parlour::meeting

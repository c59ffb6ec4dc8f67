#include "meeting/access.h"

#include <array>

namespace parlour::meeting {
namespace {

enum class Scope { kNone, kOwn, kAll };

struct Row {
  Action action;
  std::string_view name;
  Scope agent, compliance, administrator, customer;
};

// compliance.md 4, the rows of this path. An administrator never plays a recording: a hard separation.
constexpr std::array kTable{
    Row{Action::kMeetingSchedule, "meeting.schedule", Scope::kAll, Scope::kNone, Scope::kNone, Scope::kNone},
    Row{Action::kMeetingRead, "meeting.read", Scope::kOwn, Scope::kAll, Scope::kNone, Scope::kOwn},
    Row{Action::kMeetingCancel, "meeting.cancel", Scope::kOwn, Scope::kNone, Scope::kNone, Scope::kOwn},
    Row{Action::kMeetingIssueLink, "meeting.issue_link", Scope::kOwn, Scope::kNone, Scope::kNone,
        Scope::kNone},
    Row{Action::kMeetingStart, "meeting.start", Scope::kOwn, Scope::kNone, Scope::kNone, Scope::kNone},
    Row{Action::kMeetingJoin, "meeting.join", Scope::kNone, Scope::kNone, Scope::kNone, Scope::kOwn},
    Row{Action::kRecordingList, "recording.list", Scope::kOwn, Scope::kAll, Scope::kNone, Scope::kNone},
    Row{Action::kRecordingPlay, "recording.play", Scope::kNone, Scope::kAll, Scope::kNone, Scope::kNone},
    Row{Action::kRecordingDownload, "recording.download", Scope::kNone, Scope::kAll, Scope::kNone,
        Scope::kNone},
    Row{Action::kAuditRead, "audit.read", Scope::kOwn, Scope::kAll, Scope::kAll, Scope::kNone},
    Row{Action::kAuditExport, "audit.export", Scope::kNone, Scope::kAll, Scope::kNone, Scope::kNone},
    Row{Action::kAuditVerify, "audit.verify", Scope::kNone, Scope::kAll, Scope::kAll, Scope::kNone},
    Row{Action::kTypeRead, "type.read", Scope::kAll, Scope::kAll, Scope::kAll, Scope::kNone},
    Row{Action::kTypeEdit, "type.edit", Scope::kNone, Scope::kNone, Scope::kAll, Scope::kNone},
    Row{Action::kUserManage, "person.manage", Scope::kNone, Scope::kNone, Scope::kAll, Scope::kNone},
    Row{Action::kStatusRead, "status.read", Scope::kAll, Scope::kAll, Scope::kAll, Scope::kNone},
};

const Row& row_of(Action action) {
  for (const Row& row : kTable)
    if (row.action == action) return row;
  return kTable[0];  // unreachable: the table is complete, held by access_test
}

Scope scope_of(const Row& row, UserRole role) {
  switch (role) {
    case UserRole::kAgent:
      return row.agent;
    case UserRole::kCompliance:
      return row.compliance;
    case UserRole::kAdministrator:
      return row.administrator;
  }
  return Scope::kNone;
}

Refusal refuse(const Row& row, bool own_only) {
  Refusal refusal;
  refusal.code = own_only ? "access.not_yours" : "access.denied";
  refusal.text = "This is not allowed: " + std::string(row.name) + ".";
  for (UserRole role : {UserRole::kAgent, UserRole::kCompliance, UserRole::kAdministrator})
    if (scope_of(row, role) != Scope::kNone) refusal.who.emplace_back(to_text(role));
  return refusal;
}

}  // namespace

std::string_view to_text(UserRole role) {
  switch (role) {
    case UserRole::kAgent:
      return "agent";
    case UserRole::kCompliance:
      return "compliance";
    case UserRole::kAdministrator:
      return "administrator";
  }
  return "";
}

std::optional<UserRole> user_role_from_text(std::string_view text) {
  for (UserRole role : {UserRole::kAgent, UserRole::kCompliance, UserRole::kAdministrator})
    if (to_text(role) == text) return role;
  return std::nullopt;
}

std::string_view to_text(ActorKind kind) {
  switch (kind) {
    case ActorKind::kUser:
      return "user";
    case ActorKind::kCustomer:
      return "customer";
    case ActorKind::kSystem:
      return "system";
    case ActorKind::kOperator:
      return "operator";
  }
  return "";
}

std::string_view to_text(Action action) {
  return row_of(action).name;
}

std::optional<Refusal> allowed(const Actor& actor, Action action, const ResourceFacts& facts) {
  const Row& row = row_of(action);
  switch (actor.kind) {
    case ActorKind::kSystem:
      return std::nullopt;
    case ActorKind::kOperator:
      // The operator's commands manage accounts and types; they read no meeting and play nothing.
      if (action == Action::kUserManage || action == Action::kTypeEdit || action == Action::kTypeRead ||
          action == Action::kAuditVerify)
        return std::nullopt;
      return refuse(row, false);
    case ActorKind::kCustomer:
      if (row.customer == Scope::kOwn && actor.participant && facts.participant == actor.participant)
        return std::nullopt;
      return refuse(row, row.customer == Scope::kOwn);
    case ActorKind::kUser: {
      Scope scope = scope_of(row, actor.role);
      if (scope == Scope::kAll) return std::nullopt;
      if (scope == Scope::kOwn && actor.user && facts.owner == actor.user) return std::nullopt;
      return refuse(row, scope == Scope::kOwn);
    }
  }
  return refuse(row, false);
}

std::vector<Action> actions_of(UserRole role) {
  std::vector<Action> actions;
  for (const Row& row : kTable)
    if (scope_of(row, role) != Scope::kNone) actions.push_back(row.action);
  return actions;
}

}  // namespace parlour::meeting

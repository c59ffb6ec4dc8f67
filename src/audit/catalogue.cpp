#include "audit/format/catalogue.h"

#include <algorithm>
#include <array>

namespace parlour::audit {
namespace {

using enum FieldKind;

// Short forms, so that the table below reads as a table.
constexpr bool kRequired = true;
constexpr FieldRule kIp{"ip", kPersonal}, kUserAgent{"user_agent", kPersonal};
constexpr FieldRule kCustomerEmail{"customer_email", kPersonal}, kCustomerName{"customer_name", kPersonal};
constexpr FieldRule kLinkKind{"kind", kCode}, kLinkHash{"hash8", kCode};

constexpr std::array kAccessDenied{FieldRule{"action", kCode, kRequired}, FieldRule{"resource", kCode}, kIp};
constexpr std::array kAuditCheckpoint{FieldRule{"size", kInteger, kRequired},
                                      FieldRule{"root", kSha256, kRequired},
                                      FieldRule{"key_id", kCode, kRequired}};
constexpr std::array kAuditExported{FieldRule{"size", kInteger, kRequired}, FieldRule{"sha256", kSha256},
                                    FieldRule{"private_rows", kInteger}, FieldRule{"purpose", kCode}};
constexpr std::array kAuditVerified{FieldRule{"size", kInteger, kRequired},
                                    FieldRule{"status", kInteger, kRequired},
                                    FieldRule{"first_bad_seq", kInteger}};
constexpr std::array kAuthLocked{FieldRule{"login", kPersonal}, FieldRule{"failures", kInteger},
                                 FieldRule{"until_ms", kInteger}, kIp};
constexpr std::array kAuthLogin{FieldRule{"method", kCode, kRequired}, FieldRule{"amr", kCodes}, kIp,
                                kUserAgent};
constexpr std::array kAuthLoginFailed{FieldRule{"method", kCode, kRequired}, FieldRule{"login", kPersonal},
                                      kIp, kUserAgent};
constexpr std::array kAuthLogout{FieldRule{"cause", kCode}};
constexpr std::array kCompletenessReport{FieldRule{"from", kInteger, kRequired},
                                         FieldRule{"to", kInteger, kRequired},
                                         FieldRule{"required", kInteger, kRequired},
                                         FieldRule{"ok", kInteger, kRequired},
                                         FieldRule{"pending", kInteger},
                                         FieldRule{"violations", kInteger, kRequired},
                                         FieldRule{"uncovered_ms", kInteger, kRequired}};
constexpr std::array kConfigChanged{FieldRule{"section", kCode}, FieldRule{"diff", kDiff, kRequired}};
constexpr std::array kDeviceChecked{FieldRule{"camera", kCode}, FieldRule{"microphone", kCode},
                                    FieldRule{"speaker", kCode}, FieldRule{"network", kCode},
                                    FieldRule{"browser", kCode}};
constexpr std::array kLinkIssued{FieldRule{"kind", kCode, kRequired}, FieldRule{"expires_ms", kInteger},
                                 kLinkHash};
constexpr std::array kLinkUsed{kLinkKind, kLinkHash, kIp, kUserAgent};
constexpr std::array kLogKey{FieldRule{"key_id", kCode, kRequired}, FieldRule{"algorithm", kCode},
                             FieldRule{"verifier_key", kCode}};
constexpr std::array kMediaResumed{FieldRule{"reason", kCode}, FieldRule{"stopped_ms", kInteger}};
constexpr std::array kMediaStopped{FieldRule{"reason", kCode, kRequired}};
constexpr std::array kMeetingCancelled{FieldRule{"by", kCode}, FieldRule{"notified", kBoolean},
                                       kCustomerEmail, FieldRule{"reason", kPersonal}};
constexpr std::array kMeetingEnded{FieldRule{"duration_ms", kInteger, kRequired},
                                   FieldRule{"end_cause", kCode, kRequired}, kCustomerEmail};
constexpr std::array kMeetingHeld{FieldRule{"reason", kCode}};
constexpr std::array kMeetingResumed{FieldRule{"held_ms", kInteger}};
constexpr std::array kMeetingScheduled{FieldRule{"start_planned", kInteger, kRequired},
                                       FieldRule{"tz", kCode},
                                       FieldRule{"channel", kCode},
                                       FieldRule{"agent", kCode},
                                       kCustomerEmail,
                                       kCustomerName};
constexpr std::array kMeetingStarted{FieldRule{"recording", kCode, kRequired, "required|optional|never"},
                                     FieldRule{"policy_sha256", kSha256, kRequired},
                                     FieldRule{"tolerance_ms", kInteger}, FieldRule{"agent", kCode},
                                     kCustomerEmail};
constexpr std::array kNotice{FieldRule{"text_id", kCode, kRequired}, FieldRule{"version", kCode, kRequired},
                             FieldRule{"sha256", kSha256, kRequired}, FieldRule{"lang", kCode, kRequired},
                             FieldRule{"purpose", kCode}};
constexpr std::array kParticipantJoined{FieldRule{"role", kCode, kRequired}, FieldRule{"media", kCodes},
                                        FieldRule{"display_name", kPersonal}, kIp, kUserAgent};
constexpr std::array kParticipantLeft{FieldRule{"cause", kCode}, FieldRule{"role", kCode},
                                      FieldRule{"duration_ms", kInteger}};
constexpr std::array kParticipantReconnected{FieldRule{"cause", kCode}, FieldRule{"role", kCode},
                                             FieldRule{"gap_ms", kInteger}, kIp};
constexpr std::array kParticipantRemoved{FieldRule{"by", kCode, kRequired}, FieldRule{"cause", kCode},
                                         FieldRule{"role", kCode}};
constexpr std::array kPlaintextGuard{FieldRule{"rule", kCode, kRequired}, FieldRule{"kind", kCode},
                                     FieldRule{"packets", kInteger}};
constexpr std::array kPolicySigned{FieldRule{"policy_sha256", kSha256, kRequired}, FieldRule{"key_id", kCode},
                                   FieldRule{"type_version", kCode}};
constexpr std::array kCaptureStarted{FieldRule{"part", kInteger, kRequired}, FieldRule{"key_id", kCode},
                                     FieldRule{"envelope_sha256", kSha256}};
constexpr std::array kDownloadRequested{FieldRule{"rendition", kCode, kRequired},
                                        FieldRule{"purpose", kCode, kRequired}, FieldRule{"session", kCode},
                                        FieldRule{"reason", kPersonal}};
constexpr std::array kDownloaded{FieldRule{"rendition", kCode, kRequired},
                                 FieldRule{"sha256", kSha256, kRequired},
                                 FieldRule{"bytes", kInteger},
                                 FieldRule{"request", kInteger, kRequired},
                                 FieldRule{"file", kCode},
                                 FieldRule{"size", kInteger}};
constexpr std::array kExempted{FieldRule{"reason", kCode, kRequired},
                               FieldRule{"approver", kCode, kRequired}};
constexpr std::array kRecordingFailed{FieldRule{"cause", kCode, kRequired}, FieldRule{"part", kInteger}};
constexpr std::array kFirstPacket{FieldRule{"track", kCode}, FieldRule{"kind", kCode},
                                  FieldRule{"part", kInteger}};
constexpr std::array kGap{FieldRule{"from", kInteger, kRequired}, FieldRule{"to", kInteger, kRequired},
                          FieldRule{"cause", kCode, kRequired}, FieldRule{"track", kCode},
                          FieldRule{"part", kInteger}};
constexpr std::array kPlayRequested{FieldRule{"rendition", kCode, kRequired},
                                    FieldRule{"purpose", kCode, kRequired},
                                    FieldRule{"session", kCode, kRequired}};
constexpr std::array kPlayed{
    FieldRule{"ranges_ms", kRanges, kRequired}, FieldRule{"rendition", kCode}, FieldRule{"session", kCode},
    FieldRule{"request", kInteger, kRequired},  FieldRule{"bytes", kInteger},  FieldRule{"track", kCode}};
constexpr std::array kRecorderKey{FieldRule{"key_id", kCode, kRequired},
                                  FieldRule{"algorithm", kCode, kRequired},
                                  FieldRule{"public_key", kCode, kRequired}};
constexpr std::array kRecordingRequested{FieldRule{"mode", kCode, kRequired, "auto|manual"},
                                         FieldRule{"by", kCode}};
constexpr std::array kSealed{FieldRule{"segments", kInteger, kRequired},
                             FieldRule{"last_hash", kSha256, kRequired},
                             FieldRule{"envelopes_sha256", kSha256, kRequired},
                             FieldRule{"parts", kInteger},
                             FieldRule{"tracks", kInteger},
                             FieldRule{"bytes", kInteger},
                             FieldRule{"key_id", kCode},
                             FieldRule{"keep_until", kInteger}};
constexpr std::array kRecordingStopped{FieldRule{"cause", kCode, kRequired}};
constexpr std::array kRecordingVerified{FieldRule{"manifest_sha256", kSha256, kRequired},
                                        FieldRule{"intervals", kRanges, kRequired},
                                        FieldRule{"gaps", kRanges, kRequired},
                                        FieldRule{"coverage_permille", kInteger, kRequired},
                                        FieldRule{"lost_frames", kInteger},
                                        FieldRule{"intervals_joined_ms", kInteger},
                                        FieldRule{"gaps_joined_ms", kInteger},
                                        FieldRule{"summary_sha256", kSha256}};
constexpr std::array kRosterAccepted{FieldRule{"epoch", kInteger, kRequired},
                                     FieldRule{"roster_sha256", kSha256, kRequired},
                                     FieldRule{"members", kInteger}, FieldRule{"mode", kCode}};
constexpr std::array kRecordingState{FieldRule{"state", kCode, kRequired}};
constexpr std::array kServerStarted{FieldRule{"version", kCode, kRequired},
                                    FieldRule{"binary_sha256", kSha256, kRequired}};
constexpr std::array kServerStopped{FieldRule{"cause", kCode}};
constexpr std::array kShare{FieldRule{"kind", kCode}, FieldRule{"cause", kCode}};
constexpr std::array kTypeCreated{FieldRule{"slug", kCode}};
constexpr std::array kTypePublished{FieldRule{"version", kCode, kRequired},
                                    FieldRule{"diff", kDiff, kRequired},
                                    FieldRule{"policy_sha256", kSha256},
                                    FieldRule{"recording", kCode, !kRequired, "required|optional|never"},
                                    FieldRule{"tolerance_ms", kInteger},
                                    FieldRule{"pause_max_s", kInteger},
                                    FieldRule{"loss_end_s", kInteger},
                                    FieldRule{"hold_s", kInteger}};
constexpr std::array kUserCreated{FieldRule{"roles", kCodes, kRequired}, FieldRule{"email", kPersonal},
                                  FieldRule{"name", kPersonal}};
constexpr std::array kUserDisabled{FieldRule{"cause", kCode}};
constexpr std::array kRoleChanged{FieldRule{"old", kCode, kRequired}, FieldRule{"new", kCode, kRequired}};
constexpr std::array kPasswordSet{FieldRule{"by", kCode}, FieldRule{"method", kCode}};
constexpr std::array kWaitingAnswered{FieldRule{"by", kCode, kRequired}, FieldRule{"waited_ms", kInteger}};
constexpr std::array kWaitingEntered{FieldRule{"role", kCode}};

constexpr bool kMeeting = true;

// Sorted by name (a test holds it).
constexpr std::array kEvents{
    EventRule{"access.denied", kAccessDenied},
    EventRule{"audit.checkpoint", kAuditCheckpoint},
    EventRule{"audit.exported", kAuditExported},
    EventRule{"audit.verified", kAuditVerified},
    EventRule{"auth.locked", kAuthLocked},
    EventRule{"auth.login", kAuthLogin},
    EventRule{"auth.login_failed", kAuthLoginFailed},
    EventRule{"auth.logout", kAuthLogout},
    EventRule{"completeness.report", kCompletenessReport},
    EventRule{"config.changed", kConfigChanged},
    EventRule{"device.checked", kDeviceChecked, kMeeting},
    EventRule{"link.issued", kLinkIssued, kMeeting},
    EventRule{"link.opened", kLinkUsed, kMeeting},
    EventRule{"link.rejected", kLinkUsed},  // the link may belong to no meeting at all
    EventRule{"log.key", kLogKey},
    EventRule{"media.resumed", kMediaResumed, kMeeting},
    EventRule{"media.stopped", kMediaStopped, kMeeting},
    EventRule{"meeting.cancelled", kMeetingCancelled, kMeeting},
    EventRule{"meeting.ended", kMeetingEnded, kMeeting},
    EventRule{"meeting.expired", {}, kMeeting},
    EventRule{"meeting.held", kMeetingHeld, kMeeting},
    EventRule{"meeting.resumed", kMeetingResumed, kMeeting},
    EventRule{"meeting.scheduled", kMeetingScheduled, kMeeting},
    EventRule{"meeting.started", kMeetingStarted, kMeeting},
    EventRule{"notice.acknowledged", kNotice, kMeeting},
    EventRule{"notice.declined", kNotice, kMeeting},
    EventRule{"notice.shown", kNotice, kMeeting},
    EventRule{"participant.check_failed", {}, kMeeting},
    EventRule{"participant.connected", kParticipantJoined, kMeeting},
    EventRule{"participant.joined", kParticipantJoined, kMeeting},
    EventRule{"participant.left", kParticipantLeft, kMeeting},
    EventRule{"participant.lost", kParticipantLeft, kMeeting},
    EventRule{"participant.reconnected", kParticipantReconnected, kMeeting},
    EventRule{"participant.removed", kParticipantRemoved, kMeeting},
    EventRule{"plaintext_guard", kPlaintextGuard, kMeeting},
    EventRule{"policy.signed", kPolicySigned},
    EventRule{"recorder.key", kRecorderKey},
    EventRule{"recording.capture_started", kCaptureStarted, kMeeting},
    EventRule{"recording.download_requested", kDownloadRequested, kMeeting},
    EventRule{"recording.downloaded", kDownloaded, kMeeting},
    EventRule{"recording.exempted", kExempted, kMeeting},
    EventRule{"recording.failed", kRecordingFailed, kMeeting},
    EventRule{"recording.first_packet", kFirstPacket, kMeeting},
    EventRule{"recording.gap", kGap, kMeeting},
    EventRule{"recording.play_requested", kPlayRequested, kMeeting},
    EventRule{"recording.played", kPlayed, kMeeting},
    EventRule{"recording.requested", kRecordingRequested, kMeeting},
    EventRule{"recording.sealed", kSealed, kMeeting},
    EventRule{"recording.state", kRecordingState, kMeeting},
    EventRule{"recording.stopped", kRecordingStopped, kMeeting},
    EventRule{"recording.verified", kRecordingVerified, kMeeting},
    EventRule{"roster.accepted", kRosterAccepted, kMeeting},
    EventRule{"server.started", kServerStarted},
    EventRule{"server.stopped", kServerStopped},
    EventRule{"share.started", kShare, kMeeting},
    EventRule{"share.stopped", kShare, kMeeting},
    EventRule{"staff.entered", {}, kMeeting},
    EventRule{"type.created", kTypeCreated},
    EventRule{"type.version_published", kTypePublished},
    EventRule{"user.created", kUserCreated},
    EventRule{"user.disabled", kUserDisabled},
    EventRule{"user.enabled", {}},
    EventRule{"user.password_set", kPasswordSet},
    EventRule{"user.role_changed", kRoleChanged},
    EventRule{"waiting.admitted", kWaitingAnswered, kMeeting},
    EventRule{"waiting.denied", kWaitingAnswered, kMeeting},
    EventRule{"waiting.entered", kWaitingEntered, kMeeting},
    EventRule{"waiting.left", {}, kMeeting},
};

}  // namespace

std::string_view to_text(FieldKind kind) {
  switch (kind) {
    case kInteger:
      return "integer";
    case kBoolean:
      return "boolean";
    case kCode:
      return "code";
    case kSha256:
      return "sha256";
    case kRanges:
      return "ranges";
    case kCodes:
      return "codes";
    case kDiff:
      return "diff";
    case kPersonal:
      return "personal";
  }
  return "";
}

bool is_one_of(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    std::size_t end = std::min(words.find('|'), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

const FieldRule* EventRule::field(std::string_view field_name) const {
  for (const FieldRule& rule : fields)
    if (rule.name == field_name) return &rule;
  return nullptr;
}

std::span<const EventRule> event_catalogue() {
  return kEvents;
}

const EventRule* find_event(std::string_view name) {
  auto found =
      std::lower_bound(kEvents.begin(), kEvents.end(), name,
                       [](const EventRule& rule, std::string_view wanted) { return rule.name < wanted; });
  return found != kEvents.end() && found->name == name ? &*found : nullptr;
}

}  // namespace parlour::audit

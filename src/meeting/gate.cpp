#include "meeting/gate.h"

namespace parlour::meeting {

std::string_view to_text(GateAnswer answer) {
  switch (answer) {
    case GateAnswer::kOpen:
      return "open";
    case GateAnswer::kNotAdmitted:
      return "not_admitted";
    case GateAnswer::kNoticeMissing:
      return "notice_missing";
    case GateAnswer::kNotLive:
      return "not_live";
    case GateAnswer::kNoPath:
      return "no_path";
    case GateAnswer::kNoRecorderKey:
      return "no_recorder_key";
    case GateAnswer::kNoCapture:
      return "no_capture";
    case GateAnswer::kNotRecorded:
      return "not_recorded";
  }
  return "";
}

GateAnswer gate(const GateFacts& facts) {
  if (!facts.sender_admitted || (!facts.receiver_admitted && !facts.receiver_is_recorder))
    return GateAnswer::kNotAdmitted;
  if (!facts.sender_notice_settled) return GateAnswer::kNoticeMissing;
  if (!facts.meeting_live) return GateAnswer::kNotLive;
  if (!facts.path_met) return GateAnswer::kNoPath;
  if (facts.receiver_is_recorder) {
    if (facts.rule == RecordingRule::kNever || facts.mode != RosterMode::kRecorded)
      return GateAnswer::kNotRecorded;
    if (!facts.recorder_acknowledged_sender) return GateAnswer::kNoRecorderKey;
    return facts.capture_started ? GateAnswer::kOpen : GateAnswer::kNoCapture;
  }
  if (facts.rule == RecordingRule::kRequired) {
    if (facts.mode == RosterMode::kOff) return GateAnswer::kNoRecorderKey;
    if (facts.mode == RosterMode::kRecorded && !facts.recorder_acknowledged_sender)
      return GateAnswer::kNoRecorderKey;
    if (!facts.capture_started) return GateAnswer::kNoCapture;
  }
  return GateAnswer::kOpen;
}

}  // namespace parlour::meeting

#include "farewell.h"

#include <algorithm>
#include <array>

namespace parlour::app {

using namespace meeting;

void add_farewell(const Context& context, const Meeting& meeting, const MeetingType& type,
                  bool packet_written, Json& message) {
  message.set("conversation", meeting.started_at.has_value());
  std::optional<RecordingRow> row;
  if (meeting.recording) {
    try {
      row = context.recordings.load(*meeting.recording);
    } catch (const StoreFailure&) {
      // The meeting itself says when a capture was running; nothing is promised about how long it is kept.
      if (meeting.recording_phase >= RecordingPhase::kCapturing) message.set("recorded", true);
      return;
    }
  }
  const bool recorded =
      row && row->started_at && row->parts > 0 && packet_written && row->reason != kNobodyRecorded;
  message.set("recorded", recorded);
  if (!recorded) return;
  std::optional<UtcTime> until =
      row->keep_until ? row->keep_until : add_keep(row->requested_at, type.policy.keep);
  if (until) message.set("kept_until", until->us / 1000);
}

Json ended_while_away(const Context& context, const Meeting& meeting, const MeetingType& type) {
  // Reasons that pages have words for (contracts/signalling.schema.json).
  static constexpr std::array<std::string_view, 7> kKnown{
      "staff", "customer_left", "recording_lost", "keys_missing", "held_too_long", "exhausted", "server"};
  std::string reason = meeting.phase == Phase::kCancelled ? "cancelled"
                       : meeting.phase == Phase::kExpired ? "expired"
                                                          : meeting.end_reason;
  if (meeting.phase == Phase::kEnded && std::find(kKnown.begin(), kKnown.end(), reason) == kKnown.end())
    reason = "server";
  Json message = JsonObject{{"type", "ended"}, {"reason", reason}};
  add_farewell(context, meeting, type, true, message);
  return message;
}

}  // namespace parlour::app

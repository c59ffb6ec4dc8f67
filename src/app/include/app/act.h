// act(): one command on one meeting, its events, its audit entries and its rows in one unit of work.
#pragma once

#include <functional>

#include "app/context.h"

namespace parlour::app {

// The audit entry of an event. `type` gives titles and the rule for the entries that carry them.
AuditRecord audit_record_of(const meeting::Meeting& meeting, const MeetingType& type,
                            const meeting::Event& event, const meeting::Actor& actor);

// An entry about a recording, of its meeting; what it says is the caller's.
AuditRecord about_recording(std::string_view type, const meeting::Actor& actor, const RecordingRow& row);

// Decides on `meeting`, and if there are events: applies them, saves, appends one audit entry each, runs
// `inside` (more rows of the same effect), commits. On refusal nothing is written here; `meeting` changes
// only when all is committed. Throws StoreFailure.
meeting::Decision act(Context& context, Meeting& meeting, const MeetingType& type,
                      const meeting::Command& command, const meeting::Actor& actor,
                      const std::function<void(const Meeting&)>& inside = {});

// Writes one entry in a unit of work of its own: denials, failures and facts without a state change.
std::uint64_t note(Context& context, AuditRecord record);
void note_denied(Context& context, const meeting::Actor& actor, meeting::Action action,
                 const meeting::Refusal& refusal, std::optional<MeetingId> about);

// What somebody is told whom an act is denied: why, when they may know of the meeting at all; otherwise what
// is said of a meeting that does not exist.
meeting::Refusal as_seen_by(const meeting::Actor& actor, const Meeting& about,
                            const meeting::Refusal& refusal);

}  // namespace parlour::app

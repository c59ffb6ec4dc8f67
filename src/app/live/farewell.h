// What everybody is told on the way out: whether anything of the conversation was recorded, and until when it
// is kept. The same facts whatever the way is: by oneself, replaced, removed, logged out, or because it is
// over.
#pragma once

#include "app/act.h"

namespace parlour::app {

// The reason of a recording that was sealed although the recorder had written nobody's packet.
constexpr std::string_view kNobodyRecorded = "nobody";

// Adds `conversation`, `recorded` and `kept_until` (the time at which sealing puts it, see LiveMeeting::seal)
// to a message. `packet_written`: false only where it is known that the recorder has written nobody's packet:
// a log that ticks, and is durable, and holds nothing is no recording of anybody. Never throws for want of
// the database: whoever leaves does not wait for it, and what cannot be read is not said.
void add_farewell(const Context& context, const meeting::Meeting& meeting, const meeting::MeetingType& type,
                  bool packet_written, Json& message);

// The `ended` of a page that comes back when its meeting is over.
Json ended_while_away(const Context& context, const meeting::Meeting& meeting,
                      const meeting::MeetingType& type);

}  // namespace parlour::app

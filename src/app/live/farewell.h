// What everybody is told on the way out: whether anything of the conversation was recorded, and until when it
// is kept. The same facts whatever the way is: by oneself, replaced, removed, logged out, or because it is
// over.
#pragma once

#include "app/act.h"

namespace parlour::app {

// Adds `recorded` and `kept_until` (the time at which sealing puts it, see LiveMeeting::seal) to a message.
// Never throws for want of the database: whoever leaves does not wait for it, and what cannot be read is not
// said.
void add_farewell(const Context& context, const meeting::Meeting& meeting, const meeting::MeetingType& type,
                  Json& message);

// The `ended` of a page that comes back when its meeting is over.
Json ended_while_away(const Context& context, const meeting::Meeting& meeting,
                      const meeting::MeetingType& type);

}  // namespace parlour::app

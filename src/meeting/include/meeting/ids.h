// The names of things in the control plane. Distinct types: a MeetingId can't be passed for a ParticipantId.
#pragma once

#include "base/id.h"

namespace parlour::meeting {

using MeetingId = Id<struct MeetingTag>;
using TypeId = Id<struct TypeTag>;
using ParticipantId = Id<struct ParticipantTag>;
using LinkId = Id<struct LinkTag>;          // of one person to one meeting, through all versions
using UserId = Id<struct UserTag>;          // staff with an account
using CustomerId = Id<struct CustomerTag>;  // a customer's record; the only place of name and e-mail
using RecordingId = Id<struct RecordingTag>;
using PlaybackId = Id<struct PlaybackTag>;

}  // namespace parlour::meeting

// What the API shows of things: the schemas of contracts/openapi.yaml, written by hand and checked against it
// by tests.
#pragma once

#include "api/api.h"

namespace parlour::api {

Json time_json(const std::optional<UtcTime>& time);
Json text_json(const meeting::Text& text);
Json type_json(const app::MeetingType& type);
Json meeting_json(const app::MeetingView& view);
Json invitation_json(const app::Invitation& invitation, const app::Organisation& organisation, UtcTime now);
Json recording_json(const app::RecordingView& view);
Json playback_json(const app::Recordings::Playback& playback);
Json entry_page_json(const app::EntryPage& page);
Json verdict_json(const app::AuditVerdict& verdict);
Json session_json(const app::SessionView& session, const app::Organisation& organisation);

}  // namespace parlour::api

#include "json_views.h"

#include <algorithm>

namespace parlour::api {

using namespace app;

Json time_json(const std::optional<UtcTime>& time) {
  return time ? Json(to_rfc3339(*time)) : Json();
}
Json text_json(const meeting::Text& text) {
  return JsonObject{{"en", text.en}, {"nl", text.nl}};
}

namespace {

Json kinds_json(const std::vector<std::string>& kinds) {
  JsonArray out;
  for (const std::string& kind : kinds) out.emplace_back(kind);
  return Json(std::move(out));
}

std::string_view recording_word(meeting::RecordingPhase phase) {
  switch (phase) {
    case meeting::RecordingPhase::kOff:
    case meeting::RecordingPhase::kRequested:
      return "none";
    case meeting::RecordingPhase::kCapturing:
    case meeting::RecordingPhase::kStopping:
      return "capturing";
    case meeting::RecordingPhase::kSealed:
      return "sealed";
    case meeting::RecordingPhase::kVerified:
      return "verified";
    case meeting::RecordingPhase::kFailed:
      return "failed";
  }
  return "none";
}

// As the vault's manifest has them; older manifests say nothing of it.
Json spans_or_null(const Json& track, std::string_view name) {
  const Json* spans = track.find(name);
  return spans != nullptr && spans->is_array() ? *spans : Json();
}

}  // namespace

Json type_json(const MeetingType& type) {
  return JsonObject{{"id", type.id.text()},
                    {"version", type.version},
                    {"title", text_json(type.policy.title)},
                    {"record", meeting::to_text(type.policy.recording)},
                    {"kinds", kinds_json(type.policy.kinds)},
                    {"keep", type.policy.keep},
                    {"duration_min", type.policy.duration_min},
                    {"before_min", type.policy.before_min},
                    {"after_min", type.policy.after_min},
                    {"hold_s", type.policy.hold_s}};
}

Json meeting_json(const MeetingView& view) {
  const Meeting& m = view.meeting;
  const meeting::Participant* customer = m.customer();
  Json cancelled;
  if (m.cancelled)
    cancelled = JsonObject{
        {"by", m.cancelled->by}, {"reason", m.cancelled->reason}, {"at", to_rfc3339(m.cancelled->at)}};
  return JsonObject{
      {"id", m.id.text()},
      {"type", type_json(view.type)},
      {"customer", JsonObject{{"name", view.customer_name}, {"email", view.customer_email}}},
      {"agent", JsonObject{{"id", m.agent.text()}, {"name", view.agent_name}}},
      {"start", to_rfc3339(m.start)},
      {"duration_min", m.duration_min},
      {"state", meeting::to_text(m.phase)},
      {"link_opened_at", time_json(customer != nullptr ? customer->link_opened_at : std::nullopt)},
      {"waiting_since", time_json(customer != nullptr ? customer->waiting_since : std::nullopt)},
      {"started_at", time_json(m.started_at)},
      {"ended_at", time_json(m.ended_at)},
      {"end_reason", m.end_reason.empty() ? Json() : Json(m.end_reason)},
      {"cancelled", cancelled},
      {"recording", recording_word(m.recording_phase)}};
}

Json invitation_json(const Invitation& invitation, const Organisation& organisation, UtcTime now) {
  const Meeting& m = invitation.meeting;
  const meeting::Participant* person = m.find(invitation.participant);
  meeting::EntryWindow window = meeting::entry_window(m, invitation.type.policy);
  bool running = m.phase == meeting::Phase::kLive || m.phase == meeting::Phase::kHeld;
  std::string_view entry = m.phase == meeting::Phase::kCancelled ? "cancelled"
                           : m.phase == meeting::Phase::kEnded   ? "ended"
                           : m.phase == meeting::Phase::kExpired ? "late"
                           : running                             ? "open"
                           : now < window.opens                  ? "early"
                           : now >= window.closes                ? "late"
                                                                 : "open";
  Json cancelled;
  if (m.cancelled) {
    // A refusal of the notice is a code of ours; the page has its own words for it. The adviser's reason was
    // written for the customer; what the customer typed is not for whoever holds the link afterwards.
    const bool shown = m.cancelled->reason == "notice_declined" || m.cancelled->by == "agent";
    cancelled = JsonObject{{"by", m.cancelled->by}, {"reason", shown ? m.cancelled->reason : ""}};
  }
  const meeting::Notice& notice = invitation.notice;
  return JsonObject{
      {"org",
       JsonObject{{"name", organisation.name},
                  {"other_ways", text_json(invitation.type.policy.other_ways)},
                  {"contact_telephone",
                   organisation.contact_telephone.empty() ? Json() : Json(organisation.contact_telephone)}}},
      {"meeting", JsonObject{{"id", m.id.text()},
                             {"type_title", text_json(invitation.type.policy.title)},
                             {"adviser", invitation.adviser_name},
                             {"start", to_rfc3339(m.start)},
                             {"duration_min", m.duration_min},
                             {"entry", entry},
                             {"opens_at", to_rfc3339(window.opens)},
                             {"closes_at", to_rfc3339(window.closes)},
                             {"state", meeting::to_text(m.phase)},
                             {"cancelled", cancelled}}},
      {"you", JsonObject{{"participant", invitation.participant.text()},
                         {"name", m.over() ? "" : invitation.customer_name},
                         {"language", m.language}}},
      {"notice", JsonObject{{"record", meeting::to_text(invitation.type.policy.recording)},
                            {"kinds", kinds_json(invitation.type.policy.kinds)},
                            {"keep", invitation.type.policy.keep},
                            {"text_id", notice.text_id},
                            {"version", notice.version},
                            {"sha256", invitation.notice_sha256},
                            {"lang", notice.language},
                            {"facts", JsonObject{{"why", notice.why},
                                                 {"what", notice.what},
                                                 {"kept", notice.kept},
                                                 {"who", notice.who}}},
                            {"text", notice.text}}},
      {"progress", JsonObject{{"device_checked", invitation.device_checked},
                              {"notice_acknowledged", person != nullptr && person->notice_settled}}},
      {"csrf", invitation.csrf}};
}

Json recording_json(const RecordingView& view) {
  const RecordingRow& row = view.row;
  auto differs = [&](std::string_view what) { return view.facts.differs.contains(std::string(what)); };
  // What does not agree with the log is no fact: it is named, and not shown.
  const Json nothing = JsonObject{};
  const Json& summary = view.facts.opens() ? row.summary : nothing;
  JsonArray tracks;
  std::map<std::string, std::int64_t> number_of;  // participant/screen → track
  auto name_of = [&](const std::string& participant) {
    auto person = view.people.find(participant);
    return person != view.people.end() ? person->second.first : std::string();
  };
  if (const Json* found = summary.find("tracks"); found != nullptr && found->as_array() != nullptr)
    for (const Json& item : *found->as_array()) {
      auto number = static_cast<std::int64_t>(tracks.size());
      std::string participant = item.string_or("participant");
      auto person = view.people.find(participant);
      number_of[participant + (item.bool_or("screen") ? "/s" : "")] = number;
      tracks.push_back(JsonObject{{"track", number},
                                  {"name", name_of(participant)},
                                  {"role", person != view.people.end() ? person->second.second : "customer"},
                                  {"screen", item.bool_or("screen")},
                                  {"offset_ms", item.integer_or("offset_ms")},
                                  {"duration_ms", item.integer_or("duration_ms")},
                                  {"filled", spans_or_null(item, "filled")},
                                  {"pictures", spans_or_null(item, "pictures")},
                                  {"sound", spans_or_null(item, "sound")}});
    }
  JsonArray gaps;
  if (const Json* found = summary.find("gaps"); found != nullptr && found->as_array() != nullptr)
    for (const Json& item : *found->as_array()) {
      std::string kind = item.string_or("kind", "v");
      // Of the version before, which named a person and no track.
      auto number = number_of.find(item.string_or("participant") + (kind == "s" ? "/s" : ""));
      const Json by_person = number != number_of.end() ? Json(number->second) : Json();
      const Json* track = item.find("track");
      gaps.push_back(JsonObject{{"track", track != nullptr ? *track : by_person},
                                {"name", name_of(item.string_or("participant"))},
                                {"kind", kind},
                                {"from_ms", item.integer_or("from_ms")},
                                {"to_ms", item.integer_or("to_ms")},
                                {"cause", item.string_or("cause", "loss")}});
    }
  const auto listed = static_cast<std::int64_t>(gaps.size());
  JsonArray stops;
  if (const Json* found = summary.find("stops"); found != nullptr && found->as_array() != nullptr)
    stops = *found->as_array();
  JsonArray plays;
  for (const Play& play : view.facts.plays) {
    auto user = view.users.find(play.user);
    plays.push_back(
        JsonObject{{"at", play.at},
                   {"by", user != view.users.end() ? user->second : ""},
                   {"purpose", play.purpose},
                   {"download", play.download},
                   {"seconds", play.known ? Json(static_cast<std::int64_t>(play.sent.count())) : Json()}});
  }
  JsonArray all_that_differs;
  for (const std::string& what : view.facts.differs) all_that_differs.push_back(what);
  bool opened = row.phase == meeting::RecordingPhase::kVerified && view.facts.opens();
  const bool times = !differs(kDiffersTimes);
  return JsonObject{
      {"id", row.id.text()},
      {"meeting", row.meeting.text()},
      {"type_title", text_json(view.type.policy.title)},
      {"state", meeting::to_text(row.phase)},
      {"started_at", times ? time_json(row.started_at) : Json()},
      {"stopped_at", times ? time_json(row.stopped_at) : Json()},
      {"duration_ms", summary.integer_or("duration_ms")},
      {"coverage_permille", opened ? Json(summary.integer_or("coverage_permille")) : Json()},
      {"tracks", std::move(tracks)},
      {"gaps", std::move(gaps)},
      {"gaps_total", summary.integer_or("gaps_total", listed)},
      {"stops", std::move(stops)},
      {"keep_until", differs(kDiffersKeep) ? Json() : time_json(row.keep_until)},
      {"failure",
       row.phase == meeting::RecordingPhase::kFailed && !differs(kDiffersState) ? Json(row.reason) : Json()},
      {"differs", std::move(all_that_differs)},
      {"plays", std::move(plays)}};
}

Json playback_json(const Recordings::Playback& playback) {
  JsonArray tracks;
  for (const Recordings::Track& track : playback.tracks)
    tracks.push_back(
        JsonObject{{"track", track.number},
                   {"name", track.name},
                   {"role", track.role.empty() ? "customer" : track.role},
                   {"screen", track.screen},
                   {"url", "/api/v1/play/" + playback.id.text() + "/" + std::to_string(track.number)},
                   {"size", static_cast<std::int64_t>(track.size)},
                   {"offset_ms", track.offset_ms},
                   {"duration_ms", track.duration_ms},
                   {"filled", track.filled},
                   {"pictures", track.pictures}});
  return JsonObject{{"playback", playback.id.text()},
                    {"duration_ms", playback.duration_ms},
                    {"tracks", std::move(tracks)},
                    {"archive", Json()}};
}

Json entry_page_json(const EntryPage& page) {
  JsonArray items;
  for (const AuditEntry& entry : page.items) {
    Json names = JsonObject{};
    auto add = [&](const std::string& id) {
      if (auto found = page.names.find(id); found != page.names.end()) names.set(id, found->second);
    };
    Json actor = JsonObject{};
    if (const Json* found = entry.entry.find("actor")) {
      actor = JsonObject{{"kind", found->string_or("kind")}, {"id", found->string_or("id")}};
      add(found->string_or("id"));
      if (auto name = page.names.find(found->string_or("id")); name != page.names.end())
        actor.set("name", name->second);
    }
    if (const Json* subject = entry.entry.find("subject")) add(subject->string_or("id"));
    const Json* data = entry.entry.find("data");
    const Json* meeting = entry.entry.find("meeting");
    Json item = JsonObject{{"seq", static_cast<std::int64_t>(entry.seq)},
                           {"time", entry.entry.string_or("time")},
                           {"type", entry.entry.string_or("type")},
                           {"actor", actor},
                           {"meeting", meeting != nullptr && meeting->is_string() ? *meeting : Json()},
                           {"outcome", entry.entry.string_or("outcome", "ok")},
                           {"reason", entry.entry.string_or("reason")},
                           {"data", data != nullptr && data->is_object() ? *data : Json(JsonObject{})},
                           {"names", names},
                           {"bytes", entry.bytes}};
    if (!entry.typed_reason.empty()) item.set("typed_reason", entry.typed_reason);
    if (entry.typed_reason_differs) item.set("typed_reason_differs", true);
    items.push_back(std::move(item));
  }
  return JsonObject{{"items", std::move(items)},
                    {"next", page.next ? Json(static_cast<std::int64_t>(*page.next)) : Json()},
                    {"head", JsonObject{{"size", static_cast<std::int64_t>(page.head.size)},
                                        {"time", time_json(page.head.time)}}}};
}

Json verdict_json(const AuditVerdict& verdict) {
  JsonArray faults, not_checked;
  for (const std::string& fault : verdict.faults) faults.emplace_back(fault);
  for (const std::string& text : verdict.not_checked) not_checked.emplace_back(text);
  return JsonObject{{"exit", verdict.exit},
                    {"text", verdict.text},
                    {"entries", static_cast<std::int64_t>(verdict.entries)},
                    {"checked_to", Json()},
                    {"faults", std::move(faults)},
                    {"not_checked", std::move(not_checked)}};
}

Json session_json(const SessionView& session, const Organisation& organisation) {
  JsonArray may;
  for (meeting::Action action : meeting::actions_of(session.user.role))
    may.emplace_back(meeting::to_text(action));
  return JsonObject{{"user", JsonObject{{"id", session.user.id.text()},
                                        {"name", session.user.name.reveal()},
                                        {"email", session.user.email.reveal()},
                                        {"role", meeting::to_text(session.user.role)}}},
                    {"csrf", session.csrf},
                    {"org", JsonObject{{"name", organisation.name}}},
                    {"may", std::move(may)},
                    {"expires", to_rfc3339(session.expires)}};
}

}  // namespace parlour::api

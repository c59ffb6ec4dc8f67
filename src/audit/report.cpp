#include "audit/verify/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>

#include "audit/format/text.h"
#include "base/encoding.h"
#include "base/json.h"

namespace parlour::audit {

std::string_view to_text(Status status) {
  switch (status) {
    case Status::kGood:
      return "good";
    case Status::kUsage:
      return "usage";
    case Status::kMalformed:
      return "malformed";
    case Status::kAltered:
      return "altered";
    case Status::kSequence:
      return "sequence";
    case Status::kSignature:
      return "signature";
    case Status::kFork:
      return "fork";
    case Status::kWitness:
      return "witness";
    case Status::kTimestamp:
      return "timestamp";
    case Status::kCommitment:
      return "commitment";
    case Status::kManifest:
      return "manifest";
    case Status::kIncomplete:
      return "incomplete";
    case Status::kTimeBackwards:
      return "time_backwards";
  }
  return "";
}

int check_order(Status status) {
  // A missing entry changes the root too: the plainer finding comes first.
  switch (status) {
    case Status::kSequence:
      return 3;
    case Status::kAltered:
      return 4;
    default:
      return static_cast<int>(status);
  }
}

std::string time_text(std::int64_t ms) {
  char text[64];
  const auto hours = static_cast<long long>(ms / 3'600'000);
  const int minutes = static_cast<int>(ms / 60'000 % 60);
  const double seconds = static_cast<double>(ms % 60'000) / 1000;
  if (hours > 0)
    std::snprintf(text, sizeof text, "%lld h %02d min %04.1f s", hours, minutes, seconds);
  else if (minutes > 0)
    std::snprintf(text, sizeof text, "%d min %04.1f s", minutes, seconds);
  else
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  return text;
}

namespace {

Json silences_json(const SilenceTimes& times) {
  Json out = JsonObject{};
  for (std::size_t i = 0; i < kSilences; ++i)
    out.set(std::string(to_text(static_cast<Silence>(i))) + "_ms", times[i]);
  return out;
}

// "held 1 min 30.0 s, gap 3.0 s"
std::string silences_text(const SilenceTimes& times) {
  std::string text;
  for (std::size_t i = 0; i < kSilences; ++i)
    if (times[i] > 0)
      text += (text.empty() ? "" : ", ") + std::string(to_text(static_cast<Silence>(i))) + " " +
              time_text(times[i]);
  return text;
}

// The meetings of which the most is in no recording, for reasons that only the log gives.
std::string most_explained(const CompletenessReport& completeness) {
  constexpr std::size_t kShown = 5;
  std::vector<std::size_t> most;
  for (std::size_t i = 0; i < completeness.meetings.size(); ++i) {
    const std::int64_t ms = completeness.meetings.explained_ms(i);
    if (ms == 0 || completeness.meetings.coverage(i) == Coverage::kViolation) continue;
    auto place = std::find_if(most.begin(), most.end(), [&](std::size_t other) {
      return completeness.meetings.explained_ms(other) < ms;
    });
    most.insert(place, i);
    if (most.size() > kShown) most.pop_back();
  }
  std::string text;
  for (const std::size_t i : most) {
    const MeetingCoverage meeting = completeness.meetings.at(i);
    text += "  - meeting " + meeting.meeting + ": " + time_text(meeting.explained_ms) + " of " +
            time_text(meeting.window_ms) + " (" + silences_text(meeting.explained) + ")\n";
  }
  return text;
}

}  // namespace

std::string Report::to_json() const {
  std::ostringstream out;
  write_json(out);
  return std::move(out).str();
}

void Report::write_json(std::ostream& out) const {
  Json json = JsonObject{{"status", exit_status()}, {"name", audit::to_text(status)}, {"verdict", verdict}};
  json.set("first_bad_seq", first_bad_seq ? Json(*first_bad_seq) : Json());
  json.set("entries", entries);
  json.set("head",
           head ? Json(JsonObject{{"origin", harmless_text(head->origin)},
                                  {"size", std::to_string(head->size)},  // may be beyond 2^53 when forged
                                  {"root", to_hex(head->root)}})
                : Json());
  json.set("fault_count", fault_count);
  JsonArray fault_list;
  for (const Fault& fault : faults)
    fault_list.emplace_back(JsonObject{{"status", static_cast<int>(fault.status)},
                                       {"name", audit::to_text(fault.status)},
                                       {"seq", fault.seq ? Json(*fault.seq) : Json()},
                                       {"text", fault.text},
                                       {"helping_part", fault.helping_part},
                                       {"finding", fault.finding.empty() ? Json() : Json(fault.finding)}});
  json.set("faults", std::move(fault_list));
  JsonArray unchecked;
  for (const std::string& sentence : not_checked) unchecked.emplace_back(sentence);
  json.set("not_checked", std::move(unchecked));
  const Json counts = JsonObject{{"required", completeness.required},
                                 {"verified", completeness.verified},
                                 {"exempted", completeness.exempted},
                                 {"deleted", completeness.deleted},
                                 {"no_media", completeness.no_media},
                                 {"forbidden", completeness.forbidden},
                                 {"optional", completeness.optional},
                                 {"pending", completeness.pending},
                                 {"violations", completeness.violations},
                                 {"uncovered_ms", completeness.uncovered_ms},
                                 {"explained", silences_json(completeness.explained)},
                                 {"explained_meetings", completeness.explained_meetings}};
  // The meetings are written one by one: a large log has more of them than should be in memory as text.
  auto open_object = [&out](const Json& object) {
    const std::string text = parlour::write_json(object);
    out << std::string_view(text).substr(0, text.size() - 1);
  };
  open_object(json);
  out << ",\"completeness\":";
  open_object(counts);
  out << ",\"meetings\":[";
  for (std::size_t i = 0; i < completeness.meetings.size(); ++i) {
    const MeetingCoverage meeting = completeness.meetings.at(i);
    JsonArray recordings, findings;
    for (const std::string& id : meeting.recordings) recordings.emplace_back(id);
    for (const Finding finding : meeting.findings) findings.emplace_back(code_of(finding));
    out << (i == 0 ? "" : ",")
        << parlour::write_json(JsonObject{{"meeting", meeting.meeting},
                                          {"started_seq", meeting.started_seq},
                                          {"coverage", audit::to_text(meeting.coverage)},
                                          {"reason", meeting.reason.empty() ? Json() : Json(meeting.reason)},
                                          {"findings", std::move(findings)},
                                          {"window_ms", meeting.window_ms},
                                          {"explained_ms", meeting.explained_ms},
                                          {"explained", silences_json(meeting.explained)},
                                          {"uncovered_ms", meeting.uncovered_ms},
                                          {"recordings", std::move(recordings)}});
  }
  out << "]}}";
}

std::string Report::to_text() const {
  std::string text = verdict + "\n";
  if (first_bad_seq) text += "First entry concerned: " + std::to_string(*first_bad_seq) + "\n";
  constexpr std::size_t kShown = 20;
  if (!faults.empty()) text += "\nFaults found: " + std::to_string(fault_count) + "\n";
  for (std::size_t i = 0; i < faults.size() && i < kShown; ++i)
    text += "  [" + std::to_string(static_cast<int>(faults[i].status)) + " " +
            std::string(audit::to_text(faults[i].status)) +
            (faults[i].finding.empty() ? "" : " " + faults[i].finding) + "] " + faults[i].text + "\n";
  if (fault_count > kShown) text += "  … and more; --json gives up to 1,000.\n";

  if (entries > 0) {
    const CompletenessReport& c = completeness;
    text += "\nMeetings that must be recorded: " + std::to_string(c.required) + " (verified " +
            std::to_string(c.verified) + ", exempted " + std::to_string(c.exempted) + ", deleted when due " +
            std::to_string(c.deleted) + ", without media " + std::to_string(c.no_media) +
            ", not yet settled " + std::to_string(c.pending) +
            "). Must not be recorded, and were not: " + std::to_string(c.forbidden) +
            ". Violations: " + std::to_string(c.violations) + ".\n";
    if (c.explained_meetings > 0)
      text += "In no recording, for reasons that only the log gives: " + silences_text(c.explained) +
              ", of " + std::to_string(c.explained_meetings) + " meetings. The most:\n" + most_explained(c);
  }
  if (!not_checked.empty()) text += "\nNot checked:\n";
  for (const std::string& sentence : not_checked) text += "  - " + sentence + "\n";
  text += "\nExit status " + std::to_string(exit_status()) + "\n";
  return text;
}

}  // namespace parlour::audit

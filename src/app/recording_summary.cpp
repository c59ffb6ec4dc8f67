#include "app/recording_summary.h"

#include <algorithm>
#include <map>

#include "app/stops.h"
#include "base/encoding.h"

namespace parlour::app {
namespace {

using namespace meeting;

constexpr std::size_t kSpansATrack = 1000;

using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;

// So many of each an entry may hold (audit::kEntryBytesMax).
constexpr std::size_t kGapsAnEntry = 240, kIntervalsAnEntry = 200;
// So many a page shows; it says how many there are (`gaps_total`).
constexpr std::size_t kGapsShown = 2000;

Json ranges_json(const Ranges& ranges) {
  JsonArray out;
  for (const auto& [from, to] : ranges) out.push_back(JsonArray{Json(from), Json(to)});
  return Json(std::move(out));
}

// The list as the vault gives it, which fits an entry already; whatever it is, it does so afterwards.
Json ranges_to_fit(const Json& job, std::string_view name, std::size_t most) {
  Ranges ranges;
  if (const Json* list = job.find(name); list != nullptr && list->as_array() != nullptr)
    for (const Json& item : *list->as_array())
      if (const JsonArray* pair = item.as_array(); pair != nullptr && pair->size() == 2 &&
                                                   (*pair)[0].as_integer() != nullptr &&
                                                   (*pair)[1].as_integer() != nullptr)
        ranges.emplace_back(*(*pair)[0].as_integer(),
                            std::max(*(*pair)[0].as_integer(), *(*pair)[1].as_integer()));
  std::sort(ranges.begin(), ranges.end());
  std::vector<std::int64_t> between;
  for (std::int64_t apart = 0;;) {
    Ranges merged;
    between.clear();
    for (const auto& range : ranges) {
      if (!merged.empty() && range.first - merged.back().second <= apart) {
        merged.back().second = std::max(merged.back().second, range.second);
        continue;
      }
      if (!merged.empty()) between.push_back(range.first - merged.back().second);
      merged.push_back(range);
    }
    if (merged.size() <= most) return ranges_json(merged);
    // So far apart that enough of them go.
    auto enough = between.begin() + static_cast<std::ptrdiff_t>(merged.size() - most - 1);
    std::nth_element(between.begin(), enough, between.end());
    apart = *enough;
  }
}

// Spans as the manifest has them: a track's `intervals`, what is `shown` of a file's pictures.
JsonArray spans_of(const Json* owner, std::string_view name) {
  JsonArray out;
  const Json* list = owner != nullptr ? owner->find(name) : nullptr;
  if (list != nullptr && list->as_array() != nullptr)
    for (const Json& span : *list->as_array())
      if (out.size() < kSpansATrack) out.push_back(span);
  return out;
}

// When picture and sound did not flow from its beginning to the end of the call, in milliseconds of the
// recording.
std::vector<Stop> stops_of(Context& context, const Meeting& meeting, std::int64_t started_ms,
                           std::int64_t call_ms) {
  std::vector<AuditEntry> entries =
      context.audit.entries({.meeting = meeting.id, .limit = 50'000, .ascending = true});
  for (AuditEntry& restart : context.audit.entries({.type = "server.started", .limit = 1'000}))
    entries.push_back(std::move(restart));
  std::sort(entries.begin(), entries.end(),
            [](const AuditEntry& a, const AuditEntry& b) { return a.seq < b.seq; });
  Stops stops;
  for (const AuditEntry& entry : entries) stops.observe(entry.entry);
  std::vector<Stop> out = stops.between(started_ms, started_ms + call_ms);
  for (Stop& stop : out) stop.from_ms -= started_ms, stop.to_ms -= started_ms;
  return out;
}

// The longest ones, whoever's they are; in order of time.
void keep_longest(JsonArray& gaps, std::size_t most) {
  if (gaps.size() <= most) return;
  auto length = [](const Json& gap) { return gap.integer_or("to_ms") - gap.integer_or("from_ms"); };
  std::stable_sort(gaps.begin(), gaps.end(),
                   [&](const Json& a, const Json& b) { return length(a) > length(b); });
  gaps.resize(most);
  std::stable_sort(gaps.begin(), gaps.end(), [](const Json& a, const Json& b) {
    return a.integer_or("from_ms") < b.integer_or("from_ms");
  });
}

}  // namespace

Json gap_ranges(const Json& job) {
  return ranges_to_fit(job, "gaps", kGapsAnEntry);
}

Json interval_ranges(const Json& job) {
  return ranges_to_fit(job, "intervals", kIntervalsAnEntry);
}

Json summary_of(Context& context, const Meeting& meeting, const std::string& signed_manifest,
                const Json& job) {
  Json out = JsonObject{{"duration_ms", job.integer_or("duration_ms")},
                        {"coverage_permille", job.integer_or("coverage_permille")}};
  auto parsed = parse_json(signed_manifest, kManifestJson);
  const Json* manifest = parsed ? parsed->find("manifest") : nullptr;
  if (manifest == nullptr) return out;
  std::map<std::string, std::string> participant_of_ep;
  for (const CallRow& call : context.calls.calls(meeting.id))
    for (const CallStore::Message& message : context.calls.messages(call.call)) {
      auto hello = parse_json(message.message);
      if (!hello || hello->string_or("t") != "Hello") continue;
      auto body = from_base64url(hello->string_or("b"));
      auto fields = body ? parse_json(as_text(*body)) : parse_json("{}");
      if (fields) participant_of_ep[fields->string_or("ep")] = message.from;
    }
  auto items = [](const Json* list) {
    return list != nullptr && list->as_array() != nullptr ? *list->as_array() : JsonArray{};
  };
  std::map<std::string, std::string> participant_of;  // the manifest's id → ours
  for (const Json& person : items(manifest->find("participants")))
    for (const Json& ep : items(person.find("endpoints")))
      if (ep.as_string() != nullptr)
        participant_of[person.string_or("id")] = participant_of_ep[*ep.as_string()];
  const JsonArray accounts = items(manifest->find("tracks"));
  auto account = [&](const std::string& participant, std::string_view kind) -> const Json* {
    for (const Json& track : accounts)
      if (track.string_or("participant") == participant && track.string_or("kind") == kind) return &track;
    return nullptr;
  };
  JsonArray tracks;
  // A person who came from two computers has two files: whose gap it is, is the file's.
  std::map<std::pair<std::string, bool>, std::int64_t> track_of;
  for (const Json& rendition : items(manifest->find("renditions"))) {
    const std::string person = rendition.string_or("participant");
    const bool screen = rendition.string_or("content") == "screen";
    track_of[{person, screen}] = static_cast<std::int64_t>(tracks.size());
    // The file's own account where the manifest has one, else that of what its person sent.
    const Json* of_file = rendition.find("pictures");
    const Json* of_sound = rendition.find("sound");
    const JsonArray pictures = of_file != nullptr && of_file->is_object()
                                   ? spans_of(of_file, "shown")
                                   : spans_of(account(person, screen ? "screen" : "video"), "intervals");
    tracks.push_back(JsonObject{
        {"file", rendition.string_or("name")},
        {"participant", participant_of[person]},
        {"screen", screen},
        {"offset_ms", rendition.integer_or("offset_ms")},
        {"duration_ms", rendition.integer_or("duration_ms")},
        {"sha256", rendition.string_or("sha256")},
        {"filled",
         of_sound != nullptr && of_sound->is_object() ? Json(spans_of(of_sound, "filled")) : Json()},
        {"pictures", pictures},
        {"sound", spans_of(screen ? nullptr : account(person, "audio"), "intervals")}});
  }
  JsonArray gaps;
  std::int64_t gaps_total = 0;
  for (const Json& track : items(manifest->find("tracks"))) {
    const JsonArray listed = items(track.find("gaps"));
    const auto count = static_cast<std::int64_t>(listed.size());
    gaps_total += std::max<std::int64_t>(0, track.integer_or("gaps_total", count) - count);
    for (const Json& gap : listed) {
      std::string cause = gap.string_or("cause");
      if (cause == "tail_not_attested") continue;
      ++gaps_total;
      if (cause == "storage") cause = "damage";
      static constexpr std::string_view kCauses[] = {"network", "loss",   "server",
                                                     "pause",   "damage", "source"};
      if (std::find(std::begin(kCauses), std::end(kCauses), cause) == std::end(kCauses)) cause = "loss";
      std::string kind = track.string_or("kind");
      auto file = track_of.find({track.string_or("participant"), kind == "screen"});
      gaps.push_back(JsonObject{{"participant", participant_of[track.string_or("participant")]},
                                // Of whom no file was made, nobody else's track has the gap.
                                {"track", file != track_of.end() ? Json(file->second) : Json()},
                                {"kind", kind == "audio"    ? "a"
                                         : kind == "screen" ? "s"
                                                            : "v"},
                                {"from_ms", gap.integer_or("from_ms")},
                                {"to_ms", gap.integer_or("to_ms")},
                                {"cause", cause}});
    }
  }
  keep_longest(gaps, kGapsShown);
  out.set("tracks", std::move(tracks));
  out.set("gaps_total", gaps_total);
  out.set("gaps", std::move(gaps));
  // A call may go on after what is recorded of it.
  const std::int64_t started_ms = manifest->integer_or("started_ms");
  std::int64_t call_ms = job.integer_or("duration_ms");
  if (meeting.ended_at) call_ms = std::max(call_ms, meeting.ended_at->us / 1000 - started_ms);
  const std::vector<Stop> stops = stops_of(context, meeting, started_ms, call_ms);
  JsonArray listed;
  for (const Stop& stop : stops)
    if (listed.size() < 500)
      listed.push_back(JsonObject{{"from_ms", stop.from_ms}, {"to_ms", stop.to_ms}, {"cause", stop.cause}});
  out.set("stops", std::move(listed));
  out.set("coverage_permille",
          coverage_of_call(job.integer_or("coverage_permille"), accounts, stops, call_ms));
  return out;
}

}  // namespace parlour::app

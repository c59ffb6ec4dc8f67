#include "app/recording_facts.h"

#include <cstdlib>
#include <map>

#include "base/encoding.h"

namespace parlour::app {
namespace {

using namespace meeting;

// More than an officer's year of one recording; what lies beyond is in the log all the same.
constexpr std::size_t kEntriesMax = 20'000;
// A row is written with its entry, but not by the same look at the clock.
constexpr std::int64_t kClockUs = 5'000'000;

// What the log says, entry by entry.
class Reader {
 public:
  Reader(Digest& digest, const RecordingRow& row) : digest_(digest), row_(row) {}

  RecordingFacts read(const std::vector<AuditEntry>& entries) {
    const std::string id = row_.id.text();
    for (const AuditEntry& entry : entries) {
      const Json* subject = entry.entry.find("subject");
      if (subject != nullptr && subject->string_or("id") == id) observe(entry);
    }
    compare();
    for (auto& [request, play] : plays_) facts_.plays.push_back(std::move(play));
    return std::move(facts_);
  }

 private:
  void observe(const AuditEntry& entry) {
    const std::string type = entry.entry.string_or("type");
    const Json* data = entry.entry.find("data");
    const Json none = JsonObject{};
    const Json& said = data != nullptr ? *data : none;
    if (type == "recording.capture_started") {
      if (!started_) started_ = from_rfc3339(entry.entry.string_or("time"));
      if (state_ == RecordingPhase::kFailed) state_.reset();  // another part began after all
    } else if (type == "recording.sealed") {
      state_ = RecordingPhase::kSealed;
      stopped_ = from_rfc3339(entry.entry.string_or("time"));
      const Json* until = said.find("keep_until");
      names_keep_ = until != nullptr;
      if (until != nullptr && until->as_integer() != nullptr) keep_until_ms_ = *until->as_integer();
    } else if (type == "recording.failed") {
      if (state_ != RecordingPhase::kVerified) state_ = RecordingPhase::kFailed;
    } else if (type == "recording.verified") {
      if (state_ == RecordingPhase::kVerified) return;  // the first one is the one that is checked
      state_ = RecordingPhase::kVerified;
      facts_.manifest_sha256 = said.string_or("manifest_sha256");
      if (const Json* summary = said.find("summary_sha256"); summary != nullptr)
        summary_sha256_ = summary->as_string() != nullptr ? *summary->as_string() : "";
    } else if (type == "recording.play_requested" || type == "recording.download_requested") {
      Play play{.request = entry.seq, .at = entry.entry.string_or("time")};
      if (const Json* actor = entry.entry.find("actor")) play.user = actor->string_or("id");
      play.purpose = said.string_or("purpose");
      play.download = type == "recording.download_requested";
      plays_.insert_or_assign(entry.seq, std::move(play));
    } else if (type == "recording.played") {
      auto play = plays_.find(static_cast<std::uint64_t>(said.integer_or("request", -1)));
      if (play == plays_.end()) return;
      play->second.known = true;
      add_ranges(play->second.sent, said.find("ranges_ms"));
    }
  }

  static void add_ranges(Seconds& sent, const Json* ranges) {
    if (ranges == nullptr || ranges->as_array() == nullptr) return;
    for (const Json& range : *ranges->as_array()) {
      const JsonArray* pair = range.as_array();
      if (pair == nullptr || pair->size() != 2) continue;
      const std::int64_t *from = (*pair)[0].as_integer(), *to = (*pair)[1].as_integer();
      if (from == nullptr || to == nullptr || *from < 0 || *to <= *from || *to / 1000 > UINT32_MAX) continue;
      sent.add(static_cast<std::uint32_t>(*from / 1000), static_cast<std::uint32_t>(*to / 1000));
    }
  }

  void differs(std::string_view what) { facts_.differs.insert(std::string(what)); }

  void compare() {
    const bool settled = row_.phase == RecordingPhase::kSealed || row_.phase == RecordingPhase::kVerified ||
                         row_.phase == RecordingPhase::kFailed;
    if (state_ ? row_.phase != *state_ : settled) differs(kDiffersState);
    const bool verified = state_ == RecordingPhase::kVerified;
    const bool has_manifest = !row_.manifest.empty() || !row_.manifest_sha256.empty();
    if (verified || has_manifest) {
      if (!verified || facts_.manifest_sha256 != to_hex(digest_.sha256(row_.manifest)) ||
          row_.manifest_sha256 != facts_.manifest_sha256)
        differs(kDiffersManifest);
      if (!verified || (summary_sha256_ && *summary_sha256_ != summary_sha256(digest_, row_.summary)))
        differs(kDiffersSummary);
    }
    auto same = [](const std::optional<UtcTime>& row, const std::optional<UtcTime>& log) {
      return row.has_value() == log.has_value() && (!row || std::llabs(row->us - log->us) <= kClockUs);
    };
    if (!same(row_.started_at, started_) || !same(row_.stopped_at, stopped_)) differs(kDiffersTimes);
    const bool until_same = row_.keep_until ? keep_until_ms_ == row_.keep_until->us / 1000 : !keep_until_ms_;
    if (!until_same && names_keep_) differs(kDiffersKeep);
  }

  Digest& digest_;
  const RecordingRow& row_;
  RecordingFacts facts_;
  std::map<std::uint64_t, Play> plays_;
  std::optional<RecordingPhase> state_;
  std::optional<UtcTime> started_, stopped_;
  std::optional<std::int64_t> keep_until_ms_;
  // Entries of earlier builds name neither: what they do not say, a row cannot contradict.
  bool names_keep_ = true;
  std::optional<std::string> summary_sha256_;
};

}  // namespace

RecordingFacts facts_of(const std::vector<AuditEntry>& entries, Digest& digest, const RecordingRow& row) {
  return Reader(digest, row).read(entries);
}

RecordingFacts facts_of(Context& context, const RecordingRow& row) {
  AuditFilter filter{.meeting = row.meeting, .limit = kEntriesMax, .ascending = true};
  filter.type_prefix = "recording.";
  return facts_of(context.audit.entries(filter), context.digest, row);
}

std::string summary_sha256(Digest& digest, const Json& summary) {
  return to_hex(digest.sha256(write_json_canonical(summary)));
}

}  // namespace parlour::app

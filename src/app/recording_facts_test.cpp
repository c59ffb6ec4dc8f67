#include "app/recording_facts.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/time.h"

namespace parlour::app {
namespace {

// Its "hash" is the length: enough for rows that are the same or not.
class Lengths final : public Digest {
 public:
  std::array<std::uint8_t, 32> sha256(std::string_view text) override {
    return {static_cast<std::uint8_t>(text.size() >> 8), static_cast<std::uint8_t>(text.size())};
  }
  std::unique_ptr<Hasher> begin() override { return nullptr; }
};

constexpr UtcTime kStarted{1'795'000'000'000'000}, kStopped{1'795'000'060'000'000};

struct Story {
  Lengths digest;
  SeededRandom random{1};
  RecordingRow row{.id = meeting::RecordingId::make(kStarted, random),
                   .meeting = meeting::MeetingId::make(kStarted, random),
                   .phase = meeting::RecordingPhase::kVerified,
                   .started_at = kStarted,
                   .stopped_at = kStopped,
                   .manifest = "{\"signed\":true}",
                   .summary = JsonObject{{"duration_ms", 60'000}},
                   .keep_until = UtcTime{kStopped.us + 86'400'000'000}};
  std::vector<AuditEntry> log;

  void entry(const char* type, UtcTime at, Json data) {
    log.push_back({.seq = log.size(),
                   .entry = JsonObject{{"type", type},
                                       {"time", to_rfc3339(at)},
                                       {"subject", JsonObject{{"kind", "recording"}, {"id", row.id.text()}}},
                                       {"data", std::move(data)}}});
  }
  // As builds write it that name the summary and the time of keeping, or as those before them did.
  void written(bool names_all) {
    row.manifest_sha256 = to_hex(digest.sha256(row.manifest));
    entry("recording.capture_started", kStarted, JsonObject{});
    Json sealed = JsonObject{}, verified = JsonObject{{"manifest_sha256", row.manifest_sha256}};
    if (names_all) {
      sealed.set("keep_until", row.keep_until->us / 1000);
      verified.set("summary_sha256", summary_sha256(digest, row.summary));
    }
    entry("recording.sealed", kStopped, std::move(sealed));
    entry("recording.verified", kStopped, std::move(verified));
  }
  std::set<std::string> differs() const {
    Lengths digest;
    return facts_of(log, digest, row).differs;
  }
};

TEST(FaultR2, ARecordingOfAnEarlierBuildOpensAndIsHeldToWhatItsEntriesName) {
  Story story;
  story.written(false);
  EXPECT_EQ(story.differs(), std::set<std::string>{});
  story.row.manifest += " ";
  EXPECT_EQ(story.differs(), std::set<std::string>{"manifest"});
}

TEST(FaultR2, WhatTheEntriesNameTheRowMayNotContradict) {
  Story story;
  story.written(true);
  EXPECT_EQ(story.differs(), std::set<std::string>{});
  story.row.summary.set("coverage_permille", 1000);
  EXPECT_EQ(story.differs(), std::set<std::string>{"summary"});
  story.row.keep_until.reset();
  EXPECT_EQ(story.differs(), (std::set<std::string>{"keep_until", "summary"}));
}

}  // namespace
}  // namespace parlour::app

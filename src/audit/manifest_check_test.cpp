#include "manifest_check.h"

#include <gtest/gtest.h>

#include "audit/format/entry.h"
#include "base/json.h"

namespace parlour::audit {
namespace {

using Spans = std::vector<std::pair<std::int64_t, std::int64_t>>;
constexpr std::int64_t kStartedMs = 1'790'000'000'000;

Json pairs(const Spans& spans, std::int64_t from) {
  JsonArray out;
  for (const auto& [begin, end] : spans) out.push_back(JsonArray{begin + from, end + from});
  return out;
}

// Whether a log that names `logged` agrees with a manifest that has `present`.
bool agree(const Spans& present, const Spans& logged) {
  const std::string text =
      write_json_canonical(JsonObject{{"key_id", "0000000000000000"},
                                      {"manifest", JsonObject{{"coverage_permille", 1000},
                                                              {"meeting", "m"},
                                                              {"present", pairs(present, 0)},
                                                              {"recording", "r"},
                                                              {"started_ms", kStartedMs},
                                                              {"tracks", JsonArray{}}}},
                                      {"signature", ""}});
  const std::string data =
      write_json_canonical(JsonObject{{"coverage_permille", 1000}, {"intervals", pairs(logged, kStartedMs)}});
  const ManifestVerdict verdict = check_manifest_text(text, "r", "m", std::nullopt, data, std::nullopt);
  EXPECT_EQ(verdict.fault, "");
  for (const Finding finding : verdict.findings) EXPECT_EQ(finding, Finding::kManifestIntervals);
  return verdict.findings.empty();
}

// 1,300 spans of 2 s; the holes last 100 ms, 200 ms, … 1,300 of them different.
Spans many(std::size_t count) {
  Spans out;
  std::int64_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    out.emplace_back(at, at + 2000);
    at += 2000 + 100 * static_cast<std::int64_t>(1 + (i * 7919) % count);
  }
  return out;
}

// As the vault joins them: the shortest holes first, until so many are left.
Spans joined(Spans spans, std::size_t left) {
  while (spans.size() > left) {
    std::size_t nearest = 1;
    for (std::size_t i = 2; i < spans.size(); ++i)
      if (spans[i].first - spans[i - 1].second < spans[nearest].first - spans[nearest - 1].second)
        nearest = i;
    spans[nearest - 1].second = spans[nearest].second;
    spans.erase(spans.begin() + static_cast<std::ptrdiff_t>(nearest));
  }
  return spans;
}

TEST(FaultR1, ALogThatJoinsTheNearestOfManyIntervalsIsHonest) {
  const Spans whole = many(kVerifiedIntervalsMax);
  EXPECT_TRUE(agree(whole, whole));
  EXPECT_FALSE(agree(whole, joined(whole, kVerifiedIntervalsMax - 1))) << "an entry holds all of them";
  for (const std::size_t count : {kVerifiedIntervalsMax + 1, std::size_t{1300}}) {
    const Spans present = many(count), logged = joined(present, kVerifiedIntervalsMax);
    EXPECT_TRUE(agree(present, logged));
    // Times are rounded on both sides.
    Spans rounded = logged;
    for (auto& [from, to] : rounded) --from, ++to;
    EXPECT_TRUE(agree(present, rounded));
  }
  // Moments beside each other, of which the end of one could be that of the other.
  Spans moments = many(kVerifiedIntervalsMax);
  const std::int64_t last = moments.back().second;
  moments.emplace_back(last + 1, last + 2);
  EXPECT_TRUE(agree(moments, joined(moments, kVerifiedIntervalsMax)));
}

TEST(FaultR1, WhatIsJoinedBeyondNeedIsNamed) {
  const Spans present = many(1300), logged = joined(present, kVerifiedIntervalsMax);
  EXPECT_FALSE(agree(present, {{present.front().first, present.back().second}})) << "all of it";
  EXPECT_FALSE(agree(present, joined(present, kVerifiedIntervalsMax - 20))) << "longer holes than has to be";
  EXPECT_FALSE(agree(present, present)) << "more than an entry may hold";
  Spans less = logged;
  less.erase(less.begin() + 77);
  EXPECT_FALSE(agree(present, less)) << "one is missing";
  Spans wider = logged;
  wider[5].second += 50;
  EXPECT_FALSE(agree(present, wider));
  Spans narrower = logged;
  narrower[5].first += 50;
  EXPECT_FALSE(agree(present, narrower));
  Spans more = logged;
  more.back().second += 4000;
  EXPECT_FALSE(agree(present, more));
  EXPECT_FALSE(agree(present, {}));
  EXPECT_TRUE(agree({}, {}));
  EXPECT_FALSE(agree({}, {{0, 5000}}));
}

}  // namespace
}  // namespace parlour::audit

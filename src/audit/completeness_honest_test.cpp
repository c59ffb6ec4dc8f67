// faults.md H5: logs that an honest house writes, and that must stay good however strictly the others are
// read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/verify/verify_bundle.h"
#include "base/encoding.h"
#include "testing/story.h"

namespace parlour::audit {
namespace {

using testing::add_raw;
using testing::Story;

TEST(FaultH5, HonestLogsStayGood) {
  const std::vector<std::pair<const char*, std::function<void(Story&)>>> honest{
      {"recorded", [](Story& s) { s.honest(); }},
      {"recorded by the customer's wish", [](Story& s) { s.honest("optional"); }},
      {"ten of them",
       [](Story& s) {
         for (int i = 0; i < 10; ++i) s.honest();
       }},
      {"a restart in the middle, with its gap",
       [](Story& s) {
         s.begin();
         const std::int64_t lost = s.now_ms();
         s.restart(20s);
         s.next_part(lost, "server");
         s.flow();
         const std::int64_t back = s.now_ms();
         s.at(60s);
         s.end();
         s.stop();
         s.seal();
         s.verified({{s.from, lost}, {back, s.to}});
       }},
      {"held while the adviser was away",
       [](Story& s) {
         s.begin();
         s.add(s.draft("meeting.held"));
         const std::int64_t held = s.now_ms();
         s.add(s.draft("meeting.resumed"), 90s);
         const std::int64_t back = s.now_ms();
         s.end();
         s.seal();
         s.verified({{s.from, held}, {back, s.to}});
       }},
      {"the second person's media never came",
       [](Story& s) {
         s.request();
         s.capture();
         s.roster();
         s.add(s.draft("participant.connected").subject("participant", s.first).set("role", "staff"));
         s.add(s.about("recording.first_packet").set("track", s.first + "/0"));
         s.from = s.now_ms();
         s.at(120s);
         s.end([](EntryBuilder& entry) { entry.set("duration_ms", 0); });
         s.seal();
         s.verified({{s.from, s.to}});
       }},
      {"they came one after the other",
       [](Story& s) {
         s.roster();
         s.add(s.draft("participant.connected").subject("participant", s.first).set("role", "staff"));
         s.add(s.draft("participant.left").subject("participant", s.first));
         s.add(s.draft("participant.connected").subject("participant", s.second).set("role", "customer"));
         s.end([](EntryBuilder& entry) { entry.set("duration_ms", 0); });
       }},
      {"media were stopped all the time",
       [](Story& s) {
         s.roster();
         s.connect();
         s.add(s.draft("media.stopped").set("reason", "vault.down"));
         s.start();
         s.at(100s);
         s.end();
       }},
      {"exempted, approved by the officer",
       [](Story& s) {
         s.unrecorded();
         s.exempt(s.officer);
       }},
      {"never", [](Story& s) { s.forbidden([&] { s.at(300s); }); }},
      {"deleted when it was due",
       [](Story& s) {
         s.honest();
         add_raw(s, s.draft("meeting.expired"), [&](Json& json) {
           json.set("type", "deletion.executed");
           json.set("data", JsonObject{{"due", s.now_ms() - 1000}, {"receipt", "r"}});
         });
       }},
      {"running", [](Story& s) { s.begin(); }},
      {"just ended",
       [](Story& s) {
         s.ended();
         s.seal();
       }},
  };
  for (const auto& [name, tell] : honest) testing::expect_good(name, tell);
}

// An older version wrote neither the recorder's key nor the type's tolerance: the verdict says what that
// means.
TEST(FaultH5, AnOlderLogIsGoodAndSaysWhatCouldNotBeChecked) {
  Story log;
  log.honest();
  std::vector<Bytes> old;
  for (const Bytes& entry : log.entries) {
    Json json = *parse_json(as_text(entry));
    const std::string type = json.string_or("type");
    if (type == "recorder.key") {
      json.set("type", "config.changed");
      json.set("data", JsonObject{{"diff", JsonArray{}}});
    } else if (type == "type.version_published") {
      const Json before = *json.find("data");
      json.set("data", JsonObject{{"version", "3"},
                                  {"diff", JsonArray{}},
                                  {"policy_sha256", before.string_or("policy_sha256")}});
    }
    old.push_back(to_bytes(write_json_canonical(json)));
  }
  Sequencer sequencer(log.head().origin);
  for (const Bytes& entry : old) ASSERT_TRUE(sequencer.append(entry));
  BundleBuilder builder(sign_checkpoint(sequencer.head(), log.key));
  for (const Bytes& entry : old) builder.add_entry(entry);
  for (const auto& [id, bytes] : log.manifests) builder.add_manifest(id, bytes);
  VerifyOptions options;
  options.keys = {log.verifier_key()};
  const Report report = verify_bundle(*builder.finish(), options);
  // The sealed entry's own bytes did not change, so the manifest still fits.
  EXPECT_EQ(report.exit_status(), 0) << report.to_text();
  EXPECT_THAT(report.not_checked, ::testing::Contains(::testing::HasSubstr("recorder's key")));
  EXPECT_THAT(report.not_checked, ::testing::Contains(::testing::HasSubstr("tolerance")));
}

}  // namespace
}  // namespace parlour::audit

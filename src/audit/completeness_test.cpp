// faults.md H5: logs that are signed by the log's true key, and lie. Each is named, by a finding of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/verify/verify_bundle.h"
#include "base/encoding.h"
#include "testing/story.h"

namespace parlour::audit {
namespace {

using testing::add_raw;
using testing::Case;
using testing::Story;

const std::vector<Case>& dishonest() {
  static const std::vector<Case> cases{
      {"no recording at all", "recording.missing", 11, [](Story& s) { s.unrecorded(); }},
      {"a recording that failed", "recording.failed", 11,
       [](Story& s) {
         s.ended();
         s.add(s.about("recording.failed").set("cause", "disk"));
       }},
      {"captured and never sealed", "recording.unsettled", 11,
       [](Story& s) {
         s.ended();
         s.later(20min);
       }},
      {"sealed and never verified", "recording.unsettled", 11,
       [](Story& s) {
         s.ended();
         s.seal();
         s.later(20min);
       }},
      {"verified, never sealed", "recording.not_sealed", 11,
       [](Story& s) {
         s.honest();  // so that there is something to sign
         s.fresh();
         s.ended();
         s.verified();
       }},
      {"verified, and sealed afterwards", "recording.order", 11,
       [](Story& s) {
         s.honest();
         s.fresh();
         s.ended();
         s.verified();
         s.seal();
       }},
      {"sealed and verified without a capture", "recording.not_captured", 11,
       [](Story& s) {
         s.unrecorded();
         s.kept();
       }},
      {"sealed twice, with two hashes", "recording.sealed_twice", 11,
       [](Story& s) {
         s.ended();
         s.seal(30, 'b');
         s.seal(30, 'd');
         s.verified();
       }},
      {"sealed again after it was verified", "recording.sealed_twice", 11,
       [](Story& s) {
         s.honest();
         s.seal(30, 'd');
       }},
      {"verified twice, with two manifests", "recording.verified_twice", 11,
       [](Story& s) {
         s.honest();
         s.claims_verified();
       }},
      {"one recording for five meetings", "recording.shared", 11,
       [](Story& s) {
         s.honest();
         const std::string one = s.recording;
         for (int i = 0; i < 4; ++i) {
           s.fresh();
           s.recording = one;
           s.ended();
           s.seal();
           s.add(s.about("recording.verified")
                     .hash("manifest_sha256", crypto::sha256(s.manifests.front().second))
                     .ranges("intervals", {{s.from, s.to}})
                     .ranges("gaps", {})
                     .set("coverage_permille", 1000));
         }
       }},
      {"no interval, and one gap over the whole meeting", "recording.empty", 11,
       [](Story& s) {
         s.begin();
         s.gap(s.from, s.now_ms());
         s.end();
         s.seal();
         s.verified({});
       }},
      {"intervals before anything was captured", "recording.outside", 11,
       [](Story& s) {
         s.roster();
         s.connect();
         s.start();
         s.at(300s);
         s.capture();
         s.end();
         s.kept();
       }},
      {"intervals after it was sealed", "recording.outside", 11,
       [](Story& s) {
         s.ended();
         s.seal();
         s.verified({{s.from, s.to + 3'600'000}});
       }},
      {"intervals in a recording without a segment", "recording.no_segments", 11,
       [](Story& s) {
         s.ended();
         s.seal(0);
         s.verified();
       }},
      {"half of it", "coverage.uncovered", 11,
       [](Story& s) {
         s.ended();
         s.seal();
         s.verified({{s.from, s.from + 150'000}});
       }},
      {"a gap that ends tomorrow", "gap.future", 11,
       [](Story& s) {
         s.begin();
         s.gap(s.now_ms(), s.now_ms() + 86'400'000);
         s.end();
         s.kept();
       }},
      {"a hole explained after the seal", "gap.after_sealed", 11,
       [](Story& s) {
         s.ended();
         s.seal();
         s.gap(s.from + 100'000, s.to);
         s.verified({{s.from, s.from + 100'000}});
       }},
      {"a hole explained after it was verified", "gap.after_sealed", 11,
       [](Story& s) {
         s.honest();
         s.gap(s.from, s.to);
       }},
      {"a gap of a recording that it does not have", "gap.unrecorded", 11,
       [](Story& s) {
         s.begin();
         const std::string own = s.recording;
         s.recording = s.uuid();
         s.gap(s.from, s.from + 1'000);
         s.recording = own;
         s.end();
         s.kept();
       }},
      {"paused for minutes in a type without a pause", "pause.beyond_type", 11,
       [](Story& s) {
         s.begin();
         add_raw(s, s.draft("media.resumed"), [](Json& json) { json.set("type", "recording.paused"); });
         const std::int64_t paused = s.now_ms();
         s.at(120s);
         add_raw(s, s.draft("media.resumed"), [](Json& json) { json.set("type", "recording.resumed"); });
         const std::int64_t resumed = s.now_ms();
         s.end();
         s.seal();
         s.verified({{s.from, paused}, {resumed, s.to}});
       }},
      {"a tolerance of 31 years", "tolerance.beyond_type", 11,
       [](Story& s) {
         s.started_with(
             [](EntryBuilder& entry) { entry.set("tolerance_ms", std::int64_t{978'307'200'000}); });
       }},
      {"a tolerance of a second more than its type's", "tolerance.beyond_type", 11,
       [](Story& s) { s.started_with([](EntryBuilder& entry) { entry.set("tolerance_ms", 3'000); }); }},
      {"a type that was never published", "type.unpublished", 11,
       [](Story& s) {
         s.roster("off");
         s.connect();
         s.start("never", [](EntryBuilder& entry) { entry.set("policy_sha256", std::string(64, 'e')); });
         s.end();
       }},
      {"never, where its type says required", "type.demand", 11,
       [](Story& s) {
         s.roster("off");
         s.connect();
         s.start("never",
                 [](EntryBuilder& entry) { entry.set("policy_sha256", Story::document("required")); });
         s.end();
       }},
      {"another version of its type in the middle", "type.changed", 11,
       [](Story& s) {
         s.begin();
         s.add(s.draft("meeting.started")
                   .set("recording", "required")
                   .set("agent", s.agent)
                   .set("policy_sha256", Story::document("optional")));
         s.end();
         s.kept();
       }},
      {"a demand that changes", "demand.changed", 11,
       [](Story& s) {
         s.begin();
         s.add(s.draft("meeting.started")
                   .set("recording", "never")
                   .set("agent", s.agent)
                   .set("policy_sha256", Story::document("required")));
         s.end();
         s.kept();
       }},
      {"exempted by the adviser himself", "exemption.unapproved", 11,
       [](Story& s) {
         s.unrecorded();
         s.exempt(s.agent);
       }},
      {"exempted by somebody who is not there", "exemption.unknown_approver", 11,
       [](Story& s) {
         s.unrecorded();
         s.exempt(s.uuid());
       }},
      {"verified, with an outcome of failed", "entry.refused", 11,
       [](Story& s) {
         s.ended();
         s.seal();
         s.verified({{s.from, s.to}}, [](EntryBuilder& entry) { entry.failed("job"); });
         s.manifests.clear();
         s.later(20min);
       }},
      {"a day without an end", "window.never_ended", 11,
       [](Story& s) {
         s.begin();
         s.later(25h);
       }},
      {"two ends", "window.ended_twice", 11,
       [](Story& s) {
         s.ended();
         s.end();
         s.kept();
       }},
      {"an end that is said to have been early", "coverage.uncovered", 11,
       [](Story& s) {
         s.begin();
         s.at(137ms);
         add_raw(s, s.draft("meeting.ended").set("duration_ms", 10'000).set("end_cause", "left"),
                 [&](Json& json) { testing::set_data(json, "ended_at", s.from + 10'000); });
         s.seal();
         s.verified({{s.from, s.from + 10'000}});
       }},
      {"a start that is said to have been late", "coverage.uncovered", 11,
       [](Story& s) {
         s.request();
         s.capture();
         s.roster();
         s.connect();
         add_raw(s,
                 s.draft("meeting.started")
                     .set("recording", "required")
                     .set("agent", s.agent)
                     .set("policy_sha256", Story::document("required")),
                 [&](Json& json) { testing::set_data(json, "first_two_present", s.now_ms() + 290'000); });
         s.from = s.now_ms();
         s.packets();
         s.at(300s);
         s.end();
         s.seal();
         s.verified({{s.from + 290'000, s.to}});
       }},
      {"a start long after two were connected", "window.started_late", 11,
       [](Story& s) {
         s.request();
         s.capture();
         s.roster();
         s.connect();
         s.at(290s);
         s.start();
         s.packets();
         s.at(10s);
         s.end();
         s.kept();
       }},
      {"an end before the start", "window.reversed", 11,
       [](Story& s) {
         s.at(10s);
         s.request();
         s.capture();
         s.roster();
         s.connect();
         s.start();
         s.add(s.draft("meeting.ended").set("duration_ms", 0).set("end_cause", "left"), -3s);
         s.seal();
         s.verified({});
       }},
      {"five minutes that are said to be ten seconds", "window.duration", 11,
       [](Story& s) {
         s.begin();
         s.end([](EntryBuilder& entry) { entry.set("duration_ms", 10'000); });
         s.kept();
       }},
      {"a Roster after the end", "activity.after_end", 11,
       [](Story& s) {
         s.honest();
         s.at(60s);
         s.roster();
       }},
      {"media that flow on after the end", "activity.after_end", 11,
       [](Story& s) {
         s.ended();
         s.at(60s);
         s.add(s.draft("media.resumed").set("reason", "ok"));
         s.kept();
       }},
      {"a new capture after it was verified", "entry.after_settled", 11,
       [](Story& s) {
         s.honest();
         s.capture();
       }},
      {"a recorded Roster, an hour later no meeting", "start.roster", 11,
       [](Story& s) {
         s.roster();
         s.later(2h);
       }},
      {"two people's packets and no meeting", "start.packets", 11,
       [](Story& s) {
         s.request();
         s.capture();
         s.roster();
         s.packets();
         s.at(300s);
         s.end([](EntryBuilder& entry) { entry.set("duration_ms", 0); });
         s.seal();
       }},
      {"two people connected and no meeting", "start.connected", 11,
       [](Story& s) {
         s.roster();
         s.connect();
         s.end([](EntryBuilder& entry) { entry.set("duration_ms", 0); });
       }},
      {"five minutes of no meeting", "start.duration", 11,
       [](Story& s) {
         s.roster();
         s.from = s.now_ms();
         s.at(300s);
         s.end();
       }},
      {"a recording of two people and no meeting", "start.verified", 11,
       [](Story& s) {
         s.request();
         s.capture();
         s.roster();
         s.from = s.now_ms();
         s.at(300s);
         s.end([](EntryBuilder& entry) { entry.set("duration_ms", 0); });
         s.seal();
         Json whole = *parse_json(as_text(s.manifest({{s.from, s.to}}, 1000, s.recorder_key)));
         Json body = *whole.find("manifest");
         JsonArray tracks;
         for (const char* who : {"0000000000000001", "0000000000000002"})
           tracks.push_back(JsonObject{{"participant", who}, {"intervals", JsonArray{JsonArray{0, 1000}}}});
         body.set("tracks", std::move(tracks));
         Bytes message;
         Writer(message).text("Parlour/1 manifest").u8(0).text(write_json_canonical(body));
         whole.set("manifest", body);
         whole.set("signature", to_base64url(s.recorder_key.sign(message)));
         s.verified({{s.from, s.to}}, {}, 1000, to_bytes(write_json_canonical(whole)));
       }},
      {"never, and requested", "never.requested", 11,
       [](Story& s) {
         s.request();
         s.forbidden();
       }},
      {"never, and captured", "never.captured", 11, [](Story& s) { s.forbidden([&] { s.capture(); }); }},
      {"never, and a packet", "never.first_packet", 11,
       [](Story& s) {
         s.forbidden([&] { s.add(s.about("recording.first_packet").set("track", s.first + "/0")); });
       }},
      {"never, and sealed after the end", "never.sealed", 11,
       [](Story& s) {
         s.forbidden();
         s.seal();
       }},
      {"never, and verified", "never.verified", 11,
       [](Story& s) {
         s.forbidden();
         s.sealed_seq = 0;
         s.claims_verified();
       }},
      {"never, and a gap", "never.entry", 11,
       [](Story& s) { s.forbidden([&] { s.gap(s.from, s.from + 1000); }); }},
      {"never, and played", "never.played", 11,
       [](Story& s) {
         s.forbidden();
         s.add(s.about("recording.play_requested")
                   .set("rendition", "av")
                   .set("purpose", "complaint")
                   .set("session", s.uuid()));
       }},
      {"never, and a recorder in the Roster", "never.roster", 11,
       [](Story& s) {
         s.roster("recorded");
         s.connect();
         s.start("never");
         s.end();
       }},
      {"intervals that are not the manifest's", "manifest.intervals", 11,
       [](Story& s) {
         s.ended();
         s.seal();
         s.verified({{s.from, s.to}}, {}, 1000,
                    s.manifest({{s.from, s.from + 20'000}}, 1000, s.recorder_key));
       }},
      {"coverage that is not the manifest's", "manifest.coverage", 11,
       [](Story& s) {
         s.ended();
         s.seal();
         s.verified({{s.from, s.to}}, {}, 1000, s.manifest({{s.from, s.to}}, 400, s.recorder_key));
       }},
      {"the manifest of another recording", "manifest.recording", 11,
       [](Story& s) {
         s.ended();
         s.seal();
         const std::string own = s.recording;
         s.recording = s.uuid();
         const Bytes other = s.manifest({{s.from, s.to}}, 1000, s.recorder_key);
         s.recording = own;
         s.verified({{s.from, s.to}}, {}, 1000, other);
       }},
      {"the manifest of another meeting", "manifest.meeting", 11,
       [](Story& s) {
         s.ended();
         s.seal();
         const std::string own = s.meeting;
         s.meeting = s.uuid();
         const Bytes other = s.manifest({{s.from, s.to}}, 1000, s.recorder_key);
         s.meeting = own;
         s.verified({{s.from, s.to}}, {}, 1000, other);
       }},
      {"the manifest of something else than was sealed", "manifest.sealed", 11,
       [](Story& s) {
         s.honest();
         const std::uint64_t before = s.sealed_seq;
         s.fresh();
         s.ended();
         s.seal(30, 'e');
         const std::uint64_t own = std::exchange(s.sealed_seq, before);
         const Bytes other = s.manifest({{s.from, s.to}}, 1000, s.recorder_key);
         s.sealed_seq = own;
         s.verified({{s.from, s.to}}, {}, 1000, other);
       }},
      {"a manifest signed by another key", "manifest.signature", 10,
       [](Story& s) {
         s.ended();
         s.seal();
         s.verified({{s.from, s.to}}, {}, 1000,
                    s.manifest({{s.from, s.to}}, 1000, crypto::P256Key::generate()));
       }},
      {"another recorder's key, later", "recorder_key.changed", 11,
       [](Story& s) {
         s.honest();
         const auto other = crypto::P256Key::generate().public_key();
         s.add(EntryBuilder("recorder.key")
                   .actor({ActorKind::kSystem, "serve"})
                   .set("key_id", to_hex(crypto::sha256(other)).substr(0, 16))
                   .set("algorithm", "ecdsa_p256_sha256")
                   .set("public_key", to_base64url(other)));
       }},
      {"deleted before it was due", "deletion.early", 11,
       [](Story& s) {
         s.honest();
         add_raw(s, s.draft("meeting.expired"), [&](Json& json) {
           json.set("type", "deletion.executed");
           json.set("data", JsonObject{{"due", s.now_ms() + 86'400'000}, {"receipt", "r"}});
         });
       }},
      {"deleted without a receipt", "deletion.no_receipt", 11,
       [](Story& s) {
         s.honest();
         add_raw(s, s.draft("meeting.expired"), [&](Json& json) {
           json.set("type", "deletion.executed");
           json.set("data", JsonObject{{"due", s.now_ms() - 1000}});
         });
       }},
      {"deleted what never was", "deletion.unrecorded", 11,
       [](Story& s) {
         s.unrecorded();
         add_raw(s, s.draft("meeting.expired"), [&](Json& json) {
           json.set("type", "deletion.executed");
           json.set("data", JsonObject{{"due", s.now_ms() - 1000}, {"receipt", "r"}});
         });
       }},
      {"a demand that no type knows", "demand.unknown", 11,
       [](Story& s) {
         s.roster();
         s.connect();
         add_raw(s,
                 s.draft("meeting.started")
                     .set("recording", "never")
                     .set("policy_sha256", Story::document("never")),
                 [](Json& json) { testing::set_data(json, "recording", "sometimes"); });
         s.from = s.now_ms();
         s.end();
       }},
  };
  return cases;
}

TEST(FaultH5, EachDishonestLogUnderTheTrueKeyIsNamed) {
  std::set<std::string> findings;
  for (const Case& one : dishonest()) {
    testing::expect_named(one);
    findings.insert(one.finding);
  }
  EXPECT_GE(dishonest().size(), 40u);
  EXPECT_GE(findings.size(), 40u);
}

}  // namespace
}  // namespace parlour::audit

#include "testing/sample_log.h"

#include <cstdio>
#include <cstdlib>
#include <map>

#include "base/encoding.h"
#include "base/id.h"

namespace parlour::audit::testing {
namespace {

crypto::Ed25519Key test_key(std::uint8_t first) {
  ByteArray<32> seed;
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(first + i);
  auto key = crypto::Ed25519Key::from_seed(seed);
  if (!key) std::abort();
  return std::move(*key);
}

crypto::P256Key recorder_test_key() {
  ByteArray<32> scalar;
  for (std::size_t i = 0; i < scalar.size(); ++i) scalar[i] = static_cast<std::uint8_t>(0x41 + i);
  auto key = crypto::P256Key::from_private(scalar);
  if (!key) std::abort();
  return std::move(*key);
}

std::string document_hash(std::string_view demand) {
  return to_hex(crypto::sha256(as_bytes("policy " + std::string(demand))));
}

constexpr std::int64_t kStart = 1'795'000'000'000'000;  // November 2026

}  // namespace

SampleLog::SampleLog(std::uint64_t seed)
    : key(test_key(0)),
      other_key(test_key(0x20)),
      recorder_key(recorder_test_key()),
      random(seed),
      now{kStart},
      sequencer(log_origin("bank.example")) {
  boot = uuid();
  agent = uuid();
  add(EntryBuilder("log.key").actor({ActorKind::kSystem, "vault"}).set("key_id", verifier_key().id_text()));
  const auto point = recorder_key.public_key();
  add(EntryBuilder("recorder.key")
          .actor({ActorKind::kSystem, "serve"})
          .set("key_id", to_hex(crypto::sha256(point)).substr(0, 16))
          .set("algorithm", "ecdsa_p256_sha256")
          .set("public_key", to_base64url(point)));
  add(EntryBuilder("user.created")
          .actor({ActorKind::kOperator, "operator"})
          .subject("user", agent)
          .set("roles", JsonArray{Json("agent")}));
  for (std::string_view demand : {"required", "never", "optional"})
    add(EntryBuilder("type.version_published")
            .actor({ActorKind::kOperator, "operator"})
            .subject("type", uuid())
            .set("version", "3")
            .set("diff", JsonArray{})
            .set("policy_sha256", document_hash(demand))
            .set("recording", demand)
            .set("tolerance_ms", 2'000)
            .set("pause_max_s", 0)
            .set("loss_end_s", 120)
            .set("hold_s", 300));
  add(EntryBuilder("server.started")
          .actor({ActorKind::kSystem, "serve"})
          .set("version", "0.1.0")
          .hash("binary_sha256", crypto::sha256(as_bytes("binary"))));
  add(EntryBuilder("auth.login")
          .actor({ActorKind::kUser, agent, uuid()})
          .set("method", "password")
          .personal("ip", "192.0.2.7")
          .personal("user_agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/120"));
}

std::string SampleLog::uuid() {
  return uuid_to_text(make_uuid_v7(now, random));
}

void SampleLog::add(const EntryBuilder& draft, Duration after) {
  now = now + after;
  EntryPlace place{sequencer.size(), now, boot, SteadyTime{now.us - kStart}};
  auto made = draft.make(place, random);
  if (!made) {
    std::fprintf(stderr, "sample entry %s: %s\n", draft.head().type.c_str(), made.error().reason.c_str());
    std::abort();
  }
  auto leaf = sequencer.append(made->bytes);
  if (!leaf) std::abort();
  tree.append(*leaf);
  entries.push_back(std::move(made->bytes));
  for (PrivateRow& row : made->private_rows) private_rows.push_back(std::move(row));
}

EntryBuilder SampleLog::draft(std::string_view type) const {
  return EntryBuilder(type).actor({ActorKind::kSystem, "serve"}).meeting(meeting, "wealth/3");
}

void SampleLog::add_meeting(std::string_view demand, bool play) {
  bool recorded = demand == "required";
  meeting = uuid();
  recording = uuid();
  customer = uuid();
  std::string session = uuid(), participant_1 = uuid(), participant_2 = uuid();
  auto by_agent = [&](std::string_view type) {
    return draft(type).actor({ActorKind::kUser, agent, session, "", "device-17"}).cause(uuid());
  };
  auto by_customer = [&](std::string_view type) {
    return draft(type).actor({ActorKind::kCustomer, customer});
  };
  auto about_recording = [&](std::string_view type) { return draft(type).subject("recording", recording); };
  Hash256 some_hash = crypto::sha256(as_bytes(meeting));

  add(by_agent("meeting.scheduled")
          .set("start_planned", now_ms() + 3'600'000)
          .set("tz", "Europe/Amsterdam")
          .personal("customer_email", "d.customer+" + customer.substr(30) + "@mail.example")
          .personal("customer_name", "Dana Customer"));
  add(by_agent("link.issued").set("kind", "customer").set("hash8", to_hex(ByteView(some_hash).first(4))));
  add(by_customer("link.opened").set("kind", "customer").personal("user_agent", "Mozilla/5.0 (iPhone)"), 30s);
  add(by_customer("device.checked").set("camera", "good").set("microphone", "good").set("network", "good"),
      20s);
  for (std::string_view type : {"notice.shown", "notice.acknowledged"})
    add(by_customer(type)
            .set("text_id", "recording")
            .set("version", "2")
            .hash("sha256", some_hash)
            .set("lang", "nl"),
        4s);
  add(by_customer("waiting.entered").subject("participant", participant_2));
  add(by_agent("participant.joined").subject("participant", participant_1).set("role", "agent"));
  add(by_agent("waiting.admitted")
          .subject("participant", participant_2)
          .set("by", agent)
          .set("waited_ms", 41'000),
      41s);
  if (recorded) {
    add(about_recording("recording.requested").set("mode", "auto"));
    add(about_recording("recording.capture_started").set("part", 0).set("key_id", "kek-1"));
  }
  add(by_customer("participant.joined").subject("participant", participant_2).set("role", "customer"));
  add(draft("roster.accepted")
          .set("epoch", 1)
          .hash("roster_sha256", some_hash)
          .set("members", 2)
          .set("mode", recorded ? "recorded" : "off"));
  for (const std::string& participant : {participant_1, participant_2})
    add(draft("participant.connected").subject("participant", participant).set("role", "staff"));
  std::int64_t from = now_ms();
  add(draft("meeting.started")
          .set("recording", demand)
          .set("agent", agent)
          .set("policy_sha256", document_hash(demand)));
  if (recorded)
    for (const std::string& participant : {participant_1, participant_2})
      add(about_recording("recording.first_packet").set("track", participant + "/0"));
  add(by_agent("share.started").set("kind", "screen"), 120s);
  add(by_agent("share.stopped").set("kind", "screen"), 60s);
  std::int64_t gap_from = now_ms() + 1000, gap_to = gap_from + 3000;
  if (recorded)
    add(about_recording("recording.gap").set("from", gap_from).set("to", gap_to).set("cause", "network"),
        10s);
  add(by_customer("participant.reconnected")
          .subject("participant", participant_2)
          .set("cause", "address_changed"),
      2s);
  add(by_customer("participant.left").subject("participant", participant_2).set("cause", "leave"), 300s);
  add(draft("meeting.ended").set("duration_ms", now_ms() - from).set("end_cause", "left"));
  std::int64_t to = now_ms();
  if (recorded) {
    add(about_recording("recording.stopped").set("cause", "ended"));
    sealed_seq = sequencer.size();
    add(about_recording("recording.sealed")
            .set("segments", 60)
            .hash("last_hash", some_hash)
            .hash("envelopes_sha256", some_hash));
    Bytes signed_manifest = manifest({{from, gap_from}, {gap_to, to}}, 994, recorder_key);
    add(about_recording("recording.verified")
            .hash("manifest_sha256", crypto::sha256(signed_manifest))
            .ranges("intervals", {{from, gap_from}, {gap_to, to}})
            .ranges("gaps", {{gap_from, gap_to}})
            .set("coverage_permille", 994),
        20s);
    manifests.emplace_back(recording, std::move(signed_manifest));
    if (play) {
      std::uint64_t request = sequencer.size();
      add(about_recording("recording.play_requested")
              .set("rendition", "av")
              .set("purpose", "complaint")
              .set("session", session),
          3600s);
      add(about_recording("recording.played").set("request", request).ranges("ranges_ms", {{0, 30'000}}),
          40s);
    }
  }
}

Bytes SampleLog::manifest(const std::vector<std::pair<std::int64_t, std::int64_t>>& present,
                          int coverage_permille, const crypto::P256Key& signer) const {
  const std::int64_t started = present.empty() ? now_ms() : present.front().first;
  JsonArray spans;
  for (const auto& [from, to] : present) spans.push_back(JsonArray{from - started, to - started});
  auto sealed = parse_json(as_text(entries.at(sealed_seq)));
  const Json* data = sealed ? sealed->find("data") : nullptr;
  if (data == nullptr) std::abort();
  const Json body = JsonObject{{"format", "parlour-recording-manifest/1"},
                               {"recording", recording},
                               {"meeting", meeting},
                               {"started_ms", started},
                               {"coverage_permille", coverage_permille},
                               {"present", std::move(spans)},
                               {"sealed", JsonObject{{"seq", sealed_seq},
                                                     {"leaf", to_hex(leaf_hash(entries.at(sealed_seq)))},
                                                     {"segments", data->integer_or("segments")},
                                                     {"last_hash", data->string_or("last_hash")}}},
                               {"tracks", JsonArray{}}};
  const std::string text = write_json_canonical(body);
  Bytes message;
  Writer(message).text("Parlour/1 manifest").u8(0).text(text);
  const crypto::P256Point point = signer.public_key();
  // ECDSA draws a number for each signature; two logs of one seed must be the same all the same.
  static std::map<std::pair<crypto::P256Point, std::string>, std::string> known;
  std::string& signature = known[{point, text}];
  if (signature.empty()) signature = to_base64url(signer.sign(message));
  return to_bytes(write_json_canonical(JsonObject{{"key_id", to_hex(crypto::sha256(point)).substr(0, 16)},
                                                  {"manifest", body},
                                                  {"signature", signature}}));
}

void SampleLog::add_logged_checkpoint() {
  Checkpoint logged = head();
  add(EntryBuilder("audit.checkpoint")
          .actor({ActorKind::kSystem, "vault"})
          .set("size", logged.size)
          .hash("root", logged.root)
          .set("key_id", verifier_key().id_text()));
}

BundleBuilder SampleLog::builder() const {
  BundleBuilder builder(signed_head());
  for (const Bytes& entry : entries) builder.add_entry(entry);
  for (const PrivateRow& row : private_rows) builder.add_private(row);
  for (const auto& [id, bytes] : manifests) builder.add_manifest(id, bytes);
  for (const std::string& note : older_heads) builder.add_older_checkpoint(note);
  return builder;
}

Bytes SampleLog::bundle() const {
  auto made = builder().finish();
  if (!made) std::abort();
  return std::move(*made);
}

Bytes entries_jsonl(const std::vector<Bytes>& entries) {
  Bytes out;
  for (const Bytes& entry : entries) {
    append(out, entry);
    out.push_back('\n');
  }
  return out;
}

}  // namespace parlour::audit::testing

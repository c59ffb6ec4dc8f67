// Logs that are told step by step, and a dishonest one with the finding that it must get. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "audit/verify/verify_bundle.h"
#include "base/encoding.h"
#include "testing/sample_log.h"

namespace parlour::audit::testing {

using Spans = std::vector<std::pair<std::int64_t, std::int64_t>>;

// A log in the making: the steps of a recorded meeting, each honest by itself.
struct Story : SampleLog {
  Story() {
    officer = uuid();
    add(EntryBuilder("user.created")
            .actor({ActorKind::kOperator, "operator"})
            .subject("user", officer)
            .set("roles", JsonArray{Json("compliance")}));
    fresh();
  }
  void fresh() {
    meeting = uuid();
    recording = uuid();
    first = uuid();
    second = uuid();
  }
  EntryBuilder about(std::string_view type) const { return draft(type).subject("recording", recording); }
  static std::string document(std::string_view demand) {
    return to_hex(crypto::sha256(as_bytes("policy " + std::string(demand))));
  }
  void at(Duration after) { now = now + after; }

  void request() { add(about("recording.requested").set("mode", "auto")); }
  void capture() { add(about("recording.capture_started").set("part", 1)); }
  void roster(std::string_view mode = "recorded", int members = 2) {
    add(draft("roster.accepted")
            .set("epoch", 1)
            .set("roster_sha256", std::string(64, 'a'))
            .set("members", members)
            .set("mode", mode));
  }
  void connect() {
    for (const std::string& who : {first, second})
      add(draft("participant.connected").subject("participant", who).set("role", "staff"));
  }
  void start(std::string_view demand = "required", const std::function<void(EntryBuilder&)>& change = {}) {
    EntryBuilder entry = draft("meeting.started");
    entry.set("recording", demand).set("agent", agent).set("policy_sha256", document(demand));
    if (change) change(entry);
    add(entry);
    from = now_ms();
  }
  void packets() {
    for (const std::string& who : {first, second})
      add(about("recording.first_packet").set("track", who + "/0"));
  }
  void begin(std::string_view demand = "required") {
    request();
    capture();
    roster();
    connect();
    start(demand);
    packets();
    at(300s);
  }
  void end(const std::function<void(EntryBuilder&)>& change = {}) {
    at(137ms);
    EntryBuilder entry = draft("meeting.ended");
    entry.set("duration_ms", now_ms() - from).set("end_cause", "left");
    if (change) change(entry);
    add(entry, 0ms);
    to = now_ms();
  }
  void stop() { add(about("recording.stopped").set("cause", "ended")); }
  void seal(int segments = 30, char hash = 'b') {
    sealed_seq = sequencer.size();
    add(about("recording.sealed")
            .set("segments", segments)
            .set("last_hash", std::string(64, hash))
            .set("envelopes_sha256", std::string(64, 'c')));
  }
  void verified(const Spans& intervals, const std::function<void(EntryBuilder&)>& change = {},
                int coverage = 1000, const Bytes& signed_manifest = {}) {
    const Bytes text =
        signed_manifest.empty() ? manifest(intervals, coverage, recorder_key) : signed_manifest;
    EntryBuilder entry = about("recording.verified");
    entry.hash("manifest_sha256", crypto::sha256(text))
        .ranges("intervals", intervals)
        .ranges("gaps", {})
        .set("coverage_permille", coverage);
    if (change) change(entry);
    add(entry, 20s);
    manifests.emplace_back(recording, text);
  }
  void verified() { verified({{from, to}}); }
  void honest(std::string_view demand = "required") {
    fresh();
    begin(demand);
    end();
    stop();
    seal();
    verified();
  }
  void ended() {
    begin();
    end();
  }
  void kept() {
    seal();
    verified();
  }
  void unrecorded(Duration lasts = 300s) {
    roster();
    connect();
    start();
    at(lasts);
    end();
  }
  void forbidden(const std::function<void()>& act = {}) {
    roster("off");
    connect();
    start("never");
    if (act) act();
    end();
  }
  // Recorded over its whole length, with this in meeting.started.
  void started_with(const std::function<void(EntryBuilder&)>& change) {
    request();
    capture();
    roster();
    connect();
    start("required", change);
    packets();
    at(300s);
    end();
    kept();
  }
  // Of a manifest that nobody has.
  void claims_verified() {
    add(about("recording.verified")
            .set("manifest_sha256", std::string(64, '1'))
            .ranges("intervals", {{from, to}})
            .ranges("gaps", {})
            .set("coverage_permille", 1000));
  }
  // What the house writes of a call that it holds, takes up, and lets through again.
  void hold() {
    add(draft("meeting.held"));
    add(draft("media.stopped").set("reason", "held"), 1ms);
  }
  void take_up() { add(draft("meeting.resumed")); }
  void stop_media(std::string_view reason = "recording.stalled") {
    add(draft("media.stopped").set("reason", reason));
  }
  void flow() { add(draft("media.resumed").set("reason", "ok")); }
  // The server was killed, and comes back after `away`.
  void restart(Duration away) {
    add(EntryBuilder("server.started")
            .actor({ActorKind::kSystem, "serve"})
            .set("version", "0.1.0")
            .hash("binary_sha256", crypto::sha256(as_bytes("binary"))),
        away);
  }
  // The next part, and the gap before it.
  void next_part(std::int64_t gap_from, std::string_view cause, int part = 2) {
    add(about("recording.gap").set("from", gap_from).set("to", now_ms()).set("cause", cause));
    add(about("recording.capture_started").set("part", part));
  }
  void gap(std::int64_t gap_from, std::int64_t gap_to) {
    add(about("recording.gap").set("from", gap_from).set("to", gap_to).set("cause", "server"));
  }
  void later(Duration by) { add(EntryBuilder("server.stopped").actor({ActorKind::kSystem, "serve"}), by); }
  void exempt(std::string_view approver, std::string_view reason = "technical") {
    add(draft("recording.exempted")
            .actor({ActorKind::kUser, agent})
            .subject("recording", recording)
            .set("reason", reason)
            .set("approver", approver));
  }

  std::string officer, first, second;
  std::int64_t from = 0, to = 0;
};

struct Case {
  const char* name;
  const char* finding;
  int status;
  std::function<void(Story&)> tell;
};

inline void set_data(Json& entry, std::string_view name, Json value) {
  Json data = *entry.find("data");
  data.set(std::string(name), std::move(value));
  entry.set("data", std::move(data));
}

// What the catalogue does not write: an entry of a modified program, made canonical and put into the log.
inline void add_raw(Story& log, const EntryBuilder& like, const std::function<void(Json&)>& change) {
  log.add(like);
  Json json = *parse_json(as_text(log.entries.back()));
  change(json);
  log.entries.back() = to_bytes(write_json_canonical(json));
  log.sequencer = Sequencer(log.sequencer.head().origin);
  log.tree = MerkleTree();
  for (const Bytes& entry : log.entries) log.tree.append(*log.sequencer.append(entry));
}

inline Report judged(const Story& log) {
  VerifyOptions options;
  options.keys = {log.verifier_key()};
  return verify_bundle(log.bundle(), options);
}

// The findings of a log that was signed by its true key and lies: the one that it must get is among them.
inline std::set<std::string> expect_named(const Case& one) {
  SCOPED_TRACE(one.name);
  Story log;
  one.tell(log);
  const Report report = judged(log);
  EXPECT_EQ(report.exit_status(), one.status) << report.to_text();
  std::set<std::string> found;
  for (const Fault& fault : report.faults) found.insert(fault.finding);
  EXPECT_TRUE(found.contains(one.finding)) << report.to_text();
  EXPECT_NE(report.to_json().find(std::string("\"") + one.finding + "\""), std::string::npos);
  return found;
}

inline void expect_good(const char* name, const std::function<void(Story&)>& tell) {
  SCOPED_TRACE(name);
  Story log;
  tell(log);
  const Report report = judged(log);
  EXPECT_EQ(report.exit_status(), 0) << report.to_text();
}

}  // namespace parlour::audit::testing

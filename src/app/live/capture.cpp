// The recorder of a live meeting: start, durability, stalls, parts, seal. "No record, no call" lives here and
// in the media plane's lease, which runs out by itself when this file hears nothing.
#include <algorithm>

#include "app/live_meeting.h"
#include "base/encoding.h"
#include "farewell.h"

namespace parlour::app {

using namespace meeting;

namespace {

constexpr Duration kRetrySeal = 30s;        // between two tries to read what a fault has left
constexpr Duration kRetryPart = 3s;         // between two tries to start a part
constexpr Duration kGraceAfterRoster = 5s;  // e2ee.md 10: no acknowledgement 5 s after a Roster
constexpr std::string_view kKeysMissing = "keys_missing";

}  // namespace

bool LiveMeeting::recording_demanded() const {
  return type_.policy.recording == RecordingRule::kRequired;
}

void LiveMeeting::start_capture() {
  if (over_ || capture_.active || !context_.recorder.storage_ready() || !context_.vault.up()) return;
  // Somebody who can reach nobody has nothing to say on the record.
  if (!paths_met_) return;
  Now now = context_.clock.now();
  if (!meeting_.recording) {
    RecordingId id = RecordingId::make(now.utc, context_.random);
    Decision decision = run(command::RequestRecording{id, "auto"}, Actor::system(), [&](const Meeting& next) {
      RecordingRow row{.id = id, .meeting = next.id, .requested_at = now.utc};
      context_.recordings.save(row);
    });
    if (!decision) return;
  }
  std::optional<RecordingRow> row = context_.recordings.load(*meeting_.recording);
  if (!row) return;
  // A part after the first goes on behind what is durable: the log is finished and its gap is named.
  if (row->parts > 0) {
    // After a clean end the recorder knows where the log stands; reading it all again would hold everybody
    // up.
    UtcTime from = ended_cleanly_.value_or(UtcTime{});
    if (!ended_cleanly_) {
      auto recovered = context_.recorder.recover(row->id);
      if (!recovered) {
        capture_.retry_at = now.steady + kRetryPart;
        return;
      }
      from = recovered->last_write;
    }
    AuditRecord gap;
    gap.type = "recording.gap";
    gap.actor = Actor::system();
    gap.meeting = meeting_.id;
    gap.subject = {"recording", row->id.text()};
    gap.data.set("cause", resumed_ ? "held" : "server");
    resumed_ = false;
    gap.data.set("from", from.us / 1000);
    gap.data.set("to", now.utc.us / 1000);
    note(context_, std::move(gap));
  }
  ended_cleanly_.reset();
  capture_ = Capture{};
  capture_.part = row->parts + 1;
  capture_.active = true;
  context_.recorder.start(row->id, capture_.part, room_, [this, alive = alive_](const CaptureFact& fact) {
    if (*alive) on_capture(fact);
  });
  context_.recorder.append_announcement(row->id, policy_);
  // Hellos are of whoever was let in; who only waits has no part in the recording.
  for (const ChainIndex::Said& said : chain_.all()) {
    if (said.kind == "Hello")
      log_hello(said);
    else
      context_.recorder.append_announcement(row->id, said.stored.message);
  }
  push_recording();
}

void LiveMeeting::log_hello(const ChainIndex::Said& hello) {
  if (capture_.hellos.insert(hello.ep).second)
    context_.recorder.append_announcement(*meeting_.recording, hello.stored.message);
}

void LiveMeeting::log_roster() {
  const ChainIndex::Said* roster = chain_.last_roster();
  if (!capture_.active || roster == nullptr) return;
  for (const ChainIndex::Said& said : chain_.all())
    if (said.kind == "Hello") log_hello(said);
  context_.recorder.append_announcement(*meeting_.recording, roster->stored.message);
}

// The call is over, the meeting is not: what is recorded of it ends here, and the next call gets a part of
// its own, with its own signed messages.
void LiveMeeting::end_part() {
  if (!capture_.active || capture_.ending) return;
  capture_.ending = true;
  context_.recorder.stop(*meeting_.recording);
  refresh_gate();
}

void LiveMeeting::on_capture(const CaptureFact& fact) {
  try {
    take_capture_fact(fact);
  } catch (const StoreFailure&) {
    // A part whose envelope or start is not in the database must not go on: it could never be opened.
    bool needed = std::holds_alternative<capture_fact::EnvelopeReady>(fact) ||
                  std::holds_alternative<capture_fact::Started>(fact);
    if (needed) {
      capture_.fault = "store";
      context_.recorder.stop(*meeting_.recording);
    }
    throw;
  }
}

void LiveMeeting::take_capture_fact(const CaptureFact& fact) {
  const RecordingId recording = *meeting_.recording;
  Now now = context_.clock.now();
  auto entry = [&](std::string_view type) {
    AuditRecord record;
    record.type = type;
    record.actor = Actor::system();
    record.meeting = meeting_.id;
    record.type_version = type_.version;
    record.subject = {"recording", recording.text()};
    return record;
  };
  if (auto* attached = std::get_if<capture_fact::Attached>(&fact)) {
    capture_.attached = attached->good;
    if (attached->good) return capture_running();
    // A log without packets would tick, be durable, and prove nothing: this part ends, and the next one is
    // tried.
    capture_.fault = "media.sink";
    context_.recorder.stop(recording);
  } else if (auto* ready = std::get_if<capture_fact::EnvelopeReady>(&fact)) {
    std::optional<RecordingRow> row = context_.recordings.load(recording);
    if (!row) return;
    row->parts = ready->part;
    Work work(context_.unit);
    context_.recordings.save(*row);
    context_.recordings.put(ready->envelope);
    work.commit();
    context_.vault.dek_check(
        ready->envelope, ready->part,
        [this, alive = alive_, recording, part = ready->part](Result<Hash, VaultFault> check) {
          // Without an answer nothing is written: a wrong check ends this part, and
          // watch_capture() tries the next one.
          if (*alive && capture_.part == part)
            context_.recorder.accept_envelope(recording, check ? *check : Hash{});
        });
  } else if (auto* started = std::get_if<capture_fact::Started>(&fact)) {
    AuditRecord record = entry("recording.capture_started");
    record.data.set("part", started->part);
    auto inside = [&](const Meeting&) {
      context_.audit.append(record);
      if (auto row = context_.recordings.load(recording)) {
        row->phase = RecordingPhase::kCapturing;
        if (!row->started_at) row->started_at = now.utc;
        context_.recordings.save(*row);
      }
    };
    Decision decision = run(command::RecordingFact{RecordingPhase::kCapturing, ""}, Actor::system(), inside);
    if (decision && decision->empty()) {
      Work work(context_.unit);
      inside(meeting_);
      work.commit();
    }
    capture_.started = true;
    capture_.durable = now.steady;
    capture_running();
  } else if (auto* durable = std::get_if<capture_fact::DurableUpTo>(&fact)) {
    capture_.durable = std::max(capture_.durable, durable->time);
    if (capturing()) context_.media.set_lease(room_, capture_.durable + kDurableLease);
  } else if (auto* first = std::get_if<capture_fact::FirstPacket>(&fact)) {
    packet_written_ = true;  // before the database is asked: it stands in the recording whatever that answers
    if (!capture_.first_packets.insert({first->endpoint, first->slot}).second) return;
    AuditRecord record = entry("recording.first_packet");
    Presence* presence = by_endpoint(first->endpoint);
    record.data.set("track", (presence != nullptr ? presence->participant.text() : "unknown") + "/" +
                                 std::to_string(first->slot));
    note(context_, std::move(record));
  } else if (auto* overflow = std::get_if<capture_fact::Overflow>(&fact)) {
    AuditRecord record = entry("recording.gap");
    record.data.set("cause", "overflow");
    record.data.set("from", now.utc.us / 1000 - overflow->gap_ms);
    record.data.set("to", now.utc.us / 1000);
    note(context_, std::move(record));
  } else if (auto* stopped = std::get_if<capture_fact::Stopped>(&fact)) {
    capture_fact::Stopped last = *stopped;
    if (!capture_.fault.empty()) last = {capture_.fault, last.segments, last.last_hash, true};
    capture_.active = false;
    capture_.started = false;
    capture_.fault.clear();
    ended_cleanly_.reset();
    if (!last.failed && last.segments > 0) ended_cleanly_ = now.utc;
    capture_.retry_at = capture_.ending ? now.steady : now.steady + kRetryPart;
    refresh_gate();
    if (over_) to_seal_ = last;  // before anything that the database can refuse: tick() tries again
    AuditRecord record = entry("recording.stopped");
    record.data.set("cause", last.reason);
    if (last.failed) record.outcome = "failed", record.reason = last.reason;
    note(context_, std::move(record));
    if (last.failed && !over_ && recording_demanded() && meeting_.phase == Phase::kLive) {
      if (!not_flowing_since_) not_flowing_since_ = now.steady;
      tell_not_recording(now.steady);
    } else {
      push_recording();
    }
    seal_what_stopped();
  }
}

// The header is durable, the envelope opens, and the packets come: only then is it a recording.
void LiveMeeting::capture_running() {
  if (!capturing()) return;
  ran_in_call_ = true;
  context_.media.set_lease(room_, capture_.durable + kDurableLease);
  refresh_gate();
  push_recording();
}

void LiveMeeting::seal_what_stopped() {
  const SteadyTime now = context_.clock.now().steady;
  if (!to_seal_ || (seal_at_ && now < *seal_at_)) return;
  if (!to_seal_->failed && to_seal_->segments > 0) {
    seal(*to_seal_);
  } else if (!to_seal_->failed) {
    recording_failed("never_started");
  } else {
    auto log = context_.recorder.recover(*meeting_.recording);
    if (!log) {
      // A sick disk is no verdict on what it holds: tried again, and after the next start too.
      seal_at_ = now + kRetrySeal;
      return;
    }
    if (log->segments > 0)
      seal({"recovered", log->segments, log->last_hash, false});
    else
      recording_failed(to_seal_->reason);
  }
  to_seal_.reset();
  if (idle()) listener_.over(meeting_.id);
}

// Twice a second: is the demanded recording running? Otherwise media are off (the lease saw to it), everybody
// is told, a new part is tried, and after the type's time the call ends.
void LiveMeeting::watch_capture(SteadyTime now) {
  if (over_ || meeting_.phase != Phase::kLive || !rules_) return;
  std::optional<RosterView> roster = rules_->roster();
  if (!roster || !roster->recorder) return;
  if (!capture_.active && (!capture_.retry_at || now >= *capture_.retry_at)) start_capture();
  if (!recording_demanded()) return;
  if (!paths_met_) {
    not_flowing_since_.reset();
    return set_media_state(false, "no_path");
  }
  bool fresh = capturing() && now < capture_.durable + kDurableLease;
  bool flowing = fresh && recorder_has_all_keys();
  if (flowing) {
    not_flowing_since_.reset();
    if (capture_.stalled) {
      capture_.stalled = false;
      push_recording();
    }
    set_media_state(true, "ok");
    return;
  }
  if (!not_flowing_since_) not_flowing_since_ = now;
  // Keys take a moment after a Roster; a disk that is silent for 2 s has stopped media already.
  bool was_running = capturing() && !fresh;
  if (!was_running && now < *not_flowing_since_ + kGraceAfterRoster) return;
  tell_not_recording(now);
  if (now >= *not_flowing_since_ + std::chrono::seconds(type_.policy.loss_end_s))
    end(why_not_recording(now) == kKeysMissing ? std::string(kKeysMissing) : "recording_lost",
        Actor::system());
}

// Why nothing flows where a recording is demanded, as the pages and the log say it. A recorder that writes,
// and waits for somebody's keys, has not stopped; one that never wrote anything of this call has not either.
std::string_view LiveMeeting::why_not_recording(SteadyTime now) const {
  if (!context_.vault.up()) return "vault.down";
  if (!context_.recorder.storage_ready()) return "disk.full";
  if (capturing() && now < capture_.durable + kDurableLease) return kKeysMissing;
  return ran_in_call_ ? "recording.stalled" : "recording.not_begun";
}

// Media are off for want of a recording: why, and until when, is said in the same moment.
void LiveMeeting::tell_not_recording(SteadyTime now) {
  const std::string_view why = why_not_recording(now);
  const bool stalled = why != kKeysMissing;
  const bool changes = capture_.stalled != stalled;
  capture_.stalled = stalled;
  set_media_state(false, std::string(why));
  if (changes) push_recording();
}

void LiveMeeting::set_media_state(bool allowed, const std::string& reason) {
  if (media_allowed_ == allowed && media_reason_ == reason) return;
  bool changed = media_allowed_ != allowed;
  media_allowed_ = allowed;
  media_reason_ = reason;
  if (changed && reason != "not_admitted") {
    AuditRecord record;
    record.type = allowed ? "media.resumed" : "media.stopped";
    record.actor = Actor::system();
    record.meeting = meeting_.id;
    record.reason = reason;
    record.data.set("reason", allowed && !meeting_.started_at ? "start" : reason);
    note(context_, std::move(record));
  }
  push_all("media", media_json());
}

void LiveMeeting::on_vault_up(bool up) {
  if (up && !over_ && meeting_.phase == Phase::kLive) announce_all_to_vault();
}

// What the vault will open is fixed in the log before its job starts (design.md 9).
void LiveMeeting::seal(const capture_fact::Stopped& stopped) {
  const RecordingId recording = *meeting_.recording;
  Now now = context_.clock.now();
  AuditRecord record;
  record.type = "recording.sealed";
  record.actor = Actor::system();
  record.meeting = meeting_.id;
  record.type_version = type_.version;
  record.subject = {"recording", recording.text()};
  record.data.set("segments", stopped.segments);
  record.data.set("last_hash", stopped.last_hash);
  record.data.set("parts", static_cast<std::int64_t>(recorded_parts()));
  record.data.set("envelopes_sha256",
                  context_.recorder.envelopes_hash(context_.recordings.envelopes(recording)));
  (void)run(command::RecordingFact{RecordingPhase::kSealed, ""}, Actor::system(), [&](const Meeting& next) {
    auto row = context_.recordings.load(recording);
    // How long it is kept is the log's word too: the row alone could be changed by who keeps the database.
    if (auto until = row ? add_keep(row->requested_at, type_.policy.keep) : std::nullopt)
      record.data.set("keep_until", until->us / 1000);
    std::uint64_t seq = context_.audit.append(record);
    if (row) {
      row->phase = RecordingPhase::kSealed;
      row->stopped_at = now.utc;
      row->sealed_seq = seq;
      if (!packet_written_) row->reason = kNobodyRecorded;
      row->keep_until = add_keep(row->requested_at, type_.policy.keep);
      context_.recordings.save(*row);
    }
    context_.recordings.put(ArtefactRow{recording.text() + "/log", "recording_log", next.id, "local", 0,
                                        stopped.last_hash, add_keep(now.utc, type_.policy.keep), "sealed"});
    context_.outbox.put("vault.job", recording.text());
  });
  listener_.sealed(recording);
}

std::uint32_t LiveMeeting::recorded_parts() const {
  if (!meeting_.recording) return 0;
  std::optional<RecordingRow> row = context_.recordings.load(*meeting_.recording);
  return row && row->started_at ? row->parts : 0;
}

void LiveMeeting::seal_left_behind() {
  over_ = true;
  auto log = context_.recorder.recover(*meeting_.recording);
  if (!log) {
    // Said at once, and looked at again at each start: a sick disk is no verdict on what it holds.
    if (meeting_.recording_phase != RecordingPhase::kFailed) recording_failed(std::string(kLogUnreadable));
    return;
  }
  if (log->segments > 0)
    seal({"recovered", log->segments, log->last_hash, false});
  else
    recording_failed("never_started");
}

void LiveMeeting::recording_failed(const std::string& reason) {
  const RecordingId recording = *meeting_.recording;
  (void)run(command::RecordingFact{RecordingPhase::kFailed, reason}, Actor::system(), [&](const Meeting&) {
    if (auto row = context_.recordings.load(recording)) {
      row->phase = RecordingPhase::kFailed;
      row->reason = reason;
      context_.recordings.save(*row);
    }
  });
}

}  // namespace parlour::app

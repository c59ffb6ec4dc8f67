#include "app/recording_jobs.h"

#include "app/act.h"
#include "app/recording_facts.h"
#include "app/recording_summary.h"

namespace parlour::app {
namespace {

using namespace meeting;

// Kinds of outbox rows.
constexpr std::string_view kJob = "vault.job", kAcknowledge = "vault.acknowledge";
constexpr Duration kPollJob = 500ms;
constexpr Duration kRetryJob = 5s;

// What the log says the vault made of a recording: the hash of its manifest. Rows can be changed by who keeps
// the database; this cannot.
std::optional<std::string> logged_manifest(Context& context, const RecordingRow& row) {
  for (const AuditEntry& entry : context.audit.entries(
           {.meeting = row.meeting, .type = "recording.verified", .limit = 1000, .ascending = true})) {
    const Json *subject = entry.entry.find("subject"), *data = entry.entry.find("data");
    if (subject != nullptr && data != nullptr && subject->string_or("id") == row.id.text())
      return data->string_or("manifest_sha256");
  }
  return std::nullopt;
}

}  // namespace

void RecordingJobs::run_pending() {
  if (!context_.vault.up()) return;
  each_alone(context_.outbox.pending(), [this](const OutboxRow& row) {
    const bool job = row.kind == kJob;
    if ((!job && row.kind != kAcknowledge) || running_.contains(row.id)) return;
    auto recording = RecordingId::from_text(row.subject);
    if (!recording) return;
    running_.insert(row.id);
    try {
      job ? start(row, *recording) : acknowledge(row.id, *recording);
    } catch (const StoreFailure&) {
      again(row.id);
      throw;
    }
  });
}

// Not before that, whoever else asks for what is pending.
void RecordingJobs::again(std::int64_t outbox) {
  context_.scheduler.after(kRetryJob, [this, outbox] {
    running_.erase(outbox);
    run_pending();
  });
}

// One step of a job: what the database refused is tried again.
void RecordingJobs::step(std::int64_t outbox, const std::function<void()>& run) {
  try {
    run();
  } catch (const StoreFailure&) {
    again(outbox);
    throw;
  }
}

void RecordingJobs::done(std::int64_t outbox) {
  Work work(context_.unit);
  context_.outbox.done(outbox);
  work.commit();
  running_.erase(outbox);
}

// What the vault still keeps of a finished job it gives up only for the manifest that was stored. Lost
// answers and asking twice do no harm.
void RecordingJobs::acknowledge(std::int64_t outbox, const RecordingId& recording) {
  std::optional<RecordingRow> row = context_.recordings.load(recording);
  std::optional<std::string> manifest = row ? logged_manifest(context_, *row) : std::nullopt;
  if (!manifest) return done(outbox);
  context_.vault.acknowledge_job(recording, *manifest, [this, outbox](Result<void, VaultFault> answer) {
    // It has no such job, or made another one since: there is nothing of ours to give up.
    if (answer || answer.error().code == "job.unknown" || answer.error().code == "job.other")
      return step(outbox, [&] { done(outbox); });
    again(outbox);
  });
}

void RecordingJobs::start(const OutboxRow& row, const RecordingId& recording) {
  std::int64_t id = row.id;
  std::optional<RecordingRow> stored = context_.recordings.load(recording);
  if (!stored || !stored->sealed_seq) {
    running_.erase(id);
    return;
  }
  // A job whose result stands in the log is done, whatever the outbox says: a second one would make another
  // rendition, with another key, in place of the one that the log names.
  if (logged_manifest(context_, *stored)) return done(id);
  std::uint64_t seq = *stored->sealed_seq;
  // The vault opens what a signed head covers, nothing else.
  context_.audit.checkpoint([this, id, recording, seq](bool signed_head) {
    if (!signed_head) return again(id);
    step(id, [&] {
      std::vector<EnvelopeRow> parts;
      for (EnvelopeRow& envelope : context_.recordings.envelopes(recording))
        if (envelope.name.starts_with("part/")) parts.push_back(std::move(envelope));
      context_.vault.start_job(recording, seq, std::move(parts),
                               [this, id, recording](Result<VaultJob, VaultFault> job) {
                                 if (job) return take_status(id, recording, *job);
                                 if (job.error().code == "vault.down") return again(id);
                                 failed(id, recording, job.error().code);
                               });
    });
  });
}

void RecordingJobs::take_status(std::int64_t outbox, const RecordingId& recording, const VaultJob& job) {
  if (job.state == VaultJob::State::kDone) return finish(outbox, recording, job);
  if (job.state == VaultJob::State::kFailed) return failed(outbox, recording, job.failure);
  context_.scheduler.after(kPollJob, [this, outbox, recording] { poll(outbox, recording); });
}

void RecordingJobs::poll(std::int64_t outbox, const RecordingId& recording) {
  context_.vault.job_status(recording, [this, outbox, recording](Result<VaultJob, VaultFault> job) {
    if (job) return take_status(outbox, recording, *job);
    again(outbox);
  });
}

void RecordingJobs::finish(std::int64_t outbox, const RecordingId& recording, const VaultJob& job) {
  context_.vault.manifest(recording,
                          [this, outbox, recording, job](Result<std::string, VaultFault> manifest) {
                            if (!manifest) return again(outbox);
                            step(outbox, [&] { verified(outbox, recording, job, *manifest); });
                          });
}

void RecordingJobs::verified(std::int64_t outbox, const RecordingId& recording, const VaultJob& job,
                             const std::string& manifest) {
  std::optional<RecordingRow> row = context_.recordings.load(recording);
  std::optional<Meeting> meeting = row ? context_.meetings.load(row->meeting) : std::nullopt;
  std::optional<MeetingType> type =
      meeting ? context_.types.find(meeting->type, meeting->type_version) : std::nullopt;
  if (!type) return again(outbox);
  row->phase = RecordingPhase::kVerified;
  row->manifest = manifest;
  row->manifest_sha256 = job.manifest_sha256;
  row->summary = summary_of(context_, *meeting, manifest, job.summary);
  AuditRecord record = about_recording("recording.verified", Actor::system(), *row);
  record.type_version = meeting->type_version;
  record.data.set("manifest_sha256", job.manifest_sha256);
  record.data.set("summary_sha256", summary_sha256(context_.digest, row->summary));
  record.data.set("intervals", interval_ranges(job.summary));
  record.data.set("gaps", gap_ranges(job.summary));
  for (const char* joined : {"intervals_joined_ms", "gaps_joined_ms"})
    if (const std::int64_t apart = job.summary.integer_or(joined); apart > 0) record.data.set(joined, apart);
  record.data.set("coverage_permille", job.summary.integer_or("coverage_permille"));
  bool stored = false;
  auto store = [&](const Meeting& next) {
    context_.recordings.save(*row);
    for (const EnvelopeRow& envelope : job.envelopes) context_.recordings.put(envelope);
    for (const VaultJob::File& file : job.files)
      context_.recordings.put(ArtefactRow{recording.text() + "/" + file.name, "recording_av", next.id,
                                          "local", file.stored_bytes, file.stored_sha256, row->keep_until,
                                          "kept"});
    context_.audit.append(record);
    context_.outbox.done(outbox);
    context_.outbox.put(kAcknowledge, recording.text());
    stored = true;
  };
  (void)act(context_, *meeting, *type, command::RecordingFact{RecordingPhase::kVerified, ""}, Actor::system(),
            store);
  if (!stored) {
    // The meeting's own row has another opinion of where its recording is; what the vault made is kept.
    Work work(context_.unit);
    store(*meeting);
    work.commit();
  }
  running_.erase(outbox);
  run_pending();
  if (on_changed) on_changed(meeting->id);
}

void RecordingJobs::failed(std::int64_t outbox, const RecordingId& recording, const std::string& reason) {
  step(outbox, [&] { note_failed(outbox, recording, reason); });
}

void RecordingJobs::note_failed(std::int64_t outbox, const RecordingId& recording,
                                const std::string& reason) {
  std::optional<RecordingRow> row = context_.recordings.load(recording);
  std::optional<Meeting> meeting = row ? context_.meetings.load(row->meeting) : std::nullopt;
  std::optional<MeetingType> type =
      meeting ? context_.types.find(meeting->type, meeting->type_version) : std::nullopt;
  if (!type) return;
  row->phase = RecordingPhase::kFailed;
  row->reason = reason;
  bool stored = false;
  (void)act(context_, *meeting, *type, command::RecordingFact{RecordingPhase::kFailed, reason},
            Actor::system(), [&](const Meeting&) {
              context_.recordings.save(*row);
              context_.outbox.done(outbox);
              stored = true;
            });
  if (!stored) return done(outbox);
  running_.erase(outbox);
  if (on_changed) on_changed(meeting->id);
}

}  // namespace parlour::app

#include "app/recording_jobs.h"

#include "app/act.h"
#include "app/recording_summary.h"

namespace parlour::app {
namespace {

using namespace meeting;

constexpr Duration kPollJob = 500ms;
constexpr Duration kRetryJob = 5s;

}  // namespace

void RecordingJobs::run_pending() {
  if (!context_.vault.up()) return;
  each_alone(context_.outbox.pending(), [this](const OutboxRow& row) {
    if (row.kind != "vault.job" || running_[row.id]) return;
    auto recording = RecordingId::from_text(row.subject);
    if (!recording) return;
    running_[row.id] = true;
    try {
      start(row, *recording);
    } catch (const StoreFailure&) {
      running_.erase(row.id);
      throw;
    }
  });
}

void RecordingJobs::again(std::int64_t outbox) {
  running_[outbox] = false;
  context_.scheduler.after(kRetryJob, [this] { run_pending(); });
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

void RecordingJobs::start(const OutboxRow& row, const RecordingId& recording) {
  std::int64_t id = row.id;
  std::optional<RecordingRow> stored = context_.recordings.load(recording);
  if (!stored || !stored->sealed_seq) {
    running_.erase(id);
    return;
  }
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
  record.data.set("intervals", interval_ranges(job.summary));
  record.data.set("gaps", gap_ranges(job.summary));
  record.data.set("coverage_permille", job.summary.integer_or("coverage_permille"));
  auto store = [&](const Meeting& next) {
    context_.recordings.save(*row);
    for (const EnvelopeRow& envelope : job.envelopes) context_.recordings.put(envelope);
    for (const VaultJob::File& file : job.files)
      context_.recordings.put(ArtefactRow{recording.text() + "/" + file.name, "recording_av", next.id,
                                          "local", file.stored_bytes, file.stored_sha256, row->keep_until,
                                          "kept"});
    context_.audit.append(record);
    context_.outbox.done(outbox);
  };
  (void)act(context_, *meeting, *type, command::RecordingFact{RecordingPhase::kVerified, ""}, Actor::system(),
            store);
  running_.erase(outbox);
  context_.vault.acknowledge_job(recording);
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
  (void)act(context_, *meeting, *type, command::RecordingFact{RecordingPhase::kFailed, reason},
            Actor::system(), [&](const Meeting&) {
              context_.recordings.save(*row);
              context_.outbox.done(outbox);
            });
  running_.erase(outbox);
  if (on_changed) on_changed(meeting->id);
}

}  // namespace parlour::app

#include "capture/capture.h"

#include <algorithm>

#include "base/encoding.h"
#include "blob_dir/directory_store.h"
#include "e2ee/hpke.h"
#include "recording/recovery.h"

namespace parlour::capture {
namespace {

blob_dir::Readers readers_of(const CaptureConfig& config) {
  return config.group_reads ? blob_dir::Readers::kGroup : blob_dir::Readers::kOwner;
}

}  // namespace

struct CaptureService::Running {
  std::uint64_t run = 0;
  app::RoomKey room = 0;
  std::function<void(const app::CaptureFact&)> on_fact;
  blob_dir::DirectoryStore store;
  std::unique_ptr<recording::Recorder> recorder;
};

CaptureService::CaptureService(CaptureConfig config, media_bridge::MediaBridge& media,
                               runtime::Executor& executor, const Clock& clock, Random& random)
    : config_(std::move(config)), media_(media), executor_(executor), clock_(clock), random_(random) {}

CaptureService::~CaptureService() {
  *alive_ = false;
}

void CaptureService::set_compliance_key(std::string key_id, const crypto::P256Point& kem) {
  std::lock_guard lock(*key_mutex_);
  *key_ = Key{std::move(key_id), kem};
}

std::filesystem::path CaptureService::directory_of(const app::RecordingId& recording) const {
  return config_.directory / recording.text();
}

bool CaptureService::storage_ready() {
  std::error_code error;
  auto space = std::filesystem::space(config_.directory, error);
  if (error || space.available < config_.free_bytes_min) return false;
  std::lock_guard lock(*key_mutex_);
  return key_->has_value();
}

void CaptureService::start(const app::RecordingId& recording, std::uint32_t part, app::RoomKey room,
                           std::function<void(const app::CaptureFact&)> on_fact) {
  auto store = blob_dir::DirectoryStore::open(directory_of(recording), readers_of(config_));
  if (!store) {
    executor_.post([on_fact, reason = std::string(to_text(store.error()))] {
      on_fact(app::capture_fact::Stopped{"store." + reason, 0, "", true});
    });
    return;
  }
  auto running =
      std::make_unique<Running>(Running{++last_run_, room, std::move(on_fact), std::move(*store), nullptr});
  std::uint64_t run = running->run;
  recording::RecorderConfig config;
  config.recording = recording::RecordingId::from_bytes(recording.bytes());
  if (auto known = positions_.find(recording); known != positions_.end()) config.position = known->second;
  config.position.part = part;
  config.free_bytes_min = config_.free_bytes_min;
  auto sealer = [mutex = key_mutex_, key = key_](
                    ByteView info, ByteView dek) -> Result<recording::SealedDek, crypto::CryptoError> {
    std::optional<Key> current;
    {
      std::lock_guard lock(*mutex);
      current = *key;
    }
    if (!current) return fail(crypto::CryptoError::kBadKey);
    auto sealed = e2ee::hpke_seal(current->kem, info, {}, dek);
    if (!sealed) return fail(sealed.error());
    recording::SealedDek out{current->id, sealed->enc, {}};
    if (sealed->ciphertext.size() != out.ct.size()) return fail(crypto::CryptoError::kBadInput);
    std::copy(sealed->ciphertext.begin(), sealed->ciphertext.end(), out.ct.begin());
    return out;
  };
  Running& place = *running;
  running_.insert_or_assign(recording, std::move(running));
  place.recorder = std::make_unique<recording::Recorder>(
      config, place.store, clock_, random_, sealer,
      [this, alive = alive_, recording, run](const recording::Fact& fact) {
        executor_.post([this, alive, recording, run, fact] {
          if (*alive) this->on_fact(recording, run, fact);
        });
      });
  media_.plane().attach_sink(
      {room}, place.recorder.get(),
      [this, alive = alive_, recording, run](Result<void, media::CommandError> attached) {
        executor_.post([this, alive, recording, run, good = attached.has_value()] {
          if (*alive) this->on_attached(recording, run, good);
        });
      });
}

void CaptureService::on_attached(const app::RecordingId& recording, std::uint64_t run, bool good) {
  auto found = running_.find(recording);
  if (found == running_.end() || found->second->run != run) return;
  auto receiver = found->second->on_fact;
  receiver(app::capture_fact::Attached{good});
}

void CaptureService::on_fact(const app::RecordingId& recording, std::uint64_t run,
                             const recording::Fact& fact) {
  auto found = running_.find(recording);
  if (found == running_.end() || found->second->run != run) return;
  auto receiver = found->second->on_fact;
  if (auto* ready = std::get_if<recording::EnvelopeReady>(&fact)) {
    app::EnvelopeRow row{recording, "part/" + std::to_string(ready->envelope.part), ready->envelope.key_id,
                         to_bytes(ready->envelope.enc), to_bytes(ready->envelope.ct)};
    receiver(app::capture_fact::EnvelopeReady{std::move(row), ready->envelope.part});
  } else if (auto* started = std::get_if<recording::CaptureStarted>(&fact)) {
    receiver(app::capture_fact::Started{started->part});
  } else if (auto* first = std::get_if<recording::FirstPacket>(&fact)) {
    receiver(app::capture_fact::FirstPacket{media_.key_of(first->stream.endpoint),
                                            static_cast<int>(first->stream.slot)});
  } else if (auto* durable = std::get_if<recording::DurableUpTo>(&fact)) {
    receiver(app::capture_fact::DurableUpTo{durable->time});
  } else if (auto* overflow = std::get_if<recording::Overflow>(&fact)) {
    receiver(app::capture_fact::Overflow{(overflow->to - overflow->from).count() / 1000});
  } else if (auto* low = std::get_if<recording::StorageLow>(&fact)) {
    receiver(app::capture_fact::StorageLow{low->low});
  } else if (auto* stopped = std::get_if<recording::CaptureStopped>(&fact)) {
    bool failed = stopped->reason != recording::StopReason::kRequested;
    app::capture_fact::Stopped out{std::string(to_text(stopped->reason)), stopped->next.next_index,
                                   to_hex(stopped->next.previous), failed};
    positions_.insert_or_assign(recording, stopped->next);
    // The shard may still hold the sink: the object lives until it has let go.
    std::shared_ptr<Running> last(std::move(found->second));
    running_.erase(found);
    media_.plane().detach_sink(
        {last->room}, [this, last](Result<void, media::CommandError>) { executor_.post([last] {}); });
    receiver(out);
  }
}

void CaptureService::accept_envelope(const app::RecordingId& recording, const app::Hash& check) {
  if (auto found = running_.find(recording); found != running_.end())
    found->second->recorder->accept_envelope(check);
}
void CaptureService::append_announcement(const app::RecordingId& recording, std::string_view message) {
  if (auto found = running_.find(recording); found != running_.end())
    found->second->recorder->append_announcement(message, clock_.now().steady);
}
void CaptureService::mark_gap(const app::RecordingId& recording, std::string_view note) {
  if (auto found = running_.find(recording); found != running_.end())
    found->second->recorder->mark(recording::MarkKind::kGap, note, clock_.now());
}
void CaptureService::stop(const app::RecordingId& recording) {
  if (auto found = running_.find(recording); found != running_.end()) found->second->recorder->stop();
}

std::string CaptureService::envelopes_hash(const std::vector<app::EnvelopeRow>& rows) {
  std::vector<recording::PartEnvelope> envelopes;
  for (const app::EnvelopeRow& row : rows) {
    recording::PartEnvelope envelope{
        recording::RecordingId::from_bytes(row.recording.bytes()),
        static_cast<std::uint32_t>(std::atoi(row.name.substr(row.name.find('/') + 1).c_str())),
        row.key_id,
        {},
        {}};
    std::copy_n(row.enc.begin(), std::min(row.enc.size(), envelope.enc.size()), envelope.enc.begin());
    std::copy_n(row.ct.begin(), std::min(row.ct.size(), envelope.ct.size()), envelope.ct.begin());
    envelopes.push_back(std::move(envelope));
  }
  return to_hex(recording::envelopes_hash(std::move(envelopes)));
}

Result<app::RecoveredLog, std::string> CaptureService::recover(const app::RecordingId& recording) {
  auto store = blob_dir::DirectoryStore::open(directory_of(recording), readers_of(config_));
  if (!store) return fail(std::string(to_text(store.error())));
  auto report = recording::recover(*store, recording::RecordingId::from_bytes(recording.bytes()));
  if (!report) return fail(std::string(to_text(report.error())));
  positions_.insert_or_assign(recording, report->next);
  app::RecoveredLog out;
  out.segments = report->next.next_index;
  out.last_hash = to_hex(report->next.previous);
  if (!report->segments.empty()) out.last_part = report->segments.back().part;
  out.cut = report->cut;
  out.last_write = report->last_write;
  for (const recording::ChainFault& fault : report->faults)
    out.faults.push_back(std::to_string(fault.index) + ": " + fault.what);
  return out;
}

}  // namespace parlour::capture

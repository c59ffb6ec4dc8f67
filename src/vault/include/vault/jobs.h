// Opening jobs: one `recording.sealed` entry, proven, lets the vault open the envelopes of that recording and
// make its manifest and renditions. Runs one job at a time on a thread of its own.
//
// Idempotent and safe against kill -9: outputs are made under another name and put in place at the end; a job
// that was not finished is unknown after a restart and simply started again. Until acknowledge(), the wrapped
// DEK of the rendition is kept (wrapped, in the vault's home, apart from the containers), so that a serve
// that was killed can ask again; then serve's row is the only one, and destroying it is shredding the
// rendition.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "recording/format/envelope.h"
#include "vault/key_store.h"
#include "vault/muxer.h"
#include "vault/proof.h"

namespace parlour::vault {

// The wrapped DEK of a rendition ("av").
struct RenditionEnvelope {
  std::string rendition;
  std::string key_id;
  ByteArray<65> enc{};
  ByteArray<48> ct{};
};
Json to_json(const RenditionEnvelope& envelope);
std::optional<RenditionEnvelope> rendition_envelope_from_json(const Json& json);

// Opens a part's envelope, or a rendition's.
Result<crypto::Secret, VaultRefusal> open_part_envelope(const KeyStore& keys,
                                                        const recording::PartEnvelope& envelope);
Result<crypto::Secret, VaultRefusal> open_rendition_envelope(const KeyStore& keys,
                                                             const recording::RecordingId& recording,
                                                             const RenditionEnvelope& envelope);

struct JobPlaces {
  std::filesystem::path recordings;  // <recordings>/<id>/NNNNNN.seg, read only
  std::filesystem::path renditions;  // <renditions>/<id>/…
  std::filesystem::path results;     // <results>/<id>.json
};

// As the wire says it: {state, progress, failure?, manifest_sha256?, summary?, envelopes?, files?}.
class Jobs {
 public:
  // A part is a start of the recorder: after a crash, a full disk, a held call.
  static constexpr std::size_t kPartsMax = 10'000;

  Jobs(const KeyStore& keys, Muxer& muxer, Random& random, const Clock& clock, JobPlaces places,
       std::string software);
  ~Jobs();  // waits for the running job's next step, which gives up
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // Envelopes that do not fit the request that starts the job, sent before it, in order; `first` of the first
  // ones is 0, which forgets what was offered before. Of one recording at a time.
  Result<void, VaultRefusal> offer(const recording::RecordingId& recording, std::size_t first,
                                   std::vector<recording::PartEnvelope> envelopes);
  // `envelopes` follow those that were offered.
  Result<Json, VaultRefusal> start(const recording::RecordingId& recording, const EntryProof& proof,
                                   std::vector<recording::PartEnvelope> envelopes);
  Json status(const recording::RecordingId& recording);
  // Of the job that made this manifest; of another one nothing is given up. Again and again: the same.
  Result<void, VaultRefusal> acknowledge(const recording::RecordingId& recording,
                                         const crypto::Hash256& manifest);
  std::optional<Bytes> manifest(const recording::RecordingId& recording) const;

 private:
  struct Job {
    recording::RecordingId recording = recording::RecordingId::from_bytes({});
    ProvenEntry sealed;
    std::vector<recording::PartEnvelope> envelopes;
  };
  void run();
  Result<Json, VaultRefusal> carry_out(const Job& job);
  std::optional<Json> kept_result(const recording::RecordingId& recording) const;
  void set_progress(const recording::RecordingId& recording, std::int64_t permille);

  const KeyStore& keys_;
  Muxer& muxer_;
  Random& random_;
  const Clock& clock_;
  JobPlaces places_;
  std::string software_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;
  std::optional<std::pair<recording::RecordingId, std::vector<recording::PartEnvelope>>> offered_;
  std::map<recording::RecordingId, Json> states_;  // queued, running and failed ones
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace parlour::vault

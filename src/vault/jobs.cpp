#include "vault/jobs.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/id.h"
#include "e2ee/hpke.h"
#include "vault/files.h"
#include "vault/manifest.h"
#include "vault/opening.h"

namespace parlour::vault {
namespace {

namespace fs = std::filesystem;

Result<crypto::Secret, VaultRefusal> open_envelope(const KeyStore& keys, std::string_view key_id,
                                                   ByteView info, ByteView enc, ByteView ct) {
  const crypto::P256Key* key = keys.compliance_by_id(key_id);
  if (key == nullptr) return refuse("envelope.key", "the envelope names a key that is not in this vault");
  auto dek = e2ee::hpke_open(*key, enc, info, {}, ct);
  if (!dek || dek->size() != recording::kDekSize)
    return refuse("envelope.damaged", "the key envelope does not open");
  return std::move(*dek);
}

template <std::size_t N>
bool bytes_from(const Json& json, std::string_view name, ByteArray<N>& out) {
  auto bytes = from_base64url(json.string_or(name));
  if (!bytes || bytes->size() != N) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}

Json failed_state(const VaultRefusal& why) {
  return JsonObject{{"state", "failed"}, {"code", why.code}, {"text", why.text}};
}

}  // namespace

Json to_json(const RenditionEnvelope& envelope) {
  return JsonObject{{"rendition", envelope.rendition},
                    {"key_id", envelope.key_id},
                    {"enc", to_base64url(envelope.enc)},
                    {"ct", to_base64url(envelope.ct)}};
}

std::optional<RenditionEnvelope> rendition_envelope_from_json(const Json& json) {
  RenditionEnvelope envelope;
  envelope.rendition = json.string_or("rendition");
  envelope.key_id = json.string_or("key_id");
  if (envelope.rendition.empty() || !bytes_from(json, "enc", envelope.enc) ||
      !bytes_from(json, "ct", envelope.ct))
    return std::nullopt;
  return envelope;
}

Result<crypto::Secret, VaultRefusal> open_part_envelope(const KeyStore& keys,
                                                        const recording::PartEnvelope& envelope) {
  return open_envelope(keys, envelope.key_id, recording::dek_info(envelope.recording, envelope.part),
                       envelope.enc, envelope.ct);
}

Result<crypto::Secret, VaultRefusal> open_rendition_envelope(const KeyStore& keys,
                                                             const recording::RecordingId& recording,
                                                             const RenditionEnvelope& envelope) {
  return open_envelope(keys, envelope.key_id, rendition_info(recording, envelope.rendition), envelope.enc,
                       envelope.ct);
}

Jobs::Jobs(const KeyStore& keys, Muxer& muxer, Random& random, const Clock& clock, JobPlaces places,
           std::string software)
    : keys_(keys),
      muxer_(muxer),
      random_(random),
      clock_(clock),
      places_(std::move(places)),
      software_(std::move(software)) {
  thread_ = std::thread([this] { run(); });
}

Jobs::~Jobs() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

Result<void, VaultRefusal> Jobs::offer(const recording::RecordingId& recording, std::size_t first,
                                       std::vector<recording::PartEnvelope> envelopes) {
  std::lock_guard lock(mutex_);
  if (first == 0) offered_ = {recording, {}};
  if (!offered_ || offered_->first != recording || offered_->second.size() != first ||
      first + envelopes.size() > kPartsMax)
    return refuse("job.envelopes", "these envelopes do not follow those that were offered");
  offered_->second.insert(offered_->second.end(), envelopes.begin(), envelopes.end());
  return {};
}

Result<Json, VaultRefusal> Jobs::start(const recording::RecordingId& recording, const EntryProof& proof,
                                       std::vector<recording::PartEnvelope> envelopes) {
  {
    std::lock_guard lock(mutex_);
    if (offered_ && offered_->first == recording)
      envelopes.insert(envelopes.begin(), offered_->second.begin(), offered_->second.end());
    offered_.reset();
  }
  auto sealed = prove_entry(proof, keys_.log_keys());
  if (!sealed) return fail(sealed.error());
  if (sealed->type != "recording.sealed" || sealed->outcome != "ok" || sealed->subject_kind != "recording" ||
      sealed->subject_id != recording.text())
    return refuse("job.entry", "the entry does not say that this recording was sealed");
  if (sealed->data.string_or("envelopes_sha256") != to_hex(recording::envelopes_hash(envelopes)))
    return refuse("job.envelopes", "the envelopes are not those that were sealed");
  const std::int64_t segments = sealed->data.integer_or("segments", -1);
  auto last_hash = from_hex(sealed->data.string_or("last_hash"));
  if (segments < 1 || segments > recording::kSegmentIndexMax || !last_hash || last_hash->size() != 32)
    return refuse("job.entry", "the entry's segments and last hash cannot be read");
  for (const recording::PartEnvelope& envelope : envelopes)
    if (envelope.recording != recording)
      return refuse("job.envelopes", "an envelope belongs to another recording");

  std::lock_guard lock(mutex_);
  auto known = states_.find(recording);
  if (known != states_.end() && known->second.string_or("state") != "failed") return known->second;
  // Done before, from the same sealed bytes, and the envelope is still to be fetched: nothing to do again.
  if (auto kept = kept_result(recording); kept && kept->string_or("last_hash") == to_hex(*last_hash)) {
    const Json* kept_envelopes = kept->find("envelopes");
    if (kept_envelopes != nullptr && !kept_envelopes->as_array()->empty()) return *kept;
  }
  queue_.push_back({recording, std::move(*sealed), std::move(envelopes)});
  states_[recording] = JsonObject{{"state", "queued"}, {"progress", 0}};
  changed_.notify_all();
  return states_[recording];
}

std::optional<Json> Jobs::kept_result(const recording::RecordingId& recording) const {
  auto text = read_file(places_.results / (recording.text() + ".json"));
  if (!text) return std::nullopt;
  auto parsed = parse_json(as_text(*text), {.bytes = 1024 * 1024, .depth = 32, .values = 100'000});
  if (!parsed || !fs::exists(places_.renditions / recording.text() / "manifest.json")) return std::nullopt;
  return *parsed;
}

Json Jobs::status(const recording::RecordingId& recording) {
  std::lock_guard lock(mutex_);
  auto known = states_.find(recording);
  if (known != states_.end()) return known->second;
  if (auto kept = kept_result(recording)) return *kept;
  return JsonObject{{"state", "unknown"}};
}

Result<void, VaultRefusal> Jobs::acknowledge(const recording::RecordingId& recording,
                                             const crypto::Hash256& manifest) {
  std::lock_guard lock(mutex_);
  auto kept = kept_result(recording);
  if (!kept) return refuse("job.unknown", "there is no finished job of this recording");
  if (kept->string_or("manifest_sha256") != to_hex(manifest))
    return refuse("job.other", "what was stored is not what this vault made of the recording last");
  if (const Json* envelopes = kept->find("envelopes");
      envelopes != nullptr && envelopes->as_array() != nullptr && envelopes->as_array()->empty())
    return {};
  kept->set("envelopes", JsonArray{});
  return replace_file(places_.results / (recording.text() + ".json"), as_bytes(write_json(*kept)));
}

std::optional<Bytes> Jobs::manifest(const recording::RecordingId& recording) const {
  return read_file(places_.renditions / recording.text() / "manifest.json");
}

void Jobs::set_progress(const recording::RecordingId& recording, std::int64_t permille) {
  std::lock_guard lock(mutex_);
  states_[recording] = JsonObject{{"state", "running"}, {"progress", permille}};
}

void Jobs::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    set_progress(job.recording, 0);
    auto result = carry_out(job);
    lock.lock();
    if (result)
      states_.erase(job.recording);  // status() reads the kept result
    else
      states_[job.recording] = failed_state(result.error());
  }
}

Result<Json, VaultRefusal> Jobs::carry_out(const Job& job) {
  const std::string id = job.recording.text();
  const fs::path source = places_.recordings / id, making = places_.renditions / (id + ".new"),
                 place = places_.renditions / id;
  std::error_code ignored;
  fs::remove_all(making, ignored);
  if (auto made = private_directory(making); !made) return fail(made.error());

  OpeningInput input;
  input.recording = job.recording;
  auto meeting = uuid_from_text(job.sealed.meeting);
  if (!meeting) return refuse("recording.no_meeting", "the log's entry names no meeting");
  input.meeting = *meeting;
  input.segments = static_cast<std::uint32_t>(job.sealed.data.integer_or("segments"));
  const Bytes last_hash = *from_hex(job.sealed.data.string_or("last_hash"));
  std::copy(last_hash.begin(), last_hash.end(), input.last_hash.begin());
  for (const recording::PartEnvelope& envelope : job.envelopes) {
    auto dek = open_part_envelope(keys_, envelope);
    // One part's damaged envelope costs that part, not the rest; the opening names it.
    if (dek) input.keys.emplace(envelope.part, PartKey{std::move(*dek), envelope.key_id});
  }
  if (input.keys.empty()) return refuse("envelope.damaged", "no key envelope of this recording opens");
  input.source = [&](std::uint32_t index) { return read_file(source / recording::segment_file_name(index)); };
  input.output = making;
  crypto::Secret dek(recording::kDekSize);
  random_.fill(dek.mutable_view());
  input.rendition_dek = dek.view();
  input.progress = [&](std::int64_t permille) { set_progress(job.recording, permille); };

  auto opened = open_recording(input, keys_, muxer_);
  if (!opened) return fail(opened.error());

  auto wrapped =
      e2ee::hpke_seal(keys_.compliance().public_key(), rendition_info(job.recording, "av"), {}, dek.view());
  if (!wrapped) return refuse("vault.crypto", "the rendition's key could not be wrapped");
  RenditionEnvelope envelope{"av", keys_.compliance_id(), wrapped->enc, {}};
  std::copy(wrapped->ciphertext.begin(), wrapped->ciphertext.end(), envelope.ct.begin());

  const std::string manifest = make_manifest(*opened, {job.sealed, software_, clock_.now().utc}, keys_);
  if (manifest.size() > kManifestBytesMax)
    return refuse("manifest.size", "the manifest is larger than anybody reads");
  if (auto written = create_file(making / "manifest.json", as_bytes(manifest)); !written)
    return fail(written.error());
  JsonArray files;
  for (const OpenedFile& file : opened->files)
    files.push_back(JsonObject{{"name", file.name},
                               {"bytes", file.facts.bytes},
                               {"stored_bytes", file.facts.stored_bytes},
                               {"sha256", to_hex(file.facts.sha256)},
                               {"stored_sha256", to_hex(file.facts.stored_sha256)}});
  const Json result = JsonObject{{"state", "done"},
                                 {"progress", 1000},
                                 {"last_hash", job.sealed.data.string_or("last_hash")},
                                 {"manifest_sha256", to_hex(crypto::sha256(as_bytes(manifest)))},
                                 {"summary", make_summary(*opened)},
                                 {"files", std::move(files)},
                                 {"envelopes", JsonArray{to_json(envelope)}}};
  // In this order a kill leaves either nothing that counts as a result, or a result whose files are all
  // there.
  fs::remove(places_.results / (id + ".json"), ignored);
  fs::remove_all(place, ignored);
  std::error_code failed;
  fs::rename(making, place, failed);
  if (failed) return refuse("vault.io", "the renditions could not be put in place");
  if (auto kept = replace_file(places_.results / (id + ".json"), as_bytes(write_json(result))); !kept)
    return fail(kept.error());
  return result;
}

}  // namespace parlour::vault

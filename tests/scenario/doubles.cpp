#include "doubles.h"

#include "base/encoding.h"
#include "crypto/hash.h"

namespace parlour::scenario {

using namespace app;

namespace {

constexpr Duration kTick = 500ms;
constexpr Hash kRightCheck{7};

}  // namespace

// --- media
// ----------------------------------------------------------------------------------------------------------

void MediaBook::close_room(RoomKey room) {
  rooms_.erase(room);
  std::erase_if(endpoints_, [room](auto& entry) { return entry.second.room == room; });
}

void MediaBook::remove_endpoint(EndpointKey endpoint) {
  endpoints_.erase(endpoint);
  for (auto& [id, other] : endpoints_) other.routes.erase(endpoint);
}

void MediaBook::make_offer(EndpointKey endpoint, bool, std::function<void(MediaOffer)> done) {
  auto found = endpoints_.find(endpoint);
  if (found == endpoints_.end()) return;
  newest_ = endpoint;
  time_.post([this, done, endpoint, generation = ++found->second.generation] {
    done(MediaOffer{generation, "v=0", {}});
    // Whoever is offered media is there a moment later, where the network lets it through.
    if (endpoints_.contains(endpoint) && lets_through(endpoint))
      report(endpoint, media_fact::Connected{endpoint});
  });
}

void MediaBook::accept_answer(EndpointKey, std::uint32_t, std::string sdp,
                              std::function<void(Result<void, std::string>)> done) {
  time_.post([done, good = sdp.starts_with("v=0")] {
    if (good) return done({});
    done(fail(std::string("malformed")));
  });
}

void MediaBook::set_identity(EndpointKey, std::uint8_t, std::uint16_t) {}
void MediaBook::set_activated(EndpointKey, std::uint16_t) {}

void MediaBook::set_route(EndpointKey from, EndpointKey to, bool allowed) {
  if (!endpoints_.contains(from)) return;
  if (allowed)
    endpoints_[from].routes.insert(to);
  else
    endpoints_[from].routes.erase(to);
}
void MediaBook::set_recorder_route(EndpointKey from, bool allowed) {
  if (endpoints_.contains(from)) endpoints_[from].to_recorder = allowed;
}
void MediaBook::set_epochs(EndpointKey from, std::set<std::uint16_t> allowed) {
  if (endpoints_.contains(from)) endpoints_[from].epochs = std::move(allowed);
}

bool MediaBook::open(const Endpoint& endpoint) const {
  auto room = rooms_.find(endpoint.room);
  if (room == rooms_.end() || endpoint.epochs.empty()) return false;
  return !room->second.leased || time_.now().steady < room->second.lease;
}
bool MediaBook::flows(EndpointKey from, EndpointKey to) const {
  auto found = endpoints_.find(from);
  return found != endpoints_.end() && open(found->second) && found->second.routes.contains(to);
}
bool MediaBook::recorded(EndpointKey from) const {
  auto found = endpoints_.find(from);
  return found != endpoints_.end() && open(found->second) && found->second.to_recorder;
}
bool MediaBook::anything_flows() const {
  for (const auto& [id, endpoint] : endpoints_)
    if (open(endpoint) && !endpoint.routes.empty()) return true;
  return false;
}
void MediaBook::report(EndpointKey endpoint, const MediaFact& fact) {
  if (receiver_) receiver_(endpoints_.at(endpoint).room, fact);
}

// --- recorder
// -------------------------------------------------------------------------------------------------------

void TickingRecorder::tell(const RecordingId& recording, std::uint64_t run, CaptureFact fact) {
  time_.post([this, recording, run, fact = std::move(fact)] {
    auto found = running_.find(recording);
    if (found != running_.end() && found->second.run == run) found->second.on_fact(fact);
  });
}

void TickingRecorder::start(const RecordingId& recording, std::uint32_t part, RoomKey,
                            std::function<void(const CaptureFact&)> on_fact) {
  std::uint64_t run = ++last_run_;
  running_[recording] = Running{run, part, std::move(on_fact), std::nullopt, attaches};
  time_.after(attach_delay, [this, recording, run, good = attaches] {
    tell(recording, run, capture_fact::Attached{good});
  });
  EnvelopeRow row{recording, "part/" + std::to_string(part), "rec-1", Bytes(65, 4), Bytes(48, 5)};
  tell(recording, run, capture_fact::EnvelopeReady{std::move(row), part});
}

void TickingRecorder::accept_envelope(const RecordingId& recording, const Hash& check) {
  auto found = running_.find(recording);
  if (found == running_.end() || !starts) return;
  if (check != kRightCheck) return stopped(recording, "envelope", true);
  std::uint64_t run = found->second.run;
  found->second.since_ms = time_.now().utc.us / 1000;
  Log& log = logs_[recording];
  log.parts = found->second.part;
  ++log.segments;
  tell(recording, run, capture_fact::Started{found->second.part});
  tick(recording, run);
}

void TickingRecorder::tick(const RecordingId& recording, std::uint64_t run) {
  auto found = running_.find(recording);
  if (found == running_.end() || found->second.run != run) return;
  if (!stalled) {
    logs_[recording].durable_ms = time_.now().utc.us / 1000;
    found->second.on_fact(capture_fact::DurableUpTo{time_.now().steady});
  }
  time_.after(kTick, [this, recording, run] { tick(recording, run); });
}

void TickingRecorder::append_announcement(const RecordingId& recording, std::string_view message) {
  auto found = running_.find(recording);
  if (found == running_.end()) return;
  ++announcements_;
  written_[found->second.part].emplace_back(message);
}

void TickingRecorder::stop(const RecordingId& recording) {
  stopped(recording, "requested", false);
}

void TickingRecorder::stopped(const RecordingId& recording, const std::string& reason, bool failed) {
  auto found = running_.find(recording);
  if (found == running_.end()) return;
  Running last = std::move(found->second);
  running_.erase(found);
  Log& log = logs_[recording];
  if (last.since_ms && last.sink)
    log.intervals.emplace_back(*last.since_ms, failed ? log.durable_ms : time_.now().utc.us / 1000);
  time_.post([last, reason, failed, segments = log.segments] {
    last.on_fact(capture_fact::Stopped{reason, segments, std::string(64, 'a'), failed});
  });
}

std::string TickingRecorder::envelopes_hash(const std::vector<EnvelopeRow>& envelopes) {
  Bytes all;
  for (const EnvelopeRow& envelope : envelopes) append(all, envelope.ct);
  return to_hex(crypto::sha256(all));
}

Result<RecoveredLog, std::string> TickingRecorder::recover(const RecordingId& recording) {
  if (!log_readable) return parlour::fail(std::string("unreadable"));
  Log& log = logs_[recording];
  RecoveredLog out;
  out.segments = log.segments;
  out.last_hash = std::string(64, 'b');
  out.last_part = log.parts;
  out.cut = true;
  out.last_write = UtcTime{log.durable_ms * 1000};
  return out;
}

void TickingRecorder::first_packet(EndpointKey endpoint, int slot) {
  for (auto& [recording, running] : running_)
    tell(recording, running.run, capture_fact::FirstPacket{endpoint, slot});
  time_.settle();
}
void TickingRecorder::overflow(std::int64_t gap_ms) {
  for (auto& [recording, running] : running_) tell(recording, running.run, capture_fact::Overflow{gap_ms});
  time_.settle();
}
void TickingRecorder::fail(const std::string& reason) {
  std::vector<RecordingId> all;
  for (auto& [recording, running] : running_) all.push_back(recording);
  for (const RecordingId& recording : all) stopped(recording, reason, true);
  time_.settle();
}

Json TickingRecorder::intervals(const RecordingId& recording) const {
  JsonArray out;
  if (auto found = logs_.find(recording); found != logs_.end())
    for (auto [from, to] : found->second.intervals) out.push_back(JsonArray{Json(from), Json(to)});
  return Json(std::move(out));
}

// --- vault
// ----------------------------------------------------------------------------------------------------------

template <class T>
void TestVault::answer(VaultReply<T> reply, Result<T, VaultFault> value) {
  time_.post([this, reply = std::move(reply), value = std::move(value)] {
    if (!up_) return reply(parlour::fail(VaultFault{"vault.down", "the vault is not there"}));
    reply(value);
  });
}

void TestVault::set_up(bool up) {
  up_ = up;
  if (!up) chains_.clear(), handles_.clear();
  if (receiver_) time_.post([this, up] { receiver_(up); });
  time_.settle();
}

void TestVault::announce(const std::string& call, std::string text,
                         VaultReply<std::vector<std::string>> reply) {
  std::vector<std::string> messages;
  auto message = e2ee::parse_signed_message(text);
  if (message && up_) {
    auto found = chains_.find(call);
    if (found == chains_.end())
      found = chains_.emplace(call, e2ee::CallChain({root_.public_key(), std::nullopt, 0, e2ee::kEpochMax}))
                  .first;
    e2ee::CallChain& chain = found->second;
    auto taken = chain.accept(*message, time_.now().utc);
    if (taken && taken->type == e2ee::MessageType::kSenderKey && acknowledges && chain.newest()->roster.rec) {
      const e2ee::EpochState& state = *chain.newest();
      e2ee::KeyAck ack{state.roster.call, state.roster.epoch, state.roster_hash, e2ee::kRecorderIdx, {}};
      for (const auto& [idx, sender] : state.senders)
        if (sender.key)
          for (e2ee::Kind kind : {e2ee::Kind::kAudio, e2ee::Kind::kPictures})
            if (chain.type()->kinds.has(kind)) ack.have.push_back({idx, kind, sender.key->commit(kind)});
      messages.push_back(write_json(e2ee::to_json(e2ee::sign(ack, e2ee::kSignerRecorder, sig_))));
    }
  }
  answer<std::vector<std::string>>(std::move(reply), std::move(messages));
}

void TestVault::dek_check(const EnvelopeRow&, std::uint32_t, VaultReply<Hash> reply) {
  answer<Hash>(std::move(reply), kRightCheck);
}

VaultJob TestVault::job_of(const RecordingId& recording) const {
  VaultJob job;
  if (!job_failure.empty()) {
    job.state = VaultJob::State::kFailed;
    job.failure = job_failure;
    return job;
  }
  job.state = VaultJob::State::kDone;
  job.manifest_sha256 = to_hex(crypto::sha256(as_bytes(manifest_text(recording))));
  job.summary = JsonObject{{"duration_ms", 60'000}, {"coverage_permille", 1000}, {"gaps", JsonArray{}}};
  job.summary.set("intervals", recorder_.intervals(recording));
  job.envelopes.push_back({recording, "rendition/av", "rec-1", Bytes(65, 4),
                           Bytes(48, static_cast<std::uint8_t>(6 + times_opened(recording)))});
  for (const char* name : {"p1.webm", "p2.webm"})
    job.files.push_back({name, kTrackBytes, kTrackBytes + 100, std::string(64, 'c')});
  return job;
}

void TestVault::start_job(const RecordingId& recording, std::uint64_t, std::vector<EnvelopeRow>,
                          VaultReply<VaultJob> reply) {
  VaultJob running;
  // As the real one: what was given up is made anew, with another key.
  if (given_up_.contains(recording)) {
    given_up_.erase(recording);
    ++opened_again_[recording];
  }
  ++jobs_started;
  answer<VaultJob>(std::move(reply), job_failure.empty() ? running : job_of(recording));
}
int TestVault::times_opened(const RecordingId& recording) const {
  auto found = opened_again_.find(recording);
  return found != opened_again_.end() ? found->second : 0;
}
void TestVault::acknowledge_job(const RecordingId& recording, const std::string& manifest_sha256,
                                VaultReply<void> reply) {
  Result<void, VaultFault> done;
  if (loses_acknowledgements > 0) {
    --loses_acknowledgements;
    return answer<void>(std::move(reply), fail(VaultFault{"vault.down", "lost on its way"}));
  }
  if (up_ && manifest_sha256 != job_of(recording).manifest_sha256)
    done = fail(VaultFault{"job.other", "another manifest"});
  if (up_ && done) {
    given_up_.insert(recording);
    ++jobs_acknowledged;
  }
  answer<void>(std::move(reply), std::move(done));
}
void TestVault::job_status(const RecordingId& recording, VaultReply<VaultJob> reply) {
  answer<VaultJob>(std::move(reply), job_of(recording));
}
std::string TestVault::manifest_text(const RecordingId& recording) const {
  JsonArray renditions;
  for (int i = 0; i < 2; ++i) {
    JsonArray numbers;
    for (const auto& [skipped, size] : seconds[i]) {
      numbers.emplace_back(skipped);
      numbers.emplace_back(size);
    }
    renditions.push_back(JsonObject{{"name", i == 0 ? "p1.webm" : "p2.webm"},
                                    {"participant", ""},
                                    {"content", "camera"},
                                    {"offset_ms", i * 1000},
                                    {"duration_ms", static_cast<std::int64_t>(seconds[i].size()) * 1000},
                                    {"sha256", std::string(64, i == 0 ? 'a' : 'b')},
                                    {"seconds", std::move(numbers)}});
    if (checksums) renditions.back().set("crc32", 4'000'000'000 + i);
  }
  return write_json(JsonObject{{"manifest", JsonObject{{"made", times_opened(recording)},
                                                       {"participants", JsonArray{}},
                                                       {"renditions", std::move(renditions)},
                                                       {"tracks", tracks}}}});
}
void TestVault::manifest(const RecordingId& recording, VaultReply<std::string> reply) {
  answer<std::string>(std::move(reply), manifest_text(recording));
}
void TestVault::grant(const RecordingId& recording, const EnvelopeRow&, const std::string&, std::uint64_t,
                      VaultReply<OpenedStream> reply) {
  OpenedStream out{"handle-" + std::to_string(++last_handle_), job_of(recording).files};
  if (up_) handles_.insert(out.handle);
  answer<OpenedStream>(std::move(reply), std::move(out));
}
void TestVault::range(const std::string& handle, const std::string&, std::uint64_t, std::uint32_t length,
                      VaultReply<Bytes> reply) {
  if (!handles_.contains(handle))
    return answer<Bytes>(std::move(reply), fail(VaultFault{"handle.unknown", "no such handle"}));
  answer<Bytes>(std::move(reply), Bytes(length, 1));
}

void TestVault::sign_policy(std::vector<ProvenType> types, VaultReply<std::string> reply) {
  for (const ProvenType& type : types) {
    auto document = parse_json(type.document);
    auto policy = meeting::parse_type_policy(*document);
    bool never = policy->recording == meeting::RecordingRule::kNever;
    types_.push_back({type.type.text(), static_cast<std::uint32_t>(type.version),
                      never ? e2ee::RecordRule::kNever : e2ee::RecordRule::kRequired,
                      never ? e2ee::Kinds{} : e2ee::Kinds{true, true}, 0});
  }
  std::int64_t now_s = time_.now().utc.us / 1'000'000;
  e2ee::Policy policy{"Example Bank",
                      ++policy_version_,
                      types_,
                      {"rec-1", kem_.public_key(), sig_.public_key(), now_s - 1000, now_s + 1'000'000}};
  answer<std::string>(std::move(reply), write_json(e2ee::to_json(e2ee::sign(policy, root_))));
}

}  // namespace parlour::scenario

#include "vault_bridge/vault_bridge.h"

#include <algorithm>
#include <future>

#include "base/encoding.h"

namespace parlour::vault_bridge {
namespace {

using vault_link::VaultError;

app::VaultFault fault_of(const VaultError& error) {
  if (error.kind == VaultError::Kind::kDown) return {"vault.down", "the vault is not there"};
  if (error.kind == VaultError::Kind::kRefused) return {error.code, error.text};
  return {"vault.protocol", "the vault's answer could not be understood"};
}

recording::RecordingId id_of(const app::RecordingId& id) {
  return recording::RecordingId::from_bytes(id.bytes());
}

template <std::size_t N>
bool copy_to(ByteArray<N>& out, const Bytes& from) {
  if (from.size() != N) return false;
  std::copy(from.begin(), from.end(), out.begin());
  return true;
}

std::optional<recording::PartEnvelope> part_envelope(const app::EnvelopeRow& row, std::uint32_t part) {
  recording::PartEnvelope out{id_of(row.recording), part, row.key_id, {}, {}};
  if (!copy_to(out.enc, row.enc) || !copy_to(out.ct, row.ct)) return std::nullopt;
  return out;
}

app::VaultJob job_of(const app::RecordingId& recording, const vault_link::JobStatus& status) {
  app::VaultJob job;
  job.state = status.state == vault_link::JobState::kDone     ? app::VaultJob::State::kDone
              : status.state == vault_link::JobState::kFailed ? app::VaultJob::State::kFailed
                                                              : app::VaultJob::State::kRunning;
  job.progress_permille = static_cast<int>(status.progress_permille);
  job.failure = status.failure_code;
  job.manifest_sha256 = to_hex(status.manifest_sha256);
  job.summary = status.summary;
  for (const vault_link::RenditionEnvelope& envelope : status.envelopes)
    job.envelopes.push_back({recording, "rendition/" + envelope.rendition, envelope.key_id,
                             to_bytes(envelope.enc), to_bytes(envelope.ct)});
  for (const vault_link::RenditionFile& file : status.files)
    job.files.push_back({file.name, file.bytes, file.stored_bytes, to_hex(file.stored_sha256)});
  return job;
}

const app::VaultFault kNoProof{"proof.missing", "no signed head covers the entry yet"};
const app::VaultFault kBadRow{"envelope.malformed", "a stored key envelope is damaged"};

}  // namespace

VaultBridge::VaultBridge(vault_link::VaultClient::Config config, runtime::Executor& executor,
                         store_sqlite::SqliteAuditLog& log, OnMet on_met)
    : executor_(executor), log_(log), on_met_(std::move(on_met)) {
  client_ = std::make_unique<vault_link::VaultClient>(std::move(config), [this, alive = alive_](bool up) {
    executor_.post([this, alive, up] {
      if (*alive) link_changed(up);
    });
  });
}

VaultBridge::~VaultBridge() {
  *alive_ = false;
  client_.reset();
}

// "Up" means: connected, it has said who it is and what it signed last, and our log goes on from that.
void VaultBridge::link_changed(bool up) {
  if (!up) {
    if (std::exchange(up_, false) && receiver_) receiver_(false);
    return;
  }
  client_->info([this, alive = alive_](Result<vault_link::VaultInfo, VaultError> info) {
    executor_.post([this, alive, info = std::move(info)] {
      if (!*alive || !info) return;
      last_head()([this, alive, info = *info](const store_sqlite::HeadAnswer& last) {
        if (*alive) meet(info, last);
      });
    });
  });
}

void VaultBridge::meet(const vault_link::VaultInfo& info, const store_sqlite::HeadAnswer& last) {
  if (!last) return;  // gone again: the next connection asks anew
  info_ = info;
  if (!on_met_(*info_, *last)) return;
  up_ = true;
  if (receiver_) receiver_(true);
}

store_sqlite::LastHead VaultBridge::last_head() {
  return [this](const std::function<void(store_sqlite::HeadAnswer)>& reply) {
    client_->last_head(to_app<vault_link::Head>(reply, [](const vault_link::Head& head) {
      return store_sqlite::VaultHead{head.size, head.root, head.checkpoint};
    }));
  };
}

template <class T, class U, class Map>
vault_link::Reply<T> VaultBridge::to_app(app::VaultReply<U> reply, Map map) {
  return [this, alive = alive_, reply = std::move(reply), map](Result<T, VaultError> answer) {
    executor_.post([alive, reply, map, answer = std::move(answer)] {
      if (!*alive) return;
      if (!answer) return reply(fail(fault_of(answer.error())));
      reply(map(*answer));
    });
  };
}

std::optional<vault_link::EntryProof> VaultBridge::proof(std::uint64_t seq) {
  auto proven = log_.prove(seq);
  if (!proven) return std::nullopt;
  return vault_link::EntryProof{proven->entry, proven->index, proven->path, proven->checkpoint};
}

namespace {

using HeadAnswer = Result<vault_link::Head, VaultError>;

// The vault signs on from its own last head. It may have signed one that we never stored: killed in between,
// or it went away with the answer. Then the proof has to begin there.
bool is_about_its_last_head(const HeadAnswer& answer) {
  return !answer && answer.error().kind == VaultError::Kind::kRefused &&
         (answer.error().code == "head.fork" || answer.error().code == "head.stale");
}
store_sqlite::SignAnswer note_of(const HeadAnswer& answer) {
  if (!answer) return fail(fault_of(answer.error()));
  return answer->checkpoint;
}

}  // namespace

std::optional<audit::Proof> VaultBridge::proof_from(const HeadAnswer& last,
                                                    const store_sqlite::SignRequest& request) const {
  if (!last || last->size > request.size) return std::nullopt;
  if (last->size == 0) return audit::Proof{};  // its state was put back to before its first head
  return log_.consistency(last->size, request.size);
}

store_sqlite::HeadSigner VaultBridge::head_signer() {
  return
      [this](const store_sqlite::SignRequest& request, const SignReply& done) { sign_head(request, done); };
}

void VaultBridge::sign_head(store_sqlite::SignRequest request, SignReply done) {
  auto on_app = [this, alive = alive_](std::function<void(HeadAnswer)> run) {
    return [this, alive, run](HeadAnswer answer) {
      executor_.post([alive, run, answer = std::move(answer)] {
        if (*alive) run(answer);
      });
    };
  };
  client_->sign_head(request.size, request.root, request.consistency,
                     on_app([this, on_app, request, done](HeadAnswer head) {
                       if (!is_about_its_last_head(head)) return done(note_of(head));
                       client_->last_head(on_app([this, on_app, request, done, head](HeadAnswer last) {
                         auto proof = proof_from(last, request);
                         if (!proof) return done(note_of(head));
                         client_->sign_head(request.size, request.root, *proof,
                                            on_app([done](HeadAnswer again) { done(note_of(again)); }));
                       }));
                     }));
}

store_sqlite::HeadSigner VaultBridge::signer_that_waits(Duration patience) {
  return [this, patience](const store_sqlite::SignRequest& request, const SignReply& done) {
    auto wait = [patience](auto ask) -> HeadAnswer {
      auto promise = std::make_shared<std::promise<HeadAnswer>>();
      auto future = promise->get_future();
      ask([promise](HeadAnswer answer) { promise->set_value(std::move(answer)); });
      if (future.wait_for(patience) != std::future_status::ready) return fail(VaultError{});
      return future.get();
    };
    auto sign = [&](const audit::Proof& proof) {
      return wait(
          [&](auto reply) { client_->sign_head(request.size, request.root, proof, std::move(reply)); });
    };
    HeadAnswer head = sign(request.consistency);
    if (is_about_its_last_head(head))
      if (auto proof = proof_from(wait([&](auto reply) { client_->last_head(std::move(reply)); }), request))
        head = sign(*proof);
    done(note_of(head));
  };
}

void VaultBridge::announce(const std::string& call, std::string message,
                           app::VaultReply<std::vector<std::string>> reply) {
  client_->announce(call, std::move(message),
                    to_app<vault_link::AnnounceResult>(
                        std::move(reply), [](const vault_link::AnnounceResult& r) { return r.messages; }));
}
void VaultBridge::close_call(const std::string& call) {
  client_->close_call(call, [](Result<std::monostate, VaultError>) {});
}
void VaultBridge::dek_check(const app::EnvelopeRow& row, std::uint32_t part,
                            app::VaultReply<app::Hash> reply) {
  auto envelope = part_envelope(row, part);
  if (!envelope) return reply(fail(kBadRow));
  client_->dek_check(
      *envelope, to_app<crypto::Hash256>(std::move(reply), [](const crypto::Hash256& hash) { return hash; }));
}

void VaultBridge::start_job(const app::RecordingId& recording, std::uint64_t proven_by,
                            std::vector<app::EnvelopeRow> rows, app::VaultReply<app::VaultJob> reply) {
  auto proven = proof(proven_by);
  if (!proven) return reply(fail(kNoProof));
  std::vector<recording::PartEnvelope> envelopes;
  for (const app::EnvelopeRow& row : rows) {
    auto envelope = part_envelope(row, static_cast<std::uint32_t>(std::atoi(row.name.substr(5).c_str())));
    if (!envelope) return reply(fail(kBadRow));
    envelopes.push_back(std::move(*envelope));
  }
  client_->start_job(
      id_of(recording), std::move(*proven), std::move(envelopes),
      to_app<vault_link::JobStatus>(
          std::move(reply), [recording](const vault_link::JobStatus& s) { return job_of(recording, s); }));
}
void VaultBridge::job_status(const app::RecordingId& recording, app::VaultReply<app::VaultJob> reply) {
  client_->job_status(id_of(recording), to_app<vault_link::JobStatus>(
                                            std::move(reply), [recording](const vault_link::JobStatus& s) {
                                              return job_of(recording, s);
                                            }));
}
void VaultBridge::acknowledge_job(const app::RecordingId& recording, const std::string& manifest_sha256,
                                  app::VaultReply<void> reply) {
  client_->acknowledge_job(id_of(recording), manifest_sha256,
                           to_app<std::monostate>(std::move(reply), [](std::monostate) {
                             return Result<void, app::VaultFault>();
                           }));
}
void VaultBridge::manifest(const app::RecordingId& recording, app::VaultReply<std::string> reply) {
  client_->manifest(id_of(recording),
                    to_app<std::string>(std::move(reply), [](const std::string& text) { return text; }));
}

void VaultBridge::grant(const app::RecordingId& recording, const app::EnvelopeRow& rendition,
                        const std::string& session, std::uint64_t proven_by,
                        app::VaultReply<OpenedStream> reply) {
  auto proven = proof(proven_by);
  if (!proven) return reply(fail(kNoProof));
  vault_link::GrantRequest request{
      .recording = id_of(recording), .rendition = "av", .session = session, .proof = std::move(*proven)};
  request.envelope.rendition = "av";
  request.envelope.key_id = rendition.key_id;
  if (!copy_to(request.envelope.enc, rendition.enc) || !copy_to(request.envelope.ct, rendition.ct))
    return reply(fail(kBadRow));
  client_->grant(
      request, [this, alive = alive_, session, reply](Result<vault_link::Ticket, VaultError> ticket) {
        if (!ticket) {
          executor_.post([alive, reply, error = ticket.error()] {
            if (*alive) reply(fail(fault_of(error)));
          });
          return;
        }
        client_->exchange(ticket->ticket, session,
                          to_app<vault_link::StreamHandle>(reply, [](const vault_link::StreamHandle& handle) {
                            OpenedStream out;
                            out.handle = to_hex(handle.handle);
                            for (const vault_link::StreamHandle::File& file : handle.files)
                              out.files.push_back({file.name, file.bytes, 0, ""});
                            return out;
                          }));
      });
}

void VaultBridge::range(const std::string& handle, const std::string& file, std::uint64_t offset,
                        std::uint32_t length, app::VaultReply<Bytes> reply) {
  auto bytes = from_hex(handle);
  ByteArray<32> raw{};
  if (!bytes || !copy_to(raw, *bytes)) return reply(fail(app::VaultFault{"handle.malformed", ""}));
  client_->range(raw, file, offset, length, [reply](Result<Bytes, VaultError> answer) {
    if (!answer) return reply(fail(fault_of(answer.error())));
    reply(std::move(*answer));
  });
}
void VaultBridge::release(const std::string& handle) {
  auto bytes = from_hex(handle);
  ByteArray<32> raw{};
  if (bytes && copy_to(raw, *bytes)) client_->release(raw);
}

void VaultBridge::sign_policy(std::vector<ProvenType> types, app::VaultReply<std::string> reply) {
  std::vector<vault_link::PublishedType> published;
  for (const ProvenType& type : types) {
    auto proven = proof(type.proven_by);
    if (!proven) return reply(fail(kNoProof));
    published.push_back({type.type.text(), type.version, type.document, std::move(*proven)});
  }
  client_->sign_policy(
      std::move(published),
      to_app<std::string>(std::move(reply), [](const std::string& policy) { return policy; }));
}

}  // namespace parlour::vault_bridge

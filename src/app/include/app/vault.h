// The vault as app asks it (design.md 9, "serve ↔ vault"). Every request is answered once, on the app thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/stores.h"

namespace parlour::app {

struct VaultFault {
  std::string code;  // "vault.down", or the vault's own
  std::string text;
};
template <class T>
using VaultReply = std::function<void(Result<T, VaultFault>)>;

struct VaultJob {
  enum class State { kRunning, kDone, kFailed };
  State state = State::kRunning;
  int progress_permille = 0;
  std::string failure;
  std::string manifest_sha256;  // hex
  Json summary;
  std::vector<EnvelopeRow> envelopes;
  struct File {
    std::string name;
    std::uint64_t bytes = 0, stored_bytes = 0;
    std::string stored_sha256;
  };
  std::vector<File> files;
};

class Vault {
 public:
  virtual ~Vault() = default;
  virtual bool up() const = 0;
  virtual void on_up_changed(std::function<void(bool)> receiver) = 0;
  virtual void announce(const std::string& call, std::string message,
                        VaultReply<std::vector<std::string>> reply) = 0;
  virtual void close_call(const std::string& call) = 0;
  virtual void dek_check(const EnvelopeRow& envelope, std::uint32_t part, VaultReply<Hash> reply) = 0;
  // `proven_by`: number of the audit entry that allows it; the adapter makes the proof. A checkpoint must
  // cover it.
  virtual void start_job(const RecordingId& recording, std::uint64_t proven_by,
                         std::vector<EnvelopeRow> envelopes, VaultReply<VaultJob> reply) = 0;
  virtual void job_status(const RecordingId& recording, VaultReply<VaultJob> reply) = 0;
  // What the job made is stored here: the vault gives up the key that it kept of it, if its manifest is that
  // one (hex). Asked again it says the same. Codes: job.unknown, job.other.
  virtual void acknowledge_job(const RecordingId& recording, const std::string& manifest_sha256,
                               VaultReply<void> reply) = 0;
  virtual void manifest(const RecordingId& recording, VaultReply<std::string> reply) = 0;

  struct OpenedStream {
    std::string handle;  // opaque
    std::vector<VaultJob::File> files;
  };
  virtual void grant(const RecordingId& recording, const EnvelopeRow& rendition, const std::string& session,
                     std::uint64_t proven_by, VaultReply<OpenedStream> reply) = 0;
  // Any thread; `reply` on the vault client's thread: bytes flow past the app thread.
  virtual void range(const std::string& handle, const std::string& file, std::uint64_t offset,
                     std::uint32_t length, VaultReply<Bytes> reply) = 0;
  virtual void release(const std::string& handle) = 0;
  // A Policy that lists these type versions; each is proven by its type.version_published entry.
  struct ProvenType {
    TypeId type;
    int version;
    std::string document;  // as published; its hash stands in the entry
    std::uint64_t proven_by;
  };
  virtual void sign_policy(std::vector<ProvenType> types, VaultReply<std::string> reply) = 0;
};

}  // namespace parlour::app

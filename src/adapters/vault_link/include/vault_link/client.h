// VaultClient: serve's side of the local socket to parlour-vault (design.md 9, "serve ↔ vault"; protocol.h).
//
// One thread of its own does the socket: connects, checks the peer's uid, reconnects (0.2 s growing to 2 s),
// pings each second; three missed = down. Every request is answered exactly once, with the vault's answer or
// a VaultError; when the connection is lost all that wait get kDown. Callbacks run on the client's thread and
// must not block: post to your own executor. Requests may be made from any thread, callbacks included.
//
// Nothing here is a secret of the vault: what comes back is public keys, acknowledgements, signatures, proofs
// of opening, and ranges of renditions for a proven grant.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "recording/format/envelope.h"

namespace parlour::vault_link {

struct VaultError {
  enum class Kind {
    kDown,      // not connected, or lost while waiting
    kRefused,   // the vault said no: `code` and `text` say why
    kProtocol,  // an answer that could not be understood
    kTooLarge,  // the request does not fit a frame
  };
  Kind kind = Kind::kDown;
  std::string code;  // e.g. "proof.invalid"; stable, for programs and audit reasons
  std::string text;  // for people
};

template <class T>
using Reply = std::function<void(Result<T, VaultError>)>;

// A proof that an audit entry stands in the log the vault's key signed.
struct EntryProof {
  std::string entry;                  // the leaf's exact bytes
  std::uint64_t index = 0;            // its place in the tree
  std::vector<crypto::Hash256> path;  // RFC 6962 inclusion proof, for the checkpoint's size
  std::string checkpoint;             // signed note as sign_head gave it
};

// What serve may know and show of the vault.
struct VaultInfo {
  std::string software_version;
  std::string organisation;
  std::string log_origin;    // first line of checkpoints
  ByteArray<32> log_key{};   // Ed25519
  std::string log_key_text;  // C2SP verifier key: pinned by auditors
  ByteArray<65>
      organisation_key{};     // signs Policy; all zero when the vault does not hold it and no Policy is known
  bool signs_policy = false;  // --with-organisation-key
  std::string recorder_key_id;   // Policy's rec.id
  ByteArray<65> recorder_kem{};  // compliance key: DEKs and base keys are wrapped to it
  ByteArray<65> recorder_sig{};  // signs KeyAck(255) and manifests
  std::string policy;            // the newest signed Policy, {t,k,b,s}; empty when there is none
};

// What the vault has to say after a signed message of a call. `messages` are to be sent to all members and
// appended to the recording: the recorder's KeyAck(255).
struct AnnounceResult {
  std::vector<std::string> messages;
};

struct Head {
  std::string checkpoint;  // the signed note
  std::uint64_t size = 0;
  crypto::Hash256 root{};
};

struct PublishedType {
  std::string type_id;
  std::int64_t version = 0;
  std::string document;  // the policy document's exact bytes; the entry's policy_sha256 is their hash
  EntryProof proof;      // of its `type.version_published` {subject type, version, policy_sha256}
};

enum class JobState { kUnknown, kQueued, kRunning, kDone, kFailed };
struct RenditionEnvelope {
  std::string rendition;  // "av"
  std::string key_id;
  ByteArray<65> enc{};
  ByteArray<48> ct{};
};
struct RenditionFile {
  std::string name;                // names it in range(); no personal data
  std::uint64_t bytes = 0;         // of the WebM
  std::uint64_t stored_bytes = 0;  // of the sealed container
  crypto::Hash256 sha256{};        // of the WebM
  crypto::Hash256 stored_sha256{};
};
struct JobStatus {
  JobState state = JobState::kUnknown;
  std::int64_t progress_permille = 0;
  std::string failure_code, failure_text;    // kFailed
  crypto::Hash256 manifest_sha256{};         // kDone: of the signed manifest's bytes, for the audit entry
  Json summary;                              // kDone: vault/manifest.h, make_summary()
  std::vector<RenditionEnvelope> envelopes;  // kDone: rows for key_envelope
  std::vector<RenditionFile> files;          // kDone: rows for the artefact inventory
};

struct GrantRequest {
  recording::RecordingId recording = recording::RecordingId::from_bytes({});
  std::string rendition = "av";
  std::string session;         // what the entry names as actor.session
  EntryProof proof;            // of recording.play_requested or .download_requested
  RenditionEnvelope envelope;  // the row that job_status gave
};
struct Ticket {
  ByteArray<32> ticket{};  // to be exchanged within 60 s, once
};
struct StreamHandle {
  struct File {
    std::string name;
    std::uint64_t bytes = 0;  // of the WebM
  };
  ByteArray<32> handle{};  // dies with the vault
  std::vector<File> files;
};

class VaultClient {
 public:
  struct Config {
    std::string socket_path;
    // The uid that the vault must run under; without it, this process's own.
    std::optional<uid_t> vault_uid;
  };
  // `on_up` tells each change; the first call comes with the first connection.
  VaultClient(Config config, std::function<void(bool up)> on_up);
  ~VaultClient();
  VaultClient(const VaultClient&) = delete;
  VaultClient& operator=(const VaultClient&) = delete;

  bool up() const;  // any thread

  void info(Reply<VaultInfo> reply);

  // A call's signed messages go in one by one, in the order in which the server accepted them: Policy,
  // Hellos, Rosters, SenderKeys, KeyAcks, Activated, Progress. The vault keeps keys in memory until
  // close_call (or its own end: after a reconnect send the call's messages again; the answers are the same).
  // `call` is the 16-byte call id in base64url, as the messages write it.
  void announce(std::string call, std::string message, Reply<AnnounceResult> reply);
  void close_call(std::string call, Reply<std::monostate> reply);

  void dek_check(const recording::PartEnvelope& envelope, Reply<crypto::Hash256> reply);

  // A checkpoint over `size` entries with this root. `consistency`: RFC 6962 proof from the head that the
  // vault signed last to this one (empty when there is none yet or the head is the same). Refused
  // ("head.fork", "head.rollback", "head.stale") when it does not go on from the vault's last head, which
  // last_head() tells.
  void sign_head(std::uint64_t size, const crypto::Hash256& root, std::vector<crypto::Hash256> consistency,
                 Reply<Head> reply);
  void last_head(Reply<Head> reply);  // size 0 and no checkpoint: nothing signed yet

  // A new Policy that lists these type versions beside those of the last one. The answer is {t,k,b,s}.
  void sign_policy(std::vector<PublishedType> types, Reply<std::string> reply);
  // Takes a Policy that the operator signed elsewhere (`parlour admin policy sign`); refused unless it
  // verifies under the organisation key and is newer.
  void put_policy(std::string message, Reply<std::monostate> reply);

  // Opens a sealed recording. `proof`: of its `recording.sealed`; `envelopes`: one per part. Idempotent.
  // The entry's data: segments, last_hash, and envelopes_sha256 = recording::envelopes_hash(envelopes). A job
  // that job_status calls kUnknown (the vault was restarted) is started again.
  void start_job(const recording::RecordingId& recording, EntryProof proof,
                 std::vector<recording::PartEnvelope> envelopes, Reply<JobStatus> reply);
  void job_status(const recording::RecordingId& recording, Reply<JobStatus> reply);
  // serve has stored the envelopes: the vault forgets its copy of them. Until then job_status repeats them.
  void acknowledge_job(const recording::RecordingId& recording, const std::string& manifest_sha256,
                       Reply<std::monostate> reply);
  // The signed manifest's exact bytes, {"key_id", "manifest", "signature"} (vault/manifest.h,
  // contracts/recording-manifest.schema.json); their SHA-256 is JobStatus::manifest_sha256.
  void manifest(const recording::RecordingId& recording, Reply<std::string> reply);

  void grant(const GrantRequest& request, Reply<Ticket> reply);
  void exchange(const ByteArray<32>& ticket, std::string session, Reply<StreamHandle> reply);
  // At most kRangeMax bytes (protocol.h); the answer may be shorter only at the end of the file.
  void range(const ByteArray<32>& handle, std::string file, std::uint64_t offset, std::uint32_t length,
             Reply<Bytes> reply);
  void release(const ByteArray<32>& handle);  // playing has ended

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour::vault_link

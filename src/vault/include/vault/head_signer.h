// The log-head signer (compliance.md 2.1, 8): keeps the last head that it signed on disk of its own, and
// signs only what is consistent with it. Neither serve nor a database administrator can fork the log, because
// the second branch's head finds no signature. One thread.
#pragma once

#include <filesystem>
#include <optional>

#include "audit/format/checkpoint.h"
#include "vault/refusal.h"

namespace parlour::vault {

struct SignedHead {
  audit::Checkpoint checkpoint;
  std::string note;  // empty: nothing signed yet
};

class HeadSigner {
 public:
  // At init: an empty state, so that a missing file later is a fault and not a new beginning.
  static Result<void, VaultRefusal> init(const std::filesystem::path& state_file);
  // key outlives the signer.
  static Result<HeadSigner, VaultRefusal> open(std::filesystem::path state_file, std::string origin,
                                               const crypto::Ed25519Key& key);

  // The state is durable before the signature is given out.
  Result<SignedHead, VaultRefusal> sign(std::uint64_t size, const crypto::Hash256& root,
                                        const audit::Proof& consistency);
  const SignedHead& last() const { return last_; }

 private:
  HeadSigner(std::filesystem::path state_file, std::string origin, const crypto::Ed25519Key& key,
             SignedHead last)
      : state_file_(std::move(state_file)), origin_(std::move(origin)), key_(&key), last_(std::move(last)) {}

  std::filesystem::path state_file_;
  std::string origin_;
  const crypto::Ed25519Key* key_;
  SignedHead last_;
};

}  // namespace parlour::vault

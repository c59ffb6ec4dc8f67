// The vault as one object: what may be asked of it (design.md 9, "serve ↔ vault"), whoever carries the
// question.
//
//   <home>/vault.json, keys/        key_store.h
//   <home>/state/head.json          the last head that was signed
//   <home>/state/policy.json        the newest Policy
//   <home>/state/grants.log         every grant, append-only
//   <home>/jobs/<recording>.json    results of opening
//   <home>/renditions/<recording>/  manifest.json and sealed containers
//
// A part's or rendition's envelope is opened for exactly these causes: dek_check (before a byte is recorded),
// the job of a proven `recording.sealed`, and a grant. One thread calls; jobs run on their own.
#pragma once

#include <filesystem>
#include <memory>

#include "vault/acknowledger.h"
#include "vault/grants.h"
#include "vault/head_signer.h"
#include "vault/jobs.h"
#include "vault/policy_signer.h"

namespace parlour::vault {

struct VaultPlaces {
  std::filesystem::path home;
  std::filesystem::path recordings;  // serve's; the vault only reads there
};

struct StreamFile {
  std::string name;
  std::uint64_t bytes = 0;
};

class Vault {
 public:
  // Makes keys and state; with `policy_file`, also the first Policy (needs the organisation key).
  static Result<void, VaultRefusal> init(const std::filesystem::path& home, const KeyStoreOptions& options,
                                         std::optional<std::string> policy_file, UtcTime now);
  // muxer, random and clock outlive the vault.
  static Result<std::unique_ptr<Vault>, VaultRefusal> open(const VaultPlaces& places, Muxer& muxer,
                                                           Random& random, const Clock& clock,
                                                           std::string software);

  const KeyStore& keys() const { return *keys_; }
  const std::string& software() const { return software_; }
  Acknowledger& calls() { return *acknowledger_; }
  HeadSigner& heads() { return *heads_; }
  PolicySigner& policies() { return *policies_; }
  Jobs& jobs() { return *jobs_; }

  Result<crypto::Hash256, VaultRefusal> dek_check(const recording::PartEnvelope& envelope) const;
  Result<Token, VaultRefusal> grant(const recording::RecordingId& recording, const std::string& rendition,
                                    const std::string& session, const EntryProof& proof,
                                    const RenditionEnvelope& envelope);
  Result<std::pair<Token, std::vector<StreamFile>>, VaultRefusal> exchange(const Token& ticket,
                                                                           const std::string& session);
  Result<Bytes, VaultRefusal> range(const Token& handle, const std::string& file, std::uint64_t offset,
                                    std::size_t length);
  void release(const Token& handle) { grants_->release(handle); }

 private:
  explicit Vault(const Clock& clock) : clock_(clock) {}
  std::filesystem::path container_path(const recording::RecordingId& recording,
                                       const std::string& file) const;

  const Clock& clock_;
  std::string software_;
  std::filesystem::path renditions_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<Acknowledger> acknowledger_;
  std::unique_ptr<HeadSigner> heads_;
  std::unique_ptr<PolicySigner> policies_;
  std::unique_ptr<Grants> grants_;
  std::unique_ptr<Jobs> jobs_;
};

}  // namespace parlour::vault

// app's Vault over the local socket's client: app types across, proofs added from the audit log, answers on
// the app thread (ranges excepted: they go past it). Also the audit log's signer.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "app/vault.h"
#include "runtime/executor.h"
#include "store_sqlite/audit_log.h"
#include "vault_link/client.h"

namespace parlour::vault_bridge {

class VaultBridge final : public app::Vault {
 public:
  // `on_met`: on the app thread, each time that the vault has come up and told who it is and what head it
  // signed last; before on_up_changed(true), which comes only if it answers true.
  using OnMet = std::function<bool(const vault_link::VaultInfo&, const store_sqlite::VaultHead& last)>;
  VaultBridge(vault_link::VaultClient::Config config, runtime::Executor& executor,
              store_sqlite::SqliteAuditLog& log, OnMet on_met);
  ~VaultBridge() override;

  const std::optional<vault_link::VaultInfo>& info() const { return info_; }
  store_sqlite::HeadSigner head_signer();
  store_sqlite::LastHead last_head();
  // For the last head: answers before it returns, at most that late, on the caller's thread. The executor may
  // have ended.
  store_sqlite::HeadSigner signer_that_waits(Duration patience);

  bool up() const override { return up_; }
  void on_up_changed(std::function<void(bool)> receiver) override { receiver_ = std::move(receiver); }
  void announce(const std::string& call, std::string message,
                app::VaultReply<std::vector<std::string>> reply) override;
  void close_call(const std::string& call) override;
  void dek_check(const app::EnvelopeRow& envelope, std::uint32_t part,
                 app::VaultReply<app::Hash> reply) override;
  void start_job(const app::RecordingId& recording, std::uint64_t proven_by,
                 std::vector<app::EnvelopeRow> envelopes, app::VaultReply<app::VaultJob> reply) override;
  void job_status(const app::RecordingId& recording, app::VaultReply<app::VaultJob> reply) override;
  void acknowledge_job(const app::RecordingId& recording, const std::string& manifest_sha256,
                       app::VaultReply<void> reply) override;
  void manifest(const app::RecordingId& recording, app::VaultReply<std::string> reply) override;
  void grant(const app::RecordingId& recording, const app::EnvelopeRow& rendition, const std::string& session,
             std::uint64_t proven_by, app::VaultReply<OpenedStream> reply) override;
  void range(const std::string& handle, const std::string& file, std::uint64_t offset, std::uint32_t length,
             app::VaultReply<Bytes> reply) override;
  void release(const std::string& handle) override;
  void sign_policy(std::vector<ProvenType> types, app::VaultReply<std::string> reply) override;

 private:
  using SignReply = std::function<void(store_sqlite::SignAnswer)>;
  void sign_head(store_sqlite::SignRequest request, SignReply reply);
  std::optional<audit::Proof> proof_from(const Result<vault_link::Head, vault_link::VaultError>& last,
                                         const store_sqlite::SignRequest& request) const;
  void link_changed(bool up);
  void meet(const vault_link::VaultInfo& info, const store_sqlite::HeadAnswer& last);
  template <class T, class U, class Map>
  vault_link::Reply<T> to_app(app::VaultReply<U> reply, Map map);
  std::optional<vault_link::EntryProof> proof(std::uint64_t seq);

  runtime::Executor& executor_;
  store_sqlite::SqliteAuditLog& log_;
  OnMet on_met_;
  std::function<void(bool)> receiver_;
  std::optional<vault_link::VaultInfo> info_;
  bool up_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<vault_link::VaultClient> client_;
};

}  // namespace parlour::vault_bridge

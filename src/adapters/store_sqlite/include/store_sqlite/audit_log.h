// The audit log on the same database as everything else, so that an entry and its effect are one transaction.
//
// Numbers come from the head row inside the transaction; the tree is kept in memory and follows what is
// committed; heads are signed by the vault (HeadSigner), never here. At start the tree is made anew from the
// stored bytes and must agree with the newest signed head. Thread: the app thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/audit_log.h"
#include "audit/format/merkle.h"
#include "audit/format/note.h"
#include "audit/format/proof.h"
#include "base/random.h"
#include "store_sqlite/store.h"

namespace parlour::store_sqlite {

// Asks the vault for a signature over a head; answers on the app thread. `consistency` is from the head
// signed before.
struct SignRequest {
  std::uint64_t size;
  audit::Hash256 root;
  audit::Proof consistency;
};
using HeadSigner = std::function<void(SignRequest, std::function<void(std::optional<std::string> note)>)>;

// An entry with the proof that it is in the newest signed head.
struct ProvenEntry {
  std::string entry;
  std::uint64_t index;
  audit::Proof path;
  std::string checkpoint;
};

class SqliteAuditLog final : public app::AuditLog {
 public:
  SqliteAuditLog(SqliteStore& store, const Clock& clock, Random& random, std::string boot_id);

  // Reads the whole log. The error says where database and signed head disagree.
  Result<void, std::string> load();
  // Once the vault is known. `origin` and `keys` are its own.
  void set_signer(HeadSigner signer, std::string origin, std::vector<audit::VerifierKey> keys);
  // From a head that the vault signed and this database never heard of (a kill in between).
  std::optional<audit::Proof> consistency(std::uint64_t from, std::uint64_t to) const;

  std::uint64_t append(const app::AuditRecord& record) override;
  std::vector<app::AuditEntry> entries(const app::AuditFilter& filter) override;
  std::uint64_t size() override;
  app::AuditHead head() override;
  void checkpoint(std::function<void(bool)> done) override;
  std::optional<Bytes> bundle(const std::optional<app::MeetingId>& disclose) override;
  app::AuditVerdict verify() override;

  // Nothing when no signed head covers it yet.
  std::optional<ProvenEntry> prove(std::uint64_t seq);
  bool news();  // entries beyond the head that are not the log's own

 private:
  void catch_up();
  void sign();
  std::string resolve(const std::string& reference);

  SqliteStore& store_;
  const Clock& clock_;
  Random& random_;
  std::string boot_id_;
  audit::MerkleTree tree_;
  std::string origin_;
  std::vector<audit::VerifierKey> keys_;
  HeadSigner signer_;
  std::string note_;  // newest signed head
  std::uint64_t note_size_ = 0;
  UtcTime note_time_{};
  bool signing_ = false;
  std::vector<std::function<void(bool)>> waiting_;  // for the next signature
};

}  // namespace parlour::store_sqlite

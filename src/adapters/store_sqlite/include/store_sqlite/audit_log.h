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
#include "app/vault.h"
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
// The signed note, or why not. A code "head.…" is the vault's word that this log is not the one it signed.
using SignAnswer = Result<std::string, app::VaultFault>;
using HeadSigner = std::function<void(SignRequest, std::function<void(SignAnswer)>)>;

// The last head that the vault signed, from its own disk. Size 0: none yet.
struct VaultHead {
  std::uint64_t size = 0;
  audit::Hash256 root{};
  std::string note;
};
using HeadAnswer = Result<VaultHead, app::VaultFault>;
using LastHead = std::function<void(std::function<void(HeadAnswer)>)>;

// The vault remembers a head over fewer entries than one that it has signed: an older state of it was put
// back.
struct VaultOlder {
  std::uint64_t signed_size = 0, remembered = 0;
};

// The vault as the log needs it; everything answers on the app thread. `origin` and `keys` are the vault's.
struct Signer {
  HeadSigner sign;
  LastHead last;
  std::string origin;
  std::vector<audit::VerifierKey> keys;
};

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
  // Once the vault is known.
  void set_signer(Signer signer);
  // Whether this log goes on from what the vault signed last; raises the alarm when it does not. The proof is
  // the tree itself: it is made of the stored bytes.
  const std::optional<app::LogAlarm>& compare(const VaultHead& last);
  // `alarmed`: once, when the alarm is raised. `refused`: each time that the vault refused a head.
  // `vault_older`: each time that the vault says it.
  struct Watch {
    std::function<void(const app::LogAlarm&)> alarmed;
    std::function<void(const app::VaultFault&)> refused;
    std::function<void(const VaultOlder&)> vault_older;
  };
  void set_watch(Watch watch) { watch_ = std::move(watch); }
  // From a head that the vault signed and this database never heard of (a kill in between).
  std::optional<audit::Proof> consistency(std::uint64_t from, std::uint64_t to) const;

  std::uint64_t append(const app::AuditRecord& record) override;
  std::vector<app::AuditEntry> entries(const app::AuditFilter& filter) override;
  std::uint64_t size() override;
  app::AuditHead head() override;
  void checkpoint(std::function<void(bool)> done) override;
  std::optional<Bytes> bundle(const std::optional<app::MeetingId>& disclose) override;
  const std::optional<app::LogAlarm>& alarm() const override { return alarm_; }
  void verify(std::function<void(app::AuditVerdict)> done) override;

  // Nothing when no signed head covers it yet.
  std::optional<ProvenEntry> prove(std::uint64_t seq);
  bool news();  // entries beyond the head that are not the log's own

 private:
  void catch_up();
  void sign();
  void raise(std::string code, std::string text);
  void note_refusal(const app::VaultFault& fault);
  app::AuditVerdict verify_against(const VaultHead& last);
  std::string resolve(const std::string& reference);

  SqliteStore& store_;
  const Clock& clock_;
  Random& random_;
  std::string boot_id_;
  audit::MerkleTree tree_;
  Signer signer_;
  Watch watch_;
  std::optional<app::LogAlarm> alarm_;
  std::optional<VaultOlder> older_;  // at the last comparison
  std::string note_;                 // newest signed head
  std::uint64_t note_size_ = 0;
  UtcTime note_time_{};
  bool signing_ = false;
  std::vector<std::function<void(bool)>> waiting_;  // for the next signature
};

}  // namespace parlour::store_sqlite

// A proof that an audit entry stands in the log whose heads this vault signed: the entry's exact bytes, its
// place, an RFC 6962 inclusion path, and a head. Nothing that serve says about an entry is believed; only
// this is. Any thread.
#pragma once

#include <string>
#include <vector>

#include "audit/format/note.h"
#include "audit/format/proof.h"
#include "base/json.h"
#include "base/time.h"
#include "vault/refusal.h"

namespace parlour::vault {

struct EntryProof {
  std::string entry;
  std::uint64_t index = 0;
  audit::Proof path;
  std::string checkpoint;
};

// The fields of a proven entry that the vault's decisions look at.
struct ProvenEntry {
  std::uint64_t seq = 0;
  UtcTime time;
  std::string type;
  std::string outcome;
  std::string meeting;
  std::string subject_kind, subject_id;
  std::string actor_session;
  Json data;
  crypto::Hash256 leaf{};
};

// `log_keys`: the vault's own log key, and older ones of the same log.
Result<ProvenEntry, VaultRefusal> prove_entry(const EntryProof& proof,
                                              const std::vector<audit::VerifierKey>& log_keys);

}  // namespace parlour::vault

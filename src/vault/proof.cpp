#include "vault/proof.h"

#include "audit/format/checkpoint.h"
#include "audit/format/entry.h"

namespace parlour::vault {

Result<ProvenEntry, VaultRefusal> prove_entry(const EntryProof& proof,
                                              const std::vector<audit::VerifierKey>& log_keys) {
  auto head = audit::open_checkpoint(proof.checkpoint, log_keys);
  if (!head) return refuse("proof.checkpoint", "the checkpoint is not signed by this vault's log key");
  ProvenEntry proven;
  proven.leaf = audit::leaf_hash(as_bytes(proof.entry));
  if (!audit::verify_inclusion(proof.index, head->size, proven.leaf, proof.path, head->root))
    return refuse("proof.invalid", "the entry is not proven to be in the log");
  auto view = audit::read_entry(proof.entry);
  if (!view) return refuse("proof.entry", "the entry is malformed");
  if (view->seq != proof.index)
    return refuse("proof.entry", "the entry's number is not its place in the log");
  auto whole = parse_json(proof.entry);
  if (!whole) return refuse("proof.entry", "the entry is malformed");
  proven.seq = view->seq;
  proven.time = view->time;
  proven.type = view->type;
  proven.outcome = view->outcome;
  proven.meeting = view->meeting;
  if (const Json* subject = whole->find("subject"); subject != nullptr && subject->is_object()) {
    proven.subject_kind = subject->string_or("kind");
    proven.subject_id = subject->string_or("id");
  }
  if (const Json* actor = whole->find("actor"); actor != nullptr)
    proven.actor_session = actor->string_or("session");
  if (const Json* data = whole->find("data"); data != nullptr) proven.data = *data;
  return proven;
}

}  // namespace parlour::vault

#include "vault/head_signer.h"

#include "base/encoding.h"
#include "base/json.h"
#include "vault/files.h"

namespace parlour::vault {
namespace {

std::string state_text(const SignedHead& head) {
  return write_json(JsonObject{{"size", std::to_string(head.checkpoint.size)},
                               {"root", to_hex(head.checkpoint.root)},
                               {"note", head.note}});
}

}  // namespace

Result<void, VaultRefusal> HeadSigner::init(const std::filesystem::path& state_file) {
  SignedHead empty;
  empty.checkpoint.root = audit::empty_root();
  return create_file(state_file, as_bytes(state_text(empty)));
}

Result<HeadSigner, VaultRefusal> HeadSigner::open(std::filesystem::path state_file, std::string origin,
                                                  const crypto::Ed25519Key& key) {
  auto text = read_file(state_file);
  if (!text)
    return refuse("head.state",
                  "the signer's last head is missing; signing on could fork the log. Restore it");
  auto state = parse_json(as_text(*text));
  if (!state) return refuse("head.state", "the signer's last head is damaged. Restore it");
  SignedHead last;
  last.note = state->string_or("note");
  if (!last.note.empty()) {
    const std::vector<audit::VerifierKey> keys{audit::make_verifier_key(origin, key.public_key())};
    auto checkpoint = audit::open_checkpoint(last.note, keys);
    // After a rotation of the key the note is an older key's; the plain fields then carry on.
    if (checkpoint) {
      last.checkpoint = *checkpoint;
      return HeadSigner(std::move(state_file), std::move(origin), key, std::move(last));
    }
  }
  const std::string size = state->string_or("size");
  auto root = from_hex(state->string_or("root"));
  if (size.empty() || size.size() > 18 || size.find_first_not_of("0123456789") != std::string::npos ||
      !root || root->size() != last.checkpoint.root.size())
    return refuse("head.state", "the signer's last head is damaged. Restore it");
  last.checkpoint.origin = origin;
  last.checkpoint.size = std::stoull(size);
  std::copy(root->begin(), root->end(), last.checkpoint.root.begin());
  return HeadSigner(std::move(state_file), std::move(origin), key, std::move(last));
}

Result<SignedHead, VaultRefusal> HeadSigner::sign(std::uint64_t size, const crypto::Hash256& root,
                                                  const audit::Proof& consistency) {
  const audit::Checkpoint& last = last_.checkpoint;
  if (size == last.size && root == last.root && !last_.note.empty()) return last_;
  if (size < last.size)
    return refuse("head.rollback",
                  "a longer head was signed already: " + std::to_string(last.size) + " entries");
  const audit::Checkpoint next{origin_, size, root};
  if (last.size > 0 && !audit::heads_consistent(last, next, consistency))
    return refuse("head.fork", "the head is not proven to go on from the last one, of " +
                                   std::to_string(last.size) + " entries");
  if (last.size == 0 && !consistency.empty())
    return refuse("head.stale", "nothing was signed yet: no proof is needed");
  if (size == 0) return refuse("head.empty", "an empty log needs no head");
  SignedHead head{next, audit::sign_checkpoint(next, *key_)};
  if (auto kept = replace_file(state_file_, as_bytes(state_text(head))); !kept) return fail(kept.error());
  last_ = head;
  return head;
}

}  // namespace parlour::vault

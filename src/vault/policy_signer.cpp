#include "vault/policy_signer.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "e2ee/policy_draft.h"
#include "vault/files.h"

namespace parlour::vault {
namespace {

Result<e2ee::PolicyType, VaultRefusal> proven_type(const PublishedType& type,
                                                   const std::vector<audit::VerifierKey>& log_keys) {
  auto entry = prove_entry(type.proof, log_keys);
  if (!entry) return fail(entry.error());
  if (entry->type != "type.version_published" || entry->outcome != "ok" || entry->subject_kind != "type" ||
      entry->subject_id != type.type_id || entry->data.string_or("version") != std::to_string(type.version))
    return refuse("policy.entry", "the entry does not say that this type version was published");
  if (entry->data.string_or("policy_sha256") != to_hex(crypto::sha256(as_bytes(type.document))))
    return refuse("policy.document", "the document is not the one whose hash was published");
  auto made = e2ee::policy_type_of(type.type_id, type.version, type.document);
  if (!made) return refuse("policy.document", "the document's recording section cannot be read");
  return *made;
}

}  // namespace

Result<PolicySigner, VaultRefusal> PolicySigner::open(std::filesystem::path state_file,
                                                      const KeyStore& keys) {
  PolicySigner signer(std::move(state_file), keys);
  auto text = read_file(signer.state_file_);
  if (text && !text->empty()) {
    if (signer.take_earlier_form(as_text(*text))) return signer;
    if (auto taken = signer.take(as_text(*text), std::nullopt); !taken)
      return refuse("policy.state", "the kept Policy is damaged: " + taken.error().text);
  }
  return signer;
}

// A Policy kept by a program before this one, whose form nobody reads any more: its types and version are
// gone on from, and its text is given to nobody.
bool PolicySigner::take_earlier_form(std::string_view text) {
  auto message = e2ee::parse_signed_message(text);
  if (!message || e2ee::parse_policy(message->body) ||
      !e2ee::verify_signature(*message, keys_->organisation_public()))
    return false;
  policy_ = e2ee::policy_of_any_form(*message);
  return policy_.has_value();
}

// Judges and remembers; does not write.
Result<void, VaultRefusal> PolicySigner::take(std::string_view message, std::optional<UtcTime> now) {
  auto policy = e2ee::read_signed_policy(message, keys_->organisation_public());
  if (!policy) return refuse(policy.error().code, policy.error().text);
  // The kept one may have expired since; a new one may not.
  if (now)
    if (auto next = e2ee::check_next_policy(*policy, policy_ ? &*policy_ : nullptr, *now); !next)
      return refuse(next.error().code, next.error().text);
  const auto compliance = keys_->compliance_keys();
  const bool ours = std::any_of(compliance.begin(), compliance.end(), [&](const crypto::P256Key* key) {
    return key->public_key() == policy->rec.kem;
  });
  if (!ours || policy->rec.sig != keys_->recorder().public_key())
    return refuse("policy.recorder", "the Policy names a recorder that is not this vault");
  policy_ = std::move(*policy);
  text_ = message;
  return {};
}

Result<void, VaultRefusal> PolicySigner::put(std::string_view message, UtcTime now) {
  if (auto taken = take(message, now); !taken) return taken;
  return replace_file(state_file_, as_bytes(text_));
}

Result<void, VaultRefusal> PolicySigner::start(std::string_view types_file, UtcTime now) {
  auto file = parse_json(types_file);
  const Json* list = file ? file->find("types") : nullptr;
  if (list == nullptr || list->as_array() == nullptr)
    return refuse("policy.file", "the policy file holds no \"types\"");
  std::vector<e2ee::PolicyType> types;
  for (const Json& type : *list->as_array()) {
    auto made =
        e2ee::make_policy_type(type.string_or("type_id"), type.integer_or("version"),
                               type.string_or("record"), type.find("kinds"), type.integer_or("pause_max_s"));
    if (!made) return refuse("policy.file", "a type of the policy file cannot be read");
    types.push_back(std::move(*made));
  }
  auto signed_text = sign_next(std::move(types), now);
  if (!signed_text) return fail(signed_text.error());
  return {};
}

Result<std::string, VaultRefusal> PolicySigner::sign(const std::vector<PublishedType>& types, UtcTime now) {
  if (keys_->organisation_key() == nullptr)
    return refuse("policy.no_key",
                  "the organisation key is not in this vault: sign with `parlour admin policy sign`");
  std::vector<e2ee::PolicyType> proven;
  for (const PublishedType& type : types) {
    auto made = proven_type(type, keys_->log_keys());
    if (!made) return fail(made.error());
    proven.push_back(std::move(*made));
  }
  return sign_next(std::move(proven), now);
}

Result<std::string, VaultRefusal> PolicySigner::sign_next(std::vector<e2ee::PolicyType> types, UtcTime now) {
  const crypto::P256Key* root = keys_->organisation_key();
  if (root == nullptr) return refuse("policy.no_key", "the organisation key is not in this vault");
  e2ee::Policy next;
  next.org = keys_->organisation();
  next.version = 1;
  if (policy_) {
    next.types = policy_->types;
    next.version = policy_->version + 1;
  }
  bool changed = text_.empty();
  for (e2ee::PolicyType& type : types) {
    const e2ee::PolicyType* known = next.find_type(type.type_id, type.version);
    if (known != nullptr && !(*known == type))
      return refuse("policy.changed", "a published type version never changes");
    if (known != nullptr) continue;
    next.types.push_back(std::move(type));
    changed = true;
  }
  const std::int64_t now_s = now.us / 1'000'000;
  // The same types again need no new version, unless the old one is about to expire.
  if (!changed && policy_->rec.expires_s - now_s > kValidDays * 86'400 / 2 &&
      policy_->rec.kem == keys_->compliance().public_key())
    return text_;
  next.rec.id = keys_->compliance_id();
  next.rec.kem = keys_->compliance().public_key();
  next.rec.sig = keys_->recorder().public_key();
  // Clocks of browsers may be behind this one.
  next.rec.not_before_s = now_s - 86'400;
  next.rec.expires_s = now_s + kValidDays * 86'400;
  const std::string text = write_json(e2ee::to_json(e2ee::sign(next, *root)));
  if (auto put_result = put(text, now); !put_result) return fail(put_result.error());
  return text;
}

}  // namespace parlour::vault

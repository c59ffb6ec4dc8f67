// Policy (e2ee.md 3): what may be recorded, and by which key. The newest one is kept here; the vault signs a
// new one only when it holds the organisation key (small installations), and only for type versions whose
// publication is proven to stand in the audit log. One thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "e2ee/messages.h"
#include "vault/key_store.h"
#include "vault/proof.h"

namespace parlour::vault {

struct PublishedType {
  std::string type_id;
  std::uint32_t version = 0;
  std::string document;  // the policy document's exact bytes; the entry holds their hash
  EntryProof proof;      // of type.version_published
};

class PolicySigner {
 public:
  // keys outlives the signer.
  static Result<PolicySigner, VaultRefusal> open(std::filesystem::path state_file, const KeyStore& keys);

  // The first Policy, from a file that the operator gives to init:
  // {"types": [{"type_id", "version", "record": required|optional|never, "kinds": ["a","v"],
  // "pause_max_s"}]}.
  Result<void, VaultRefusal> start(std::string_view types_file, UtcTime now);
  Result<std::string, VaultRefusal> sign(const std::vector<PublishedType>& types, UtcTime now);
  // One that the operator signed elsewhere: by the organisation key, newer, valid now, naming this vault.
  Result<void, VaultRefusal> put(std::string_view message, UtcTime now);

  const std::string& text() const { return text_; }  // {t,k,b,s}; empty: none yet in the present form

  // How long a Policy vouches for the recorder's key; signing any type renews it.
  static constexpr std::int64_t kValidDays = 400;

 private:
  PolicySigner(std::filesystem::path state_file, const KeyStore& keys)
      : state_file_(std::move(state_file)), keys_(&keys) {}
  bool take_earlier_form(std::string_view message);
  Result<void, VaultRefusal> take(std::string_view message, std::optional<UtcTime> now);
  Result<std::string, VaultRefusal> sign_next(std::vector<e2ee::PolicyType> types, UtcTime now);

  std::filesystem::path state_file_;
  const KeyStore* keys_;
  std::string text_;
  std::optional<e2ee::Policy> policy_;
};

}  // namespace parlour::vault

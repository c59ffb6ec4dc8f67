// The vault's keys, in a directory that only its user may enter: made once by init, never overwritten, old
// versions kept until nothing needs them.
//
//   vault.json                 {format, organisation, log_origin}
//   keys/compliance-N.pem      P-256, HPKE: DEKs and base keys are wrapped to it      (PKCS#8, 0600)
//   keys/recorder-N.pem        P-256, ECDSA: KeyAck of member 255, manifests
//   keys/audit-N.seed          Ed25519 seed in hex: heads of the log
//   keys/organisation-N.pem    P-256, ECDSA: Policy; only with --with-organisation-key
//   keys/organisation.pub      its public point in hex, when the operator keeps the key elsewhere
//
// A version is a number from 1; the highest is in force. Thread: const members from any.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/format/note.h"
#include "crypto/p256.h"
#include "vault/refusal.h"

namespace parlour::vault {

struct KeyStoreOptions {
  std::string organisation;  // its name, as Policy shows it
  std::string log_origin;    // "<domain>/audit"
  bool with_organisation_key = false;
  std::optional<crypto::P256Point> organisation_public;  // required without the key
};

class KeyStore {
 public:
  // Refused when the directory already holds a vault.
  static Result<KeyStore, VaultRefusal> init(const std::filesystem::path& home,
                                             const KeyStoreOptions& options);
  static Result<KeyStore, VaultRefusal> load(const std::filesystem::path& home);

  const std::string& organisation() const { return organisation_; }
  const std::string& log_origin() const { return log_origin_; }

  // How a compliance key is named in Policy and envelopes: 16 hex digits of SHA-256 of its public point.
  static std::string key_id(const crypto::P256Point& public_key);
  const crypto::P256Key& compliance() const { return compliance_.rbegin()->second; }
  std::string compliance_id() const { return key_id(compliance().public_key()); }
  const crypto::P256Key* compliance_by_id(std::string_view id) const;
  std::vector<const crypto::P256Key*> compliance_keys() const;
  const crypto::P256Key& recorder() const { return recorder_.rbegin()->second; }
  const crypto::Ed25519Key& audit() const { return audit_.rbegin()->second; }
  std::vector<audit::VerifierKey> log_keys() const;
  const crypto::P256Key* organisation_key() const;  // null when kept elsewhere
  const crypto::P256Point& organisation_public() const { return organisation_public_; }

 private:
  KeyStore() = default;

  std::string organisation_, log_origin_;
  std::map<int, crypto::P256Key> compliance_, recorder_, organisation_keys_;
  std::map<int, crypto::Ed25519Key> audit_;
  crypto::P256Point organisation_public_{};
};

}  // namespace parlour::vault

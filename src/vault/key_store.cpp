#include "vault/key_store.h"

#include "base/encoding.h"
#include "base/json.h"
#include "e2ee/policy_draft.h"
#include "vault/files.h"

namespace parlour::vault {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSettingsName = "vault.json";

std::optional<Bytes> read_secret(const fs::path& path) {
  if (!is_private_file(path)) return std::nullopt;
  return read_file(path);
}

fs::path key_path(const fs::path& home, std::string_view kind, int version, std::string_view ending) {
  return home / "keys" / (std::string(kind) + "-" + std::to_string(version) + std::string(ending));
}

Result<void, VaultRefusal> make_p256(const fs::path& home, std::string_view kind) {
  return create_file(key_path(home, kind, 1, ".pem"), as_bytes(crypto::P256Key::generate().to_pem()));
}

// Versions from 1 without holes; stops at the first that is not there.
Result<std::map<int, crypto::P256Key>, VaultRefusal> load_p256(const fs::path& home, std::string_view kind) {
  std::map<int, crypto::P256Key> keys;
  for (int version = 1; fs::exists(key_path(home, kind, version, ".pem")); ++version) {
    auto pem = read_secret(key_path(home, kind, version, ".pem"));
    if (!pem)
      return refuse("vault.permissions",
                    "a key file can be read by others, or not at all: keys must be 0600");
    auto key = crypto::P256Key::from_pem(as_text(*pem));
    crypto::wipe(*pem);
    if (!key) return refuse("vault.key", "a key file is damaged: " + std::string(kind));
    keys.emplace(version, std::move(*key));
  }
  return keys;
}

}  // namespace

std::string KeyStore::key_id(const crypto::P256Point& public_key) {
  return e2ee::key_name(public_key);
}

Result<KeyStore, VaultRefusal> KeyStore::init(const fs::path& home, const KeyStoreOptions& options) {
  if (!audit::is_key_name(options.log_origin) || options.organisation.empty())
    return refuse("vault.settings", "the organisation's name and the log's origin are needed");
  if (options.with_organisation_key == options.organisation_public.has_value())
    return refuse("vault.settings",
                  "give either --with-organisation-key or the public key of one kept elsewhere");
  if (auto made = private_directory(home); !made) return fail(made.error());
  if (fs::exists(home / kSettingsName))
    return refuse("vault.exists", "there is a vault in this directory already");
  if (auto made = private_directory(home / "keys"); !made) return fail(made.error());
  // A run that was killed half-way left keys that nothing can depend on, because vault.json comes last.
  for (const auto& file : fs::directory_iterator(home / "keys")) fs::remove(file);

  if (auto made = make_p256(home, "compliance"); !made) return fail(made.error());
  if (auto made = make_p256(home, "recorder"); !made) return fail(made.error());
  const crypto::Ed25519Key audit_key = crypto::Ed25519Key::generate();
  if (auto made = create_file(key_path(home, "audit", 1, ".seed"), as_bytes(to_hex(audit_key.seed().view())));
      !made)
    return fail(made.error());
  if (options.with_organisation_key) {
    if (auto made = make_p256(home, "organisation"); !made) return fail(made.error());
  } else {
    if (!crypto::p256_is_point(*options.organisation_public))
      return refuse("vault.settings", "the organisation's public key is not a P-256 point");
    if (auto made =
            create_file(home / "keys" / "organisation.pub", as_bytes(to_hex(*options.organisation_public)));
        !made)
      return fail(made.error());
  }
  const Json settings =
      JsonObject{{"format", 1}, {"organisation", options.organisation}, {"log_origin", options.log_origin}};
  if (auto made = create_file(home / kSettingsName, as_bytes(write_json(settings))); !made)
    return fail(made.error());
  return load(home);
}

Result<KeyStore, VaultRefusal> KeyStore::load(const fs::path& home) {
  if (auto entered = private_directory(home); !entered) return fail(entered.error());
  auto text = read_file(home / kSettingsName);
  if (!text) return refuse("vault.missing", "there is no vault here; run `parlour-vault init` first");
  auto settings = parse_json(as_text(*text));
  if (!settings || settings->integer_or("format") != 1)
    return refuse("vault.settings", "vault.json is damaged");

  KeyStore store;
  store.organisation_ = settings->string_or("organisation");
  store.log_origin_ = settings->string_or("log_origin");
  auto compliance = load_p256(home, "compliance");
  if (!compliance) return fail(compliance.error());
  auto recorder = load_p256(home, "recorder");
  if (!recorder) return fail(recorder.error());
  auto organisation = load_p256(home, "organisation");
  if (!organisation) return fail(organisation.error());
  for (int version = 1; fs::exists(key_path(home, "audit", version, ".seed")); ++version) {
    auto hex = read_secret(key_path(home, "audit", version, ".seed"));
    auto seed = hex ? from_hex(as_text(*hex)) : std::nullopt;
    if (!seed) return refuse("vault.key", "a key file is damaged, or not 0600: audit");
    auto key = crypto::Ed25519Key::from_seed(*seed);
    crypto::wipe(*seed);
    if (!key) return refuse("vault.key", "a key file is damaged: audit");
    store.audit_.emplace(version, std::move(*key));
  }
  store.compliance_ = std::move(*compliance);
  store.recorder_ = std::move(*recorder);
  store.organisation_keys_ = std::move(*organisation);
  if (store.compliance_.empty() || store.recorder_.empty() || store.audit_.empty())
    return refuse("vault.key", "a key is missing in the key store");
  if (!store.organisation_keys_.empty()) {
    store.organisation_public_ = store.organisation_keys_.rbegin()->second.public_key();
  } else {
    auto hex = read_file(home / "keys" / "organisation.pub");
    auto point = hex ? from_hex(as_text(*hex)) : std::nullopt;
    if (!point || point->size() != store.organisation_public_.size() || !crypto::p256_is_point(*point))
      return refuse("vault.key", "the organisation's public key is missing");
    std::copy(point->begin(), point->end(), store.organisation_public_.begin());
  }
  return store;
}

const crypto::P256Key* KeyStore::compliance_by_id(std::string_view id) const {
  for (const auto& [version, key] : compliance_)
    if (key_id(key.public_key()) == id) return &key;
  return nullptr;
}

std::vector<const crypto::P256Key*> KeyStore::compliance_keys() const {
  std::vector<const crypto::P256Key*> keys;
  for (const auto& [version, key] : compliance_) keys.push_back(&key);
  return keys;
}

std::vector<audit::VerifierKey> KeyStore::log_keys() const {
  std::vector<audit::VerifierKey> keys;
  for (const auto& [version, key] : audit_)
    keys.push_back(audit::make_verifier_key(log_origin_, key.public_key()));
  return keys;
}

const crypto::P256Key* KeyStore::organisation_key() const {
  return organisation_keys_.empty() ? nullptr : &organisation_keys_.rbegin()->second;
}

}  // namespace parlour::vault

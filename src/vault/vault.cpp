#include "vault/vault.h"

#include <algorithm>

#include "vault/container.h"

namespace parlour::vault {
namespace {

namespace fs = std::filesystem;

// Ids never become paths by themselves: a file's name is of our own making or it is none.
bool is_rendition_file(std::string_view name) {
  if (name.size() > 64 || !name.ends_with(".webm")) return false;
  name.remove_suffix(5);
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

template <class T>
Result<std::unique_ptr<T>, VaultRefusal> boxed(Result<T, VaultRefusal> made) {
  if (!made) return fail(made.error());
  return std::make_unique<T>(std::move(*made));
}

}  // namespace

Result<void, VaultRefusal> Vault::init(const fs::path& home, const KeyStoreOptions& options,
                                       std::optional<std::string> policy_file, UtcTime now) {
  if (policy_file && !options.with_organisation_key)
    return refuse("vault.settings",
                  "a policy file needs --with-organisation-key; or sign it elsewhere and put it");
  if (auto entered = private_directory(home); !entered) return entered;
  if (fs::exists(home / "vault.json"))
    return refuse("vault.exists", "there is a vault in this directory already");
  for (const char* folder : {"state", "jobs", "renditions"})
    if (auto made = private_directory(home / folder); !made) return made;
  // State before keys: vault.json, written last, says that all of it is there.
  fs::remove(home / "state" / "head.json");
  fs::remove(home / "state" / "policy.json");
  if (auto made = HeadSigner::init(home / "state" / "head.json"); !made) return made;
  auto keys = KeyStore::init(home, options);
  if (!keys) return fail(keys.error());
  if (options.with_organisation_key) {
    auto policies = PolicySigner::open(home / "state" / "policy.json", *keys);
    if (!policies) return fail(policies.error());
    auto started = policies->start(policy_file.value_or(R"({"types":[]})"), now);
    if (!started) fs::remove(home / "vault.json");  // not a vault yet: init can be run again
    return started;
  }
  return {};
}

Result<std::unique_ptr<Vault>, VaultRefusal> Vault::open(const VaultPlaces& places, Muxer& muxer,
                                                         Random& random, const Clock& clock,
                                                         std::string software) {
  std::unique_ptr<Vault> vault(new Vault(clock));
  auto keys = boxed(KeyStore::load(places.home));
  if (!keys) return fail(keys.error());
  vault->keys_ = std::move(*keys);
  vault->software_ = software;
  const fs::path state = places.home / "state";
  for (const char* folder : {"state", "jobs", "renditions"})
    if (auto entered = private_directory(places.home / folder); !entered) return fail(entered.error());
  auto heads =
      boxed(HeadSigner::open(state / "head.json", vault->keys_->log_origin(), vault->keys_->audit()));
  if (!heads) return fail(heads.error());
  vault->heads_ = std::move(*heads);
  auto policies = boxed(PolicySigner::open(state / "policy.json", *vault->keys_));
  if (!policies) return fail(policies.error());
  vault->policies_ = std::move(*policies);
  auto grants = boxed(Grants::open(state / "grants.log", random));
  if (!grants) return fail(grants.error());
  vault->grants_ = std::move(*grants);
  vault->acknowledger_ = std::make_unique<Acknowledger>(*vault->keys_);
  vault->renditions_ = places.home / "renditions";
  vault->jobs_ = std::make_unique<Jobs>(
      *vault->keys_, muxer, random, clock,
      JobPlaces{places.recordings, vault->renditions_, places.home / "jobs"}, std::move(software));
  return vault;
}

Result<crypto::Hash256, VaultRefusal> Vault::dek_check(const recording::PartEnvelope& envelope) const {
  auto dek = open_part_envelope(*keys_, envelope);
  if (!dek) return fail(dek.error());
  return recording::dek_check(dek->view(), envelope.recording, envelope.part);
}

Result<Token, VaultRefusal> Vault::grant(const recording::RecordingId& recording,
                                         const std::string& rendition, const std::string& session,
                                         const EntryProof& proof, const RenditionEnvelope& envelope) {
  const Now now = clock_.now();
  auto refused = [&](const VaultRefusal& why) {
    grants_->note_refusal(recording, rendition, why.code, now);
    return fail(why);
  };
  auto entry = prove_entry(proof, keys_->log_keys());
  if (!entry) return refused(entry.error());
  if (auto checked = grants_->check(*entry, recording, rendition, session, now); !checked)
    return refused(checked.error());
  if (envelope.rendition != rendition)
    return refused({"grant.rendition", "the envelope belongs to another rendition"});
  auto dek = open_rendition_envelope(*keys_, recording, envelope);
  if (!dek) return refused(dek.error());
  return grants_->issue(*entry, {recording, rendition, session, std::move(*dek)}, now);
}

fs::path Vault::container_path(const recording::RecordingId& recording, const std::string& file) const {
  return renditions_ / recording.text() / (file + ".sealed");
}

Result<std::pair<Token, std::vector<StreamFile>>, VaultRefusal> Vault::exchange(const Token& ticket,
                                                                                const std::string& session) {
  const Now now = clock_.now();
  auto handle = grants_->exchange(ticket, session, now);
  if (!handle) return fail(handle.error());
  const GrantedStream* stream = grants_->stream(*handle, now);
  std::vector<StreamFile> files;
  std::error_code error;
  for (const auto& found : fs::directory_iterator(renditions_ / stream->recording.text(), error)) {
    if (found.path().extension() != ".sealed") continue;
    const std::string name = found.path().stem().string();
    auto reader = ContainerReader::open(found.path(), stream->dek.view(), stream->recording, name);
    if (reader) files.push_back({name, reader->size()});
  }
  std::sort(files.begin(), files.end(),
            [](const StreamFile& a, const StreamFile& b) { return a.name < b.name; });
  return std::pair{*handle, std::move(files)};
}

Result<Bytes, VaultRefusal> Vault::range(const Token& handle, const std::string& file, std::uint64_t offset,
                                         std::size_t length) {
  const GrantedStream* stream = grants_->stream(handle, clock_.now());
  if (stream == nullptr) return refuse("grant.handle", "the handle is unknown or has expired");
  if (!is_rendition_file(file)) return refuse("rendition.missing", "there is no such file");
  auto reader = ContainerReader::open(container_path(stream->recording, file), stream->dek.view(),
                                      stream->recording, file);
  if (!reader) return fail(reader.error());
  return reader->read(offset, length);
}

}  // namespace parlour::vault

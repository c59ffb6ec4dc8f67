// parlour admin policy: the organisation's Policy where the operator holds the key (e2ee.md 2 and 3).
//
//   key      makes the key, on any machine            sign     signs a draft, on any machine, without a
//   database draft    says what is to be signed                install  checks what was signed and lets the
//   server use it
//
// The draft passes through the server's machine, so it is not believed: `sign` shows what it says and wants
// the recorder's fingerprint from elsewhere.
#include <sys/stat.h>

#include <iostream>

#include "base/encoding.h"
#include "commands.h"
#include "e2ee/policy_draft.h"
#include "files.h"
#include "home.h"
#include "options.h"
#include "vault_access.h"

namespace parlour::bin {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDayS = 86'400;
constexpr std::int64_t kDaysMax = 3'650;

int complain(const std::string& text) {
  std::cerr << "parlour admin policy: " << text << "\n";
  return 1;
}

std::string day(std::int64_t seconds) {
  return to_rfc3339(UtcTime{seconds * 1'000'000}).substr(0, 10);
}

std::string words(const e2ee::PolicyType& type) {
  std::string out = "  " + type.type_id + " version " + std::to_string(type.version) + ": ";
  switch (type.record) {
    case e2ee::RecordRule::kRequired:
      out += "must be recorded";
      break;
    case e2ee::RecordRule::kOptional:
      out += "may be recorded";
      break;
    case e2ee::RecordRule::kNever:
      return out + "never recorded";
  }
  if (type.kinds.audio && type.kinds.pictures)
    out += ", sound and pictures";
  else
    out += type.kinds.audio ? ", sound only" : ", pictures only";
  return out + (type.pause_max_s == 0
                    ? ", no pause"
                    : ", pauses of at most " + std::to_string(type.pause_max_s) + " s together");
}

void print(const e2ee::Policy& policy) {
  std::cout << "Organisation: " << policy.org << "\n"
            << "Version:      " << policy.version << "\n"
            << "Valid:        " << day(policy.rec.not_before_s) << " to " << day(policy.rec.expires_s) << "\n"
            << "Recorder:     " << e2ee::recorder_fingerprint(policy.rec.kem, policy.rec.sig) << "\n"
            << "Meeting types that may be used:\n";
  for (const e2ee::PolicyType& type : policy.types) std::cout << words(type) << "\n";
}

int make_key(const Arguments& arguments) {
  auto options = Options::read(arguments, {"out"});
  if (!options) return complain(options.error());
  auto out = options->get("out");
  if (!out || !options->positional.empty()) return complain("key --out FILE");
  crypto::P256Key key = crypto::P256Key::generate();
  if (!create_file(*out, key.to_pem(), 0600))
    return complain(*out + " is there already, or cannot be written.");
  const std::string public_file = *out + ".pub";
  if (!create_file(public_file, to_hex(key.public_key()) + "\n", 0644)) {
    std::error_code error;
    fs::remove(*out, error);
    return complain(public_file + " is there already, or cannot be written.");
  }
  std::cout << "Organisation key " << e2ee::key_name(key.public_key()) << " is in " << *out
            << " (keep it and a copy; nobody else may read it),\nits public half in " << public_file << ".\n"
            << "Next, on the vault's machine:  parlour-vault init … --organisation-public " << public_file
            << "\n";
  return 0;
}

// The newest of what the database and the vault know: versions rise whichever of them was restored from a
// backup.
std::optional<e2ee::Policy> newest_policy(Home& home, const vault_link::VaultInfo& info) {
  std::optional<e2ee::Policy> newest;
  for (const std::string& text : {home.policy().value_or(""), info.policy}) {
    // Also one by a former organisation key, or of an earlier form: its version counts.
    auto message = e2ee::parse_signed_message(text);
    if (!message) continue;
    auto policy = e2ee::policy_of_any_form(*message);
    if (policy && (!newest || newest->version < policy->version)) newest = *policy;
  }
  return newest;
}

struct Place {
  std::unique_ptr<Home> home;
  std::unique_ptr<VaultAccess> vault;
  vault_link::VaultInfo info;
};

Result<Place, std::string> open_place(const Options& options) {
  auto directory = options.get("home");
  if (!directory) return fail(std::string("--home is needed."));
  if (!fs::exists(fs::path(*directory) / "parlour.db"))
    return fail("There is no Parlour in " + *directory + ".");
  Place place;
  auto home = Home::open(*directory);
  if (!home) return fail(home.error());
  place.home = std::move(*home);
  auto vault = VaultAccess::connect(options, *directory);
  if (!vault) return fail(vault.error());
  place.vault = std::move(*vault);
  auto info = place.vault->info();
  if (!info) return fail(info.error());
  place.info = std::move(*info);
  return place;
}

int make_draft(const Arguments& arguments) {
  auto options = Options::read(arguments, {"home", "vault", "vault-uid", "days", "out"});
  if (!options) return complain(options.error());
  auto out = options->get("out");
  if (!out || !options->positional.empty())
    return complain("draft --home DIR [--vault SOCKET] [--vault-uid USER] [--days N] --out FILE");
  char* end = nullptr;
  const std::string days_text = options->get_or("days", "400");
  const long days = std::strtol(days_text.c_str(), &end, 10);
  if (*end != '\0' || days < 1 || days > kDaysMax)
    return complain("--days is a number from 1 to " + std::to_string(kDaysMax) + ".");
  auto place = open_place(*options);
  if (!place) return complain(place.error());
  if (place->info.signs_policy)
    return complain("The vault holds the organisation key and signs by itself; there is nothing to do here.");

  e2ee::PolicyDraft draft;
  draft.root = place->info.organisation_key;
  e2ee::Policy& policy = draft.policy;
  policy.org = place->info.organisation;
  const std::optional<e2ee::Policy> previous = newest_policy(*place->home, place->info);
  policy.version = previous ? previous->version + 1 : 1;
  for (const app::MeetingType& type : place->home->published_types()) {
    auto listed = e2ee::policy_type_of(type.id.text(), type.version, type.document);
    if (!listed)
      return complain("The document of " + type.id.text() + " version " + std::to_string(type.version) +
                      " cannot be read.");
    policy.types.push_back(std::move(*listed));
  }
  const std::int64_t now_s = place->home->now().us / 1'000'000;
  // Clocks of browsers may be behind this one.
  policy.rec = {place->info.recorder_key_id, place->info.recorder_kem, place->info.recorder_sig,
                now_s - kDayS, now_s + days * kDayS};
  if (auto checked = e2ee::check_next_policy(policy, previous ? &*previous : nullptr, place->home->now());
      !checked)
    return complain(checked.error().text + ".");
  const std::string text = write_policy_draft(draft);
  if (auto again = e2ee::parse_policy_draft(text); !again)
    return complain("This does not fit one Policy (" + again.error().text +
                    "): " + std::to_string(policy.types.size()) + " type versions.");
  std::error_code error;
  if (!write_private(*out, text)) return complain(*out + " cannot be written.");
  print(policy);
  std::cout
      << "\nThe draft is in " << *out << ". Nothing is in force yet.\n"
      << "Next, where the organisation key is:  parlour admin policy sign --key KEY --recorder 'FINGERPRINT' "
      << *out << "\n"
      << "FINGERPRINT is what `parlour-vault init` printed (`parlour-vault public --home DIR` prints it "
         "again).\n";
  return 0;
}

int sign_draft(const Arguments& arguments) {
  auto options = Options::read(arguments, {"key", "recorder", "out"});
  if (!options) return complain(options.error());
  auto key_file = options->get("key");
  auto recorder = options->get("recorder");
  if (!key_file || !recorder || options->positional.size() != 1)
    return complain("sign --key FILE --recorder FINGERPRINT [--out FILE] DRAFT");
  const std::string& file = options->positional.front();
  struct stat status {};
  if (::stat(key_file->c_str(), &status) != 0) return complain(*key_file + " cannot be read.");
  if ((status.st_mode & 077) != 0) return complain(*key_file + " can be read by others: chmod 600 it first.");
  auto pem = read_file(*key_file, 64 * 1024);
  auto key = pem ? crypto::P256Key::from_pem(*pem) : fail(crypto::CryptoError::kBadKey);
  if (pem) crypto::wipe({reinterpret_cast<std::uint8_t*>(pem->data()), pem->size()});
  if (!key) return complain(*key_file + " holds no P-256 key.");
  auto text = read_file(file, e2ee::kDraftSizeMax);
  if (!text) return complain(file + " cannot be read.");
  auto draft = e2ee::parse_policy_draft(*text);
  if (!draft) return complain(file + ": " + draft.error().text + ".");
  auto message = e2ee::sign_policy_draft(*draft, *key, *recorder, runtime::SystemClock().now().utc);
  if (!message) {
    const e2ee::PolicyRefusal& why = message.error();
    if (why.code == "draft.key")
      return complain("Not signed: the draft is for organisation key " + e2ee::key_name(draft->root) +
                      ", and " + *key_file + " is " + e2ee::key_name(key->public_key()) + ".");
    if (why.code == "draft.recorder")
      return complain("Not signed: the draft names a recorder with the fingerprint\n  " +
                      e2ee::recorder_fingerprint(draft->policy.rec.kem, draft->policy.rec.sig) +
                      "\nand that is not what you gave. If you compared rightly, somebody put other keys "
                      "into the draft.");
    return complain("Not signed: " + why.text + (why.code == "draft.expired" ? "; make a new one." : "."));
  }
  const std::string out = options->get_or("out", file + ".signed");
  if (!create_file(out, *message, 0644)) return complain(out + " is there already, or cannot be written.");
  print(draft->policy);
  std::cout << "\nThis is signed now, in " << out << ".\n"
            << "Next, on the server's machine:  parlour admin policy install --home DIR " << out << "\n";
  return 0;
}

// What the Policy says of a type version is what was published as that version.
std::optional<std::string> differs_from_published(const e2ee::Policy& policy,
                                                  const std::vector<app::MeetingType>& published) {
  for (const app::MeetingType& type : published) {
    const std::string id = type.id.text();
    const e2ee::PolicyType* listed = policy.find_type(id, static_cast<std::uint32_t>(type.version));
    if (listed != nullptr && e2ee::policy_type_of(id, type.version, type.document) != *listed)
      return id + " version " + std::to_string(type.version);
  }
  return std::nullopt;
}

int install(const Arguments& arguments) {
  auto options = Options::read(arguments, {"home", "vault", "vault-uid"});
  if (!options) return complain(options.error());
  if (options->positional.size() != 1)
    return complain("install --home DIR [--vault SOCKET] [--vault-uid USER] SIGNED");
  const std::string& file = options->positional.front();
  auto text = read_file(file, e2ee::kDraftSizeMax);
  if (!text) return complain(file + " cannot be read.");
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  auto place = open_place(*options);
  if (!place) return complain(place.error());
  auto refused = [&](const std::string& why) {
    return complain("Not installed: " + why + ". What was in force stays in force.");
  };
  auto policy = e2ee::read_signed_policy(*text, place->info.organisation_key);
  if (!policy) return refused(policy.error().text);
  const std::optional<std::string> current = place->home->policy();
  if (current && *current == *text) {
    std::cout << "Version " << policy->version << " is in force already.\n";
    return 0;
  }
  std::optional<e2ee::Policy> previous = newest_policy(*place->home, place->info);
  if (auto next = e2ee::check_next_policy(*policy, previous ? &*previous : nullptr, place->home->now());
      !next)
    return refused(next.error().text);
  const std::vector<app::MeetingType> published = place->home->published_types();
  if (auto other = differs_from_published(*policy, published))
    return refused("it says of " + *other + " what was not published");
  // The vault judges for itself; it keeps a Policy only for its own keys. The same one again is no fault.
  if (auto put = place->vault->put_policy(*text); !put)
    return refused("the vault refuses it: " + put.error());
  place->home->keep_policy(*text, e2ee::key_name(place->info.organisation_key));
  print(*policy);
  std::cout << "\nVersion " << policy->version
            << " is in force: calls that begin from now on use it. It is in the audit log.\n";
  for (const app::MeetingType& type : published)
    if (policy->find_type(type.id.text(), static_cast<std::uint32_t>(type.version)) == nullptr)
      std::cout << "Not usable, because not listed: " << type.id.text() << " version " << type.version
                << "\n";
  return 0;
}

}  // namespace

int policy(const std::string& verb, const Arguments& arguments) {
  if (verb == "key") return make_key(arguments);
  if (verb == "draft") return make_draft(arguments);
  if (verb == "sign") return sign_draft(arguments);
  if (verb == "install") return install(arguments);
  return complain("key|draft|sign|install");
}

}  // namespace parlour::bin

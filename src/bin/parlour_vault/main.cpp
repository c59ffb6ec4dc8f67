// parlour-vault: holds the compliance key, apart from serve (design.md 1). Wires key store, link and muxer;
// decides nothing.
//
//   parlour-vault init --home DIR --organisation NAME --origin DOMAIN/audit
//                      (--with-organisation-key [--policy FILE] | --organisation-public FILE)
//   parlour-vault public --home DIR
//   parlour-vault run  --home DIR --socket PATH --recordings DIR [--serve-uid USER]
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/format/note.h"
#include "base/encoding.h"
#include "crypto/random.h"
#include "e2ee/policy_draft.h"
#include "mux_ffmpeg/child.h"
#include "mux_ffmpeg/process_muxer.h"
#include "vault/files.h"
#include "vault/vault.h"
#include "vault_link/peer.h"
#include "vault_link/server.h"

namespace parlour {
namespace {

constexpr std::string_view kUsage =
    "parlour-vault init --home DIR --organisation NAME --origin DOMAIN/audit\n"
    "                   (--with-organisation-key [--policy FILE] | --organisation-public FILE)\n"
    "parlour-vault public --home DIR                                              what others may know of "
    "its keys\n"
    "parlour-vault run  --home DIR --socket PATH --recordings DIR [--serve-uid USER]\n";

class SystemClock final : public Clock {
 public:
  Now now() const override {
    using namespace std::chrono;
    return {{duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count()},
            {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()}};
  }
};

using Options = std::map<std::string, std::string, std::less<>>;

// --name value pairs; names in `flags` take no value. Nothing, with words on stderr, for anything unknown.
std::optional<Options> read_options(const std::vector<std::string_view>& words,
                                    const std::vector<std::string_view>& names,
                                    const std::vector<std::string_view>& flags) {
  Options options;
  auto among = [](std::string_view word, const std::vector<std::string_view>& list) {
    for (std::string_view item : list)
      if (word == item) return true;
    return false;
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word(words[i]);
    if (among(word, flags)) {
      options[word] = "yes";
    } else if (among(word, names) && i + 1 < words.size()) {
      options[word] = words[++i];
    } else {
      std::cerr << "parlour-vault: unknown or incomplete option " << word << "\n" << kUsage;
      return std::nullopt;
    }
  }
  return options;
}

int refused(const vault::VaultRefusal& why) {
  std::cerr << "parlour-vault: " << why.text << " (" << why.code << ")\n";
  return 1;
}

// Keys must not reach a core file or a debugger of the same user.
void protect_memory() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int print_public(const std::filesystem::path& home) {
  auto keys = vault::KeyStore::load(home);
  if (!keys) return refused(keys.error());
  std::cout << "log key:              " << keys->log_keys().back().text() << "\n"
            << "organisation key:     " << to_hex(keys->organisation_public()) << "\n"
            << "its fingerprint:      " << e2ee::organisation_fingerprint(keys->organisation_public())
            << "   (every browser shows it in Security: print it where people can compare)\n"
            << "recorder key id:      " << keys->compliance_id() << "\n"
            << "recorder fingerprint: "
            << e2ee::recorder_fingerprint(keys->compliance().public_key(), keys->recorder().public_key())
            << "\n";
  return 0;
}

int init(const Options& options) {
  vault::KeyStoreOptions settings;
  if (!options.contains("--home") || !options.contains("--organisation") || !options.contains("--origin")) {
    std::cerr << kUsage;
    return 2;
  }
  settings.organisation = options.at("--organisation");
  settings.log_origin = options.at("--origin");
  settings.with_organisation_key = options.contains("--with-organisation-key");
  if (options.contains("--organisation-public")) {
    auto text = vault::read_file(options.at("--organisation-public"));
    std::string hex = text ? to_string(*text) : "";
    while (!hex.empty() && (hex.back() == '\n' || hex.back() == ' ')) hex.pop_back();
    auto point = from_hex(hex);
    crypto::P256Point key{};
    if (!point || point->size() != key.size()) {
      std::cerr << "parlour-vault: --organisation-public must name a file with 65 bytes in hex\n";
      return 1;
    }
    std::copy(point->begin(), point->end(), key.begin());
    settings.organisation_public = key;
  }
  std::optional<std::string> policy;
  if (options.contains("--policy")) {
    auto text = vault::read_file(options.at("--policy"));
    if (!text) {
      std::cerr << "parlour-vault: the policy file cannot be read\n";
      return 1;
    }
    policy = to_string(*text);
  }
  const std::filesystem::path home = options.at("--home");
  if (auto made = vault::Vault::init(home, settings, policy, SystemClock().now().utc); !made)
    return refused(made.error());
  return print_public(home);
}

int run(const Options& options) {
  if (!options.contains("--home") || !options.contains("--socket") || !options.contains("--recordings")) {
    std::cerr << kUsage;
    return 2;
  }
  vault_link::VaultServer::Config link{options.at("--socket"), {}};
  if (options.contains("--serve-uid")) {
    auto uid = vault_link::uid_from_text(options.at("--serve-uid"));
    if (!uid) {
      std::cerr << "parlour-vault: --serve-uid: there is no user " << options.at("--serve-uid") << "\n";
      return 2;
    }
    link.peers.push_back(*uid);
  }
  const std::string& recordings = options.at("--recordings");
  // Not there yet is serve's business; not to be read is found out now, not when the first call has ended.
  if (::access(recordings.c_str(), R_OK | X_OK) != 0 && errno != ENOENT) {
    std::cerr
        << "parlour-vault: this user cannot read " << recordings << ": " << std::strerror(errno)
        << ". Where serve runs under another user the directory belongs to this user's group, mode 2750\n";
    return 1;
  }
  const std::filesystem::path home = options.at("--home");
  // Two vaults over one home could sign two heads of one size.
  const int lock = ::open((home / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    std::cerr << "parlour-vault: another vault runs in this home, or there is none\n";
    return 1;
  }

  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const int stop = ::signalfd(-1, &signals, SFD_CLOEXEC);

  SystemClock clock;
  crypto::SystemRandom random;
  mux_ffmpeg::ProcessMuxer muxer;
  auto vault = vault::Vault::open({home, recordings}, muxer, random, clock, "parlour-vault/" PARLOUR_VERSION);
  if (!vault) return refused(vault.error());
  auto server = vault_link::VaultServer::listen(**vault, clock, std::move(link));
  if (!server) return refused(server.error());
  std::cerr << "parlour-vault: ready\n";
  server->run(stop);
  return 0;
}

int dispatch(const std::vector<std::string_view>& words) {
  if (words.size() == 1 && words[0] == mux_ffmpeg::kMuxChildArgument) return mux_ffmpeg::run_mux_child();
  protect_memory();
  ::umask(0077);
  const std::string_view command = words.empty() ? "" : words[0];
  const std::vector<std::string_view> rest(words.empty() ? words.end() : words.begin() + 1, words.end());
  if (command == "init") {
    auto options =
        read_options(rest, {"--home", "--organisation", "--origin", "--policy", "--organisation-public"},
                     {"--with-organisation-key"});
    return options ? init(*options) : 2;
  }
  if (command == "public") {
    auto options = read_options(rest, {"--home"}, {});
    if (options && options->contains("--home")) return print_public(options->at("--home"));
    std::cerr << kUsage;
    return 2;
  }
  if (command == "run") {
    auto options = read_options(rest, {"--home", "--socket", "--recordings", "--serve-uid"}, {});
    return options ? run(*options) : 2;
  }
  std::cerr << kUsage;
  return 2;
}

}  // namespace
}  // namespace parlour

int main(int argc, char** argv) {
  return parlour::dispatch({argv + 1, argv + argc});
}

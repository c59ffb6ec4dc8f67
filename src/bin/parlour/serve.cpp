// parlour serve: builds everything, knows every concrete type, decides nothing.
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "api/api.h"
#include "app/types.h"
#include "base/encoding.h"
#include "call_rules/call_rules.h"
#include "capture/capture.h"
#include "commands.h"
#include "crypto/certificate.h"
#include "home.h"
#include "http/server.h"
#include "http/static_files.h"
#include "log/json_log.h"
#include "media_bridge/media_bridge.h"
#include "options.h"
#include "vault_bridge/vault_bridge.h"

namespace parlour::bin {
namespace {

namespace fs = std::filesystem;

struct Settings {
  fs::path home, web, recordings;
  std::string address = "127.0.0.1";
  int port = 8443;
  std::string host = "localhost";       // the name in links and in the certificate
  std::vector<std::string> media_addresses;
  int media_port = 0;                   // 0: the HTTPS port's number
  std::string vault_socket;
  std::string organisation = "Example Bank";
  std::uint64_t free_bytes_min = 512ull << 20;
};

Result<Settings, std::string> read_settings(const Arguments& arguments) {
  auto options = Options::read(arguments, {"home", "web", "recordings", "address", "port", "host", "media-address", "media-port",
                                           "vault", "organisation", "free-mib-min"});
  if (!options) return fail(options.error());
  if (!options->positional.empty()) return fail("What is " + options->positional.front() + "?");
  Settings out;
  if (!options->has("home")) return fail(std::string("--home is needed."));
  out.home = *options->get("home");
  out.web = options->get_or("web", "web/dist");
  out.recordings = options->get_or("recordings", (out.home / "recordings").string());
  out.address = options->get_or("address", out.address);
  out.host = options->get_or("host", out.host);
  out.vault_socket = options->get_or("vault", (out.home / "vault.sock").string());
  out.organisation = options->get_or("organisation", out.organisation);
  auto number = [&](const char* name, long fallback, long most) -> std::optional<long> {
    auto text = options->get(name);
    if (!text) return fallback;
    char* end = nullptr;
    long value = std::strtol(text->c_str(), &end, 10);
    if (text->empty() || *end != '\0' || value < 0 || value > most) return std::nullopt;
    return value;
  };
  auto port = number("port", 8443, 65535);
  auto media_port = number("media-port", 0, 65535);
  auto free_mib = number("free-mib-min", 512, 1 << 24);
  if (!port || !media_port || !free_mib) return fail(std::string("A number is not one, or out of range."));
  out.port = static_cast<int>(*port);
  out.media_port = static_cast<int>(*media_port);
  out.free_bytes_min = static_cast<std::uint64_t>(*free_mib) << 20;
  out.media_addresses.push_back(options->get_or("media-address", out.address));
  return out;
}

std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

bool write_private(const fs::path& path, std::string_view text) {
  mode_t old = umask(0077);
  fs::path temporary = path;
  temporary += ".new";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  umask(old);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  std::error_code error;
  if (!file) return false;
  fs::rename(temporary, path, error);
  return !error;
}

// HTTPS certificate from <home>/tls, made when there is none.
Result<std::pair<std::string, std::string>, std::string> tls_files(const Settings& settings, UtcTime now) {
  fs::path directory = settings.home / "tls";
  auto certificate = read_file(directory / "certificate.pem");
  auto key = read_file(directory / "key.pem");
  if (certificate && key) return std::pair(*certificate, *key);
  std::error_code error;
  fs::create_directories(directory, error);
  auto made = crypto::Certificate::make_self_signed(settings.host, {settings.address}, now - 1h, 24h * 365);
  if (!made) return fail(std::string("A certificate could not be made."));
  if (!write_private(directory / "certificate.pem", made->certificate_pem()) || !write_private(directory / "key.pem", made->private_key_pem()))
    return fail("The certificate cannot be written to " + directory.string());
  return std::pair(made->certificate_pem(), made->private_key_pem());
}

// SHA-256 of the running program, for server.started.
std::string own_hash() {
  auto bytes = read_file("/proc/self/exe");
  return bytes ? to_hex(crypto::sha256(as_bytes(*bytes))) : std::string(64, '0');
}

int complain(const std::string& text) {
  std::cerr << "parlour serve: " << text << "\n";
  return 1;
}

// Everything that runs, in the order in which it is built; taken down in the opposite order.
class Serve {
 public:
  explicit Serve(Settings settings)
      : settings_(std::move(settings)),
        log_(JsonLog::to_stderr(clock_, LogLevel::kInfo)),
        executor_(clock_, [this](std::string_view failure) { log_->error("store.failed", {{"text", std::string(failure)}}); }),
        passwords_(executor_) {}

  int run() {
    std::error_code error;
    fs::create_directories(settings_.recordings, error);
    if (error) return complain("the directory cannot be made: " + settings_.recordings.string());
    fs::permissions(settings_.home, fs::perms::owner_all, error);
    Now now = clock_.now();
    auto opened = store_sqlite::SqliteStore::open(settings_.home / "parlour.db", now.utc);
    if (!opened) return complain("the database cannot be opened: " + opened.error());
    store_ = std::move(*opened);
    audit_ = std::make_unique<store_sqlite::SqliteAuditLog>(*store_, clock_, random_, boot_id());
    if (auto loaded = audit_->load(); !loaded) return complain(loaded.error());
    if (auto root = from_base64url(read_file(settings_.home / "organisation.pub").value_or(""))) {
      crypto::P256Point point{};
      if (root->size() == point.size()) {
        std::copy(root->begin(), root->end(), point.begin());
        rules_.set_root(point);
      }
    }
    auto tls = tls_files(settings_, now.utc);
    if (!tls) return complain(tls.error());
    auto web = http::StaticFiles::load(settings_.web);
    if (!web) return complain("the web client: " + web.error());
    auto certificate = crypto::Certificate::make_self_signed("parlour", {}, now.utc - 24h, 24h * 30);
    if (!certificate) return complain("a DTLS certificate could not be made");

    udp::UdpHostConfig udp;
    auto udp_port = static_cast<std::uint16_t>(settings_.media_port != 0 ? settings_.media_port : settings_.port);
    auto address = rtc::Address::parse_ip(settings_.address, udp_port);
    if (!address) return complain("--address is no IP address");
    udp.bind = *address;
    for (const std::string& text : settings_.media_addresses) {
      auto candidate = rtc::Address::parse_ip(text, udp_port);
      if (!candidate) return complain("--media-address is no IP address");
      udp.candidates.push_back(*candidate);
    }
    udp.certificate = &*certificate;
    udp.random = &media_random_;
    auto media = media_bridge::MediaBridge::start(udp, executor_, clock_);
    if (!media) return complain("media: " + media.error());
    media_ = std::move(*media);
    capture_ = std::make_unique<capture::CaptureService>(capture::CaptureConfig{settings_.recordings, settings_.free_bytes_min}, *media_,
                                                         executor_, clock_, random_);
    vault_ = std::make_unique<vault_bridge::VaultBridge>(vault_link::VaultClient::Config{settings_.vault_socket, std::nullopt}, executor_,
                                                         *audit_, [this](const vault_link::VaultInfo& info) { met_vault(info); });
    base_url_ = "https://" + settings_.host + (settings_.port == 443 ? "" : ":" + std::to_string(settings_.port));
    context_.reset(new app::Context{{settings_.organisation, base_url_}, clock_, random_, executor_, digest_, passwords_, *store_, *store_,
                                    *store_, *store_, *store_, *store_, *store_, *audit_, *store_, rules_, *media_, *capture_, *vault_});
    accounts_ = std::make_unique<app::Accounts>(*context_);
    meetings_ = std::make_unique<app::Meetings>(*context_);
    guests_ = std::make_unique<app::Guests>(*context_, *meetings_);
    types_ = std::make_unique<app::Types>(*context_);
    recordings_ = std::make_unique<app::Recordings>(*context_);
    jobs_ = std::make_unique<app::RecordingJobs>(*context_);
    audit_views_ = std::make_unique<app::AuditViews>(*context_);
    live_ = std::make_unique<app::LiveMeetings>(*context_, *accounts_, *guests_, [this] { jobs_->run_pending(); });
    meetings_->on_cancelled = [this](const app::MeetingId& id) { live_->cancelled(id); };
    meetings_->on_link_replaced = [this](const app::MeetingId& id) { live_->link_replaced(id); };
    vault_->on_up_changed([this](bool up) {
      log_->info(up ? "vault.up" : "vault.down");
      live_->on_vault_up(up);
      if (!up) return;
      jobs_->run_pending();
      sign_policy();
    });

    {
      app::AuditRecord record;
      record.type = "server.started";
      record.data.set("version", PARLOUR_VERSION);
      record.data.set("binary_sha256", own_hash());
      app::note(*context_, std::move(record));
    }
    // Signals go to one thread that stops the executor; the others never see them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    std::thread waiter([&] {
      int received = 0;
      sigwait(&signals, &received);
      executor_.stop();
    });

    api_ = std::make_unique<api::Api>(api::UseCases{*context_, *accounts_, *meetings_, *guests_, *live_, *recordings_, *audit_views_,
                                                    PARLOUR_VERSION, log_key_},
                                      executor_, base_url_);
    http::Router router;
    api_->add_routes(router);
    router.set_fallback([files = std::move(*web)](http::Request request, http::Reply reply) { files.handle(request, reply); });
    http::ServerConfig server;
    server.addresses = {settings_.address};
    server.port = static_cast<std::uint16_t>(settings_.port);
    server.certificate_pem = tls->first;
    server.private_key_pem = tls->second;
    server.base_origin = base_url_;
    server.log = log_.get();
    auto started = http::Server::start(std::move(server), router);
    if (!started) {
      executor_.stop();
      pthread_kill(waiter.native_handle(), SIGTERM);
      waiter.join();
      return complain("HTTPS: " + started.error().text);
    }
    live_->restore();
    recordings_->close_left_open();
    each(60s, [this] {
      if (audit_->news()) audit_->checkpoint([](bool) {});
      meetings_->expire_old();
      recordings_->close_stale();
    });
    each(2s, [this] {
      recordings_->close_ended_sessions();
      jobs_->run_pending();
      if (vault_->up()) sign_policy();
    });
    executor_.after(0s, [this] { tell_ready(); });
    log_->info("server.started", {{"port", settings_.port}});
    executor_.run();
    log_->info("server.stopping");
    (*started)->stop(2s);
    waiter.join();
    try {
      recordings_->close_all();
      app::AuditRecord record;
      record.type = "server.stopped";
      record.data.set("cause", "signal");
      app::note(*context_, std::move(record));
    } catch (const app::StoreFailure&) {
      log_->error("store.failed", {{"text", "server.stopped was not written"}});
    }
    fs::remove(settings_.home / "serve.json", error);
    live_.reset();
    api_.reset();
    vault_.reset();
    media_->stop();  // the shard's thread ends: nobody calls the recorders any more
    capture_.reset();
    media_.reset();
    return 0;
  }

 private:
  void each(Duration period, std::function<void()> run) {
    executor_.after(period, [this, period, run] {
      each(period, run);
      run();
    });
  }

  // The vault has said who it is: its keys are what everything else hangs on.
  void met_vault(const vault_link::VaultInfo& info) {
    rules_.set_root(info.organisation_key);
    // Kept, so that calls go on after a restart before the vault has answered.
    std::string root = to_base64url(info.organisation_key);
    if (read_file(settings_.home / "organisation.pub").value_or("") != root) (void)write_private(settings_.home / "organisation.pub", root);
    capture_->set_compliance_key(info.recorder_key_id, info.recorder_kem);
    audit::VerifierKey key = audit::make_verifier_key(info.log_origin, info.log_key);
    audit_->set_signer(vault_->head_signer(), info.log_origin, {key});
    log_key_ = info.log_key_text;
    if (api_) api_->set_log_key(log_key_);
    if (context_ && context_->audit.entries({.type = "log.key", .limit = 1}).empty()) {
      app::AuditRecord record;
      record.type = "log.key";
      record.data.set("key_id", key.id_text());
      record.data.set("algorithm", "ed25519");
      app::note(*context_, std::move(record));
    }
  }

  // Types that were published since the last Policy become usable when one lists them.
  void sign_policy() {
    if (signing_ || !vault_->info() || !vault_->info()->signs_policy) return;
    signing_ = true;
    types_->sign_policy([this](bool good) {
      signing_ = false;
      if (!good) log_->warning("policy.not_signed");
      policy_known_ = good;
    });
  }

  // Scripts wait for this file: it says that people can come.
  void tell_ready() {
    bool vault_ready = vault_->up() && policy_known_;
    if (!vault_ready && ++ready_tries_ < 20) {
      executor_.after(100ms, [this] { tell_ready(); });
      return;
    }
    Json ready = JsonObject{{"base_url", base_url_}, {"log_key", log_key_}, {"pid", static_cast<std::int64_t>(getpid())},
                            {"vault", vault_->up() ? "up" : "down"}};
    if (!write_private(settings_.home / "serve.json", write_json(ready))) log_->error("serve_json.not_written");
  }

  Settings settings_;
  runtime::SystemClock clock_;
  crypto::SystemRandom random_;
  crypto::SystemRandom media_random_;
  std::unique_ptr<JsonLog> log_;
  runtime::Executor executor_;
  runtime::Sha256Digest digest_;
  runtime::PasswordService passwords_;
  call_rules::ChainRulesFactory rules_;
  std::string base_url_, log_key_;
  bool signing_ = false, policy_known_ = false;
  int ready_tries_ = 0;
  std::unique_ptr<store_sqlite::SqliteStore> store_;
  std::unique_ptr<store_sqlite::SqliteAuditLog> audit_;
  std::unique_ptr<media_bridge::MediaBridge> media_;
  std::unique_ptr<capture::CaptureService> capture_;
  std::unique_ptr<vault_bridge::VaultBridge> vault_;
  std::unique_ptr<app::Context> context_;
  std::unique_ptr<app::Accounts> accounts_;
  std::unique_ptr<app::Meetings> meetings_;
  std::unique_ptr<app::Guests> guests_;
  std::unique_ptr<app::Types> types_;
  std::unique_ptr<app::Recordings> recordings_;
  std::unique_ptr<app::RecordingJobs> jobs_;
  std::unique_ptr<app::AuditViews> audit_views_;
  std::unique_ptr<app::LiveMeetings> live_;
  std::unique_ptr<api::Api> api_;
};

}  // namespace

int serve(const Arguments& arguments) {
  auto settings = read_settings(arguments);
  if (!settings) return complain(settings.error());
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  std::error_code error;
  fs::create_directories(settings->home, error);
  try {
    return Serve(std::move(*settings)).run();
  } catch (const app::StoreFailure& failure) {
    return complain(std::string("the database refused: ") + failure.what());
  }
}

}  // namespace parlour::bin

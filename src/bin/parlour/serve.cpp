// parlour serve: builds everything, knows every concrete type, decides nothing.
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "api/api.h"
#include "app/recording_jobs.h"
#include "app/types.h"
#include "audit/format/checkpoint.h"
#include "base/encoding.h"
#include "call_rules/call_rules.h"
#include "capture/capture.h"
#include "closed_house.h"
#include "commands.h"
#include "crypto/certificate.h"
#include "crypto/hash.h"
#include "descriptors.h"
#include "e2ee/policy_draft.h"
#include "files.h"
#include "home.h"
#include "home_lock.h"
#include "http/server.h"
#include "http/static_files.h"
#include "link_key.h"
#include "log/json_log.h"
#include "media_bridge/media_bridge.h"
#include "media_port.h"
#include "options.h"
#include "vault_bridge/vault_bridge.h"
#include "vault_link/peer.h"

namespace parlour::bin {
namespace {

namespace fs = std::filesystem;

struct Settings {
  fs::path home, web, recordings;
  std::string address = "127.0.0.1";
  int port = 8443;
  std::string host = "localhost";        // the name in links and in the certificate
  std::vector<rtc::Address> candidates;  // what browsers are told to send media to
  std::string vault_socket;
  std::optional<uid_t> vault_uid;  // of another user; its group reads the recordings
  std::string organisation = "Example Bank";
  std::string contact_telephone;  // "": none is shown
  std::uint64_t free_bytes_min = 512ull << 20;
};

// A number as it is printed on paper: shown as it was given, and dialled by its digits.
bool is_telephone(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() >= 3 && text.size() <= 32 && std::count_if(text.begin(), text.end(), digit) >= 3 &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return digit(c) || std::string_view(" +()-./").find(c) != std::string_view::npos;
         });
}

Result<Settings, std::string> read_settings(const Arguments& arguments) {
  auto options = Options::read(
      arguments, {"home", "web", "recordings", "address", "port", "host", "media-address", "media-port",
                  "vault", "vault-uid", "organisation", "contact-telephone", "free-mib-min"});
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
  if (auto text = options->get("vault-uid")) {
    out.vault_uid = vault_link::uid_from_text(*text);
    if (!out.vault_uid) return fail("--vault-uid: there is no user " + *text + ".");
    if (*out.vault_uid == ::geteuid()) out.vault_uid.reset();
  }
  out.organisation = options->get_or("organisation", out.organisation);
  out.contact_telephone = options->get_or("contact-telephone", "");
  if (options->has("contact-telephone") && !is_telephone(out.contact_telephone))
    return fail(std::string("--contact-telephone: digits, spaces and + ( ) - . / only, 3 to 32 of them."));
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
  out.free_bytes_min = static_cast<std::uint64_t>(*free_mib) << 20;
  // Before anything is opened: an installation that nobody could speak through does not start.
  const auto udp_port = static_cast<std::uint16_t>(*media_port != 0 ? *media_port : *port);
  auto candidate = rtc::Address::parse_ip(options->get_or("media-address", out.address), udp_port);
  if (!candidate) return fail(std::string("--media-address is no IP address."));
  out.candidates.push_back(*candidate);
  if (auto refusal = media_refusal(out.candidates)) return fail(*refusal);
  return out;
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
  if (!write_private(directory / "certificate.pem", made->certificate_pem()) ||
      !write_private(directory / "key.pem", made->private_key_pem()))
    return fail("The certificate cannot be written to " + directory.string());
  return std::pair(made->certificate_pem(), made->private_key_pem());
}

// SHA-256 of the running program, for server.started. In pieces: the program is larger than what it needs to
// run.
std::string own_hash() {
  std::ifstream program("/proc/self/exe", std::ios::binary);
  crypto::Sha256 hash;
  ByteArray<65536> piece;
  bool any = false;
  while (program) {
    program.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    auto got = static_cast<std::size_t>(program.gcount());
    hash.update(ByteView(piece).first(got));
    any = any || got > 0;
  }
  return any && program.eof() ? to_hex(hash.finish()) : std::string(64, '0');
}

// A vault under another user reads the recordings as their group, and nobody else does. We cannot give files
// to a group that we are not in; a directory with the setgid bit does.
bool group_reads(const fs::path& directory) {
  struct stat status {};
  return ::stat(directory.c_str(), &status) == 0 && (status.st_mode & (S_ISGID | 0077)) == (S_ISGID | 0050);
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
        executor_(clock_,
                  [this](std::string_view failure) {
                    log_->error("store.failed", {{"text", std::string(failure)}});
                  }),
        passwords_(executor_) {}

  int run() {
    auto lock = HomeLock::take(settings_.home);
    if (!lock) return complain(lock.error());
    fs::remove(settings_.home / "serve.json", ignored_);  // of one that was killed
    if (int status = prepare(); status != 0) return status;
    // Signals go to one thread that stops the executor; the others never see them.
    std::thread waiter([this] {
      sigset_t signals = stop_signals();
      int received = 0;
      sigwait(&signals, &received);
      stopping_ = true;
      executor_.stop();
    });
    int status = meet_the_vault_and_serve();
    // An alarm keeps the port with its one page until somebody comes.
    if (status == kAlarmed) status = stay_closed(waiter);
    if (!stopping_) pthread_kill(waiter.native_handle(), SIGTERM);
    if (waiter.joinable()) waiter.join();
    return status;
  }

  static sigset_t stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
  }

 private:
  static constexpr int kAlarmed = -1;

  // Database, log, certificates, pages: what is needed to say anything at all. Nothing is written to the log.
  int prepare() {
    auto descriptors = reserve_descriptors();
    if (!descriptors) return complain(descriptors.error());
    descriptors_ = *descriptors;
    std::error_code error;
    fs::create_directories(settings_.recordings, error);
    if (error) return complain("the directory cannot be made: " + settings_.recordings.string());
    fs::permissions(settings_.home, fs::perms::owner_all, error);
    if (settings_.vault_uid && !group_reads(settings_.recordings))
      return complain(
          "with --vault-uid the vault's group must be able to read the recordings, and nobody else:\n"
          "  install -d -m 2750 -o SERVE_USER -g VAULT_GROUP " +
          settings_.recordings.string() +
          "\n  and give --recordings to both, outside of --home, which is for this user alone");
    Now now = clock_.now();
    auto opened = store_sqlite::SqliteStore::open(settings_.home / "parlour.db", now.utc);
    if (!opened) return complain("the database cannot be opened: " + opened.error());
    store_ = std::move(*opened);
    audit_ = std::make_unique<store_sqlite::SqliteAuditLog>(*store_, clock_, random_, boot_id());
    if (auto loaded = audit_->load(); !loaded) {
      log_->error("log.alarm", {{"code", "head.fork"}, {"text", loaded.error()}});
      mark_alarm("head.fork", "its entries are not those of its newest head");
      return complain(loaded.error());
    }
    audit_->set_watch({[this](const app::LogAlarm& alarm) {
                         log_->error("log.alarm", {{"code", alarm.code}, {"text", alarm.text}});
                         mark_alarm(alarm.code, alarm.text);
                         executor_.stop();
                       },
                       [this](const app::VaultFault& fault) {
                         log_->error("audit.head_refused", {{"code", fault.code}, {"text", fault.text}});
                       },
                       [this](const store_sqlite::VaultOlder& older) {
                         log_->error("head.vault_older",
                                     {{"signed", static_cast<std::int64_t>(older.signed_size)},
                                      {"remembered", static_cast<std::int64_t>(older.remembered)},
                                      {"do", "docs/operating/incident.md, The vault was put back"}});
                       }});
    auto link_key = link_key_of(settings_.home, random_);
    if (!link_key) return complain(link_key.error());
    link_key_ = std::make_unique<runtime::HmacLinkKey>(std::move(*link_key));
    if (auto root = from_base64url(read_file(settings_.home / "organisation.pub").value_or(""))) {
      crypto::P256Point point{};
      if (root->size() == point.size()) {
        std::copy(root->begin(), root->end(), point.begin());
        rules_.set_root(point);
      }
    }
    auto tls = tls_files(settings_, now.utc);
    if (!tls) return complain(tls.error());
    tls_ = std::move(*tls);
    auto web = http::StaticFiles::load(settings_.web);
    if (!web) return complain("the web client: " + web.error());
    web_.emplace(std::move(*web));
    // Not served: its name begins with a dot.
    auto copy_page = read_file(settings_.web / ".copy.html");
    if (!copy_page) return complain("the web client: .copy.html is missing; build it anew");
    copy_page_ = std::move(*copy_page);
    base_url_ =
        "https://" + settings_.host + (settings_.port == 443 ? "" : ":" + std::to_string(settings_.port));
    return 0;
  }

  http::ServerConfig http_config() const {
    http::ServerConfig server;
    server.addresses = {settings_.address};
    server.port = static_cast<std::uint16_t>(settings_.port);
    server.certificate_pem = tls_.first;
    server.private_key_pem = tls_.second;
    server.base_origin = base_url_;
    server.log = log_.get();
    server.max_connections = descriptors_.connections;
    server.max_connections_per_subscriber = descriptors_.per_address;
    server.body_limit = 16 * 1024;  // our longest request is far below; who is unknown sends no more
    return server;
  }

  // Nothing is opened, written or promised before the vault has said which head it signed last.
  int meet_the_vault_and_serve() {
    vault_ = std::make_unique<vault_bridge::VaultBridge>(
        vault_link::VaultClient::Config{settings_.vault_socket, settings_.vault_uid}, executor_, *audit_,
        [this](const vault_link::VaultInfo& info, const store_sqlite::VaultHead& last) {
          return met_vault(info, last);
        });
    auto known = [this] { return met_ || audit_->alarm(); };
    executor_.run_until(known, kVaultPatience);
    if (audit_->alarm()) {
      // Found before the port was opened: nothing starts.
      vault_.reset();
      return complain("not started: " + audit_->alarm()->text + " (" + audit_->alarm()->code +
                      ").\nNothing is served until this is explained (docs/operating/incident.md).");
    }
    if (!met_ && !stopping_) {
      ClosedHouse closed(*web_, "");
      auto server = http::Server::start(http_config(), closed);
      if (!server) return complain("HTTPS: " + server.error().text);
      log_->warning("server.locked", {{"waiting_for", "vault"}, {"socket", settings_.vault_socket}});
      while (!known() && !stopping_) executor_.run_until(known, 1h);
      (*server)->stop(0s);
    }
    if (audit_->alarm()) {
      vault_.reset();
      return kAlarmed;
    }
    if (stopping_) {
      vault_.reset();
      return 0;
    }
    return open_house();
  }

  int stay_closed(std::thread& waiter) {
    ClosedHouse closed(*web_, audit_->alarm()->code);
    auto server = http::Server::start(http_config(), closed);
    if (!server) return complain("HTTPS: " + server.error().text);
    log_->error("server.closed", {{"code", audit_->alarm()->code}});
    waiter.join();
    (*server)->stop(0s);
    return 1;
  }

  int open_house() {
    std::error_code error;
    Now now = clock_.now();
    auto certificate = crypto::Certificate::make_self_signed("parlour", {}, now.utc - 24h, 24h * 30);
    if (!certificate) return complain("a DTLS certificate could not be made");

    udp::UdpHostConfig udp;
    auto address = rtc::Address::parse_ip(settings_.address, settings_.candidates.front().port());
    if (!address) return complain("--address is no IP address");
    udp.bind = *address;
    udp.candidates = settings_.candidates;
    for (const rtc::Address& candidate : not_tried(udp.candidates))
      log_->warning("media.not_tried", {{"address", candidate.to_text()}});
    udp.certificate = &*certificate;
    udp.random = &media_random_;
    auto media = media_bridge::MediaBridge::start(udp, executor_, clock_);
    if (!media) return complain("media: " + media.error());
    media_ = std::move(*media);
    capture_ = std::make_unique<capture::CaptureService>(
        capture::CaptureConfig{settings_.recordings, settings_.free_bytes_min,
                               settings_.vault_uid.has_value()},
        *media_, executor_, clock_, random_);
    capture_->set_compliance_key(vault_->info()->recorder_key_id, vault_->info()->recorder_kem);
    context_.reset(new app::Context{{settings_.organisation, base_url_, settings_.contact_telephone},
                                    clock_,
                                    random_,
                                    executor_,
                                    digest_,
                                    *link_key_,
                                    passwords_,
                                    *store_,
                                    *store_,
                                    *store_,
                                    *store_,
                                    *store_,
                                    *store_,
                                    *store_,
                                    *audit_,
                                    *store_,
                                    rules_,
                                    *media_,
                                    *capture_,
                                    *vault_});
    accounts_ = std::make_unique<app::Accounts>(*context_);
    meetings_ = std::make_unique<app::Meetings>(*context_);
    guests_ = std::make_unique<app::Guests>(*context_, *meetings_);
    types_ = std::make_unique<app::Types>(*context_);
    recordings_ = std::make_unique<app::Recordings>(*context_);
    jobs_ = std::make_unique<app::RecordingJobs>(*context_);
    audit_views_ = std::make_unique<app::AuditViews>(*context_);
    live_ = std::make_unique<app::LiveMeetings>(*context_, *accounts_, *guests_,
                                                [this] { jobs_->run_pending(); });
    meetings_->on_cancelled = [this](const app::MeetingId& id) { live_->cancelled(id); };
    meetings_->on_link_replaced = [this](const app::MeetingId& id) { live_->link_replaced(id); };
    vault_->on_up_changed([this](bool up) { vault_changed(up); });
    note_keys();
    {
      app::AuditRecord record;
      record.type = "server.started";
      record.data.set("version", PARLOUR_VERSION);
      record.data.set("binary_sha256", own_hash());
      app::note(*context_, std::move(record));
    }
    api_ = std::make_unique<api::Api>(
        api::UseCases{*context_, *accounts_, *meetings_, *guests_, *live_, *recordings_, *audit_views_,
                      PARLOUR_VERSION, log_key_, copy_page_},
        executor_, base_url_);
    http::Router router;
    api_->add_routes(router);
    router.set_fallback([this](http::Request request, http::Reply reply) { web_->handle(request, reply); });
    auto started = http::Server::start(http_config(), router);
    if (!started) return complain("HTTPS: " + started.error().text);
    alone("restore", [this] { live_->restore(); });
    alone("playbacks_left_open", [this] { recordings_->close_left_open(); });
    // Each duty is a task of its own: what the database refuses to one keeps no other from its turn.
    each(60s, [this] {
      if (audit::head_is_due(audit_->news(), audit_->head().time, clock_.now().utc))
        audit_->checkpoint([](bool) {});
    });
    each(60s, [this] { meetings_->expire_old(); });
    each(60s, [this] { recordings_->close_stale(); });
    each(2s, [this] { recordings_->keep(); });
    each(2s, [this] { recordings_->close_ended_sessions(); });
    each(2s, [this] { jobs_->run_pending(); });
    each(2s, [this] {
      if (vault_->up()) sign_policy();
    });
    each(60s, [this] { watch_policy(); });
    // It came up before anybody listened for that.
    executor_.after(0s, [this] {
      if (vault_->up()) vault_changed(true);
    });
    executor_.after(0s, [this] { tell_ready(); });
    log_->info("server.started", {{"port", settings_.port},
                                  {"descriptors", descriptors_.limit},
                                  {"connections_max", descriptors_.connections},
                                  {"connections_max_per_address", descriptors_.per_address}});
    executor_.run();
    log_->info("server.stopping");
    (*started)->stop(2s);
    const bool alarmed = audit_->alarm().has_value();
    // What was still sent of recordings while the connections ended.
    executor_.run_facts();
    if (!alarmed) {
      alone("playbacks", [this] { recordings_->close_all(); });
      alone("server.stopped", [this] {
        app::AuditRecord record;
        record.type = "server.stopped";
        record.data.set("cause", "signal");
        app::note(*context_, std::move(record));
      });
      sign_last_head();
    }
    fs::remove(settings_.home / "serve.json", error);
    live_.reset();
    api_.reset();
    vault_.reset();
    media_->stop();  // the shard's thread ends: nobody calls the recorders any more
    capture_.reset();
    media_.reset();
    // Found while the last head was signed: it ends all the same, and not as if nothing were wrong.
    if (!alarmed && audit_->alarm()) return 1;
    return alarmed ? kAlarmed : 0;
  }

  void vault_changed(bool up) {
    log_->info(up ? "vault.up" : "vault.down");
    live_->on_vault_up(up);
    if (!up) return;
    note_keys();
    jobs_->run_pending();
    sign_policy();
    watch_policy();
  }

  void each(Duration period, std::function<void()> run) {
    executor_.after(period, [this, period, run] {
      each(period, run);
      run();
    });
  }

  // Before and after the executor's time: nobody else catches what the database refuses then.
  void alone(std::string_view what, const std::function<void()>& act) {
    try {
      act();
    } catch (const app::StoreFailure& failure) {
      log_->error("store.failed", {{"at", std::string(what)}, {"text", std::string(failure.what())}});
    }
  }

  // The vault has said who it is and what it signed last: its keys are what everything else hangs on, and a
  // log that does not go on from that head is not served.
  bool met_vault(const vault_link::VaultInfo& info, const store_sqlite::VaultHead& last) {
    audit_->set_signer({vault_->head_signer(), vault_->last_head(), info.log_origin, {log_key()}});
    if (audit_->compare(last)) return false;
    std::error_code error;
    fs::remove(settings_.home / kAlarmFile, error);
    rules_.set_root(info.organisation_key);
    // Kept, so that calls go on after a restart before the vault has answered.
    std::string root = to_base64url(info.organisation_key);
    if (read_file(settings_.home / "organisation.pub").value_or("") != root)
      (void)write_private(settings_.home / "organisation.pub", root);
    if (capture_) capture_->set_compliance_key(info.recorder_key_id, info.recorder_kem);
    log_key_ = info.log_key_text;
    if (api_) api_->set_log_key(log_key_);
    met_ = true;
    return true;
  }

  // The operator's commands write into the same log, without asking the vault.
  void mark_alarm(const std::string& code, const std::string& text) {
    if (!write_private(settings_.home / kAlarmFile, text + " (" + code + ")."))
      log_->error("log_alarm.not_written");
  }

  // At set-up: whose signatures the log and the manifests of recordings carry. An auditor who pins the log's
  // key has the recorder's with it.
  void note_keys() {
    if (context_->audit.entries({.type = "log.key", .limit = 1}).empty()) {
      app::AuditRecord record;
      record.type = "log.key";
      record.data.set("key_id", log_key().id_text());
      record.data.set("algorithm", "ed25519");
      app::note(*context_, std::move(record));
    }
    const std::string public_key = to_base64url(vault_->info()->recorder_sig);
    std::vector<app::AuditEntry> known = context_->audit.entries({.type = "recorder.key", .limit = 1});
    const Json* data = known.empty() ? nullptr : known.front().entry.find("data");
    if (data != nullptr && data->string_or("public_key") == public_key) return;
    app::AuditRecord record;
    record.type = "recorder.key";
    record.data.set("key_id", e2ee::key_name(vault_->info()->recorder_sig));
    record.data.set("algorithm", "ecdsa_p256_sha256");
    record.data.set("public_key", public_key);
    app::note(*context_, std::move(record));
  }

  // What was written until now is covered when we are gone. The executor has ended, so this waits by itself.
  void sign_last_head() {
    if (!vault_->info() || !audit_->news()) return;
    audit_->set_signer(
        {vault_->signer_that_waits(kLastHeadPatience), nullptr, vault_->info()->log_origin, {log_key()}});
    bool good = false;
    try {
      audit_->checkpoint([&good](bool signed_head) { good = signed_head; });
    } catch (const app::StoreFailure&) {
    }
    if (!good) log_->warning("audit.last_head_not_signed");
  }

  audit::VerifierKey log_key() const {
    return audit::make_verifier_key(vault_->info()->log_origin, vault_->info()->log_key);
  }

  // Where the operator signs (`parlour admin policy`), nothing is signed here: what waits for him is said.
  void watch_policy() {
    if (!vault_->info() || vault_->info()->signs_policy) return;
    std::optional<e2ee::Policy> policy;
    if (auto signed_policy =
            e2ee::read_signed_policy(store_->policy().value_or(""), vault_->info()->organisation_key))
      policy = *signed_policy;
    std::int64_t unlisted = 0;
    for (const app::MeetingType& type : store_->all())
      if (!policy || policy->find_type(type.id.text(), static_cast<std::uint32_t>(type.version)) == nullptr)
        ++unlisted;
    if (unlisted != std::exchange(unlisted_, unlisted) && unlisted > 0)
      log_->warning("policy.unlisted",
                    {{"type_versions", unlisted}, {"do", "parlour admin policy draft, sign, install"}});
    std::int64_t days = policy ? (policy->rec.expires_s - clock_.now().utc.us / 1'000'000) / 86'400 : 0;
    if (policy && days < kPolicyDaysLow && days != std::exchange(policy_days_, days))
      log_->warning("policy.expires", {{"days", days}, {"do", "parlour admin policy draft, sign, install"}});
  }

  // Types that were published since the last Policy become usable when one lists them.
  void sign_policy() {
    if (signing_ || !vault_->info()) return;
    if (!vault_->info()->signs_policy) {
      policy_known_ = true;  // as far as it depends on us
      return;
    }
    signing_ = true;
    try {
      types_->sign_policy([this](bool good) {
        signing_ = false;
        if (!good) log_->warning("policy.not_signed");
        policy_known_ = good;
      });
    } catch (const app::StoreFailure&) {
      signing_ = false;  // the next turn tries again
      throw;
    }
  }

  // Scripts wait for this file: it says that people can come.
  void tell_ready() {
    bool vault_ready = vault_->up() && policy_known_;
    if (!vault_ready && ++ready_tries_ < 20) {
      executor_.after(100ms, [this] { tell_ready(); });
      return;
    }
    Json ready = JsonObject{{"base_url", base_url_},
                            {"log_key", log_key_},
                            {"organisation_key", rules_.root_fingerprint()},
                            {"pid", static_cast<std::int64_t>(getpid())},
                            {"vault", vault_->up() ? "up" : "down"}};
    if (!write_private(settings_.home / "serve.json", write_json(ready)))
      log_->error("serve_json.not_written");
  }

  // A vault that is there answers in a few milliseconds; without one the closed page comes after this.
  static constexpr Duration kVaultPatience = 1s;
  static constexpr Duration kLastHeadPatience = 3s;
  static constexpr std::int64_t kPolicyDaysLow = 30;

  Settings settings_;
  DescriptorBudget descriptors_{};
  runtime::SystemClock clock_;
  crypto::SystemRandom random_;
  crypto::SystemRandom media_random_;
  std::unique_ptr<JsonLog> log_;
  runtime::Executor executor_;
  runtime::Sha256Digest digest_;
  std::unique_ptr<runtime::HmacLinkKey> link_key_;
  runtime::PasswordService passwords_;
  call_rules::ChainRulesFactory rules_;
  std::pair<std::string, std::string> tls_;
  std::optional<http::StaticFiles> web_;
  std::atomic<bool> stopping_{false};
  bool met_ = false;  // the vault, with a last head that our log goes on from
  std::error_code ignored_;
  std::string base_url_, log_key_, copy_page_;
  bool signing_ = false, policy_known_ = false;
  int ready_tries_ = 0;
  std::int64_t unlisted_ = 0, policy_days_ = -1;
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
  sigset_t signals = Serve::stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // The database, keys and certificates are ours alone; recordings too, unless the vault has a user of its
  // own.
  umask(settings->vault_uid ? 0027 : 0077);
  std::error_code error;
  fs::create_directories(settings->home, error);
  try {
    return Serve(std::move(*settings)).run();
  } catch (const app::StoreFailure& failure) {
    return complain(std::string("the database refused: ") + failure.what());
  }
}

}  // namespace parlour::bin

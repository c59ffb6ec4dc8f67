#include "home.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "base/encoding.h"
#include "files.h"

namespace parlour::bin {

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id.size() == 36 ? id : "unknown";
}

// Commands run without media, recorder, vault and calls. The ports are there because the use cases take a
// whole Context; each says "not here".
struct Home::Absent final : app::CallRulesFactory, app::LinkKey, app::MediaPlane, app::Recorder, app::Vault {
  static meeting::Refusal refusal() { return {"not_here", "Only the running server can do this.", {}}; }
  static app::VaultFault fault() { return {"vault.down", "only the running server talks to the vault"}; }

  // No command makes a link; one made from anything but the key would be guessable.
  std::array<std::uint8_t, 32> mac(std::string_view) override { std::abort(); }

  Result<std::unique_ptr<app::CallRules>, meeting::Refusal> make(const std::string&,
                                                                 const meeting::MeetingId&,
                                                                 const std::string&) override {
    return fail(refusal());
  }
  std::string root_public_key() const override { return ""; }
  std::string root_fingerprint() const override { return ""; }

  void on_fact(std::function<void(app::RoomKey, const app::MediaFact&)>) override {}
  void open_room(app::RoomKey, bool) override {}
  void close_room(app::RoomKey) override {}
  void add_endpoint(app::EndpointKey, app::RoomKey) override {}
  void remove_endpoint(app::EndpointKey) override {}
  void make_offer(app::EndpointKey, bool, std::function<void(app::MediaOffer)>) override {}
  void accept_answer(app::EndpointKey, std::uint32_t, std::string,
                     std::function<void(Result<void, std::string>)> done) override {
    done(fail(std::string("not_here")));
  }
  void set_identity(app::EndpointKey, std::uint8_t, std::uint16_t) override {}
  void set_activated(app::EndpointKey, std::uint16_t) override {}
  void set_route(app::EndpointKey, app::EndpointKey, bool) override {}
  void set_recorder_route(app::EndpointKey, bool) override {}
  void set_epochs(app::EndpointKey, std::set<std::uint16_t>) override {}
  void set_lease(app::RoomKey, SteadyTime) override {}

  bool storage_ready() override { return false; }
  void start(const app::RecordingId&, std::uint32_t, app::RoomKey,
             std::function<void(const app::CaptureFact&)>) override {}
  void accept_envelope(const app::RecordingId&, const app::Hash&) override {}
  void append_announcement(const app::RecordingId&, std::string_view) override {}
  void mark_gap(const app::RecordingId&, std::string_view) override {}
  void stop(const app::RecordingId&) override {}
  std::string envelopes_hash(const std::vector<app::EnvelopeRow>&) override { return ""; }
  Result<app::RecoveredLog, std::string> recover(const app::RecordingId&) override {
    return fail(std::string("not_here"));
  }

  bool up() const override { return false; }
  void on_up_changed(std::function<void(bool)>) override {}
  void announce(const std::string&, std::string, app::VaultReply<std::vector<std::string>> reply) override {
    reply(fail(fault()));
  }
  void close_call(const std::string&) override {}
  void dek_check(const app::EnvelopeRow&, std::uint32_t, app::VaultReply<app::Hash> reply) override {
    reply(fail(fault()));
  }
  void start_job(const app::RecordingId&, std::uint64_t, std::vector<app::EnvelopeRow>,
                 app::VaultReply<app::VaultJob> reply) override {
    reply(fail(fault()));
  }
  void job_status(const app::RecordingId&, app::VaultReply<app::VaultJob> reply) override {
    reply(fail(fault()));
  }
  void acknowledge_job(const app::RecordingId&, const std::string&, app::VaultReply<void> reply) override {
    reply(fail(fault()));
  }
  void manifest(const app::RecordingId&, app::VaultReply<std::string> reply) override {
    reply(fail(fault()));
  }
  void grant(const app::RecordingId&, const app::EnvelopeRow&, const std::string&, std::uint64_t,
             app::VaultReply<OpenedStream> reply) override {
    reply(fail(fault()));
  }
  void range(const std::string&, const std::string&, std::uint64_t, std::uint32_t,
             app::VaultReply<Bytes> reply) override {
    reply(fail(fault()));
  }
  void release(const std::string&) override {}
  void sign_policy(std::vector<ProvenType>, app::VaultReply<std::string> reply) override {
    reply(fail(fault()));
  }
};

Home::Home()
    : executor_(clock_, [](std::string_view failure) { std::cerr << failure << "\n"; }),
      passwords_(executor_),
      absent_(std::make_unique<Absent>()) {}
Home::~Home() = default;

namespace {

// What an operator or a script puts there before the first command.
constexpr std::string_view kOfAHome[] = {
    "log",      "recordings",       "tls",        "vault",   "vault.sock", "serve.json", "serve.lock",
    "link.key", "organisation.pub", "lost+found", kAlarmFile};

bool was_prepared(const std::filesystem::path& directory) {
  std::error_code error;
  auto at = std::filesystem::directory_iterator(directory, error);
  if (error) return false;
  for (const auto& entry : at)
    if (std::find(std::begin(kOfAHome), std::end(kOfAHome), entry.path().filename().string()) ==
        std::end(kOfAHome))
      return false;
  return true;
}

}  // namespace

Result<std::unique_ptr<Home>, std::string> Home::open(const std::filesystem::path& directory, bool create) {
  std::error_code error;
  if (!create && !std::filesystem::exists(directory / "parlour.db", error) && !was_prepared(directory))
    return fail("There is no Parlour in " + directory.string() +
                ". Is --home mistyped? Say --create to begin a new installation there.");
  std::filesystem::create_directories(directory, error);
  if (error) return fail("The directory cannot be made: " + directory.string());
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  std::unique_ptr<Home> home(new Home());
  auto store = store_sqlite::SqliteStore::open(directory / "parlour.db", home->clock_.now().utc);
  if (!store) return fail("The database cannot be opened: " + store.error());
  home->store_ = std::move(*store);
  store_sqlite::SqliteStore& s = *home->store_;
  home->log_ = std::make_unique<store_sqlite::SqliteAuditLog>(s, home->clock_, home->random_, boot_id());
  // As the server does: into a log that is not the signed one nothing is written.
  if (auto alarm = read_file(directory / kAlarmFile))
    return fail("The audit log is not the one that was signed: " + *alarm +
                "\nNothing is read or written until this is explained (docs/operating/incident.md). `parlour "
                "serve` takes this mark away when it finds the signed log again.");
  if (auto loaded = home->log_->load(); !loaded) return fail(loaded.error());
  Absent& absent = *home->absent_;
  home->context_.reset(new app::Context{{},
                                        home->clock_,
                                        home->random_,
                                        home->executor_,
                                        home->digest_,
                                        absent,
                                        home->passwords_,
                                        s,
                                        s,
                                        s,
                                        s,
                                        s,
                                        s,
                                        s,
                                        *home->log_,
                                        s,
                                        absent,
                                        absent,
                                        absent,
                                        absent});
  home->accounts_ = std::make_unique<app::Accounts>(*home->context_);
  home->types_ = std::make_unique<app::Types>(*home->context_);
  return home;
}

void Home::keep_policy(const std::string& message, const std::string& key_name) {
  app::AuditRecord record;
  record.type = "policy.signed";
  record.actor = meeting::Actor::operator_at_console();
  record.data.set("policy_sha256", to_hex(digest_.sha256(message)));
  record.data.set("key_id", key_name);
  app::Work work(*store_);
  store_->put_policy(message, clock_.now().utc);
  log_->append(record);
  work.commit();
}

}  // namespace parlour::bin

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <future>

#include "audit/format/checkpoint.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "e2ee/policy_draft.h"
#include "runtime/executor.h"
#include "store_sqlite/audit_log.h"
#include "test_programs.h"
#include "vault_link/client.h"

namespace parlour::bin_test {

// TCP and UDP alike; freed again, so taken by somebody else only with bad luck.
int Installation::free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(descriptor);
  return ntohs(address.sin_port);
}

namespace {

constexpr char kNeverDocument[] = PARLOUR_SOURCE "/deploy/demo/debt-counselling.json";
constexpr char kRequiredDocument[] = PARLOUR_SOURCE "/deploy/demo/wealth-management.json";

// The database beside the running server, as an auditor would look at it.
class Database {
 public:
  explicit Database(const Installation& place)
      : store_(*store_sqlite::SqliteStore::open(place.home / "parlour.db", clock_.now().utc)),
        log(*store_, clock_, random_, "test") {
    EXPECT_TRUE(log.load());
  }
  std::string policy() { return store_->policy().value_or(""); }
  std::vector<app::AuditEntry> entries(const std::string& type) {
    return log.entries({.type = type, .limit = 100});
  }

 private:
  runtime::SystemClock clock_;
  crypto::SystemRandom random_;
  std::unique_ptr<store_sqlite::SqliteStore> store_;

 public:
  store_sqlite::SqliteAuditLog log;
};

// Another program of serve's user, that asks the vault.
template <class T, class Ask>
std::optional<T> ask_vault(const Installation& place, Ask ask) {
  auto up = std::make_shared<std::promise<void>>();
  auto once = std::make_shared<std::once_flag>();
  vault_link::VaultClient client({place.socket.string(), std::nullopt}, [up, once](bool is_up) {
    if (is_up) std::call_once(*once, [&] { up->set_value(); });
  });
  if (up->get_future().wait_for(std::chrono::seconds(10)) != std::future_status::ready) return std::nullopt;
  auto promise = std::make_shared<std::promise<std::optional<T>>>();
  auto future = promise->get_future();
  ask(client, [promise](Result<T, vault_link::VaultError> answer) {
    promise->set_value(answer ? std::optional<T>(std::move(*answer)) : std::nullopt);
  });
  return future.get();
}

struct Answer {
  int status = 0;
  std::string body;
};
// One GET over TLS, as a browser that does not know the certificate. Status 0: nobody answered.
Answer get(int port, const std::string& path) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string text;
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* tls = SSL_new(context);
  SSL_set_fd(tls, descriptor);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost:" + std::to_string(port) +
                              "\r\nConnection: close\r\n\r\n";
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      SSL_connect(tls) == 1 &&
      SSL_write(tls, request.data(), static_cast<int>(request.size())) == static_cast<int>(request.size())) {
    char block[4096];
    for (int got = SSL_read(tls, block, sizeof block); got > 0; got = SSL_read(tls, block, sizeof block))
      text.append(block, static_cast<std::size_t>(got));
  }
  SSL_free(tls);
  SSL_CTX_free(context);
  ::close(descriptor);
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos || text.size() < 12) return {};
  return {std::atoi(text.c_str() + 9), text.substr(end + 4)};
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

struct Programs : ::testing::Test {
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }

  std::string publish(const char* document, Words more = {}) {
    Words words{"admin", "type", "publish", "--home", place.home.string()};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(document);
    Said said = place.parlour(words);
    EXPECT_EQ(said.status, 0) << said.text;
    return said.text.substr(0, 36);
  }
  void init_vault(Words more) {
    Words words{"init",         "--home",   place.vault_home.string(), "--organisation",
                "Example Bank", "--origin", "localhost/audit"};
    words.insert(words.end(), more.begin(), more.end());
    Said said = place.vault_program(words);
    ASSERT_EQ(said.status, 0) << said.text;
  }
  Said policy(Words words) {
    words.insert(words.begin(), {"admin", "policy"});
    return place.parlour(words);
  }
  std::string file(const char* name) const { return (place.root / name).string(); }
  Said draft(const std::string& out) {
    return policy({"draft", "--home", place.home.string(), "--vault", place.socket.string(), "--out", out});
  }
  Said install(const std::string& what) {
    return policy({"install", "--home", place.home.string(), "--vault", place.socket.string(), what});
  }

  Installation place;
};

TEST_F(Programs, ThePolicyIsSignedByTheOperatorsKeyThatTheVaultNeverHolds) {
  // The key, on any machine: private, and never overwritten.
  Said made = policy({"key", "--out", file("organisation.pem")});
  ASSERT_EQ(made.status, 0) << made.text;
  EXPECT_EQ(mode_of(file("organisation.pem")), 0600u);
  const std::string pem = Installation::read(file("organisation.pem"));
  EXPECT_EQ(policy({"key", "--out", file("organisation.pem")}).status, 1);
  EXPECT_EQ(Installation::read(file("organisation.pem")), pem);
  ASSERT_EQ(policy({"key", "--out", file("other.pem")}).status, 0);

  init_vault({"--organisation-public", file("organisation.pem.pub")});
  EXPECT_FALSE(fs::exists(place.vault_home / "keys" / "organisation-1.pem"));
  const Said known = place.vault_program({"public", "--home", place.vault_home.string()});
  const std::string fingerprint = Installation::after(known.text, "recorder fingerprint:");
  ASSERT_EQ(fingerprint.size(), 39u) << known.text;

  const std::string required = publish(kRequiredDocument);
  const std::string never = publish(kNeverDocument);
  place.start_vault();
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  // Nobody has signed, so nothing is in force; and the server's log says what to do.
  EXPECT_TRUE(wait_until(
      [&] { return Installation::read(place.serve_log()).find("policy.unlisted") != std::string::npos; }));
  EXPECT_EQ(Database(place).policy(), "");

  Said drafted = draft(file("draft"));
  ASSERT_EQ(drafted.status, 0) << drafted.text;
  EXPECT_NE(drafted.text.find(required + " version 1: must be recorded, sound and pictures"),
            std::string::npos)
      << drafted.text;
  EXPECT_NE(drafted.text.find(never + " version 1: never recorded"), std::string::npos);
  EXPECT_EQ(Database(place).policy(), "");

  // Signing needs the right key, kept private, and a recorder that somebody compared.
  auto sign = [&](const std::string& key, const std::string& recorder, const std::string& what) {
    return policy({"sign", "--key", key, "--recorder", recorder, what});
  };
  EXPECT_EQ(sign(file("other.pem"), fingerprint, file("draft")).status, 1);
  EXPECT_EQ(sign(file("organisation.pem"), "0123 4567", file("draft")).status, 1);
  EXPECT_EQ(policy({"sign", "--key", file("organisation.pem"), file("draft")}).status, 1);
  fs::permissions(file("organisation.pem"), fs::perms::group_read, fs::perm_options::add);
  EXPECT_EQ(sign(file("organisation.pem"), fingerprint, file("draft")).status, 1);
  fs::permissions(file("organisation.pem"), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(fs::exists(file("draft.signed")));
  Said signed_now = sign(file("organisation.pem"), fingerprint, file("draft"));
  ASSERT_EQ(signed_now.status, 0) << signed_now.text;

  // Neither a changed message nor one of another key comes in.
  std::string bad = Installation::read(file("draft.signed"));
  const std::size_t at = bad.find("\"s\":\"") + 10;
  bad[at] = bad[at] == 'A' ? 'B' : 'A';
  Installation::write(file("bad.signed"), bad);
  EXPECT_EQ(install(file("bad.signed")).status, 1);
  auto forged = e2ee::parse_policy_draft(Installation::read(file("draft")));
  auto other_key = crypto::P256Key::from_pem(Installation::read(file("other.pem")));
  Installation::write(file("forged.signed"),
                      write_json(e2ee::to_json(e2ee::sign(forged->policy, *other_key))));
  EXPECT_EQ(install(file("forged.signed")).status, 1);
  EXPECT_EQ(Database(place).policy(), "");
  EXPECT_TRUE(Database(place).entries("policy.signed").empty());

  Said installed = install(file("draft.signed"));
  ASSERT_EQ(installed.status, 0) << installed.text;
  const std::string first = Installation::read(file("draft.signed"));
  EXPECT_EQ(Database(place).policy(), first);
  auto entries = Database(place).entries("policy.signed");
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].entry.find("actor")->string_or("kind"), "operator");
  EXPECT_EQ(entries[0].entry.find("data")->string_or("key_id"),
            Installation::after(made.text, "Organisation key").substr(0, 16));
  auto info = ask_vault<vault_link::VaultInfo>(place, [](auto& client, auto reply) { client.info(reply); });
  ASSERT_TRUE(info);
  EXPECT_EQ(info->policy, first);
  EXPECT_FALSE(info->signs_policy);
  Said again = install(file("draft.signed"));
  EXPECT_EQ(again.status, 0);
  EXPECT_NE(again.text.find("in force already"), std::string::npos);
  EXPECT_EQ(Database(place).entries("policy.signed").size(), 1u);

  // The next version of a type needs the next version of Policy; the one before does not come back.
  publish(kRequiredDocument, {"--id", required});
  ASSERT_EQ(draft(file("draft2")).status, 0);
  EXPECT_EQ(e2ee::parse_policy_draft(Installation::read(file("draft2")))->policy.version, 2);
  ASSERT_EQ(sign(file("organisation.pem"), fingerprint, file("draft2")).status, 0);
  ASSERT_EQ(install(file("draft2.signed")).status, 0);
  Said older = install(file("draft.signed"));
  EXPECT_EQ(older.status, 1);
  EXPECT_NE(older.text.find("version 2 is in force"), std::string::npos) << older.text;
  EXPECT_EQ(Database(place).policy(), Installation::read(file("draft2.signed")));

  // What says something else of a published type than its document is not taken, whoever signed it.
  auto lie = e2ee::parse_policy_draft(Installation::read(file("draft2")));
  lie->policy.version = 3;
  lie->policy.types.pop_back();
  lie->policy.types.push_back({required, 2, e2ee::RecordRule::kNever, {}, 0});
  auto key = crypto::P256Key::from_pem(pem);
  Installation::write(file("lie.signed"), write_json(e2ee::to_json(e2ee::sign(lie->policy, *key))));
  EXPECT_EQ(install(file("lie.signed")).status, 1);
  EXPECT_EQ(Database(place).policy(), Installation::read(file("draft2.signed")));
}

// Chromium never tries such a candidate, and says so nowhere: media port = HTTPS port = 443 on an inside
// address.
TEST_F(Programs, FaultI1AMediaPortThatNoBrowserTriesIsRefusedAtTheStart) {
  for (const char* address : {"127.0.0.1", "192.168.1.4", "0.0.0.0"}) {
    const Said said =
        place.parlour({"serve", "--home", place.home.string(), "--web", PARLOUR_SOURCE "/web/dist", "--port",
                       "443", "--media-address", address});
    EXPECT_EQ(said.status, 1) << said.text;
    EXPECT_NE(said.text.find(std::string_view(address) == "0.0.0.0" ? "--media-address" : "--media-port"),
              std::string::npos)
        << said.text;
  }
  const Said telephone =
      place.parlour({"serve", "--home", place.home.string(), "--contact-telephone", "call <b>us</b>"});
  EXPECT_EQ(telephone.status, 1);
  EXPECT_NE(telephone.text.find("--contact-telephone"), std::string::npos) << telephone.text;
}

TEST_F(Programs, ADraftIsForOperatorsWithAKeyAndForARunningVault) {
  init_vault({"--with-organisation-key"});
  publish(kNeverDocument);
  EXPECT_EQ(draft(file("draft")).status, 1);  // no vault
  place.start_vault();
  Said said = draft(file("draft"));
  EXPECT_EQ(said.status, 1);
  EXPECT_NE(said.text.find("signs by itself"), std::string::npos) << said.text;
  EXPECT_FALSE(fs::exists(file("draft")));
}

// compliance.md 2.1, 7: what was written until the stop is under a signed head.
TEST_F(Programs, ACleanStopLeavesASignedHeadOverItsLastWord) {
  init_vault({"--with-organisation-key"});
  publish(kNeverDocument);
  place.start_vault();
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
  Database database(place);
  auto started = database.entries("server.started");
  ASSERT_EQ(started.size(), 1u);
  const auto program = bin::read_file(place.parlour_path, std::size_t{1} << 30);
  ASSERT_TRUE(program);
  EXPECT_EQ(started[0].entry.find("data")->string_or("binary_sha256"),
            to_hex(crypto::sha256(as_bytes(*program))));
  auto stopped = database.entries("server.stopped");
  ASSERT_EQ(stopped.size(), 1u);
  EXPECT_GT(database.log.head().size, stopped[0].seq);
  EXPECT_TRUE(database.log.prove(stopped[0].seq));
  auto head = ask_vault<vault_link::Head>(place, [](auto& client, auto reply) { client.last_head(reply); });
  ASSERT_TRUE(head);
  EXPECT_EQ(head->size, database.log.head().size);
  place.serve.reset();

  // Without the vault it stops too, in time, and says so.
  ASSERT_TRUE(place.start_serve());
  place.vault->end(SIGKILL);
  place.vault.reset();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  place.serve.reset();
  EXPECT_NE(Installation::read(place.serve_log()).find("audit.last_head_not_signed"), std::string::npos);
}

// Killed after the vault signed and before the database knew: the log must not be stuck for ever.
TEST_F(Programs, AHeadThatOnlyTheVaultRemembersIsSignedOnFrom) {
  init_vault({"--with-organisation-key"});
  publish(kNeverDocument);
  place.start_vault();
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  ASSERT_TRUE(wait_until([&] { return Database(place).log.head().size > 0; }));
  place.serve->end(SIGKILL);
  place.serve.reset();
  std::uint64_t lost = 0;
  {
    Database database(place);
    // One more entry, and a signature over it whose answer nobody stores.
    publish(kNeverDocument);
    ASSERT_TRUE(database.log.load());
    lost = database.log.size();
    const std::uint64_t stored = database.log.head().size;
    ASSERT_GT(lost, stored);
    std::optional<vault_link::Head> head;
    database.log.set_signer({[&](const store_sqlite::SignRequest& request, const auto& done) {
                               head = ask_vault<vault_link::Head>(place, [&](auto& client, auto reply) {
                                 client.sign_head(request.size, request.root, request.consistency, reply);
                               });
                               done(fail(app::VaultFault{"vault.down", ""}));
                             },
                             nullptr,
                             "localhost/audit",
                             {}});
    database.log.checkpoint([](bool) {});
    ASSERT_TRUE(head);
    ASSERT_EQ(head->size, lost);
    ASSERT_EQ(database.log.head().size, stored);
  }
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  EXPECT_TRUE(wait_until([&] { return Database(place).log.head().size > lost; }))
      << Installation::read(place.serve_log());
  // And again at the stop, where nobody else is there to wait.
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
  place.serve.reset();
  Database database(place);
  EXPECT_GT(database.log.head().size, database.entries("server.stopped").front().seq);
}

// faults.md H4, G2: an older or another database beside the vault that signed the newer one.
TEST_F(Programs, FaultH4ARolledBackOrRewrittenLogIsNotServed) {
  init_vault({"--with-organisation-key"});
  publish(kNeverDocument);
  place.start_vault();
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
  place.serve.reset();
  const std::string early = Installation::read(place.home / "parlour.db");
  ASSERT_FALSE(early.empty());
  publish(kNeverDocument);
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
  place.serve.reset();
  const std::string late = Installation::read(place.home / "parlour.db");

  auto refuses = [&](const std::string& code) {
    fs::remove(place.serve_log());
    EXPECT_FALSE(place.start_serve()) << code << " is served";
    EXPECT_EQ(place.serve->wait(), 1);
    place.serve.reset();
    const std::string said = Installation::read(place.serve_log());
    EXPECT_NE(said.find("\"log.alarm\""), std::string::npos) << said;
    EXPECT_NE(said.find(code), std::string::npos) << said;
    EXPECT_NE(said.find("incident.md"), std::string::npos) << said;
    EXPECT_FALSE(fs::exists(place.home / "serve.json"));
    // The operator's commands do not write to it either.
    const std::uint64_t entries = Database(place).log.size();
    for (const Words& command :
         {Words{"admin", "user", "list", "--home", place.home.string()},
          Words{"admin", "type", "publish", "--home", place.home.string(), kNeverDocument}}) {
      const Said refused = place.parlour(command);
      EXPECT_EQ(refused.status, 1);
      EXPECT_NE(refused.text.find("incident.md"), std::string::npos) << refused.text;
    }
    EXPECT_EQ(Database(place).log.size(), entries);
  };
  auto put = [&](const std::string& database) {
    for (const char* rest : {"parlour.db-wal", "parlour.db-shm"}) fs::remove(place.home / rest);
    Installation::write(place.home / "parlour.db", database);
  };
  auto run_sql = [&](const std::string& sql) {
    auto store = store_sqlite::SqliteStore::open(place.home / "parlour.db", runtime::SystemClock().now().utc);
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->database().execute(sql)) << sql;
  };

  put(early);
  refuses("head.rollback");
  // Rewritten: as long as before, its newer heads deleted.
  put(late);
  run_sql("DELETE FROM audit_checkpoint WHERE size > 3");
  run_sql(
      "UPDATE audit_entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'server.started', "
      "'server.stopped') AS BLOB) WHERE seq > 3");
  refuses("head.fork");
  // The newest head under another key.
  put(late);
  run_sql(
      "UPDATE audit_checkpoint SET note = substr(note, 1, length(note) - 9) || 'AAAAAAA=' || char(10) "
      "WHERE size = (SELECT max(size) FROM audit_checkpoint)");
  refuses("head.signature");
  // What was refused was not written to either, and the right one goes on.
  put(late);
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
  EXPECT_EQ(place.parlour({"admin", "user", "list", "--home", place.home.string()}).status, 0);
}

// A vault whose state was put back: it has forgotten heads that carry its signature.
TEST_F(Programs, FaultR7AVaultThatWasPutBackIsToldToTheOperator) {
  init_vault({"--with-organisation-key"});
  publish(kNeverDocument);
  place.start_vault();
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
  place.serve.reset();
  const std::string early = Installation::read(place.vault_home / "state" / "head.json");
  ASSERT_FALSE(early.empty());
  EXPECT_EQ(Installation::read(place.serve_log()).find("head.vault_older"), std::string::npos);
  publish(kNeverDocument);
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
  place.serve.reset();
  EXPECT_EQ(place.vault->end(SIGTERM), 0);
  place.vault.reset();
  Installation::write(place.vault_home / "state" / "head.json", early);
  place.start_vault();
  fs::remove(place.serve_log());
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  const std::string said = Installation::read(place.serve_log());
  EXPECT_NE(said.find("\"head.vault_older\""), std::string::npos) << said;
  EXPECT_NE(said.find("incident.md"), std::string::npos) << said;
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
}

// Without a vault nobody can say whether the log is the signed one: the port answers with one page until it
// is there.
TEST_F(Programs, FaultH4AServerWithoutItsVaultStartsLockedAndGoesOnByItself) {
  init_vault({"--with-organisation-key"});
  publish(kNeverDocument);
  auto says = [&](const std::string& what) {
    return wait_until([&] { return Installation::read(place.serve_log()).find(what) != std::string::npos; });
  };
  const std::uint64_t entries = Database(place).log.size();
  place.launch_serve();
  ASSERT_TRUE(says("\"server.locked\"")) << Installation::read(place.serve_log());
  EXPECT_FALSE(fs::exists(place.home / "serve.json"));
  Answer health = get(place.port, "/api/v1/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_NE(health.body.find("\"state\":\"locked\""), std::string::npos) << health.body;
  EXPECT_NE(health.body.find("vault.unreachable"), std::string::npos) << health.body;
  for (const char* path : {"/", "/console", "/console/meetings", "/j", "/nothing/here"}) {
    Answer page = get(place.port, path);
    EXPECT_EQ(page.status, 503) << path;
    EXPECT_NE(page.body.find("closed page"), std::string::npos) << path << page.body;
  }
  Answer refused = get(place.port, "/api/v1/meetings");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("vault.unreachable"), std::string::npos) << refused.body;
  EXPECT_EQ(Database(place).log.size(), entries) << "a locked server writes nothing into the log";

  place.start_vault();
  ASSERT_TRUE(wait_until([&] { return fs::exists(place.home / "serve.json"); }))
      << Installation::read(place.serve_log());
  EXPECT_EQ(get(place.port, "/api/v1/health").status, 200);
  EXPECT_EQ(get(place.port, "/console").status, 200);
  const std::string good = Installation::read(place.home / "parlour.db");
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
  place.serve.reset();

  // Locked, and then the vault says that it signed more than there is: an alarm on every page, no service.
  place.vault->end(SIGTERM);
  place.vault.reset();
  for (const char* rest : {"parlour.db-wal", "parlour.db-shm"}) fs::remove(place.home / rest);
  Installation::write(place.home / "parlour.db", good);
  fs::remove(place.serve_log());
  place.launch_serve();
  ASSERT_TRUE(says("\"server.locked\"")) << Installation::read(place.serve_log());
  place.start_vault();
  ASSERT_TRUE(says("\"server.closed\"")) << Installation::read(place.serve_log());
  health = get(place.port, "/api/v1/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_NE(health.body.find("\"state\":\"alarm\""), std::string::npos) << health.body;
  EXPECT_NE(health.body.find("head.rollback"), std::string::npos) << health.body;
  EXPECT_EQ(get(place.port, "/j").status, 503);
  EXPECT_NE(get(place.port, "/api/v1/status").body.find("head.rollback"), std::string::npos);
  EXPECT_FALSE(fs::exists(place.home / "serve.json"));
  EXPECT_EQ(place.serve->end(SIGTERM), 1);
  place.serve.reset();
}

// A vault that comes back with more than this server has: found while it runs.
TEST_F(Programs, FaultH4ARunningServerClosesWhenItsVaultHasSignedAnotherLog) {
  init_vault({"--with-organisation-key"});
  publish(kNeverDocument);
  place.start_vault();
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  auto head = ask_vault<vault_link::Head>(place, [](auto& client, auto reply) { client.last_head(reply); });
  ASSERT_TRUE(wait_until([&] {
    head = ask_vault<vault_link::Head>(place, [](auto& client, auto reply) { client.last_head(reply); });
    return head && head->size > 0;
  }));
  // Somebody with the vault's socket has it sign another branch: serve's next head finds no signature.
  std::vector<Bytes> leaves;
  audit::MerkleTree tree;
  {
    Database database(place);
    auto entries = database.log.entries({.limit = 1000, .ascending = true});
    for (std::uint64_t i = 0; i < head->size; ++i) tree.append(audit::leaf_hash(as_bytes(entries[i].bytes)));
  }
  ASSERT_EQ(tree.root(), head->root);
  for (int i = 0; i < 40; ++i) tree.append(audit::leaf_hash(as_bytes(std::string("other"))));
  auto proof = audit::make_consistency_proof(head->size, tree.size(), tree.reader());
  ASSERT_TRUE(proof);
  ASSERT_TRUE(ask_vault<vault_link::Head>(
      place, [&](auto& client, auto reply) { client.sign_head(tree.size(), tree.root(), *proof, reply); }));
  place.vault->end(SIGKILL);
  place.start_vault();
  EXPECT_TRUE(wait_until([&] {
    return Installation::read(place.serve_log()).find("\"server.closed\"") != std::string::npos;
  })) << Installation::read(place.serve_log());
  EXPECT_NE(get(place.port, "/api/v1/health").body.find("head.rollback"), std::string::npos);
  EXPECT_FALSE(fs::exists(place.home / "serve.json"));
  EXPECT_EQ(place.serve->end(SIGTERM), 1);
  place.serve.reset();
}

// faults.md G1.
TEST_F(Programs, FaultG1ASecondServerOnOneHomeIsRefusedAndChangesNothing) {
  init_vault({"--with-organisation-key"});
  publish(kNeverDocument);
  place.start_vault();
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  const std::string ready = Installation::read(place.home / "serve.json");
  ASSERT_TRUE(wait_until([&] { return Database(place).log.head().size > 0; }));
  const std::uint64_t entries = Database(place).log.size();
  Said second =
      place.parlour({"serve", "--home", place.home.string(), "--web", (place.root / "web").string(),
                     "--vault", place.socket.string(), "--port", std::to_string(Installation::free_port())});
  EXPECT_EQ(second.status, 1);
  EXPECT_NE(second.text.find("another server runs on this home"), std::string::npos) << second.text;
  EXPECT_EQ(Installation::read(place.home / "serve.json"), ready);
  EXPECT_EQ(Database(place).log.size(), entries);
  EXPECT_TRUE(Database(place).entries("server.stopped").empty());
  // Commands go on beside it.
  publish(kNeverDocument);
  // A second vault on the home, and one on the socket of the first.
  const Words on_home{"run",
                      "--home",
                      place.vault_home.string(),
                      "--socket",
                      (place.root / "other.sock").string(),
                      "--recordings",
                      place.recordings.string()};
  Said other = place.vault_program(on_home);
  EXPECT_EQ(other.status, 1);
  EXPECT_NE(other.text.find("another vault runs"), std::string::npos) << other.text;
  place.vault_home = place.root / "vault2";
  init_vault({"--with-organisation-key"});
  other = place.vault_program({"run", "--home", place.vault_home.string(), "--socket", place.socket.string(),
                               "--recordings", place.recordings.string()});
  EXPECT_EQ(other.status, 1);
  EXPECT_NE(other.text.find("link.busy"), std::string::npos) << other.text;
  EXPECT_TRUE(ask_vault<vault_link::Head>(place, [](auto& client, auto reply) { client.last_head(reply); }))
      << "the first one answers as before";

  // A killed one leaves no lock behind.
  place.serve->end(SIGKILL);
  place.serve.reset();
  ASSERT_TRUE(place.start_serve()) << Installation::read(place.serve_log());
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
}

// faults.md G3.
TEST_F(Programs, FaultG3AMistypedHomeOrIdMakesNothing) {
  Said said = place.parlour({"admin", "type", "publish", "--home", file("hmoe"), kNeverDocument});
  EXPECT_EQ(said.status, 1);
  EXPECT_NE(said.text.find("--create"), std::string::npos) << said.text;
  EXPECT_FALSE(fs::exists(place.root / "hmoe"));
  said = place.parlour({"admin", "user", "list", "--home", (place.root / "web").string()});
  EXPECT_EQ(said.status, 1) << "a directory of something else";
  EXPECT_FALSE(fs::exists(place.root / "web" / "parlour.db"));
  EXPECT_EQ(
      place.parlour({"admin", "type", "publish", "--create", "--home", file("new"), kNeverDocument}).status,
      0);

  const std::string first = publish(kNeverDocument);
  std::string other = first;
  other[0] = other[0] == '0' ? '1' : '0';
  said = place.parlour(
      {"admin", "type", "publish", "--home", place.home.string(), "--id", other, kNeverDocument});
  EXPECT_EQ(said.status, 1);
  EXPECT_NE(said.text.find("--new"), std::string::npos) << said.text;
  EXPECT_EQ(publish(kNeverDocument, {"--id", first}), first);
  EXPECT_EQ(publish(kNeverDocument, {"--id", other, "--new"}), other);
  EXPECT_EQ(place
                .parlour({"admin", "type", "publish", "--home", place.home.string(), "--id", other, "--new",
                          kNeverDocument})
                .status,
            1);
  said = place.parlour({"admin", "type", "list", "--home", place.home.string()});
  EXPECT_NE(said.text.find(first + "\t2\tnever"), std::string::npos) << said.text;
  EXPECT_NE(said.text.find(other + "\t1\tnever"), std::string::npos) << said.text;
}

TEST_F(Programs, FaultG3EachCommandSaysHowItIsCalled) {
  for (const Words& command : {Words{"serve"}, Words{"audit", "verify"}, Words{"admin", "user", "add"},
                               Words{"admin", "user", "enable"}, Words{"admin", "type", "publish"},
                               Words{"admin", "policy", "sign"}, Words{"admin", "user"}, Words{"admin"}}) {
    Words words = command;
    words.push_back("--help");
    Said said = place.parlour(words);
    std::string name;
    for (const std::string& word : command) name += (name.empty() ? "" : " ") + word;
    EXPECT_EQ(said.status, 0) << name;
    EXPECT_NE(said.text.find("parlour " + name), std::string::npos) << said.text;
    EXPECT_EQ(said.text.find("did you mean"), std::string::npos) << said.text;
  }
}

// At a terminal of its own.
TEST_F(Programs, FaultG3APasswordThatIsTypedIsNotShown) {
  publish(kNeverDocument);
  auto at_terminal = [&](Words words, const std::string& typed) {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_TRUE(master >= 0 && ::grantpt(master) == 0 && ::unlockpt(master) == 0);
    const std::string name = ::ptsname(master);
    words.insert(words.begin(), place.parlour_path);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::setsid();
      const int terminal = ::open(name.c_str(), O_RDWR);
      for (int i : {0, 1, 2}) ::dup2(terminal, i);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    // Each line when it is asked for: what is typed before is thrown away with the echo.
    Said said;
    std::size_t asked = 0;
    for (char block[512];;) {
      const ssize_t got = ::read(master, block, sizeof block);
      if (got <= 0) break;
      said.text.append(block, static_cast<std::size_t>(got));
      for (std::size_t at; (at = said.text.find(": ", asked)) != std::string::npos; asked = at + 2) {
        const std::string line = typed + "\n";
        EXPECT_EQ(::write(master, line.data(), line.size()), static_cast<ssize_t>(line.size()));
      }
    }
    ::waitpid(child, &said.status, 0);
    ::close(master);
    said.status = WIFEXITED(said.status) ? WEXITSTATUS(said.status) : -1;
    return said;
  };
  Said said = at_terminal({"admin", "user", "add", "--home", place.home.string(), "--email", "a@example.org",
                           "--name", "A. Visser", "--role", "agent"},
                          "correct horse battery");
  EXPECT_EQ(said.status, 0) << said.text;
  EXPECT_EQ(said.text.find("correct"), std::string::npos) << said.text;
  EXPECT_NE(said.text.find("The same again"), std::string::npos) << said.text;
  said = place.parlour({"admin", "user", "list", "--home", place.home.string()});
  EXPECT_NE(said.text.find("a@example.org\tagent\tenabled"), std::string::npos) << said.text;
}

// design.md 9: serve and vault under two users. Numbers without a name will do.
TEST_F(Programs, ServeAndVaultRunUnderTwoUsersThatCannotReadEachOther) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become two other users";
  const As serve_user{64'501, 64'501}, vault_user{64'502, 64'502}, stranger{64'503, 64'503};
  const std::string serve_uid = std::to_string(*serve_user.uid), vault_uid = std::to_string(*vault_user.uid);
  auto directory = [&](const fs::path& path, As owner, gid_t group, mode_t mode) {
    fs::create_directories(path);
    ASSERT_EQ(::chown(path.c_str(), *owner.uid, group), 0);
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  };
  place.copy_programs();
  place.recordings = place.root / "recordings";
  place.socket = place.root / "run" / "vault.sock";
  directory(place.home, serve_user, serve_user.gid, 0700);
  directory(place.vault_home, vault_user, vault_user.gid, 0700);
  directory(place.root / "run", vault_user, vault_user.gid, 0755);

  Said made = place.vault_program({"init", "--home", place.vault_home.string(), "--organisation",
                                   "Example Bank", "--origin", "localhost/audit", "--with-organisation-key"},
                                  vault_user);
  ASSERT_EQ(made.status, 0) << made.text;
  // Each knows whom to expect: a vault that expects serve's user takes no other, not even root.
  directory(place.recordings, serve_user, serve_user.gid, 0700);
  place.start_vault({"--serve-uid", serve_uid}, vault_user);
  EXPECT_EQ(place.vault->wait(), 1) << "a vault that cannot read the recordings says so at its start";
  EXPECT_FALSE(place.start_serve({"--vault-uid", vault_uid}, serve_user))
      << "serve demands recordings that the vault can read";
  EXPECT_EQ(place.serve->wait(), 1);
  EXPECT_NE(Installation::read(place.serve_log()).find("install -d -m 2750"), std::string::npos);

  directory(place.recordings, serve_user, vault_user.gid, 02750);
  place.start_vault({"--serve-uid", serve_uid}, vault_user);
  ASSERT_TRUE(place.start_serve({"--vault-uid", vault_uid}, serve_user))
      << Installation::read(place.serve_log());
  EXPECT_TRUE(wait_until(
      [&] { return Installation::read(place.serve_log()).find("vault.up") != std::string::npos; }));

  // Neither opens what is the other's alone.
  auto readable = [&](const fs::path& path, As as) {
    return place.run("/bin/cat", {path.string()}, as).status == 0;
  };
  EXPECT_TRUE(readable(place.vault_home / "keys" / "compliance-1.pem", vault_user));
  EXPECT_FALSE(readable(place.vault_home / "keys" / "compliance-1.pem", serve_user));
  EXPECT_TRUE(readable(place.home / "parlour.db", serve_user));
  EXPECT_FALSE(readable(place.home / "parlour.db", vault_user));
  EXPECT_EQ(place.run("/usr/bin/touch", {(place.recordings / "mine").string()}, vault_user).status, 1);
  // Strangers are not heard: commands of another user find no vault, and serve takes no other user for the
  // vault.
  const Words draft{"admin",
                    "policy",
                    "draft",
                    "--home",
                    (place.root / "open").string(),
                    "--vault",
                    place.socket.string(),
                    "--vault-uid",
                    vault_uid,
                    "--out",
                    (place.root / "open" / "draft").string()};
  Installation::write(place.root / "open" / "parlour.db", "");
  fs::permissions(place.root / "open" / "parlour.db", fs::perms::all);
  EXPECT_NE(place.parlour(draft, stranger).text.find("does not answer"), std::string::npos);
  Words of_serve = draft;
  of_serve[4] = place.home.string();
  EXPECT_NE(place.parlour(of_serve, serve_user).text.find("signs by itself"), std::string::npos);
  of_serve[8] = serve_uid;
  EXPECT_NE(place.parlour(of_serve, serve_user).text.find("does not answer"), std::string::npos);
  EXPECT_EQ(place.serve->end(SIGTERM), 0);
  EXPECT_EQ(place.vault->end(SIGTERM), 0);
  place.serve.reset();
  place.vault.reset();
}

}  // namespace
}  // namespace parlour::bin_test

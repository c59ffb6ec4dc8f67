// A home directory opened for commands: the database with its audit log, and the use cases that need nothing
// live.
//
//   <home>/parlour.db          SQLite
//   <home>/link.key            what tokens of links are made from; mode 0600
//   <home>/recordings/         sealed logs
//   <home>/tls/                certificate and key of HTTPS
//   <home>/serve.json          written when the server is ready: base_url, log_key, pid
//   <home>/log.alarm           the server found that the log is not the signed one; until it finds that it is
#pragma once

#include <filesystem>
#include <memory>

#include "app/accounts.h"
#include "app/types.h"
#include "crypto/random.h"
#include "runtime/executor.h"
#include "runtime/services.h"
#include "store_sqlite/audit_log.h"

namespace parlour::bin {

constexpr std::string_view kAlarmFile = "log.alarm";

// This machine's boot, so that clock jumps can be told from restarts in the audit log.
std::string boot_id();

class Home {
 public:
  // Of an installation that is there; with `create` also a new one. A directory that was prepared for one
  // (empty, or with nothing but what belongs to a home) will do; any other is more likely a typing mistake.
  static Result<std::unique_ptr<Home>, std::string> open(const std::filesystem::path& directory,
                                                         bool create = false);
  ~Home();
  app::Accounts& accounts() { return *accounts_; }
  app::Types& types() { return *types_; }

  std::vector<app::MeetingType> published_types() { return store_->all(); }
  std::optional<std::string> policy() { return store_->policy(); }
  // A Policy that was judged, with its audit entry: the next call uses it. Throws StoreFailure.
  void keep_policy(const std::string& message, const std::string& key_name);
  UtcTime now() const { return clock_.now().utc; }

 private:
  Home();
  struct Absent;  // ports that commands have no use for: using one is a refusal, not a pretence
  runtime::SystemClock clock_;
  crypto::SystemRandom random_;
  runtime::Executor executor_;
  runtime::Sha256Digest digest_;
  runtime::PasswordService passwords_;
  std::unique_ptr<Absent> absent_;
  std::unique_ptr<store_sqlite::SqliteStore> store_;
  std::unique_ptr<store_sqlite::SqliteAuditLog> log_;
  std::unique_ptr<app::Context> context_;
  std::unique_ptr<app::Accounts> accounts_;
  std::unique_ptr<app::Types> types_;
};

}  // namespace parlour::bin

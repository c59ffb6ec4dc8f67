#include "sql/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <list>
#include <thread>
#include <unordered_map>

#include "parameters.h"

namespace parlour::sql {
namespace {

// More distinct statements than all stores have; bounds the memory if someone builds statements as strings.
constexpr std::size_t kCachedStatements = 256;
constexpr int kBusyTimeoutMs = 5000;

SqlErrorKind kind_of(int code) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return SqlErrorKind::kUnique;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return SqlErrorKind::kForeignKey;
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return SqlErrorKind::kBusy;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
      return SqlErrorKind::kConstraint;
    case SQLITE_FULL:
      return SqlErrorKind::kFull;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return SqlErrorKind::kIo;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return SqlErrorKind::kCorrupt;
    case SQLITE_ERROR:
    case SQLITE_RANGE:
    case SQLITE_MISUSE:
      return SqlErrorKind::kStatement;
    default:
      return SqlErrorKind::kOther;
  }
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, Finalize>;

struct BindValue {
  sqlite3_stmt* statement;
  int index;
  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
  // Borrowed for the call (SQLITE_STATIC): the statement is reset and its bindings cleared before the call
  // returns.
  int operator()(std::string_view text) const {
    return sqlite3_bind_text64(statement, index, text.empty() ? "" : text.data(), text.size(), nullptr,
                               SQLITE_UTF8);
  }
  int operator()(ByteView bytes) const {
    if (bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0);  // a null pointer would bind NULL
    return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), nullptr);
  }
};

}  // namespace

struct Database::Impl {
  struct Cached {
    std::string sql;
    StatementHandle statement;
    bool in_use = false;
  };

  std::unique_ptr<sqlite3, CloseDatabase> handle;
  std::list<Cached> statements;  // most recently used first; closed before the handle
  std::unordered_map<std::string_view, std::list<Cached>::iterator> by_sql;
  std::thread::id owner;

  void assert_thread() {
    if (owner == std::thread::id()) owner = std::this_thread::get_id();
    assert(owner == std::this_thread::get_id() && "a Database belongs to one thread");
  }

  SqlError error(int code) const {
    int extended = handle != nullptr ? sqlite3_extended_errcode(handle.get()) : code;
    std::string text = handle != nullptr ? sqlite3_errmsg(handle.get()) : sqlite3_errstr(code);
    return {kind_of(extended), extended, std::move(text)};
  }

  Result<StatementHandle, SqlError> prepare(std::string_view sql, unsigned flags) {
    std::string rewritten = rewrite_parameters(sql);
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    int code = sqlite3_prepare_v3(handle.get(), rewritten.c_str(), static_cast<int>(rewritten.size() + 1),
                                  flags, &raw, &tail);
    StatementHandle statement(raw);
    if (code != SQLITE_OK) return fail(error(code));
    if (statement == nullptr) return fail(SqlError{SqlErrorKind::kStatement, 0, "no statement"});
    if (std::string_view(tail).find_first_not_of(" \t\r\n;") != std::string_view::npos)
      return fail(SqlError{SqlErrorKind::kStatement, 0, "more than one statement"});
    return statement;
  }

  // Runs one statement that stays prepared. When it is running already (a query inside the row function of
  // the same query), a second one is prepared for the occasion.
  Result<std::int64_t, SqlError> run(std::string_view sql, std::initializer_list<Value> values,
                                     const std::function<void(Row&)>* on_row) {
    assert_thread();
    auto found = by_sql.find(sql);
    if (found != by_sql.end() && !found->second->in_use) {
      statements.splice(statements.begin(), statements, found->second);
      // A reference into a list stays valid; statements in use are never evicted.
      Cached& cached = *found->second;
      cached.in_use = true;
      auto result = step_through(cached.statement.get(), values, on_row);
      cached.in_use = false;
      return result;
    }
    if (found != by_sql.end()) {
      auto once = prepare(sql, 0);
      if (!once) return fail(once.error());
      return step_through(once->get(), values, on_row);
    }
    auto prepared = prepare(sql, SQLITE_PREPARE_PERSISTENT);
    if (!prepared) return fail(prepared.error());
    statements.push_front(Cached{std::string(sql), std::move(*prepared), true});
    by_sql.emplace(statements.front().sql, statements.begin());
    Cached& cached = statements.front();
    auto result = step_through(cached.statement.get(), values, on_row);
    cached.in_use = false;
    evict();
    return result;
  }

  void evict() {
    for (auto at = statements.end(); statements.size() > kCachedStatements && at != statements.begin();) {
      --at;
      if (at->in_use) continue;
      by_sql.erase(at->sql);
      at = statements.erase(at);
    }
  }

  Result<std::int64_t, SqlError> step_through(sqlite3_stmt* statement, std::initializer_list<Value> values,
                                              const std::function<void(Row&)>* on_row) {
    struct Reset {
      sqlite3_stmt* statement;
      ~Reset() {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
      }
    } reset{statement};

    if (sqlite3_bind_parameter_count(statement) != static_cast<int>(values.size()))
      return fail(SqlError{SqlErrorKind::kStatement, 0, "wrong number of parameters"});
    int index = 0;
    for (const Value& value : values) {
      int code = std::visit(BindValue{statement, ++index}, value.held());
      if (code != SQLITE_OK) return fail(error(code));
    }
    std::int64_t changes_before = sqlite3_total_changes64(handle.get());
    while (true) {
      int code = sqlite3_step(statement);
      if (code == SQLITE_DONE) break;
      if (code != SQLITE_ROW) return fail(error(code));
      if (on_row == nullptr) return fail(SqlError{SqlErrorKind::kStatement, 0, "unexpected rows"});
      Row row(statement);
      (*on_row)(row);
      if (row.failed())
        return fail(SqlError{SqlErrorKind::kType, 0, "a column has not the type that was asked for"});
    }
    // total_changes also counts foreign key actions; changes() alone keeps an old value for statements
    // without effect.
    return sqlite3_total_changes64(handle.get()) == changes_before ? 0 : sqlite3_changes64(handle.get());
  }

  Result<void, SqlError> script(const std::string& sql) {
    int code = sqlite3_exec(handle.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(error(code));
    return {};
  }

  Result<void, SqlError> configure(bool read_only) {
    sqlite3_extended_result_codes(handle.get(), 1);
    sqlite3_busy_timeout(handle.get(), kBusyTimeoutMs);
    for (auto [option, value] :
         {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1}, std::pair{SQLITE_DBCONFIG_DQS_DDL, 0},
          std::pair{SQLITE_DBCONFIG_DQS_DML, 0}, std::pair{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}}) {
      int code = sqlite3_db_config(handle.get(), option, value, nullptr);
      if (code != SQLITE_OK) return fail(error(code));
    }
    std::string settings =
        "pragma foreign_keys = on;"
        "pragma secure_delete = on;"
        "pragma synchronous = full;"
        "pragma cell_size_check = on;"
        "pragma temp_store = memory;";
    settings += read_only ? "pragma query_only = on;" : "pragma journal_mode = wal;";
    return script(settings);
  }

  static Result<Database, SqlError> open(const std::string& file, int flags, bool read_only) {
    auto impl = std::make_unique<Impl>();
    sqlite3* raw = nullptr;
    int code = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    impl->handle.reset(raw);
    if (code != SQLITE_OK) return fail(impl->error(code));
    if (auto configured = impl->configure(read_only); !configured) return fail(configured.error());
    return Database(std::move(impl));
  }
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;

Result<Database, SqlError> Database::open(const std::filesystem::path& file, Mode mode) {
  if (mode == Mode::kReadOnly) {
    // A reader of a WAL database writes the shared index file, so the file itself is opened for writing;
    // query_only refuses every statement that would change something.
    return Impl::open(file.string(), SQLITE_OPEN_READWRITE, true);
  }
  // Made by us first, so that nobody else can read it: SQLite gives its side files the same mode.
  int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0)
    return fail(
        SqlError{SqlErrorKind::kIo, SQLITE_CANTOPEN, "the database file cannot be opened for writing"});
  ::close(descriptor);
  return Impl::open(file.string(), SQLITE_OPEN_READWRITE, false);
}

Result<Database, SqlError> Database::open_in_memory() {
  return Impl::open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, false);
}

Result<void, SqlError> Database::execute_script(std::string_view sql) {
  impl_->assert_thread();
  return impl_->script(std::string(sql));
}

Result<std::int64_t, SqlError> Database::execute(std::string_view sql, std::initializer_list<Value> values) {
  return impl_->run(sql, values, nullptr);
}

Result<void, SqlError> Database::query(std::string_view sql, std::initializer_list<Value> values,
                                       const std::function<void(Row&)>& on_row) {
  auto result = impl_->run(sql, values, &on_row);
  if (!result) return fail(result.error());
  return {};
}

std::int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(impl_->handle.get());
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(impl_->handle.get()) == 0;
}

Result<void, SqlError> Database::truncate_wal() {
  std::int64_t busy = 0;
  auto done = query("pragma wal_checkpoint(truncate)", {}, [&](Row& row) { busy = row.integer(0); });
  if (!done) return done;
  if (busy != 0)
    return fail(SqlError{SqlErrorKind::kBusy, SQLITE_BUSY, "a reader keeps the write-ahead log in use"});
  return {};
}

Result<Transaction, SqlError> Transaction::begin(Database& database) {
  auto begun = database.execute("begin immediate");
  if (!begun) return fail(begun.error());
  return Transaction(database);
}

Result<Transaction, SqlError> Transaction::begin_read(Database& database) {
  auto begun = database.execute("begin deferred");
  if (!begun) return fail(begun.error());
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // SQLite has rolled back by itself after some errors (full disk); then there is nothing to do.
  if (database_ != nullptr && database_->in_transaction()) (void)database_->execute("rollback");
}

Result<void, SqlError> Transaction::commit() {
  assert(database_ != nullptr && "committed twice");
  auto committed = database_->execute("commit");
  if (!committed) {
    if (database_->in_transaction()) (void)database_->execute("rollback");
    database_ = nullptr;
    return fail(committed.error());
  }
  database_ = nullptr;
  return {};
}

}  // namespace parlour::sql

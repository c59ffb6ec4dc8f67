// One connection to a SQLite database, with the settings that Parlour relies on.
//
// WAL, synchronous FULL (a commit that returned is on the disk), foreign keys on, secure_delete on (shredded
// rows leave no bytes in the file), busy time-out 5 s, double-quoted strings and untrusted schema functions
// off, file mode 0600.
//
// Statements are written with $1, $2 … as PostgreSQL has them and rewritten to ?1, ?2 … (SQLite would number
// $-names by first appearance and swap them silently). They are prepared once and kept.
//
// Use: one connection that writes, any number that read. Calls block: run them on a thread for blocking work.
// Thread: the first thread that uses a Database owns it from then on (assert); opening and destroying may
// happen on another one. Errors: expected failures are Results; no exception leaves.
#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/error.h"
#include "sql/value.h"

namespace parlour::sql {

class Database {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  // kReadWrite makes the file if it is not there; its directory must exist.
  static Result<Database, SqlError> open(const std::filesystem::path& file, Mode mode = Mode::kReadWrite);
  // Private to this object; for tests.
  static Result<Database, SqlError> open_in_memory();
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  // One or more statements without parameters (schema, pragmas).
  Result<void, SqlError> execute_script(std::string_view sql);

  // One statement that gives no rows; the number of rows that it changed.
  Result<std::int64_t, SqlError> execute(std::string_view sql, std::initializer_list<Value> values = {});

  // One statement (SELECT, or INSERT/UPDATE/DELETE … RETURNING); `on_row` for each row. It may run other
  // statements.
  Result<void, SqlError> query(std::string_view sql, std::initializer_list<Value> values,
                               const std::function<void(Row&)>& on_row);

  // map: Row& → T. At most one row is expected; more is an error of kind kStatement.
  template <class Map>
  auto query_one(std::string_view sql, std::initializer_list<Value> values, Map&& map)
      -> Result<std::optional<std::decay_t<decltype(map(std::declval<Row&>()))>>, SqlError> {
    std::optional<std::decay_t<decltype(map(std::declval<Row&>()))>> found;
    bool too_many = false;
    auto done = query(sql, values, [&](Row& row) {
      if (found)
        too_many = true;
      else
        found.emplace(map(row));
    });
    if (!done) return parlour::fail(done.error());
    if (too_many) return parlour::fail(SqlError{SqlErrorKind::kStatement, 0, "more than one row"});
    return found;
  }
  template <class Map>
  auto query_all(std::string_view sql, std::initializer_list<Value> values, Map&& map)
      -> Result<std::vector<std::decay_t<decltype(map(std::declval<Row&>()))>>, SqlError> {
    std::vector<std::decay_t<decltype(map(std::declval<Row&>()))>> all;
    auto done = query(sql, values, [&](Row& row) { all.push_back(map(row)); });
    if (!done) return parlour::fail(done.error());
    return all;
  }

  std::int64_t last_insert_id() const;
  bool in_transaction() const;

  // Moves the WAL into the file and cuts it to nothing: after shredding, so that no old page stays beside the
  // file.
  Result<void, SqlError> truncate_wal();

 private:
  friend class Transaction;
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// BEGIN IMMEDIATE … COMMIT; rolls back unless committed. A write transaction takes the lock at once, so it
// never fails half-way for want of it. One at a time per Database; begin() inside another is an error of kind
// kStatement.
class Transaction {
 public:
  static Result<Transaction, SqlError> begin(Database& database);
  // A consistent view for several queries; must not write (SQLite would refuse with kBusy at once).
  static Result<Transaction, SqlError> begin_read(Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;

  // On failure the transaction is rolled back.
  Result<void, SqlError> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null once committed or moved from
};

}  // namespace parlour::sql

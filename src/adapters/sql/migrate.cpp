#include "sql/migrate.h"

#include <string>

namespace parlour::sql {
namespace {

// FNV-1a, 64 bits: finds a changed text, is no protection against someone who wants to deceive.
std::int64_t checksum(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (unsigned char c : text) hash = (hash ^ c) * 1099511628211u;
  return static_cast<std::int64_t>(hash);
}

SqlError migration_error(std::string text) {
  return {SqlErrorKind::kMigration, 0, std::move(text)};
}

Result<void, SqlError> apply(Database& database, const Migration& migration, UtcTime now) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return fail(transaction.error());
  // Another process may have been faster.
  auto known = database.query_one("select number from schema_migration where number = $1", {migration.number},
                                  [](Row& row) { return row.integer(0); });
  if (!known) return fail(known.error());
  if (known->has_value()) return transaction->commit();
  if (auto done = database.execute_script(migration.sql); !done) return fail(done.error());
  if (!database.in_transaction())
    return fail(
        migration_error("migration " + std::to_string(migration.number) + " ended its own transaction"));
  auto noted =
      database.execute("insert into schema_migration (number, checksum, applied_at) values ($1, $2, $3)",
                       {migration.number, checksum(migration.sql), now});
  if (!noted) return fail(noted.error());
  bool dangling = false;
  auto checked = database.query("pragma foreign_key_check", {}, [&](Row&) { dangling = true; });
  if (!checked) return fail(checked.error());
  if (dangling)
    return fail(
        migration_error("migration " + std::to_string(migration.number) + " leaves dangling references"));
  return transaction->commit();
}

}  // namespace

Result<int, SqlError> migrate(Database& database, std::span<const Migration> migrations, UtcTime now) {
  auto made = database.execute_script(
      "create table if not exists schema_migration ("
      "number integer primary key, checksum integer not null, applied_at integer not null) strict");
  if (!made) return fail(made.error());

  struct Applied {
    std::int64_t number;
    std::int64_t checksum;
  };
  auto applied =
      database.query_all("select number, checksum from schema_migration order by number", {}, [](Row& row) {
        return Applied{row.integer(0), row.integer(1)};
      });
  if (!applied) return fail(applied.error());
  if (applied->size() > migrations.size())
    return fail(migration_error("the database is newer than this program"));

  // Rebuilding a table drops the old one; with enforcement on, that would delete what refers to it. The
  // setting has no effect inside a transaction, so it is changed around them; foreign_key_check stands in for
  // it.
  if (auto off = database.execute_script("pragma foreign_keys = off"); !off) return fail(off.error());
  Result<int, SqlError> reached = [&]() -> Result<int, SqlError> {
    int number = 0;
    for (const Migration& migration : migrations) {
      if (migration.number != number + 1) return fail(migration_error("migration numbers have a gap"));
      number = migration.number;
      auto index = static_cast<std::size_t>(number - 1);
      if (index < applied->size()) {
        if ((*applied)[index].number != number || (*applied)[index].checksum != checksum(migration.sql))
          return fail(
              migration_error("migration " + std::to_string(number) + " was applied with another text"));
        continue;
      }
      if (auto done = apply(database, migration, now); !done) return fail(done.error());
    }
    return number;
  }();
  if (auto on = database.execute_script("pragma foreign_keys = on"); !on) return fail(on.error());
  return reached;
}

}  // namespace parlour::sql

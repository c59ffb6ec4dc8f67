#include "schema.h"
#include "store_sqlite/store.h"

namespace parlour::store_sqlite {

Result<std::unique_ptr<SqliteStore>, std::string> SqliteStore::finish_opening(
    Result<sql::Database, sql::SqlError> opened, UtcTime now) {
  if (!opened) return fail(opened.error().text);
  auto migrated = sql::migrate(*opened, migrations(), now);
  if (!migrated) return fail(migrated.error().text);
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(*opened)));
}

Result<std::unique_ptr<SqliteStore>, std::string> SqliteStore::open(const std::filesystem::path& file,
                                                                    UtcTime now) {
  return finish_opening(sql::Database::open(file), now);
}
Result<std::unique_ptr<SqliteStore>, std::string> SqliteStore::open_in_memory(UtcTime now) {
  return finish_opening(sql::Database::open_in_memory(), now);
}

void SqliteStore::begin() {
  auto started = sql::Transaction::begin(database_);
  if (!started) throw app::StoreFailure(started.error().text);
  transaction_.emplace(std::move(*started));
}
void SqliteStore::commit() {
  auto done = transaction_->commit();
  transaction_.reset();
  need(std::move(done));
}
void SqliteStore::rollback() noexcept {
  transaction_.reset();
}

void SqliteStore::run(std::string_view sql, std::initializer_list<sql::Value> values) {
  need(database_.execute(sql, values));
}

}  // namespace parlour::store_sqlite

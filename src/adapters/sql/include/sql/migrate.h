// Numbered forward migrations. What was applied stands in the table schema_migration.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "sql/database.h"

namespace parlour::sql {

struct Migration {
  int number;            // 1, 2, 3 … without gaps
  std::string_view sql;  // a script; runs inside a transaction, so it must not say BEGIN or COMMIT
};

// Applies those that are missing, each in one transaction with its row in schema_migration. Gives the number
// reached. Refuses (kMigration) a database that knows more migrations than this program, and one whose past
// migration reads differently from ours (compared by a checksum): forward only, and history is not edited.
// Foreign keys are checked when each migration commits, not while it runs: tables may be rebuilt.
Result<int, SqlError> migrate(Database& database, std::span<const Migration> migrations, UtcTime now);

}  // namespace parlour::sql

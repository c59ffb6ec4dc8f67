// Why the database said no.
#pragma once

#include <string>

namespace parlour::sql {

enum class SqlErrorKind {
  kBusy,        // another writer held the lock longer than the busy time-out
  kUnique,      // UNIQUE or PRIMARY KEY
  kForeignKey,  // FOREIGN KEY
  kConstraint,  // CHECK, NOT NULL, type of a STRICT column
  kFull,        // disk or quota full
  kIo,          // reading or writing failed
  kCorrupt,     // not a database, or a damaged one
  kStatement,   // the statement is wrong: syntax, unknown table, number of parameters
  kType,        // a column held another type than was asked for
  kMigration,   // the schema is newer than this program, or a past migration was edited
  kOther,
};

struct SqlError {
  SqlErrorKind kind = SqlErrorKind::kOther;
  int code = 0;      // SQLite's extended result code; 0 when the error is ours
  std::string text;  // for logs of operators: names tables and columns, never values
};

}  // namespace parlour::sql

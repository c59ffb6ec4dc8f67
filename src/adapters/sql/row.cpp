#include <sqlite3.h>

#include <algorithm>

#include "sql/value.h"

namespace parlour::sql {

bool Row::holds(int column, int type) {
  if (column >= 0 && column < sqlite3_data_count(statement_) &&
      sqlite3_column_type(statement_, column) == type)
    return true;
  failed_ = true;
  return false;
}

bool Row::is_null(int column) {
  if (column < 0 || column >= sqlite3_data_count(statement_)) {
    failed_ = true;
    return true;
  }
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Row::integer(int column) {
  return holds(column, SQLITE_INTEGER) ? sqlite3_column_int64(statement_, column) : 0;
}

std::string_view Row::text_view(int column) {
  if (!holds(column, SQLITE_TEXT)) return {};
  // The pointer first, then the size: asking in this order keeps SQLite from converting in between.
  const unsigned char* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) {
    failed_ = true;  // out of memory
    return {};
  }
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

ByteView Row::blob_view(int column) {
  if (!holds(column, SQLITE_BLOB)) return {};
  const void* blob = sqlite3_column_blob(statement_, column);  // null for an empty blob
  return {static_cast<const std::uint8_t*>(blob),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Row::copy_exactly(int column, MutableByteView out) {
  ByteView blob = blob_view(column);
  if (blob.size() != out.size()) {
    failed_ = true;
    return;
  }
  std::copy(blob.begin(), blob.end(), out.begin());
}

std::optional<std::int64_t> Row::optional_integer(int column) {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Row::optional_text(int column) {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<Bytes> Row::optional_blob(int column) {
  if (is_null(column)) return std::nullopt;
  return blob(column);
}

std::optional<UtcTime> Row::optional_time(int column) {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

}  // namespace parlour::sql

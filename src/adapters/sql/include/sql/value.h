// What goes into a statement (Value) and what comes out of a row (Row).
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/id.h"
#include "base/time.h"

struct sqlite3_stmt;

namespace parlour::sql {

// One parameter. Text and bytes are borrowed for the call. Ids are bound as 16-byte blobs, times as
// microseconds, truth values as 0 and 1, empty optionals as NULL.
class Value {
 public:
  Value(std::nullptr_t) {}  // NOLINT: implicit by design, all of them
  template <std::integral I>
  Value(I value) : value_(static_cast<std::int64_t>(value)) {}        // NOLINT
  Value(std::string_view text) : value_(text) {}                      // NOLINT
  Value(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT
  Value(const char* text) : value_(std::string_view(text)) {}         // NOLINT
  Value(ByteView bytes) : value_(bytes) {}                            // NOLINT
  Value(const Bytes& bytes) : value_(ByteView(bytes)) {}              // NOLINT
  template <std::size_t N>
  Value(const ByteArray<N>& bytes) : value_(ByteView(bytes)) {}  // NOLINT
  template <class Tag>
  Value(const Id<Tag>& id) : value_(ByteView(id.bytes())) {}  // NOLINT
  Value(UtcTime time) : value_(time.us) {}                    // NOLINT
  template <class T>
  Value(const std::optional<T>& value) {  // NOLINT
    if (value) *this = Value(*value);
  }

  using Held = std::variant<std::monostate, std::int64_t, std::string_view, ByteView>;
  const Held& held() const { return value_; }

 private:
  Held value_;
};

// One row during a query; column numbers from 0. Asking for another type than the column holds, for NULL
// without saying so, or for a column that is not there gives an empty value and makes the whole query fail
// with kType when the row function returns (as Reader does), so a mapping may read all and needs no checks of
// its own. Views are valid until the row function returns.
class Row {
 public:
  bool is_null(int column);
  std::int64_t integer(int column);
  bool boolean(int column) { return integer(column) != 0; }
  std::string_view text_view(int column);
  std::string text(int column) { return std::string(text_view(column)); }
  ByteView blob_view(int column);
  Bytes blob(int column) { return to_bytes(blob_view(column)); }
  UtcTime time(int column) { return {integer(column)}; }
  // Exactly 16 bytes, written by Value(Id).
  template <class IdType>
  IdType id(int column) {
    return IdType::from_bytes(uuid(column));
  }
  // Exactly N bytes.
  template <std::size_t N>
  ByteArray<N> bytes(int column) {
    ByteArray<N> out{};
    copy_exactly(column, out);
    return out;
  }

  std::optional<std::int64_t> optional_integer(int column);
  std::optional<std::string> optional_text(int column);
  std::optional<Bytes> optional_blob(int column);
  std::optional<UtcTime> optional_time(int column);
  template <class IdType>
  std::optional<IdType> optional_id(int column) {
    if (is_null(column)) return std::nullopt;
    return id<IdType>(column);
  }

  // For mappings that find a value which they cannot use (an unknown enum).
  void fail() { failed_ = true; }
  bool failed() const { return failed_; }

 private:
  friend class Database;
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  bool holds(int column, int type);
  ByteArray<16> uuid(int column) { return bytes<16>(column); }
  void copy_exactly(int column, MutableByteView out);

  sqlite3_stmt* statement_;
  bool failed_ = false;
};

}  // namespace parlour::sql

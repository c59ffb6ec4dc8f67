// JSON as Parlour speaks it: I-JSON (RFC 7493) with integers only, members in the order they were written.
//
// One reader and one writer for signed messages, audit entries, signalling, HTTP bodies and settings (ADR
// 0002).
// - parse() refuses: duplicate member names, fractions and exponents, integers beyond ±(2^53 − 1), "-0", lone
//   surrogates, bytes that are not UTF-8, nesting deeper than the limit, text longer than the limit, anything
//   after the value.
// - write() gives exactly what ECMAScript's JSON.stringify gives for such a value.
// - write_canonical() gives RFC 8785 (JCS); member names must be ASCII (checked by is_canonical's callers).
// Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace parlour {

class Json;
using JsonArray = std::vector<Json>;
using JsonMember = std::pair<std::string, Json>;
// Members in written order. Look-ups are linear: our objects are small and bounded by the limits of parse().
using JsonObject = std::vector<JsonMember>;

class Json {
 public:
  Json() = default;                    // null
  Json(std::nullptr_t) {}              // NOLINT: implicit by design
  Json(bool value) : value_(value) {}  // NOLINT
  template <class I>
  requires(std::integral<I> && !std::same_as<I, bool>) Json(I value)
      : value_(static_cast<std::int64_t>(value)) {}             // NOLINT
  Json(std::string value) : value_(std::move(value)) {}         // NOLINT
  Json(std::string_view value) : value_(std::string(value)) {}  // NOLINT
  Json(const char* value) : value_(std::string(value)) {}       // NOLINT
  Json(JsonArray value) : value_(std::move(value)) {}           // NOLINT
  Json(JsonObject value) : value_(std::move(value)) {}          // NOLINT

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<JsonArray>(value_); }
  bool is_object() const { return std::holds_alternative<JsonObject>(value_); }

  // Null pointer when the value is of another kind.
  const bool* as_bool() const { return std::get_if<bool>(&value_); }
  const std::int64_t* as_integer() const { return std::get_if<std::int64_t>(&value_); }
  const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  const JsonArray* as_array() const { return std::get_if<JsonArray>(&value_); }
  JsonArray* as_array() { return std::get_if<JsonArray>(&value_); }
  const JsonObject* as_object() const { return std::get_if<JsonObject>(&value_); }
  JsonObject* as_object() { return std::get_if<JsonObject>(&value_); }

  // The member of an object; null pointer when absent or when this is no object.
  const Json* find(std::string_view name) const;
  // Short forms for members of the expected kind: the value, or the fallback when absent or of another kind.
  std::string string_or(std::string_view name, std::string_view fallback = "") const;
  std::int64_t integer_or(std::string_view name, std::int64_t fallback = 0) const;
  bool bool_or(std::string_view name, bool fallback = false) const;

  // Sets or replaces a member; this must be an object or null (null becomes an object).
  Json& set(std::string_view name, Json value);

  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::string, JsonArray, JsonObject> value_;
};

struct JsonLimits {
  std::size_t bytes = 64 * 1024;
  std::size_t depth = 32;
  std::size_t values = 20'000;  // all values and members together
};

struct JsonError {
  std::size_t offset;  // byte where it went wrong
  std::string_view reason;
};

Result<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits = {});

// As JSON.stringify writes it.
std::string write_json(const Json& value);
// RFC 8785. Member names are sorted by their bytes, which is JCS's order for ASCII names only.
std::string write_json_canonical(const Json& value);
// A JSON string literal, quotes included.
std::string json_quote(std::string_view text);

}  // namespace parlour

// The log of operators: one JSON object a line, events with typed fields, no personal data.
//
// {"at":"2026-11-24T14:30:00.123Z","level":"info","event":"server.started","port":8443}
//
// Events and field names are constants of the program, in the form "part.what_happened". Values are ids,
// counts, enum names and short facts, never names, addresses of people, tokens or texts that someone typed:
// Redacted<T> has no conversion to a field. What looks like text is cleaned all the same: control characters,
// bidirectional overrides and line separators are dropped, bytes that are not UTF-8 become U+FFFD, the rest
// is escaped and cut at 256 bytes, so a line of the log is always one event.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/id.h"
#include "base/time.h"

namespace parlour {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
std::string_view to_text(LogLevel level);

// One field; borrowed text lives for the call.
class LogField {
 public:
  template <std::integral I>
  LogField(std::string_view name, I value) : name_(name) {
    if constexpr (std::same_as<I, bool>)
      value_ = value;
    else
      value_ = static_cast<std::int64_t>(value);
  }
  LogField(std::string_view name, std::string_view text) : name_(name), value_(std::string(text)) {}
  LogField(std::string_view name, const std::string& text) : name_(name), value_(text) {}
  LogField(std::string_view name, const char* text) : name_(name), value_(std::string(text)) {}
  template <class Tag>
  LogField(std::string_view name, const Id<Tag>& id) : name_(name), value_(id.text()) {}
  LogField(std::string_view name, Duration duration) : name_(name), value_(std::int64_t{duration.count()}) {}

  using Held = std::variant<std::int64_t, bool, std::string>;
  std::string_view name() const { return name_; }
  const Held& value() const { return value_; }

 private:
  std::string_view name_;
  Held value_;
};

// Any thread; must not throw.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {}) = 0;

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kDebug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kInfo, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kWarning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kError, event, fields);
  }
};

// Text as it may stand in a log: see above. Any thread.
std::string clean_for_log(std::string_view text);

}  // namespace parlour

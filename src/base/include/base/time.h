// Three times, three types (style.md (c) 6): steady time for timers, UTC for people and the audit log, media
// time in rtc. Microseconds as integers. Time is always an argument; only adapters and bin hold a Clock that
// asks the system.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parlour {

using Duration = std::chrono::microseconds;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

// A moment of a monotonic clock; comparable within one process only.
struct SteadyTime {
  std::int64_t us = 0;
  friend auto operator<=>(SteadyTime, SteadyTime) = default;
  friend SteadyTime operator+(SteadyTime t, Duration d) { return {t.us + d.count()}; }
  friend SteadyTime operator-(SteadyTime t, Duration d) { return {t.us - d.count()}; }
  friend Duration operator-(SteadyTime a, SteadyTime b) { return Duration(a.us - b.us); }
};

// A moment in UTC, microseconds since 1970-01-01T00:00:00Z, without leap seconds.
struct UtcTime {
  std::int64_t us = 0;
  friend auto operator<=>(UtcTime, UtcTime) = default;
  friend UtcTime operator+(UtcTime t, Duration d) { return {t.us + d.count()}; }
  friend UtcTime operator-(UtcTime t, Duration d) { return {t.us - d.count()}; }
  friend Duration operator-(UtcTime a, UtcTime b) { return Duration(a.us - b.us); }
};

struct Now {
  SteadyTime steady;
  UtcTime utc;
};

// Thread: any; implementations are in adapters (the system's) and tests (set by hand).
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Now now() const = 0;
};

// RFC 3339 with milliseconds and "Z", as audit entries write it: 2026-11-24T14:30:00.123Z.
std::string to_rfc3339(UtcTime time);
// Reads the same form (any number of fraction digits up to 6, or none; "Z" only).
std::optional<UtcTime> from_rfc3339(std::string_view text);

}  // namespace parlour

#include "base/time.h"

#include <cstdio>

namespace parlour {

std::string to_rfc3339(UtcTime time) {
  using namespace std::chrono;
  std::int64_t ms = time.us >= 0 ? time.us / 1000 : -((-time.us + 999) / 1000);
  sys_time<milliseconds> moment{milliseconds(ms)};
  auto day = floor<days>(moment);
  year_month_day date{day};
  hh_mm_ss clock{moment - day};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

std::optional<UtcTime> from_rfc3339(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 20 || text.back() != 'Z') return std::nullopt;
  auto number = [&](std::size_t at, std::size_t size) -> int {
    int value = 0;
    for (std::size_t i = at; i < at + size; ++i) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  int y = number(0, 4), mo = number(5, 2), d = number(8, 2), h = number(11, 2), mi = number(14, 2),
      s = number(17, 2);
  if (y < 0 || mo < 0 || d < 0 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59)
    return std::nullopt;
  year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
  if (!date.ok()) return std::nullopt;
  std::int64_t fraction = 0;
  std::string_view rest = text.substr(19, text.size() - 20);
  if (!rest.empty()) {
    if (rest[0] != '.' || rest.size() < 2 || rest.size() > 7) return std::nullopt;
    int digits = number(20, rest.size() - 1);
    if (digits < 0) return std::nullopt;
    fraction = digits;
    for (std::size_t i = rest.size() - 1; i < 6; ++i) fraction *= 10;
  }
  sys_time<microseconds> moment =
      sys_days(date) + hours(h) + minutes(mi) + seconds(s) + microseconds(fraction);
  return UtcTime{moment.time_since_epoch().count()};
}

}  // namespace parlour

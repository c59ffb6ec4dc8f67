// What stands in an entry or another canonical object, read in place: of another kind than asked for is as
// good as not there. Private to the verifier.
#pragma once

#include <optional>
#include <string_view>

#include "audit/format/canonical.h"
#include "audit/format/entry.h"
#include "base/time.h"

namespace parlour::audit {

inline std::string_view string_of(std::string_view object, std::string_view name) {
  auto raw = find_member(object, name);
  return raw ? plain_string(*raw).value_or("") : "";
}
inline std::optional<std::int64_t> integer_of(std::string_view object, std::string_view name) {
  auto raw = find_member(object, name);
  return raw ? plain_integer(*raw) : std::nullopt;
}
inline std::int64_t ms_of(const EntryView& entry) {
  return entry.time.us / 1000;
}

}  // namespace parlour::audit

// Many spans of time, [from, to) in milliseconds, and what is done with them. What takes two sets wants both
// as joined() makes them; each step is linear, but for the one sort in joined(). Pure.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace parlour {

using Range = std::pair<std::int64_t, std::int64_t>;
using Ranges = std::vector<Range>;

// Sorted, none empty, and more than `apart` between each and the next: what lies closer becomes one.
Ranges joined(Ranges ranges, std::int64_t apart = 0);
// The parts of `whole` that none of `taken` covers.
Ranges without(const Ranges& whole, const Ranges& taken);
// What both cover.
Ranges common(const Ranges& a, const Ranges& b);
// What any of them covers.
Ranges together(const Ranges& a, const Ranges& b);
std::int64_t length(const Ranges& ranges);

}  // namespace parlour

#include "base/ranges.h"

#include <algorithm>

namespace parlour {

Ranges joined(Ranges ranges, std::int64_t apart) {
  std::erase_if(ranges, [](const Range& range) { return range.first >= range.second; });
  std::sort(ranges.begin(), ranges.end());
  Ranges out;
  for (const Range& range : ranges) {
    if (!out.empty() && range.first - out.back().second <= apart)
      out.back().second = std::max(out.back().second, range.second);
    else
      out.push_back(range);
  }
  return out;
}

Ranges without(const Ranges& whole, const Ranges& taken) {
  Ranges left;
  std::size_t at = 0;
  for (auto [from, to] : whole) {
    while (at < taken.size() && taken[at].second <= from) ++at;
    for (std::size_t i = at; i < taken.size() && taken[i].first < to; ++i) {
      if (taken[i].first > from) left.emplace_back(from, taken[i].first);
      from = taken[i].second;
      if (from < to) at = i + 1;
    }
    if (from < to) left.emplace_back(from, to);
  }
  return left;
}

Ranges common(const Ranges& a, const Ranges& b) {
  Ranges out;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const std::int64_t from = std::max(a[i].first, b[j].first), to = std::min(a[i].second, b[j].second);
    if (from < to) out.emplace_back(from, to);
    if (a[i].second < b[j].second)
      ++i;
    else
      ++j;
  }
  return out;
}

Ranges together(const Ranges& a, const Ranges& b) {
  Ranges all = a;
  all.insert(all.end(), b.begin(), b.end());
  return joined(std::move(all));
}

std::int64_t length(const Ranges& ranges) {
  std::int64_t sum = 0;
  for (const Range& range : ranges) sum += range.second - range.first;
  return sum;
}

}  // namespace parlour

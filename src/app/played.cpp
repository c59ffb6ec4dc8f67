#include "app/played.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace parlour::app {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

}  // namespace

void Seconds::add(std::uint32_t from, std::uint32_t to) {
  if (from >= to) return;
  // All that overlap or touch become one.
  auto first = std::lower_bound(ranges_.begin(), ranges_.end(), from,
                                [](const Range& range, std::uint32_t value) { return range.second < value; });
  auto last = first;
  for (; last != ranges_.end() && last->first <= to; ++last) {
    from = std::min(from, last->first);
    to = std::max(to, last->second);
  }
  if (first == last) {
    ranges_.insert(first, {from, to});
    return;
  }
  *first = {from, to};
  ranges_.erase(first + 1, last);
}

std::uint64_t Seconds::count() const {
  return std::accumulate(
      ranges_.begin(), ranges_.end(), std::uint64_t{0},
      [](std::uint64_t sum, const Range& range) { return sum + range.second - range.first; });
}

ByteClock::ByteClock(const Json* seconds, std::int64_t duration_ms) {
  const JsonArray* numbers = seconds != nullptr ? seconds->as_array() : nullptr;
  if (numbers != nullptr && numbers->size() % 2 == 0) {
    std::int64_t end = 0;
    for (std::size_t i = 0; i < numbers->size(); i += 2) {
      const std::int64_t *skipped = (*numbers)[i].as_integer(), *size = (*numbers)[i + 1].as_integer();
      // A list that makes no sense is none.
      if (skipped == nullptr || size == nullptr || *size < 0 || end + *skipped < 0) {
        spans_.clear();
        break;
      }
      const std::int64_t from = end + *skipped;
      if (*size > 0) end = from + *size;
      const auto begin = static_cast<std::uint64_t>(from);
      spans_.push_back(
          {*size > 0 ? begin : kNever, *size > 0 ? begin + static_cast<std::uint64_t>(*size) : 0, 0, kNever});
    }
  }
  std::uint64_t latest = 0, earliest = kNever;
  for (Span& span : spans_) span.latest_end = latest = std::max(latest, span.to);
  for (auto span = spans_.rbegin(); span != spans_.rend(); ++span)
    span->earliest_begin = earliest = std::min(earliest, span->from);
  whole_ = static_cast<std::uint32_t>(std::max<std::int64_t>(1, duration_ms / 1000 + 1));
}

void ByteClock::add(std::uint64_t from, std::uint64_t to, Seconds& out) const {
  if (from >= to) return;
  if (spans_.empty()) return out.add(0, whole_);
  // Seconds may overlap, but hardly: between these two each is looked at.
  auto first = std::partition_point(spans_.begin(), spans_.end(),
                                    [&](const Span& span) { return span.latest_end <= from; });
  auto last =
      std::partition_point(first, spans_.end(), [&](const Span& span) { return span.earliest_begin < to; });
  for (auto span = first; span != last; ++span) {
    if (span->from >= to || span->to <= from) continue;
    const auto second = static_cast<std::uint32_t>(span - spans_.begin());
    out.add(second, second + 1);
  }
}

}  // namespace parlour::app

#include "silences.h"

#include <algorithm>
#include <utility>

namespace parlour::audit {
namespace {

// A recorder that says nothing for two seconds stops media; disks and schedulers have hiccups. All gaps alone
// may make up a tenth of a meeting.
constexpr std::int64_t kGapAloneMs = 15'000;
constexpr std::int64_t kGapsShare = 10;
// A part's last moments are written after the call was held.
constexpr std::int64_t kLastWordsMs = 5'000;

void add(Ranges& ranges, std::int64_t from, std::int64_t to) {
  if (from < to) ranges.emplace_back(from, to);
}

}  // namespace

void Silences::count_stop(std::int64_t seen) {
  if (stop_counts_ != kNever) longest_stop_ms_ = std::max(longest_stop_ms_, seen - stop_counts_);
}

void Silences::count_hold(std::int64_t seen) {
  if (hold_counts_ != kNever) longest_hold_ms_ = std::max(longest_hold_ms_, seen - hold_counts_);
}

void Silences::hold(std::int64_t at, std::int64_t seen) {
  if (held()) return;
  count_stop(seen);
  stop_counts_ = kNever;
  held_since_ = hold_counts_ = at;
}

void Silences::take_up(std::int64_t at, std::int64_t seen) {
  if (!held()) return;
  count_hold(seen);
  add(held_, held_since_, at);
  held_since_ = hold_counts_ = kNever;
}

void Silences::stop(std::int64_t at) {
  if (stopped_since_ != kNever) return;
  stopped_since_ = at;
  if (!held()) stop_counts_ = at;
}

void Silences::resume(std::int64_t at, std::int64_t seen) {
  if (stopped_since_ == kNever) return;
  count_stop(seen);
  add(stopped_, stopped_since_, at);
  stopped_since_ = stop_counts_ = kNever;
}

void Silences::restart(std::int64_t away_from, std::int64_t at, std::int64_t seen) {
  add(server_, away_from, at);
  if (held()) {
    count_hold(seen);
    hold_counts_ = at;
  } else {
    count_stop(seen);
    stop_counts_ = at;
  }
  if (stopped_since_ == kNever) stopped_since_ = at;
}

void Silences::pause(std::int64_t at) {
  if (paused_since_ == kNever) paused_since_ = at;
}

void Silences::unpause(std::int64_t at) {
  if (paused_since_ != kNever) add(paused_, paused_since_, at);
  paused_since_ = kNever;
}

void Silences::two_connected(std::int64_t at) {
  if (stopped_since_ != kNever && !held() && stop_counts_ == kNever) stop_counts_ = at;
}

void Silences::meeting_started(std::int64_t at) {
  longest_stop_ms_ = 0;
  if (stop_counts_ != kNever) stop_counts_ = at;
}

void Silences::close(std::int64_t at, std::int64_t seen) {
  take_up(at, seen);
  resume(at, seen);
  unpause(at);
}

Ranges Silences::quiet() const {
  return together(together(held_, stopped_), together(server_, paused_));
}

Silences::Account Silences::account(Range window, const Ranges& intervals, bool recorded) const {
  Account out;
  Ranges rest = without(joined({window}), intervals);
  auto take = [&](Silence silence, Ranges ranges) {
    const Ranges left = without(rest, joined(std::move(ranges)));
    out.ms[static_cast<std::size_t>(silence)] = length(rest) - length(left);
    rest = left;
  };
  take(Silence::kHeld, held_);
  take(Silence::kStopped, stopped_);
  take(Silence::kServer, server_);
  out.unexplained_ms = length(rest);
  if (!recorded) return out;
  take(Silence::kPaused, paused_);
  std::int64_t claimed = 0, believed = 0;
  for (const auto& [from, to] : common(rest, joined(gaps_))) {
    claimed += to - from;
    believed += std::min(to - from, kGapAloneMs);
  }
  believed = std::min(believed, std::max(kGapAloneMs, (window.second - window.first) / kGapsShare));
  out.ms[static_cast<std::size_t>(Silence::kGap)] = believed;
  out.unexplained_ms = length(rest) - believed;
  out.gap_too_long = claimed > believed;
  return out;
}

bool Silences::recorded_while_held(const Ranges& intervals) const {
  const Ranges held = joined(held_);
  return length(common(held, intervals)) > kLastWordsMs * static_cast<std::int64_t>(held.size());
}

}  // namespace parlour::audit

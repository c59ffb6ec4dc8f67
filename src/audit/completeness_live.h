// What CompletenessAudit keeps of meetings that are not settled, and of what was published for all of them.
// Private to completeness*.cpp.
#pragma once

#include <map>
#include <set>

#include "audit/verify/completeness.h"
#include "base/ranges.h"
#include "entry_values.h"
#include "silences.h"

namespace parlour::audit {

// Two clocks, or one that was corrected: entries and what they say of times may differ by this.
constexpr std::int64_t kClockMs = 5'000;
// A duration is taken where the rules run, the time where the entry is written; a machine may be slow.
constexpr std::int64_t kSlackMs = 90'000;
constexpr std::uint64_t kRangesMax = 400'000;

// What was said of a meeting, for the types that forbid it, or demand it.
enum Seen : std::uint32_t {
  kSeenRequested = 1,
  kSeenCaptured = 2,
  kSeenFirstPacket = 4,
  kSeenSealed = 8,
  kSeenVerified = 16,
  kSeenOther = 32,
  kSeenPlayed = 64,
  kSeenRoster = 128,
  kSeenRosterOff = 256,
};
constexpr std::uint32_t kSeenOfRecording = ~static_cast<std::uint32_t>(kSeenRosterOff);

std::array<std::uint8_t, 8> mark_of(std::string_view hash_hex);

struct CompletenessAudit::Live {
  std::uint32_t meeting = completeness::kNone;
  std::uint32_t older = completeness::kNone, newer = completeness::kNone;  // by age, among those in use
  std::uint32_t seen = 0;
  std::uint32_t restarts = 0;  // of the server, that are taken into account
  std::int64_t start_ms = 0;
  std::int64_t tolerance_ms = -1, pause_max_ms = -1, stop_max_ms = 0, hold_max_ms = 0;
  std::array<std::uint8_t, 8> policy{};
  completeness::Id agent{};
  std::int64_t roster_ms = INT64_MAX;         // of a recorded one with two people
  std::int64_t two_connected_ms = INT64_MAX;  // when two people were, for the first time
  std::int64_t duration_ms = -1;
  std::array<completeness::Id, 2> connected{};  // who is in the call; zero: nobody
  completeness::Id sender{};                    // of the first packet
  bool two_senders = false;
  bool exempted = false, bad_exemption = false, deleted = false, over = false;

  struct Times {
    Silences silences;
    Ranges intervals;
    std::size_t size() const { return silences.size() + intervals.size(); }
  };
  std::unique_ptr<Times> times;  // made when there is one
  Times& all() {
    if (!times) times = std::make_unique<Times>();
    return *times;
  }
};

struct CompletenessAudit::Published {
  struct Type {
    std::string demand;  // empty: an older log does not say
    std::int64_t tolerance_ms = -1, pause_max_ms = -1, stop_max_ms = -1, hold_max_ms = -1;
  };
  std::map<std::string, Type, std::less<>> types;  // by the hash of their document
  std::set<completeness::Id> users;
  bool any_type = false, users_whole = true;
};

template <class Change>
void CompletenessAudit::change_ranges(completeness::Meeting& meeting, const Change& change) {
  if (ranges_ >= kRangesMax) return find(meeting, Finding::kTooManyRanges);
  Live::Times& times = live_of(meeting).all();
  const std::size_t before = times.size();
  change(times);
  ranges_ += times.size() - before;
}

}  // namespace parlour::audit

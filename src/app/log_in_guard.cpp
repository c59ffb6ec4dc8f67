#include "app/log_in_guard.h"

#include <algorithm>

namespace parlour::app {
namespace {

constexpr Duration kRefill = Duration(1min) / LogInGuard::kAddressPerMinute;

}  // namespace

// A device's book stands apart from its account's, and is of one account only.
std::string LogInGuard::key_of(const Who& who) {
  return who.device ? "device/" + *who.device + "/" + who.account : "account/" + who.account;
}

void LogInGuard::fade(Entry& entry, SteadyTime now) {
  if (now <= entry.faded) return;
  auto steps = (now - entry.faded) / kFade;
  entry.failures -= static_cast<int>(std::min<std::int64_t>(steps, entry.failures));
  entry.faded = entry.faded + kFade * steps;
}

void LogInGuard::fill(Bucket& bucket, SteadyTime now) {
  if (now <= bucket.filled) return;
  auto steps = (now - bucket.filled) / kRefill;
  bucket.tries += static_cast<int>(std::min<std::int64_t>(steps, kAddressBurst - bucket.tries));
  bucket.filled = bucket.filled + kRefill * steps;
}

std::optional<Duration> LogInGuard::start(const Who& who, SteadyTime now) {
  make_room(now);
  Bucket* bucket = nullptr;
  if (!who.device) {
    bucket = &addresses_.try_emplace(who.peer, Bucket{kAddressBurst, now}).first->second;
    fill(*bucket, now);
    if (bucket->tries == 0) return bucket->filled + kRefill - now;
  }
  Entry& entry = entries_.try_emplace(key_of(who), Entry{0, now, now}).first->second;
  fade(entry, now);
  if (entry.until > now) return entry.until - now;
  if (bucket != nullptr) --bucket->tries;
  ++entry.failures;
  if (entry.failures > kFreeFailures) {
    Duration wait = Duration(1s) * (1 << std::min(entry.failures - kFreeFailures, 10));
    entry.until = now + std::min(wait, kWaitMax);
  }
  return std::nullopt;
}

void LogInGuard::taken_back(const Who& who, SteadyTime now) {
  if (auto found = entries_.find(key_of(who)); found != entries_.end()) {
    fade(found->second, now);
    if (found->second.failures > 0) --found->second.failures;
    if (found->second.failures <= kFreeFailures) found->second.until = now;
    if (found->second.failures == 0) entries_.erase(found);
  }
  if (who.device) return;
  if (auto found = addresses_.find(who.peer); found != addresses_.end()) {
    fill(found->second, now);
    found->second.tries = std::min(found->second.tries + 1, kAddressBurst);
  }
}

int LogInGuard::failures(const Who& who, SteadyTime now) const {
  auto found = entries_.find(key_of(who));
  if (found == entries_.end()) return 0;
  Entry entry = found->second;
  fade(entry, now);
  return entry.failures;
}

Duration LogInGuard::wait(const Who& who, SteadyTime now) const {
  auto found = entries_.find(key_of(who));
  return found == entries_.end() ? Duration{0} : std::max(Duration{0}, found->second.until - now);
}

// What still counts is the last to go: a flood of made-up accounts does not wipe out what is known of a real
// one.
void LogInGuard::make_room(SteadyTime now) {
  if (addresses_.size() >= kEntriesMax) {
    for (auto& item : addresses_) fill(item.second, now);
    for (int left = kAddressBurst; addresses_.size() >= kEntriesMax; --left)
      std::erase_if(addresses_, [&](const auto& item) { return item.second.tries >= left; });
  }
  if (entries_.size() >= kEntriesMax) {
    for (auto& item : entries_) fade(item.second, now);
    for (int most = 0; entries_.size() >= kEntriesMax; ++most)
      std::erase_if(entries_, [&](const auto& item) { return item.second.failures <= most; });
  }
}

}  // namespace parlour::app

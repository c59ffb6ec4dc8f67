#include "http/rate_limiter.h"

#include <algorithm>

namespace parlour::http {
namespace {

constexpr std::int64_t kOneToken = 1'000'000;
constexpr std::int64_t kMinute = 60'000'000;

}  // namespace

std::int64_t RateLimiter::filled(const Bucket& bucket, SteadyTime now) const {
  std::int64_t full = config_.burst * kOneToken;
  if (config_.per_minute <= 0 || now <= bucket.updated) return bucket.micro_tokens;
  std::int64_t elapsed_us = (now - bucket.updated).count();
  // per_minute tokens in 60e6 µs are per_minute / 60 millionths a microsecond. Time that fills the bucket
  // anyway is cut off first, so that the product stays small.
  std::int64_t until_full_us = full / config_.per_minute * 60 + kMinute;
  return std::min(full, bucket.micro_tokens + std::min(elapsed_us, until_full_us) * config_.per_minute / 60);
}

bool RateLimiter::take(std::string_view key, SteadyTime now) {
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (config_.burst < 1) return false;
    if (buckets_.size() >= config_.max_keys && !order_.empty()) {
      buckets_.erase(order_.back().key);
      order_.pop_back();
    }
    order_.push_front(Bucket{std::string(key), (config_.burst - 1) * kOneToken, now});
    buckets_.emplace(order_.front().key, order_.begin());
    return true;
  }
  order_.splice(order_.begin(), order_, found->second);
  Bucket& bucket = *found->second;
  std::int64_t tokens = filled(bucket, now);
  if (tokens < kOneToken)
    return false;  // `updated` stays: a refused try must not lose the fraction that has come back
  bucket.micro_tokens = tokens - kOneToken;
  bucket.updated = std::max(bucket.updated, now);
  return true;
}

bool RateLimiter::available(std::string_view key, SteadyTime now) const {
  auto found = buckets_.find(key);
  return found == buckets_.end() ? config_.burst >= 1 : filled(*found->second, now) >= kOneToken;
}

Duration RateLimiter::retry_after(std::string_view key, SteadyTime now) const {
  auto found = buckets_.find(key);
  if (found == buckets_.end() || config_.per_minute <= 0) return Duration(0);
  std::int64_t missing = kOneToken - filled(*found->second, now);
  if (missing <= 0) return Duration(0);
  return Duration((missing * 60 + config_.per_minute - 1) / config_.per_minute);
}

}  // namespace parlour::http

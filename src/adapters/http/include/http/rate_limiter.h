// Token buckets by key in a table of bounded size. Time is passed in.
//
// Each key may spend `burst` at once and gets `per_minute` back per minute. When the table is full, the key
// that was used least recently is forgotten, so memory is bounded and a flood of new keys cannot lock anyone
// out. One thread, or guarded by the owner.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace parlour::http {

class RateLimiter {
 public:
  struct Config {
    std::int64_t per_minute = 60;
    std::int64_t burst = 60;
    std::size_t max_keys = 100'000;
  };
  explicit RateLimiter(const Config& config) : config_(config) {}

  // Takes one token; false when there is none.
  bool take(std::string_view key, SteadyTime now);
  // True when a token is there, without taking it: for "20 misses a minute", look first, take on a miss.
  bool available(std::string_view key, SteadyTime now) const;
  // Until the next token; zero when there is one now.
  Duration retry_after(std::string_view key, SteadyTime now) const;
  std::size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::string key;
    std::int64_t micro_tokens;  // millionths of a token: integers that lose nothing at a few tokens a minute
    SteadyTime updated;
  };
  using Order = std::list<Bucket>;  // most recently used first

  std::int64_t filled(const Bucket& bucket, SteadyTime now) const;

  Config config_;
  Order order_;
  std::unordered_map<std::string_view, Order::iterator> buckets_;  // views into the list's own keys
};

}  // namespace parlour::http

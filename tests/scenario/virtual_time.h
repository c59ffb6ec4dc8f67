// Time of a scenario: a clock that moves only when it is told to, and the app thread's timers on it. What a
// task throws for want of its database is counted, as the executor of the real server does.
#pragma once

#include <map>

#include "app/runtime.h"
#include "app/stores.h"
#include "base/time.h"

namespace parlour::scenario {

class VirtualTime final : public Clock, public app::Scheduler {
 public:
  static constexpr UtcTime kStart{1'795'000'000'000'000};

  Now now() const override { return {SteadyTime{us_}, UtcTime{kStart.us + us_}}; }

  app::TimerId after(Duration delay, std::function<void()> run) override {
    app::TimerId id = ++last_;
    timers_.emplace(std::pair(us_ + std::max<std::int64_t>(0, delay.count()), id), std::move(run));
    return id;
  }
  void cancel(app::TimerId id) override {
    std::erase_if(timers_, [id](auto& timer) { return timer.first.second == id; });
  }
  void post(std::function<void()> run) { after(Duration{0}, std::move(run)); }

  // Runs everything that is due until then, in order.
  void advance(Duration by) {
    std::int64_t until = us_ + by.count();
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      auto first = timers_.begin();
      us_ = std::max(us_, first->first.first);
      std::function<void()> run = std::move(first->second);
      timers_.erase(first);
      guarded(run);
    }
    us_ = until;
  }
  void settle() { advance(Duration{0}); }

  void guarded(const std::function<void()>& run) {
    try {
      run();
    } catch (const app::StoreFailure&) {
      ++store_failures;
    }
  }

  int store_failures = 0;

 private:
  std::int64_t us_ = 1'000'000;
  app::TimerId last_ = 0;
  std::map<std::pair<std::int64_t, app::TimerId>, std::function<void()>> timers_;
};

}  // namespace parlour::scenario

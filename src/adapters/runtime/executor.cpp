#include "runtime/executor.h"

#include <time.h>

#include <algorithm>
#include <chrono>

#include "app/stores.h"

namespace parlour::runtime {

Now SystemClock::now() const {
  timespec steady{};
  timespec utc{};
  clock_gettime(CLOCK_MONOTONIC, &steady);
  clock_gettime(CLOCK_REALTIME, &utc);
  auto us = [](const timespec& t) { return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000; };
  return {SteadyTime{us(steady)}, UtcTime{us(utc)}};
}

Executor::Executor(const Clock& clock, std::function<void(std::string_view)> on_failure)
    : clock_(clock), on_failure_(std::move(on_failure)) {}

namespace {
constexpr int kGuestTurn = 16;  // at the latest after so many others a guest's task has its turn
}

void Executor::post(std::function<void()> task, Lane lane) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_ && lane != Lane::kFacts) return;
    (lane == Lane::kFacts ? facts_ : lane == Lane::kGuests ? guests_ : queue_).push_back(std::move(task));
  }
  wake_.notify_one();
}

void Executor::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
}

app::TimerId Executor::after(Duration delay, std::function<void()> run) {
  SteadyTime at = clock_.now().steady + std::max(delay, Duration{0});
  app::TimerId id = ++last_timer_;
  timers_.emplace(at.us, std::pair(id, std::move(run)));
  return id;
}

void Executor::cancel(app::TimerId id) {
  for (auto it = timers_.begin(); it != timers_.end(); ++it)
    if (it->second.first == id) {
      timers_.erase(it);
      return;
    }
}

void Executor::run_task(const std::function<void()>& task) {
  try {
    task();
  } catch (const app::StoreFailure& failure) {
    on_failure_(failure.what());
  }
}

bool Executor::step(SteadyTime latest) {
  SteadyTime now = clock_.now().steady;
  if (!timers_.empty() && timers_.begin()->first <= now.us) {
    std::function<void()> task = std::move(timers_.begin()->second.second);
    timers_.erase(timers_.begin());
    run_task(task);
    return true;
  }
  SteadyTime until = latest;
  if (!timers_.empty()) until = std::min(until, SteadyTime{timers_.begin()->first});
  std::function<void()> task;
  {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::max(Duration{0}, until - now),
                   [this] { return stopped_ || !facts_.empty() || !queue_.empty() || !guests_.empty(); });
    if (stopped_) return false;
    if (facts_.empty() && queue_.empty() && guests_.empty()) return true;
    const bool fact = !facts_.empty();
    const bool guest = !fact && !guests_.empty() && (queue_.empty() || ++since_guest_ >= kGuestTurn);
    if (guest) since_guest_ = 0;
    std::deque<std::function<void()>>& from = fact ? facts_ : guest ? guests_ : queue_;
    task = std::move(from.front());
    from.pop_front();
  }
  run_task(task);
  return true;
}

void Executor::run() {
  while (step(clock_.now().steady + 1s)) {
  }
}

void Executor::run_facts() {
  for (;;) {
    std::function<void()> task;
    {
      std::lock_guard lock(mutex_);
      if (facts_.empty()) return;
      task = std::move(facts_.front());
      facts_.pop_front();
    }
    run_task(task);
  }
}

bool Executor::run_until(const std::function<bool()>& reached, Duration at_most) {
  SteadyTime end = clock_.now().steady + at_most;
  while (!reached()) {
    if (clock_.now().steady >= end) return false;
    if (!step(std::min(end, clock_.now().steady + Duration(50ms)))) return reached();
  }
  return true;
}

}  // namespace parlour::runtime

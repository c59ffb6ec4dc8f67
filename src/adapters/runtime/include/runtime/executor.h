// The app thread: a queue of work and timers, run by whoever calls run() (bin: the main thread).
//
// Two lanes: what waiting guests ask for (kGuests) is run when nothing else is due, and one of it after every
// few tasks of the others, so that a crowd at the door delays nobody inside and is not forgotten either.
//
// What has happened and has to be written down (that bytes were sent) goes by a lane of its own (kFacts): it
// comes first, in order, and stop() does not lose it: run_facts() runs what is left when all that could post
// some has ended.
//
// post() may be called from any thread. A task that throws app::StoreFailure has written nothing; it is
// reported through `on_failure` and the next one runs. The Scheduler side is for the app thread only.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>

#include "app/runtime.h"
#include "base/time.h"

namespace parlour::runtime {

class SystemClock final : public Clock {
 public:
  Now now() const override;  // CLOCK_MONOTONIC and CLOCK_REALTIME
};

class Executor final : public app::Scheduler {
 public:
  Executor(const Clock& clock, std::function<void(std::string_view)> on_failure);

  enum class Lane : std::uint8_t { kFirst, kGuests, kFacts };
  void post(std::function<void()> task, Lane lane = Lane::kFirst);
  void run();   // until stop()
  void stop();  // any thread, also from a signal handler's thread; queued tasks are dropped, but for facts
  void run_facts();  // after run(), by its thread
  // Runs what is due now and returns; for commands and tests that wait for a fact. False when `until` passed
  // first.
  bool run_until(const std::function<bool()>& reached, Duration at_most);

  app::TimerId after(Duration delay, std::function<void()> run) override;
  void cancel(app::TimerId id) override;

 private:
  // Waits for work or the next timer and runs one of them; false on stop.
  bool step(SteadyTime latest);
  void run_task(const std::function<void()>& task);

  const Clock& clock_;
  std::function<void(std::string_view)> on_failure_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::deque<std::function<void()>> guests_;
  std::deque<std::function<void()>> facts_;
  int since_guest_ = 0;  // tasks of the first lane since one of the guests'
  bool stopped_ = false;
  // App thread only.
  std::multimap<std::int64_t, std::pair<app::TimerId, std::function<void()>>> timers_;
  app::TimerId last_timer_ = 0;
};

}  // namespace parlour::runtime

#include "runtime/executor.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "app/stores.h"

namespace parlour::runtime {
namespace {

struct Running {
  SystemClock clock;
  std::vector<std::string> failures;
  Executor executor{clock, [this](std::string_view text) { failures.emplace_back(text); }};
};

// A server that is told to stop while a recording is being sent: what its connections say until they have
// ended is written down all the same.
TEST(FaultR3, WhatHappenedIsNotLostByStopping) {
  Running running;
  std::vector<std::string> done;
  running.executor.post([&] { running.executor.stop(); });
  running.executor.post([&] { done.push_back("a request"); });
  running.executor.run();
  // As the connections' threads do.
  std::thread connection([&] {
    running.executor.post([&] { done.push_back("sent"); }, Executor::Lane::kFacts);
    running.executor.post([&] { throw app::StoreFailure("full"); }, Executor::Lane::kFacts);
    running.executor.post([&] { done.push_back("ended"); }, Executor::Lane::kFacts);
    running.executor.post([&] { done.push_back("another request"); });
  });
  connection.join();
  running.executor.run_facts();
  EXPECT_EQ(done, (std::vector<std::string>{"sent", "ended"}));
  EXPECT_EQ(running.failures, std::vector<std::string>{"full"});
}

TEST(FaultR3, FactsComeInOrderAndBeforeWhatAsksForThem) {
  Running running;
  std::vector<std::string> done;
  running.executor.post([&] { done.push_back("close"); });
  running.executor.post([&] { done.push_back("sent 1"); }, Executor::Lane::kFacts);
  running.executor.post([&] { done.push_back("sent 2"); }, Executor::Lane::kFacts);
  running.executor.post([&] { running.executor.stop(); });
  running.executor.run();
  EXPECT_EQ(done, (std::vector<std::string>{"sent 1", "sent 2", "close"}));
}

}  // namespace
}  // namespace parlour::runtime

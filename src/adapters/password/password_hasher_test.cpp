#include "password/password_hasher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <vector>

namespace parlour {
namespace {

using Verdict = PasswordHasher::Verdict;

std::optional<std::string> hash_now(PasswordHasher& hasher, std::string password) {
  std::promise<std::optional<std::string>> promise;
  EXPECT_TRUE(hasher.hash(std::move(password), [&](auto stored) { promise.set_value(std::move(stored)); }));
  return promise.get_future().get();
}

Verdict verify_now(PasswordHasher& hasher, std::string password, std::optional<std::string> stored) {
  std::promise<Verdict> promise;
  EXPECT_TRUE(hasher.verify(std::move(password), std::move(stored),
                            [&](Verdict verdict) { promise.set_value(verdict); }));
  return promise.get_future().get();
}

TEST(PasswordHasher, StoresArgon2idWithItsParametersAndAFreshSalt) {
  PasswordHasher hasher;
  auto first = hash_now(hasher, "correct horse");
  auto second = hash_now(hasher, "correct horse");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->substr(0, 31), "$argon2id$v=19$m=19456,t=2,p=1$");
  EXPECT_NE(*first, *second);
}

TEST(PasswordHasher, MatchesTheRightPasswordOnly) {
  PasswordHasher hasher;
  auto stored = hash_now(hasher, "correct horse");
  EXPECT_EQ(verify_now(hasher, "correct horse", stored), Verdict::kMatch);
  EXPECT_EQ(verify_now(hasher, "correct horse ", stored), Verdict::kMismatch);
  EXPECT_EQ(verify_now(hasher, "", stored), Verdict::kMismatch);
  EXPECT_EQ(verify_now(hasher, std::string("correct horse\0x", 15), stored), Verdict::kMismatch);
  EXPECT_EQ(verify_now(hasher, "correct horse", "not a hash"), Verdict::kMismatch);
  EXPECT_EQ(verify_now(hasher, "correct horse", std::string(1000, '$')), Verdict::kMismatch);
  EXPECT_EQ(verify_now(hasher, "correct horse", std::nullopt), Verdict::kMismatch);
}

TEST(PasswordHasher, RefusesOverlongPasswords) {
  PasswordHasher hasher;
  EXPECT_FALSE(hash_now(hasher, std::string(PasswordHasher::kPasswordLimit + 1, 'a')));
  auto stored = hash_now(hasher, std::string(PasswordHasher::kPasswordLimit, 'a'));
  ASSERT_TRUE(stored);
  EXPECT_EQ(verify_now(hasher, std::string(PasswordHasher::kPasswordLimit + 1, 'a'), stored),
            Verdict::kMismatch);
}

TEST(PasswordHasher, AsksForANewHashWhenParametersHaveMovedOn) {
  PasswordHasher::Config weak;
  weak.memory_bytes = 8 * 1024 * 1024;
  PasswordHasher before(weak);
  auto stored = hash_now(before, "pw");
  PasswordHasher now;
  EXPECT_EQ(verify_now(now, "pw", stored), Verdict::kMatchRehash);
}

// Security check 12. Medians of runs that take turns, with a wide margin: the machine may be busy.
TEST(PasswordHasher, UnknownUsersTakeAsLongAsWrongPasswords) {
  PasswordHasher hasher;
  auto stored = hash_now(hasher, "pw");
  std::vector<std::int64_t> known;
  std::vector<std::int64_t> unknown;
  for (int i = 0; i < 9; ++i) {
    for (auto* took : {&known, &unknown}) {
      auto begin = std::chrono::steady_clock::now();
      EXPECT_EQ(verify_now(hasher, "wrong", took == &known ? stored : std::nullopt), Verdict::kMismatch);
      took->push_back((std::chrono::steady_clock::now() - begin).count());
    }
  }
  std::sort(known.begin(), known.end());
  std::sort(unknown.begin(), unknown.end());
  EXPECT_LT(unknown[4], known[4] * 2);
  EXPECT_GT(unknown[4] * 2, known[4]);
}

TEST(PasswordHasher, RefusesWhenTheQueueIsFullAndAnswersAllAcceptedOnes) {
  std::atomic<int> answered = 0;
  int accepted = 0;
  int refused = 0;
  {
    PasswordHasher::Config config;
    config.threads = 1;
    config.queue_limit = 4;
    PasswordHasher hasher(config);
    for (int i = 0; i < 50; ++i) {
      if (hasher.verify("pw", std::nullopt, [&](Verdict) { ++answered; }))
        ++accepted;
      else
        ++refused;
    }
  }
  EXPECT_GE(accepted, 4);
  EXPECT_GT(refused, 30);
  EXPECT_EQ(answered, accepted);
}

}  // namespace
}  // namespace parlour
